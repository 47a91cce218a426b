//! Whether a release that is properly signed may be installed on this box now.

use crate::{Manifest, Refusal};

/// Names of boards, and the device tree's `compatible` that each is known by.
pub const BOARDS: [(&str, &str); 6] = [
    ("3ap", "raspberrypi,3-model-a-plus"),
    ("3b", "raspberrypi,3-model-b"),
    ("3bp", "raspberrypi,3-model-b-plus"),
    ("400", "raspberrypi,400"),
    ("4b", "raspberrypi,4-model-b"),
    ("virt", "linux,dummy-virt"),
];

/// The board's name by `/proc/device-tree/compatible` (strings, each ended by a NUL); the first that is known counts.
pub fn board(compatible: &[u8]) -> Option<&'static str> {
    compatible.split(|b| *b == 0).find_map(|name| BOARDS.iter().find(|(_, c)| c.as_bytes() == name)).map(|(board, _)| *board)
}

/// What the decision needs to know of the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceState {
    /// The board's name.
    pub board: String,
    /// The sequence that runs; `None` in rescue, where no release does.
    pub running: Option<u64>,
    /// Lowest sequence that may still be installed (`r_floor` of the boot record, or what `/data` remembers, whichever is greater).
    pub floor: u64,
    /// Lowest build time that may still be installed (`r_built`, the same).
    pub built_floor: u64,
    /// Bytes of the slot that would be written.
    pub slot_size: u64,
    /// Version of what is in `/data`; `None` where there is no data (a fresh or a lost card).
    pub data: Option<u32>,
    /// The only release that the owner wants.
    pub pin: Option<u64>,
}

/// Whether to install. The signatures were judged before ([`crate::Bundle::open`]).
///
/// A release forward needs a sequence above what runs and at or above the floor, and was built at or after the floor's time. One that was
/// signed for going back (`back`) may replace what runs up to that sequence, and only while no release beyond it has proved itself here.
pub fn decide(m: &Manifest, box_: &DeviceState) -> Result<(), Refusal> {
    if !m.boards.contains(&box_.board) {
        return Err(Refusal::WrongBoard { boards: m.boards.clone(), own: box_.board.clone() });
    }
    if m.size > box_.slot_size {
        return Err(Refusal::TooBig { size: m.size, slot: box_.slot_size });
    }
    if let Some(pin) = box_.pin
        && pin != m.seq
    {
        return Err(Refusal::Pinned { seq: m.seq, pin });
    }
    order(m, box_)?;
    match box_.data {
        Some(have) if have > m.data_to => Err(Refusal::DataTooNew { have, reads: m.data_to }),
        Some(have) if have < m.data_from => Err(Refusal::DataTooOld { have, reads: m.data_from }),
        _ => Ok(()),
    }
}

fn order(m: &Manifest, box_: &DeviceState) -> Result<(), Refusal> {
    if box_.running == Some(m.seq) {
        return Err(Refusal::Replay(m.seq));
    }
    if let Some(running) = box_.running
        && running < m.min
    {
        return Err(Refusal::Gap { running, min: m.min });
    }
    let running = box_.running.unwrap_or(0);
    // The floor is one above `back` once this very release has proved itself after going back.
    if m.back > 0 && running <= m.back && box_.floor <= m.back.saturating_add(1) {
        return Ok(());
    }
    if m.seq < running {
        return Err(Refusal::Downgrade { seq: m.seq, running });
    }
    if m.seq < box_.floor {
        return Err(Refusal::BelowFloor { seq: m.seq, floor: box_.floor });
    }
    if m.built < box_.built_floor {
        return Err(Refusal::BuiltBeforeFloor);
    }
    Ok(())
}

/// The floors after a release has proved itself: `(sequence, build time)`. They never go down. A release that went back
/// shuts out all that it withdrew.
pub fn floors(m: &Manifest, box_: &DeviceState) -> (u64, u64) {
    let seq = if m.back > 0 && m.back >= box_.floor { m.back.saturating_add(1) } else { m.seq };
    (seq.max(box_.floor), m.built.max(box_.built_floor))
}
