//! What ownerd answers: portald's two doors, and behind the sealed one what an owner may ask.

use std::time::Duration;

use owner::hex;
use portal::lang::{Key, Language};
use serde_json::{Value, json};

use super::login::Id;
use super::{Handle, Shared, lock};
use super::{content, edit, internet, stats, sticks, tls, token};
use crate::ipc;

/// Longest sealed request, in bytes.
const MAX_SEALED: usize = 128 * 1024;

/// After a change of settings a daemon may be starting again: the owner's next question waits for it.
const STARTS: Duration = Duration::from_secs(2);

/// Answers one request of another daemon.
pub fn answer(shared: &Handle, request: &ipc::Request) -> (u16, Value) {
    let now = sys::process::uptime();
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/status") => {
            let shared = lock(shared);
            let body = json!({
                "v": 1, "state": "up", "setup": shared.login.registry.waits(), "sessions": shared.login.sessions.count(),
                "wrong": shared.login.wrong(), "trial_left_s": shared.edit.left(now),
            });
            (200, body)
        }
        ("POST", "/login") => lock(shared).login.message(now, &request.body),
        ("POST", "/sealed") => sealed(shared, now, &request.body).unwrap_or((401, json!({"v": 1, "error": "no such session"}))),
        _ => (404, json!({"v": 1, "error": "ownerd answers /status, /login and /sealed"})),
    }
}

/// `{session, n, box}` → `{box}`: opened, asked, sealed. `None`: not in a session, or nothing that one could have sent.
fn sealed(shared: &Handle, now: Duration, body: &Value) -> Option<(u16, Value)> {
    let id: Id = hex::decode(body["session"].as_str()?, 16)?.try_into().ok()?;
    let counter = body["n"].as_u64()?;
    let bytes = hex::decode(body["box"].as_str()?, MAX_SEALED)?;
    let plain = lock(shared).login.sessions.open(now, &id, counter, &bytes).ok()?;
    let request: Value = serde_json::from_slice(&plain).unwrap_or_default();
    let (method, path) = (request["method"].as_str().unwrap_or_default(), request["path"].as_str().unwrap_or_default());
    let (status, body) = asked(shared, now, &id, method, path, &request["body"]);
    let answer = json!({"status": status, "body": body}).to_string();
    // A session that has just ended itself has no key to answer with.
    let sealed = lock(shared).login.sessions.seal(&id, counter, answer.as_bytes());
    Some((200, json!({"v": 1, "box": sealed.map(|bytes| hex::encode(&bytes)).unwrap_or_default()})))
}

/// What the owner asks.
fn asked(shared: &Handle, now: Duration, id: &Id, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    match (method, route) {
        ("GET", "/status") => status(shared, now),
        ("GET", "/report") => report(shared, now, query),
        ("GET", "/settings") => lock(shared).edit.show(now),
        ("POST", "/settings") => with_reading(shared, |s| s.edit.change(now, body), |body| body["applied"] != "no"),
        ("GET", "/home") => lock(shared).home.show(),
        ("POST", "/home") => with_reading(shared, |s| s.home.keep(body), |_| true),
        ("POST", "/confirm") => with_reading(shared, |s| s.edit.confirm(now), |_| true),
        ("POST", "/undo") => with_reading(shared, |s| s.edit.undo(), |_| true),
        ("POST", "/password") => lock(shared).login.new_password(id, body),
        ("POST", "/logout") => {
            lock(shared).login.sessions.end(id);
            (200, json!({}))
        }
        ("GET", "/log") => pass_on("supervisor", &format!("/log?{query}"), None),
        ("POST", "/restart") => {
            pass_on("supervisor", "/recover", Some(&json!({"v": 1, "step": "reboot", "why": "the owner asked for it"})))
        }
        ("GET", "/internet") => pass_on("netd", "/gate", None),
        ("GET", "/vouchers") => internet::page(query),
        ("POST", "/vouchers/make") => pass_on("netd", "/gate/make", Some(body)),
        ("POST", "/vouchers/remove") => pass_on("netd", "/gate/remove", Some(body)),
        ("GET", "/people") => people(query),
        ("GET", "/content") => content::overview(query),
        ("GET", "/content/log") => content::log(),
        ("GET", "/content/job") => pass_on("contentd", &format!("/job?{query}"), None),
        ("POST", "/content/import") => content::import(body),
        ("POST", "/content/export") => content::export(body),
        (
            "POST",
            "/content/take" | "/content/decline" | "/content/publisher" | "/content/pin" | "/content/remove" | "/content/follow"
            | "/content/scrub",
        ) => pass_on("contentd", route.trim_start_matches("/content"), Some(body)),
        ("GET", "/tls") => tls::show(),
        ("POST", "/tls") => tls::keep(body),
        ("POST", "/tls/remove") => tls::remove(),
        ("GET", "/metrics-token") => token::show(&lock(shared).home.0),
        ("GET", "/stats") => stats::charts(query),
        ("GET", "/stats/csv") => stats::csv(),
        ("GET", "/sticks") => sticks::show(query),
        ("POST", "/stats/stick") => stats::onto_stick(body),
        ("POST", "/clock") => pass_on("clockd", "/set", Some(body)),
        ("GET", "/updates") => pass_on("updated", "/status", None),
        ("GET", "/updates/history") => history(query),
        ("POST", "/updates/check") => pass_on("updated", "/check", Some(body)),
        ("POST", "/updates/restart") => pass_on("updated", "/restart", Some(body)),
        ("POST", "/updates/rollback") => pass_on("updated", "/rollback", Some(body)),
        _ => (404, json!({"error": "there is no such thing to ask"})),
    }
}

