//! `board/layout.env`, the one file that knows where things are on the card.

use std::str::FromStr;

/// Bytes of one MiB, the layout's unit.
pub const MIB: u64 = 1 << 20;

const LAYOUT: &str = include_str!("../../../board/layout.env");

/// Offsets and sizes in bytes from the start of the card, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Version of the layout.
    pub version: u64,
    /// MBR disk signature (bytes 440..444, little-endian).
    pub signature: u32,
    /// The two boot records' offsets.
    pub records: [u64; 2],
    /// Size of each record.
    pub record_bytes: u64,
    /// p1: offset and size.
    pub boot: (u64, u64),
    /// Slot A: offset and size.
    pub slot_a: (u64, u64),
    /// Slot B: offset and size.
    pub slot_b: (u64, u64),
    /// Rescue: offset and size.
    pub rescue: (u64, u64),
    /// Where `/data` begins; it ends with the card.
    pub data: u64,
    /// Size of a slot's header.
    pub slot_header_bytes: u64,
}

/// What can be booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first slot.
    A,
    /// The second slot.
    B,
    /// The rescue system.
    Rescue,
}

impl Slot {
    /// `a`, `b` or `rescue`, as on the kernel command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::Rescue => "rescue",
        }
    }
}

impl FromStr for Slot {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::A, Self::B, Self::Rescue]
            .into_iter()
            .find(|s| s.name() == text)
            .ok_or_else(|| format!("\"{text}\" is no slot; a, b and rescue are"))
    }
}

impl Layout {
    /// The layout that this program was built for.
    pub fn built_in() -> Self {
        // A test reads it, so this cannot fail on the device.
        Self::parse(LAYOUT).unwrap_or_else(|why| panic!("board/layout.env: {why}"))
    }

    /// Reads `NAME=number` lines.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |name: &str| -> Result<u64, String> {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            let value = lines.next().ok_or_else(|| format!("{name} is missing"))?.trim();
            let parsed = value.strip_prefix("0x").map_or_else(|| value.parse(), |hex| u64::from_str_radix(hex, 16));
            parsed.map_err(|_| format!("{name}={value} is no number"))
        };
        let mib = |name: &str| number(name).map(|n| n * MIB);
        Ok(Self {
            version: number("LAYOUT_VERSION")?,
            signature: u32::try_from(number("DISK_SIGNATURE")?).map_err(|e| e.to_string())?,
            records: [mib("RECORD_0_MIB")?, mib("RECORD_1_MIB")?],
            record_bytes: number("RECORD_BYTES")?,
            boot: (mib("BOOT_MIB")?, mib("BOOT_SIZE_MIB")?),
            slot_a: (mib("SLOT_A_MIB")?, mib("SLOT_SIZE_MIB")?),
            slot_b: (mib("SLOT_B_MIB")?, mib("SLOT_SIZE_MIB")?),
            rescue: (mib("RESCUE_MIB")?, mib("RESCUE_SIZE_MIB")?),
            data: mib("DATA_MIB")?,
            slot_header_bytes: number("SLOT_HEADER_BYTES")?,
        })
    }

    /// Offset and size of a slot.
    pub fn slot(&self, slot: Slot) -> (u64, u64) {
        match slot {
            Slot::A => self.slot_a,
            Slot::B => self.slot_b,
            Slot::Rescue => self.rescue,
        }
    }

    /// Whether a disk's first 512 bytes are this card's MBR.
    pub fn is_own(&self, sector: &[u8]) -> bool {
        sector.get(510..512) == Some(&[0x55, 0xaa]) && sector.get(440..444) == Some(&self.signature.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overlaps_and_all_is_aligned() {
        let l = Layout::built_in();
        let mut parts = [(l.records[0], l.record_bytes), (l.records[1], l.record_bytes), l.boot, l.slot_a, l.slot_b, l.rescue, (l.data, 0)];
        parts.sort_unstable();
        for pair in parts.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}");
        }
        assert!(parts.iter().all(|(offset, _)| offset % (4 * MIB) == 0));
    }

    #[test]
    fn its_own_card_is_known() {
        let l = Layout::built_in();
        let mut sector = [0; 512];
        sector[440..444].copy_from_slice(&l.signature.to_le_bytes());
        assert!(!l.is_own(&sector));
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
        assert!(l.is_own(&sector) && !l.is_own(&sector[..500]));
    }
}
