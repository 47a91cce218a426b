//! "Is the box well?": the supervisor's status in plain words, for anybody on the network.
//!
//! Nobody has logged in, so only named fields are shown: no MAC address, no host name, no password, no address of the
//! uplink. Reasons in `config` never repeat a secret's value.

use serde_json::Value;

use crate::lang::{Key, Language};

/// One line of the report.
#[derive(Debug)]
pub struct Row {
    /// What it is about.
    pub label: String,
    /// How it is.
    pub text: String,
    /// Needs attention.
    pub bad: bool,
    /// Smaller lines beneath.
    pub notes: Vec<String>,
}

/// The page's content.
#[derive(Debug)]
pub struct Report {
    /// The answer in one line.
    pub headline: String,
    /// Something needs attention.
    pub trouble: bool,
    /// Radio, phones, internet, space, version.
    pub rows: Vec<Row>,
    /// What the supervisor says is wrong.
    pub troubles: Vec<String>,
    /// What could not be used of hotspot.toml.
    pub problems: Vec<config::Problem>,
}

/// Does everything run that must? What a person can mend in their own time (a wrong setting, no cable, no radio) is no reason to
/// say no: whoever asks, such as a monitor or an update on trial, wants to know whether this build works on this box.
pub fn is_well(status: &Value) -> bool {
    let failed = status["daemons"].as_array().into_iter().flatten().any(|daemon| daemon["state"] == "failed");
    !failed && status["radio"]["state"] != "failed" && broken(&status["data"]).is_none()
}

/// Most lines of a list, and longest line in characters.
const MAX_LINES: usize = 40;
const MAX_CHARS: usize = 300;

