//! clockd: what time it is, on a computer without a clock of its own. What it takes for the time is decided in [`core`]; here are the
//! file, the servers and the clock.

mod core;

use std::net::{ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand_core::{OsRng, RngCore};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use wire::sntp;

use self::core::{Clock, Kept};
use crate::{ipc, logging, record};

/// Names of the world's pool: each is another few servers.
const SERVERS: [&str; 4] = ["0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org", "time.cloudflare.com"];
/// A server that has not answered by then does not.
const WAIT: Duration = Duration::from_secs(3);
/// How often it is looked whether there is something to do.
const TICK: Duration = Duration::from_secs(20);

/// Is the clock right, as far as anybody can know: set by the network or by the owner since the start? For other programs of the box.
pub fn is_sure() -> bool {
    let text = std::fs::read(ipc::run_dir().join("clockd/clock.json")).unwrap_or_default();
    let told: Value = serde_json::from_slice(&text).unwrap_or_default();
    matches!(told["source"].as_str(), Some("network" | "owner"))
}

type Handle = Arc<Mutex<Clock>>;

fn lock(clock: &Handle) -> MutexGuard<'_, Clock> {
    clock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs until told to stop.
pub fn run() -> ExitCode {
    logging::init();
    crate::daemon::run(tokio::runtime::Builder::new_current_thread().max_blocking_threads(1), serve())
}

async fn serve() -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let mut hangup = signal(SignalKind::hangup()).map_err(|e| e.to_string())?;
    let (clock, forward) = Clock::new(kept(), shown(), sys::process::uptime());
    if let Some(time) = forward {
        log::info!("no time before the one that was kept: {time}");
        set(time);
    }
    let clock: Handle = Arc::new(Mutex::new(clock));
    tell(&clock);
    let handler = clock.clone();
    ipc::serve("clockd", move |request| answer(&handler, &request)).map_err(|e| format!("no socket: {e}"))?;
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            _ = terminate.recv() => {
                if lock(&clock).source() != core::Source::Nothing {
                    keep(&clock);
                }
                return Ok(());
            }
            // Nothing here comes from the settings.
            _ = hangup.recv() => continue,
            _ = tick.tick() => {}
        }
        let online = match ipc::ask("netd", "/status", None).await {
            Ok(status) => matches!(status["uplink"]["state"].as_str(), Some("lease" | "internet")),
            Err(_) => false,
        };
        if lock(&clock).wants_network(online, sys::process::uptime()) {
            let said = tokio::task::spawn_blocking(ask_network).await.unwrap_or_default();
            let time = lock(&clock).network(&said, sys::process::uptime());
            match time {
                Some(time) => {
                    log::info!("the network says {time}, the clock showed {}", shown());
                    changed(&clock, time);
                }
                None => log::debug!("no two servers agree on the time: {said:?}"),
            }
        }
        if lock(&clock).wants_keeping(sys::process::uptime()) {
            keep(&clock);
        }
    }
}

/// What the clock shows, in seconds since 1970.
pub fn shown() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs())
}

fn path() -> PathBuf {
    record::folder("clockd").join("time")
}

fn kept() -> Option<Kept> {
    Kept::read(&std::fs::read_to_string(path()).ok().filter(|text| text.len() < 64)?)
}

fn keep(clock: &Handle) {
    let kept = lock(clock).keeps(shown());
    if let Err(e) = record::replace(&path(), kept.write().as_bytes(), 0o640, None) {
        log::warn!("{}: {e}", path().display());
    }
}

fn set(time: u64) {
    if let Err(e) = i64::try_from(time).map_err(std::io::Error::other).and_then(sys::process::set_clock) {
        log::error!("the clock cannot be set: {e}");
    }
}

fn changed(clock: &Handle, time: u64) {
    set(time);
    keep(clock);
    tell(clock);
}

/// For those who ask [`is_sure`].
fn tell(clock: &Handle) {
    let path = ipc::run_dir().join("clockd/clock.json");
    if let Some(folder) = path.parent() {
        // In tests nobody has made it.
        let _ = std::fs::create_dir(folder);
    }
    let text = json!({"v": 1, "source": lock(clock).source().name()}).to_string();
    if let Err(e) = record::replace(&path, text.as_bytes(), 0o640, None) {
        log::warn!("{}: {e}", path.display());
    }
}

fn answer(clock: &Handle, request: &ipc::Request) -> (u16, Value) {
    let mono = sys::process::uptime();
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/status") => {
            let clock = lock(clock);
            let ago = clock.said().map(|at| mono.saturating_sub(at).as_secs());
            (200, json!({"v": 1, "state": "up", "source": clock.source().name(), "unix_s": shown(), "said_ago_s": ago}))
        }
        ("POST", "/set") => {
            let Some(wanted) = request.body["unix_s"].as_u64() else { return (400, json!({"v": 1, "error": "unix_s is wanted"})) };
            let set = lock(clock).owner(wanted, shown(), mono);
            match set {
                Ok(time) => {
                    log::info!("the owner says {time}, the clock showed {}", shown());
                    changed(clock, time);
                    (200, json!({"v": 1}))
                }
                Err(core::OutOfBounds { bounds: (from, to) }) => {
                    (409, json!({"v": 1, "error": "that is too far from what the box knows", "from_s": from, "to_s": to}))
                }
            }
        }
        _ => (404, json!({"v": 1, "error": "clockd answers /status and /set"})),
    }
}

/// Every server's word, moved to the same moment.
fn ask_network() -> Vec<u64> {
    let mut said = Vec::new();
    for server in SERVERS {
        match ask_server(server) {
            // What was said a while ago is that much later now.
            Ok((time, at)) => said.push((time, at)),
            Err(why) => log::debug!("{server}: {why}"),
        }
    }
    said.into_iter().map(|(time, at)| time.saturating_add(sys::process::uptime().saturating_sub(at).as_secs())).collect()
}

fn ask_server(name: &str) -> Result<(u64, Duration), String> {
    let text = |e: std::io::Error| e.to_string();
    let address = (name, 123).to_socket_addrs().map_err(text)?.find(std::net::SocketAddr::is_ipv4).ok_or("it has no address")?;
    let socket = UdpSocket::bind("0.0.0.0:0").map_err(text)?;
    socket.connect(address).map_err(text)?;
    socket.set_read_timeout(Some(WAIT)).map_err(text)?;
    let nonce = OsRng.next_u64();
    socket.send(&sntp::ask(nonce)).map_err(text)?;
    let mut bytes = [0; 256];
    let length = socket.recv(&mut bytes).map_err(text)?;
    sntp::answer(nonce, &bytes[..length]).map(|time| (time, sys::process::uptime())).ok_or_else(|| "that is no answer".to_owned())
}
