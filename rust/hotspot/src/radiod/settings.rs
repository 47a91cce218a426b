//! radiod's part of the settings: `/run/hotspot/settings.json` and `secrets.json`. A missing file means the defaults.

use std::io::Read;

use config::{Secrets, Settings};
use radio::Wish;
use serde::de::DeserializeOwned;

/// Largest settings file that is read, in bytes.
const MAX_FILE: u64 = 256 * 1024;

/// What was read.
pub struct Loaded {
    /// What the access point depends on.
    pub wish: Wish,
    /// The owner wants the internet, by what is set.
    pub wants_internet: bool,
    /// A Wi-Fi uplink is set.
    pub uplink_set: bool,
    /// hotspot.toml has something that could not be used.
    pub problems: bool,
}

/// Reads both files.
pub fn load() -> Loaded {
    let value: serde_json::Value = read("settings.json").unwrap_or_default();
    let problems = value["problems"].as_array().is_some_and(|list| !list.is_empty());
    let settings: Settings = serde_json::from_value(value).unwrap_or_default();
    let secrets: Secrets = read("secrets.json").unwrap_or_default();
    let uplink_set = !settings.uplink.wifi_ssid.is_empty();
    let wants_internet = uplink_set || settings.internet.access != config::Access::Blocked;
    Loaded { wish: Wish::new(&settings, &secrets), wants_internet, uplink_set, problems }
}

fn read<T: DeserializeOwned>(name: &str) -> Option<T> {
    let path = crate::ipc::run_dir().join(name);
    let mut bytes = Vec::new();
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(e) => {
            log::info!("{}: {e}; using the defaults", path.display());
            return None;
        }
    };
    let read = file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|e| e.to_string());
    match read.and_then(|_| serde_json::from_slice(&bytes).map_err(|e| e.to_string())) {
        Ok(value) => Some(value),
        Err(why) => {
            log::warn!("{}: {why}; using the defaults", path.display());
            None
        }
    }
}
