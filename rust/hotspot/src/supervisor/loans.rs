//! Which sticks may be written, and until when: a daemon that died with a stick in its hands does not keep it.

use std::time::Duration;

use serde_json::Value;

/// Without another word from whoever writes, a stick is read-only again after this.
pub const LONGEST: Duration = Duration::from_secs(600);
/// Sticks that may be written at a time.
const MOST: usize = 8;

/// One wish: this insertion of this stick, to be written or not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Which, as [`insertion`] says it.
    pub stick: String,
    /// To be written.
    pub write: bool,
}

impl Wish {
    /// `{name, seq, write}`. Errors: what is wrong, in a line.
    pub fn read(body: &Value) -> Result<Self, String> {
        let name = body["name"].as_str().unwrap_or_default();
        let plain = name.starts_with("sd") && name.len() <= 16 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        match (plain, body["seq"].as_u64(), body["write"].as_bool()) {
            (true, Some(seq), Some(write)) => Ok(Self { stick: insertion(name, seq), write }),
            _ => Err("a stick is {name, seq, write}, as sticks.json has it".into()),
        }
    }
}

/// One insertion of a stick, as `sda1:7`.
pub fn insertion(name: &str, seq: u64) -> String {
    format!("{name}:{seq}")
}

/// The sticks that are lent.
#[derive(Default)]
pub struct Loans(Vec<(String, Duration)>);

impl Loans {
    /// Takes a wish; whether the step has something to do.
    pub fn take(&mut self, wish: Wish, now: Duration) -> bool {
        let before = self.0.len();
        self.0.retain(|(stick, _)| *stick != wish.stick);
        let was = self.0.len() < before;
        if wish.write && self.0.len() < MOST {
            self.0.push((wish.stick, now + LONGEST));
        }
        was != wish.write
    }

    /// Drops what nobody has spoken for; whether the step has something to do.
    pub fn expire(&mut self, now: Duration) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, until)| *until > now);
        self.0.len() < before
    }

    /// When the next one is over.
    pub fn next(&self) -> Option<Duration> {
        self.0.iter().map(|(_, until)| *until).min()
    }

    /// For the step's command line.
    pub fn sticks(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(stick, _)| stick.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stick_is_lent_and_given_back_or_forgotten() {
        let wish = |write| Wish::read(&json!({"name": "sda1", "seq": 7, "write": write})).unwrap();
        let at = Duration::from_secs;
        let mut loans = Loans::default();
        assert!(!loans.take(wish(false), at(0)), "nothing to give back");
        assert!(loans.take(wish(true), at(1)) && !loans.take(wish(true), at(500)), "said again, it lasts longer");
        assert_eq!((loans.sticks().collect::<Vec<_>>(), loans.next()), (vec!["sda1:7"], Some(at(500) + LONGEST)));
        assert!(!loans.expire(at(700)) && loans.take(wish(false), at(701)) && loans.next().is_none());
        assert!(loans.take(wish(true), at(1)) && loans.expire(at(1) + LONGEST) && loans.sticks().next().is_none());
    }

    #[test]
    fn only_sticks_are_wished_for() {
        for bad in ["mmcblk0p1", "../sda", "sda/../x", "SDA", "", "sdaaaaaaaaaaaaaaaaaaaaa", "sda 1"] {
            assert!(Wish::read(&json!({"name": bad, "seq": 1, "write": true})).is_err(), "{bad}");
        }
        assert!(Wish::read(&json!({"name": "sda", "write": true})).is_err() && Wish::read(&Value::Null).is_err());
        let mut loans = Loans::default();
        for n in 0..20 {
            loans.take(Wish { stick: format!("sda:{n}"), write: true }, Duration::ZERO);
        }
        assert_eq!(loans.sticks().count(), MOST);
    }
}
