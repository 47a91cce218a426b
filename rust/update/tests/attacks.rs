//! Every attack on updates that we know of, by name. What each demands: refused, with the reason that is true, before anything is written.
#![allow(clippy::cast_possible_truncation, reason = "offsets of a few megabytes")]

mod common;

use std::sync::{Arc, Mutex};

use common::*;
use update::*;

/// A bundle taken apart, so that an attacker can put it together otherwise.
#[derive(Clone)]
struct Parts {
    roots: Vec<u8>,
    manifest: Vec<u8>,
    signatures: Vec<u8>,
    index: Vec<u8>,
    chunks: Vec<u8>,
}

impl Parts {
    fn of(bundle: &[u8]) -> Self {
        let l = Envelope::read(&mut bundle.to_vec()).unwrap().lengths;
        let mut rest = bundle[Lengths::HEADER..].to_vec();
        let mut take = |n: usize| rest.drain(..n).collect::<Vec<u8>>();
        let (roots, manifest) = (take(l.roots as usize), take(l.manifest as usize));
        let (signatures, index) = (take(l.signatures as usize), take(l.index as usize));
        Self { roots, manifest, signatures, index, chunks: take(l.chunks as usize) }
    }

    fn lengths(&self) -> Lengths {
        let n = |bytes: &[u8]| bytes.len() as u32;
        Lengths {
            roots: n(&self.roots),
            manifest: n(&self.manifest),
            signatures: n(&self.signatures),
            index: n(&self.index),
            chunks: self.chunks.len() as u64,
        }
    }

    fn file(&self) -> Vec<u8> {
        [self.lengths().write().as_slice(), &self.roots, &self.manifest, &self.signatures, &self.index, &self.chunks].concat()
    }

    /// Signs the manifest as it is now: the attacker has got hold of the release key.
    fn sign(mut self, key: &SecretKey) -> Self {
        self.signatures = serde_json::to_vec(&[Signature::make(key, Domain::Manifest, &self.manifest)]).unwrap();
        self
    }

    /// Changes the manifest's text.
    fn edit(mut self, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.manifest).unwrap();
        assert!(text.contains(from), "{text}");
        self.manifest = text.replacen(from, to, 1).into_bytes();
        self
    }
}

fn parts() -> Parts {
    Parts::of(&bundle(&image(100, 1), 7))
}

fn open(file: Vec<u8>) -> Result<Bundle<Vec<u8>>, Refusal> {
    Bundle::open(file, &chain())
}

fn refusal(file: Vec<u8>) -> Refusal {
    open(file).expect_err("it must be refused")
}

fn release_key() -> SecretKey {
    key(Role::Release, 101)
}

/// The box: board 3b, release 10 runs and has proved itself.
fn box_() -> DeviceState {
    DeviceState {
        board: "3b".into(),
        running: Some(10),
        floor: 10,
        built_floor: 1_700_000_010,
        slot_size: 256 << 20,
        data: Some(1),
        pin: None,
    }
}

fn judge(change: impl FnOnce(&mut Draft), box_: &DeviceState) -> Result<(), Refusal> {
    let mut draft = draft(11);
    change(&mut draft);
    let file = bundle_of(&image(3, 1), draft, &chain(), &[release_key()]);
    decide(open(file).unwrap().manifest(), box_)
}

#[test]
fn the_untouched_bundle_is_taken() {
    let parts = parts();
    assert_eq!(open(parts.file()).unwrap().manifest().seq, 7);
    assert_eq!(judge(|_| (), &box_()), Ok(()));
}

