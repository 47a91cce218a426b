//! netd: the visitors' network. Bridge and addresses, DHCP, DNS, mDNS, the gate, and the uplink.
//!
//! One thread with an event loop; what is decided is decided in `lan`, this wires it to sockets and netlink.

mod bridge;
mod check;
mod client;
mod dhcp;
mod dns;
mod forward;
mod gate;
mod mdns;
mod ports;
pub mod settings;
mod state;
mod status;
mod store;
mod uplink;
mod vouchers;
mod way;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Runs until told to stop.
pub fn run() -> ExitCode {
    crate::logging::init();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            log::error!("no event loop: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(tokio::task::LocalSet::new().run_until(netd())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn netd() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let settings = settings::load();
    let state = state::State::new(&settings);
    // The gate first: no port may carry a packet before it stands.
    gate::stand(settings.clone(), state.clone()).await;
    way::open(&settings, &state);
    let (rtnl, changes) = sys::rtnl::open()?;
    let (index, mac) = bridge::set_up(&rtnl, &settings).await?;
    let dhcp = Rc::new(dhcp::Server::open(index, mac, &settings, &state)?);
    tokio::task::spawn_local(dhcp::run(Rc::clone(&dhcp)));
    let zone = Rc::new(RefCell::new(settings::zone(&settings)));
    dns::start(&settings, &state, &zone)?;
    forward::start(&settings, &state, &zone)?;
    mdns::start(&settings, &state)?;
    status::serve(&state)?;
    let (port, port_told) = watch::channel(None);
    let (serve_lan, serve_lan_told) = watch::channel(false);
    let follower = bridge::Follower { rtnl: rtnl.clone(), changes, bridge: index, uplink: port, serve_lan: serve_lan_told };
    let mut follower = tokio::task::spawn_local(follower.run(settings.clone(), state.clone()));
    tokio::task::spawn_local(uplink::Shell::new(rtnl, state.clone(), port_told, serve_lan).run());
    tokio::task::spawn_local(way::run(state.clone()));
    log::info!("serving {} at {}", settings.lan.range, settings.lan.range.own());
    loop {
        tokio::select! {
            _ = hangup.recv() => {
                // Everything here follows from the settings; beginning anew is what a restart does in a second.
                if settings::load() != settings {
                    log::info!("settings changed: beginning anew");
                    break;
                }
            }
            // Without it ports would not be followed any more; the supervisor starts us again.
            _ = &mut follower => return Err(std::io::Error::other("route netlink ended; beginning anew")),
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    dhcp.save();
    way::save(&state);
    Ok(())
}
