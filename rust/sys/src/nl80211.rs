//! nl80211 over generic netlink: wl-nl80211's connection and message builders, `wire::nl80211`'s reader.

use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use wire::nl80211::{Bss, Event, Interface, Station, Wiphy, attr, cmd};
use wl_nl80211::packet_core::{
    DecodeError, DefaultNla, Emitable, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload, ParseableParametrized,
};
use wl_nl80211::packet_generic::{GenlFamily, GenlHeader, GenlMessage};
use wl_nl80211::{Nl80211Attr, Nl80211Command, Nl80211InterfaceType, Nl80211MulticastGroup, Nl80211NewInterface, Nl80211Scan};

/// No single answer of the kernel takes longer; beyond, the driver hangs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Most objects that are kept of one dump.
const MAX_DUMP: usize = 1024;

/// A message whose attributes stay bytes.
#[derive(Clone, Debug)]
struct Raw {
    command: u8,
    attrs: Vec<u8>,
}

impl Raw {
    fn new(command: u8, attributes: &[Nl80211Attr]) -> Self {
        let mut attrs = vec![0; attributes.iter().map(Emitable::buffer_len).sum()];
        let mut at = 0;
        for attribute in attributes {
            attribute.emit(&mut attrs[at..at + attribute.buffer_len()]);
            at += attribute.buffer_len();
        }
        Self { command, attrs }
    }
}

impl GenlFamily for Raw {
    fn family_name() -> &'static str {
        "nl80211"
    }

    fn version(&self) -> u8 {
        1
    }

    fn command(&self) -> u8 {
        self.command
    }
}

