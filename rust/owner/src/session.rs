//! Sessions: each has a key that the login made on both sides; it seals every request and answer, and a counter that only grows.
//!
//! The key is not ambient as a cookie is: another page cannot use it (no CSRF), a listener cannot read or repeat what was sent, and an
//! answer that somebody else made up does not open.

use std::time::Duration;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

/// Unused for so long, a session is over.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// A session lasts no longer.
pub const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// Sessions at a time; the one that was not used for longest gives way.
pub const MOST: usize = 16;

/// Why a request is not heard. Whoever asks hears the same in all cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotInSession;

struct Session {
    id: [u8; 16],
    /// From the owner to the box, and back.
    keys: [Key; 2],
    counter: u64,
    begun: Duration,
    used: Duration,
}

/// All sessions; they live in memory and end with the program.
#[derive(Default)]
pub struct Sessions(Vec<Session>);

impl Sessions {
    /// Begins a session with this key from the login.
    pub fn begin(&mut self, now: Duration, id: [u8; 16], key: &[u8; 64]) {
        self.tidy(now);
        if self.0.len() >= MOST
            && let Some(oldest) = (0..self.0.len()).min_by_key(|i| self.0[*i].used)
        {
            self.0.swap_remove(oldest);
        }
        let half = |from| <[u8; 32]>::try_from(&key[from..from + 32]).map(Key::from).unwrap_or_default();
        self.0.push(Session { id, keys: [half(0), half(32)], counter: 0, begun: now, used: now });
    }

    /// Opens a request. Its counter must be greater than any before.
    pub fn open(&mut self, now: Duration, id: &[u8; 16], counter: u64, sealed: &[u8]) -> Result<Vec<u8>, NotInSession> {
        self.tidy(now);
        let session = self.0.iter_mut().find(|s| s.id == *id).ok_or(NotInSession)?;
        if counter <= session.counter {
            return Err(NotInSession);
        }
        let cipher = ChaCha20Poly1305::new(&session.keys[0]);
        let plain = cipher.decrypt(&nonce(counter), Payload { msg: sealed, aad: id }).map_err(|_| NotInSession)?;
        // Only now: a stranger's forgery must not move the counter.
        session.counter = counter;
        session.used = now;
        Ok(plain)
    }

    /// Seals the answer to the request with this counter.
    pub fn seal(&self, id: &[u8; 16], counter: u64, plain: &[u8]) -> Option<Vec<u8>> {
        let session = self.0.iter().find(|s| s.id == *id)?;
        ChaCha20Poly1305::new(&session.keys[1]).encrypt(&nonce(counter), Payload { msg: plain, aad: id }).ok()
    }

    /// Ends one.
    pub fn end(&mut self, id: &[u8; 16]) {
        self.0.retain(|s| s.id != *id);
    }

    /// Ends all but one: the password has changed.
    pub fn end_others(&mut self, id: &[u8; 16]) {
        self.0.retain(|s| s.id == *id);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    fn tidy(&mut self, now: Duration) {
        self.0.retain(|s| now.saturating_sub(s.used) < IDLE && now.saturating_sub(s.begun) < LONGEST);
    }
}

/// Four zeros and the counter (RFC 8439, 2.3): no two messages under one key share it.
fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_be_bytes());
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 16] = [7; 16];
    const KEY: [u8; 64] = [9; 64];

    fn seal(counter: u64, text: &[u8]) -> Vec<u8> {
        let key = Key::from([9; 32]);
        ChaCha20Poly1305::new(&key).encrypt(&nonce(counter), Payload { msg: text, aad: &ID }).unwrap()
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_request_is_heard_once() {
        let mut sessions = Sessions::default();
        sessions.begin(at(0), ID, &KEY);
        let sealed = seal(1, b"hello");
        assert_eq!(sessions.open(at(1), &ID, 1, &sealed).unwrap(), b"hello");
        assert_eq!(sessions.open(at(1), &ID, 1, &sealed), Err(NotInSession), "repeated");
        assert_eq!(sessions.open(at(1), &ID, 2, &sealed), Err(NotInSession), "repeated with another counter");
        assert_eq!(sessions.open(at(1), &[8; 16], 2, &seal(2, b"x")), Err(NotInSession), "another session");
        let mut torn = seal(2, b"x");
        torn[0] ^= 1;
        assert_eq!(sessions.open(at(1), &ID, 2, &torn), Err(NotInSession));
        assert_eq!(sessions.open(at(1), &ID, u64::MAX, &torn), Err(NotInSession));
        assert_eq!(sessions.open(at(1), &ID, 2, &seal(2, b"x")).unwrap(), b"x", "a forgery moved nothing");
    }

    #[test]
    fn the_two_directions_do_not_mix() {
        let mut key = KEY;
        key[32..].fill(1);
        let mut sessions = Sessions::default();
        sessions.begin(at(0), ID, &key);
        let answer = sessions.seal(&ID, 1, b"yes").unwrap();
        assert_eq!(sessions.open(at(0), &ID, 1, &answer), Err(NotInSession));
    }

    #[test]
    fn sessions_end_and_are_bounded() {
        let mut sessions = Sessions::default();
        for n in 0..20_u8 {
            sessions.begin(at(n.into()), [n; 16], &KEY);
        }
        assert_eq!(sessions.count(), MOST);
        assert!(sessions.seal(&[0; 16], 1, b"").is_none(), "the oldest gave way");
        sessions.end_others(&[10; 16]);
        assert_eq!(sessions.count(), 1);
        assert_eq!(sessions.open(at(10) + IDLE, &[10; 16], 1, &[]), Err(NotInSession));
        assert_eq!(sessions.count(), 0);
    }
}
