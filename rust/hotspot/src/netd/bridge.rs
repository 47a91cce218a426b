//! The bridge, its addresses, and its ports as they come and go.

use std::io;
use std::time::Duration;

use config::{Ports, Settings};
use lan::gate::BRIDGE;
use sys::rtnl::{Link, Rtnl};
use tokio::sync::{mpsc, watch};

use super::ports;
use super::state::State;

/// Makes the bridge with its addresses, or finds it as an earlier run left it: its index and hardware address.
pub async fn set_up(rtnl: &Rtnl, settings: &Settings) -> io::Result<(u32, [u8; 6])> {
    sysctls();
    let links = rtnl.links().await?;
    // Nobody else brings it up, and programs on the box ask the portal and each other through it.
    if let Some(lo) = links.iter().find(|link| link.name == "lo" && !link.up) {
        rtnl.set_up(lo.index).await?;
    }
    if !links.iter().any(|link| link.name == BRIDGE) {
        rtnl.add_bridge(BRIDGE, bridge_mac(&links)).await?;
    }
    // Strict: what a visitor sends must come from where we would answer it.
    set(&format!("ipv4/conf/{BRIDGE}/rp_filter"), "1");
    let links = rtnl.links().await?;
    let bridge =
        links.iter().find(|link| link.name == BRIDGE).ok_or_else(|| io::Error::other(format!("{BRIDGE} is not there after making it")))?;
    let range = settings.lan.range;
    let wanted = [(range.own(), range.prefix()), (config::CAPTURE_ADDRESS, 32)];
    for (ip, prefix) in rtnl.addresses(bridge.index).await? {
        if !wanted.contains(&(ip, prefix)) {
            rtnl.remove_address(bridge.index, ip).await?;
        }
    }
    for (ip, prefix) in wanted {
        rtnl.add_address(bridge.index, ip, prefix).await?;
    }
    rtnl.set_up(bridge.index).await?;
    Ok((bridge.index, bridge.mac))
}

/// The same at every boot, so that a phone that comes back finds the gateway that it knows: the lowest hardware address
/// there is, marked as locally administered.
fn bridge_mac(links: &[Link]) -> [u8; 6] {
    let hardware = links.iter().filter(|l| l.ethernet && l.kind.is_none() && l.mac != [0; 6]).map(|l| l.mac).min();
    let mut mac = hardware.unwrap_or([0x02, 0x70, 0x32, 0x70, 0x00, 0x01]);
    // Another one than the port's own, which may be marked already: simulated radios are.
    mac[0] = ((mac[0] ^ 4) | 2) & !1;
    mac
}

fn set(path: &str, value: &str) {
    let path = format!("/proc/sys/net/{path}");
    if let Err(error) = std::fs::write(&path, value) {
        log::warn!("{path} was not set to {value}: {error}");
    }
}

/// IPv6 is off everywhere: nothing here needs it, and it would be a way round. Whether IPv4 is forwarded, the gate says.
fn sysctls() {
    // A connection that is only held open does not hold its place in the tracking table for five days.
    set("netfilter/nf_conntrack_tcp_timeout_established", "3600");
    for scope in ["all", "default"] {
        // A kernel without IPv6 has no such file, and needs none.
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"), "1");
        set(&format!("ipv4/conf/{scope}/accept_redirects"), "0");
        set(&format!("ipv4/conf/{scope}/send_redirects"), "0");
        // An interface answers ARP for its own addresses alone.
        set(&format!("ipv4/conf/{scope}/arp_ignore"), "1");
        set(&format!("ipv4/conf/{scope}/arp_announce"), "2");
    }
}

/// The ports' two ends of the talk with the uplink.
pub struct Follower {
    /// How to change links.
    pub rtnl: Rtnl,
    /// A word for each change of links.
    pub changes: mpsc::Receiver<()>,
    /// Index of the bridge.
    pub bridge: u32,
    /// Tells the uplink its port, and whether it is the only one.
    pub uplink: watch::Sender<Option<(Link, bool)>>,
    /// The uplink's wish that its port serves visitors.
    pub serve_lan: watch::Receiver<bool>,
}

impl Follower {
    /// Keeps the ports right for as long as netd runs.
    pub async fn run(mut self, settings: Settings, state: State) {
        loop {
            if let Err(error) = self.reconcile(&settings, &state).await {
                log::warn!("{error}");
                state.lock().last_error = Some(error.to_string());
            }
            tokio::select! {
                changed = self.changes.recv() => if changed.is_none() {
                    log::error!("route netlink ended");
                    return;
                },
                changed = self.serve_lan.changed() => if changed.is_err() { return },
            }
            // A plugged adapter is several changes at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn reconcile(&mut self, settings: &Settings, state: &State) -> io::Result<()> {
        let serve_lan = *self.serve_lan.borrow_and_update();
        let links = self.rtnl.links().await?;
        let ports = ports::ethernet(&links);
        let (uplink, lan) = match settings.lan.ports {
            Ports::Lan => (None, &ports[..]),
            Ports::Auto if serve_lan => (ports.first(), &ports[..]),
            Ports::Auto => (ports.first(), ports.get(1..).unwrap_or_default()),
            Ports::Uplink => (ports.first(), &[][..]),
        };
        for port in lan.iter().filter(|p| p.master != Some(self.bridge)) {
            log::info!("{} joins the bridge", port.name);
            // Nobody talks through it before it is isolated: the bridge's own rules forbid it too.
            self.rtnl.attach(port.index, self.bridge).await?;
            self.rtnl.isolate(port.index).await?;
        }
        for port in ports.iter().filter(|p| p.master == Some(self.bridge) && !lan.iter().any(|l| l.index == p.index)) {
            log::info!("{} leaves the bridge", port.name);
            self.rtnl.detach(port.index).await?;
        }
        // Whoever made it a port, hostapd too: visitors do not reach each other.
        for port in links.iter().filter(|l| l.master == Some(self.bridge) && !l.isolated) {
            self.rtnl.isolate(port.index).await?;
        }
        if let Some(port) = uplink.filter(|p| !p.up) {
            self.rtnl.set_up(port.index).await?;
        }
        let mut names: Vec<_> = self.rtnl.links().await?.into_iter().filter(|l| l.master == Some(self.bridge)).map(|l| l.name).collect();
        names.sort();
        state.lock().ports = names;
        let told = uplink.map(|port| (port.clone(), ports.len() == 1));
        self.uplink.send_if_modified(|old| {
            let changed = *old != told;
            *old = told;
            changed
        });
        Ok(())
    }
}
