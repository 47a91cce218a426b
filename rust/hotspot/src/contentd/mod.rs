//! contentd: takes bundles in, keeps them whole, and tells what there is. The portal serves them.
//!
//! One thread changes the store, a job at a time (`worker.rs`); the socket's thread answers from memory (`view.rs`).

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use content::key::Publisher;
use tokio::signal::unix::{SignalKind, signal};

use crate::netd::settings;
use crate::{ipc, logging};
use service::Service;
use state::State;
use view::Shared;
use worker::{Job, Worker};

mod service;
mod state;
mod sticks;
mod view;
mod worker;

#[cfg(test)]
mod tests;

struct Options {
    store: PathBuf,
    sticks: PathBuf,
    quota: u64,
}

/// `[--store FOLDER] [--sticks FOLDER] [--quota BYTES]`.
fn options(args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { store: "/data/contentd".into(), sticks: ipc::run_dir().join("sticks"), quota: 0 };
    let mut args = args.skip(2);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("contentd: {arg} needs a value"))?;
        match arg.as_str() {
            "--store" => options.store = value.into(),
            "--sticks" => options.sticks = value.into(),
            "--quota" => options.quota = value.parse().map_err(|_| format!("contentd: {value} is no number of bytes"))?,
            _ => return Err(format!("contentd: {arg} is unknown; there are --store FOLDER, --sticks FOLDER and --quota BYTES")),
        }
    }
    Ok(options)
}

/// Publishers that the settings trust; a name that is none is said in the log.
fn trusted() -> Vec<Publisher> {
    let wishes = settings::load().content.trusted;
    let parsed = wishes
        .iter()
        .filter_map(|name| name.parse().inspect_err(|_| log::warn!("[content] trusted: \"{name}\" is no publisher's name")).ok());
    parsed.collect()
}

/// Runs until told to stop.
pub fn run() -> ExitCode {
    logging::init();
    let options = match options(std::env::args()) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log::error!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> Result<(), String> {
    let say = |e: std::io::Error| format!("{}: {e}", options.store.display());
    std::fs::create_dir_all(&options.store).map_err(say)?;
    let shared = Arc::new(Shared::new(State::load(&options.store.join("state.json"))));
    let worker = Worker::open(&options.store, &options.sticks, options.quota, shared.clone()).map_err(say)?;
    let (jobs, queue) = mpsc::channel();
    let keys = Arc::new(Mutex::new(trusted()));
    let service = Service::new(shared, jobs.clone());
    ipc::serve("contentd", move |request| service.answer(&request)).map_err(|e| format!("no socket: {e}"))?;
    let for_worker = keys.clone();
    let work = move || worker.run(&queue, &|| for_worker.lock().unwrap_or_else(PoisonError::into_inner).clone());
    std::thread::Builder::new().name("worker".into()).stack_size(512 * 1024).spawn(work).map_err(|e| e.to_string())?;
    log::info!("the library is open: {}", options.store.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let mut hangup = signal(SignalKind::hangup()).map_err(|e| e.to_string())?;
        let mut terminate = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
        loop {
            tokio::select! {
                _ = hangup.recv() => {
                    *keys.lock().unwrap_or_else(PoisonError::into_inner) = trusted();
                    let _ = jobs.send((0, Job::Again));
                }
                // What is under way is staged only: the next start clears it away.
                _ = terminate.recv() => return Ok(()),
            }
        }
    })
}
