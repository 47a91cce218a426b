//! The community's certificate: judged by the `tls` crate, kept in a file that only portald reads, served on port 443. Without one,
//! or with one that cannot be used, HTTP goes on as ever.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tls::{Pair, Refusal};
use tokio::sync::Notify;
use tokio_rustls::rustls::ServerConfig;

use crate::{clockd, record};

/// Key and chain, one file, so that they change together.
const FILE: &str = "tls.pem";

/// The certificate as last read.
pub struct Certificate {
    folder: PathBuf,
    state: Mutex<State>,
    /// There is another one, or none any more.
    pub changed: Notify,
}

#[derive(Default)]
struct State {
    /// The settings' domain; empty: none is wanted.
    domain: String,
    held: Held,
    /// Why port 443 is not open although it should be.
    shut: Option<String>,
}

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    /// With what speaks against it.
    Bad(&'static str),
    Good {
        server: Arc<ServerConfig>,
        until: u64,
    },
}

/// Says nothing of what it holds.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

impl Certificate {
    /// Nothing is read yet; the file is in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, state: Mutex::default(), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the file for this domain.
    pub fn look(&self, domain: &str) {
        let held = if domain.is_empty() { Held::Nothing } else { self.read(domain) };
        *self.lock() = State { domain: domain.to_owned(), held, shut: None };
    }

    fn read(&self, domain: &str) -> Held {
        let path = self.folder.join(FILE);
        if !path.exists() {
            return Held::Nothing;
        }
        let text = super::settings::read_whole(&path, tls::MAX_CHAIN + tls::MAX_KEY).and_then(|bytes| String::from_utf8(bytes).ok());
        match text.ok_or(Refusal::ChainForm).and_then(|text| tls::read(&text, domain)) {
            Ok(pair) => held(pair),
            Err(why) => {
                log::warn!("no HTTPS, {}: {why}", path.display());
                Held::Bad(why.code())
            }
        }
    }

    /// What serves HTTPS now.
    pub fn server(&self) -> Option<Arc<ServerConfig>> {
        match &self.lock().held {
            Held::Good { server, .. } => Some(server.clone()),
            _ => None,
        }
    }

    /// Port 443 cannot be opened, or could.
    pub fn shut(&self, why: Option<String>) {
        self.lock().shut = why;
    }

    /// The domain under which HTTPS works, as far as the box knows.
    pub fn works(&self) -> Option<String> {
        let told = self.told();
        (told["state"] == "on" && told["ended"] == false).then(|| self.lock().domain.clone())
    }

    /// How it is, without anything that is secret.
    pub fn told(&self) -> Value {
        let state = self.lock();
        let told = |how: &str| json!({"v": 1, "state": how, "domain": state.domain});
        match (&state.held, &state.shut) {
            _ if state.domain.is_empty() => told("off"),
            (Held::Nothing, _) => told("none"),
            (Held::Bad(code), _) => json!({"v": 1, "state": "bad", "domain": state.domain, "code": code}),
            (Held::Good { .. }, Some(why)) => {
                json!({"v": 1, "state": "bad", "domain": state.domain, "code": "port", "error": why})
            }
            (Held::Good { until, .. }, None) => {
                let ended = now().is_some_and(|now| now > *until);
                json!({"v": 1, "state": "on", "domain": state.domain, "date": tls::date(*until), "ended": ended})
            }
        }
    }

    /// `{chain, key}`, both PEM: judged, kept and served, or `no` with the reason.
    pub fn keep(&self, body: &Value) -> (u16, Value) {
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let domain = self.lock().domain.clone();
        let pair = match tls::check(text("chain"), text("key"), &domain, now()) {
            Ok(pair) => pair,
            Err(why) => {
                let no = json!({"error": why.to_string(), "code": why.code(), "domain": domain, "date": why.date()});
                return (200, json!({"v": 1, "no": no}));
            }
        };
        // The supervisor has made it on the box, and in tests nobody.
        let _ = std::fs::create_dir(&self.folder);
        if let Err(e) = record::replace(&self.folder.join(FILE), pair.text().as_bytes(), 0o600, None) {
            return (500, json!({"v": 1, "error": format!("it could not be kept: {e}")}));
        }
        let (from, until) = (tls::date(pair.from), tls::date(pair.until));
        let notes: Vec<&str> = pair.notes.iter().map(|note| note.code()).collect();
        let held = held(pair);
        let mut state = self.lock();
        // The settings may have changed meanwhile: then the file is looked at again anyway.
        if state.domain == domain {
            state.held = held;
        }
        drop(state);
        log::info!("the certificate for {domain} is kept; it ends on {until}");
        self.changed.notify_one();
        (200, json!({"v": 1, "domain": domain, "from": from, "date": until, "notes": notes}))
    }

    /// Takes it away.
    pub fn remove(&self) -> (u16, Value) {
        match std::fs::remove_file(self.folder.join(FILE)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => (500, json!({"v": 1, "error": e.to_string()})),
            _ => {
                self.lock().held = Held::Nothing;
                log::info!("the certificate is removed");
                self.changed.notify_one();
                (200, json!({"v": 1}))
            }
        }
    }
}

fn held(pair: Pair) -> Held {
    let until = pair.until;
    match pair.server() {
        Ok(server) => Held::Good { server: Arc::new(server), until },
        Err(why) => {
            log::error!("no HTTPS: {why}");
            Held::Bad("key-kind")
        }
    }
}

/// The time, where somebody has said it.
fn now() -> Option<u64> {
    clockd::is_sure().then(clockd::shown)
}
