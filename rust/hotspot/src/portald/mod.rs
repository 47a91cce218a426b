//! portald: what phones and people see on port 80, and on port 443 where the community has a certificate. Pages and policy are in the
//! `portal` crate; here are the sockets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::{ipc, logging, record};
use server::{Door, Table};
use service::Shared;

mod cached;
mod catalog;
mod certificate;
mod clock;
mod gateway;
mod library;
mod metrics;
mod neighbours;
mod owner;
mod proxy;
mod sealed;
mod server;
mod service;
mod settings;
mod slots;
mod wire;

/// Files that anybody may fetch.
const PUBLIC: &str = "/data/content/public";
/// contentd's store, which the portal only reads.
const STORE: &str = "/data/contentd/store";

/// Where ownerd keeps the community's part of the first page.
const HOME: &str = "/data/ownerd";

struct Options {
    listen: SocketAddr,
    listen_tls: SocketAddr,
    files: PathBuf,
    store: PathBuf,
    home: PathBuf,
}

/// `[--listen ADDRESS:PORT] [--listen-tls ADDRESS:PORT] [--files FOLDER] [--store FOLDER] [--home FOLDER]`.
fn options(args: impl Iterator<Item = String>) -> Result<Options, String> {
    let any = |port| SocketAddr::from(([0, 0, 0, 0], port));
    let mut options = Options { listen: any(80), listen_tls: any(443), files: PUBLIC.into(), store: STORE.into(), home: HOME.into() };
    let mut args = args.skip(2);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("portald: {arg} needs a value"))?;
        match arg.as_str() {
            "--listen" => options.listen = value.parse().map_err(|_| format!("portald: {value} is not ADDRESS:PORT"))?,
            "--listen-tls" => options.listen_tls = value.parse().map_err(|_| format!("portald: {value} is not ADDRESS:PORT"))?,
            "--files" => options.files = value.into(),
            "--store" => options.store = value.into(),
            "--home" => options.home = value.into(),
            _ => {
                return Err(format!(
                    "portald: {arg} is unknown; there are --listen and --listen-tls ADDRESS:PORT, --files, --store and --home FOLDER"
                ));
            }
        }
    }
    Ok(options)
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
    // Two threads at most wait for the card, so that a slow one never holds up an answer from memory.
    crate::daemon::run(tokio::runtime::Builder::new_current_thread().max_blocking_threads(2).thread_stack_size(128 * 1024), serve(options))
}

/// Connections that may wait for `accept`: the default of 128 is less than 200 phones' probes at once, and each beyond it
/// would wait a second for its second try.
const BACKLOG: u32 = 1024;

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn serve(options: Options) -> Result<(), String> {
    let listener = listen(options.listen).map_err(|e| format!("cannot listen on {}: {e}", options.listen))?;
    let shared = Arc::new(Shared::new(options.files, options.store, options.home, record::folder("portald")));
    log::info!("the portal answers on {}", options.listen);
    if let Err(e) = ipc::serve("portald", status(shared.clone())) {
        log::warn!("no status socket: {e}; the portal answers all the same");
    }
    let mut hangup = signal(SignalKind::hangup()).map_err(|e| e.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let slots = Table::new(Mutex::new(slots::Slots::new()));
    let accepting = server::run(listener, Door::Plain, shared.clone(), slots.clone());
    tokio::pin!(accepting);
    let mut sealed = None;
    loop {
        tokio::select! {
            error = &mut accepting => return Err(format!("cannot accept any more: {error}")),
            _ = hangup.recv() => shared.settings.reload(),
            _ = shared.settings.changed.notified() => {
                shared.certificate.look(&shared.settings.site().domain);
                follow(&mut sealed, options.listen_tls, &shared, &slots).await;
            }
            _ = shared.certificate.changed.notified() => follow(&mut sealed, options.listen_tls, &shared, &slots).await,
            _ = terminate.recv() => return Ok(()),
        }
    }
}

/// Opens the port of HTTPS while there is a certificate, and shuts it when there is none: so a phone is refused at once, as on every
/// other port. Connections that are open go on.
async fn follow(open: &mut Option<JoinHandle<std::io::Error>>, address: SocketAddr, shared: &Arc<Shared>, slots: &Table) {
    let wanted = shared.certificate.server().is_some();
    match open.take() {
        Some(task) if wanted => *open = Some(task),
        Some(task) => {
            task.abort();
            let _ = task.await;
            log::info!("no HTTPS any more");
        }
        None if wanted => match listen(address) {
            Ok(listener) => {
                *open = Some(tokio::spawn(server::run(listener, Door::Sealed, shared.clone(), slots.clone())));
                shared.certificate.shut(None);
                log::info!("HTTPS answers on {address}");
            }
            Err(e) => {
                log::error!("no HTTPS: {address}: {e}");
                shared.certificate.shut(Some(e.to_string()));
            }
        },
        None => {}
    }
}

/// `GET /status`.
fn status(shared: Arc<Shared>) -> impl Fn(ipc::Request) -> (u16, serde_json::Value) + Send + 'static {
    move |request| {
        match (request.method.as_str(), request.path.as_str()) {
            (_, "/counts") => return (200, shared.metrics.counts()),
            ("GET", "/tls") => return (200, shared.certificate.told()),
            ("POST", "/tls") => return shared.certificate.keep(&request.body),
            ("POST", "/tls/remove") => return shared.certificate.remove(),
            (_, "/status") => {}
            _ => return (404, serde_json::json!({"v": 1, "error": "/status, /counts and /tls are here"})),
        }
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let metrics = &shared.metrics;
        let body = serde_json::json!({
            "v": 1, "state": "up", "requests": read(&metrics.requests), "continued": read(&metrics.continued),
            "tls": shared.certificate.told(),
            "downloads": read(&metrics.downloads), "connections": read(&metrics.connections), "evicted": read(&metrics.evicted),
        });
        (200, body)
    }
}
