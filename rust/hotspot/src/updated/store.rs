//! What the updater keeps in `/data/updated`: journal, history, roots, checkpoint. Each is a file of record.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use update::history::{History, Now};
use update::journal::Journal;
use update::machine::Line;

/// Kept free for when the storage is full, so that an update can still be tried and its end be told.
const RESERVE_BYTES: usize = 256 << 10;
/// No file of ours is larger.
const MAX_FILE: u64 = 1 << 20;
/// A clock before this was never set (2024-01-01).
const CLOCK_IS_SET: u64 = 1_704_067_200;

/// The folder.
#[derive(Clone, Debug)]
pub struct Store(PathBuf);

impl Store {
    /// In `/data`, or where `HOTSPOT_DATA` says, for tests.
    pub fn open() -> Self {
        let store = Self(crate::record::folder("updated"));
        let reserve = store.path("reserve");
        if !fs::metadata(&reserve).is_ok_and(|m| m.len() == RESERVE_BYTES as u64) {
            let _ = crate::record::replace(&reserve, &vec![0x55; RESERVE_BYTES], 0o600, None);
        }
        store
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file's bytes; `None` where there is none that can be read.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path(name)).ok()?.take(MAX_FILE + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= MAX_FILE).then_some(bytes)
    }

    /// Replaces a file; on a full storage out of the reserve.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let write = || crate::record::replace(&self.path(name), bytes, 0o600, None);
        match write() {
            Err(e) if e.kind() == io::ErrorKind::StorageFull && fs::remove_file(self.path("reserve")).is_ok() => write(),
            other => other,
        }
    }

    /// Takes a file away.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// A JSON file; what cannot be read is as if it were not there.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = self.get(name)?;
        serde_json::from_slice(&bytes).map_err(|e| log::warn!("{name} cannot be read and is begun anew: {e}")).ok()
    }

    /// Writes a JSON file. A storage that takes nothing is told and no more: the slot and the boot record do not need it.
    pub fn write<T: Serialize>(&self, name: &str, value: &T) {
        let written = serde_json::to_vec(value).map_err(io::Error::other).and_then(|bytes| self.put(name, &bytes));
        if let Err(e) = written {
            log::warn!("{}: {e}", self.path(name).display());
        }
    }

    /// The journal.
    pub fn journal(&self) -> Journal {
        self.read("journal.json").unwrap_or_default()
    }

    /// Keeps the journal.
    pub fn keep(&self, journal: &Journal) {
        self.write("journal.json", journal);
    }

    /// The history, with this start counted.
    pub fn history(&self, start: &str) -> History {
        let mut history: History = self.read("history.json").unwrap_or_default();
        history.count(start);
        history
    }

    /// Adds a line to the history and the log.
    pub fn tell(&self, history: &mut History, line: &Line) {
        if history.add(line, now()) {
            log::info!("{}: {}", line.event, line.text);
            self.write("history.json", history);
        }
    }

    /// Whether a file can be written and read back; why not.
    pub fn is_writable(&self) -> Result<(), String> {
        let probe = sys::process::uptime().as_nanos().to_string();
        self.put("probe", probe.as_bytes()).map_err(|e| e.to_string())?;
        if self.get("probe").as_deref() == Some(probe.as_bytes()) { Ok(()) } else { Err("it does not give back what was written".into()) }
    }
}

fn now() -> Now {
    let time = crate::clockd::shown();
    Now { time: if time >= CLOCK_IS_SET { time } else { 0 }, uptime_s: sys::process::uptime().as_secs() }
}
