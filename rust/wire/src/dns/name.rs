//! Names on the wire: labels, each with its length before it, ended by the empty one (RFC 1035, 3.1 and 4.1.4).

/// Longest name on the wire, its root label included.
pub const MAX: usize = 255;
/// Longest label.
pub const MAX_LABEL: usize = 63;

/// Measures a name written out in full at `at`: its length with the root label.
///
/// `None`: it runs past the end, is longer than 255 bytes, or holds a compression pointer. A pointer in the first
/// question of a message could only lead into the header, to itself or forward, so it is refused unread.
pub fn plain(bytes: &[u8], at: usize) -> Option<usize> {
    let mut next = at;
    loop {
        let length = usize::from(*bytes.get(next)?);
        if length > MAX_LABEL || next + length - at >= MAX {
            return None;
        }
        next += length + 1;
        if length == 0 {
            return Some(next - at);
        }
    }
}

/// Finds where the name at `at` ends, following no pointer: the offset behind it.
pub fn skip(bytes: &[u8], at: usize) -> Option<usize> {
    let mut next = at;
    loop {
        let length = usize::from(*bytes.get(next)?);
        match length {
            0 if next - at < MAX => return Some(next + 1),
            1..=MAX_LABEL if next + length - at < MAX => next += length + 1,
            0xc0..=0xff => return (next + 2 <= bytes.len()).then_some(next + 2),
            _ => return None,
        }
    }
}

/// Reads the name at `at` into `out`, following pointers: its length, and the offset behind it in the message.
///
/// Each pointer must lead to before the place where the name so far began, so that no chain of them can loop.
pub fn read(bytes: &[u8], at: usize, out: &mut [u8; MAX]) -> Option<(usize, usize)> {
    let (mut next, mut floor, mut end, mut written) = (at, at, None, 0);
    loop {
        let length = usize::from(*bytes.get(next)?);
        match length {
            0 => {
                *out.get_mut(written)? = 0;
                return Some((written + 1, end.unwrap_or(next + 1)));
            }
            1..=MAX_LABEL => {
                let label = bytes.get(next..=next + length)?;
                out.get_mut(written..=written + length)?.copy_from_slice(label);
                written += length + 1;
                next += length + 1;
            }
            0xc0..=0xff => {
                let target = ((length & 0x3f) << 8) | usize::from(*bytes.get(next + 1)?);
                end.get_or_insert(next + 2);
                if target >= floor {
                    return None;
                }
                floor = target;
                next = target;
            }
            _ => return None,
        }
    }
}

/// Writes a dotted name in lower case as wire bytes; `None` if a label or the whole is too long, or a label is empty.
pub fn from_text(text: &str) -> Option<Vec<u8>> {
    let mut wire = Vec::with_capacity(text.len() + 2);
    for label in text.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|n| (1..=63).contains(n))?;
        wire.push(length);
        wire.extend(label.bytes().map(|b| b.to_ascii_lowercase()));
    }
    wire.push(0);
    (wire.len() <= MAX).then_some(wire)
}

/// Walks the labels of a whole name in plain form; stops at the root label or where the bytes end.
pub fn labels(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let (&length, tail) = rest.split_first()?;
        if length == 0 || usize::from(length) > tail.len() {
            return None;
        }
        let (label, after) = tail.split_at(usize::from(length));
        rest = after;
        Some(label)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_length(labels: &[usize]) -> Vec<u8> {
        let mut name: Vec<u8> = labels.iter().flat_map(|&n| std::iter::once(u8::try_from(n).unwrap()).chain(vec![b'a'; n])).collect();
        name.push(0);
        name
    }

    #[test]
    fn names_of_255_bytes_pass_and_of_256_do_not() {
        let longest = with_length(&[63, 63, 63, 61]);
        assert_eq!((longest.len(), plain(&longest, 0)), (255, Some(255)));
        assert_eq!(read(&longest, 0, &mut [0; MAX]), Some((255, 255)));
        let over = with_length(&[63, 63, 63, 62]);
        assert_eq!((over.len(), plain(&over, 0), skip(&over, 0), read(&over, 0, &mut [0; MAX])), (256, None, None, None));
    }

    #[test]
    fn labels_of_63_bytes_pass_and_of_64_do_not() {
        assert_eq!(plain(&with_length(&[63]), 0), Some(65));
        let over = with_length(&[64]);
        assert_eq!((plain(&over, 0), skip(&over, 0), read(&over, 0, &mut [0; MAX])), (None, None, None));
    }

    #[test]
    fn pointer_loops_forward_and_self_pointers_are_refused() {
        for hostile in [&[0xc0u8, 0][..], &[0xc0, 2, 0xc0, 0], &[0xc0, 4, 0, 0, 1, b'a', 0], &[1, b'a', 0xc0, 0], &[0xc0]] {
            assert_eq!(read(hostile, 0, &mut [0; MAX]), None, "{hostile:?}");
            assert_eq!(plain(hostile, 0), None, "{hostile:?}");
        }
        // Two pointers at each other.
        assert_eq!(read(&[0xc0, 2, 0xc0, 0], 2, &mut [0; MAX]), None);
        // A pointer back is what compression is.
        let good = [1, b'a', 0, 1, b'b', 0xc0, 0];
        assert_eq!(read(&good, 3, &mut [0; MAX]), Some((5, 7)));
    }

    #[test]
    fn text_becomes_wire_and_labels() {
        let wire = from_text("P2P.local").unwrap();
        assert_eq!(wire, b"\x03p2p\x05local\0");
        assert_eq!(labels(&wire).collect::<Vec<_>>(), [&b"p2p"[..], b"local"]);
        assert!(from_text("").is_none() && from_text("a..b").is_none());
        assert!(from_text(&"a".repeat(64)).is_none());
    }
}
