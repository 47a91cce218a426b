//! Makes a radio's interface ready and listens to the neighbours.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use radio::machine::Event;
use sys::nl80211::Nl80211;
use sys::wlan::Links;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use wire::nl80211::{Bss, Interface, mode};

/// A scan takes up to 4 s; some drivers never say that they are done.
const SCAN: Duration = Duration::from_secs(8);
/// netd makes the bridge within a second of its start.
const BRIDGE: Duration = Duration::from_secs(8);

/// Connections and names that preparing needs.
#[derive(Clone)]
pub struct Tools {
    /// nl80211 requests.
    pub nl: Nl80211,
    /// Route netlink requests.
    pub links: Links,
    /// Told when any scan ends.
    pub scan_ended: Arc<Notify>,
}

/// Prepares the radio; every step fails by itself if the radio has left our network namespace meanwhile.
pub async fn prepare(tools: Tools, phy: u32, frequencies: Vec<u32>) -> Event {
    let interface = match ready(&tools, phy).await {
        Ok(interface) => interface,
        Err(e) => return Event::Failed(format!("radio {phy} cannot be made ready: {e}")),
    };
    let heard = scan(&tools, interface.index, frequencies).await.unwrap_or_else(|e| {
        log::warn!("{}: no scan ({e}); choosing a channel without", interface.name);
        Vec::new()
    });
    wait_for_bridge().await;
    Event::Prepared { interface: interface.name, index: interface.index, heard }
}

async fn ready(tools: &Tools, phy: u32) -> io::Result<Interface> {
    if let Err(e) = sys::wlan::unblock_radios() {
        log::debug!("rfkill: {e}");
    }
    let interface = match find(&tools.nl, phy).await? {
        Some(interface) => interface,
        None => {
            tools.nl.add_interface(phy, &format!("ap{phy}")).await?;
            find(&tools.nl, phy).await?.ok_or_else(|| io::Error::other("it has no interface"))?
        }
    };
    // Not a port of any bridge is what we want, so that an error says nothing.
    let _ = tools.links.leave_bridge(interface.index).await;
    if interface.mode != mode::STATION {
        tools.links.set_up(interface.index, false).await?;
        tools.nl.set_station_mode(interface.index).await?;
    }
    tools.links.set_up(interface.index, true).await?;
    Ok(interface)
}

/// The radio's interface: one in station mode first, else in AP mode, as a dead hostapd leaves it.
async fn find(nl: &Nl80211, phy: u32) -> io::Result<Option<Interface>> {
    let all = nl.interfaces().await?;
    let usable = |i: &Interface| i.wiphy == phy && (i.mode == mode::STATION || i.mode == mode::AP);
    Ok(all.into_iter().filter(usable).min_by_key(|i| (i.mode, i.index)))
}

async fn scan(tools: &Tools, index: u32, frequencies: Vec<u32>) -> io::Result<Vec<Bss>> {
    for attempt in 0.. {
        match tools.nl.trigger_scan(index, frequencies.clone()).await {
            Ok(()) => break,
            // Another scan is on its way, or the interface has just come up.
            Err(e) if attempt < 3 && e.kind() != io::ErrorKind::NotFound => sleep(Duration::from_millis(700)).await,
            Err(e) => return Err(e),
        }
    }
    if timeout(SCAN, tools.scan_ended.notified()).await.is_err() {
        log::warn!("the scan does not end; taking what was heard so far");
    }
    tools.nl.scan_results(index).await
}

async fn wait_for_bridge() {
    let there = || std::path::Path::new("/sys/class/net").join(super::BRIDGE).exists();
    let wait = async {
        while !there() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    if timeout(BRIDGE, wait).await.is_err() {
        log::warn!("{} is not there: netd does not run; hostapd makes the bridge", super::BRIDGE);
    }
}
