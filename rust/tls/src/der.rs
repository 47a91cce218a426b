//! The four things of a certificate (RFC 5280, 4.1) that rustls does not tell.

/// What a certificate says.
#[derive(Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Who vouches for it, as bytes to compare.
    pub issuer: &'a [u8],
    /// Whose it is, likewise.
    pub subject: &'a [u8],
    /// It holds from this time on, in seconds since 1970.
    pub from: u64,
    /// And until this one.
    pub until: u64,
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

impl<'a> Facts<'a> {
    /// From its DER; `None` for what is none.
    pub fn of(der: &'a [u8]) -> Option<Self> {
        let mut tbs = content(&mut content(&mut { der }, SEQUENCE)?, SEQUENCE)?;
        if tbs.first() == Some(&VERSION) {
            value(&mut tbs)?;
        }
        // The serial number and the signature's algorithm.
        value(&mut tbs)?;
        value(&mut tbs)?;
        let issuer = content(&mut tbs, SEQUENCE)?;
        let mut validity = content(&mut tbs, SEQUENCE)?;
        let (from, until) = (time(&mut validity)?, time(&mut validity)?);
        Some(Self { issuer, subject: content(&mut tbs, SEQUENCE)?, from, until })
    }
}

/// The next value's tag and content.
fn value<'a>(from: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[tag, short], rest) = from.split_first_chunk::<2>()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(short - 0x80))?;
            (bytes.iter().fold(0, |sum, b| sum << 8 | usize::from(*b)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *from = rest;
    Some((tag, content))
}

fn content<'a>(from: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    value(from).filter(|(got, _)| *got == tag).map(|(_, content)| content)
}

/// `YYMMDDHHMMSSZ`, where 50 and above is the last century, or `YYYYMMDDHHMMSSZ` (RFC 5280, 4.1.2.5).
fn time(from: &mut &[u8]) -> Option<u64> {
    let (tag, bytes) = value(from)?;
    let text = std::str::from_utf8(bytes).ok().filter(|t| t.is_ascii())?;
    let long = match (tag, text.len()) {
        (UTC_TIME, 13) => format!("{}{text}", if text < "50" { "20" } else { "19" }),
        (GENERALIZED_TIME, 15) => text.to_owned(),
        _ => return None,
    };
    let part = |a: usize, b: usize| &long[a..b];
    content::time::read(&format!("{}-{}-{}T{}:{}:{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 15)))
}
