//! Writing on a stick: the supervisor lends it, for as long as one writes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::ipc;
use crate::supervisor::sticks::{self, FOLDER, Stick};

/// How long the supervisor's step may take: it waits itself for whoever reads the stick.
const LONGEST: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);
/// The loan is asked for again this often, well before the supervisor takes the stick back by itself.
const AGAIN: Duration = Duration::from_secs(120);

/// A stick that may be written now. Dropping it gives it back.
#[derive(Debug)]
pub struct Loan {
    stick: Stick,
    folder: PathBuf,
    asked: Instant,
    ended: bool,
}

/// The stick that `path` lies on, if it is one of ours.
pub fn stick_of(path: &Path) -> Option<Stick> {
    let name = path.strip_prefix(ipc::run_dir().join("sticks")).ok()?.components().next()?.as_os_str().to_str()?.to_owned();
    sticks::known().into_iter().find(|stick| stick.name == name)
}

impl Loan {
    /// Waits until the stick may be written. Errors: why it may not, for a person.
    pub fn of(stick: Stick) -> Result<Self, String> {
        let folder =
            stick.path.as_ref().ok_or_else(|| stick.why.clone().unwrap_or_else(|| "the stick is not mounted".into()))?.join(FOLDER);
        let loan = Self { stick, folder, asked: Instant::now(), ended: false };
        loan.say(true)?;
        match loan.wait(true) {
            Some(now) if now.writable => Ok(loan),
            Some(Stick { refused: Some(why), .. }) => Err(format!("the stick cannot be written: {why}")),
            Some(_) => Err("the stick is not made ready: pull it, push it in again, and try again".into()),
            None => Err("the stick is out".into()),
        }
    }

    /// The folder on it that is ours to write in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// To be called now and then by whoever writes for long.
    pub fn keep(&mut self) {
        if self.asked.elapsed() >= AGAIN {
            self.asked = Instant::now();
            let _ = self.say(true);
        }
    }

    /// Gives it back: when this returns well, all is on the stick and it can be pulled.
    pub fn end(mut self) -> Result<(), String> {
        self.ended = true;
        self.say(false)?;
        match self.wait(false) {
            Some(now) if !now.writable => Ok(()),
            Some(_) => Err("the stick is still being written: wait a minute before it is pulled".into()),
            None => Err("the stick was pulled too early: what was written may be incomplete".into()),
        }
    }

    fn say(&self, write: bool) -> Result<(), String> {
        let body = json!({"v": 1, "name": self.stick.name, "seq": self.stick.seq, "write": write});
        ipc::ask_blocking("supervisor", "/stick", Some(&body)).map(drop).map_err(|e| format!("the stick cannot be asked for: {e}"))
    }

    /// The stick when it is as wished, or refused, or time is up; `None`: it is out.
    fn wait(&self, write: bool) -> Option<Stick> {
        let until = Instant::now() + LONGEST;
        loop {
            let now = sticks::known().into_iter().find(|s| s.name == self.stick.name && s.seq == self.stick.seq)?;
            if now.writable == write || (write && now.refused.is_some()) || Instant::now() >= until {
                return Some(now);
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.say(false);
        }
    }
}
