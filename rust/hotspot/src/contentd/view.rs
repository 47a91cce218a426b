//! What contentd tells others: written by the worker, read by whoever asks.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::state::State;

/// Ends of jobs that are remembered.
const RESULTS: usize = 100;

/// Something that waits for the admin's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What to say `take` to.
    pub id: String,
    /// `bundle`, `unsigned` or `folder`.
    pub kind: &'static str,
    /// Its title by its own word.
    pub title: String,
    /// The publisher's fingerprint, empty when nobody vouches for it.
    pub publisher: String,
    /// Its release.
    pub seq: u64,
    /// Bytes, 0 when not known.
    pub bytes: u64,
    /// Where it is.
    pub path: PathBuf,
}

/// Work under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `checking`, `importing`, `exporting`, `fetching`, `scrubbing`.
    pub what: &'static str,
    /// Of what.
    pub title: String,
    /// Bytes done,
    pub done: u64,
    /// of so many; 0: not known.
    pub total: u64,
}

/// Space on the disk that the store is on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Space {
    /// Bytes that content takes.
    pub used: u64,
    /// Bytes that content may still take.
    pub room: u64,
    /// Bytes that always stay free for the rest of the box.
    pub reserve: u64,
}

/// The whole view.
#[derive(Debug, Default)]
pub struct View {
    /// Published bundles, as JSON; the one that arrived first before the others.
    pub bundles: Vec<Value>,
    /// What waits.
    pub waiting: Vec<Waiting>,
    /// What the admin has said yes or no to: it does not wait again until its stick is out.
    pub answered: HashSet<PathBuf>,
    /// What is under way.
    pub progress: Option<Progress>,
    /// Space.
    pub space: Space,
    /// Sources, with what was last heard of each.
    pub sources: Vec<Value>,
    results: VecDeque<(u64, Result<String, String>)>,
}

impl View {
    /// The admin has said a word about what waits under this id; false if nothing does.
    pub fn answered(&mut self, id: &str) -> bool {
        let Some(at) = self.waiting.iter().position(|w| w.id == id) else { return false };
        let answered = self.waiting.remove(at);
        self.answered.insert(answered.path);
        true
    }

    /// A job has ended.
    pub fn ended(&mut self, job: u64, result: Result<String, String>) {
        if self.results.len() == RESULTS {
            self.results.pop_front();
        }
        self.results.push_back((job, result));
    }
}

/// What the worker and those who ask share.
#[derive(Debug, Default)]
pub struct Shared {
    view: Mutex<View>,
    state: Mutex<State>,
}

impl Shared {
    /// With this state.
    pub fn new(state: State) -> Self {
        Self { view: Mutex::default(), state: Mutex::new(state) }
    }

    /// The view, locked for a moment.
    pub fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, locked for a moment.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `GET /status`.
    pub fn status(&self) -> Value {
        let view = self.view();
        let waiting = |w: &Waiting| json!({"id": w.id, "kind": w.kind, "title": w.title, "publisher": w.publisher, "seq": w.seq, "bytes": w.bytes, "path": w.path.to_string_lossy()});
        json!({
            "v": 1,
            "state": view.progress.as_ref().map_or("idle", |p| p.what),
            "progress": view.progress.as_ref().map(|p| json!({"what": p.what, "title": p.title, "done": p.done, "total": p.total})),
            "space": {"used": view.space.used, "room": view.space.room, "reserve": view.space.reserve},
            "bundles": view.bundles,
            "waiting": view.waiting.iter().map(waiting).collect::<Vec<_>>(),
            "sources": view.sources,
        })
    }

    /// `GET /job?n=N`: how a job ended; `None` while it has not.
    pub fn result(&self, job: u64) -> Option<Result<String, String>> {
        self.view().results.iter().find(|(n, _)| *n == job).map(|(_, result)| result.clone())
    }
}
