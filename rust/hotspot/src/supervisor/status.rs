//! What the supervisor answers on its socket.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::loans::Wish;
use super::owner_file;
use super::ring::Ring;
use super::schedule::State;
use super::table::Kind;
use crate::ipc;

/// What the socket's thread shares with the main loop.
#[derive(Default)]
pub struct Shared {
    /// The log.
    pub ring: Ring,
    /// All units, as the main loop left them.
    pub units: Vec<View>,
    /// Steps of recovery that were asked for, for the main loop.
    pub asked: Vec<Recovery>,
}

/// One unit as others see it.
#[derive(Clone, Debug)]
pub struct View {
    /// The unit's name.
    pub name: &'static str,
    /// Daemon or one-shot.
    pub kind: Kind,
    /// Where it is.
    pub state: State,
    /// How often it was started again.
    pub restarts: u32,
    /// How it ended last.
    pub last_exit: Option<String>,
}

/// What other daemons ask to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Take a module out and load it again.
    ReloadModule(&'static str),
    /// Restart the box for this reason.
    Reboot(String),
    /// Read the settings again: the owner has changed them.
    ReadSettings,
    /// Bring the card's FAT partition to what ownerd said.
    OwnerFile,
    /// Lend a stick, or take it back.
    Stick(Wish),
}

/// Modules of radios that may be loaded again: the only ones.
const RADIO_MODULES: &[&str] = &[
    "brcmfmac",
    "ath9k_htc",
    "carl9170",
    "mt76x0u",
    "mt76x2u",
    "mt7921u",
    "rt2800usb",
    "rtw88_8821cu",
    "rtw88_8822bu",
    "rtw88_8822cu",
    "mac80211_hwsim",
];

/// A daemon that fails so often without settling is told as a problem.
const FAILING: u32 = 3;

/// A daemon that has not answered by then is shown as silent; who asks us waits a little longer.
const SILENCE: Duration = Duration::from_secs(2);

type Handle = Arc<Mutex<Shared>>;

/// Locks; a panic elsewhere ends the whole process, so the lock is never really poisoned.
pub fn lock(shared: &Handle) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request; `wake` tells the main loop that there is something to do.
pub fn answer(shared: &Handle, request: &ipc::Request, wake: &dyn Fn()) -> (u16, Value) {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let ask = |step: Result<Recovery, String>| match step {
        Ok(step) => {
            lock(shared).asked.push(step);
            wake();
            (200, json!({"v": 1}))
        }
        Err(why) => (400, json!({"v": 1, "error": why})),
    };
    match (request.method.as_str(), path) {
        ("GET", "/status") => (200, status(shared)),
        ("GET", "/log") => (200, log_lines(shared, query)),
        ("POST", "/recover") => ask(recovery(&request.body)),
        ("POST", "/settings") => ask(Ok(Recovery::ReadSettings)),
        ("POST", "/owner") => ask(owner_file::say(&request.body).map(|()| Recovery::OwnerFile)),
        ("POST", "/stick") => ask(Wish::read(&request.body).map(Recovery::Stick)),
        _ => (404, json!({"v": 1, "error": "the supervisor answers /status, /log, /recover, /settings, /owner and /stick"})),
    }
}

fn recovery(body: &Value) -> Result<Recovery, String> {
    match body["step"].as_str() {
        Some("reload-module") => {
            let wanted = body["module"].as_str().unwrap_or_default();
            RADIO_MODULES
                .iter()
                .find(|m| **m == wanted)
                .map(|m| Recovery::ReloadModule(m))
                .ok_or_else(|| "only radio modules may be reloaded".into())
        }
        Some("reboot") => Ok(Recovery::Reboot(body["why"].as_str().unwrap_or("no reason given").chars().take(200).collect())),
        _ => Err("step must be reload-module or reboot".into()),
    }
}

fn log_lines(shared: &Handle, query: &str) -> Value {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let count = value("lines").and_then(|n| n.parse().ok()).unwrap_or(100);
    let from = value("from").and_then(|n| n.parse().ok()).unwrap_or(0);
    let shared = lock(shared);
    let lines: Vec<Value> = shared.ring.newest(count, value("daemon"), from).into_iter().map(|l| l.to_json()).collect();
    json!({"v": 1, "lines": lines, "next": shared.ring.next_number()})
}

