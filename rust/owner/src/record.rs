//! What the box keeps of its owner: one file of record.

use serde::{Deserialize, Serialize};

use crate::pake::Verifier;

/// `owner.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Format, 1.
    pub v: u32,
    /// The verifier's two halves, in hexadecimal.
    pub setup: String,
    /// The second.
    pub verifier: String,
    /// The setup code, while no password has been chosen; then empty.
    #[serde(default)]
    pub code: String,
    /// Which `new-owner.txt` on the card has been heard (its size, time and sum), so that it is heard once.
    #[serde(default)]
    pub heard: String,
}

impl Record {
    /// A record of this verifier.
    pub fn new(verifier: &Verifier, code: String, heard: String) -> Self {
        let [setup, record] = verifier.to_texts();
        Self { v: 1, setup, verifier: record, code, heard }
    }

    /// From the file's bytes.
    pub fn parse(bytes: &[u8]) -> Option<(Self, Verifier)> {
        let record: Self = serde_json::from_slice(bytes).ok()?;
        let verifier = Verifier::from_texts(&record.setup, &record.verifier)?;
        (record.v == 1).then_some((record, verifier))
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Does the box still wait for its owner to choose a password?
    pub fn waits(&self) -> bool {
        !self.code.is_empty()
    }
}
