//! `/run/hotspot/updated.sock`: how it stands, what happened, and what the owner wants.

use std::sync::mpsc::Sender;

use serde_json::{Value, json};
use update::machine::State;

use super::{Handle, Message, Owner, lock};
use crate::ipc;

/// Serves for ever.
pub fn serve(shared: Handle, news: Sender<Message>) -> std::io::Result<()> {
    ipc::serve("updated", move |request| answer(&shared, &request, &news))
}

fn answer(shared: &Handle, request: &ipc::Request, news: &Sender<Message>) -> (u16, Value) {
    let tell = |owner: Owner| match news.send(Message::Owner(owner)) {
        Ok(()) => (200, json!({"v": 1, "checks": lock(shared).checks})),
        Err(_) => (500, json!({"v": 1, "error": "the updater is stopping"})),
    };
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/status") => (200, status(shared)),
        ("GET", "/history") => (200, json!({"v": 1, "entries": lock(shared).history.entries})),
        ("POST", "/check") => tell(Owner::Check),
        ("POST", "/restart") if lock(shared).machine.state != State::Ready => {
            (409, json!({"v": 1, "error": "nothing is ready: there is nothing to restart into"}))
        }
        ("POST", "/restart") => tell(Owner::Restart),
        ("POST", "/rollback") => match rollback(shared) {
            Ok(seq) => {
                let (status, mut body) = tell(Owner::Rollback);
                body["seq"] = seq.into();
                (status, body)
            }
            Err(why) => (409, json!({"v": 1, "error": why})),
        },
        _ => (404, json!({"v": 1, "error": "updated answers GET /status, GET /history, POST /check, /restart and /rollback"})),
    }
}

fn rollback(shared: &Handle) -> Result<u64, &'static str> {
    let shared = lock(shared);
    match shared.machine.state {
        State::Writing | State::Trial | State::Ready | State::Rescue => Err("rolling back has to wait: something else is going on"),
        State::Idle | State::Good | State::Failed => {
            shared.other.ok_or("there is nothing to go back to: the other slot holds no whole release")
        }
    }
}

fn status(shared: &Handle) -> Value {
    let shared = lock(shared);
    let machine = &shared.shown;
    let slots = shared.device.as_ref().map(|d| &d.slots);
    let progress = machine.progress.map(|(done, total)| done as f64 / total.max(1) as f64);
    json!({
        "v": 1,
        "state": machine.state.name(),
        "progress": progress,
        "running": {"slot": slots.map(|s| &s.running), "seq": slots.map(|s| s.seq)},
        "other": {"slot": slots.map(|s| &s.target), "seq": shared.other},
        "last_error": machine.last_error,
        "release": machine.current.as_ref().map(|r| json!({"seq": r.seq, "from": r.from, "id": r.id})),
        "waits_for": shared.waits_for,
        "source": shared.settings.update.source,
        "pin": Some(shared.settings.update.pin).filter(|p| *p > 0),
        "checked": shared.checked,
        "checks": shared.checks,
    })
}
