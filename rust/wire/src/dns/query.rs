//! What a client asks: header, one question, perhaps an EDNS record.

use super::{HEADER, kind, name, u16_at};

/// A question that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// Chosen by the client, returned to it.
    pub id: u16,
    /// The flags as they came (RFC 1035, 4.1.1).
    pub flags: u16,
    /// Name, type and class as they came: what must be echoed byte for byte, for clients that mix case (0x20).
    pub question: &'a [u8],
    /// The name alone, with its root label.
    pub name: &'a [u8],
    /// What kind of record is asked for; see [`kind`].
    pub kind: u16,
    /// 1 is the Internet.
    pub class: u16,
    /// The EDNS record, if there was one.
    pub edns: Option<Edns>,
}

/// What the OPT record says (RFC 6891, 6.1.3). Options in it, client subnet among them, are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns {
    /// Largest UDP answer the client takes, in bytes.
    pub size: u16,
    /// 0 is the only version there is.
    pub version: u8,
    /// The client wants signatures (RFC 3225).
    pub dnssec_ok: bool,
}

/// Why a message is not a question for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Shorter than a header, or itself an answer: no reply at all, or two servers would talk for ever.
    Silence,
    /// An operation other than QUERY.
    NotImp {
        /// As it came.
        id: u16,
        /// As they came.
        flags: u16,
    },
    /// Malformed, or not exactly one question.
    FormErr {
        /// As it came.
        id: u16,
        /// As they came.
        flags: u16,
    },
}

/// Bit of the flags that marks an answer.
pub const QR: u16 = 0x8000;
/// Bits of the flags that hold the operation.
pub const OPCODE: u16 = 0x7800;

/// Checks a message and takes it apart.
pub fn parse(bytes: &[u8]) -> Result<Query<'_>, Reject> {
    if bytes.len() < HEADER {
        return Err(Reject::Silence);
    }
    let word = |n: usize| u16::from_be_bytes([bytes[n * 2], bytes[n * 2 + 1]]);
    let (id, flags) = (word(0), word(1));
    if flags & QR != 0 {
        return Err(Reject::Silence);
    }
    if flags & OPCODE != 0 {
        return Err(Reject::NotImp { id, flags });
    }
    let bad = Reject::FormErr { id, flags };
    if word(2) != 1 {
        return Err(bad);
    }
    let length = name::plain(bytes, HEADER).ok_or(bad)?;
    let end = HEADER + length;
    let (kind, class) = u16_at(bytes, end).zip(u16_at(bytes, end + 2)).ok_or(bad)?;
    let records = [word(3), word(4), word(5)];
    // The common query has nothing behind its question.
    let edns = if records == [0; 3] { None } else { find_edns(bytes, end + 4, records).map_err(|()| bad)? };
    Ok(Query { id, flags, question: &bytes[HEADER..end + 4], name: &bytes[HEADER..end], kind, class, edns })
}

/// Walks the records of the three sections behind the question. One OPT may be there, in the last section, owned by the
/// root (RFC 6891, 6.1.1); a second one, or one elsewhere, makes the message malformed.
fn find_edns(bytes: &[u8], mut at: usize, sections: [u16; 3]) -> Result<Option<Edns>, ()> {
    let mut found = None;
    for (section, count) in sections.into_iter().enumerate() {
        for _ in 0..count {
            let owner = at;
            at = name::skip(bytes, at).ok_or(())?;
            let fixed = bytes.get(at..at + 10).ok_or(())?;
            let length = usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
            at += 10;
            if bytes.len() < at + length {
                return Err(());
            }
            at += length;
            if u16::from_be_bytes([fixed[0], fixed[1]]) == kind::OPT {
                if section != 2 || bytes[owner] != 0 || found.is_some() {
                    return Err(());
                }
                found = Some(Edns { size: u16::from_be_bytes([fixed[2], fixed[3]]), version: fixed[5], dnssec_ok: fixed[6] & 0x80 != 0 });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
