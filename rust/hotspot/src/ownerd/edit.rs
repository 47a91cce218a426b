//! Changing the settings: looked at, tried, kept or undone. The supervisor's step applies them; here are only the files it reads.
//!
//! A trial is a file in `/run`, so a power cut forgets it; what is kept is written by the step, whole, into `/data`.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use config::{Entry, Secrets, Settings};
use owner::effect::{self, Change, Effect};
use owner::trial::{Refusal, Trial};
use serde_json::{Map, Value, json};

use crate::{ipc, record};

/// The settings on trial, over those of record.
pub const TRIAL: &str = "ownerd/trial.toml";
/// Settings to be kept from now on; the step takes the file away when that is done.
pub const KEEP: &str = "ownerd/keep.toml";

/// The supervisor's step is done by then.
const WRITTEN_IN: Duration = Duration::from_secs(8);

/// Changes under way.
#[derive(Default)]
pub struct Edit {
    trial: Trial,
}

/// The settings that hold, with their secrets.
pub fn current() -> Settings {
    let read = |name: &str| fs::read(ipc::run_dir().join(name)).unwrap_or_default();
    let settings: Settings = serde_json::from_slice(&read("settings.json")).unwrap_or_default();
    let secrets: Secrets = serde_json::from_slice(&read("secrets.json")).unwrap_or_default();
    settings.with_secrets(&secrets)
}

/// A number that is another one after any change, so that two owners do not undo each other's work unknowingly.
fn edition(settings: &Settings) -> String {
    let text = config::render(&config::entries_of(settings));
    // FNV-1a: it only has to differ.
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x}")
}

impl Edit {
    /// Every setting, with what changing it does to phones.
    pub fn show(&self, now: Duration) -> (u16, Value) {
        let settings = current();
        let defaults = config::values_of(&Settings::default());
        let keys: Vec<Value> = config::values_of(&settings)
            .iter()
            .zip(&defaults)
            .filter(|((key, _), _)| *key != "version" && *key != "admin.password")
            .map(|((key, value), (_, default))| {
                let secret = effect::SECRETS.contains(key);
                let shown = if secret { json!(value != default) } else { effect::json_of(value) };
                json!({"key": key, "secret": secret, "value": shown, "default": effect::json_of(default), "effect": effect::of(key)})
            })
            .collect();
        let lists = json!({"countries": config::countries().collect::<Vec<_>>(), "timezones": config::timezones().collect::<Vec<_>>()});
        (
            200,
            json!({"edition": edition(&settings), "keys": keys, "lists": lists, "later": config::later(), "trial_left_s": self.left(now)}),
        )
    }

    /// `{edition, set: {key: value}, apply: bool}`: looks, and applies if nothing is wrong and it is wanted.
    pub fn change(&mut self, now: Duration, body: &Value) -> (u16, Value) {
        let settings = current();
        let none = Map::new();
        let change = effect::look_at(&settings, body["set"].as_object().unwrap_or(&none));
        let told = |applied: &str| {
            let keys: Vec<Value> = change.entries.iter().map(|e| json!({"key": e.key, "effect": effect::of(&e.key)})).collect();
            json!({"effect": change.effect, "changes": keys, "problems": change.problems, "applied": applied})
        };
        if body["edition"].as_str() != Some(&edition(&settings)) {
            return (409, json!({"error": "somebody else has changed the settings meanwhile"}));
        }
        if !change.problems.is_empty() {
            return (422, told("no"));
        }
        if body["apply"] != Value::Bool(true) || change.entries.is_empty() {
            return (200, told("no"));
        }
        match self.apply(now, &change) {
            Ok(applied) => (200, told(applied)),
            Err(why) => (500, json!({"error": why})),
        }
    }