impl Emitable for Raw {
    fn buffer_len(&self) -> usize {
        self.attrs.len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        buffer[..self.attrs.len()].copy_from_slice(&self.attrs);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Raw {
    fn parse_with_param(attrs: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        Ok(Self { command: header.cmd, attrs: attrs.to_vec() })
    }
}

/// A connection for requests. Errors of all calls are the kernel's.
#[derive(Clone)]
pub struct Nl80211 {
    handle: wl_nl80211::Nl80211Handle,
}

impl Nl80211 {
    /// Connects; must be called within a tokio runtime. Errors: no wireless support in the kernel.
    pub async fn connect() -> io::Result<Self> {
        let (connection, handle, _) = wl_nl80211::new_connection()?;
        tokio::spawn(connection);
        handle.handle.resolve_family::<Raw>().await.map_err(|e| io::Error::other(format!("nl80211: {e}")))?;
        Ok(Self { handle })
    }

    /// Sends one request and gives every answer's attributes to `each`.
    async fn ask(&self, request: Raw, flags: u16, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let mut message = NetlinkMessage::from(GenlMessage::from_payload(request));
        message.header.flags = NLM_F_REQUEST | flags;
        let mut handle = self.handle.handle.clone();
        let talk = async {
            let mut answers = handle.request(message).await.map_err(io::Error::other)?;
            while let Some(answer) = answers.next().await {
                match answer.map_err(io::Error::other)?.payload {
                    NetlinkPayload::InnerMessage(answer) => each(&answer.payload.attrs),
                    NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                    _ => {}
                }
            }
            Ok(())
        };
        tokio::time::timeout(ANSWER_TIMEOUT, talk).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn command(&self, command: u8, attributes: &[Nl80211Attr]) -> io::Result<()> {
        self.ask(Raw::new(command, attributes), NLM_F_ACK, |_| ()).await
    }

    /// All radios in this network namespace.
    pub async fn wiphys(&self) -> io::Result<Vec<Wiphy>> {
        let request = Raw::new(Nl80211Command::GetWiphy.into(), &[Nl80211Attr::SplitWiphyDump]);
        let mut all: Vec<Wiphy> = Vec::new();
        self.ask(request, NLM_F_DUMP, |attrs| {
            let Some(id) = wire::nl80211::wiphy_id(attrs) else { return };
            let at = all.iter().position(|w| w.id == id).unwrap_or_else(|| {
                all.push(Wiphy::default());
                all.len() - 1
            });
            all[at].merge(attrs);
        })
        .await?;
        all.sort_by_key(|w| w.id);
        Ok(all)
    }

    async fn dump<T>(&self, command: Nl80211Command, attributes: &[Nl80211Attr], read: impl Fn(&[u8]) -> Option<T>) -> io::Result<Vec<T>> {
        let mut all = Vec::new();
        let request = Raw::new(command.into(), attributes);
        self.ask(request, NLM_F_DUMP, |attrs| all.extend(read(attrs).filter(|_| all.len() < MAX_DUMP))).await?;
        Ok(all)
    }

    /// All wireless interfaces in this network namespace.
    pub async fn interfaces(&self) -> io::Result<Vec<Interface>> {
        self.dump(Nl80211Command::GetInterface, &[], Interface::parse).await
    }

    /// What the last scan heard.
    pub async fn scan_results(&self, index: u32) -> io::Result<Vec<Bss>> {
        self.dump(Nl80211Command::GetScan, &[Nl80211Attr::IfIndex(index)], Bss::parse).await
    }

    /// The stations of an access point.
    pub async fn stations(&self, index: u32) -> io::Result<Vec<Station>> {
        self.dump(Nl80211Command::GetStation, &[Nl80211Attr::IfIndex(index)], Station::parse).await
    }

    /// Starts an active scan; its end comes as an [`Event`].
    pub async fn trigger_scan(&self, index: u32, frequencies: Vec<u32>) -> io::Result<()> {
        let attributes = Nl80211Scan::new(index).scan_frequencies(frequencies).build();
        self.command(Nl80211Command::TriggerScan.into(), &attributes).await
    }

    /// Adds an interface in station mode, which every radio that can be an access point has.
    pub async fn add_interface(&self, wiphy: u32, name: &str) -> io::Result<()> {
        let attributes = Nl80211NewInterface::new(wiphy, Nl80211InterfaceType::Station, name.to_owned()).build();
        self.command(Nl80211Command::NewInterface.into(), &attributes).await
    }

    /// Puts an interface that is down in station mode.
    pub async fn set_station_mode(&self, index: u32) -> io::Result<()> {
        let attributes = [Nl80211Attr::IfIndex(index), Nl80211Attr::IfType(Nl80211InterfaceType::Station)];
        self.command(Nl80211Command::SetInterface.into(), &attributes).await
    }

    /// Asks for the rules of a country, two capitals; they hold a moment later.
    pub async fn request_country(&self, country: [u8; 2]) -> io::Result<()> {
        // wl-nl80211 0.8 has no type for the country: two letters and a NUL.
        let alpha2 = DefaultNla::new(attr::REG_ALPHA2, vec![country[0], country[1], 0]);
        self.command(cmd::REQ_SET_REG, &[Nl80211Attr::Other(alpha2)]).await
    }

    /// The country whose rules hold now; `00` is the whole world's.
    pub async fn country(&self) -> io::Result<[u8; 2]> {
        let mut country = None;
        self.ask(Raw::new(cmd::GET_REG, &[]), NLM_F_ACK, |attrs| country = wire::nl80211::alpha2(attrs)).await?;
        country.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// What the kernel tells unasked about radios, scans and stations, until the receiver is dropped.
///
/// A connection of its own: an event can come before the answer to the request that caused it.
pub fn events() -> io::Result<mpsc::UnboundedReceiver<Event>> {
    use Nl80211MulticastGroup::{Config, Mlme, Scan};
    let (connection, _handle, mut messages) = wl_nl80211::new_multicast_connection(&[Config, Scan, Mlme])?;
    tokio::spawn(connection);
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        // The handle keeps the connection open.
        let _handle = _handle;
        while let Some((message, _)) = messages.next().await {
            let NetlinkPayload::InnerMessage(raw) = message.payload else { continue };
            let Some(event) = Event::parse(raw.header.cmd, &raw.payload) else { continue };
            if sender.send(event).is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}
