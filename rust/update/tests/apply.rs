//! Installing: the whole way from a bundle to a slot, broken off at every step.
#![allow(clippy::cast_possible_truncation, reason = "offsets of a few megabytes")]

mod common;

use common::*;
use update::*;

const SLOT: usize = 12 << 20;

/// A system's payload: a header that the boot script would read, then content.
fn payload(blocks: usize, salt: u64) -> Vec<u8> {
    let mut image = image(blocks, salt);
    let mut header = Block::default();
    header.set_hex("s_v", 1);
    header.set_hex("s_seq", salt);
    header.set_hex("s_cnt", (image.len() / 512) as u64);
    image[..4096].copy_from_slice(&header.encode(4096).unwrap());
    image
}

#[test]
fn a_whole_bundle_arrives() {
    for blocks in [1, 2, 15, 16, 17, 256, 257, 1000, SLOT / 4096] {
        let image = payload(blocks, 7);
        let slots = Memory::new(Disk::new(SLOT));
        let progress = run(bundle(&image, 7), &slots, options(false)).unwrap();
        let disk = slots.disk();
        assert!(disk.target[..image.len()] == image, "{blocks} blocks");
        assert!(disk.target[image.len()..].iter().all(|b| *b == 0x55), "nothing behind it was written");
        assert_eq!((progress.per_mille(), disk.checkpoint), (1000, None));
        // The header: destroyed first, written last.
        assert_eq!((disk.writes[0], disk.writes[disk.writes.len() - 1]), ((0, 4096), (0, 4096)));
        assert!(disk.writes[1..disk.writes.len() - 1].iter().all(|(at, _)| *at > 0));
    }
}

#[test]
fn too_large_for_the_slot() {
    let slots = Memory::new(Disk::new(1 << 20));
    let failure = run(bundle(&image(257, 1), 7), &slots, options(false)).unwrap_err();
    assert!(matches!(failure, Failure::TooBig(_)) && slots.disk().writes.is_empty());
}

#[test]
fn a_cut_after_any_write_or_flush_resumes() {
    let image = payload(700, 9);
    let file = bundle(&image, 9);
    let mut cut = 0;
    loop {
        let mut disk = Disk::new(SLOT);
        disk.left = cut;
        let slots = Memory::new(disk);
        if run(file.clone(), &slots, options(cut % 2 == 0)).is_ok() {
            break;
        }
        // Whole, or no system at all.
        let whole = slots.disk().target[..image.len()] == image;
        assert!(whole || Block::decode(&slots.disk().target[..4096]).is_err(), "cut {cut}");
        slots.disk().left = usize::MAX;
        run(file.clone(), &slots, options(cut % 3 == 0)).unwrap();
        assert!(slots.disk().target[..image.len()] == image, "cut {cut}");
        cut += 1;
    }
    assert!(cut > 10, "it was cut at {cut} points");
}

#[test]
fn a_pulled_stick_goes_on_where_it_was() {
    let image = payload(2000, 9);
    let file = bundle(&image, 9);
    let whole = file.len();
    let slots = Memory::new(Disk::new(SLOT));
    let (mut reads, mut pulls) = (0, 0);
    loop {
        let mut stick = Stick::new(file.clone());
        stick.left = 2 << 20;
        let read = stick.read.clone();
        let result = run(stick, &slots, options(false));
        reads += *read.lock().unwrap();
        match result {
            Ok(_) => break,
            Err(failure) => assert!(failure.is_resumable(), "{failure}"),
        }
        pulls += 1;
        assert!(pulls < 10, "it gets nowhere");
    }
    assert!(slots.disk().target[..image.len()] == image);
    assert!(pulls >= 2 && reads < whole + pulls * (1_200 << 10), "{pulls} pulls, {reads} of {whole}");
}