/// CVE-2020-25860: the stick gives one bundle to the check and another to the installation.
#[test]
fn swap_between_check_and_use() {
    struct Swapping {
        shown: Vec<u8>,
        real: Vec<u8>,
        swapped: Arc<Mutex<bool>>,
    }
    impl Source for Swapping {
        fn len(&self) -> u64 {
            self.shown.len() as u64
        }
        fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
            if *self.swapped.lock().unwrap() { self.real.read_at(offset, buf) } else { self.shown.read_at(offset, buf) }
        }
    }
    let (good, evil) = (image(600, 1), image(600, 666));
    let shown = bundle(&good, 7);
    // The other one is of the same shape, and even properly signed by a stranger.
    let stranger = Chain::verify(vec![signed(root(1, &[9], &[109]), &[9])]).unwrap();
    let real = bundle_of(&evil, draft(7), &stranger, &[key(Role::Release, 109)]);
    for steps in [0, 1, 2] {
        let swapped = Arc::new(Mutex::new(false));
        let source = Swapping { shown: shown.clone(), real: real.clone(), swapped: swapped.clone() };
        let slots = Memory::new(Disk::new(4 << 20));
        let mut apply = Apply::new(Bundle::open(source, &chain()).unwrap(), slots.clone(), options(false));
        for _ in 0..steps {
            apply.step().unwrap();
        }
        *swapped.lock().unwrap() = true;
        let failure = loop {
            match apply.step() {
                Ok(progress) => assert!(progress.phase != Phase::Done, "the swapped bundle was installed"),
                Err(failure) => break failure,
            }
        };
        assert!(matches!(failure, Failure::Corrupt(_)), "{failure}");
        let disk = slots.disk();
        for block in 1..600 {
            let range = block * 4096..(block + 1) * 4096;
            assert!(disk.target[range.clone()] != evil[range], "block {block} of the other bundle was written");
        }
        assert!(Block::decode(&disk.target[..4096]).is_err());
    }
}

/// CVE-2026-34155: a length that wraps, so that only a prefix is under the signature.
#[test]
fn a_length_that_signs_only_a_prefix() {
    let good = parts();
    // Bytes behind the signed manifest, taken into its section.
    let mut longer = good.clone();
    longer.manifest.extend_from_slice(b" ");
    assert!(matches!(refusal(longer.file()), Refusal::BadSignature(_)));
    // Lengths that wrap around 32 and 64 bits.
    for at in [12, 16, 20, 24] {
        for length in [u32::MAX, u32::MAX - 63, 1 << 31, (256 << 10) + 1] {
            let mut file = good.file();
            file[at..at + 4].copy_from_slice(&length.to_le_bytes());
            assert!(matches!(refusal(file), Refusal::Damaged(_)), "length {length} at {at}");
        }
    }
    for length in [u64::MAX, u64::MAX - 200, 1 << 63, 1 << 32, (256 << 20) + 1] {
        for at in [32, 40] {
            let mut file = good.file();
            file[at..at + 8].copy_from_slice(&length.to_le_bytes());
            assert!(matches!(refusal(file), Refusal::Damaged(_)), "length {length} at {at}");
        }
    }
    // The document's length is signed too: no document is the prefix of another one's message.
    let (short, long) = (message(Domain::Manifest, b"{}"), message(Domain::Manifest, b"{} "));
    assert!(!long.starts_with(&short));
}

#[test]
fn images_mixed_from_different_signed_bundles() {
    let (a, b) = (Parts::of(&bundle(&image(100, 1), 7)), Parts::of(&bundle(&image(100, 2), 8)));
    let mixed = Parts { index: b.index.clone(), chunks: b.chunks.clone(), ..a.clone() };
    assert!(matches!(refusal(mixed.file()), Refusal::Damaged(_)));
    let mixed = Parts { signatures: b.signatures.clone(), ..a.clone() };
    assert!(matches!(refusal(mixed.file()), Refusal::BadSignature(_)));
    let mixed = Parts { manifest: b.manifest.clone(), ..a.clone() };
    assert!(matches!(refusal(mixed.file()), Refusal::BadSignature(_)));
    // Only the chunks: noticed before the first of them is written.
    let chunks = if a.chunks.len() == b.chunks.len() { b.chunks } else { a.chunks.iter().map(|b| b ^ 1).collect() };
    let slots = Memory::new(Disk::new(1 << 20));
    let failure = run(Parts { chunks, ..a }.file(), &slots, options(false)).unwrap_err();
    assert!(matches!(failure, Failure::Corrupt(_)));
    assert!(slots.disk().writes.iter().all(|(at, _)| *at == 0), "only the header was destroyed");
}

#[test]
fn unsigned_is_refused() {
    let mut parts = parts();
    parts.signatures = b"[]".to_vec();
    assert_eq!(refusal(parts.file()), Refusal::Unsigned);
    parts.signatures.clear();
    assert!(matches!(refusal(parts.file()), Refusal::Damaged(_)));
}

