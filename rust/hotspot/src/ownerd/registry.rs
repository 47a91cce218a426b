//! The file of record of who the owner is: made at first boot, replaced whole.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use owner::code;
use owner::pake::Verifier;
use owner::record::Record;
use rand_core::{OsRng, RngCore};
use serde_json::{Value, json};

use crate::{ipc, record};

/// While the supervisor cannot be told, it is tried this often.
const AGAIN: Duration = Duration::from_secs(5);
/// Larger files are not ours.
const MAX: u64 = 64 * 1024;

/// The owner.
pub struct Registry {
    path: PathBuf,
    record: Record,
    verifier: Verifier,
    /// The password in hotspot.toml is taken and may go.
    wipe: bool,
    /// When the card is to be told, if it still is.
    to_tell: Option<Duration>,
}

impl Registry {
    /// Reads `owner.json`, or makes a setup code.
    pub fn open(folder: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let path = folder.join("owner.json");
        let stored = match fs::metadata(&path).map(|m| m.len()) {
            Ok(n) if n <= MAX => fs::read(&path).ok().and_then(|bytes| Record::parse(&bytes)),
            _ => None,
        };
        if stored.is_none() && path.exists() {
            log::error!("{} cannot be read and is set aside: the box asks for a new owner", path.display());
            let _ = fs::rename(&path, path.with_extension("bad"));
        }
        let stored = stored.map_or_else(|| fresh_code(String::new()), Ok)?;
        let mut this = Self { path, record: stored.0, verifier: stored.1, wipe: false, to_tell: None };
        if !this.path.exists() {
            this.save()?;
        }
        this.tell();
        this.look_again();
        Ok(this)
    }

    /// Looks whether hotspot.toml has a password, or `new-owner.txt` stands on the card.
    pub fn look_again(&mut self) {
        let secrets = secrets();
        let wanted = secrets["new_owner"].as_str().unwrap_or_default().to_owned();
        let result = match secrets["admin_password"].as_str().filter(|p| !p.is_empty()) {
            Some(password) => {
                log::info!("the owner's password is taken from hotspot.toml and wiped there");
                Verifier::of_password(&mut OsRng, password)
                    .map_err(|_| "the password in hotspot.toml cannot be used".to_owned())
                    .and_then(|verifier| self.replace(verifier, String::new(), wanted))
                    .map(|()| self.wipe = true)
            }
            None if !wanted.is_empty() && wanted != self.record.heard => {
                log::warn!("new-owner.txt stands on the card: the box has a new setup code");
                fresh_code(wanted).and_then(|(record, verifier)| {
                    (self.record, self.verifier) = (record, verifier);
                    self.save()
                })
            }
            None => return,
        };
        if let Err(why) = result {
            log::error!("{why}");
        }
        self.tell();
    }

    /// A new verifier, for good; the setup code is over.
    pub fn replace(&mut self, verifier: Verifier, code: String, heard: String) -> Result<(), String> {
        let record = Record::new(&verifier, code, heard);
        let before = std::mem::replace(&mut self.record, record);
        if let Err(why) = self.save() {
            self.record = before;
            return Err(why);
        }
        self.verifier = verifier;
        self.tell();
        Ok(())
    }

    /// The owner has chosen a password.
    pub fn password_chosen(&mut self, verifier: Verifier) -> Result<(), String> {
        let heard = self.record.heard.clone();
        self.replace(verifier, String::new(), heard)
    }

    /// What logins are checked against.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Does the box still wait for its owner?
    pub fn waits(&self) -> bool {
        self.record.waits()
    }

    /// What the card is to be told now; once, unless [`Registry::not_told`] says that it failed.
    pub fn take_message(&mut self, now: Duration) -> Option<Value> {
        self.to_tell.take_if(|at| *at <= now).map(|_| json!({"v": 1, "setup_code": self.record.code, "wipe": self.wipe}))
    }

    /// It could not be told: again later.
    pub fn not_told(&mut self, now: Duration) {
        self.to_tell.get_or_insert(now + AGAIN);
    }

    fn tell(&mut self) {
        self.to_tell = Some(Duration::ZERO);
    }

    fn save(&self) -> Result<(), String> {
        record::replace(&self.path, &self.record.to_bytes(), 0o600, None).map_err(|e| format!("{}: {e}", self.path.display()))
    }
}

/// A record with a new setup code.
fn fresh_code(heard: String) -> Result<(Record, Verifier), String> {
    let code = code::make(|| {
        let mut byte = [0];
        OsRng.fill_bytes(&mut byte);
        byte[0]
    });
    let verifier = Verifier::of_password(&mut OsRng, &code::normal(&code)).map_err(|_| "no setup code can be made".to_owned())?;
    Ok((Record::new(&verifier, code, heard), verifier))
}

/// `secrets.json`; nothing while there is none.
fn secrets() -> Value {
    let bytes = fs::read(ipc::run_dir().join("secrets.json")).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
