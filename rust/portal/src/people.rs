//! Who is here now, in the owner's words: from what netd and radiod know at this moment. Nothing of it is kept, and of a phone's
//! hardware address only the end is shown, enough to tell two phones apart.

use serde::Serialize;
use serde_json::Value;

use crate::internet;
use crate::lang::{Key, Language};

/// Phones of one answer.
const MOST: usize = 250;
/// The signal, in dBm, from which on it is strong, and from which on it will do.
const STRONG: i64 = -62;
const FAIR: i64 = -76;

/// A phone.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// What it calls itself, or that it has not said.
    pub name: String,
    /// Its address, and the end of its hardware address.
    pub address: String,
    /// What is known of it, a sentence each.
    pub notes: Vec<String>,
    /// Its address is used by two, in words.
    pub alarm: Option<String>,
}

/// Everybody.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct People {
    /// How many are on the Wi-Fi, and how many fit.
    pub places: String,
    /// Nobody more may come in.
    pub full: bool,
    /// On the Wi-Fi, who came last first.
    pub wifi: Vec<Person>,
    /// Who has an address and is not on the Wi-Fi: on a cable, or gone a short while ago.
    pub others: Vec<Person>,
    /// So many are not listed.
    pub more: usize,
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// `gate` is netd's `GET /gate/phones`, `stations` radiod's `GET /stations` (null: it does not answer).
pub fn people(lang: &Language, gate: &Value, stations: &Value) -> People {
    let (phones, on_air) = (list(&gate["phones"]), list(&stations["stations"]));
    let of = |mac: &str| on_air.iter().find(|s| text(s, "mac").eq_ignore_ascii_case(mac));
    let mut wifi: Vec<(u64, Person)> = Vec::new();
    let mut others = Vec::new();
    for phone in phones {
        let mut person = person(lang, gate, phone);
        match of(text(phone, "mac")) {
            Some(station) => {
                person.notes.splice(0..0, on_wifi(lang, station));
                wifi.push((station["since_s"].as_u64().unwrap_or(0), person));
            }
            None => others.push(person),
        }
    }
    for station in on_air.iter().filter(|s| !phones.iter().any(|p| text(p, "mac").eq_ignore_ascii_case(text(s, "mac")))) {
        let mut notes = on_wifi(lang, station);
        notes.push(lang.say(Key::PeopleNoAddress));
        let person = Person { name: lang.say(Key::PeopleNoName), address: end(text(station, "mac")), notes, alarm: None };
        wifi.push((station["since_s"].as_u64().unwrap_or(0), person));
    }
    wifi.sort_by_key(|(since, _)| *since);
    let (count, limit) = (on_air.len() as u64, stations["limit"].as_u64().unwrap_or(0));
    let full = limit > 0 && count >= limit;
    let places = match () {
        () if stations.is_null() => lang.say(Key::Unknown),
        () if limit == 0 => count.to_string(),
        () => lang.fill(if full { Key::PhonesFull } else { Key::PhonesOf }, &[("n", &count), ("limit", &limit)]),
    };
    let all = wifi.len() + others.len();
    let wifi: Vec<Person> = wifi.into_iter().map(|(_, person)| person).take(MOST).collect();
    others.truncate(MOST - wifi.len());
    People { places, full, more: all - wifi.len() - others.len(), wifi, others }
}

/// The end of a hardware address.
fn end(mac: &str) -> String {
    let from = mac.char_indices().rev().nth(4).map_or(0, |(at, _)| at);
    if mac.is_empty() { String::new() } else { format!("…{}", &mac[from..]) }
}

/// One that has an address.
fn person(lang: &Language, gate: &Value, phone: &Value) -> Person {
    let name = text(phone, "host");
    Person {
        name: if name.is_empty() { lang.say(Key::PeopleNoName) } else { name.to_owned() },
        address: format!("{} · {}", text(phone, "ip"), end(text(phone, "mac"))),
        notes: way_out(lang, gate, phone).into_iter().collect(),
        alarm: alarm(lang, phone),
    }
}

/// Since when, how well it hears the box, whether it took the last place.
fn on_wifi(lang: &Language, station: &Value) -> Vec<String> {
    let minutes = station["since_s"].as_u64().unwrap_or(0) / 60;
    let (hours, rest) = (minutes / 60, minutes % 60);
    let mut notes = vec![match hours {
        0 => lang.with(Key::PeopleSinceMinutes, "minutes", minutes),
        _ => lang.fill(Key::PeopleSinceHours, &[("hours", &hours), ("minutes", &rest)]),
    }];
    notes.extend(station["signal"].as_i64().map(|dbm| {
        lang.say(match dbm {
            STRONG.. => Key::PeopleSignalStrong,
            FAIR.. => Key::PeopleSignalFair,
            _ => Key::PeopleSignalWeak,
        })
    }));
    notes.extend((station["last"] == true).then(|| lang.say(Key::PeopleLastPlace)));
    notes
}

