//! Options as they lie in a packet: three places, each option perhaps in pieces.

use smoltcp::wire::DhcpPacket;

use super::{code, field};

/// Calls `each` with every option piece in the order that RFC 3396 (5, 6) joins them: options, then `file`, then
/// `sname`, the latter two when 52 in the first place says so. A 52 found in an overloaded field is not obeyed, so
/// nothing can loop.
pub fn walk<'a>(bytes: &'a [u8], packet: &'a DhcpPacket<&'a [u8]>, mut each: impl FnMut(u8, &'a [u8])) {
    let mut overload = 0;
    // smoltcp's walk borrows from the packet; the pieces are looked up in the bytes themselves, which live longer.
    for option in packet.options() {
        if option.kind == code::OVERLOAD {
            overload = option.data.first().copied().unwrap_or(0);
        }
    }
    pieces(&bytes[field::OPTIONS..], &mut each);
    if overload & 1 != 0 {
        pieces(&bytes[field::FILE], &mut each);
    }
    if overload & 2 != 0 {
        pieces(&bytes[field::SNAME], &mut each);
    }
}

/// One place: ends at END (255), at the end of the bytes (no END), or where a length runs past it.
fn pieces<'a>(mut rest: &'a [u8], each: &mut impl FnMut(u8, &'a [u8])) {
    while let Some((&kind, tail)) = rest.split_first() {
        match kind {
            0 => rest = tail,
            255 => return,
            _ => {
                let Some((&length, tail)) = tail.split_first() else { return };
                let Some((data, tail)) = tail.split_at_checked(usize::from(length)) else { return };
                each(kind, data);
                rest = tail;
            }
        }
    }
}
