//! What contentd remembers beside the store: whom the admin trusts, what is pinned, what arrived from where.

use std::path::{Path, PathBuf};

use content::Manifest;
use content::key::Publisher;
use content::policy::Policy;
use content::store::Index;
use serde::{Deserialize, Serialize};

use crate::clockd::shown;
use crate::record;

/// Lines of the log of arrivals that are kept.
const LOG: usize = 500;
/// A larger file is not ours.
const MAX: u64 = 4 << 20;

/// One line of the log of arrivals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Seconds since 1970, by the box's clock.
    pub t: u64,
    /// `published`, `refused`, `failed`, `removed`, `exported`.
    pub what: String,
    /// The bundle's title or the file's name.
    pub title: String,
    /// Its publisher; empty when nobody vouches for it.
    pub publisher: String,
    /// Where it came from.
    pub from: String,
    /// Why, when something went wrong.
    pub why: String,
}

impl Arrival {
    /// What happened now. `manifest`: only of somebody who vouches for it.
    pub fn new(what: &str, manifest: Option<&Manifest>, title: &str, from: &str, why: &str) -> Self {
        Self {
            t: shown(),
            what: what.into(),
            title: title.into(),
            publisher: manifest.map(|m| m.publisher.to_string()).unwrap_or_default(),
            from: from.into(),
            why: why.into(),
        }
    }

    /// What went well with a bundle, which whoever signed it vouches for.
    pub fn of(what: &str, index: &Index, from: &str) -> Self {
        Self::new(what, Some(&index.manifest).filter(|_| index.signed), &index.manifest.title, from, "")
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    publisher: String,
    series: String,
    seq: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct File {
    v: u32,
    trusted: Vec<String>,
    refused: Vec<String>,
    highest: Vec<Seen>,
    pinned: Vec<String>,
    log: Vec<Arrival>,
}

/// The state, and where it is kept.
#[derive(Debug, Default)]
pub struct State {
    path: PathBuf,
    /// Trust, and what was seen.
    pub policy: Policy,
    /// Roots that stay when room is needed.
    pub pinned: Vec<String>,
    /// The newest last.
    pub log: Vec<Arrival>,
}

impl State {
    /// Reads it; none yet is empty, and one that cannot be read is put aside and said so.
    pub fn load(path: &Path) -> Self {
        let mut state = Self { path: path.to_owned(), ..Self::default() };
        let file = match std::fs::metadata(path)
            .and_then(|m| if m.len() > MAX { Err(std::io::Error::other("too large")) } else { std::fs::read(path) })
        {
            Ok(bytes) => serde_json::from_slice::<File>(&bytes).map_err(|e| e.to_string()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return state,
            Err(e) => Err(e.to_string()),
        };
        match file {
            Err(why) => {
                log::error!("{}: {why}; put aside, trust starts anew", path.display());
                let _ = std::fs::rename(path, path.with_extension("bad"));
            }
            Ok(file) => {
                let keys = |list: Vec<String>| list.iter().filter_map(|key| key.parse().ok()).collect();
                state.policy.trusted = keys(file.trusted);
                state.policy.refused = keys(file.refused);
                let highest = file.highest.into_iter().filter_map(|s| Some(((s.publisher.parse::<Publisher>().ok()?, s.series), s.seq)));
                state.policy.highest = highest.collect();
                state.pinned = file.pinned;
                state.log = file.log;
            }
        }
        state
    }

    /// Writes it, whole.
    pub fn save(&self) {
        let names = |set: &std::collections::BTreeSet<Publisher>| set.iter().map(ToString::to_string).collect();
        let seen = |((publisher, series), seq): (&(Publisher, String), &u64)| Seen {
            publisher: publisher.to_string(),
            series: series.clone(),
            seq: *seq,
        };
        let file = File {
            v: 1,
            trusted: names(&self.policy.trusted),
            refused: names(&self.policy.refused),
            highest: self.policy.highest.iter().map(seen).collect(),
            pinned: self.pinned.clone(),
            log: self.log.clone(),
        };
        let written = serde_json::to_vec_pretty(&file)
            .map_err(std::io::Error::other)
            .and_then(|bytes| record::replace(&self.path, &bytes, 0o640, None));
        if let Err(e) = written {
            log::error!("{}: {e}; what was said is kept until the next start only", self.path.display());
        }
    }

    /// Adds a line to the log of arrivals, and saves.
    pub fn note(&mut self, line: Arrival) {
        if self.log.len() >= LOG {
            self.log.remove(0);
        }
        self.log.push(line);
        self.save();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use content::key::Secret;

    #[test]
    fn what_is_said_is_remembered() {
        let folder = std::env::temp_dir().join(format!("hotspot-content-state-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("state.json");
        let mut state = State::load(&path);
        let publisher = Secret::from_seed(&[1; 32]).publisher();
        state.policy.trusted.insert(publisher);
        state.policy.highest.insert((publisher, "books".into()), 9);
        state.pinned.push("bafy".into());
        let line = Arrival {
            t: 1,
            what: "published".into(),
            title: "T".into(),
            publisher: publisher.to_string(),
            from: "stick".into(),
            why: String::new(),
        };
        for _ in 0..LOG + 5 {
            state.note(line.clone());
        }
        let again = State::load(&path);
        assert_eq!((&again.policy, &again.pinned, again.log.len()), (&state.policy, &state.pinned, LOG));
        std::fs::write(&path, "{").unwrap();
        assert!(State::load(&path).policy.trusted.is_empty() && folder.join("state.bad").exists());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
