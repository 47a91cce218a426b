//! netd: the visitors' network. Bridge and addresses, DHCP, DNS, mDNS, the gate, and the uplink.
//!
//! One thread with an event loop; what is decided is decided in `lan`, this wires it to sockets and netlink.

mod bridge;
mod dhcp;
mod dns;
mod gate;
mod settings;
mod state;
mod status;
mod store;

use std::process::ExitCode;
use std::rc::Rc;

use tokio::signal::unix::{SignalKind, signal};

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
    gate::load(&settings, &state).await;
    let (rtnl, changes) = sys::rtnl::open()?;
    let (index, mac) = bridge::set_up(&rtnl, &settings).await?;
    let dhcp = Rc::new(dhcp::Server::open(index, mac, &settings, &state)?);
    tokio::task::spawn_local(dhcp::run(Rc::clone(&dhcp)));
    dns::start(&settings, &state)?;
    status::serve(&state)?;
    tokio::task::spawn_local(bridge::follow(rtnl, changes, index, settings.clone(), state.clone()));
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
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    dhcp.save();
    Ok(())
}
