//! Links, addresses and routes through route netlink: verbs over `rtnetlink`.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use futures_util::{StreamExt, TryStreamExt};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    BridgeStpState, InfoBridgePort, InfoPortData, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType, LinkMessage,
};
use rtnetlink::{Handle, LinkBridge, LinkBridgePort, LinkUnspec, MulticastGroup, RouteMessageBuilder};
use tokio::sync::mpsc;

/// An interface as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number; a card that comes back gets another one.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its hardware address; zero if it is not Ethernet.
    pub mac: [u8; 6],
    /// What made it, such as `bridge` or `veth`; `None` for hardware.
    pub kind: Option<String>,
    /// The bridge that it is a port of.
    pub master: Option<u32>,
    /// As a port, kept from talking to other isolated ports.
    pub isolated: bool,
    /// Switched on.
    pub up: bool,
    /// A cable with somebody at its other end.
    pub carrier: bool,
    /// Ethernet frames.
    pub ethernet: bool,
}

/// A way to ask the kernel.
#[derive(Clone)]
pub struct Rtnl {
    handle: Handle,
}

/// Opens route netlink; the receiver gets a word whenever links changed (many changes may be one word).
pub fn open() -> io::Result<(Rtnl, mpsc::Receiver<()>)> {
    let (connection, handle, mut messages) = rtnetlink::new_multicast_connection(&[MulticastGroup::Link])?;
    tokio::spawn(connection);
    let (changed, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while messages.next().await.is_some() {
            // Full means that a word is waiting already.
            if let Err(mpsc::error::TrySendError::Closed(())) = changed.try_send(()) {
                return;
            }
        }
    });
    Ok((Rtnl { handle }, receiver))
}

fn failed(what: &str, error: rtnetlink::Error) -> io::Error {
    io::Error::other(format!("{what}: {error}"))
}

fn exists(error: &rtnetlink::Error) -> bool {
    matches!(error, rtnetlink::Error::NetlinkError(e) if e.raw_code() == -libc::EEXIST)
}

fn link(message: &LinkMessage) -> Link {
    let header = &message.header;
    let mut link = Link {
        index: header.index,
        name: String::new(),
        mac: [0; 6],
        kind: None,
        master: None,
        isolated: false,
        up: header.flags.contains(LinkFlags::Up),
        carrier: header.flags.contains(LinkFlags::LowerUp),
        ethernet: header.link_layer_type == LinkLayerType::Ether && !header.flags.contains(LinkFlags::Loopback),
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(bytes) => link.mac = bytes.as_slice().try_into().unwrap_or_default(),
            LinkAttribute::Controller(index) => link.master = Some(*index),
            LinkAttribute::LinkInfo(infos) => infos.iter().for_each(|info| match info {
                LinkInfo::Kind(kind) => link.kind = Some(kind.to_string()),
                LinkInfo::PortData(InfoPortData::BridgePort(port)) => link.isolated |= port.contains(&InfoBridgePort::Isolated(true)),
                _ => {}
            }),
            _ => {}
        }
    }
    link
}

impl Rtnl {
    /// All interfaces.
    pub async fn links(&self) -> io::Result<Vec<Link>> {
        let messages: Vec<LinkMessage> =
            self.handle.link().get().execute().try_collect().await.map_err(|e| failed("listing interfaces", e))?;
        Ok(messages.iter().map(link).collect())
    }

    /// Makes a bridge that forwards at once and spares the air queries; one of that name that exists is kept.
    pub async fn add_bridge(&self, name: &str, mac: [u8; 6]) -> io::Result<()> {
        let message =
            LinkBridge::new(name).address(mac.to_vec()).stp_state(BridgeStpState::Disabled).forward_delay(0).mcast_snooping(false).build();
        match self.handle.link().add(message).execute().await {
            Err(error) if !exists(&error) => Err(failed(&format!("making bridge {name}"), error)),
            _ => Ok(()),
        }
    }

    /// Switches an interface on.
    pub async fn set_up(&self, index: u32) -> io::Result<()> {
        let message = LinkUnspec::new_with_index(index).up().build();
        self.handle.link().set(message).execute().await.map_err(|e| failed("switching an interface on", e))
    }

    /// Makes an interface a port of a bridge.
    pub async fn attach(&self, index: u32, bridge: u32) -> io::Result<()> {
        let message = LinkUnspec::new_with_index(index).controller(bridge).up().build();
        self.handle.link().set(message).execute().await.map_err(|e| failed("adding a port to the bridge", e))
    }

    /// Takes a port out of its bridge.
    pub async fn detach(&self, index: u32) -> io::Result<()> {
        let message = LinkUnspec::new_with_index(index).nocontroller().build();
        self.handle.link().set(message).execute().await.map_err(|e| failed("taking a port from the bridge", e))
    }

    /// Keeps a bridge's port from talking to other isolated ports.
    pub async fn isolate(&self, index: u32) -> io::Result<()> {
        let message = LinkBridgePort::new(index).append_info_data(InfoBridgePort::Isolated(true)).build();
        self.handle.link().set_port(message).execute().await.map_err(|e| failed("isolating a port", e))
    }

    /// An interface's IPv4 addresses with their prefix lengths.
    pub async fn addresses(&self, index: u32) -> io::Result<Vec<(Ipv4Addr, u8)>> {
        let messages = self.address_messages(index).await?;
        let mut out = Vec::new();
        for message in messages {
            let local = message.attributes.iter().find_map(|a| match a {
                AddressAttribute::Local(IpAddr::V4(ip)) => Some(*ip),
                _ => None,
            });
            out.extend(local.map(|ip| (ip, message.header.prefix_len)));
        }
        Ok(out)
    }

    /// The kernel's filter is a hint that old kernels do not know: checked again here.
    async fn address_messages(&self, index: u32) -> io::Result<Vec<AddressMessage>> {
        let listed = self.handle.address().get().set_link_index_filter(index).execute();
        let messages: Vec<AddressMessage> = listed.try_collect().await.map_err(|e| failed("listing addresses", e))?;
        Ok(messages.into_iter().filter(|m| m.header.index == index).collect())
    }

    /// Gives an interface an address; one that it has already is fine.
    pub async fn add_address(&self, index: u32, ip: Ipv4Addr, prefix: u8) -> io::Result<()> {
        match self.handle.address().add(index, ip.into(), prefix).execute().await {
            Err(error) if !exists(&error) => Err(failed(&format!("adding address {ip}"), error)),
            _ => Ok(()),
        }
    }

    /// Takes an address away.
    pub async fn remove_address(&self, index: u32, ip: Ipv4Addr) -> io::Result<()> {
        let messages = self.address_messages(index).await?;
        for message in messages {
            if message.attributes.contains(&AddressAttribute::Local(ip.into())) {
                self.handle.address().del(message).execute().await.map_err(|e| failed(&format!("removing address {ip}"), e))?;
            }
        }
        Ok(())
    }

    /// Sends everything that has no better way through `gateway` on this interface, instead of any gateway before.
    pub async fn set_default_route(&self, index: u32, gateway: Ipv4Addr) -> io::Result<()> {
        let route = RouteMessageBuilder::<Ipv4Addr>::new().gateway(gateway).output_interface(index).build();
        self.handle.route().add(route).replace().execute().await.map_err(|e| failed(&format!("setting the route through {gateway}"), e))
    }
}
