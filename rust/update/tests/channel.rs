//! What a box takes from a list of releases.

mod common;

use common::*;
use update::*;

fn entry(seq: u64, boards: &[&str]) -> Entry {
    Entry {
        boards: boards.iter().map(|b| (*b).into()).collect(),
        seq,
        built: seq,
        min: 0,
        back: 0,
        size: 1,
        id: Hex([0; 32]),
        url: format!("r{seq}.update"),
    }
}

fn newest(releases: Vec<Entry>, board: &str, running: Option<u64>, pin: Option<u64>) -> Option<u64> {
    let file = Channel { v: 1, version: 3, releases }.sign(&chain(), &[key(Role::Release, 101)]).unwrap();
    let (channel, _) = Channel::open(&file, &chain(), 3).unwrap();
    channel.newest(board, running, pin).map(|e| e.seq)
}

#[test]
fn the_newest_for_the_board() {
    let list = || vec![entry(5, &["3b", "4b"]), entry(6, &["4b"]), entry(7, &["400"])];
    assert_eq!(newest(list(), "3b", Some(4), None), Some(5));
    assert_eq!(newest(list(), "4b", Some(4), None), Some(6));
    assert_eq!(newest(list(), "4b", Some(6), None), None, "nothing is new");
    assert_eq!(newest(list(), "4b", Some(9), None), None, "nothing goes back");
    assert_eq!(newest(list(), "4b", None, None), Some(6), "rescue");
    assert_eq!(newest(list(), "4b", Some(4), Some(5)), Some(5), "held");
    assert_eq!(newest(list(), "virt", Some(4), None), None);
}

#[test]
fn a_step_in_between() {
    let list = || vec![entry(5, &["3b"]), Entry { min: 5, ..entry(9, &["3b"]) }];
    assert_eq!(newest(list(), "3b", Some(4), None), Some(5));
    assert_eq!(newest(list(), "3b", Some(5), None), Some(9));
}

#[test]
fn going_back() {
    let list = || vec![Entry { back: 8, ..entry(5, &["3b"]) }, entry(8, &["3b"])];
    assert_eq!(newest(list(), "3b", Some(8), None), Some(5), "8 was withdrawn");
    assert_eq!(newest(list(), "3b", Some(6), None), Some(5), "8 was withdrawn for those on the way to it too");
    let newer = || vec![Entry { back: 8, ..entry(5, &["3b"]) }, entry(9, &["3b"])];
    assert_eq!(newest(newer(), "3b", Some(8), None), Some(9), "the repair is out");
}

#[test]
fn a_list_that_was_changed_is_refused() {
    let file = Channel { v: 1, version: 3, releases: vec![entry(5, &["3b"])] }.sign(&chain(), &[key(Role::Release, 101)]).unwrap();
    let text = String::from_utf8(file).unwrap();
    let open = |text: String| Channel::open(text.as_bytes(), &chain(), 0).map(|_| ());
    assert_eq!(open(text.clone()), Ok(()));
    assert!(matches!(open(text.replace("r5.update", "r6.update")), Err(Refusal::BadSignature(_))));
    assert!(matches!(open(text.replace("\"version\":3", "\"version\":3,\"x\":1")), Err(Refusal::Damaged(_))));
    assert!(matches!(open(text + "x"), Err(Refusal::Damaged(_))));
    assert!(Channel { v: 1, version: 3, releases: Vec::new() }.sign(&chain(), &[key(Role::Release, 9)]).is_err());
}