/// Words for the supervisor's `GET /status` (`None`: it is silent) and the settings' problems.
pub fn report(lang: &Language, status: Option<&Value>, problems: &[config::Problem]) -> Report {
    let null = Value::Null;
    let status = status.unwrap_or(&null);
    let problems: Vec<_> =
        problems.iter().take(MAX_LINES).map(|p| config::Problem { line: p.line, key: short(&p.key), reason: short(&p.reason) }).collect();
    let troubles: Vec<String> = status["problems"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        // These have a section of their own.
        .filter(|text| !text.starts_with("hotspot.toml"))
        .take(MAX_LINES)
        .map(|t| without_macs(&short(t)))
        .collect();
    let mut rows = vec![radio(lang, &status["radio"]), phones(lang, &status["radio"]), uplink(lang, status), space(lang, &status["data"])];
    rows.extend(board(lang, &status["board"], &status["clock"]));
    rows.extend(content(lang, &status["content"]));
    rows.extend(update(lang, &status["update"]));
    rows.extend(https(lang, &status["tls"]));
    if let Some(seconds) = status["uptime_s"].as_u64() {
        rows.push(Row { label: lang.say(Key::StatusUptime), text: uptime(lang, seconds), bad: false, notes: Vec::new() });
    }
    let bad = rows.iter().any(|row| row.bad) || !problems.is_empty();
    let (headline, trouble) = match status["state"].as_str() {
        Some("well") if !bad => (Key::StatusWell, false),
        Some("well" | "trouble") => (Key::StatusTrouble, true),
        Some("starting") => (Key::StatusStarting, false),
        _ => (Key::StatusUnknown, false),
    };
    let version = status["version"].as_str().map_or_else(|| env!("CARGO_PKG_VERSION").to_owned(), short);
    rows.push(Row { label: lang.say(Key::StatusVersion), text: version, bad: false, notes: Vec::new() });
    Report { headline: lang.say(headline), trouble, rows, troubles, problems }
}

fn radio(lang: &Language, radio: &Value) -> Row {
    let (text, bad) = match radio["state"].as_str() {
        Some("up") => {
            let ssid = short(radio["ssid"].as_str().unwrap_or_default());
            let channel = radio["channel"].as_u64().map_or_else(|| "?".into(), |c| c.to_string());
            (lang.fill(Key::RadioUp, &[("ssid", &ssid), ("channel", &channel)]), false)
        }
        Some("starting") => (lang.say(Key::RadioStarting), false),
        Some("no-radio") => (lang.say(Key::RadioNone), true),
        Some("failed") => (lang.say(Key::RadioFailed), true),
        _ => (lang.say(Key::Unknown), false),
    };
    let notes = match radio["security"].as_str() {
        Some("open") => vec![lang.say(Key::RadioOpen)],
        Some("wpa2") => vec![lang.say(Key::RadioWpa2)],
        _ => Vec::new(),
    };
    Row { label: lang.say(Key::StatusRadio), text, bad, notes }
}

fn phones(lang: &Language, radio: &Value) -> Row {
    let text = match (radio["stations"].as_u64(), radio["limit"].as_u64()) {
        (Some(n), Some(limit)) => lang.fill(if n >= limit { Key::PhonesFull } else { Key::PhonesOf }, &[("n", &n), ("limit", &limit)]),
        _ => lang.say(Key::Unknown),
    };
    Row { label: lang.say(Key::StatusPhones), text, bad: false, notes: Vec::new() }
}

fn uplink(lang: &Language, status: &Value) -> Row {
    let state = [&status["uplink"]["state"], &status["lan"]["uplink"]["state"]].into_iter().find_map(|v| v.as_str());
    let key = match state {
        Some("none" | "no-carrier") => Key::UplinkNone,
        Some("no-lease") => Key::UplinkNoLease,
        Some("lease") => Key::UplinkLease,
        Some("internet") => Key::UplinkInternet,
        Some("serving-lan") => Key::UplinkServingLan,
        _ => Key::Unknown,
    };
    Row { label: lang.say(Key::StatusUplink), text: lang.say(key), bad: false, notes: Vec::new() }
}

fn space(lang: &Language, data: &Value) -> Row {
    let why = broken(data);
    let bad = why.is_some();
    let text = match (data["free"].as_u64(), data["size"].as_u64()) {
        _ if bad => lang.say(Key::SpaceTrouble),
        (Some(free), Some(total)) => lang.fill(Key::SpaceFree, &[("free", &lang.size(free)), ("total", &lang.size(total))]),
        _ => lang.say(Key::Unknown),
    };
    let notes = why.map(|why| without_macs(&short(why))).into_iter().collect();
    Row { label: lang.say(Key::StatusSpace), text, bad, notes }
}

/// Above this a Raspberry Pi slows itself down (its firmware's soft limit is at 60, the hard one at 85).
const HOT_C: i64 = 80;
/// 2025-01-01: no release is older, so a clock before that was never set.
const FIRST_TIME: u64 = 1_735_689_600;

/// How much content there is, and how old the newest of it is, where contentd was asked.
fn content(lang: &Language, content: &Value) -> Option<Row> {
    let bundles = content["bundles"].as_array()?;
    let newest = bundles.iter().filter_map(|b| b["arrived"].as_u64().or_else(|| b["created"].as_u64())).max();
    let text = match newest {
        _ if bundles.is_empty() => lang.say(Key::ContentNone),
        Some(time) if time >= FIRST_TIME => lang.fill(Key::ContentOf, &[("n", &bundles.len()), ("date", &&date(time)[..10])]),
        _ => lang.with(Key::ContentUndated, "n", bundles.len()),
    };
    Some(Row { label: lang.say(Key::StatusContent), text, bad: false, notes: Vec::new() })
}

/// Heat, power, card and clock, as far as the board tells them. Who said the time is known where clockd was asked.
fn board(lang: &Language, board: &Value, clock: &Value) -> Vec<Row> {
    let row = |label, text, bad| Row { label: lang.say(label), text, bad, notes: Vec::new() };
    let mut rows = Vec::new();
    if let Some(n) = board["temperature_c"].as_i64() {
        let hot = n >= HOT_C;
        rows.push(row(Key::StatusTemperature, lang.with(if hot { Key::TemperatureHot } else { Key::TemperatureGood }, "n", n), hot));
    }
    if board.is_object() {
        // Not every kernel tells: then it is said that nobody looks.
        let weak = board["undervoltage"].as_bool();
        let text = weak.map_or(Key::Unknown, |weak| if weak { Key::PowerWeak } else { Key::PowerGood });
        rows.push(row(Key::StatusPower, lang.say(text), weak == Some(true)));
    }
    if let Some(n) = board["card_errors"].as_i64() {
        rows.push(row(Key::StatusCard, lang.with(if n > 0 { Key::CardBad } else { Key::CardGood }, "n", n), n > 0));
    }
    if let Some(seconds) = board["unix_s"].as_u64() {
        let set = seconds >= FIRST_TIME;
        let mut line = row(Key::StatusClock, if set { date(seconds) } else { lang.say(Key::ClockUnset) }, !set);
        let said = match clock["source"].as_str() {
            Some("network") => Some(Key::ClockNetwork),
            Some("owner") => Some(Key::ClockOwner),
            Some("kept") => Some(Key::ClockKept),
            _ => None,
        };
        line.notes.extend(said.map(|key| lang.say(key)));
        rows.push(line);
    }
    rows
}

/// `2026-11-30 16:13 UTC`; the civil date of days since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", seconds / 3600 % 24, seconds / 60 % 60)
}

