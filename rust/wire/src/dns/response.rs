//! The box's own questions to the uplink's name server, and what comes back. Hostile too: it is the uplink.

use std::net::Ipv4Addr;

use super::{CLASS_IN, HEADER, kind, name, u16_at};

/// Builds an A question for `name` (wire form), recursion desired.
pub fn ask(id: u16, name: &[u8]) -> Vec<u8> {
    question(id, name, kind::A)
}

/// Builds a question of this kind for `name` (wire form), recursion desired.
pub fn question(id: u16, name: &[u8], kind: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + name.len() + 4);
    for word in [id, 0x0100, 1, 0, 0, 0] {
        out.extend(word.to_be_bytes());
    }
    out.extend(name);
    out.extend(kind.to_be_bytes());
    out.extend(CLASS_IN.to_be_bytes());
    out
}

/// The first address in an answer to `question` (the bytes that [`ask`] made); `None` if it is no answer to that, or
/// says no. Aliases are not followed by name: a resolver puts the addresses behind them.
pub fn address(question: &[u8], answer: &[u8]) -> Option<Ipv4Addr> {
    data(question, answer, kind::A)?.iter().find_map(|data| <[u8; 4]>::try_from(*data).ok()).map(Ipv4Addr::from)
}

/// At most `most` addresses in an answer to `question` (the bytes that [`ask`] made); `None` if it is no answer to that, or says no.
pub fn addresses(question: &[u8], answer: &[u8], most: usize) -> Option<Vec<Ipv4Addr>> {
    let octets = data(question, answer, kind::A)?.into_iter().filter_map(|data| <[u8; 4]>::try_from(data).ok());
    Some(octets.map(Ipv4Addr::from).take(most).collect())
}

/// The texts in an answer to `question` (the bytes that [`question`] made): each record's strings joined (RFC 7208, 3.3).
/// `None` if it is no answer to that, or says no.
pub fn texts(question: &[u8], answer: &[u8]) -> Option<Vec<Vec<u8>>> {
    let joined = |mut data: &[u8]| {
        let mut text = Vec::with_capacity(data.len());
        while let Some((&length, rest)) = data.split_first() {
            let (string, rest) = rest.split_at_checked(usize::from(length))?;
            text.extend(string);
            data = rest;
        }
        Some(text)
    };
    Some(data(question, answer, kind::TXT)?.into_iter().filter_map(joined).collect())
}

/// Is it an answer to `question` that points somewhere: is there such a service (RFC 6763, 4.1)?
pub fn has_pointer(question: &[u8], answer: &[u8]) -> bool {
    data(question, answer, kind::PTR).is_some_and(|found| !found.is_empty())
}

/// The data of every answer of this kind.
fn data<'a>(question: &[u8], answer: &'a [u8], wanted: u16) -> Option<Vec<&'a [u8]>> {
    let flags = u16_at(answer, 2)?;
    let same = answer.get(..2)? == &question[..2] && answer.get(HEADER..question.len())?.eq_ignore_ascii_case(&question[HEADER..]);
    if !same || flags & 0x8000 == 0 || flags & 0xf != 0 || u16_at(answer, 4)? != 1 {
        return None;
    }
    let (mut at, mut found) = (question.len(), Vec::new());
    for _ in 0..u16_at(answer, 6)? {
        at = name::skip(answer, at)?;
        let (kind, class, length) = (u16_at(answer, at)?, u16_at(answer, at + 2)?, usize::from(u16_at(answer, at + 8)?));
        let data = answer.get(at + 10..at + 10 + length)?;
        if (kind, class) == (wanted, CLASS_IN) {
            found.push(data);
        }
        at += 10 + length;
    }
    Some(found)
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
        assert_eq!(addresses(&question, &answer, 8), Some(vec![Ipv4Addr::new(1, 2, 3, 4)]));
        for cut in 0..answer.len() {
            assert_eq!(address(&question, &answer[..cut]), None);
        }
        answer[0] = 9;
        assert_eq!(address(&question, &answer), None);
    }

    #[test]
    fn texts_are_joined_and_a_broken_one_is_left_out() {
        let question = question(7, &name::from_text("a.example").unwrap(), kind::TXT);
        let mut answer = question.clone();
        answer[2] = 0x81;
        answer[7] = 2;
        answer.extend(b"\xc0\x0c\0\x10\0\x01\0\0\0\x05\0\x06\x02ab\x02cd");
        answer.extend(b"\xc0\x0c\0\x10\0\x01\0\0\0\x05\0\x03\x09ab");
        assert_eq!(texts(&question, &answer), Some(vec![b"abcd".to_vec()]));
        assert_eq!(address(&question, &answer), None);
        assert!(!has_pointer(&question, &answer));
        for cut in 0..answer.len() {
            assert_eq!(texts(&question, &answer[..cut]), None);
        }
    }
}
