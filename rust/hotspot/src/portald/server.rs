//! Accepts visitors' connections within the limits, and ends them in time.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use super::clock;
use super::metrics::count;
use super::sealed::Sealed;
use super::service::{self, Connection, Shared};
use super::slots::{Activity, Slots};
use super::wire::Wire;

/// All of a request's header within this time, counted from its first byte or, on an idle connection, from the last answer.
const HEADER_WAIT: Duration = Duration::from_secs(8);
/// And so long for agreeing on keys, from the connection's first moment.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(8);
/// Largest request header, in bytes.
const MAX_HEADER: usize = 8192;
/// Most header lines.
const MAX_HEADER_LINES: usize = 64;
/// Without descriptors or memory, accepting rests for so long.
const PAUSE: Duration = Duration::from_millis(50);

/// Who holds a connection, whichever door it came by.
pub type Table = Arc<Mutex<Slots<AbortHandle>>>;

/// How a listener's connections talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// HTTP.
    Plain,
    /// HTTP under TLS, by the certificate that there is when a connection begins.
    Sealed,
}

/// Accepts for as long as the process lives.
pub async fn run(listener: TcpListener, door: Door, shared: Arc<Shared>, slots: Table) -> io::Error {
    loop {
        match listener.accept().await {
            Ok((stream, SocketAddr::V4(from))) => start(stream, *from.ip(), door, &shared, &slots),
            Ok((stream, from)) => start(stream, mapped(from.ip()), door, &shared, &slots),
            // The peer was gone before we looked.
            Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
            Err(e) => {
                log::warn!("cannot accept: {e}; resting for {} ms", PAUSE.as_millis());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The IPv4 address in an IPv6 one, else unspecified: visitors have IPv4 only.
fn mapped(ip: IpAddr) -> Ipv4Addr {
    match ip {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(ip) => ip.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED),
    }
}

fn start(stream: TcpStream, ip: Ipv4Addr, door: Door, shared: &Arc<Shared>, slots: &Table) {
    let activity = Arc::new(Activity::default());
    activity.moved_ms.store(clock::now_ms(), Ordering::Relaxed);
    let connection = Connection {
        shared: shared.clone(),
        ip,
        sealed: door == Door::Sealed,
        activity: activity.clone(),
        stretches: service::no_stretches(),
    };
    // The table is locked until the task is in it, so that the task cannot leave before it has entered.
    let mut table = slots.lock().unwrap_or_else(PoisonError::into_inner);
    let (send_id, id) = tokio::sync::oneshot::channel();
    let leaving = Leaving { slots: slots.clone(), shared: shared.clone(), id };
    let task = tokio::spawn(async move {
        let _leaving = leaving;
        match door {
            Door::Plain => talk(Wire::new(stream, connection.stretches.clone(), connection.activity.clone()), connection).await,
            Door::Sealed => sealed(stream, connection).await,
        }
    });
    let (number, evicted) = table.enter(ip, activity, task.abort_handle());
    let _ = send_id.send(number);
    if let Some(evicted) = evicted {
        evicted.abort();
        count(&shared.metrics.evicted);
    }
    shared.metrics.connections.store(table.len() as u64, Ordering::Relaxed);
}

/// The handshake, and then as without it.
async fn sealed(stream: TcpStream, connection: Connection) {
    // The certificate was taken away just now.
    let Some(server) = connection.shared.certificate.server() else { return };
    // Below TLS nothing stands for a file.
    let wire = Wire::new(stream, service::no_stretches(), connection.activity.clone());
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WAIT, TlsAcceptor::from(server).accept(wire)).await {
        talk(Sealed::new(stream, connection.stretches.clone()), connection).await;
    }
}

/// Requests and answers, until one side has enough. Broken requests and vanished phones are everyday; nobody needs a log line for each.
async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, connection: Connection) {
    let service = service_fn(move |request| connection.clone().serve(request));
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WAIT)
        .max_buf_size(MAX_HEADER)
        .max_headers(MAX_HEADER_LINES)
        // Simple clients close their sending side once they have asked.
        .half_close(true)
        .title_case_headers(true)
        // A box without a clock must not name a date (RFC 9110, 6.6.1).
        .auto_date_header(false)
        .writev(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Frees the place when the task ends, however it ends.
struct Leaving {
    slots: Table,
    shared: Arc<Shared>,
    id: tokio::sync::oneshot::Receiver<u64>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut table = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(id) = self.id.try_recv() {
            table.leave(id);
        }
        self.shared.metrics.connections.store(table.len() as u64, Ordering::Relaxed);
    }
}