#[test]
fn signed_by_a_stranger() {
    let stranger = Chain::verify(vec![signed(root(1, &[9], &[109]), &[9])]).unwrap();
    let theirs = bundle_of(&image(3, 1), draft(7), &stranger, &[key(Role::Release, 109)]);
    assert_eq!(refusal(theirs.clone()), Refusal::Stranger);
    // Their signature, and our root around it.
    let ours = Parts { roots: parts().roots, ..Parts::of(&theirs) };
    assert_eq!(refusal(ours.file()), Refusal::Stranger);
}

#[test]
fn rollback() {
    assert_eq!(judge(|d| d.seq = 9, &box_()), Err(Refusal::Downgrade { seq: 9, running: 10 }));
    // After a fallback to 8 the floor still holds.
    let fallen = DeviceState { running: Some(8), ..box_() };
    assert_eq!(judge(|d| d.seq = 9, &fallen), Err(Refusal::BelowFloor { seq: 9, floor: 10 }));
    // In rescue, and after a lost /data (the floor is in the boot record too).
    let rescue = DeviceState { running: None, data: None, ..box_() };
    assert_eq!(judge(|d| d.seq = 9, &rescue), Err(Refusal::BelowFloor { seq: 9, floor: 10 }));
    assert_eq!(judge(|d| (d.seq, d.built) = (10, 1_700_000_010), &rescue), Ok(()), "rescue may put the last good one back");
}

#[test]
fn replay() {
    assert_eq!(judge(|d| d.seq = 10, &box_()), Err(Refusal::Replay(10)));
}

/// A signed way back works once, and only from what it was made against.
#[test]
fn going_back_is_bounded() {
    let back = |d: &mut Draft| (d.seq, d.back, d.built) = (9, 10, 1);
    assert_eq!(judge(back, &box_()), Ok(()));
    // Once it has proved itself, the floor shuts out what it withdrew, and itself again from anything later.
    let m = open(bundle_of(
        &image(3, 1),
        {
            let mut d = draft(9);
            d.back = 10;
            d
        },
        &chain(),
        &[release_key()],
    ))
    .unwrap()
    .manifest()
    .clone();
    let (floor, built_floor) = floors(&m, &box_());
    assert_eq!(floor, 11);
    let after = DeviceState { running: Some(9), floor, built_floor, ..box_() };
    assert_eq!(judge(|d| (d.seq, d.built) = (10, 1_700_000_020), &after), Err(Refusal::BelowFloor { seq: 10, floor: 11 }));
    assert_eq!(judge(|_| (), &after), Ok(()), "11 is the next one");
    let later = DeviceState { running: Some(11), floor: 11, ..box_() };
    assert_eq!(judge(back, &later), Err(Refusal::Downgrade { seq: 9, running: 11 }));
    // The release itself may be put back by rescue.
    assert_eq!(judge(back, &DeviceState { running: None, ..after }), Ok(()));
}

/// Withholding what is newer: an old list is refused, and a high number on an old build too.
#[test]
fn freeze() {
    let list = |version| Channel { v: 1, version, releases: Vec::new() }.sign(&chain(), &[release_key()]).unwrap();
    assert!(Channel::open(&list(5), &chain(), 5).is_ok());
    assert_eq!(Channel::open(&list(4), &chain(), 5).unwrap_err(), Refusal::OldChannel { version: 4, seen: 5 });
    assert_eq!(judge(|d| (d.seq, d.built) = (12, 1_700_000_009), &box_()), Err(Refusal::BuiltBeforeFloor));
}

