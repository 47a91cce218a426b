//! Protocol buffers, as far as dag-pb, UnixFS and IPNS records need them (protobuf.dev, "Encoding").

use crate::{Error, varint};

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// Wire type 0.
    Number(u64),
    /// Wire type 2.
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    /// The bytes, or an error.
    pub fn bytes(self) -> Result<&'a [u8], Error> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err(Error::Pb("a number where bytes belong")),
        }
    }

    /// The number, or an error.
    pub fn number(self) -> Result<u64, Error> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) => Err(Error::Pb("bytes where a number belongs")),
        }
    }
}

/// Reads a varint as protobuf has them: ten bytes at most, any form.
fn number(bytes: &[u8]) -> Result<(u64, usize), Error> {
    let mut value = 0_u64;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(i).unwrap_or(10)).unwrap_or(0);
        if byte & 0x80 == 0 {
            return if i == 9 && byte > 1 { Err(Error::Pb("a number over 64 bits")) } else { Ok((value, i + 1)) };
        }
    }
    Err(Error::Pb("a number that does not end"))
}

/// The fields of a message, in its order.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| {
            let one = self.one();
            if one.is_err() {
                self.0 = &[];
            }
            one
        })
    }
}

impl<'a> Fields<'a> {
    fn one(&mut self) -> Result<(u64, Field<'a>), Error> {
        let (key, n) = number(self.0)?;
        self.0 = &self.0[n..];
        let (value, n) = number(self.0)?;
        self.0 = &self.0[n..];
        match key & 7 {
            0 => Ok((key >> 3, Field::Number(value))),
            2 => {
                let taken = usize::try_from(value).ok().and_then(|n| self.0.split_at_checked(n));
                let (bytes, rest) = taken.ok_or(Error::Truncated("a node"))?;
                self.0 = rest;
                Ok((key >> 3, Field::Bytes(bytes)))
            }
            _ => Err(Error::Pb("a field of a kind that is not used")),
        }
    }
}

/// Appends a number field.
pub fn put_number(field: u64, value: u64, out: &mut Vec<u8>) {
    varint::write(field << 3, out);
    // Above 63 bits never occurs in what we write.
    varint::write(value, out);
}

/// Appends a bytes field.
pub fn put_bytes(field: u64, bytes: &[u8], out: &mut Vec<u8>) {
    varint::write(field << 3 | 2, out);
    varint::write(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}