#[test]
fn blocks_that_are_there_are_not_fetched() {
    let old = payload(2000, 1);
    let mut new = payload(2000, 2);
    // Half of the old one in its place, a quarter moved, the rest new; the target holds something of it too.
    new[4096..1000 * 4096].copy_from_slice(&old[4096..1000 * 4096]);
    new[1000 * 4096..1500 * 4096].copy_from_slice(&old[1400 * 4096..1900 * 4096]);
    let mut disk = Disk::new(SLOT);
    disk.other = old;
    disk.other.resize(SLOT, 0);
    let ready = 1700 * 4096..1800 * 4096;
    disk.target[ready.clone()].copy_from_slice(&new[ready]);
    let slots = Memory::new(disk);
    let progress = run(bundle(&new, 2), &slots, options(true)).unwrap();
    assert!(slots.disk().target[..new.len()] == new);
    let fetched = progress.fetched as usize / 4096;
    assert!((250..=300).contains(&fetched), "a third of the 400 new blocks is packed: {fetched}");
    assert!(slots.disk().writes.iter().all(|(at, n)| *at as usize >= 1800 * 4096 || *at as usize + n <= 1700 * 4096 || *n == 4096));
    assert!(progress.reused > 1500 * 4096);
}

#[test]
fn blocks_further_on_in_the_target_are_moved() {
    let new = payload(1500, 2);
    let mut disk = Disk::new(SLOT);
    disk.target[200 * 4096..1500 * 4096].copy_from_slice(&new[100 * 4096..1400 * 4096]);
    let slots = Memory::new(disk);
    let progress = run(bundle(&new, 2), &slots, options(true)).unwrap();
    assert!(slots.disk().target[..new.len()] == new);
    assert!(progress.fetched < 250 * 4096, "{}", progress.fetched);
}

/// The other slot changes after it was looked at: what is no longer there comes from the bundle.
#[test]
fn a_reused_block_that_changed_is_fetched() {
    struct Changing(Memory, u8);
    impl Slots for Changing {
        fn size(&self) -> u64 {
            self.0.size()
        }
        fn read(&mut self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
            self.0.read(offset, buf)
        }
        fn write(&mut self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
            // Never what it was: the block held another byte there.
            self.0.disk().other[500 * 4096 + 1] = !self.1;
            self.0.write(offset, bytes)
        }
        fn read_other(&mut self, offset: u64, buf: &mut [u8]) -> std::io::Result<bool> {
            self.0.read_other(offset, buf)
        }
        fn sync(&mut self) -> std::io::Result<()> {
            self.0.sync()
        }
        fn checkpoint(&mut self) -> Option<Checkpoint> {
            self.0.checkpoint()
        }
        fn set_checkpoint(&mut self, checkpoint: Option<Checkpoint>) -> std::io::Result<()> {
            self.0.set_checkpoint(checkpoint)
        }
    }
    let new = payload(600, 2);
    let mut disk = Disk::new(SLOT);
    disk.other = new.clone();
    disk.other.resize(SLOT, 0);
    let slots = Memory::new(disk);
    let mut apply =
        Apply::new(Bundle::open(bundle(&new, 2), &chain()).unwrap(), Changing(slots.clone(), new[500 * 4096 + 1]), options(true));
    while apply.step().unwrap().phase != Phase::Done {}
    assert!(slots.disk().target[..new.len()] == new);
    assert!(apply.progress().fetched >= 2 * 4096, "the changed block and the header were fetched");
}

#[test]
fn a_card_that_does_not_keep_what_is_written_is_found_out() {
    let image = payload(700, 9);
    for rotten in [5 * 4096 + 9, 650 * 4096, 5] {
        let mut disk = Disk::new(SLOT);
        disk.rotten = Some(rotten);
        let slots = Memory::new(disk);
        let failure = run(bundle(&image, 9), &slots, options(false)).unwrap_err();
        assert!(matches!(failure, Failure::NotKept(n) if n as usize == rotten / 4096), "{failure:?}");
        assert!(Block::decode(&slots.disk().target[..4096]).is_err(), "it must not be bootable");
        assert_eq!(slots.disk().checkpoint, None);
    }
}

#[test]
fn another_release_starts_anew() {
    let (first, second) = (payload(2000, 1), payload(2000, 2));
    let slots = Memory::new(Disk::new(SLOT));
    let mut stick = Stick::new(bundle(&first, 1));
    stick.left = 5 << 20;
    run(stick, &slots, options(false)).unwrap_err();
    assert!(slots.disk().checkpoint.is_some_and(|c| c.blocks > 256));
    run(bundle(&second, 2), &slots, options(false)).unwrap();
    assert!(slots.disk().target[..second.len()] == second);
}
