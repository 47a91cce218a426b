//! DNS on the bridge: UDP in batches, TCP with limits.

use std::net::SocketAddrV4;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use config::Settings;
use lan::dns::{Zone, answer};
use sys::sockets::Answerer;

use super::state::State;

/// Opens both sockets and serves for ever.
pub fn start(settings: &Settings, state: &State) -> std::io::Result<()> {
    let zone = Rc::new(super::settings::zone(settings));
    let address = SocketAddrV4::new(settings.lan.range.own(), 53);
    let named = |e| std::io::Error::other(format!("listening on {address}: {e}"));
    let udp = Answerer::open(address, lan::gate::BRIDGE).map_err(named)?;
    tokio::task::spawn_local(serve_udp(udp, zone, state.clone()));
    Ok(())
}

async fn serve_udp(mut socket: Answerer, zone: Rc<Zone>, state: State) {
    loop {
        let mut silent = 0;
        let served = socket
            .serve(|question, out| {
                let length = answer(&zone, question, out);
                silent += u64::from(length == 0);
                length
            })
            .await;
        match served {
            Ok(count) => {
                state.dns[0].fetch_add(count as u64, Relaxed);
                state.dns[2].fetch_add(silent, Relaxed);
            }
            Err(error) => {
                log::debug!("DNS: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}
