//! Multicast DNS on the bridge.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use config::Settings;
use lan::gate::BRIDGE;
use lan::mdns::{ANSWER, answer, subjects};
use tokio::net::UdpSocket;

use super::state::State;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;
/// The group hears the same answer once in this time at most (RFC 6762, 6).
const PAUSE: Duration = Duration::from_secs(1);

/// Joins the group and answers for ever.
pub fn start(settings: &Settings, state: &State) -> io::Result<()> {
    let range = settings.lan.range;
    let socket = sys::sockets::udp_multicast(PORT, GROUP, range.own(), BRIDGE, 255)
        .map_err(|e| io::Error::other(format!("listening for mDNS: {e}")))?;
    socket.set_nonblocking(true)?;
    let (socket, zone, state) = (UdpSocket::from_std(socket)?, super::settings::zone(settings), state.clone());
    tokio::task::spawn_local(async move {
        let mut told = vec![None; subjects(&zone)];
        let (mut question, mut out) = ([0; 1500], [0; ANSWER]);
        loop {
            let (length, from) = match socket.recv_from(&mut question).await {
                Ok((length, SocketAddr::V4(from))) if range.contains(*from.ip()) => (length, from),
                Ok(_) => continue,
                Err(error) => {
                    log::debug!("mDNS: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(answer) = answer(&zone, &question[..length], from.port(), &mut out) else { continue };
            let now = state.now();
            let to = if answer.unicast {
                from
            } else if told[answer.name].is_some_and(|at| at + PAUSE > now) {
                continue;
            } else {
                told[answer.name] = Some(now);
                SocketAddrV4::new(GROUP, PORT)
            };
            if let Err(error) = socket.send_to(&out[..answer.len], to).await {
                log::debug!("mDNS: {error}");
            }
        }
    });
    Ok(())
}
