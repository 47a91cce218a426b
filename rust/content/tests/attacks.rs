//! Every attack on a walk that docs/formats/bundle.md names, from a signer who means harm: signed well, content bad.

use std::collections::HashMap;

use content::car::{self, Car};
use content::dagpb::{put_data, put_link};
use content::envelope::Envelope;
use content::key::Secret;
use content::source::{Indexed, Source, drive, walk_of};
use content::walk::{MAX_DEPTH, Tree, Walk};
use content::{Cid, Codec, Entry, Error, Manifest, unixfs};

/// Blocks by address, in the order in which they were added.
#[derive(Default)]
struct Blocks {
    all: HashMap<Cid, Vec<u8>>,
}

impl Blocks {
    fn add(&mut self, codec: Codec, bytes: &[u8]) -> Cid {
        let cid = Cid::of(codec, bytes);
        self.all.insert(cid, bytes.to_vec());
        cid
    }

    fn raw(&mut self, bytes: &[u8]) -> Cid {
        self.add(Codec::Raw, bytes)
    }

    fn node(&mut self, links: &[(&str, Cid)], data: &[u8]) -> Cid {
        let mut block = Vec::new();
        for (name, cid) in links {
            put_link(*cid, name.as_bytes(), 1, &mut block);
        }
        put_data(data, &mut block);
        self.add(Codec::DagPb, &block)
    }

    fn folder(&mut self, links: &[(&str, Cid)]) -> Cid {
        self.node(links, unixfs::DIRECTORY)
    }

    fn file(&mut self, parts: &[(Cid, u64)]) -> Cid {
        let links: Vec<_> = parts.iter().map(|(cid, _)| ("", *cid)).collect();
        let sizes: Vec<_> = parts.iter().map(|(_, size)| *size).collect();
        self.node(&links, &unixfs::file(&sizes))
    }
}

impl Source for Blocks {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        block.clone_from(self.all.get(&cid).ok_or(Error::Missing(cid))?);
        Ok(0)
    }
}

fn plain(blocks: &mut Blocks, root: Cid) -> Result<Tree, Error> {
    drive(Walk::plain(root, 1 << 30), blocks, "file", |_, _, _| Ok(())).map(|(tree, _)| tree)
}

/// Signs whatever the manifest says, and walks it.
fn signed(blocks: &mut Blocks, content: Cid, entries: &[(&str, Cid, u64)], blocks_and_bytes: (u64, u64)) -> Result<Tree, Error> {
    let secret = Secret::from_seed(&[4; 32]);
    let entry =
        |&(path, cid, size): &(&str, Cid, u64)| Entry { path: path.into(), cid, size, mime: "text/plain".into(), license: String::new() };
    let manifest = Manifest {
        publisher: secret.publisher(),
        seq: 1,
        created: 0,
        prev: None,
        title: "T".into(),
        content,
        total_bytes: blocks_and_bytes.1,
        block_count: blocks_and_bytes.0,
        entries: entries.iter().map(entry).collect(),
        name: String::new(),
        description: String::new(),
        languages: vec![],
        license: String::new(),
        cover: String::new(),
    };
    let block = manifest.to_block();
    blocks.add(Codec::DagCbor, &block);
    let envelope = Envelope::sign(&manifest, &block, &secret, "2040-01-01T00:00:00Z").to_block();
    let root = blocks.add(Codec::DagCbor, &envelope);
    drive(walk_of(root, 0), blocks, "file", |_, _, _| Ok(())).map(|(tree, _)| tree)
}