/// How the last update went, where updated was asked.
fn update(lang: &Language, update: &Value) -> Option<Row> {
    let key = match update["state"].as_str()? {
        "writing" => Key::OUSWriting,
        "ready" => Key::OUSReady,
        "trial" => Key::OUSTrial,
        "failed" => Key::OUSFailed,
        "rescue" => Key::OUSRescue,
        "good" => Key::OUSGood,
        _ => Key::OUSIdle,
    };
    let bad = matches!(key, Key::OUSFailed | Key::OUSRescue);
    let notes = update["last_error"].as_str().filter(|e| !e.is_empty()).map(short).into_iter().collect();
    Some(Row { label: lang.say(Key::StatusUpdate), text: lang.say(key), bad, notes })
}

/// HTTPS of a community with a domain of its own, where portald was asked.
fn https(lang: &Language, tls: &Value) -> Option<Row> {
    let domain = tls["domain"].as_str().filter(|domain| !domain.is_empty()).map(short)?;
    let date = short(tls["date"].as_str().unwrap_or_default());
    let (text, bad) = match tls["state"].as_str()? {
        "on" if tls["ended"] == true => (Key::OTlsEnded, true),
        "on" => (Key::OTlsOn, false),
        "none" => (Key::OTlsNone, false),
        _ => (Key::OTlsBad, true),
    };
    let why = match tls["code"].as_str() {
        Some("name") => Some(lang.with(Key::OTlsNoName, "domain", &domain)),
        Some("port") => tls["error"].as_str().map(short),
        Some(_) => Some(lang.say(Key::OTlsNoForm)),
        None => None,
    };
    Some(Row {
        label: lang.say(Key::OTls),
        text: lang.fill(text, &[("domain", &domain), ("date", &date)]),
        bad,
        notes: why.into_iter().collect(),
    })
}

/// Why the storage does not work. While the box starts it is neither good nor bad: only a reason makes it bad.
fn broken(data: &Value) -> Option<&str> {
    data["why"].as_str().filter(|why| !why.is_empty())
}