/// A source that never ends, whatever it says of its length.
#[test]
fn endless_data() {
    struct Endless {
        says: u64,
        read: Arc<Mutex<u64>>,
        head: Vec<u8>,
    }
    impl Source for Endless {
        fn len(&self) -> u64 {
            self.says
        }
        fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
            *self.read.lock().unwrap() += buf.len() as u64;
            for (n, byte) in buf.iter_mut().enumerate() {
                *byte = self.head.get(offset as usize + n).copied().unwrap_or(b'[');
            }
            Ok(())
        }
    }
    let lengths = Lengths { roots: 256 << 10, manifest: 16 << 10, signatures: 8 << 10, index: 2_113_536, chunks: 256 << 20 };
    for (says, head) in [(u64::MAX, lengths.write()), (0, lengths.write()), (0, [b'['; 64]), (lengths.total(), lengths.write())] {
        let read = Arc::new(Mutex::new(0));
        let source = Endless { says, read: read.clone(), head: head.to_vec() };
        assert!(Bundle::open(source, &chain()).is_err());
        assert!(*read.lock().unwrap() <= 300 << 10, "{} bytes were read before it was refused", read.lock().unwrap());
    }
    // A manifest is refused by its length before it is parsed.
    let mut long = parts();
    long.manifest.resize((16 << 10) + 1, b' ');
    let mut head = long.file();
    head.truncate(64);
    assert!(matches!(refusal(long.file()), Refusal::Damaged(_)));
}

/// A chunk that unpacks to far more than its blocks, properly signed.
#[test]
fn decompression_bomb() {
    for size in [16 * 4096 + 1, 64 << 20] {
        let bomb = zstd::bulk::compress(&vec![0; size], 1).unwrap();
        let mut parts = Parts::of(&bundle(&image(48, 1), 7));
        // The third chunk is packed: it is the last here.
        let stored = u32::from_le_bytes(parts.index[8..12].try_into().unwrap()) as usize;
        parts.chunks.truncate(parts.chunks.len() - stored);
        parts.chunks.extend_from_slice(&bomb);
        parts.index[8..12].copy_from_slice(&(bomb.len() as u32).to_le_bytes());
        let mut manifest = Manifest::read(&parts.manifest).unwrap();
        manifest.index = sha256(&parts.index);
        parts.manifest = manifest.write();
        let slots = Memory::new(Disk::new(1 << 20));
        let failure = run(parts.sign(&release_key()).file(), &slots, options(false)).unwrap_err();
        assert!(matches!(failure, Failure::Corrupt(32)), "{failure}");
        assert!(slots.disk().writes.iter().all(|(at, _)| *at == 0));
    }
}

#[test]
fn wrong_board() {
    let own = "5".to_owned();
    let other = DeviceState { board: own.clone(), ..box_() };
    assert_eq!(judge(|_| (), &other), Err(Refusal::WrongBoard { boards: vec!["3b".into(), "virt".into()], own }));
    // Part of a name is not the name.
    let other = DeviceState { board: "3".into(), ..box_() };
    assert!(judge(|_| (), &other).is_err());
    assert_eq!(board(b"raspberrypi,3-model-b-plus\0brcm,bcm2837\0"), Some("3bp"));
    assert_eq!(board(b"brcm,bcm2837\0"), None);
}

/// One key that counts twice, a key under another's name, a key in the wrong role, a signature of another kind.
#[test]
fn key_id_confusion() {
    let mut two = root(1, &[1], &[101, 102]);
    two.release_threshold = 2;
    let trust = Chain::verify(vec![signed(two.clone(), &[1])]).unwrap();
    let both = [release_key(), key(Role::Release, 102)];
    let file = bundle_of(&image(3, 1), draft(7), &trust, &both);
    assert!(Bundle::open(file.clone(), &trust).is_ok());
    let with = |signatures: Vec<Signature>| {
        let parts = Parts { signatures: serde_json::to_vec(&signatures).unwrap(), ..Parts::of(&file) };
        Bundle::open(parts.file(), &trust).map(|_| ()).unwrap_err()
    };
    let one = Signature::make(&both[0], Domain::Manifest, &Parts::of(&file).manifest);
    assert_eq!(with(vec![one]), Refusal::TooFewSignatures { have: 1, need: 2 });
    assert!(matches!(with(vec![one, one]), Refusal::BadSignature(_)));
    let mut renamed = vec![one, Signature { key: both[1].public(), ..one }];
    renamed.sort_by_key(|s| s.key);
    assert!(matches!(with(renamed), Refusal::BadSignature(_)));
    // A root key signs no release, a signature of a channel is none of a bundle.
    assert_eq!(with(vec![Signature::make(&key(Role::Root, 1), Domain::Manifest, &Parts::of(&file).manifest)]), Refusal::Stranger);
    assert!(matches!(with(vec![Signature::make(&both[0], Domain::Channel, &Parts::of(&file).manifest)]), Refusal::BadSignature(_)));
    // One key twice in a root, or in both roles, or one that any signature fits.
    for wrong in [
        Root { releases: vec![release_key().public(); 2], ..two.clone() },
        Root { releases: vec![key(Role::Root, 1).public(), release_key().public()], release_threshold: 1, ..two.clone() },
        Root { releases: vec![Hex([0; 32]), release_key().public()], release_threshold: 1, ..two.clone() },
        Root { release_threshold: 3, ..two.clone() },
        Root { release_threshold: 0, ..two.clone() },
        Root { threshold: 0, ..two },
    ] {
        assert!(matches!(Chain::verify(vec![signed(wrong, &[1])]), Err(Refusal::BadRoots(_))));
    }
}