/// Does it, and if it changed the settings, has them read again.
fn with_reading(shared: &Handle, ask: impl FnOnce(&mut Shared) -> (u16, Value), changed: impl Fn(&Value) -> bool) -> (u16, Value) {
    let (status, body) = ask(&mut lock(shared));
    if status == 200
        && changed(&body)
        && let Err(why) = edit::ask_to_read_again_now()
    {
        return (500, json!({"error": why}));
    }
    (status, body)
}

/// The supervisor's status, and what only ownerd knows.
fn status(shared: &Handle, now: Duration) -> (u16, Value) {
    let (code, mut body) = pass_on("supervisor", "/status", None);
    if code == 200 {
        let shared = lock(shared);
        body["owner"] = json!({
            "setup": shared.login.registry.waits(), "sessions": shared.login.sessions.count(), "wrong": shared.login.wrong(),
            "trial_left_s": shared.edit.left(now),
        });
    }
    (code, body)
}

/// The same in the owner's words.
fn report(shared: &Handle, now: Duration, query: &str) -> (u16, Value) {
    let (_, mut status) = status(shared, now);
    let (code, update) = pass_on("updated", "/status", None);
    if code == 200 {
        status["update"] = update;
    }
    for (name, daemon) in [("content", "contentd"), ("clock", "clockd")] {
        let (code, told) = pass_on(daemon, "/status", None);
        if code == 200 {
            status[name] = told;
        }
    }
    let (code, told) = tls::show();
    if code == 200 {
        status["tls"] = told;
    }
    let lang = language(query);
    let problems: Vec<config::Problem> = serde_json::from_value(status["settings"]["problems"].clone()).unwrap_or_default();
    let status = Some(&status).filter(|s| s["error"].is_null());
    let report = portal::status::report(lang, status, &problems);
    let row = |label: &str, text: &str, bad: bool, notes: &[String]| json!({"label": label, "text": text, "bad": bad, "notes": notes});
    let mut rows: Vec<Value> = report.rows.iter().map(|r| row(&r.label, &r.text, r.bad, &r.notes)).collect();
    let wrong = lock(shared).login.wrong();
    rows.push(row(&lang.say(Key::StatusWrongLogins), &wrong.to_string(), false, &[]));
    let troubles: Vec<String> =
        report.troubles.into_iter().chain(problems.iter().map(|p| format!("hotspot.toml {}: {}: {}", p.line, p.key, p.reason))).collect();
    let left = lock(shared).edit.left(now);
    (200, json!({"headline": report.headline, "trouble": report.trouble, "rows": rows, "troubles": troubles, "trial_left_s": left}))
}

/// Who is here now, in the owner's words.
fn people(query: &str) -> (u16, Value) {
    let (code, gate) = pass_on("netd", "/gate/phones", None);
    if code != 200 {
        return (code, gate);
    }
    let (code, stations) = pass_on("radiod", "/stations", None);
    let lang = language(query);
    (200, json!(portal::people::people(lang, &gate, if code == 200 { &stations } else { &Value::Null })))
}

/// What became of updates, in updated's words.
fn history(query: &str) -> (u16, Value) {
    let (code, told) = pass_on("updated", "/history", None);
    if code != 200 {
        return (code, told);
    }
    (200, json!({"lines": portal::updates::updates(language(query), None, Some(&told)).history}))
}

/// The language that a page is read in: `lang=xx`.
pub fn language(query: &str) -> &'static Language {
    query.strip_prefix("lang=").and_then(Language::named).unwrap_or_else(Language::english)
}

/// Asks another daemon.
pub fn pass_on(daemon: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let patience = if edit::is_settling() { STARTS } else { Duration::ZERO };
    match ipc::ask_patiently(daemon, path, body, patience) {
        Ok(answer) => (200, answer),
        Err(ipc::Error::Refused(status, why)) => (status, json!({"error": why})),
        Err(ipc::Error::NoAnswer(why)) => {
            log::debug!("{daemon}: {why}");
            (503, json!({"error": format!("{daemon} does not answer")}))
        }
    }
}
