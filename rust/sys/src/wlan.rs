//! What else a radio needs of the kernel: links, rfkill, the facts in sysfs.

use std::io;
use std::path::Path;

use rtnetlink::LinkUnspec;

/// Route netlink requests on wireless interfaces.
#[derive(Clone)]
pub struct Links {
    handle: rtnetlink::Handle,
}

impl Links {
    /// Connects; must be called within a tokio runtime.
    pub fn connect() -> io::Result<Self> {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        tokio::spawn(connection);
        Ok(Self { handle })
    }

    /// Brings an interface up or down.
    pub async fn set_up(&self, index: u32, up: bool) -> io::Result<()> {
        let link = LinkUnspec::new_with_index(index);
        let link = if up { link.up() } else { link.down() };
        self.handle.link().set(link.build()).execute().await.map_err(to_io)
    }

    /// Takes an interface out of its bridge: a bridge port cannot be put in station mode.
    pub async fn leave_bridge(&self, index: u32) -> io::Result<()> {
        let link = LinkUnspec::new_with_index(index).nocontroller();
        self.handle.link().set(link.build()).execute().await.map_err(to_io)
    }
}

fn to_io(error: rtnetlink::Error) -> io::Error {
    match error {
        rtnetlink::Error::NetlinkError(message) => message.to_io(),
        other => io::Error::other(other),
    }
}

/// Lets all Wi-Fi radios send, as far as software forbade it (`struct rfkill_event` of linux/rfkill.h: index, type
/// RFKILL_TYPE_WLAN, operation RFKILL_OP_CHANGE_ALL, soft, hard). Errors: no such device, or no right to write it.
pub fn unblock_radios() -> io::Result<()> {
    let event = [0, 0, 0, 0, 1, 3, 0, 0];
    io::Write::write_all(&mut std::fs::OpenOptions::new().write(true).open("/dev/rfkill")?, &event)
}

/// Where a radio sits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Kernel driver; empty when not known.
    pub driver: String,
    /// `sdio`, `usb`, …; empty when not known.
    pub bus: String,
    /// The device number on an SDIO bus.
    pub device: Option<u16>,
}

/// Reads where a radio (`phy0`) sits.
pub fn place(phy: &str) -> Place {
    // A phy's name can be changed by root and never holds a slash; a dot alone would still lead elsewhere.
    if phy.contains('/') || phy.starts_with('.') {
        return Place::default();
    }
    let device = Path::new("/sys/class/ieee80211").join(phy).join("device");
    let name = |link: &str| {
        let target = std::fs::read_link(device.join(link)).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    };
    let number = std::fs::read_to_string(device.join("device")).ok();
    Place {
        driver: name("driver").unwrap_or_default(),
        bus: name("subsystem").unwrap_or_default(),
        device: number.and_then(|text| u16::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()),
    }
}
