//! What other daemons may ask of the gate: portald for a phone, ownerd for the owner.

use std::net::Ipv4Addr;
use std::time::Duration;

use config::Access;
use gate::{Alarm, Batch, Entered, Gate, Kind, NoBatch, Remembered, View, Wish, code, mac_text};
use rand_core::{OsRng, RngCore};
use serde_json::{Value, json};

use super::state::State;
use super::way;
use crate::ipc::Request;

/// Longest text that a phone may type, in bytes.
const MAX_TYPED: usize = 256;

/// Answers `/gate…`; `None`: there is no such thing.
pub fn answer(state: &State, request: &Request) -> Option<(u16, Value)> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let body = &request.body;
    Some(match (request.method.as_str(), path) {
        ("GET", "/gate") => overview(state),
        ("GET", "/gate/batch") => batch(state, query.strip_prefix("id=").and_then(|id| id.parse().ok())),
        ("GET", "/gate/phones") => phones(state),
        ("GET", "/gate/phone") => match query.strip_prefix("ip=").and_then(|ip| ip.parse().ok()) {
            Some(ip) => phone(state, ip),
            None => bad("ask /gate/phone?ip=A.B.C.D"),
        },
        ("POST", "/gate/enter") => match (ip(body), body["text"].as_str()) {
            (Some(ip), Some(text)) => enter(state, ip, text),
            _ => bad("ip and text are wanted"),
        },
        ("POST", "/gate/greeted") => match ip(body) {
            Some(ip) => greeted(state, ip),
            None => bad("ip is wanted"),
        },
        ("POST", "/gate/make") => make(state, body),
        ("POST", "/gate/remove") => remove(state, body["id"].as_u64().and_then(|id| id.try_into().ok())),
        _ => return None,
    })
}

fn bad(why: &str) -> (u16, Value) {
    (400, json!({"v": 1, "error": why}))
}

fn ip(body: &Value) -> Option<Ipv4Addr> {
    body["ip"].as_str()?.parse().ok()
}

/// The rule's name in hotspot.toml.
fn access(state: &State) -> &'static str {
    match state.settings.internet.access {
        Access::Blocked => "blocked",
        Access::Voucher => "voucher",
        Access::Password => "password",
        Access::Open => "open",
    }
}

fn with<T>(state: &State, look: impl FnOnce(&Gate) -> T) -> Option<T> {
    state.lock().gate.as_ref().map(look)
}

fn overview(state: &State) -> (u16, Value) {
    let now = state.now();
    let told = with(state, |gate| {
        let (out, wrong, alarms) = gate.told();
        let alarms: Vec<Value> = alarms
            .iter()
            .rev()
            .map(|remembered| {
                let mut told = told_alarm(remembered, now);
                told["ip"] = json!(remembered.1);
                told["mac"] = match remembered.2 {
                    Alarm::OtherPhone(mac) | Alarm::TwoPlaces(mac) | Alarm::TwoNames(mac) => mac_text(mac).into(),
                };
                told
            })
            .collect();
        let view = gate.view(Ipv4Addr::UNSPECIFIED);
        let batches: Vec<Value> = gate.book().batches.iter().rev().map(summary).collect();
        json!({
            "v": 1, "access": access(state), "online": view.online, "on_time": view.on_time, "out": out, "wrong": wrong,
            "down": gate.totals().0, "up": gate.totals().1, "alarms": alarms, "batches": batches, "vouchers": gate.book().count(), "most": gate::MOST,
        })
    });
    told.map_or_else(not_yet, |body| (200, body))
}

/// When an alarm came last, how it showed, how often.
fn told_alarm((at, _, alarm, times): &Remembered, now: Duration) -> Value {
    let kind = match alarm {
        Alarm::OtherPhone(_) => "other-phone",
        Alarm::TwoPlaces(_) => "two-places",
        Alarm::TwoNames(_) => "two-names",
    };
    json!({"ago_s": now.saturating_sub(*at).as_secs(), "kind": kind, "times": times})
}

/// Everybody who has a lease, and what the gate thinks of them.
fn phones(state: &State) -> (u16, Value) {
    let now = state.now();
    let inner = state.lock();
    let (Some(gate), Some(leases)) = (&inner.gate, &inner.leases) else { return not_yet() };
    let (_, _, alarms) = gate.told();
    let phone = |entry: &lan::leases::Entry| {
        let view = gate.view(entry.ip);
        // What showed before the phone said again who it is, is over.
        let alarm = alarms.iter().rev().find(|a| view.cloned && a.1 == entry.ip).map(|a| told_alarm(a, now));
        json!({"ip": entry.ip, "mac": mac_text(entry.mac), "host": entry.host, "open": view.open, "may": view.may, "left": left(&view), "alarm": alarm})
    };
    let phones: Vec<Value> = leases.entries().iter().map(phone).collect();
    (200, json!({"v": 1, "access": access(state), "phones": phones}))
}

