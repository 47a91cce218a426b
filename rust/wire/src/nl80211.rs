//! nl80211 attributes: what the kernel tells about radios, interfaces, stations and what a scan heard.
//!
//! Numbers are those of `linux/nl80211.h`. A reader of our own, and not wl-nl80211's typed one, for what comes back:
//! scan results carry bytes from the air, one attribute that a typed parser rejects loses the whole message, and we
//! need a tenth of them. Everything is native-endian, unknown attributes are skipped, lists are capped.

/// Walks netlink attributes: `(kind without flag bits, payload)`; ends at the first malformed one.
#[derive(Clone, Copy, Debug)]
pub struct Attrs<'a>(pub &'a [u8]);

impl<'a> Iterator for Attrs<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, _) = self.0.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        // NLA_F_NESTED and NLA_F_NET_BYTEORDER are the two top bits.
        let kind = u16::from_ne_bytes([head[2], head[3]]) & 0x3fff;
        let payload = self.0.get(4..len)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, payload))
    }
}

fn get_u16(payload: &[u8]) -> Option<u16> {
    Some(u16::from_ne_bytes(*payload.first_chunk()?))
}

fn get_u32(payload: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(*payload.first_chunk()?))
}

fn get_text(payload: &[u8]) -> String {
    let end = payload.iter().position(|&b| b == 0).unwrap_or(payload.len());
    String::from_utf8_lossy(&payload[..end.min(MAX_NAME)]).into_owned()
}

/// The payload of the first attribute of this kind.
fn find(attrs: &[u8], kind: u16) -> Option<&[u8]> {
    Attrs(attrs).find(|(k, _)| *k == kind).map(|(_, payload)| payload)
}

/// A set of small numbers given as nested flags, as bits.
fn flag_bits(payload: &[u8]) -> u32 {
    Attrs(payload).filter(|(kind, _)| *kind < 32).fold(0, |bits, (kind, _)| bits | 1 << kind)
}

/// Longest name that is kept, in bytes.
const MAX_NAME: usize = 64;
/// Most channels a band that are kept.
const MAX_CHANNELS: usize = 128;
/// Most entries of other lists.
const MAX_LIST: usize = 64;

/// Interface modes, as bits of [`Wiphy::modes`] and of [`Limit::modes`] (`enum nl80211_iftype`).
pub mod mode {
    /// A client of an access point.
    pub const STATION: u32 = 2;
    /// An access point.
    pub const AP: u32 = 3;
}

/// Commands as sent and as seen in events (`enum nl80211_commands`).
pub mod cmd {
    #![allow(missing_docs)]
    pub const NEW_WIPHY: u8 = 3;
    pub const DEL_WIPHY: u8 = 4;
    pub const NEW_INTERFACE: u8 = 7;
    pub const DEL_INTERFACE: u8 = 8;
    pub const NEW_STATION: u8 = 19;
    pub const DEL_STATION: u8 = 20;
    pub const REQ_SET_REG: u8 = 27;
    pub const GET_REG: u8 = 31;
    pub const NEW_SCAN_RESULTS: u8 = 34;
    pub const SCAN_ABORTED: u8 = 35;
}

/// Attribute kinds (`enum nl80211_attrs`).
pub mod attr {
    #![allow(missing_docs)]
    pub const WIPHY: u16 = 1;
    pub const WIPHY_NAME: u16 = 2;
    pub const IFINDEX: u16 = 3;
    pub const IFNAME: u16 = 4;
    pub const IFTYPE: u16 = 5;
    pub const MAC: u16 = 6;
    pub const STA_INFO: u16 = 21;
    pub const WIPHY_BANDS: u16 = 22;
    pub const SUPPORTED_IFTYPES: u16 = 32;
    pub const REG_ALPHA2: u16 = 33;
    pub const BSS: u16 = 47;
    pub const CIPHER_SUITES: u16 = 57;
    pub const INTERFACE_COMBINATIONS: u16 = 120;
    pub const MAX_AP_ASSOC_STA: u16 = 202;
}

/// A channel that a radio has, with what the country allows there now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Centre frequency in MHz.
    pub mhz: u32,
    /// The country forbids it.
    pub disabled: bool,
    /// Nothing may be sent before somebody else is heard: no access point here.
    pub no_ir: bool,
    /// Radar must be listened for (DFS).
    pub radar: bool,
}

