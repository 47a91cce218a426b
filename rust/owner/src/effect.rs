//! What a change of settings does to people's phones, said before it is applied; and whether it can be applied at all.

use std::collections::BTreeMap;

use config::{Entry, Problem, Settings, Value};
use serde::Serialize;

/// What phones notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing, or other words on a page.
    Nothing,
    /// The network answers nothing for a few seconds; nobody loses the Wi-Fi.
    Pause,
    /// Every phone loses the network and joins again, perhaps by another name or password: the owner too, so that such a change
    /// undoes itself unless it is confirmed from the new network.
    Drop,
}

/// What changing this key does.
pub fn of(key: &str) -> Effect {
    match key {
        "device.country" | "lan.range" | "lan.ports" => Effect::Drop,
        _ if key.starts_with("wifi.") => Effect::Drop,
        "device.name" | "device.timezone" => Effect::Pause,
        _ if key.starts_with("lan.") || key.starts_with("internet.") || key.starts_with("uplink.") => Effect::Pause,
        _ => Effect::Nothing,
    }
}

/// Keys whose value is shown to nobody.
pub const SECRETS: [&str; 3] = ["wifi.password", "uplink.wifi_password", "internet.password"];

/// What an owner asks for, looked at and not yet applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Keys that really change, with their new values.
    pub entries: Vec<Entry>,
    /// The worst that phones notice.
    pub effect: Effect,
    /// What cannot be: key and reason. When there is any, nothing is applied.
    pub problems: Vec<Problem>,
    /// What the settings would be.
    pub settings: Settings,
}

/// Looks at `wanted`, values as JSON by key, over the settings there are.
pub fn look_at(current: &Settings, wanted: &serde_json::Map<String, serde_json::Value>) -> Change {
    let mut problems = Vec::new();
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    let before = config::values_of(current);
    for (key, json) in wanted {
        let known = before.iter().find(|(name, _)| name == key && *name != "version" && *name != "admin.password");
        match (known, value_of(json)) {
            (None, _) => problems.push(problem(key, "there is no such setting")),
            (_, None) => problems.push(problem(key, "a text, a whole number or a list of texts is wanted")),
            (Some((name, _)), Some(value)) => {
                values.insert(name, value);
            }
        }
    }
    let defaults = config::values_of(&Settings::default());
    // Rendered and read again: one judge of what a value may be, the same as for the file.
    let entries: Vec<Entry> = before
        .iter()
        .zip(&defaults)
        .map(|((key, old), (_, default))| (*key, values.get(key).unwrap_or(old), default))
        .filter(|(_, value, default)| value != default)
        .map(|(key, value, _)| Entry { key: key.to_owned(), value: value.clone(), line: 0 })
        .collect();
    let reading = config::read(config::render(&entries).as_bytes());
    problems.extend(reading.problems.into_iter().map(|p| Problem { line: 0, ..p }));
    let after = config::values_of(&reading.settings);
    let entries: Vec<Entry> = before
        .iter()
        .zip(&after)
        .filter(|((_, old), (_, new))| old != new)
        .map(|(_, (key, value))| Entry { key: (*key).to_owned(), value: value.clone(), line: 0 })
        .collect();
    let effect = entries.iter().map(|e| of(&e.key)).max().unwrap_or(Effect::Nothing);
    Change { entries, effect, problems, settings: reading.settings }
}

fn problem(key: &str, reason: &str) -> Problem {
    Problem { line: 0, key: key.chars().take(40).filter(|c| !c.is_control()).collect(), reason: reason.into() }
}

/// A JSON value as hotspot.toml could hold it.
fn value_of(json: &serde_json::Value) -> Option<Value> {
    match json {
        serde_json::Value::String(text) => Some(Value::Text(text.clone())),
        serde_json::Value::Number(number) => number.as_i64().map(Value::Number),
        serde_json::Value::Array(items) => items.iter().map(|i| i.as_str().map(str::to_owned)).collect::<Option<_>>().map(Value::List),
        _ => None,
    }
}

/// A value of the file as JSON.
pub fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => text.clone().into(),
        Value::Number(number) => (*number).into(),
        Value::List(items) => items.clone().into(),
        Value::Other(_) => serde_json::Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn look(wanted: serde_json::Value) -> Change {
        let mut current = Settings::default();
        current.wifi.ssid = "Aldeia".into();
        current.internet.password = "sesame".into();
        look_at(&current, wanted.as_object().unwrap())
    }

    #[test]
    fn what_phones_notice() {
        assert_eq!(look(json!({"community.name": "Vila"})).effect, Effect::Nothing);
        assert_eq!(look(json!({"community.name": "Vila", "internet.access": "open"})).effect, Effect::Pause);
        assert_eq!(look(json!({"community.name": "Vila", "wifi.ssid": "Vila"})).effect, Effect::Drop);
        let same = look(json!({"wifi.ssid": "Aldeia"}));
        assert_eq!((same.effect, same.entries.len()), (Effect::Nothing, 0), "what stays as it is does nothing");
    }

    #[test]
    fn values_are_judged_as_those_of_the_file() {
        let change = look(json!({"wifi.ssid": "x".repeat(33), "device.country": "XX", "community.languages": ["pt", "xx"]}));
        let mut keys: Vec<_> = change.problems.iter().map(|p| p.key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["community.languages", "device.country", "wifi.ssid"]);
        assert!(look(json!({"internet.password": "", "internet.access": "password"})).problems[0].reason.contains("internet.password"));
        assert!(look(json!({"internet.access": "password"})).problems.is_empty(), "with the password there is");
        for bad in [
            json!({"nothing.here": "x"}),
            json!({"wifi.ssid": {"a": 1}}),
            json!({"update.pin": 1.5}),
            json!({"admin.password": "12345678"}),
        ] {
            assert_eq!(look(bad.clone()).problems.len(), 1, "{bad}");
        }
    }

    #[test]
    fn hostile_texts_are_refused_or_harmless() {
        for text in ["", "\0", "\u{202e}evil", &"é".repeat(5000), "\"]\n[wifi]\nssid = \"x", "a\nb", "<b>\u{1f600}</b>"] {
            let change = look(json!({"community.name": text}));
            assert_eq!(change.settings.wifi.ssid, "Aldeia", "{text:.20}");
            assert!(!change.problems.is_empty() || change.settings.community.name == text.trim(), "{text:.20}");
        }
    }

    #[test]
    fn back_to_a_default_is_a_change() {
        let change = look(json!({"wifi.ssid": "P2P Hotspot"}));
        assert_eq!(change.entries, [Entry { key: "wifi.ssid".into(), value: Value::Text("P2P Hotspot".into()), line: 0 }]);
    }
}
