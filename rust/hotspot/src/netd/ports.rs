//! Which Ethernet port is which: the first is the uplink, the others are visitors'.

use std::path::Path;

use sys::rtnl::Link;

/// Ethernet ports in the order of where they are plugged in: what is soldered on comes first.
pub fn ethernet(links: &[Link]) -> Vec<Link> {
    let mut ports: Vec<_> = links
        .iter()
        .filter(|l| l.ethernet && matches!(l.kind.as_deref(), None | Some("veth")) && !is_wireless(&l.name))
        .map(|l| (place(&l.name), l.clone()))
        .collect();
    ports.sort_by(|a, b| a.0.cmp(&b.0));
    ports.into_iter().map(|(_, link)| link).collect()
}

fn is_wireless(name: &str) -> bool {
    let sysfs = Path::new("/sys/class/net").join(name);
    ["phy80211", "wireless"].iter().any(|part| sysfs.join(part).exists())
}

/// Rank of the bus, then the path in the device tree: stable however the kernel numbers interfaces. A Pi 3's own port is
/// on USB, before every socket of its hub.
fn place(name: &str) -> (u8, String) {
    let sysfs = Path::new("/sys/class/net").join(name);
    let device = sysfs.join("device");
    let path = std::fs::canonicalize(&device).or_else(|_| std::fs::canonicalize(&sysfs)).unwrap_or_default();
    let bus = std::fs::canonicalize(device.join("subsystem")).ok();
    let bus = bus.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    (rank(bus), path.to_string_lossy().into_owned())
}

/// On a Pi 4 the port hangs on the system's own bus and sockets on PCI and USB.
fn rank(bus: Option<&str>) -> u8 {
    match bus {
        Some("platform") => 0,
        Some("pci" | "virtio") => 1,
        Some("usb") => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::rank;

    fn first<'a>(ports: &[(&str, &'a str)]) -> &'a str {
        ports.iter().map(|(bus, path)| (rank(Some(bus)), *path)).min().unwrap().1
    }

    #[test]
    fn the_soldered_port_is_first_on_every_model() {
        let pi4 = [
            "/sys/devices/platform/scb/fd580000.ethernet",
            "/sys/devices/platform/scb/fd500000.pcie/pci0000:00/0000:01:00.0/usb1/1-1/1-1.1/1-1.1:1.0",
        ];
        assert_eq!(first(&[("usb", pi4[1]), ("platform", pi4[0])]), pi4[0]);
        let hub = "/sys/devices/platform/soc/3f980000.usb/usb1/1-1";
        // 3B: the chip's port 1 is its own Ethernet; 3B+: on the inner hub.
        let (own, stick) = (format!("{hub}/1-1.1/1-1.1:1.0"), format!("{hub}/1-1.2/1-1.2:1.0"));
        assert_eq!(first(&[("usb", &stick), ("usb", &own)]), own);
        let (own, inner, outer) =
            (format!("{hub}/1-1.1/1-1.1.1/1-1.1.1:1.0"), format!("{hub}/1-1.1/1-1.1.2/1-1.1.2:1.0"), format!("{hub}/1-1.3/1-1.3:1.0"));
        assert_eq!(first(&[("usb", &outer), ("usb", &inner), ("usb", &own)]), own);
    }
}
