//! `settings.json` → what the portal shows. No file is no error: the portal is up before the settings are.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use portal::{Site, home};
use tokio::sync::Notify;

use super::clock;
use crate::ipc;
use crate::ownerd::{PICTURE, TOKEN, WORDS};

/// Largest settings file, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// While there is no file, it is looked for this often, in milliseconds.
const RETRY_MS: u64 = 1000;

#[derive(serde::Deserialize)]
struct File {
    #[serde(flatten)]
    settings: config::Settings,
    #[serde(default)]
    problems: Vec<config::Problem>,
}

/// The site as last read.
#[derive(Debug)]
pub struct Current {
    state: Mutex<State>,
    home: PathBuf,
    /// The site was read anew.
    pub changed: Notify,
}

/// The community's picture, in memory: it is small and everybody sees it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its type.
    pub mime: &'static str,
}

#[derive(Debug)]
struct State {
    site: Arc<Site>,
    picture: Option<Picture>,
    token: Option<String>,
    found: bool,
    tried_ms: u64,
}

impl Current {
    /// Reads the file, or starts with the defaults.
    pub fn new(home: PathBuf) -> Self {
        let site = Arc::new(Site { rescue: is_rescue(), ..Site::default() });
        let state = Mutex::new(State { site, picture: None, token: None, found: false, tried_ms: 0 });
        let current = Self { state, home, changed: Notify::new() };
        current.reload();
        current
    }

    /// Reads the file again; an unreadable one leaves things as they are.
    pub fn reload(&self) {
        let read = read();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tried_ms = clock::now_ms();
        match read {
            Ok(mut site) => {
                log::info!("settings read: {} problems", site.problems.len());
                site.home =
                    read_whole(&self.home.join(WORDS), MAX_WORDS).and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
                let picture = read_whole(&self.home.join(PICTURE), home::MAX_PICTURE);
                state.picture = picture.and_then(|bytes| Some(Picture { mime: home::picture_type(&bytes)?, bytes: bytes.into() }));
                site.picture = state.picture.as_ref().map(|p| version(&p.bytes));
                state.token =
                    read_whole(&self.home.join(TOKEN), 256).and_then(|bytes| String::from_utf8(bytes).ok()).map(|t| t.trim().to_owned());
                state.site = Arc::new(site);
                state.found = true;
                self.changed.notify_one();
            }
            Err(why) => log::debug!("settings: {why}; going on with what there is"),
        }
    }

    /// The site; looks for the first file now and then while there is none.
    pub fn site(&self) -> Arc<Site> {
        let retry = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = clock::now_ms();
            let due = !state.found && now - state.tried_ms >= RETRY_MS;
            if due {
                state.tried_ms = now;
            }
            due
        };
        if retry {
            self.reload();
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner).site.clone()
    }
}

fn is_rescue() -> bool {
    crate::cmdline::read("hotspot.slot").as_deref() == Some("rescue")
}

impl Current {
    /// The community's picture.
    pub fn picture(&self) -> Option<Picture> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).picture.clone()
    }
}

impl Current {
    /// What opens `/metrics`.
    pub fn token(&self) -> Option<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).token.clone()
    }
}

/// Larger words are not ours.
const MAX_WORDS: usize = 64 * 1024;

/// A file that is not larger than that.
pub fn read_whole(path: &Path, max: usize) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(max as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= max).then_some(bytes)
}

/// A word that differs for another picture: FNV-1a.
fn version(bytes: &[u8]) -> String {
    format!("{:08x}", bytes.iter().fold(0x811c_9dc5_u32, |sum, b| (sum ^ u32::from(*b)).wrapping_mul(0x0100_0193)))
}

fn read() -> Result<Site, String> {
    use std::io::Read;
    let path = ipc::run_dir().join("settings.json");
    let mut text = String::new();
    let file = std::fs::File::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    file.take(MAX_FILE).read_to_string(&mut text).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(&text).map_err(|e| format!("{}: {e}", path.display()))
}

fn parse(text: &str) -> Result<Site, String> {
    let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
    Ok(Site { rescue: is_rescue(), ..Site::new(&file.settings, file.problems) })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_as_the_settings_program_writes_it() {
        let mut value = serde_json::to_value(config::Settings::default()).unwrap();
        value["community"]["name"] = "Aldeia".into();
        value["v"] = 1.into();
        value["problems"] = serde_json::json!([{"line": 3, "key": "wifi.ssid", "reason": "too long"}]);
        let site = super::parse(&value.to_string()).unwrap();
        assert_eq!((site.community.as_str(), site.problems.len()), ("Aldeia", 1));
        assert!(super::parse("{").is_err());
        assert_eq!(super::parse("{}").unwrap().community, "P2P Hotspot");
    }
}
