use super::*;

/// A header with these counts, then `rest`.
fn message(flags: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = [0xbeef, flags].iter().chain(&counts).flat_map(|w| w.to_be_bytes()).collect();
    out.extend(rest);
    out
}

const QUESTION: &[u8] = b"\x03wWw\x07Example\0\0\x01\0\x01";
const OPT: &[u8] = b"\0\0\x29\x10\0\0\0\x80\0\0\0";

fn with(records: &[&[u8]], counts: [u16; 4]) -> Vec<u8> {
    message(0x0100, counts, &[&[QUESTION], records].concat().concat())
}

fn is_formerr(bytes: &[u8]) -> bool {
    matches!(parse(bytes), Err(Reject::FormErr { id: 0xbeef, .. }))
}

#[test]
fn golden_question_and_edns() {
    let bytes = with(&[OPT], [1, 0, 0, 1]);
    let query = parse(&bytes).unwrap();
    assert_eq!((query.id, query.flags, query.kind, query.class), (0xbeef, 0x0100, 1, 1));
    assert_eq!((query.question, query.name), (QUESTION, &QUESTION[..13]));
    assert_eq!(query.edns, Some(Edns { size: 4096, version: 0, dnssec_ok: true }));
}

#[test]
fn packets_of_0_to_11_bytes_get_silence() {
    let bytes = with(&[], [1, 0, 0, 0]);
    for length in 0..HEADER {
        assert_eq!(parse(&bytes[..length]), Err(Reject::Silence));
    }
}

#[test]
fn every_cut_of_a_good_query_is_an_error_or_silence() {
    let bytes = with(&[OPT], [1, 0, 0, 1]);
    for length in HEADER..bytes.len() {
        assert!(is_formerr(&bytes[..length]), "{length}");
    }
}

#[test]
fn a_header_alone_with_counts_of_65535_is_formerr() {
    assert!(is_formerr(&message(0, [0xffff; 4], &[])));
    assert!(is_formerr(&with(&[], [1, 0xffff, 0xffff, 0xffff])));
}

#[test]
fn rdlength_past_the_end_is_formerr() {
    assert!(is_formerr(&with(&[b"\0\0\x29\x10\0\0\0\0\0\0\x01"], [1, 0, 0, 1])));
    assert!(is_formerr(&with(&[b"\0\0\x01\0\x01\0\0\0\0\xff\xff\x01"], [1, 1, 0, 0])));
}

#[test]
fn opt_twice_or_mid_packet_or_with_an_owner_is_formerr() {
    assert!(is_formerr(&with(&[OPT, OPT], [1, 0, 0, 2])));
    assert!(is_formerr(&with(&[OPT], [1, 1, 0, 0])));
    assert!(is_formerr(&with(&[OPT], [1, 0, 1, 0])));
    assert!(is_formerr(&with(&[b"\x01a\0\0\x29\x10\0\0\0\0\0\0\0"], [1, 0, 0, 1])));
}

#[test]
fn pointers_in_the_question_are_formerr() {
    for name in [&b"\xc0\x0c"[..], b"\xc0\x00", b"\xc0\xff", b"\x01a\xc0\x0c", b"\xc0\x0e\xc0\x0c"] {
        assert!(is_formerr(&message(0, [1, 0, 0, 0], &[name, b"\0\x01\0\x01"].concat())), "{name:?}");
    }
}

#[test]
fn names_and_labels_at_their_limits() {
    let name = |labels: &[usize]| -> Vec<u8> {
        let mut out: Vec<u8> = labels.iter().flat_map(|&n| std::iter::once(u8::try_from(n).unwrap()).chain(vec![b'x'; n])).collect();
        out.extend(b"\0\0\x01\0\x01");
        message(0, [1, 0, 0, 0], &out)
    };
    assert!(parse(&name(&[63, 63, 63, 61])).is_ok());
    assert!(is_formerr(&name(&[63, 63, 63, 62])));
    assert!(is_formerr(&name(&[64])));
}

#[test]
fn answers_get_silence_other_operations_notimp_and_two_questions_formerr() {
    assert_eq!(parse(&message(0x8000, [1, 0, 0, 0], QUESTION)), Err(Reject::Silence));
    assert_eq!(parse(&message(0x2800, [1, 0, 0, 0], QUESTION)), Err(Reject::NotImp { id: 0xbeef, flags: 0x2800 }));
    assert!(is_formerr(&message(0, [0, 0, 0, 0], QUESTION)));
    assert!(is_formerr(&message(0, [2, 0, 0, 0], &[QUESTION, QUESTION].concat())));
}