fn uptime(lang: &Language, seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    if days > 0 {
        lang.fill(Key::UptimeDays, &[("days", &days), ("hours", &hours)])
    } else {
        lang.fill(Key::UptimeHours, &[("hours", &hours), ("minutes", &minutes)])
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect()
}

/// A free text may name a phone: MAC addresses are blanked.
fn without_macs(text: &str) -> String {
    let is_mac =
        |word: &[u8]| word.iter().enumerate().all(|(i, b)| if i % 3 == 2 { matches!(b, b':' | b'-') } else { b.is_ascii_hexdigit() });
    let mut bytes = text.as_bytes().to_vec();
    for i in 0..bytes.len().saturating_sub(16) {
        if is_mac(&bytes[i..i + 17]) {
            bytes[i..i + 17].fill(b'*');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(report: &Report) -> String {
        format!("{report:?}")
    }

    #[test]
    fn a_silent_supervisor_is_said_plainly() {
        let report = report(Language::english(), None, &[]);
        assert!(report.headline.contains("The portal works"));
        assert!(report.rows.iter().any(|r| r.text == "not known"));
    }

    #[test]
    fn a_well_box_and_its_limits() {
        let status = json!({"state": "well", "uptime_s": 90_000, "version": "0.1.0", "data": {"ok": true, "size": 32_000_000_000u64, "free": 30_000_000_000u64},
            "radio": {"state": "up", "ssid": "Aldeia", "channel": 6, "security": "open", "stations": 8, "limit": 8}, "uplink": {"state": "no-carrier"}});
        let report = report(Language::english(), Some(&status), &[]);
        let all = text(&report);
        for part in ["All is well.", "“Aldeia”, channel 6", "8 of 8: full", "No cable", "30 GB free of 32 GB", "1 d 1 h", "0.1.0"] {
            assert!(all.contains(part), "{part} in {all}");
        }
    }

    #[test]
    fn the_board_in_words() {
        let say = |board: Value| text(&report(Language::english(), Some(&json!({"board": board})), &[]));
        let bad = say(json!({"temperature_c": 84, "undervoltage": true, "card_errors": 2, "unix_s": 86_400}));
        for part in ["84 °C: too hot", "Too weak", "2 errors: replace", "does not know the date"] {
            assert!(bad.contains(part), "{part} in {bad}");
        }
        let hot = report(Language::english(), Some(&json!({"state": "well", "board": {"temperature_c": 84}})), &[]);
        assert!(hot.trouble && !text(&hot).contains("All is well"), "one line below says otherwise");
        assert!(text(&hot).contains("label: \"Power supply\", text: \"not known\""), "{}", text(&hot));
        let good = say(json!({"temperature_c": 51, "undervoltage": false, "card_errors": 0, "unix_s": 1_796_055_180}));
        for part in ["51 °C", "Strong enough", "No errors", "2026-11-30 16:13 UTC"] {
            assert!(good.contains(part), "{part} in {good}");
        }
        assert_eq!(date(1_709_164_800), "2024-02-29 00:00 UTC");
        assert!(!say(json!({"temperature_c": null})).contains("Temperature"), "what the board does not tell is not shown");
    }

    #[test]
    fn content_and_its_age() {
        let say = |content: Value| text(&report(Language::english(), Some(&json!({"content": content})), &[]));
        assert!(
            say(json!({"bundles": [{"arrived": 1_796_055_180}, {"arrived": 1_709_164_800}]})).contains("2; the newest came on 2026-11-30")
        );
        assert!(say(json!({"bundles": []})).contains("Nothing yet") && !say(Value::Null).contains("Nothing yet"));
        let kept = json!({"board": {"unix_s": 1_796_055_180}, "clock": {"source": "kept"}});
        assert!(text(&report(Language::english(), Some(&kept), &[])).contains("went on from"));
    }

    #[test]
    fn https_works_lapses_or_is_missing() {
        let say = |tls: Value| text(&report(Language::english(), Some(&json!({"tls": tls})), &[]));
        assert!(!say(Value::Null).contains("HTTPS") && !say(json!({"state": "off", "domain": ""})).contains("HTTPS"));
        let on = say(json!({"state": "on", "domain": "hotspot.vila.org", "date": "2027-03-01", "ended": false}));
        assert!(on.contains("https://hotspot.vila.org/admin/") && on.contains("2027-03-01"), "{on}");
        assert!(
            say(json!({"state": "on", "domain": "hotspot.vila.org", "date": "2026-03-01", "ended": true})).contains("ended on 2026-03-01")
        );
        assert!(say(json!({"state": "none", "domain": "hotspot.vila.org"})).contains("no certificate for hotspot.vila.org"));
        assert!(say(json!({"state": "bad", "domain": "hotspot.vila.org", "code": "name"})).contains("not for hotspot.vila.org"));
    }

    #[test]
    fn well_is_what_runs_not_what_is_set() {
        assert!(is_well(&Value::Null));
        assert!(is_well(
            &json!({"state": "trouble", "radio": {"state": "no-radio"}, "data": {"ok": false, "why": null}, "daemons": [{"state": "starting"}]})
        ));
        assert!(!is_well(&json!({"daemons": [{"state": "up"}, {"state": "failed"}]})));
        assert!(!is_well(&json!({"radio": {"state": "failed"}})));
        assert!(!is_well(&json!({"data": {"ok": false, "why": "bad superblock"}})));
    }

    #[test]
    fn strangers_see_no_phone_and_no_address() {
        let status = json!({"state": "trouble", "problems": ["phone 02:aB:00:00:00:01 asks too often", "hotspot.toml line 9: twice"],
            "radio": {"state": "failed", "stations_list": ["02:00:00:00:00:02"]}, "uplink": {"state": "lease", "address": "192.0.2.77", "gateway": "192.0.2.1"},
            "data": {"ok": false, "why": "bad superblock"}});
        let problems = [config::Problem { line: 7, key: "wifi.password".into(), reason: "7 characters, at least 8 are needed".into() }];
        let all = text(&report(Language::english(), Some(&status), &problems));
        for part in ["02:", "192.0.2.", "twice"] {
            assert!(!all.contains(part), "{part} in {all}");
        }
        assert!(all.contains("asks too often") && all.contains("bad superblock") && all.contains("7 characters"));
    }
}
