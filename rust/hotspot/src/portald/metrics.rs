//! Counters for `/metrics` and `GET /status`: numbers only, nothing of a person.

use std::sync::atomic::{AtomicU64, Ordering};

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
}

impl Metrics {
    /// Prometheus' text format 0.0.4.
    pub fn text(&self) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("requests_total", "counter", "Requests answered.", read(&self.requests)),
            ("captured_total", "counter", "Requests for hosts elsewhere, probes included.", read(&self.captured)),
            ("continues_total", "counter", "Taps on Continue.", read(&self.continues)),
            ("files_total", "counter", "Files sent, whole or in part.", read(&self.files)),
            ("evicted_total", "counter", "Connections ended to make room.", read(&self.evicted)),
            ("downloads", "gauge", "Files on their way.", read(&self.downloads)),
            ("connections", "gauge", "Open connections.", read(&self.connections)),
            ("continued", "gauge", "Phones that tapped Continue and are remembered.", read(&self.continued)),
        ]
        .iter()
        .map(|(name, kind, help, value)| {
            format!("# HELP hotspot_portal_{name} {help}\n# TYPE hotspot_portal_{name} {kind}\nhotspot_portal_{name} {value}\n")
        })
        .collect()
    }
}

/// Counts one.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