/// Roots 1 and 2: the release key 101 was withdrawn for 102.
fn rotated() -> Chain {
    let first = signed(root(1, &[1], &[101]), &[1]);
    Chain::verify(vec![first, signed(root(2, &[1], &[102]), &[1])]).unwrap()
}

#[test]
fn retired_key() {
    let by_new = bundle_of(&image(3, 1), draft(7), &rotated(), &[key(Role::Release, 102)]);
    // A box that knows only root 1 learns root 2 from the bundle.
    let learned = Bundle::open(by_new, &chain()).unwrap().chain().clone();
    assert_eq!(learned, rotated());
    // From then on the old key's bundles are refused, though their own list still names it.
    let by_old = bundle(&image(3, 1), 8);
    assert!(open(by_old.clone()).is_ok());
    assert_eq!(Bundle::open(by_old.clone(), &learned).unwrap_err(), Refusal::RetiredKey);
    // The old key, with the new list around it.
    let dressed = Parts { roots: rotated().write(), ..Parts::of(&by_old) };
    assert_eq!(refusal(dressed.file()), Refusal::RetiredKey);
}

/// A list of roots that was superseded is no way back to its keys.
#[test]
fn old_root() {
    let card = chain().write();
    let known = Chain::known(&card, Some(&rotated().write())).unwrap();
    assert_eq!(known, rotated());
    assert_eq!(Bundle::open(bundle(&image(3, 1), 8), &known).unwrap_err(), Refusal::RetiredKey);
    // Without /data, a bundle's own list brings it back; a list of others in /data counts for nothing.
    assert_eq!(Chain::known(&card, None).unwrap(), chain());
    let stranger = Chain::verify(vec![signed(root(1, &[9], &[109]), &[9]), signed(root(2, &[9], &[110]), &[9])]).unwrap();
    assert_eq!(Chain::known(&card, Some(&stranger.write())).unwrap(), chain());
    assert_eq!(Chain::known(&card, Some(b"{")).unwrap(), chain());
    // Two second roots: the one that the box has seen stays.
    let other = Chain::verify(vec![signed(root(1, &[1], &[101]), &[1]), signed(root(2, &[1], &[103]), &[1])]).unwrap();
    assert!(matches!(rotated().joined(&other), Err(Refusal::BadRoots(_))));
}

#[test]
fn root_with_too_few_signatures() {
    let first = Root { threshold: 2, ..root(1, &[1, 2, 3], &[101]) };
    let good = signed(first.clone(), &[1, 2]);
    let verify = |roots: Vec<SignedRoot>| Chain::verify(roots).map(|_| ());
    let few = |version, have, need| Err(Refusal::RootSignatures { version, have, need });
    assert_eq!(verify(vec![signed(first.clone(), &[1])]), few(1, 1, 2));
    // The next needs two of the old keys, and two of its own.
    let next = Root { threshold: 2, ..root(2, &[3, 4, 5], &[102]) };
    assert_eq!(verify(vec![good.clone(), signed(next.clone(), &[3, 4])]), few(2, 1, 2));
    assert_eq!(verify(vec![good.clone(), signed(next.clone(), &[1, 2])]), few(2, 0, 2));
    assert_eq!(verify(vec![good.clone(), signed(next.clone(), &[1, 2, 4])]), few(2, 1, 2));
    assert_eq!(verify(vec![good.clone(), signed(next.clone(), &[1, 3, 4])]), Ok(()));
    // No version is left out, none comes twice, and the list does not start in the middle.
    for wrong in [
        vec![],
        vec![good.clone(), signed(Root { version: 3, ..next.clone() }, &[1, 3, 4])],
        vec![good.clone(), good],
        vec![signed(next, &[3, 4])],
    ] {
        assert!(matches!(verify(wrong), Err(Refusal::BadRoots(_))));
    }
}

