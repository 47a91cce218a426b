//! What each kind of value must look like; errors say what is wrong and what would be right.

use crate::value::Value;
use crate::{Access, Band, LANGUAGES, Settings, lists, service};

/// Longest list, in items.
const MAX_ITEMS: usize = 64;

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "a text",
        Value::Number(_) => "a number",
        Value::List(_) => "a list",
        Value::Other(name) => name,
    }
}

/// A string of any length.
pub(crate) fn string(value: &Value) -> Result<&str, String> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(format!("this is {}, but a text in quotes is wanted", kind(other))),
    }
}

/// A string of so many characters without control characters, and without spaces at its ends.
pub(crate) fn text(value: &Value, min: usize, max: usize) -> Result<String, String> {
    let text = string(value)?.trim();
    let length = text.chars().count();
    if length < min {
        return Err("it is empty".into());
    }
    if length > max {
        return Err(format!("it has {length} characters, at most {max} fit"));
    }
    no_controls(text)?;
    Ok(text.to_owned())
}

fn no_controls(text: &str) -> Result<(), String> {
    if text.chars().any(is_invisible) {
        return Err("it holds a line break or an invisible control character".into());
    }
    Ok(())
}

/// Printable ASCII without spaces.
pub(crate) fn word(text: &str, min: usize, max: usize) -> Result<String, String> {
    if text.len() < min || text.len() > max || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("\"{}\" must be {min} to {max} letters, digits and signs without spaces", short(text)));
    }
    Ok(text.to_owned())
}

/// The shape of a publisher's name: `k51…`, `12D3Koo…` or 64 hexadecimal digits. Whether there is a key in it is contentd's to say.
pub(crate) fn publisher(text: &str) -> Result<String, String> {
    if !(50..=128).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(format!("\"{}\" is no publisher's name: it looks like k51qzi5uqu5d… and is on the page of their content", short(text)));
    }
    Ok(text.to_owned())
}

/// A whole number from 0.
pub(crate) fn number(value: &Value, max: u32) -> Result<u32, String> {
    match value {
        Value::Number(n) => u32::try_from(*n).ok().filter(|n| *n <= max).ok_or_else(|| format!("{n} is not from 0 to {max}")),
        other => Err(format!("this is {}, but a whole number without quotes is wanted", kind(other))),
    }
}

/// The format's version.
pub(crate) fn version(value: &Value) -> Result<u32, String> {
    match number(value, u32::MAX)? {
        1 => Ok(1),
        n => Err(format!("version {n} is not known to this release, which reads the file as version 1")),
    }
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(value: &Value, of: &[(&str, T)]) -> Result<T, String> {
    let number;
    let text = match value {
        Value::Number(n) => {
            number = n.to_string();
            number.as_str()
        }
        other => string(other)?,
    };
    of.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, v)| *v).ok_or_else(|| {
        let names: Vec<String> = of.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("\"{}\" is not one of {}", short(text), names.join(", "))
    })
}

/// A list of strings, each checked.
pub(crate) fn list(value: &Value, each: impl Fn(&str) -> Result<String, String>) -> Result<Vec<String>, String> {
    match value {
        Value::List(items) if items.len() > MAX_ITEMS => Err(format!("{} items, at most {MAX_ITEMS} fit", items.len())),
        Value::List(items) => items.iter().map(|item| each(item)).collect(),
        other => Err(format!("this is {}, but a list such as [\"one\", \"two\"] is wanted", kind(other))),
    }
}

/// Portal languages without repetition.
pub(crate) fn languages(value: &Value) -> Result<Vec<String>, String> {
    let languages = list(value, |code| {
        let known = LANGUAGES.iter().find(|l| l.eq_ignore_ascii_case(code));
        known.map(|l| (*l).to_owned()).ok_or_else(|| format!("\"{}\" is not one of {}", short(code), LANGUAGES.join(", ")))
    })?;
    let mut unique: Vec<String> = Vec::new();
    languages.into_iter().for_each(|l| {
        if !unique.contains(&l) {
            unique.push(l)
        }
    });
    if unique.is_empty() { Err("at least one language is needed".into()) } else { Ok(unique) }
}