/// Whether it may use the internet, and by what. Nothing while nobody may.
fn way_out(lang: &Language, gate: &Value, phone: &Value) -> Option<String> {
    let (open, may) = (phone["open"] == true, phone["may"] == true);
    let now = |key: Key| if open { lang.say(key) } else { format!("{} {}", lang.say(key), lang.say(Key::PeopleNotNow)) };
    Some(match (text(gate, "access"), may) {
        ("voucher", true) => {
            let left = internet::left(lang, &phone["left"], [Key::PeopleLeftHours, Key::PeopleLeftDays, Key::PeopleLeftBytes]);
            format!("{} {left}", now(Key::PeopleByVoucher))
        }
        ("voucher", false) => lang.say(Key::PeopleNoVoucher),
        ("password", true) => now(Key::PeopleByPassword),
        ("password", false) => lang.say(Key::PeopleNoPassword),
        ("open", _) => now(Key::PeopleEverybody),
        _ => return None,
    })
}

/// How a second device on its address showed.
fn alarm(lang: &Language, phone: &Value) -> Option<String> {
    let alarm = phone["alarm"].as_object()?;
    let what = lang.say(match alarm.get("kind")?.as_str()? {
        "other-phone" => Key::ONetAlarmOtherPhone,
        "two-places" => Key::ONetAlarmTwoPlaces,
        "two-names" => Key::ONetAlarmTwoNames,
        _ => return None,
    });
    let minutes = alarm.get("ago_s").and_then(Value::as_u64).unwrap_or(0) / 60;
    let times = alarm.get("times").and_then(Value::as_u64).unwrap_or(1);
    Some(lang.fill(Key::ONetAlarmLine, &[("ip", &text(phone, "ip")), ("what", &what), ("minutes", &minutes), ("times", &times)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(access: &str, phones: Value, stations: Value) -> People {
        people(Language::english(), &json!({"access": access, "phones": phones}), &stations)
    }

    fn phone(n: u8) -> Value {
        json!({"ip": format!("10.42.0.{n}"), "mac": format!("02:00:00:00:aa:{n:02x}"), "host": "", "open": false, "may": false, "left": null, "alarm": null})
    }

    #[test]
    fn who_is_on_the_wifi_and_who_is_not() {
        let mut named = phone(7);
        named["host"] = "Ana-telefone".into();
        let stations = json!({"limit": 3, "stations": [
            {"mac": "02:00:00:00:AA:07", "since_s": 7300, "last": false, "signal": -50},
            {"mac": "02:00:00:00:bb:01", "since_s": 5, "last": true, "signal": -90},
        ]});
        let got = told("blocked", json!([named, phone(8)]), stations);
        assert_eq!((got.places.as_str(), got.full, got.more), ("2 of 3", false, 0));
        assert_eq!(
            got.wifi[0].notes,
            ["On the Wi-Fi for 0 min.", "Weak signal: far away, or behind walls.", "Took the last place.", "Has no address yet."]
        );
        assert_eq!((got.wifi[0].address.as_str(), got.wifi[1].name.as_str()), ("…bb:01", "Ana-telefone"));
        assert_eq!(got.wifi[1].notes, ["On the Wi-Fi for 2 h 1 min.", "Strong signal."]);
        assert_eq!((got.others.len(), got.others[0].address.as_str()), (1, "10.42.0.8 · …aa:08"));
        let text = serde_json::to_string(&got).unwrap();
        assert!(!text.contains("02:00:00"), "no whole hardware address: {text}");
    }

    #[test]
    fn who_may_use_the_internet_and_by_what() {
        let with = |access: &str, open: bool, may: bool, left: Value| {
            let mut one = phone(7);
            (one["open"], one["may"], one["left"]) = (open.into(), may.into(), left);
            told(access, json!([one]), Value::Null).others.remove(0).notes.join(" ")
        };
        assert_eq!(with("blocked", false, false, Value::Null), "");
        assert_eq!(with("open", true, true, Value::Null), "May use the internet, as everybody.");
        assert_eq!(
            with("voucher", true, true, json!({"kind": "hours", "units": 5400})),
            "May use the internet by a voucher. Left: 1 h 30 min."
        );
        assert_eq!(
            with("voucher", true, true, json!({"kind": "megabytes", "units": 1_500_000})),
            "May use the internet by a voucher. Left: 1.5 MB."
        );
        assert_eq!(with("voucher", false, false, Value::Null), "Has no voucher for the internet.");
        assert!(with("password", false, true, Value::Null).starts_with("May use the internet: knew the password. "));
        assert_eq!(with("password", false, false, Value::Null), "Has not typed the internet password.");
    }

    #[test]
    fn an_address_used_by_two_is_said_in_words() {
        let mut one = phone(7);
        one["alarm"] = json!({"kind": "two-names", "ago_s": 130, "times": 3});
        let alarm = told("open", json!([one]), Value::Null).others.remove(0).alarm.unwrap();
        assert_eq!(alarm, "10.42.0.7: Another device asked for an address in this phone's name. Last 2 minutes ago, 3 times.");
    }

    #[test]
    fn nonsense_and_crowds_are_borne() {
        let nothing = told("", Value::Null, Value::Null);
        assert_eq!((nothing.places.as_str(), nothing.wifi.len(), nothing.others.len()), ("not known", 0, 0));
        let odd = told(
            "voucher",
            json!([{}, 7, {"mac": "é", "ip": 5, "left": {"kind": "love", "units": -1}, "alarm": {"kind": 1}}]),
            json!({"limit": "x", "stations": [{}, null]}),
        );
        assert_eq!(odd.wifi.len() + odd.others.len(), 3);
        let crowd = told("open", vec![phone(1); 4000].into(), json!({"limit": 8, "stations": []}));
        assert_eq!((crowd.others.len(), crowd.more), (MOST, 4000 - MOST));
    }
}
