//! DHCP on the bridge: frames in, `lan::leases` decides, frames out.

use std::net::Ipv4Addr;
use std::rc::Rc;

use lan::leases::{Action, Event, Incoming, Leases};
use sys::packet::{PacketSocket, Want};
use wire::dhcp::{Mac, Request};
use wire::frame::{self, End};

use config::Settings;

use super::state::State;
use super::store;

/// Addresses of two devices that are told in one turn.
const MOST_TWINS: usize = 64;

/// The server's sockets; its leases are in the state, where the status sees them.
pub struct Server {
    dhcp: PacketSocket,
    arp: PacketSocket,
    mac: Mac,
    own: Ipv4Addr,
    state: State,
}

impl Server {
    /// Opens the sockets on the bridge and takes up the leases of before.
    pub fn open(index: u32, mac: Mac, settings: &Settings, state: &State) -> std::io::Result<Self> {
        let range = settings.lan.range;
        state.lock().leases = Some(Leases::new(range, mac, &store::load(), state.now()));
        let open = |want| PacketSocket::open(index, want).map_err(|e| std::io::Error::other(format!("opening a packet socket: {e}")));
        Ok(Self { dhcp: open(Want::Udp(67))?, arp: open(Want::Arp)?, mac, own: range.own(), state: state.clone() })
    }

    /// Writes the leases down before the end, if anything changed.
    pub fn save(&self) {
        if self.state.lock().leases.as_ref().is_some_and(Leases::is_dirty) {
            write(&self.state, &self.snapshot());
        }
    }

    fn snapshot(&self) -> store::Snapshot {
        let now = self.state.now();
        let text = self.state.lock().leases.as_mut().map(|l| l.snapshot(now)).unwrap_or_default();
        store::Snapshot { at: now, text }
    }

    /// Looks whether another device asks under this address; the gate hears of it in its next turn.
    fn compare(&self, request: &Request) {
        let now = self.state.now();
        let mut inner = self.state.lock();
        if inner.prints.differs(request, now) && inner.twins.len() < MOST_TWINS {
            inner.twins.insert(request.chaddr);
        }
    }

    fn step(&self, event: Event) {
        let now = self.state.now();
        let actions = self.state.lock().leases.as_mut().map(|l| l.step(event, now)).unwrap_or_default();
        for action in actions {
            let sent = match action {
                Action::Save => {
                    // A card can take seconds to make something durable: nobody waits for it.
                    let (state, snapshot) = (self.state.clone(), self.snapshot());
                    tokio::task::spawn_blocking(move || write(&state, &snapshot));
                    Ok(())
                }
                Action::Probe(ip) => self.arp.send(&frame::arp_probe(self.mac, ip)),
                Action::Send { reply, mac, ip } => {
                    // Somebody may have come whom the gate lets through.
                    self.state.poke.notify_one();
                    let (from, to) = (End { mac: self.mac, ip: self.own, port: 67 }, End { mac, ip, port: 68 });
                    self.dhcp.send(&frame::udp(from, to, &reply.emit()))
                }
            };
            // A bridge without ports cannot send, and a full queue is the client's to retry.
            if let Err(error) = sent {
                log::debug!("a frame was not sent: {error}");
            }
        }
    }
}

fn write(state: &State, snapshot: &store::Snapshot) {
    if let Err(error) = store::save(snapshot) {
        log::warn!("{error}");
        state.lock().last_error = Some(error.to_string());
    }
}

/// Serves for ever.
pub async fn run(server: Rc<Server>) {
    server.step(Event::Start);
    let (mut frame_in, mut arp_in) = ([0; 1600], [0; 64]);
    loop {
        let deadline = server.state.lock().leases.as_ref().and_then(Leases::deadline);
        let wait = deadline.map(|at| at.saturating_sub(server.state.now()));
        tokio::select! {
            got = server.dhcp.recv(&mut frame_in) => match got {
                Ok(length) => receive(&server, &frame_in[..length.min(frame_in.len())]),
                Err(error) => pause(&error).await,
            },
            got = server.arp.recv(&mut arp_in) => match got {
                Ok(length) => {
                    if let Some((ip, mac)) = frame::arp_sender(&arp_in[..length.min(arp_in.len())]) {
                        server.step(Event::Seen(ip, mac));
                    }
                }
                Err(error) => pause(&error).await,
            },
            () = sleep(wait) => server.step(Event::Tick),
        }
    }
}

async fn sleep(wait: Option<std::time::Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// An interface that goes down is told by an error; it may come back.
async fn pause(error: &std::io::Error) {
    log::debug!("packet socket: {error}");
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

fn receive(server: &Server, frame: &[u8]) {
    let Some(datagram) = frame::datagram(frame, 67) else { return };
    match Request::parse(datagram.payload) {
        Ok(request) => {
            server.compare(&request);
            server.step(Event::Message(Incoming { request, from: datagram.from }));
        }
        Err(why) => log::debug!("a DHCP message was not read: {why:?}"),
    }
}
