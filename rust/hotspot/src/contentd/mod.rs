//! contentd: takes bundles in, keeps them whole, and tells what there is. The portal serves them.
//!
//! One thread changes the store, a job at a time (`worker.rs`); the socket's thread answers from memory (`view.rs`).

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use content::key::Publisher;
use tokio::signal::unix::{SignalKind, signal};

use crate::netd::settings;
use crate::{ipc, logging};
use service::Service;
use state::State;
use view::Shared;
use worker::{Job, Worker};

mod export;
mod neighbours;
mod service;
mod sources;
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

/// The first look at sources after the internet is there, between two looks, and after one that failed is the next round.
const FIRST: Duration = Duration::from_secs(60);
const USUAL: Duration = Duration::from_secs(6 * 3600);
const ROUND: Duration = Duration::from_secs(30);
/// All that is held is read for rot about once a month.
const SCRUB: Duration = Duration::from_secs(30 * 86_400);

/// Says when sources are due: soon after the internet has come back, then every few hours, never all boxes at once.
fn timer(jobs: &mpsc::Sender<(u64, Job)>) {
    let mut next: Option<Instant> = None;
    let mut scrub = Instant::now() + jitter(SCRUB);
    loop {
        std::thread::sleep(ROUND);
        let online = uplink().online;
        next = match next {
            _ if !online => None,
            None => Some(Instant::now() + jitter(FIRST)),
            Some(at) if Instant::now() >= at => {
                if jobs.send((0, Job::Follow)).is_err() {
                    return;
                }
                Some(Instant::now() + jitter(USUAL))
            }
            waiting => waiting,
        };
        if Instant::now() >= scrub {
            scrub = Instant::now() + jitter(SCRUB);
            let _ = jobs.send((0, Job::Scrub));
        }
    }
}

/// What netd says of the uplink.
struct Uplink {
    /// There is a network, with the internet or without.
    online: bool,
    own: Option<Ipv4Addr>,
    gateway: Option<Ipv4Addr>,
}

fn uplink() -> Uplink {
    let status = ipc::ask_blocking("netd", "/status", None).unwrap_or_default();
    let uplink = &status["uplink"];
    let address = |key: &str| uplink[key].as_str().and_then(|text| text.split('/').next()?.parse().ok());
    Uplink { online: matches!(uplink["state"].as_str(), Some("internet" | "lease")), own: address("address"), gateway: address("gateway") }
}

impl Uplink {
    /// Gateways on the uplink's network: hotspots that say they are there, and whoever leads on from it, for that is one where this
    /// box has joined another's network.
    fn others(&self) -> Vec<String> {
        let mut found = self.own.map(neighbours::hotspots).unwrap_or_default();
        found.extend(self.gateway.filter(|gateway| !found.contains(gateway)));
        found.iter().map(|address| format!("http://{address}")).collect()
    }
}

/// Half to one and a half times as long.
fn jitter(about: Duration) -> Duration {
    let mut random = [0; 2];
    let _ = std::fs::File::open("/dev/urandom").and_then(|mut f| std::io::Read::read_exact(&mut f, &mut random));
    about / 2 + about.mul_f64(f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX))
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
    let for_timer = jobs.clone();
    std::thread::Builder::new().name("timer".into()).stack_size(256 * 1024).spawn(move || timer(&for_timer)).map_err(|e| e.to_string())?;
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
