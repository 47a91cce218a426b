//! The bridge, its addresses, and its ports as they come and go.

use std::io;

use config::{Ports, Settings};
use lan::gate::BRIDGE;
use sys::rtnl::{Link, Rtnl};
use tokio::sync::mpsc::Receiver;

use super::state::State;

/// Makes the bridge with its addresses, or finds it as an earlier run left it: its index and hardware address.
pub async fn set_up(rtnl: &Rtnl, settings: &Settings) -> io::Result<(u32, [u8; 6])> {
    sysctls();
    let links = rtnl.links().await?;
    if !links.iter().any(|link| link.name == BRIDGE) {
        rtnl.add_bridge(BRIDGE, bridge_mac(&links)).await?;
    }
    bridge_sysctls();
    let links = rtnl.links().await?;
    let bridge = links.iter().find(|link| link.name == BRIDGE).ok_or_else(|| io::Error::other(format!("{BRIDGE} is not there after making it")))?;
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

/// The same at every boot, so that a phone that comes back finds the gateway that it knows: the first hardware address
/// there is, marked as locally administered.
fn bridge_mac(links: &[Link]) -> [u8; 6] {
    let hardware = links.iter().filter(|l| l.ethernet && l.kind.is_none() && l.mac != [0; 6]).map(|l| l.mac).min();
    let mut mac = hardware.unwrap_or([0x02, 0x70, 0x32, 0x70, 0x00, 0x01]);
    mac[0] = (mac[0] | 2) & !1;
    mac
}

fn set(path: &str, value: &str) {
    let path = format!("/proc/sys/net/{path}");
    if let Err(error) = std::fs::write(&path, value) {
        log::warn!("{path} was not set to {value}: {error}");
    }
}

/// Nothing is forwarded, and IPv6 is off everywhere: nothing here needs it, and it would be a way round.
fn sysctls() {
    set("ipv4/ip_forward", "0");
    for scope in ["all", "default"] {
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"), "1");
        set(&format!("ipv4/conf/{scope}/accept_redirects"), "0");
        set(&format!("ipv4/conf/{scope}/send_redirects"), "0");
        // An interface answers ARP for its own addresses alone.
        set(&format!("ipv4/conf/{scope}/arp_ignore"), "1");
        set(&format!("ipv4/conf/{scope}/arp_announce"), "2");
    }
}

fn bridge_sysctls() {
    // Strict: what a visitor sends must come from where we would answer it.
    set(&format!("ipv4/conf/{BRIDGE}/rp_filter"), "1");
}

/// Keeps the ports right for as long as netd runs.
pub async fn follow(rtnl: Rtnl, mut changes: Receiver<()>, bridge: u32, settings: Settings, state: State) {
    loop {
        if let Err(error) = reconcile(&rtnl, bridge, &settings, &state).await {
            log::warn!("{error}");
            state.lock().last_error = Some(error.to_string());
        }
        if changes.recv().await.is_none() {
            log::error!("route netlink ended");
            return;
        }
        // A plugged adapter is several changes at once.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn reconcile(rtnl: &Rtnl, bridge: u32, settings: &Settings, state: &State) -> io::Result<()> {
    let links = rtnl.links().await?;
    let ports = ethernet_ports(&links);
    let lan = match settings.lan.ports {
        Ports::Auto => ports.get(1..).unwrap_or_default(),
        Ports::Lan => &ports[..],
        Ports::Uplink => &[],
    };
    for port in lan.iter().filter(|p| p.master != Some(bridge)) {
        log::info!("{} joins the bridge", port.name);
        rtnl.attach(port.index, bridge).await?;
        rtnl.isolate(port.index).await?;
    }
    // Whoever made it a port, hostapd too: visitors do not reach each other.
    for port in links.iter().filter(|l| l.master == Some(bridge) && !l.isolated) {
        rtnl.isolate(port.index).await?;
    }
    state.lock().ports = rtnl.links().await?.into_iter().filter(|l| l.master == Some(bridge)).map(|l| l.name).collect();
    Ok(())
}

/// Ethernet ports in the order of where they are plugged in: what is soldered on comes first.
fn ethernet_ports(links: &[Link]) -> Vec<Link> {
    let mut ports: Vec<(u8, String, Link)> = links
        .iter()
        .filter(|l| l.ethernet && matches!(l.kind.as_deref(), None | Some("veth")) && !is_wireless(&l.name))
        .map(|l| {
            let (rank, path) = place(&l.name);
            (rank, path, l.clone())
        })
        .collect();
    ports.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    ports.into_iter().map(|(_, _, link)| link).collect()
}

fn is_wireless(name: &str) -> bool {
    let sysfs = format!("/sys/class/net/{name}");
    ["phy80211", "wireless"].iter().any(|part| std::path::Path::new(&sysfs).join(part).exists())
}

/// Rank of the bus, then the path in the device tree: stable however the kernel numbers interfaces. A Pi 3's own port is
/// on USB, before every socket of its hub.
fn place(name: &str) -> (u8, String) {
    let sysfs = std::path::Path::new("/sys/class/net").join(name);
    let path = std::fs::canonicalize(sysfs.join("device")).or_else(|_| std::fs::canonicalize(&sysfs)).unwrap_or_default();
    let bus = std::fs::canonicalize(sysfs.join("device/subsystem")).ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
    let rank = match bus.as_deref() {
        Some("platform") => 0,
        Some("pci" | "virtio") => 1,
        Some("usb") => 2,
        _ => 3,
    };
    (rank, path.to_string_lossy().into_owned())
}
