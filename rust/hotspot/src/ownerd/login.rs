//! Logging in, in two messages, and the sessions that come of it.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use owner::hex;
use owner::limit::Limit;
use owner::pake::{Pending, Verifier};
use owner::session::Sessions;
use rand_core::{OsRng, RngCore};
use serde_json::{Value, json};

use super::registry::Registry;

/// Logins that may wait for their second message.
const MOST_PENDING: usize = 64;
/// And for how long: a slow phone stretches the password for a few seconds.
const PENDING_FOR: Duration = Duration::from_secs(60);
/// Longest message, in bytes.
const MAX: usize = 512;

/// A number of 16 random bytes.
pub type Id = [u8; 16];

/// Everything about logging in.
pub struct Login {
    /// Who the owner is.
    pub registry: Registry,
    /// Who is logged in.
    pub sessions: Sessions,
    limit: Limit,
    pending: VecDeque<(Id, Ipv4Addr, Duration, Pending)>,
    /// A new password that waits for its upload, by session.
    changing: Option<(Id, Verifier)>,
}

impl Login {
    /// Nobody is logged in.
    pub fn new(registry: Registry) -> Self {
        Self { registry, sessions: Sessions::default(), limit: Limit::default(), pending: VecDeque::new(), changing: None }
    }

    /// `{ip, first}` → `{login, answer}`; `{login, last}` → `{session, setup}`.
    pub fn message(&mut self, now: Duration, body: &Value) -> (u16, Value) {
        let bytes = |name: &str| body[name].as_str().and_then(|text| hex::decode(text, MAX));
        let Some(ip) = body["ip"].as_str().and_then(|ip| ip.parse().ok()) else { return refused(400) };
        if let Some(first) = bytes("first") {
            return self.begin(now, ip, &first);
        }
        let id: Option<Id> = bytes("login").and_then(|id| id.try_into().ok());
        match (id, bytes("last")) {
            (Some(id), Some(last)) => self.finish(now, ip, id, &last),
            _ => refused(400),
        }
    }

    fn begin(&mut self, now: Duration, ip: Ipv4Addr, first: &[u8]) -> (u16, Value) {
        if let Err(wait) = self.limit.attempt(now, ip) {
            return (429, json!({"v": 1, "error": format!("too many tries, {} seconds to wait", wait.as_secs() + 1)}));
        }
        let Ok((answer, pending)) = self.registry.verifier().login(&mut OsRng, first) else { return refused(400) };
        self.pending.retain(|(_, _, at, _)| now.saturating_sub(*at) < PENDING_FOR);
        if self.pending.len() >= MOST_PENDING {
            // An address that fills the list loses its own first.
            let victim = self.pending.iter().position(|(_, from, ..)| *from == ip).unwrap_or(0);
            self.pending.remove(victim);
        }
        let id = random_id();
        self.pending.push_back((id, ip, now, pending));
        (200, json!({"v": 1, "login": hex::encode(&id), "answer": hex::encode(&answer)}))
    }

    fn finish(&mut self, now: Duration, ip: Ipv4Addr, id: Id, last: &[u8]) -> (u16, Value) {
        let Some(at) = self.pending.iter().position(|(known, from, ..)| *known == id && *from == ip) else { return refused(403) };
        let Some((.., begun, pending)) = self.pending.remove(at) else { return refused(403) };
        if now.saturating_sub(begun) >= PENDING_FOR {
            return refused(403);
        }
        let Ok(key) = pending.finish(last) else { return refused(403) };
        self.limit.right(ip);
        let session = random_id();
        self.sessions.begin(now, session, &key);
        log::info!("the owner has logged in");
        (200, json!({"v": 1, "session": hex::encode(&session), "setup": self.registry.waits()}))
    }

    /// In a session: `{request}` → `{answer}`; then `{upload}`, after which only this session goes on.
    pub fn new_password(&mut self, session: &Id, body: &Value) -> (u16, Value) {
        let bytes = |name: &str| body[name].as_str().and_then(|text| hex::decode(text, MAX));
        if let Some(request) = bytes("request") {
            let verifier = self.registry.verifier().clone();
            let Ok(answer) = verifier.change(&request) else { return refused(400) };
            self.changing = Some((*session, verifier));
            return (200, json!({"answer": hex::encode(&answer)}));
        }
        let Some(upload) = bytes("upload") else { return refused(400) };
        let Some((_, begun_with)) = self.changing.take().filter(|(id, _)| id == session) else { return refused(409) };
        let Ok(verifier) = begun_with.changed(&upload) else { return refused(400) };
        match self.registry.password_chosen(verifier) {
            Ok(()) => {
                self.sessions.end_others(session);
                self.pending.clear();
                log::info!("the owner has chosen a password");
                (200, json!({}))
            }
            Err(why) => (500, json!({"error": why})),
        }
    }

    /// Logins that failed or were broken off.
    pub fn wrong(&self) -> u64 {
        self.limit.wrong()
    }
}

fn refused(status: u16) -> (u16, Value) {
    (status, json!({"v": 1, "error": "no"}))
}

fn random_id() -> Id {
    let mut id = [0; 16];
    OsRng.fill_bytes(&mut id);
    id
}
