//! What the other daemons know of a client: asked in passing, each with a short wait, and done without when silent.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portal::continued::Identity;
use serde_json::{Value, json};
use tokio::time::Instant;
use wire::hostapd::parse_mac;

use super::cached::{Cached, Patience};
use crate::ipc;

/// A daemon on the same box that has not answered by then is silent.
const WAIT: Duration = Duration::from_millis(250);
/// How long a client's identity holds: a phone that leaves and joins again takes longer.
const CLIENT_FRESH: Duration = Duration::from_millis(500);
/// A silent netd is left alone for so long, so that no request after the first waits for it.
const NETD_PAUSE: Duration = Duration::from_secs(1);
/// Clients remembered at most; beyond, all are asked for again.
const MAX_CLIENTS: usize = 1024;

/// Radio stations change as phones come and go.
const STATIONS: Patience = Patience { fresh: Duration::from_secs(1), usable: Duration::from_secs(2), wait: WAIT };
/// The supervisor asks other daemons in turn, so its answer may take a little longer.
const STATUS: Patience = Patience { fresh: Duration::from_secs(2), usable: Duration::from_secs(4), wait: Duration::from_millis(1500) };
/// For `/healthz`, which never waits.
const STATUS_AT_HAND: Patience = Patience { fresh: Duration::from_secs(2), usable: Duration::from_secs(60), wait: Duration::ZERO };

/// Tells netd that a phone has met the portal.
pub async fn greeted(ip: Ipv4Addr) {
    if let Err(error) = ipc::ask("netd", "/gate/greeted", Some(&json!({"v": 1, "ip": ip}))).await {
        log::debug!("netd: {error}");
    }
}

/// The other daemons.
#[derive(Debug)]
pub struct Neighbours {
    clients: Mutex<Clients>,
    stations: Arc<Cached<Value>>,
    status: Arc<Cached<Value>>,
    updates: Arc<Cached<(Value, Value)>>,
}

#[derive(Debug, Default)]
struct Clients {
    known: HashMap<Ipv4Addr, (Identity, Instant)>,
    netd_silent_since: Option<Instant>,
}

impl Neighbours {
    /// Nothing is asked yet.
    pub fn new() -> Self {
        Self { clients: Mutex::default(), stations: Cached::new(), status: Cached::new(), updates: Cached::new() }
    }

    /// Who an address is, from netd.
    pub async fn client(&self, ip: Ipv4Addr) -> Identity {
        {
            let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((who, at)) = clients.known.get(&ip).filter(|(_, at)| at.elapsed() < CLIENT_FRESH) {
                let _ = at;
                return *who;
            }
            if clients.netd_silent_since.is_some_and(|at| at.elapsed() < NETD_PAUSE) {
                return Identity::Unknown;
            }
        }
        let path = format!("/client?ip={ip}");
        let answer = tokio::time::timeout(WAIT, ipc::ask("netd", &path, None)).await;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let who = match answer {
            Ok(Ok(value)) => identity(&value),
            Ok(Err(ipc::Error::Refused(..))) => Identity::Unknown,
            Ok(Err(ipc::Error::NoAnswer(_))) | Err(_) => {
                clients.netd_silent_since = Some(Instant::now());
                return Identity::Unknown;
            }
        };
        clients.netd_silent_since = None;
        if clients.known.len() >= MAX_CLIENTS {
            clients.known.clear();
        }
        clients.known.insert(ip, (who, Instant::now()));
        who
    }

    /// radiod's limit of phones, and whether this one took the last place.
    pub async fn place(&self, who: Identity) -> (Option<u64>, bool) {
        let Some(stations) = self.stations.get(STATIONS, || asked("radiod", "/stations")).await else { return (None, false) };
        let last = match who {
            Identity::Known { mac, .. } => stations["stations"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|s| s["last"] == Value::Bool(true) && s["mac"].as_str().and_then(parse_mac) == Some(mac)),
            Identity::Unknown => false,
        };
        (stations["limit"].as_u64(), last)
    }

    /// What a phone may use of the internet, from netd.
    pub async fn way(&self, ip: Ipv4Addr) -> Option<Value> {
        let path = format!("/gate/phone?ip={ip}");
        tokio::time::timeout(WAIT, ipc::ask("netd", &path, None)).await.ok()?.ok()
    }

    /// The gate in numbers, from netd.
    pub async fn gate(&self) -> Option<Value> {
        tokio::time::timeout(WAIT, ipc::ask("netd", "/gate", None)).await.ok()?.ok()
    }

    /// What somebody typed, judged by netd. It writes down before it answers, which a slow card takes its time for.
    pub async fn enter(&self, ip: Ipv4Addr, text: &str) -> Option<Value> {
        ipc::ask("netd", "/gate/enter", Some(&json!({"v": 1, "ip": ip, "text": text}))).await.ok()
    }

    /// The supervisor's status, for people.
    pub async fn status(&self) -> Option<Arc<Value>> {
        self.status.get(STATUS, || asked("supervisor", "/status")).await
    }

    /// updated's status and history, for people.
    pub async fn updates(&self) -> Option<Arc<(Value, Value)>> {
        let ask = || async { Some((asked("updated", "/status").await?, asked("updated", "/history").await.unwrap_or_default())) };
        self.updates.get(STATUS, ask).await
    }

    /// Is the box well, as far as known? A silent supervisor is no reason to say no.
    pub async fn is_well(&self) -> bool {
        let status = self.status.get(STATUS_AT_HAND, || asked("supervisor", "/status")).await;
        status.is_none_or(|status| portal::status::is_well(&status))
    }
}

async fn asked(name: &'static str, path: &'static str) -> Option<Value> {
    ipc::ask(name, path, None).await.inspect_err(|e| log::debug!("{name}: {e}")).ok()
}

fn identity(value: &Value) -> Identity {
    match (value["mac"].as_str().and_then(parse_mac), value["join"].as_u64()) {
        (Some(mac), Some(join)) => Identity::Known { mac, join },
        _ => Identity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_read_and_nonsense_is_unknown() {
        let value = serde_json::json!({"v": 1, "ip": "10.42.0.7", "mac": "02:00:00:00:00:0a", "join": 3});
        assert_eq!(identity(&value), Identity::Known { mac: [2, 0, 0, 0, 0, 10], join: 3 });
        assert_eq!(identity(&Value::Null), Identity::Unknown);
    }
}