/// One band of a radio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Band {
    /// `enum nl80211_band`: 0 is 2.4 GHz, 1 is 5 GHz, 2 is 60 GHz, 3 is 6 GHz.
    pub id: u16,
    /// 802.11n is there.
    pub ht: bool,
    /// 802.11ac is there.
    pub vht: bool,
    /// In the kernel's order.
    pub channels: Vec<Channel>,
}

/// At most `max` interfaces of these modes, within a [`Combination`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// How many together.
    pub max: u32,
    /// Bits of [`mode`].
    pub modes: u32,
}

/// Interfaces that a radio can have at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Combination {
    /// All of these hold.
    pub limits: Vec<Limit>,
    /// Interfaces in all.
    pub max: u32,
    /// Different channels at once.
    pub channels: u32,
}

/// A radio, gathered from all parts of a split dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiphy {
    /// The kernel's number; never used twice.
    pub id: u32,
    /// `phy0`.
    pub name: String,
    /// Bits of [`mode`].
    pub modes: u32,
    /// Bands that it has.
    pub bands: Vec<Band>,
    /// What it can be at once.
    pub combinations: Vec<Combination>,
    /// Cipher suite selectors, e.g. 0x000fac04 for CCMP.
    pub ciphers: Vec<u32>,
    /// Most associated stations as an access point, where the driver tells.
    pub max_stations: Option<u32>,
}

/// The number of the radio that a message is about.
pub fn wiphy_id(attrs: &[u8]) -> Option<u32> {
    get_u32(find(attrs, attr::WIPHY)?)
}

impl Wiphy {
    /// Adds one part of a split dump (`NL80211_ATTR_SPLIT_WIPHY_DUMP`: a radio comes in many messages).
    pub fn merge(&mut self, attrs: &[u8]) {
        for (kind, payload) in Attrs(attrs) {
            match kind {
                attr::WIPHY => self.id = get_u32(payload).unwrap_or(self.id),
                attr::WIPHY_NAME => self.name = get_text(payload),
                attr::SUPPORTED_IFTYPES => self.modes |= flag_bits(payload),
                attr::MAX_AP_ASSOC_STA => self.max_stations = get_u32(payload).filter(|n| *n > 0),
                attr::CIPHER_SUITES => {
                    self.ciphers = payload.chunks_exact(4).take(MAX_LIST).filter_map(get_u32).collect();
                }
                attr::WIPHY_BANDS => Attrs(payload).for_each(|(id, band)| self.merge_band(id, band)),
                attr::INTERFACE_COMBINATIONS => {
                    let room = MAX_LIST.saturating_sub(self.combinations.len());
                    self.combinations.extend(Attrs(payload).take(room).map(|(_, one)| Combination::parse(one)));
                }
                _ => {}
            }
        }
    }

    fn merge_band(&mut self, id: u16, payload: &[u8]) {
        let at = self.bands.iter().position(|b| b.id == id).unwrap_or_else(|| {
            self.bands.push(Band { id, ..Band::default() });
            self.bands.len() - 1
        });
        if self.bands.len() > MAX_LIST {
            self.bands.truncate(MAX_LIST);
            return;
        }
        let band = &mut self.bands[at];
        for (kind, payload) in Attrs(payload) {
            match kind {
                1 => {
                    let room = MAX_CHANNELS.saturating_sub(band.channels.len());
                    band.channels.extend(Attrs(payload).take(room).filter_map(|(_, one)| Channel::parse(one)));
                }
                4 => band.ht = get_u16(payload).is_some_and(|capabilities| capabilities != 0),
                8 => band.vht = get_u32(payload).is_some_and(|capabilities| capabilities != 0),
                _ => {}
            }
        }
    }
}

impl Channel {
    fn parse(attrs: &[u8]) -> Option<Self> {
        let has = |kind| find(attrs, kind).is_some();
        Some(Self { mhz: get_u32(find(attrs, 1)?)?, disabled: has(2), no_ir: has(3), radar: has(5) })
    }
}

impl Combination {
    fn parse(attrs: &[u8]) -> Self {
        let number = |kind| find(attrs, kind).and_then(get_u32).unwrap_or(0);
        let limits = find(attrs, 1).unwrap_or_default();
        let limit = |one: &[u8]| Limit { max: find(one, 1).and_then(get_u32).unwrap_or(0), modes: find(one, 2).map_or(0, flag_bits) };
        Self { limits: Attrs(limits).take(MAX_LIST).map(|(_, one)| limit(one)).collect(), max: number(2), channels: number(4) }
    }
}

