//! Unsigned varints (multiformats/unsigned-varint): 9 bytes at most, in their shortest form.

use crate::Error;

/// Longest varint, in bytes.
pub const MAX: usize = 9;

/// The number at the start of `bytes` and how many bytes it takes.
///
/// Errors: it is cut short, longer than nine bytes, or not in its shortest form.
pub fn read(bytes: &[u8]) -> Result<(u64, usize), Error> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().take(MAX).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return if byte == 0 && i > 0 { Err(Error::Varint("not in its shortest form")) } else { Ok((value, i + 1)) };
        }
    }
    Err(Error::Varint(if bytes.len() < MAX { "cut short" } else { "longer than nine bytes" }))
}

/// Appends `value`, which is below 2^63.
#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub fn write(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`write`] takes for it.
pub fn length(value: u64) -> usize {
    (64 - (value | 1).leading_zeros()).div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(value in 0_u64..1 << 63, rest: Vec<u8>) {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            let n = bytes.len();
            assert_eq!(n, length(value));
            assert!((0..n).all(|k| read(&bytes[..k]).is_err()));
            bytes.extend(rest);
            assert_eq!(read(&bytes).unwrap(), (value, n));
        }
    }

    #[test]
    fn long_and_loose_forms_are_refused() {
        for bad in [&[][..], &[0x80], &[0x80, 0], &[0x81, 0x80, 0], &[0xff; 9], &[0xff; 12]] {
            assert!(matches!(read(bad), Err(Error::Varint(_))), "{bad:?}");
        }
    }
}
