//! Published vectors, where they are: ipld/codec-fixtures, ipld/go-car, ipfs/gateway-conformance. Skipped, with a word, elsewhere.

use std::path::{Path, PathBuf};

use content::car::Car;
use content::dagpb::Node;
use content::source::{Opened, drive, walk_of};
use content::{Cid, Codec, Error, cbor, hex};

fn vectors(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(folder);
    path.is_dir().then_some(path).or_else(|| {
        eprintln!("skipped: the published vectors are not here");
        None
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    found.sort();
    found
}

/// Every block of codec-fixtures in our codecs: its address, and that it reads; a link of another kind is refused by name.
#[test]
fn codec_fixtures() {
    let Some(root) = vectors("codec-fixtures/fixtures") else { return };
    let (mut pb, mut cbor_blocks) = (0, 0);
    for file in files(&root).iter().filter(|folder| folder.is_dir()).flat_map(|folder| files(folder)) {
        let kind = file.extension().unwrap().to_str().unwrap();
        let block = std::fs::read(&file).unwrap();
        let codec = match kind {
            "dag-pb" => Codec::DagPb,
            "dag-cbor" => Codec::DagCbor,
            _ => continue,
        };
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert_eq!(Cid::of(codec, &block).to_string(), name, "{file:?}");
        match codec {
            Codec::DagCbor => {
                cbor::links(&block).unwrap_or_else(|e| panic!("{file:?}: {e}"));
                cbor_blocks += 1;
            }
            _ => {
                match Node::read(&block) {
                    Ok(_) | Err(Error::HashKind(_)) => {}
                    Err(e) => panic!("{file:?}: {e}"),
                }
                pb += 1;
            }
        }
    }
    assert!(pb > 10 && cbor_blocks > 60, "{pb} {cbor_blocks}");
}

#[test]
fn codec_negative_fixtures() {
    let Some(root) = vectors("codec-fixtures/negative-fixtures") else { return };
    let mut seen = 0;
    for (file, read) in [
        ("dag-pb/decode/edges.json", (|b: &[u8]| Node::read(b).is_ok()) as fn(&[u8]) -> bool),
        ("dag-cbor/decode/duplicate-keys.json", |b| cbor::links(b).is_ok()),
    ] {
        let cases: serde_json::Value = serde_json::from_slice(&std::fs::read(root.join(file)).unwrap()).unwrap();
        for case in cases.as_array().unwrap() {
            let block = hex::read(case["hex"].as_str().unwrap()).unwrap();
            assert!(!read(&block), "{}", case["name"]);
            seen += 1;
        }
    }
    assert_eq!(seen, 10);
}

fn sections(file: &Path) -> Result<usize, Error> {
    let mut car = Car::open(std::fs::File::open(file)?)?;
    let (mut block, mut n) = (Vec::new(), 0);
    while let Some(section) = car.next(&mut block)? {
        section.cid.check(&block)?;
        n += 1;
    }
    Ok(n)
}

#[test]
fn go_car() {
    let Some(root) = vectors("go-car") else { return };
    assert!(sections(&root.join("cmd/car/testdata/inputs/badheaderlength.car")).is_err());
    assert!(sections(&root.join("cmd/car/testdata/inputs/badsectionlength.car")).is_err());
    for (file, good) in [
        ("cmd/car/testdata/inputs/simple-unixfs.car", true),
        ("cmd/car/testdata/inputs/simple-unixfs-missing-blocks.car", true),
        ("v2/testdata/sample-v1-tailing-corrupt-section.car", false),
        ("v2/testdata/sample-v1-with-zero-len-section.car", false),
        ("v2/testdata/sample-v1-with-zero-len-section2.car", false),
        ("v2/testdata/sample-corrupt-pragma.car", false),
        ("v2/testdata/sample-rootless-v42.car", false),
        ("v2/testdata/sample-wrapped-v2.car", false),
        ("v2/testdata/sample-v2-corrupt-data-and-index.car", false),
    ] {
        let read = sections(&root.join(file));
        assert_eq!(read.is_ok(), good, "{file}: {read:?}");
    }
    // A whole chain's blocks in other hashes is refused by name, not by chance.
    let other = sections(&root.join("v2/testdata/sample-v1.car"));
    assert!(matches!(other, Ok(_) | Err(Error::HashKind(_))), "{other:?}");
    let mut found = 0;
    for folder in ["testdata/fuzz/FuzzCarReader", "v2/testdata/fuzz/FuzzBlockReader", "v2/testdata/fuzz/FuzzReader"] {
        for file in files(&root.join(folder)) {
            // Go's corpus: a line []byte("...").
            let text = std::fs::read_to_string(file).unwrap();
            assert!(Car::open(text.as_bytes()).is_err());
            found += 1;
        }
    }
    assert!(found >= 5);
}

/// Trees of the gateway's suite: whole ones are read, a block that lacks is named.
#[test]
fn gateway_fixtures() {
    let Some(root) = vectors("gateway-conformance/fixtures") else { return };
    let read = |name: &str| {
        let file = std::fs::File::open(root.join(name)).unwrap();
        let (mut opened, root) = Opened::open(file)?;
        drive(walk_of(root, 1 << 20), opened.source(), "file", |_, _, _| Ok(())).map(|(tree, _)| tree)
    };
    let shared = read("trustless_gateway_car/single-layer-hamt-with-multi-block-files.car").unwrap();
    assert!(shared.files.len() > 100, "{}", shared.files.len());
    let mixed = read("trustless_gateway_car/subdir-with-mixed-block-files.car").unwrap();
    assert!(mixed.files.len() >= 2);
    let lacking = read("trustless_gateway_car/file-3k-and-3-blocks-missing-block.car").map(|tree| tree.files.len());
    // What comes instead of the block that lacks is not the next of the walk: the one wanted is named.
    let Err(Error::Unexpected { wanted: Some(wanted), .. }) = lacking else { panic!("{lacking:?}") };
    assert!(!Held::of(&root.join("trustless_gateway_car/file-3k-and-3-blocks-missing-block.car")).0.0.contains_key(&wanted));
    assert!(matches!(read("path_gateway_unixfs/symlink.car"), Err(Error::Path(..))));
}

/// Blocks of a published CAR, for the gateway's plan.
struct Held(std::collections::HashMap<Cid, Vec<u8>>);

impl Held {
    fn of(file: &Path) -> (Self, Cid) {
        let mut car = Car::open(std::fs::File::open(file).unwrap()).unwrap();
        let root = car.roots()[0];
        let (mut held, mut block) = (Self(Default::default()), Vec::new());
        while let Some(section) = car.next(&mut block).unwrap() {
            held.0.insert(section.cid, block.clone());
        }
        (held, root)
    }
}

impl content::gateway::Blocks for Held {
    fn get(&mut self, cid: &Cid) -> Option<Vec<u8>> {
        self.0.get(cid).cloned()
    }
    fn has(&mut self, cid: &Cid) -> bool {
        self.0.contains_key(cid)
    }
}

/// What the gateway suite asks of its trees: a file without its middle answers for the bytes that are there, a sharded folder
/// is listed without what is in it, a path through it sends the way and the file.
#[test]
fn gateway_questions() {
    use content::gateway::{No, Scope, plan};
    let Some(root) = vectors("gateway-conformance/fixtures/trustless_gateway_car") else { return };
    let (mut held, cid) = Held::of(&root.join("file-3k-and-3-blocks-missing-block.car"));
    let mut ask = |bytes| plan(cid, &[], Scope::Entity, bytes, false, &mut held);
    assert_eq!(ask(None), Err(No(404, "That block is not on this box.")));
    assert_eq!(ask(Some((0, Some(1000)))).unwrap().len(), 2);
    assert_eq!(ask(Some((2200, None))).unwrap().len(), 2);
    assert_eq!(ask(Some((0, None))), Err(No(404, "That block is not on this box.")));
    let (mut held, cid) = Held::of(&root.join("single-layer-hamt-with-multi-block-files.car"));
    let all = held.0.len();
    let listed = plan(cid, &[], Scope::Entity, None, false, &mut held).unwrap();
    // 237 shards, counted by another reader; the file and its five pieces are not of the listing.
    assert_eq!((listed.len(), all), (237, 243));
    assert!(listed.iter().all(|c| c.codec == Codec::DagPb));
    let file = std::fs::File::open(root.join("single-layer-hamt-with-multi-block-files.car")).unwrap();
    let (mut opened, _) = Opened::open(file).unwrap();
    let (tree, _) = drive(walk_of(cid, 1 << 20), opened.source(), "", |_, _, _| Ok(())).unwrap();
    let name = tree.files[7].path.clone();
    let way = plan(cid, &[name], Scope::Entity, None, false, &mut held).unwrap();
    assert!(way.len() >= 3 && way[0] == cid && way.iter().any(|c| c.codec == Codec::Raw), "{way:?}");
    let (mut held, cid) = Held::of(&root.join("dir-with-duplicate-files.car"));
    let (once, twice) =
        (plan(cid, &[], Scope::All, None, false, &mut held).unwrap(), plan(cid, &[], Scope::All, None, true, &mut held).unwrap());
    assert!(twice.len() > once.len());
}
