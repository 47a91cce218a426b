//! The owner's things on the card's FAT partition: the setup code, the password that is wiped, the file that asks for a new owner.
//!
//! Only data sectors of files that exist are written, never metadata: a cut at any moment leaves the firmware's partition whole.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use config::blank;
use update::Layout;

use super::card;
use super::start::DATA;
use crate::ipc::run_dir;
use crate::record::replace;

const BOOT: &str = "/boot";
/// Where the supervisor leaves what ownerd said, for the step.
const SAID: &str = "owner-said.json";
/// A range of hotspot.toml that is being wiped: a cut meanwhile is made good at the next start.
const WIPING: &str = "settings/wiping";
/// A second, writable way to p1, for a moment.
const MAPPING: &str = "hotspot-boot-write";

/// What ownerd says: `{setup_code, wipe}`.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Said {
    /// The code while the box waits for its owner; else empty.
    setup_code: String,
    /// The password in hotspot.toml has been taken: it is to go.
    #[serde(default)]
    wipe: bool,
}

/// Takes ownerd's word, if it can be one, and leaves it for the step.
pub fn say(body: &serde_json::Value) -> Result<(), String> {
    let said: Said = serde_json::from_value(body.clone()).map_err(|e| e.to_string())?;
    if !said.setup_code.is_empty() && !owner::code::is_code(&said.setup_code) {
        return Err("that is no setup code".into());
    }
    let bytes = serde_json::to_vec(&said).map_err(|e| e.to_string())?;
    replace(&run_dir().join(SAID), &bytes, 0o600, Some(0)).map_err(|e| e.to_string())
}

/// The step: brings the card to what ownerd said, and writes nothing that is already so.
pub fn run() -> Result<(), String> {
    let bytes = fs::read(run_dir().join(SAID)).map_err(|e| e.to_string())?;
    let said: Said = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
    if !said.setup_code.is_empty() {
        // Whoever has the box's cable or screen in their hands may know; on a Pi the console is the cable.
        for screen in ["/dev/console", "/dev/tty1"] {
            let _ = fs::OpenOptions::new()
                .write(true)
                .open(screen)
                .and_then(|mut to| write!(to, "\r\nSetup code of this box: {}\r\n", said.setup_code));
        }
    }
    let marker = Path::new(DATA).join(WIPING);
    let result = wipe(&marker, said.wipe).and_then(|()| code(&said.setup_code));
    let _ = sys::dm::remove(MAPPING);
    result
}

/// Overwrites the line of the owner's password in hotspot.toml.
fn wipe(marker: &Path, wanted: bool) -> Result<(), String> {
    let path = Path::new(BOOT).join("hotspot.toml");
    let Ok(bytes) = fs::read(&path) else { return Ok(()) };
    let left_over = fs::read_to_string(marker).ok().and_then(|text| unfinished(&text, &bytes));
    let range = left_over.or_else(|| blank::lines_of(&bytes, "admin.password").filter(|_| wanted));
    let Some(range) = range.filter(|r: &Range<usize>| r.start < r.end && r.end <= bytes.len()) else {
        let _ = fs::remove_file(marker);
        return Ok(());
    };
    replace(marker, mark(&bytes, &range).as_bytes(), 0o600, Some(0)).map_err(|e| format!("{}: {e}", marker.display()))?;
    overwrite(&path, range.start as u64, &blank::spaces(&bytes, range.clone()))?;
    log::info!("the owner's password is wiped from hotspot.toml");
    fs::remove_file(marker).map_err(|e| format!("{}: {e}", marker.display()))
}

/// What says that these bytes of the file are being wiped: from, to, and a sum of all others.
fn mark(bytes: &[u8], range: &Range<usize>) -> String {
    let others = update::sha256(&[&bytes[..range.start], &bytes[range.end..]].concat());
    format!("{} {} {others}\n", range.start, range.end)
}

/// The bytes that such a mark is about, if the file is still the one: somebody may have written another since.
fn unfinished(text: &str, bytes: &[u8]) -> Option<Range<usize>> {
    let mut words = text.split_whitespace();
    let range = words.next()?.parse().ok()?..words.next()?.parse().ok()?;
    (range.start <= range.end && range.end <= bytes.len() && mark(bytes, &range) == text).then_some(range)
}

/// Writes the setup code, or that there is none.
fn code(code: &str) -> Result<(), String> {
    let path = Path::new(BOOT).join("setup-code.txt");
    let text = if code.is_empty() { owner::code::file_when_done() } else { owner::code::file(code) };
    match fs::read(&path) {
        Ok(old) if old == text => Ok(()),
        Ok(old) if old.len() == text.len() => overwrite(&path, 0, &text),
        // Somebody took it away or changed its size: the console has the code.
        Ok(_) | Err(_) => Err(format!("{} is not as the card was made: the setup code stands on the console only", path.display())),
    }
}

fn overwrite(path: &Path, offset: u64, bytes: &[u8]) -> Result<(), String> {
    let layout = Layout::built_in();
    let (disk, _) = card::disk()?;
    let device = sys::dm::linear(MAPPING, &disk, layout.boot.0, layout.boot.1, false).map_err(|e| format!("mapping p1: {e}"))?;
    let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    sys::in_place::overwrite(&file, &device, offset, bytes).map_err(|e| format!("{}: {e}", path.display()))
}

/// Which `new-owner.txt` stands on the card: its size, time and a sum; empty when there is none.
pub fn new_owner() -> String {
    which(&Path::new(BOOT).join("new-owner.txt")).unwrap_or_default()
}

fn which(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let meta = file.metadata().ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    file.take(64 * 1024).read_to_end(&mut bytes).ok()?;
    let sum = bytes.iter().fold(5381_u32, |sum, b| sum.wrapping_mul(33) ^ u32::from(*b));
    Some(format!("{}:{}:{sum:08x}", meta.len(), meta.mtime()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wipe_that_was_cut_goes_on_in_the_same_file_only() {
        let file = b"[admin]\npassword = \"secret\"\n[wifi]\n";
        let range = 8..28;
        let text = mark(file, &range);
        assert_eq!(unfinished(&text, file), Some(range));
        assert_eq!(unfinished(&text, b"[admin]\npassword =           [wifi]\n".as_slice()), None, "shorter");
        assert_eq!(unfinished(&text, b"[admin]\n            secret\"\n[wifi]\n"), Some(8..28), "half wiped");
        assert_eq!(unfinished(&text, b"[wifix]\nssid = \"Vila Nova\"[wifi]\n"), None, "another file");
        for bad in ["", "8", "8 28", "28 8 x", "8 99999999999999999999 x"] {
            assert_eq!(unfinished(bad, file), None);
        }
    }

    #[test]
    fn only_a_code_is_taken_for_one() {
        for bad in [serde_json::json!({}), serde_json::json!({"setup_code": "rm -rf /"}), serde_json::json!({"setup_code": 7})] {
            assert!(say(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_new_file_is_another() {
        let path = std::env::temp_dir().join(format!("hotspot-new-owner-{}", std::process::id()));
        assert_eq!(which(&path), None);
        fs::write(&path, "").unwrap();
        let empty = which(&path).unwrap();
        assert_eq!(which(&path).unwrap(), empty);
        fs::write(&path, "x").unwrap();
        assert_ne!(which(&path).unwrap(), empty);
        fs::remove_file(&path).unwrap();
    }
}