fn left(view: &View) -> Option<Value> {
    view.left.map(|(kind, units)| json!({"kind": kind.name(), "units": units}))
}

fn not_yet() -> (u16, Value) {
    (503, json!({"v": 1, "error": "netd is only starting"}))
}

fn summary(batch: &Batch) -> Value {
    let used = batch.vouchers.iter().filter(|v| v.holder.is_some()).count();
    let empty = batch.vouchers.iter().filter(|v| v.left == 0).count();
    json!({"id": batch.id, "kind": batch.kind.name(), "amount": batch.amount, "made": batch.made, "label": batch.label,
        "count": batch.vouchers.len(), "used": used, "empty": empty})
}

fn batch(state: &State, id: Option<u32>) -> (u16, Value) {
    let found = with(state, |gate| {
        let batch = gate.book().batches.iter().find(|b| Some(b.id) == id)?;
        let vouchers: Vec<Value> = batch
            .vouchers
            .iter()
            .map(|v| json!({"code": v.code, "shown": code::shown(&v.code), "left": v.left, "used": v.holder.is_some(), "moves": v.moves}))
            .collect();
        let mut body = summary(batch);
        body["vouchers"] = vouchers.into();
        body["v"] = 1.into();
        Some(body)
    });
    match found {
        None => not_yet(),
        Some(None) => (404, json!({"v": 1, "error": "there is no such batch"})),
        Some(Some(body)) => (200, body),
    }
}

fn phone(state: &State, ip: Ipv4Addr) -> (u16, Value) {
    let told = with(state, |gate| {
        let view = gate.view(ip);
        json!({"v": 1, "access": access(state), "open": view.open, "may": view.may, "online": view.online, "on_time": view.on_time,
            "left": left(&view), "cloned": view.cloned})
    });
    told.map_or_else(not_yet, |body| (200, body))
}

fn enter(state: &State, ip: Ipv4Addr, text: &str) -> (u16, Value) {
    let text = if text.len() > MAX_TYPED { "" } else { text.trim() };
    let Some(entered) = way::ask(state, |gate, now| gate.enter(ip, text, now)) else { return not_yet() };
    let (word, wait) = match entered {
        Entered::Welcome => ("welcome", None),
        Entered::Wrong => ("wrong", None),
        Entered::UsedUp => ("used-up", None),
        Entered::Wait(seconds) => ("wait", Some(seconds)),
        Entered::NotAsked => ("not-asked", None),
    };
    (200, json!({"v": 1, "entered": word, "wait_s": wait}))
}

fn greeted(state: &State, ip: Ipv4Addr) -> (u16, Value) {
    let mut inner = state.lock();
    if let Some(entry) = inner.leases.as_ref().and_then(|l| l.client(ip)) {
        inner.greeted.insert(ip, entry.mac);
    }
    (200, json!({"v": 1}))
}

fn make(state: &State, body: &Value) -> (u16, Value) {
    let number = |name: &str| body[name].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let Some(kind) = body["kind"].as_str().and_then(Kind::named) else { return bad("kind is hours, days or megabytes") };
    let label = body["label"].as_str().unwrap_or_default().to_owned();
    let wish = Wish { kind, amount: number("amount"), count: number("count"), label };
    let made = if crate::clockd::is_sure() { crate::clockd::shown() } else { 0 };
    let random = || {
        let mut byte = [0];
        OsRng.fill_bytes(&mut byte);
        byte[0]
    };
    let made = way::ask(state, |gate, _| match gate.make(&wish, made, random) {
        Ok((id, actions)) => (Ok(id), actions),
        Err(why) => (Err(why), Vec::new()),
    });
    match made {
        None => not_yet(),
        Some(Ok(id)) => (200, json!({"v": 1, "id": id})),
        Some(Err(why @ (NoBatch::Amount | NoBatch::Count))) => (422, json!({"v": 1, "error": why.to_string()})),
        Some(Err(why @ NoBatch::Full)) => (409, json!({"v": 1, "error": why.to_string()})),
    }
}

fn remove(state: &State, id: Option<u32>) -> (u16, Value) {
    let removed = way::ask(state, |gate, _| match id.and_then(|id| gate.remove(id)) {
        Some(actions) => (true, actions),
        None => (false, Vec::new()),
    });
    match removed {
        None => not_yet(),
        Some(true) => (200, json!({"v": 1})),
        Some(false) => (404, json!({"v": 1, "error": "there is no such batch"})),
    }
}
