//! The library for the owner: contentd's own words, bounded and fit for a page, with sizes as the owner's language writes them.

use portal::lang::Language;
use serde_json::{Value, json};

use super::api::{language, pass_on};
use super::edit;
use super::sticks;
use crate::ipc;
use crate::shown::shown;

/// Bytes of bundles, and of what waits, in one answer: sealed and in hexadecimal it has to fit into one message. Some 400 bundles.
const ROOM: usize = 150_000;
/// Publishers of one list.
const NAMES: usize = 200;
/// Lines of the log of arrivals of one answer.
const LINES: usize = 100;

/// `GET /content?lang=xx`: space, what is under way, what is held, what waits, who is trusted, what the sources said.
pub fn overview(query: &str) -> (u16, Value) {
    let lang = language(query);
    let (code, status) = pass_on("contentd", "/status", None);
    if code != 200 {
        return (code, status);
    }
    let (_, publishers) = pass_on("contentd", "/publishers", None);
    let content = edit::current().content;
    let mut body = told(lang, &status);
    body["trusted"] = names(&publishers["trusted"]).into();
    body["refused"] = names(&publishers["refused"]).into();
    body["by_settings"] = content.trusted.iter().map(|name| shown(name)).collect();
    body["sources_set"] = content.sources.len().into();
    (200, body)
}

/// `GET /content/log`: what arrived from where, the newest first.
pub fn log() -> (u16, Value) {
    let (code, log) = pass_on("contentd", "/log", None);
    if code == 200 { (200, json!({"log": lines(&log["log"])})) } else { (code, log) }
}

/// `POST /content/import {address}`: a bundle of a web server, by the owner's word. Paths of the box are the command's alone.
pub fn import(body: &Value) -> (u16, Value) {
    let address = body["address"].as_str().unwrap_or_default().trim();
    if !address.starts_with("http://") && !address.starts_with("https://") {
        return (422, json!({"error": "the address begins with http:// or https://"}));
    }
    pass_on("contentd", "/import", Some(&json!({"path": address})))
}

/// `POST /content/export {stick, roots}`: bundles as files onto a stick.
pub fn export(body: &Value) -> (u16, Value) {
    sticks::with(body, |to| pass_on("contentd", "/export", Some(&json!({"roots": body["roots"], "to": to}))))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, key: &str) -> String {
    shown(value[key].as_str().unwrap_or_default())
}

fn names(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(Value::as_str).map(shown).take(NAMES).collect()
}

/// As many as there is room for.
fn fitting(items: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut room = ROOM;
    let fits = |item: &Value| {
        let bytes = item.to_string().len();
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    };
    items.take_while(fits).collect()
}

/// Where something is, as a person sees it: the stick and the path on it.
fn place(path: &str) -> String {
    let sticks = ipc::run_dir().join("sticks");
    let on_stick = std::path::Path::new(path).strip_prefix(sticks).ok().and_then(|p| p.to_str());
    shown(on_stick.unwrap_or(path))
}

