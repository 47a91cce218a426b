//! A root document: which keys may release, and which may name the next root.

use serde::{Deserialize, Serialize};

use super::key::{PublicKey, is_sound};

/// A root document. Canonical JSON with the fields in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Format version, 1.
    pub v: u32,
    /// Grows by one with every new root, from 1.
    pub version: u64,
    /// How many of `roots` must sign this root and the next.
    pub threshold: u32,
    /// Root keys, ascending.
    pub roots: Vec<PublicKey>,
    /// How many of `releases` must sign a bundle or a channel.
    pub release_threshold: u32,
    /// Release keys, ascending; none of them is a root key.
    pub releases: Vec<PublicKey>,
}

/// Most keys of one role.
pub(crate) const MAX_KEYS: usize = 16;

impl Root {
    /// Whether it is one that can be used; the error says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.v != 1 {
            return Err(format!("it has format {}; this program knows 1", self.v));
        }
        for (keys, threshold, role) in [(&self.roots, self.threshold, "root"), (&self.releases, self.release_threshold, "release")] {
            if keys.len() > MAX_KEYS || !keys.is_sorted_by(|a, b| a < b) {
                return Err(format!("its {role} keys are more than {MAX_KEYS}, or not each once and in order"));
            }
            if threshold == 0 || threshold as usize > keys.len() {
                return Err(format!("{threshold} of its {} {role} keys must sign, which cannot be", keys.len()));
            }
            if let Some(key) = keys.iter().find(|k| !is_sound(k)) {
                return Err(format!("{key} is no key"));
            }
        }
        if self.roots.iter().any(|key| self.releases.contains(key)) {
            return Err("one key is for roots and for releases; these must be different keys".into());
        }
        Ok(())
    }
}
