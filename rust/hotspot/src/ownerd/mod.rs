//! ownerd: who the owner is, and what an owner asks for. Strangers' bytes reach it through portald, which can read none of it.
//!
//! What it decides is in the `owner` crate; here are the file of record, the other daemons and the time.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::{ipc, logging};

mod api;
mod content;
mod edit;
mod home;
mod internet;
mod login;
mod registry;
mod stats;
mod sticks;
mod tls;
mod token;

pub use edit::{KEEP, TRIAL};
pub use home::{PICTURE, WORDS};
pub use token::TOKEN;

/// How often it is looked whether a change on trial is over.
const TICK: Duration = Duration::from_millis(500);

/// What the socket's thread and the clock share.
pub struct Shared {
    /// Logins and sessions.
    pub login: login::Login,
    /// Settings on trial.
    pub edit: edit::Edit,
    /// The community's part of the first page.
    pub home: home::Keeper,
}

type Handle = Arc<Mutex<Shared>>;

fn lock(shared: &Handle) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs until told to stop. `--data FOLDER` moves the file of record, for tests.
pub fn run(args: &[String]) -> ExitCode {
    logging::init();
    let data = match args {
        [] => PathBuf::from("/data/ownerd"),
        [flag, folder] if flag == "--data" => folder.into(),
        _ => {
            eprintln!("ownerd: there is only --data FOLDER");
            return ExitCode::from(2);
        }
    };
    crate::daemon::run(&mut tokio::runtime::Builder::new_current_thread(), serve(data))
}

async fn serve(data: PathBuf) -> Result<(), String> {
    let registry = registry::Registry::open(data.clone())?;
    token::make(&data);
    let shared = Shared { login: login::Login::new(registry), edit: edit::Edit::default(), home: home::Keeper(data) };
    let shared: Handle = Arc::new(Mutex::new(shared));
    let handler = shared.clone();
    ipc::serve("ownerd", move |request| api::answer(&handler, &request)).map_err(|e| format!("no socket: {e}"))?;
    let mut hangup = signal(SignalKind::hangup()).map_err(|e| e.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    if edit::abandoned() {
        log::warn!("a change of settings was on trial when this program ended, and is undone");
        edit::ask_to_read_again().await;
    }
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            // The settings were read anew: a password may stand in them, or a new owner be wanted.
            _ = hangup.recv() => lock(&shared).login.registry.look_again(),
            _ = terminate.recv() => return Ok(()),
            _ = tick.tick() => turn(&shared).await,
        }
    }
}

/// What time brings: a change that nobody confirmed is undone; the card is told who the owner is.
async fn turn(shared: &Handle) {
    let now = sys::process::uptime();
    if lock(shared).edit.expire(now) {
        log::warn!("a change of settings was not confirmed from the new network and is undone");
        edit::ask_to_read_again().await;
    }
    let due = lock(shared).login.registry.take_message(now);
    if let Some(message) = due
        && let Err(e) = ipc::ask("supervisor", "/owner", Some(&message)).await
    {
        log::debug!("the card is not told yet: {e}");
        lock(shared).login.registry.not_told(now);
    }
}
