//! What the updater must know after a restart: `/data/updated/journal.json`.

use serde::{Deserialize, Serialize};

/// Releases that are remembered as not kept.
const MOST_BLAMED: usize = 16;
/// So many unexplained ends of a trial count as the release's own fault.
const TRIES: u32 = 2;

/// A release that is on its way into a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Release {
    /// Its sequence.
    pub seq: u64,
    /// Its build time, seconds since 1970.
    pub built: u64,
    /// SHA-256 of its manifest in hexadecimal: what makes it this one and no other. Empty: not from a bundle.
    pub id: String,
    /// Where it came from, in words.
    pub from: String,
    /// The owner asked for this very file.
    pub asked: bool,
    /// The floor of sequences once it has proved itself.
    pub floor: u64,
    /// The floor of build times then.
    pub built_floor: u64,
    /// The owner went back to it from this sequence.
    pub instead_of: Option<u64>,
}

/// How far the trial of a release has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// In the boot record.
    Set,
    /// Its updater has been seen.
    Started,
    /// The health gate gave up for this reason.
    Unwell(String),
}

/// A release whose trial is to come or runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// `a` or `b`.
    pub slot: String,
    /// What is in it.
    pub release: Release,
    /// How far it has come.
    pub stage: Stage,
}

/// A release that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blamed {
    /// Its manifest's hash; empty when it is not known.
    pub id: String,
    /// Its sequence.
    pub seq: u64,
    /// How often.
    pub times: u32,
}

/// All of it. A file that is missing or unreadable is an empty journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Journal {
    /// The trial that is to come or runs.
    pub pending: Option<Pending>,
    /// The start of the box in which this was written last: the kernel's `boot_id`.
    pub start: String,
    /// The bundle whose writing was begun and not ended.
    pub unfinished: Option<String>,
    /// Releases that were not kept.
    pub blamed: Vec<Blamed>,
    /// The floors, as the boot record has them: whichever is greater counts.
    pub floor: u64,
    /// The floor of build times.
    pub built_floor: u64,
    /// Whether the release before had an access point: the next one must have it too.
    pub had_radio: bool,
}

impl Journal {
    /// Whether this release is left alone unless the owner asks for it.
    pub fn avoids(&self, id: &str, seq: u64) -> bool {
        self.blamed.iter().any(|b| b.times >= TRIES && (b.id == id || (b.id.is_empty() && b.seq == seq)))
    }

    /// It was not kept; `surely` by its own fault.
    pub fn blame(&mut self, release: &Release, surely: bool) {
        let times = if surely { TRIES } else { 1 };
        match self.blamed.iter_mut().find(|b| b.id == release.id && b.seq == release.seq) {
            Some(known) => known.times = known.times.saturating_add(times),
            None => self.blamed.push(Blamed { id: release.id.clone(), seq: release.seq, times }),
        }
        let surplus = self.blamed.len().saturating_sub(MOST_BLAMED);
        self.blamed.drain(..surplus);
    }

    /// It was kept: it is blamed no more, and what the owner went back from is left alone.
    pub fn settle(&mut self, release: &Release) {
        self.blamed.retain(|b| b.seq != release.seq || (b.id != release.id && !release.id.is_empty()));
        if let Some(seq) = release.instead_of {
            self.blame(&Release { seq, ..Release::default() }, true);
        }
    }
}
