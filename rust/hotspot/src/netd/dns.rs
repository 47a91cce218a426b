//! DNS on the bridge: UDP in batches, TCP with limits.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use config::Settings;
use lan::dns::{ANSWER, answer};
use lan::gate::{BRIDGE, ELSEWHERE_PORT};
use sys::sockets::{self, Answerer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::forward::SharedZone;
use super::state::State;

/// TCP connections of one client, and of all.
const CONNECTIONS_EACH: usize = 8;
const CONNECTIONS: usize = 128;
/// A connection on which no whole question came for so long is closed, and so is one that does not take its answer.
const IDLE: Duration = Duration::from_secs(8);
/// Longer questions do not come from phones.
const LONGEST: usize = 1500;

/// Opens the sockets and serves for ever.
pub fn start(settings: &Settings, state: &State, zone: &SharedZone) -> io::Result<()> {
    let own = settings.lan.range.own();
    let address = SocketAddrV4::new(own, 53);
    let named = |e| io::Error::other(format!("listening on {address}: {e}"));
    for port in [53, ELSEWHERE_PORT] {
        let socket = Answerer::open(SocketAddrV4::new(own, port), BRIDGE).map_err(named)?;
        tokio::task::spawn_local(serve_udp(socket, zone.clone(), state.clone()));
    }
    // For the box's own programs, such as the one that asks whether this one answers.
    match Answerer::open(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 53), "lo") {
        Ok(socket) => drop(tokio::task::spawn_local(serve_udp(socket, zone.clone(), state.clone()))),
        Err(e) => log::warn!("listening on 127.0.0.1:53: {e}"),
    }
    let listener = TcpListener::from_std(sockets::tcp_listener(address, BRIDGE).map_err(named)?)?;
    tokio::task::spawn_local(serve_tcp(listener, zone.clone(), state.clone()));
    Ok(())
}

async fn serve_udp(mut socket: Answerer, zone: SharedZone, state: State) {
    loop {
        let mut silent = 0;
        let served = socket
            .serve(|question, out| {
                let length = answer(&zone.borrow(), question, out);
                silent += u64::from(length == 0);
                length
            })
            .await;
        match served {
            Ok(count) => {
                state.dns[0].fetch_add(count as u64, Relaxed);
                if silent > 0 {
                    state.dns[2].fetch_add(silent, Relaxed);
                }
            }
            Err(error) => {
                log::debug!("DNS: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Connections that are open, by client.
type Open = Rc<RefCell<HashMap<IpAddr, usize>>>;

async fn serve_tcp(listener: TcpListener, zone: SharedZone, state: State) {
    let open = Open::default();
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors: those in use end by themselves.
                log::debug!("DNS over TCP: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let ip = peer.ip();
        let total: usize = open.borrow().values().sum();
        let each = open.borrow().get(&ip).copied().unwrap_or(0);
        if total >= CONNECTIONS || each >= CONNECTIONS_EACH {
            continue;
        }
        *open.borrow_mut().entry(ip).or_default() += 1;
        let (zone, state, open) = (zone.clone(), state.clone(), Rc::clone(&open));
        tokio::task::spawn_local(async move {
            if let Err(error) = talk(stream, &zone, &state).await {
                log::debug!("DNS over TCP with {ip}: {error}");
            }
            let mut open = open.borrow_mut();
            if let Some(count) = open.get_mut(&ip) {
                *count -= 1;
                if *count == 0 {
                    open.remove(&ip);
                }
            }
        });
    }
}

/// Questions one after another, each with its length before it (RFC 7766), however the bytes were cut on the way; several
/// that came together are answered together.
async fn talk(mut stream: TcpStream, zone: &SharedZone, state: &State) -> io::Result<()> {
    let (mut input, mut filled, mut output) = (vec![0; 2 + LONGEST], 0, Vec::new());
    loop {
        let late = || io::Error::from(io::ErrorKind::TimedOut);
        // The time is for a whole question: a byte now and then does not extend it.
        let whole = async {
            while filled < 2 || filled < 2 + length(&input) {
                let got = stream.read(&mut input[filled..]).await?;
                if got == 0 {
                    return Ok::<_, io::Error>(false);
                }
                filled += got;
                if filled >= 2 && length(&input) > LONGEST {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        if !tokio::time::timeout(IDLE, whole).await.map_err(|_| late())?? {
            return Ok(());
        }
        let mut at = 0;
        output.clear();
        while filled - at >= 2 && length(&input[at..]) <= LONGEST && filled - at >= 2 + length(&input[at..]) {
            let end = at + 2 + length(&input[at..]);
            let mut out = [0; ANSWER];
            let size = answer(&zone.borrow(), &input[at + 2..end], &mut out);
            state.dns[1].fetch_add(1, Relaxed);
            if size > 0 {
                output.extend(u16::try_from(size).unwrap_or(0).to_be_bytes());
                output.extend(&out[..size]);
            }
            at = end;
        }
        input.copy_within(at..filled, 0);
        filled -= at;
        tokio::time::timeout(IDLE, stream.write_all(&output)).await.map_err(|_| late())??;
    }
}

fn length(input: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([input[0], input[1]]))
}
