//! Lists of releases on a stick: they save a box from a release that was withdrawn, as the list of a web server does.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use update::{Channel, Hex};

use super::candidate::Judge;
use super::sticks;

/// How a list begins, whose keys are in order.
const BEGINS: &[u8] = b"{\"channel\":";
/// Entries that are looked at beside the updates of one folder.
const MOST_ENTRIES: usize = 1000;
/// Lists that are opened.
const MOST_LISTS: usize = 8;

/// The lists that lie in these folders and hold; what each brings of newer roots is remembered.
pub fn beside(folders: &BTreeSet<&Path>, judge: &Judge) -> Vec<Channel> {
    let mut lists = Vec::new();
    for entry in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flat_map(|entries| entries.flatten().take(MOST_ENTRIES)) {
        if lists.len() == MOST_LISTS {
            break;
        }
        let Some(found) = sticks::begins(&entry.path(), BEGINS) else { continue };
        let mut bytes = Vec::new();
        // One byte more than it may have, so that a longer one is no list.
        let read = found.file.take(Channel::MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
        let opened =
            read.map_err(|e| e.to_string()).and_then(|_| Channel::open(&bytes, judge.chain(), judge.seen()).map_err(|e| e.to_string()));
        match opened {
            Ok((list, chain)) => {
                judge.has_seen(list.version, &chain);
                lists.push(list);
            }
            Err(why) => log::info!("{} on the stick: {why}", found.name),
        }
    }
    lists
}

/// Why a release of which a list knows is not to be taken: the list names another for this box, or none.
pub fn passed_over(lists: &[Channel], board: &str, running: Option<u64>, pin: Option<u64>, id: &Hex<32>) -> Option<String> {
    let list = lists.iter().find(|list| list.releases.iter().any(|entry| entry.id == *id))?;
    match list.newest(board, running, pin) {
        Some(entry) if entry.id == *id => None,
        Some(entry) => Some(format!("the list beside it names release {} for this box", entry.seq)),
        None => Some("the list beside it names no new release for this box".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use update::Entry;

    fn release(seq: u64, back: u64) -> Entry {
        let id = Hex([u8::try_from(seq).unwrap_or(0); 32]);
        Entry { boards: vec!["3b".into()], seq, built: seq, min: 0, back, size: 1, id, url: format!("r{seq}") }
    }

    #[test]
    fn a_withdrawn_release_is_passed_over_and_a_stranger_to_the_list_is_not() {
        let list = Channel { v: 1, version: 1, releases: vec![release(6, 8), release(8, 0)] };
        let of = |running, seq: u8| passed_over(std::slice::from_ref(&list), "3b", Some(running), None, &Hex([seq; 32]));
        assert_eq!((of(5, 6), of(5, 7)), (None, None));
        assert!(of(5, 8).is_some_and(|why| why.contains("names release 6")));
        assert!(of(6, 6).is_some_and(|why| why.contains("no new release")));
        assert_eq!(passed_over(&[], "3b", Some(5), None, &Hex([8; 32])), None);
    }
}
