//! The table of keys: how a value of the file becomes a setting, and back.

use crate::check;
use crate::value::Value;
use crate::{Access, Band, Ports, Settings, Version};

/// One key of hotspot.toml.
pub(crate) struct Key {
    /// `section.key`, or `version`.
    pub name: &'static str,
    /// Puts a value in its place, or says in plain words why not.
    apply: fn(&mut Settings, &Value) -> Result<(), String>,
    /// The value as the file would hold it.
    pub get: fn(&Settings) -> Value,
}

/// A key whose setting is a string or a list that `$check` takes as it is.
macro_rules! key {
    ($name:literal, $($field:ident).+, $check:expr) => {
        Key {
            name: $name,
            apply: |s, v| { s.$($field).+ = $check(v)?; Ok(()) },
            get: |s| s.$($field).+.clone().into(),
        }
    };
}

/// Every key, in the order of the template.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "version",
        apply: |s, v| {
            s.version = Version(check::version(v)?);
            Ok(())
        },
        get: |s| s.version.0.into(),
    },
    key!("community.name", community.name, |v| check::text(v, 1, 80)),
    key!("community.languages", community.languages, check::languages),
    key!("device.name", device.name, check::device_name),
    key!("device.timezone", device.timezone, check::timezone),
    key!("device.country", device.country, check::country),
    key!("wifi.ssid", wifi.ssid, |v| check::ssid(v, 1)),
    key!("wifi.password", wifi.password, check::wpa_password),
    Key {
        name: "wifi.channel",
        apply: |s, v| {
            s.wifi.channel = check::channel(v)?;
            Ok(())
        },
        get: |s| s.wifi.channel.map_or_else(|| Value::Text("auto".into()), |c| u32::from(c).into()),
    },
    Key {
        name: "wifi.band",
        apply: |s, v| {
            s.wifi.band = check::choice(v, &[("2.4", Band::Ghz2), ("5", Band::Ghz5)])?;
            Ok(())
        },
        get: |s| Value::Text(if s.wifi.band == Band::Ghz2 { "2.4" } else { "5" }.into()),
    },
    Key {
        name: "lan.range",
        apply: |s, v| {
            s.lan.range = check::string(v)?.parse()?;
            Ok(())
        },
        get: |s| Value::Text(s.lan.range.to_string()),
    },
    Key {
        name: "lan.ports",
        apply: |s, v| {
            s.lan.ports = check::choice(v, PORTS)?;
            Ok(())
        },
        get: |s| chosen(s.lan.ports, PORTS),
    },
    key!("lan.names", lan.names, check::host_names),
    key!("lan.domain", lan.domain, check::domain),
    key!("lan.services", lan.services, check::services),
    key!("uplink.wifi_ssid", uplink.wifi_ssid, |v| check::ssid(v, 0)),
    key!("uplink.wifi_password", uplink.wifi_password, check::wpa_password),
    Key {
        name: "internet.access",
        apply: |s, v| {
            s.internet.access = check::choice(v, ACCESS)?;
            Ok(())
        },
        get: |s| chosen(s.internet.access, ACCESS),
    },
    key!("internet.password", internet.password, |v| check::text(v, 0, 63)),
    key!("internet.walled_garden", internet.walled_garden, check::host_names),
    key!("internet.schedule", internet.schedule, check::schedule),
    key!("internet.speed", internet.speed, |v| check::number(v, 10_000_000)),
    key!("internet.speed_total", internet.speed_total, |v| check::number(v, 10_000_000)),
    key!("content.sources", content.sources, |v| check::addresses(v, &["http", "https", "ipfs", "ipns"])),
    key!("content.gateways", content.gateways, |v| check::addresses(v, &["http", "https"])),
    key!("content.trusted", content.trusted, |v| check::list(v, check::publisher)),
    key!("map.tiles", map.tiles, |v| check::address(v, &["http", "https", "ipfs", "ipns"])),
    key!("ssb.name", ssb.name, |v| check::text(v, 0, 80)),
    key!("ssb.room", ssb.room, |v| check::text(v, 0, 300)),
    key!("ssb.pub", ssb.pub_address, |v| check::text(v, 0, 300)),
    key!("fleet.hub", fleet.hub, |v| check::address(v, &["http", "https"])),
    key!("update.source", update.source, |v| check::address(v, &["http", "https", "ipfs", "ipns"])),
    key!("update.pin", update.pin, |v| check::number(v, u32::MAX)),
    key!("admin.password", admin.password, check::admin_password),
];

const PORTS: &[(&str, Ports)] = &[("auto", Ports::Auto), ("lan", Ports::Lan), ("uplink", Ports::Uplink)];
const ACCESS: &[(&str, Access)] =
    &[("blocked", Access::Blocked), ("voucher", Access::Voucher), ("password", Access::Password), ("open", Access::Open)];

fn chosen<T: PartialEq>(value: T, of: &[(&str, T)]) -> Value {
    Value::Text(of.iter().find(|(_, v)| *v == value).map_or("", |(name, _)| name).to_owned())
}

/// Applies one value of the file. On an error the setting is as it was.
pub(crate) fn apply(settings: &mut Settings, name: &str, value: &Value) -> Result<(), String> {
    let key = KEYS.iter().find(|k| k.name == name).ok_or_else(|| unknown(name))?;
    (key.apply)(settings, value).map_err(|why| format!("{why}; using {}", shown_default(key)))
}

/// The default as a person would write it.
fn shown_default(key: &Key) -> String {
    match (key.get)(&Settings::default()) {
        Value::Text(text) if text.is_empty() => "none".into(),
        value => value.to_string(),
    }
}

fn unknown(name: &str) -> String {
    if KEYS.iter().any(|k| k.name.split_once('.').is_some_and(|(section, _)| section == name)) {
        return format!("{name} is a section; write [{name}] on a line of its own");
    }
    let (section, key) = name.rsplit_once('.').unwrap_or(("", name));
    let in_section = |k: &&Key| k.name.rsplit_once('.').map_or("", |(s, _)| s) == section;
    if !KEYS.iter().any(|k| in_section(&k)) {
        return format!("there is no section [{section}]");
    }
    if let Some(other) = KEYS.iter().find(|k| k.name.rsplit_once('.').is_some_and(|(_, k)| k == key)) {
        return format!("there is no {key} here; did you mean {}?", other.name);
    }
    let known: Vec<&str> = KEYS.iter().filter(in_section).map(|k| k.name.rsplit_once('.').map_or(k.name, |(_, k)| k)).collect();
    format!("there is no such key; [{section}] knows {}", known.join(", "))
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<String>> for Value {
    fn from(items: Vec<String>) -> Self {
        Self::List(items)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}