#[test]
fn truncation() {
    let file = parts().file();
    for length in (0..file.len()).step_by(997).chain([63, 64, 65, file.len() - 1]) {
        let cut = file[..length].to_vec();
        assert!(matches!(refusal(cut.clone()), Refusal::NotABundle | Refusal::Damaged(_)), "{length} bytes");
        // A source that does not know its length shows it where it ends.
        struct Unknown(Vec<u8>);
        impl Source for Unknown {
            fn len(&self) -> u64 {
                0
            }
            fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> std::io::Result<()> {
                self.0.read_at(offset, buf)
            }
        }
        match Bundle::open(Unknown(cut), &chain()) {
            Err(why) => assert!(matches!(why, Refusal::Damaged(_)), "{why}"),
            Ok(bundle) => {
                let mut apply = Apply::new(bundle, Memory::new(Disk::new(1 << 20)), options(false));
                let failure = (0..100).find_map(|_| apply.step().err());
                assert!(matches!(failure, Some(Failure::Source(_))), "{length} bytes");
            }
        }
    }
}

#[test]
fn trailing_bytes() {
    let mut file = parts().file();
    file.push(0);
    assert!(matches!(refusal(file), Refusal::Damaged(_)));
    // Inside the sections, where the header counts them.
    let good = parts();
    for (n, change) in [
        |p: &mut Parts| p.roots.push(b' '),
        |p: &mut Parts| p.signatures.push(b'\n'),
        |p: &mut Parts| p.index.push(0),
        |p: &mut Parts| p.chunks.push(0),
    ]
    .into_iter()
    .enumerate()
    {
        let mut parts = good.clone();
        change(&mut parts);
        assert!(open(parts.file()).is_err(), "section {n}");
    }
}

#[test]
fn duplicate_and_unknown_fields() {
    for (from, to) in [
        ("\"seq\":7", "\"seq\":7,\"seq\":8"),
        ("\"seq\":7", "\"seq\":7,\"hook\":\"rm\""),
        ("\"seq\":7", "\"seq\": 7"),
        ("\"seq\":7", "\"seq\":7.0"),
        ("\"seq\":7", "\"seq\":-7"),
        ("\"seq\":7", "\"seq\":18446744073709551616"),
        ("\"seq\":7,", ""),
        ("\"seq\":7", "\"\\u0073eq\":7"),
        ("[\"3b\",\"virt\"]", "[\"virt\",\"3b\"]"),
        ("[\"3b\",\"virt\"]", "[]"),
        ("[\"3b\",\"virt\"]", "[\"3b\",\"3b\"]"),
        ("\"commit\":\"abcdef\"", "\"commit\":\"\\u001b[31m\""),
        ("\"commit\":\"abcdef\"", "\"commit\":\"../../etc\""),
    ] {
        let file = parts().edit(from, to).sign(&release_key()).file();
        assert!(matches!(refusal(file), Refusal::Damaged(_)), "{to}");
    }
    assert_eq!(refusal(parts().edit("\"v\":1", "\"v\":2").sign(&release_key()).file()), Refusal::Format(2));
}

/// There is one image, and its blocks lie one after the other by their number: nothing can overlap. What remains is an index
/// whose chunks do not add up.
#[test]
fn overlapping_chunks() {
    for lengths in [[0_u32, 65536 * 2], [65536 * 2, 0], [65537, 65535], [u32::MAX, 65537], [1, 65536]] {
        let mut parts = Parts::of(&bundle(&image(32, 1), 7));
        for (n, length) in lengths.iter().enumerate() {
            parts.index[n * 4..][..4].copy_from_slice(&length.to_le_bytes());
        }
        let mut manifest = Manifest::read(&parts.manifest).unwrap();
        manifest.index = sha256(&parts.index);
        parts.manifest = manifest.write();
        assert!(matches!(refusal(parts.sign(&release_key()).file()), Refusal::Damaged(_)), "{lengths:?}");
    }
}