    fn apply(&mut self, now: Duration, change: &Change) -> Result<&'static str, String> {
        if change.effect == Effect::Drop {
            let entries = self.trial.begin(now, change.entries.clone()).to_vec();
            if let Err(why) = put(TRIAL, &entries) {
                self.trial.undo(None);
                return Err(why);
            }
            log::info!("a change of settings is on trial for {} s", owner::trial::HOLDS.as_secs());
            Ok("trial")
        } else {
            put(KEEP, &change.entries)?;
            Ok("kept")
        }
    }

    /// The owner has found the new network.
    pub fn confirm(&mut self, now: Duration) -> (u16, Value) {
        match self.trial.confirm(now) {
            Ok(entries) => match put(KEEP, &entries) {
                Ok(()) => {
                    let _ = fs::remove_file(path(TRIAL));
                    (200, json!({}))
                }
                Err(why) => (500, json!({"error": why})),
            },
            Err(Refusal::TooEarly) => (425, json!({"error": "the new network has hardly begun"})),
            Err(Refusal::Nothing) => (404, json!({"error": "no change waits to be confirmed"})),
        }
    }

    /// The owner takes it back.
    pub fn undo(&mut self) -> (u16, Value) {
        if self.trial.undo(None) { self.forget() } else { (404, json!({"error": "no change waits to be confirmed"})) }
    }

    /// Its time is over: true if settings must be read again.
    pub fn expire(&mut self, now: Duration) -> bool {
        self.trial.undo(Some(now)) && {
            self.forget();
            true
        }
    }

    /// Seconds that a change on trial still holds.
    pub fn left(&self, now: Duration) -> Option<u64> {
        self.trial.left(now).map(|left| left.as_secs())
    }

    fn forget(&self) -> (u16, Value) {
        match fs::remove_file(path(TRIAL)) {
            Ok(()) => (200, json!({})),
            Err(e) => (500, json!({"error": e.to_string()})),
        }
    }
}

/// Takes away what a program before this one had on trial, of which nobody knows when it ends: true if settings must be read again.
pub fn abandoned() -> bool {
    fs::remove_file(path(TRIAL)).is_ok()
}

fn path(name: &str) -> PathBuf {
    ipc::run_dir().join(name)
}

fn put(name: &str, entries: &[Entry]) -> Result<(), String> {
    let path = path(name);
    if let Some(folder) = path.parent() {
        // In tests nobody has made it.
        let _ = fs::create_dir(folder);
    }
    record::replace(&path, config::render(entries).as_bytes(), 0o600, None).map_err(|e| format!("{}: {e}", path.display()))
}

/// When the settings were last applied, in milliseconds of the box's own count, and how long daemons may be starting again after that.
static APPLIED: AtomicU64 = AtomicU64::new(u64::MAX);
const SETTLES: u64 = 10_000;

fn uptime_ms() -> u64 {
    u64::try_from(sys::process::uptime().as_millis()).unwrap_or(0)
}

/// Whether a daemon that does not answer may be one that has just been given new settings.
pub fn is_settling() -> bool {
    uptime_ms().checked_sub(APPLIED.load(Ordering::Relaxed)).is_some_and(|ago| ago < SETTLES)
}

/// Has the supervisor read the settings again.
pub async fn ask_to_read_again() {
    APPLIED.store(uptime_ms(), Ordering::Relaxed);
    if let Err(e) = ipc::ask("supervisor", "/settings", Some(&json!({"v": 1}))).await {
        log::error!("the settings cannot be applied: {e}");
    }
}

/// The same from the socket's thread; waits until what is to be kept has been written.
pub fn ask_to_read_again_now() -> Result<(), String> {
    APPLIED.store(uptime_ms(), Ordering::Relaxed);
    ipc::ask_blocking("supervisor", "/settings", Some(&json!({"v": 1}))).map_err(|e| e.to_string())?;
    for _ in 0..WRITTEN_IN.as_millis() / 50 {
        if !path(KEEP).exists() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("the settings were not written in time; hotspot log says more".into())
}
