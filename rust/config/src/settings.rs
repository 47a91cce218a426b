//! Every setting with its type. What each means to a person is written in `hotspot.toml`, the template.

use serde::{Deserialize, Serialize};

use crate::range::Range;

/// All settings, valid by construction when they come from [`crate::read`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Version of this format: 1.
    pub version: Version,
    /// Who the community is.
    pub community: Community,
    /// This box.
    pub device: Device,
    /// The access point.
    pub wifi: Wifi,
    /// The visitors' network.
    pub lan: Lan,
    /// The way out, where there is one.
    pub uplink: Uplink,
    /// Who may use the internet.
    pub internet: Internet,
    /// Where content comes from.
    pub content: Content,
    /// The offline map.
    pub map: Map,
    /// Secure Scuttlebutt.
    pub ssb: Ssb,
    /// Monitoring of several boxes.
    pub fleet: Fleet,
    /// Updates of the box.
    pub update: Update,
    /// The owner.
    pub admin: Admin,
}

/// The format's version number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

impl Default for Version {
    fn default() -> Self {
        Self(1)
    }
}

/// `[community]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Community {
    /// Shown on the portal; 1 to 80 characters.
    pub name: String,
    /// Portal languages in order of preference, of `en`, `pt`, `es`, `fr`; never empty.
    pub languages: Vec<String>,
}

impl Default for Community {
    fn default() -> Self {
        Self { name: "P2P Hotspot".into(), languages: crate::LANGUAGES.map(String::from).to_vec() }
    }
}

/// `[device]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    /// Host name: one lower-case label; the portal is at `<name>.local`.
    pub name: String,
    /// IANA time zone name.
    pub timezone: String,
    /// Two letters of a country that the regulatory database knows.
    pub country: String,
}

impl Default for Device {
    fn default() -> Self {
        Self { name: "p2p".into(), timezone: "UTC".into(), country: "GB".into() }
    }
}

impl Device {
    /// The time zone as a POSIX `TZ` string, which needs no files.
    pub fn posix_tz(&self) -> &'static str {
        crate::lists::posix_tz(&self.timezone).unwrap_or("UTC0")
    }
}

/// `[wifi]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wifi {
    /// Network name, 1 to 32 bytes of UTF-8.
    pub ssid: String,
    /// Empty: an open network. Else WPA2: 8 to 63 printable ASCII characters, or 64 hexadecimal digits.
    pub password: String,
    /// `None`: the box picks.
    pub channel: Option<u8>,
    /// Which band to open the network on.
    pub band: Band,
}

impl Default for Wifi {
    fn default() -> Self {
        Self { ssid: "P2P Hotspot".into(), password: String::new(), channel: None, band: Band::Ghz2 }
    }
}

/// A frequency band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Band {
    /// 2.4 GHz: every phone has it, and it reaches further.
    #[default]
    #[serde(rename = "2.4")]
    Ghz2,
    /// 5 GHz, where radio and country allow.
    #[serde(rename = "5")]
    Ghz5,
}

/// `[lan]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lan {
    /// Lease range; the box has its first address.
    pub range: Range,
    /// What Ethernet ports are for.
    pub ports: Ports,
    /// Further host names that lead to the portal.
    pub names: Vec<String>,
    /// The community's own domain name, under which the portal is served by HTTPS once it has a certificate; empty: none.
    pub domain: String,
    /// Names of local services, such as `maps.p2p = http://10.42.0.9:8080`; see [`Lan::services`].
    pub services: Vec<String>,
}

impl Lan {
    /// The services with where they lead, without any that would lead the portal to itself.
    pub fn services(&self) -> Vec<crate::Service> {
        let itself = crate::Target::Machine(std::net::SocketAddrV4::new(self.range.own(), 80));
        self.services.iter().filter_map(|text| crate::service::read(text).ok()).filter(|s| s.target != itself).collect()
    }
}

/// What the Ethernet ports are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ports {
    /// The first is the uplink, the others serve visitors; a lone one serves visitors if nobody offers an address there and there is no radio.
    #[default]
    Auto,
    /// All serve visitors.
    Lan,
    /// The first is the uplink, the others are not used.
    Uplink,
}

/// `[uplink]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Uplink {
    /// A Wi-Fi network to take the internet from; empty: none.
    pub wifi_ssid: String,
    /// Its password; empty: it is open.
    pub wifi_password: String,
}

/// `[internet]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Internet {
    /// Who may use the internet.
    pub access: Access,
    /// The password for `access = "password"`.
    pub password: String,
    /// Host names that everybody may reach.
    pub walled_garden: Vec<String>,
    /// When the internet is on, such as `mon-fri 08:00-18:00`; empty: always.
    pub schedule: Vec<String>,
    /// Limit of one phone, each way, in kbit/s; 0: none.
    pub speed: u32,
    /// Limit of all phones together, each way, in kbit/s; 0: none.
    pub speed_total: u32,
}

/// Who may use the internet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Nobody.
    #[default]
    Blocked,
    /// Who has a voucher.
    Voucher,
    /// Who knows the password.
    Password,
    /// Everybody.
    Open,
}

/// `[content]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// Where bundles are fetched from: http, https or ipfs addresses.
    pub sources: Vec<String>,
    /// IPFS gateways to ask.
    pub gateways: Vec<String>,
    /// Publisher keys whose bundles are taken without asking.
    pub trusted: Vec<String>,
}

/// `[map]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Map {
    /// Address of the tiles; empty: those in the library.
    pub tiles: String,
}

/// `[ssb]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ssb {
    /// The pub's name; empty: the community's.
    pub name: String,
    /// Address of a room to join; empty: none.
    pub room: String,
    /// Address of a pub to follow; empty: none.
    #[serde(rename = "pub")]
    pub pub_address: String,
}

/// `[fleet]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fleet {
    /// Address of the hub that watches this box; empty: none.
    pub hub: String,
}

/// `[update]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Update {
    /// Address that updates are fetched from; empty: USB sticks only.
    pub source: String,
    /// The one release sequence to stay at; 0: the newest.
    pub pin: u32,
}

/// `[admin]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Admin {
    /// The owner's password; empty: the box asks for its setup code.
    pub password: String,
}

/// What only few programs may read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Secrets {
    /// `wifi.password`
    pub wifi_password: String,
    /// `uplink.wifi_password`
    pub uplink_wifi_password: String,
    /// `internet.password`
    pub internet_password: String,
    /// `admin.password`
    pub admin_password: String,
}

impl Settings {
    /// The same with every secret empty.
    pub fn without_secrets(&self) -> Self {
        self.clone().with_secrets(&Secrets::default())
    }

    /// The secrets alone.
    pub fn secrets(&self) -> Secrets {
        Secrets {
            wifi_password: self.wifi.password.clone(),
            uplink_wifi_password: self.uplink.wifi_password.clone(),
            internet_password: self.internet.password.clone(),
            admin_password: self.admin.password.clone(),
        }
    }

    /// Puts secrets back in their places.
    pub fn with_secrets(mut self, secrets: &Secrets) -> Self {
        self.wifi.password.clone_from(&secrets.wifi_password);
        self.uplink.wifi_password.clone_from(&secrets.uplink_wifi_password);
        self.internet.password.clone_from(&secrets.internet_password);
        self.admin.password.clone_from(&secrets.admin_password);
        self
    }
}