#[test]
fn a_size_over_the_slot() {
    let small = DeviceState { slot_size: 8192, ..box_() };
    assert_eq!(judge(|_| (), &small), Err(Refusal::TooBig { size: 12288, slot: 8192 }));
    for size in ["0", "1", "409601", "268439552", "18446744073709551615", "18446744073709547520"] {
        let parts = parts().edit("\"size\":409600", &format!("\"size\":{size}"));
        assert!(matches!(refusal(parts.sign(&release_key()).file()), Refusal::Damaged(_)), "{size}");
    }
    // A size that the index does not have.
    let parts = parts().edit("\"size\":409600", "\"size\":405504");
    assert!(matches!(refusal(parts.sign(&release_key()).file()), Refusal::Damaged(_)));
}

#[test]
fn pinned_and_too_old_and_foreign_data() {
    assert_eq!(judge(|_| (), &DeviceState { pin: Some(12), ..box_() }), Err(Refusal::Pinned { seq: 11, pin: 12 }));
    assert_eq!(judge(|_| (), &DeviceState { pin: Some(11), ..box_() }), Ok(()));
    assert_eq!(judge(|d| d.min = 11, &box_()), Err(Refusal::Gap { running: 10, min: 11 }));
    assert_eq!(judge(|_| (), &DeviceState { data: Some(2), ..box_() }), Err(Refusal::DataTooNew { have: 2, reads: 1 }));
    assert_eq!(judge(|d| (d.data_from, d.data_to) = (2, 3), &box_()), Err(Refusal::DataTooOld { have: 1, reads: 2 }));
    assert_eq!(judge(|d| (d.data_from, d.data_to) = (2, 3), &DeviceState { data: None, ..box_() }), Ok(()));
}

/// No name of a bundle reaches a path: the only names are a channel's addresses.
#[test]
fn hostile_names() {
    let base = "http://server/updates/channel.json";
    for name in
        ["../x", "a/../../x", "/etc/passwd", "//other/x", "file:///etc/passwd", "a\\b", "x?y", "x#y", "", "a//b", "./a", "javascript:1"]
    {
        assert_eq!(resolve(base, name), None, "{name}");
    }
    assert_eq!(resolve(base, "a/b-1.update").as_deref(), Some("http://server/updates/a/b-1.update"));
    assert_eq!(resolve(base, "ipfs://bafy/x").as_deref(), Some("ipfs://bafy/x"));
}

/// Every refusal is one line that says something.
#[test]
fn refusals_are_one_line() {
    let all = [
        Refusal::Unreadable("x".into()),
        Refusal::NotABundle,
        Refusal::Format(2),
        Refusal::Damaged("x".into()),
        Refusal::Unsigned,
        Refusal::BadSignature("x".into()),
        Refusal::Stranger,
        Refusal::RetiredKey,
        Refusal::TooFewSignatures { have: 1, need: 2 },
        Refusal::RootSignatures { version: 2, have: 1, need: 2 },
        Refusal::BadRoots("x".into()),
        Refusal::WrongBoard { boards: vec!["3b".into()], own: "4b".into() },
        Refusal::Replay(1),
        Refusal::Downgrade { seq: 1, running: 2 },
        Refusal::BelowFloor { seq: 1, floor: 2 },
        Refusal::BuiltBeforeFloor,
        Refusal::Gap { running: 1, min: 2 },
        Refusal::TooBig { size: 2, slot: 1 },
        Refusal::Pinned { seq: 1, pin: 2 },
        Refusal::DataTooNew { have: 2, reads: 1 },
        Refusal::DataTooOld { have: 1, reads: 2 },
        Refusal::OldChannel { version: 1, seen: 2 },
    ];
    let mut codes: Vec<_> = all.iter().map(Refusal::code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
    assert!(all.iter().all(|r| !r.to_string().contains('\n') && r.to_string().len() > 20));
}