/// A wireless network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its radio.
    pub wiphy: u32,
    /// The kernel's number.
    pub index: u32,
    /// `wlan0`.
    pub name: String,
    /// One of [`mode`].
    pub mode: u32,
}

impl Interface {
    /// Reads a `NEW_INTERFACE` message; `None` when it is of a device without a network interface.
    pub fn parse(attrs: &[u8]) -> Option<Self> {
        Some(Self {
            wiphy: wiphy_id(attrs)?,
            index: get_u32(find(attrs, attr::IFINDEX)?)?,
            name: get_text(find(attrs, attr::IFNAME)?),
            mode: find(attrs, attr::IFTYPE).and_then(get_u32).unwrap_or(0),
        })
    }
}

/// Another access point that a scan heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bss {
    /// Its address.
    pub bssid: [u8; 6],
    /// Its channel's frequency.
    pub mhz: u32,
    /// Signal in dBm; drivers without a unit give -70.
    pub dbm: i32,
}

impl Bss {
    /// Reads one message of a scan dump. The beacon's own bytes are never looked at.
    pub fn parse(attrs: &[u8]) -> Option<Self> {
        let bss = find(attrs, attr::BSS)?;
        let signal = find(bss, 7).and_then(|p| Some(i32::from_ne_bytes(*p.first_chunk()?)));
        Some(Self { bssid: *find(bss, 1)?.first_chunk()?, mhz: get_u32(find(bss, 2)?)?, dbm: signal.map_or(-70, |mbm| mbm / 100) })
    }
}

/// An associated station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Station {
    /// Its address.
    pub mac: [u8; 6],
    /// Seconds since it associated, where the driver tells.
    pub connected_s: Option<u32>,
    /// It may send data (associated, and past the WPA2 handshake); drivers that do not tell count as yes.
    pub authorized: bool,
}

impl Station {
    /// Reads one message of a station dump.
    pub fn parse(attrs: &[u8]) -> Option<Self> {
        let info = find(attrs, attr::STA_INFO).unwrap_or_default();
        // struct nl80211_sta_flag_update { mask, set }; bit 1 is NL80211_STA_FLAG_AUTHORIZED.
        let flags = find(info, 17).and_then(|p| Some((get_u32(p)?, get_u32(p.get(4..)?)?)));
        Some(Self {
            mac: *find(attrs, attr::MAC)?.first_chunk()?,
            connected_s: find(info, 16).and_then(get_u32),
            authorized: flags.is_none_or(|(mask, set)| mask & 2 == 0 || set & 2 != 0),
        })
    }
}

/// What the kernel tells unasked, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A radio appeared, or came into our network namespace.
    NewWiphy(u32),
    /// A radio vanished, or left our network namespace.
    DelWiphy(u32),
    /// An interface of this number vanished.
    DelInterface(u32),
    /// A scan on this interface ended; its results can be fetched.
    ScanDone(u32),
    /// A scan on this interface was given up.
    ScanAborted(u32),
    /// A station left the interface of this number.
    DelStation(u32, [u8; 6]),
}

impl Event {
    /// Reads a multicast message.
    pub fn parse(command: u8, attrs: &[u8]) -> Option<Self> {
        let index = || get_u32(find(attrs, attr::IFINDEX)?);
        Some(match command {
            cmd::NEW_WIPHY => Self::NewWiphy(wiphy_id(attrs)?),
            cmd::DEL_WIPHY => Self::DelWiphy(wiphy_id(attrs)?),
            cmd::DEL_INTERFACE => Self::DelInterface(index()?),
            cmd::NEW_SCAN_RESULTS => Self::ScanDone(index()?),
            cmd::SCAN_ABORTED => Self::ScanAborted(index()?),
            cmd::DEL_STATION => Self::DelStation(index()?, *find(attrs, attr::MAC)?.first_chunk()?),
            _ => return None,
        })
    }
}

/// The country in a `GET_REG` answer, e.g. `BR`.
pub fn alpha2(attrs: &[u8]) -> Option<[u8; 2]> {
    find(attrs, attr::REG_ALPHA2)?.first_chunk().copied()
}
