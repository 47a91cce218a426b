//! What opens `/metrics`: made once, shown to the owner, read by portald.

use std::fs;
use std::path::Path;

use owner::hex;
use rand_core::{OsRng, RngCore};
use serde_json::{Value, json};

use crate::record;

/// Its file, beside the owner's record; readable by the group.
pub const TOKEN: &str = "metrics-token";

/// Makes it, unless there is one.
pub fn make(data: &Path) {
    let path = data.join(TOKEN);
    if !path.exists() {
        let mut bytes = [0; 16];
        OsRng.fill_bytes(&mut bytes);
        if let Err(e) = record::replace(&path, format!("{}\n", hex::encode(&bytes)).as_bytes(), 0o640, None) {
            log::warn!("{}: {e}", path.display());
        }
    }
}

/// `GET /metrics-token`.
pub fn show(data: &Path) -> (u16, Value) {
    let text = fs::read_to_string(data.join(TOKEN)).unwrap_or_default();
    (200, json!({"token": text.trim()}))
}