fn status(shared: &Handle) -> Value {
    let units = lock(shared).units.clone();
    let now = sys::process::uptime();
    // Asked without the lock: a silent daemon must not keep the main loop from the log.
    let up = ["radiod", "netd", "portald"].map(|name| Some(name).filter(|n| is_up(&units, n)));
    let [radio, lan, portal] = ipc::ask_each(up, "/status", SILENCE).map(Option::unwrap_or_default);
    let settings = read_json("settings.json");
    let problems_in_settings = settings["problems"].as_array().cloned().unwrap_or_default();
    let data = data_state(&units);
    let mut problems: Vec<String> = Vec::new();
    if let Some(why) = data["why"].as_str() {
        problems.push(format!("storage: {why}"));
    }
    let slot = crate::cmdline::read("hotspot.slot");
    if slot.as_deref() == Some("rescue") {
        problems.push(
            "neither slot can be started: this is the rescue system; plug in a stick with p2p-hotspot.update, or write the card again"
                .into(),
        );
    }
    for unit in units.iter().filter(|u| u.kind == Kind::Daemon && is_failing(u)) {
        problems.push(format!("{} keeps ending ({})", unit.name, unit.last_exit.as_deref().unwrap_or("unknown")));
    }
    for (name, answer) in up.iter().zip([&radio, &lan, &portal]).filter_map(|(name, a)| Some(((*name)?, a))) {
        if answer.is_null() && has_lived(&units, name, now) {
            problems.push(format!("{name} runs but does not answer"));
        }
    }
    for unit in units.iter().filter(|u| u.state == State::Over { well: false }) {
        problems.push(format!(
            "the step {} failed ({}); hotspot log --daemon {} says more",
            unit.name,
            unit.last_exit.as_deref().unwrap_or("unknown"),
            unit.name
        ));
    }
    for (who, answer) in [("radio", &radio), ("network", &lan)] {
        if let Some(why) = answer["last_error"].as_str().filter(|w| !w.is_empty()) {
            problems.push(format!("{who}: {why}"));
        }
    }
    if radio["state"] == "no-radio" {
        problems.push("radio: no Wi-Fi radio that can open a network was found; Ethernet is served".into());
    }
    problems.extend(problems_in_settings.iter().map(|p| {
        let key = p["key"].as_str().filter(|k| !k.is_empty()).map(|k| format!("{k}: ")).unwrap_or_default();
        format!("hotspot.toml line {}: {key}{}", p["line"], p["reason"].as_str().unwrap_or_default())
    }));
    let all_up = units.iter().filter(|u| u.name != "repair").all(|u| match u.state {
        State::Running { .. } => u.kind == Kind::Daemon,
        State::Over { .. } => true,
        State::Waiting | State::Pausing { .. } => false,
    });
    let answered = |a: &Value| !a.is_null() && a["state"] != "starting";
    let state = if !problems.is_empty() {
        "trouble"
    } else if all_up && answered(&radio) && answered(&lan) {
        "well"
    } else {
        "starting"
    };
    let daemons: Vec<Value> = units.iter().filter(|u| u.kind == Kind::Daemon).map(|u| daemon(u, now)).collect();
    json!({
        "v": 1,
        "state": state,
        "uptime_s": now.as_secs(),
        "version": env!("CARGO_PKG_VERSION"),
        "slot": slot,
        "data": data,
        "daemons": daemons,
        "radio": radio,
        "lan": lan,
        "uplink": lan["uplink"],
        "portal": portal,
        "settings": {"problems": problems_in_settings},
        "problems": problems,
        "board": super::board::state(),
        "memory_kb": super::memory::ours_kb(),
    })
}

fn is_failing(unit: &View) -> bool {
    matches!(unit.state, State::Pausing { .. }) && unit.restarts >= FAILING
}

fn daemon(unit: &View, now: Duration) -> Value {
    let (state, pid, since) = match unit.state {
        State::Running { pid, since } => ("up", Some(pid), Some(now.saturating_sub(since).as_secs())),
        State::Waiting => ("waiting", None, None),
        State::Pausing { .. } if is_failing(unit) => ("failed", None, None),
        State::Pausing { .. } | State::Over { .. } => ("starting", None, None),
    };
    json!({"name": unit.name, "state": state, "pid": pid, "up_s": since, "restarts": unit.restarts, "last_exit": unit.last_exit})
}

/// Whether it has had the time to open its socket.
fn has_lived(units: &[View], name: &str, now: Duration) -> bool {
    units.iter().any(|u| u.name == name && matches!(u.state, State::Running { since, .. } if now.saturating_sub(since) > 5 * SILENCE))
}

fn is_up(units: &[View], name: &str) -> bool {
    units.iter().any(|u| u.name == name && matches!(u.state, State::Running { .. }))
}

fn read_json(name: &str) -> Value {
    std::fs::read(ipc::run_dir().join(name)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// `/data` as `{ok, why, size, free}`, sizes in bytes.
fn data_state(units: &[View]) -> Value {
    let over = units.iter().any(|u| u.name == "data" && matches!(u.state, State::Over { .. }));
    let why = std::fs::read_to_string(ipc::run_dir().join("data-broken")).ok().map(|w| w.trim().to_owned());
    let (size, free) = sys::mount::space("/data".as_ref()).unwrap_or((0, 0));
    json!({"ok": over && why.is_none(), "why": why, "size": size, "free": free})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str, body: Value) -> ipc::Request {
        ipc::Request { method: method.into(), path: path.into(), body }
    }

    #[test]
    fn only_radio_modules_are_reloaded() {
        let shared = Handle::default();
        let woken = std::cell::Cell::new(0);
        let ask = |body| answer(&shared, &request("POST", "/recover", body), &|| woken.set(woken.get() + 1)).0;
        assert_eq!(ask(json!({"step": "reload-module", "module": "brcmfmac"})), 200);
        assert_eq!(ask(json!({"step": "reload-module", "module": "ext4"})), 400);
        assert_eq!(ask(json!({"step": "format"})), 400);
        assert_eq!(ask(json!({"step": "reboot", "why": "radio is gone"})), 200);
        assert_eq!(woken.get(), 2);
        assert_eq!(lock(&shared).asked, [Recovery::ReloadModule("brcmfmac"), Recovery::Reboot("radio is gone".into())]);
    }

    #[test]
    fn the_log_is_asked_by_number_and_name() {
        let shared = Handle::default();
        for text in ["one", "two", "three"] {
            lock(&shared).ring.push(if text == "two" { "netd" } else { "radiod" }, text.as_bytes(), Duration::ZERO);
        }
        let lines = |path: &str| answer(&shared, &request("GET", path, Value::Null), &|| ()).1;
        assert_eq!(lines("/log?lines=2")["lines"].as_array().unwrap().len(), 2);
        assert_eq!(lines("/log?lines=9&daemon=netd")["lines"][0]["text"], "two");
        assert_eq!(lines("/log?from=2")["lines"][0]["text"], "three");
        assert_eq!(lines("/log")["next"], 3);
        assert_eq!(answer(&shared, &request("GET", "/x", Value::Null), &|| ()).0, 404);
    }
}
