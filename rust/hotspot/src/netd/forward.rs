//! Names for phones that are let through: their questions go to the uplink's name servers, and the answers come back. Also the
//! walled garden's names, which the box asks for itself.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use config::Settings;
use lan::dns::{ANSWER, Zone, answer, leads_out};
use lan::gate::{BRIDGE, FORWARD_PORT};
use sys::sockets;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use wire::dns::{name, response};

use super::state::State;
use super::{gate, way};

/// Questions on their way at a time; beyond, a phone asks again.
const MOST: usize = 256;
/// For one name server.
const WAIT: Duration = Duration::from_secs(2);
/// Name servers that are tried.
const SERVERS: usize = 2;
/// The largest answer that is passed on.
const LONGEST: usize = 4096;
/// A connection on which nothing comes for so long is closed.
const IDLE: Duration = Duration::from_secs(8);
/// How often the walled garden's names are asked for.
const GARDEN: Duration = Duration::from_secs(60);
/// Addresses of one name that are kept reachable.
const GARDEN_ADDRESSES: usize = 16;

/// Zone of the locked, as it is now.
pub type SharedZone = Rc<RefCell<Zone>>;

/// Opens the port that questions are sent to, and serves for ever.
pub fn start(settings: &Settings, state: &State, zone: &SharedZone) -> io::Result<()> {
    if gate::way(settings).is_none() {
        return Ok(());
    }
    let address = SocketAddrV4::new(settings.lan.range.own(), FORWARD_PORT);
    let named = |e| io::Error::other(format!("listening on {address}: {e}"));
    let udp = UdpSocket::from_std(sockets::udp(address, BRIDGE).map_err(named)?)?;
    let tcp = TcpListener::from_std(sockets::tcp_listener(address, BRIDGE).map_err(named)?)?;
    tokio::task::spawn_local(serve_udp(Rc::new(udp), state.clone(), zone.clone()));
    tokio::task::spawn_local(serve_tcp(tcp, state.clone(), zone.clone()));
    if !settings.internet.walled_garden.is_empty() {
        tokio::task::spawn_local(keep_garden(settings.internet.walled_garden.clone(), state.clone(), zone.clone()));
    }
    Ok(())
}

fn servers(state: &State) -> Vec<Ipv4Addr> {
    use lan::uplink::State as Uplink;
    match &state.lock().uplink {
        Some((Uplink::Lease(lease) | Uplink::Internet(lease), ..)) => lease.dns.iter().take(SERVERS).copied().collect(),
        _ => Vec::new(),
    }
}

/// What is answered here; `None`: the real internet is to answer.
fn here(state: &State, zone: &SharedZone, ip: Ipv4Addr, question: &[u8]) -> Option<Vec<u8>> {
    if way::leads_out(state, ip).is_some_and(|greeted| leads_out(&zone.borrow(), question, greeted)) {
        return None;
    }
    let mut out = vec![0; ANSWER];
    let length = answer(&zone.borrow(), question, &mut out);
    out.truncate(length);
    Some(out)
}

/// One more or less on its way.
struct Place(Rc<Cell<usize>>);