/// A host name of one label (RFC 1123, 2.1), in lower case.
pub(crate) fn device_name(value: &Value) -> Result<String, String> {
    let name = string(value)?.to_ascii_lowercase();
    if !is_label(&name) {
        return Err(format!("\"{}\" is not a name; use 1 to 63 letters a-z, digits and inner hyphens", short(&name)));
    }
    if name == "localhost" || name == "local" {
        return Err(format!("\"{name}\" means something else on every computer"));
    }
    Ok(name)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Host names in lower case.
pub(crate) fn host_names(value: &Value) -> Result<Vec<String>, String> {
    list(value, |name| {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if is_host_name(&name) { Ok(name) } else { Err(format!("\"{}\" is not a host name such as library.local", short(&name))) }
    })
}

/// A host name (RFC 1123, 2.1); one that is all digits and dots would be an address.
pub(crate) fn is_host_name(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label) && !name.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A domain name that somebody can own, in lower case; or empty. What only means something on a local network gets no certificate.
pub(crate) fn domain(value: &Value) -> Result<String, String> {
    let name = string(value)?.trim().trim_end_matches('.').to_ascii_lowercase();
    let local = ["local", "localhost", "p2p", "lan", "internal", "test", "example", "invalid", "onion", "arpa"];
    let owned = is_host_name(&name) && name.rsplit_once('.').is_some_and(|(_, last)| !local.contains(&last));
    if name.is_empty() || owned {
        return Ok(name);
    }
    Err(format!("\"{}\" is not a domain name of your own such as hotspot.vila.org (one with accents begins with xn--)", short(&name)))
}

/// Names of local services and where they lead.
pub(crate) fn services(value: &Value) -> Result<Vec<String>, String> {
    let texts = list(value, |text| service::read(text).map(|service| service.to_string()))?;
    if texts.len() > service::MOST {
        return Err(format!("{} services, at most {} fit", texts.len(), service::MOST));
    }
    Ok(texts)
}

/// An IANA time zone.
pub(crate) fn timezone(value: &Value) -> Result<String, String> {
    let name = string(value)?;
    lists::posix_tz(name)
        .map(|_| name.to_owned())
        .ok_or_else(|| format!("no time zone is called \"{}\"; one is America/Sao_Paulo", short(name)))
}

/// Two letters of a country whose radio rules are known.
pub(crate) fn country(value: &Value) -> Result<String, String> {
    let code = string(value)?.to_ascii_uppercase();
    if lists::knows_country(&code) {
        return Ok(code);
    }
    let hint = if code == "UK" { "; the United Kingdom is GB" } else { "" };
    Err(format!("no radio rules are known for \"{}\"; write the two letters of your country, such as BR{hint}", short(&code)))
}

/// A network name: at most 32 bytes of UTF-8 (IEEE 802.11-2020, 9.4.2.2).
pub(crate) fn ssid(value: &Value, min: usize) -> Result<String, String> {
    let ssid = string(value)?;
    if ssid.len() < min {
        return Err("the network needs a name".into());
    }
    if ssid.len() > 32 {
        return Err(format!("the name has {} bytes, at most 32 fit (an accented letter takes 2, an emoji 4 or more)", ssid.len()));
    }
    no_controls(ssid)?;
    Ok(ssid.to_owned())
}

/// A WPA2 passphrase (IEEE 802.11-2020, annex J.4.1) or key; the reason never repeats it.
pub(crate) fn wpa_password(value: &Value) -> Result<String, String> {
    let password = string(value)?;
    if !password.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Err("a Wi-Fi password has plain letters, digits and signs only, no accents or emoji".into());
    }
    match password.len() {
        0 | 8..=63 => Ok(password.to_owned()),
        64 if password.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(password.to_owned()),
        n => Err(format!("a Wi-Fi password has 8 to 63 characters, this one has {n}")),
    }
}

/// The owner's password; the reason never repeats it.
pub(crate) fn admin_password(value: &Value) -> Result<String, String> {
    let password = string(value)?;
    no_controls(password)?;
    match password.chars().count() {
        0 | 8..=128 => Ok(password.to_owned()),
        n => Err(format!("the owner's password has 8 to 128 characters, this one has {n}")),
    }
}