/// contentd's status for the page.
fn told(lang: &Language, status: &Value) -> Value {
    let size = |value: &Value| lang.size(value.as_u64().unwrap_or(0));
    let (used, room) = (status["space"]["used"].as_u64().unwrap_or(0), status["space"]["room"].as_u64().unwrap_or(0));
    let percent = |part: u64, all: u64| u64::try_from(u128::from(part) * 100 / u128::from(all.max(1))).unwrap_or(u64::MAX);
    let progress = status["progress"].as_object().map(|p| {
        let number = |key: &str| p.get(key).and_then(Value::as_u64).unwrap_or(0);
        let percent = (number("total") > 0).then(|| percent(number("done"), number("total")).min(100));
        json!({"what": p.get("what"), "title": text(&status["progress"], "title"), "percent": percent})
    });
    let bundle = |b: &Value| {
        json!({
            "root": b["root"], "title": text(b, "title"), "publisher": text(b, "publisher"), "seq": b["seq"], "files": b["files"],
            "languages": shown(&list(&b["languages"]).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
            "license": text(b, "license"), "size": size(&b["bytes"]), "pinned": b["pinned"] == true, "arrived": b["arrived"],
        })
    };
    let waiting = |w: &Value| {
        json!({
            "id": w["id"], "kind": w["kind"], "title": text(w, "title"), "publisher": text(w, "publisher"), "seq": w["seq"],
            "size": w["bytes"].as_u64().filter(|n| *n > 0).map(|n| lang.size(n)), "place": place(w["path"].as_str().unwrap_or_default()),
        })
    };
    let source = |s: &Value| json!({"address": text(s, "address"), "ok": s["ok"] == true, "text": text(s, "text"), "t": s["t"]});
    let (bundles, waits) = (list(&status["bundles"]), list(&status["waiting"]));
    json!({
        "progress": progress,
        "space": {"used": lang.size(used), "room": lang.size(room), "reserve": size(&status["space"]["reserve"]),
            "percent": percent(used, used.saturating_add(room))},
        "bundles": fitting(bundles.iter().map(bundle)), "bundles_all": bundles.len(),
        "waiting": fitting(waits.iter().map(waiting)), "waiting_all": waits.len(),
        "sources": list(&status["sources"]).iter().map(source).collect::<Vec<_>>(),
    })
}

/// The newest lines of the log of arrivals, newest first.
fn lines(log: &Value) -> Vec<Value> {
    let line = |l: &Value| {
        json!({"t": l["t"], "what": l["what"], "title": text(l, "title"), "publisher": text(l, "publisher"),
            "from": place(l["from"].as_str().unwrap_or_default()), "why": text(l, "why")})
    };
    list(log).iter().rev().take(LINES).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_titles_and_absurd_numbers_stay_small_and_plain() {
        let hostile = "<b>\u{202e}\0💣".to_owned() + &"x".repeat(1000);
        let bundle = json!({"root": "bafy", "title": hostile, "bytes": u64::MAX, "languages": vec![hostile.clone(); 5], "license": hostile, "pinned": "yes"});
        let waiting = json!({"id": "1", "kind": "unsigned", "title": hostile, "bytes": 0, "path": format!("/x/{hostile}")});
        let status = json!({
            "progress": {"what": "importing", "title": hostile, "done": u64::MAX, "total": 1},
            "space": {"used": u64::MAX, "room": u64::MAX, "reserve": -1},
            "bundles": vec![bundle; 1000], "waiting": vec![waiting; 500], "sources": [{"address": hostile, "text": hostile}],
        });
        let told = told(Language::english(), &status);
        let many = list(&told["bundles"]).len();
        assert!(many > 100 && many < 1000 && told["bundles_all"] == 1000 && told.to_string().len() < 2 * ROOM + 5000, "{many}");
        assert_eq!((&told["progress"]["percent"], &told["space"]["percent"]), (&json!(100), &json!(100)));
        assert_eq!((&told["bundles"][0]["pinned"], &told["waiting"][0]["size"]), (&json!(false), &Value::Null));
        let text = told.to_string();
        assert!(!text.contains('\u{202e}') && !text.contains("\\u0000") && text.contains("<b>"), "shown as it is, without what hides");
        let lines = lines(&json!(vec![json!({"title": hostile, "from": hostile, "why": hostile}); 500]));
        assert_eq!(lines.len(), LINES);
    }

    #[test]
    fn nothing_at_all_is_told_too() {
        let told = told(Language::english(), &Value::Null);
        assert_eq!((&told["progress"], &told["bundles_all"], &told["space"]["used"]), (&Value::Null, &json!(0), &json!("0 KB")));
        assert!(lines(&Value::Null).is_empty());
    }

    #[test]
    fn only_addresses_of_the_web_are_taken_from_the_page() {
        for bad in [json!({}), json!({"address": "/etc/passwd"}), json!({"address": "file:///etc/passwd"}), json!({"address": 7})] {
            assert_eq!(import(&bad).0, 422, "{bad}");
        }
    }
}
