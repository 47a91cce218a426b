//! Counters for `/metrics` and `GET /status`: numbers only, nothing of a person.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// All counters.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests that were answered.
    pub requests: AtomicU64,
    /// Those for somebody else's host.
    pub captured: AtomicU64,
    /// Taps on Continue.
    pub continues: AtomicU64,
    /// Files sent, whole or in part.
    pub files: AtomicU64,
    /// Files that are being sent now.
    pub downloads: AtomicU64,
    /// Connections now.
    pub connections: AtomicU64,
    /// Connections ended to make room.
    pub evicted: AtomicU64,
    /// Phones that have continued and are remembered.
    pub continued: AtomicU64,
    /// Bytes of files that were asked for.
    pub served: AtomicU64,
    /// How often a file of each bundle was opened, by the bundle's root.
    pub reads: Mutex<HashMap<String, u64>>,
}

/// Bundles that are told apart.
const MOST_READ: usize = 1000;

impl Metrics {
    /// A file of a bundle was opened.
    pub fn read(&self, root: &str) {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        if reads.len() < MOST_READ || reads.contains_key(root) {
            *reads.entry(root.to_owned()).or_default() += 1;
        }
    }

    /// `GET /counts`, for countd.
    pub fn counts(&self) -> serde_json::Value {
        let reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone();
        serde_json::json!({"v": 1, "served": self.served.load(Ordering::Relaxed), "reads": reads})
    }

    /// All of them, for `/metrics`.
    pub fn own(&self) -> [portal::metrics::Own; 9] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("requests", true, "Requests answered.", read(&self.requests)),
            ("captured", true, "Requests for hosts elsewhere, probes included.", read(&self.captured)),
            ("continues", true, "Taps on Continue.", read(&self.continues)),
            ("files", true, "Files sent, whole or in part.", read(&self.files)),
            ("served_bytes", true, "Bytes of files that were asked for.", read(&self.served)),
            ("evicted", true, "Connections ended to make room.", read(&self.evicted)),
            ("downloads", false, "Files on their way.", read(&self.downloads)),
            ("connections", false, "Open connections.", read(&self.connections)),
            ("continued", false, "Phones that tapped Continue and are remembered.", read(&self.continued)),
        ]
    }
}

/// Counts one.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