/// `"auto"` or a channel number.
pub(crate) fn channel(value: &Value) -> Result<Option<u8>, String> {
    match value {
        Value::Text(text) if text.eq_ignore_ascii_case("auto") => Ok(None),
        Value::Number(n) => match u8::try_from(*n) {
            Ok(c) if allowed(Band::Ghz2, c) || allowed(Band::Ghz5, c) => Ok(Some(c)),
            _ => Err(format!("no Wi-Fi channel has the number {n}")),
        },
        other => Err(format!("this is {}, but \"auto\" or a channel number is wanted", kind(other))),
    }
}

/// Channels that a phone can be expected to see: 14 is Japan's and 802.11b only; above 165 are few radios.
fn allowed(band: Band, channel: u8) -> bool {
    match band {
        Band::Ghz2 => (1..=13).contains(&channel),
        Band::Ghz5 => matches!(channel, 36..=64 | 100..=144 if channel.is_multiple_of(4)) || matches!(channel, 149 | 153 | 157 | 161 | 165),
    }
}

/// Times such as `mon-fri 08:00-18:00`, `sat 09:00-12:00` or `22:00-06:00`.
pub(crate) fn schedule(value: &Value) -> Result<Vec<String>, String> {
    list(value, |item| {
        let wrong = || format!("\"{}\" is not a time such as mon-fri 08:00-18:00", short(item));
        let item = item.trim().to_ascii_lowercase();
        let (days, hours) = item.split_once(' ').unwrap_or(("", &item));
        let day = |d: &str| ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&d);
        let (from, to) = hours.trim().split_once('-').ok_or_else(wrong)?;
        let days_ok = days.is_empty() || days.split_once('-').map_or(day(days), |(a, b)| day(a) && day(b));
        if days_ok && is_time(from) && is_time(to) { Ok(item.clone()) } else { Err(wrong()) }
    })
}

fn is_time(text: &str) -> bool {
    let two = |t: &str, max: u8| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit()) && t.parse::<u8>().is_ok_and(|n| n <= max);
    text == "24:00" || text.split_once(':').is_some_and(|(h, m)| two(h, 23) && two(m, 59))
}

/// One address with one of these schemes, or empty.
pub(crate) fn address(value: &Value, schemes: &[&str]) -> Result<String, String> {
    match string(value)? {
        "" => Ok(String::new()),
        text => one_address(text, schemes),
    }
}

/// A list of addresses with one of these schemes.
pub(crate) fn addresses(value: &Value, schemes: &[&str]) -> Result<Vec<String>, String> {
    list(value, |text| one_address(text, schemes))
}

fn one_address(text: &str, schemes: &[&str]) -> Result<String, String> {
    let valid =
        text.split_once("://").is_some_and(|(scheme, rest)| schemes.contains(&scheme) && !rest.is_empty() && !rest.starts_with('/'));
    if !valid {
        return Err(format!(
            "\"{}\" does not start with {}",
            short(text),
            schemes.iter().map(|s| format!("{s}://")).collect::<Vec<_>>().join(" or ")
        ));
    }
    word(text, 1, 500)
}

/// Rules over several keys. Repairs what breaks one, and names the key with the reason.
pub(crate) fn together(settings: &mut Settings) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if let Some(channel) = settings.wifi.channel.filter(|c| !allowed(settings.wifi.band, *c)) {
        let band = if settings.wifi.band == Band::Ghz2 { "2.4" } else { "5" };
        wrong.push(("wifi.channel", format!("channel {channel} is not in the {band} GHz band; using \"auto\"")));
        settings.wifi.channel = None;
    }
    if settings.internet.access == Access::Password && settings.internet.password.is_empty() {
        wrong.push(("internet.access", "access by password needs internet.password; using \"blocked\"".into()));
        settings.internet.access = Access::Blocked;
    }
    wrong
}

/// At most so much of a wrong value is repeated to the reader.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(40).map(|c| if is_invisible(c) { '?' } else { c }).collect()
}

/// Control characters, and marks that turn the direction of what follows.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_reason_repeats_nothing_invisible() {
        assert_eq!(super::short("a\u{202e}b\u{7}c\u{2067}é"), "a?b?c?é");
        let reason = super::publisher("somebody\u{202e}").unwrap_err();
        assert!(reason.starts_with("\"somebody?\"") && super::publisher(&"k51".repeat(20)).is_ok());
    }
}