impl Place {
    fn take(open: &Rc<Cell<usize>>) -> Option<Self> {
        (open.get() < MOST).then(|| {
            open.set(open.get() + 1);
            Self(open.clone())
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

async fn serve_udp(socket: Rc<UdpSocket>, state: State, zone: SharedZone) {
    let open = Rc::new(Cell::new(0));
    let mut buffer = [0; 1500];
    loop {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok((length, SocketAddr::V4(from))) => (length, from),
            Ok(_) => continue,
            Err(error) => {
                log::debug!("DNS for those who are out: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let question = &buffer[..length];
        if let Some(answer) = here(&state, &zone, *from.ip(), question) {
            if !answer.is_empty() {
                let _ = socket.send_to(&answer, from).await;
            }
            continue;
        }
        let Some(place) = Place::take(&open) else { continue };
        let (socket, state, question) = (socket.clone(), state.clone(), question.to_vec());
        tokio::task::spawn_local(async move {
            let _place = place;
            if let Some(answer) = ask_udp(&servers(&state), &question).await {
                let _ = socket.send_to(&answer, from).await;
            }
        });
    }
}

/// The question under another number, from another port each time, so that a stranger would have to guess both.
async fn ask_udp(servers: &[Ipv4Addr], question: &[u8]) -> Option<Vec<u8>> {
    let mut asked = question.to_vec();
    let id = super::uplink::random().to_be_bytes();
    asked.get_mut(..2)?.copy_from_slice(&id[..2]);
    for server in servers {
        let Ok(socket) = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await else { return None };
        if socket.connect((*server, 53)).await.is_err() || socket.send(&asked).await.is_err() {
            continue;
        }
        let mut answer = vec![0; LONGEST];
        let got = tokio::time::timeout(WAIT, async {
            loop {
                let length = socket.recv(&mut answer).await.ok()?;
                if answers(&asked, &answer[..length]) {
                    return Some(length);
                }
            }
        });
        if let Ok(Some(length)) = got.await {
            answer.truncate(length);
            answer[..2].copy_from_slice(&question[..2]);
            return Some(answer);
        }
    }
    None
}

/// Same number, an answer, and the same question.
fn answers(question: &[u8], answer: &[u8]) -> bool {
    let Some(length) = name::plain(question, wire::dns::HEADER) else { return false };
    let end = wire::dns::HEADER + length + 4;
    answer.get(..2) == question.get(..2)
        && answer.get(2).is_some_and(|flags| flags & 0x80 != 0)
        && answer
            .get(wire::dns::HEADER..end)
            .is_some_and(|echo| question.get(wire::dns::HEADER..end).is_some_and(|q| q.eq_ignore_ascii_case(echo)))
}

async fn serve_tcp(listener: TcpListener, state: State, zone: SharedZone) {
    let open = Rc::new(Cell::new(0));
    loop {
        let Ok((stream, SocketAddr::V4(peer))) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Some(place) = Place::take(&open) else { continue };
        let (state, zone) = (state.clone(), zone.clone());
        tokio::task::spawn_local(async move {
            let _place = place;
            if let Err(error) = talk(stream, *peer.ip(), &state, &zone).await {
                log::debug!("DNS over TCP with {}: {error}", peer.ip());
            }
        });
    }
}

/// One question after another (RFC 7766).
async fn talk(mut stream: TcpStream, ip: Ipv4Addr, state: &State, zone: &SharedZone) -> io::Result<()> {
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    loop {
        let Some(question) = tokio::time::timeout(IDLE, read(&mut stream)).await.map_err(late)?? else { return Ok(()) };
        let answer = match here(state, zone, ip, &question) {
            Some(answer) => Some(answer),
            None => ask_tcp(&servers(state), &question).await,
        };
        let Some(answer) = answer.filter(|a| !a.is_empty()) else { return Ok(()) };
        tokio::time::timeout(IDLE, write(&mut stream, &answer)).await.map_err(late)??;
    }
}

async fn ask_tcp(servers: &[Ipv4Addr], question: &[u8]) -> Option<Vec<u8>> {
    for server in servers {
        let talk = async {
            let mut stream = TcpSocket::new_v4().ok()?.connect(SocketAddr::from((*server, 53))).await.ok()?;
            write(&mut stream, question).await.ok()?;
            read(&mut stream).await.ok()?.filter(|answer| answers(question, answer))
        };
        if let Ok(Some(answer)) = tokio::time::timeout(WAIT, talk).await {
            return Some(answer);
        }
    }
    None
}

async fn read(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    if let Err(error) = stream.read_exact(&mut length).await {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).await?;
    Ok(Some(message))
}

async fn write(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await
}

/// Asks for the walled garden's names as long as netd runs: the answers are what phones hear, and what the filter lets through.
async fn keep_garden(names: Vec<String>, state: State, zone: SharedZone) {
    loop {
        let servers = servers(&state);
        let mut found: Vec<(String, Vec<Ipv4Addr>)> = Vec::new();
        for wanted in names.iter().filter(|_| !servers.is_empty()) {
            let Some(wire) = name::from_text(wanted) else { continue };
            let question = response::ask(0, &wire);
            let answer = ask_udp(&servers, &question).await;
            let addresses = answer.and_then(|answer| response::addresses(&question, &answer, GARDEN_ADDRESSES)).unwrap_or_default();
            // A name server that leads a name into our own network would open it to nobody, and confuse.
            let range = state.settings.lan.range;
            let addresses =
                addresses.into_iter().filter(|ip| !range.contains(*ip) && *ip != config::CAPTURE_ADDRESS && !ip.is_loopback()).collect();
            found.push((wanted.clone(), addresses));
        }
        let all: Vec<Ipv4Addr> = found.iter().flat_map(|(_, addresses)| addresses.iter().copied()).collect();
        let reachable = all.clone();
        let loaded = tokio::task::spawn_blocking(move || {
            if reachable.is_empty() { Ok(String::new()) } else { gate::nft(&["-f", "-"], &lan::gate::garden(&reachable)) }
        });
        match loaded.await {
            Ok(Ok(_)) => zone.borrow_mut().set_garden(found.iter().map(|(name, addresses)| (name.as_str(), addresses.clone()))),
            Ok(Err(error)) => log::warn!("the walled garden: {error}"),
            Err(error) => log::warn!("the walled garden: {error}"),
        }
        let pause = if all.is_empty() { Duration::from_secs(3) } else { GARDEN };
        tokio::time::sleep(pause).await;
    }
}