fn lie(result: Result<Tree, Error>) -> &'static str {
    match result {
        Err(Error::Lie(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn attack_manifest_and_content_disagree() {
    let mut b = Blocks::default();
    let (one, two) = (b.raw(b"one"), b.raw(b"two!"));
    let root = b.folder(&[("a", one), ("b", two)]);
    let len = b.all[&root].len() as u64 + 7;
    assert_eq!(signed(&mut b, root, &[("a", one, 3), ("b", two, 4)], (3, len)).unwrap().files.len(), 2);
    let lies: [&[(&str, Cid, u64)]; 6] = [
        &[("a", one, 3)],
        &[("a", one, 3), ("b", two, 4), ("c", two, 4)],
        &[("a", two, 4), ("b", two, 4)],
        &[("a", one, 4), ("b", two, 4)],
        &[("a", one, 3), ("c", two, 4)],
        &[],
    ];
    for entries in lies {
        assert!(matches!(signed(&mut b, root, entries, (3, len)), Err(Error::Disagree(_))), "{entries:?}");
    }
    for (blocks, bytes) in [(2, len), (4, len), (3, len - 1), (3, len + 1), (0, 0)] {
        let result = signed(&mut b, root, &[("a", one, 3), ("b", two, 4)], (blocks, bytes));
        assert!(matches!(result, Err(Error::TooLong { .. } | Error::Manifest(_))), "{blocks} {bytes}: {result:?}");
    }
}

#[test]
fn attack_floods_of_tiny_blocks_and_orphans() {
    let mut b = Blocks::default();
    let (one, orphan) = (b.raw(b"one"), b.raw(b"orphan"));
    let root = b.folder(&[("a", one)]);
    let write = |order: &[Cid]| {
        let mut out = car::header(root);
        order.iter().for_each(|cid| car::write(*cid, &b.all[cid], &mut out).unwrap());
        out
    };
    let read = |bytes: &[u8]| drive(Walk::plain(root, 1 << 20), &mut Car::open(bytes).unwrap(), "file", |_, _, _| Ok(())).map(drop);
    read(&write(&[root, one])).unwrap();
    assert!(matches!(read(&write(&[root, orphan, one])), Err(Error::Unexpected { wanted: Some(w), got }) if w == one && got == orphan));
    assert!(matches!(read(&write(&[orphan, root, one])), Err(Error::Unexpected { .. })));
    assert!(matches!(read(&write(&[root, one, orphan])), Err(Error::Unexpected { wanted: None, .. })));
    assert!(matches!(read(&write(&[root, root, one])), Err(Error::Unexpected { .. })), "a block twice");
    assert!(matches!(read(&write(&[root])), Err(Error::Missing(m)) if m == one));
    // Other programs' order: by index; what belongs to nothing is not even read.
    let (mut indexed, roots) = Indexed::open(std::io::Cursor::new(write(&[orphan, one, root]))).unwrap();
    assert_eq!(roots, [root]);
    let (tree, _) = drive(Walk::plain(root, 1 << 20), &mut indexed, "file", |_, _, _| Ok(())).unwrap();
    assert_eq!(tree.blocks.len(), 2);
    // A flood within a folder ends at the budget of links.
    let mut flood = Blocks::default();
    let empty = flood.raw(b"");
    let mut parts = vec![(empty, 0); 40_000];
    let mut file = flood.file(&parts);
    for _ in 0..3 {
        parts = vec![(file, 0); 40_000];
        file = flood.file(&parts);
    }
    assert!(matches!(plain(&mut flood, file), Err(Error::TooLong { what: "links", .. })));
}

#[test]
fn attack_deep_dag() {
    let mut b = Blocks::default();
    let nest = |b: &mut Blocks, depth: u8| (0..depth).fold(b.raw(b"x"), |below, _| b.folder(&[("d", below)]));
    let fits = nest(&mut b, MAX_DEPTH);
    plain(&mut b, fits).unwrap();
    let deep = nest(&mut b, MAX_DEPTH + 1);
    assert!(matches!(plain(&mut b, deep), Err(Error::TooDeep)));
    let deep = (0..200).fold((b.raw(b"x"), 1), |part, _| (b.file(&[part]), 1)).0;
    assert!(matches!(plain(&mut b, deep), Err(Error::TooDeep)));
    // A chain that is shallow where it is first met and too deep where it is met again.
    let chain = nest(&mut b, 20);
    let again = (0..15).fold(chain, |below, _| b.folder(&[("d", below)]));
    let both = b.folder(&[("a", chain), ("b", again)]);
    assert!(matches!(plain(&mut b, both), Err(Error::TooDeep)));
}

#[test]
fn attack_amplified_dag() {
    // Ten times ten times ... the same folder: a gigabyte of paths from three kilobytes.
    let mut b = Blocks::default();
    let names: Vec<String> = (0..10).map(|i| i.to_string()).collect();
    let mut root = b.raw(b"x");
    for _ in 0..9 {
        root = b.folder(&names.iter().map(|n| (n.as_str(), root)).collect::<Vec<_>>());
    }
    assert!(matches!(plain(&mut b, root), Err(Error::Disagree(_) | Error::TooLong { .. })));
    // The same with the parts of one file; its size is honest.
    let mut part = (b.raw(b"x"), 1);
    for _ in 0..5 {
        part = (b.file(&[part; 100]), part.1 * 100);
    }
    assert!(matches!(plain(&mut b, part.0), Err(Error::TooLong { .. })));
    let huge = b.file(&[(part.0, 1 << 49); 3]);
    assert!(plain(&mut b, huge).is_err());
}

#[test]
fn attack_unixfs_lies() {
    let mut b = Blocks::default();
    let (one, two) = (b.raw(b"one"), b.raw(b"two!"));
    let good = b.file(&[(one, 3), (two, 4)]);
    assert_eq!(plain(&mut b, good).unwrap().files[0].size, 7);
    let swapped = b.file(&[(one, 4), (two, 3)]);
    assert_eq!(lie(plain(&mut b, swapped)), "a part's size is not what its parent says");
    let nested = b.file(&[(good, 8)]);
    assert_eq!(lie(plain(&mut b, nested)), "a part's size is not what its parent says");
    // The same part a second time with another size.
    let twice = b.file(&[(one, 3), (one, 2)]);
    assert_eq!(lie(plain(&mut b, twice)), "a part's size is not what its parent says");
    let fewer = b.node(&[("", one), ("", two)], &unixfs::file(&[7]));
    assert_eq!(lie(plain(&mut b, fewer)), "a file node's sizes and links are not as many");
    let mut wrong_sum = unixfs::file(&[3, 4]);
    wrong_sum[3] = 8;
    let wrong_sum = b.node(&[("", one), ("", two)], &wrong_sum);
    assert_eq!(lie(plain(&mut b, wrong_sum)), "a file's size is not the sum of its parts");
    let overflow = b.node(&[("", one), ("", two)], &unixfs::file(&[u64::MAX >> 2, u64::MAX >> 2]));
    assert_eq!(lie(plain(&mut b, overflow)), "a file's size is not the sum of its parts");
    let both = b.node(&[("", one)], &[&unixfs::file(&[3])[..], &[0x12, 1, 0x78]].concat());
    assert_eq!(lie(plain(&mut b, both)), "a file node has bytes and parts");
    let folder = b.folder(&[]);
    let folder_as_part = b.file(&[(folder, 4)]);
    assert_eq!(lie(plain(&mut b, folder_as_part)), "a block is not what its place wants");
    let leaf = b.node(&[], &[8, 2, 0x12, 1, b'x', 0x18, 2]);
    assert_eq!(lie(plain(&mut b, leaf)), "a part's size is not its length");
}

#[test]
fn attack_hamt_lies() {
    let mut b = Blocks::default();
    let one = b.raw(b"one");
    let hamt = |bits: &[u8], fanout: &[u8], hash: u8| {
        [&[8, 5, 0x12, u8::try_from(bits.len()).unwrap()][..], bits, &[0x28, hash, 0x30], fanout].concat()
    };
    let mut run = |links: &[(&str, Cid)], data: &[u8]| {
        let root = b.node(links, data);
        plain(&mut b, root)
    };
    // Where "hello" belongs: murmur3 begins with cb, d8.
    let mut bits = [0; 26];
    bits[25 - 0xcb / 8] = 1 << (0xcb % 8);
    assert_eq!(run(&[("CBhello", one)], &hamt(&bits, &[0x80, 2], 0x22)).unwrap().files[0].path, "hello");
    assert_eq!(lie(run(&[("CBhello", one)], &hamt(&bits, &[0x80, 0x10], 0x22))), "a sharded folder's fan-out");
    assert_eq!(lie(run(&[("CBhello", one)], &hamt(&bits, &[0xff, 0xff, 0xff, 0xff, 0x0f], 0x22))), "a sharded folder's fan-out");
    assert_eq!(lie(run(&[("CBhello", one)], &hamt(&bits, &[0x80, 2], 0x12))), "a sharded folder's hash");
    assert_eq!(
        lie(run(&[("CBhello", one), ("CBx", one)], &hamt(&bits, &[0x80, 2], 0x22))),
        "a sharded folder's bit field and links differ"
    );
    assert_eq!(lie(run(&[("CCx", one)], &hamt(&bits, &[0x80, 2], 0x22))), "a place of a sharded folder");
    assert_eq!(lie(run(&[("cbhello", one)], &hamt(&bits, &[0x80, 2], 0x22))), "a place of a sharded folder");
    assert_eq!(lie(run(&[("CBother", one)], &hamt(&bits, &[0x80, 2], 0x22))), "a name is not where its hash says");
    assert_eq!(lie(run(&[("CB", one)], &hamt(&bits, &[0x80, 2], 0x22))), "a block is not what its place wants");
    assert_eq!(lie(run(&[], &hamt(&[0xff; 100], &[0x80, 2], 0x22))), "a sharded folder's bit field and links differ");
}

#[test]
fn attack_paths_in_folders() {
    let mut b = Blocks::default();
    let one = b.raw(b"one");
    for names in [&["..", "a"][..], &["a/b"], &["a", "a"], &["a", "A"], &["\0"], &[""], &["ß", "SS"]] {
        let root = b.folder(&names.iter().map(|n| (*n, one)).collect::<Vec<_>>());
        assert!(matches!(plain(&mut b, root), Err(Error::Path(..))), "{names:?}");
    }
    let link = b.node(&[], &[8, 4, 0x12, 4, b'/', b'e', b't', b'c']);
    let root = b.folder(&[("link", link)]);
    assert!(matches!(plain(&mut b, root), Err(Error::Path(..))), "a symbolic link");
}

#[test]
fn attack_hash_confusion_in_a_walk() {
    let mut b = Blocks::default();
    let node = b.folder(&[]);
    // The node's bytes under the raw codec are a file, never a folder; and the other way they are refused.
    let as_raw = b.raw(&b.all[&node].clone());
    let tree = plain(&mut b, as_raw).unwrap();
    assert_eq!(tree.files.len(), 1);
    let text = b.add(Codec::DagPb, b"no node at all");
    assert!(plain(&mut b, text).is_err());
    let cbor = b.add(Codec::DagCbor, b"\xa0");
    let inside = b.folder(&[("a", cbor)]);
    assert!(matches!(plain(&mut b, inside), Err(Error::HashKind(_))));
    // Other bytes than the address says.
    let real = b.raw(b"real");
    b.all.insert(real, b"fake".to_vec());
    assert!(matches!(plain(&mut b, real), Err(Error::WrongHash(c)) if c == real));
}

#[test]
fn a_strangers_envelope_is_no_bundle() {
    let mut b = Blocks::default();
    let manifest = b.add(Codec::DagCbor, b"\xa0");
    let empty = Envelope { manifest, sig: vec![], ipns_record: vec![] }.to_block();
    let root = b.add(Codec::DagCbor, &empty);
    assert!(drive(walk_of(root, 0), &mut b, "f", |_, _, _| Ok(())).is_err());
}
