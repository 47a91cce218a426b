//! The box's own questions to the uplink's name server, and what comes back. Hostile too: it is the uplink.

use std::net::Ipv4Addr;

use super::{CLASS_IN, HEADER, kind, name, u16_at};

/// Builds an A question for `name` (wire form), recursion desired.
pub fn ask(id: u16, name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + name.len() + 4);
    for word in [id, 0x0100, 1, 0, 0, 0] {
        out.extend(word.to_be_bytes());
    }
    out.extend(name);
    out.extend(kind::A.to_be_bytes());
    out.extend(CLASS_IN.to_be_bytes());
    out
}

/// The first address in an answer to `question` (the bytes that [`ask`] made); `None` if it is no answer to that, or
/// says no. Aliases are not followed by name: a resolver puts the addresses behind them.
pub fn address(question: &[u8], answer: &[u8]) -> Option<Ipv4Addr> {
    let flags = u16_at(answer, 2)?;
    let same = answer.get(..2)? == &question[..2] && answer.get(HEADER..question.len())?.eq_ignore_ascii_case(&question[HEADER..]);
    if !same || flags & 0x8000 == 0 || flags & 0xf != 0 || u16_at(answer, 4)? != 1 {
        return None;
    }
    let mut at = question.len();
    for _ in 0..u16_at(answer, 6)? {
        at = name::skip(answer, at)?;
        let (found, class, length) = (u16_at(answer, at)?, u16_at(answer, at + 2)?, usize::from(u16_at(answer, at + 8)?));
        let data = answer.get(at + 10..at + 10 + length)?;
        if let (kind::A, CLASS_IN, Ok(octets)) = (found, class, <[u8; 4]>::try_from(data)) {
            return Some(octets.into());
        }
        at += 10 + length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_behind_an_alias_is_found_and_a_stranger_s_answer_is_not() {
        let question = ask(7, &name::from_text("a.example").unwrap());
        let mut answer = question.clone();
        answer[2] = 0x81;
        answer[7] = 2;
        answer.extend(b"\xc0\x0c\0\x05\0\x01\0\0\0\x05\0\x02\xc0\x0c");
        answer.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x01\x02\x03\x04");
        assert_eq!(address(&question, &answer), Some(Ipv4Addr::new(1, 2, 3, 4)));
        for cut in 0..answer.len() {
            assert_eq!(address(&question, &answer[..cut]), None);
        }
        answer[0] = 9;
        assert_eq!(address(&question, &answer), None);
    }
}
