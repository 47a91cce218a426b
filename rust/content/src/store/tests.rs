use std::fs;
use std::os::unix::fs::FileExt;

use super::*;
use crate::car::Car;
use crate::envelope::Envelope;
use crate::key::Secret;
use crate::make;
use crate::source::Opened;
use crate::{Codec, Error, Manifest};

/// A folder for one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hotspot-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn store(&self) -> Store {
        Store::open(&self.0.join("store")).unwrap().0
    }

    /// Makes a bundle of these files; gives its root.
    fn bundle(&self, name: &str, seq: u64, files: &[(&str, &[u8])]) -> Cid {
        let folder = self.0.join("in");
        let _ = fs::remove_dir_all(&folder);
        for (path, bytes) in files {
            fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            fs::write(folder.join(path), bytes).unwrap();
        }
        let hashed = make::hash(make::Folder::look(&folder).unwrap(), &|_| ()).unwrap();
        let secret = Secret::from_seed(&[1; 32]);
        let manifest = Manifest {
            publisher: secret.publisher(),
            seq,
            created: 0,
            prev: None,
            title: name.into(),
            content: hashed.content,
            total_bytes: hashed.total_bytes,
            block_count: hashed.block_count,
            entries: hashed.entries.clone(),
            name: String::new(),
            description: String::new(),
            languages: vec![],
            license: String::new(),
            cover: String::new(),
        };
        let block = manifest.to_block();
        let envelope = Envelope::sign(&manifest, &block, &secret, "2040-01-01T00:00:00Z").to_block();
        let out = File::create(self.0.join(format!("{name}.car"))).unwrap();
        hashed.write(&envelope, &block, out, &|_| ()).unwrap();
        Cid::of(Codec::DagCbor, &envelope)
    }

    fn import(&self, store: &mut Store, name: &str) -> Result<Import, Error> {
        self.import_within(store, name, 1 << 30)
    }

    fn import_within(&self, store: &mut Store, name: &str, room: u64) -> Result<Import, Error> {
        let file = File::open(self.0.join(format!("{name}.car")))?;
        let (mut opened, root) = Opened::open(file)?;
        store.import(root, opened.source(), Options { title: name, room }, &mut |_| Ok(()), &mut |_| ())
    }

    /// A file's bytes through its stretches.
    fn read(&self, index: &Index, path: &str, from: u64, length: u64) -> Vec<u8> {
        let (number, _) = index.file(path).unwrap();
        let mut out = Vec::new();
        for place in index.stretches(number, from, length) {
            let mut bytes = vec![0; place.len as usize];
            File::open(pack_path(&self.0.join("store"), place.pack)).unwrap().read_exact_at(&mut bytes, place.at).unwrap();
            out.extend(bytes);
        }
        out
    }

    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        for folder in ["packs", "bundles", "staging"] {
            for entry in fs::read_dir(self.0.join("store").join(folder)).unwrap().flatten() {
                found.push(format!("{folder}/{}", entry.file_name().to_str().unwrap()));
            }
        }
        found.sort();
        found
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn noise(seed: u32, n: usize) -> Vec<u8> {
    (0..n)
        .scan(seed, |x, _| {
            *x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some((*x >> 24) as u8)
        })
        .collect()
}

#[test]
fn a_bundle_is_published_and_its_files_are_stretches_of_a_pack() {
    let place = Place::new("publish");
    let film = noise(1, 3_000_000);
    let root = place.bundle("a", 1, &[("film.webm", &film), ("deep/b.txt", b"text"), ("empty", b"")]);
    let mut store = place.store();
    let import = place.import(&mut store, "a").unwrap();
    assert_eq!(import.index.root, root);
    let index = &import.index;
    assert_eq!(place.read(index, "film.webm", 0, film.len() as u64), film);
    assert_eq!(place.read(index, "film.webm", 1_048_570, 20), film[1_048_570..1_048_590]);
    assert_eq!(place.read(index, "film.webm", 2_999_999, 1), film[2_999_999..]);
    assert_eq!(place.read(index, "deep/b.txt", 1, 2), b"ex");
    assert_eq!(place.read(index, "empty", 0, 0), b"");
    assert!(store.read(&root).is_some() && index.file("film").is_none());
    let mut exported = Vec::new();
    store.export(&root, &mut exported, &mut |_| ()).unwrap();
    assert!(exported == fs::read(place.0.join("a.car")).unwrap(), "byte for byte what was made");
    // Another process sees it, and a store that is opened again.
    let mut shelf = Shelf::new(place.0.join("store"));
    assert!(shelf.look() && !shelf.look() && shelf.bundles().count() == 1);
    drop(store);
    let (again, report) = Store::open(&place.0.join("store")).unwrap();
    assert_eq!((again.bundles()[&root].as_ref(), report), (index.as_ref(), Report::default()));
    assert_eq!(Index::from_bytes(&index.to_bytes()).as_ref(), Some(index.as_ref()));
}

#[test]
fn blocks_are_shared_between_bundles_and_outlive_the_one_that_brought_them() {
    let place = Place::new("share");
    let (film, old, new) = (noise(1, 2_500_000), noise(2, 300_000), noise(3, 300_000));
    let first = place.bundle("a", 1, &[("film", &film), ("page", &old)]);
    let second = place.bundle("b", 2, &[("film", &film), ("page", &new)]);
    let mut store = place.store();
    place.import(&mut store, "a").unwrap();
    let import = place.import(&mut store, "b").unwrap();
    assert!(import.new_bytes < 310_000, "{}", import.new_bytes);
    let before = store.used();
    assert!(store.remove(&first).unwrap() && !store.remove(&first).unwrap());
    assert!(store.used() + 250_000 < before, "what only the first had is free: {before} {}", store.used());
    assert_eq!(place.read(&store.bundles()[&second], "film", 0, 2_500_000), film);
    assert_eq!(place.read(&store.bundles()[&second], "page", 0, 300_000), new);
    drop(store);
    let mut store = place.store();
    assert!(store.scrub(&second, |_| true).is_empty());
    store.remove(&second).unwrap();
    assert_eq!(place.files(), Vec::<String>::new());
}

#[test]
fn attack_disk_full() {
    let place = Place::new("full");
    place.bundle("a", 1, &[("film", &noise(1, 2_000_000))]);
    let mut store = place.store();
    let refused = place.import_within(&mut store, "a", 1_000_000);
    assert!(matches!(refused, Err(Error::TooLong { .. })), "{refused:?}");
    assert_eq!(place.files(), Vec::<String>::new());
    place.import_within(&mut store, "a", 2_100_000).unwrap();
}

#[test]
fn what_is_cut_short_or_wrong_leaves_nothing() {
    let place = Place::new("short");
    place.bundle("good", 1, &[("x", b"x")]);
    place.bundle("a", 1, &[("film", &noise(1, 1_500_000)), ("b", b"b")]);
    let mut store = place.store();
    place.import(&mut store, "good").unwrap();
    let before = place.files();
    let whole = fs::read(place.0.join("a.car")).unwrap();
    for n in [0, 10, 500, 100_000, 1_100_000, whole.len() - 1] {
        fs::write(place.0.join("cut.car"), &whole[..n]).unwrap();
        assert!(place.import(&mut store, "cut").is_err(), "cut at {n}");
        let mut bad = whole.clone();
        bad[n] ^= 1;
        fs::write(place.0.join("cut.car"), bad).unwrap();
        assert!(place.import(&mut store, "cut").is_err(), "byte {n}");
        assert_eq!(place.files(), before);
    }
    let refused = store.import(
        store.bundles().keys().next().copied().unwrap(),
        &mut Car::open(File::open(place.0.join("good.car")).unwrap()).unwrap(),
        Options { title: "", room: 1 << 20 },
        &mut |_| Err(Error::Manifest("not wanted")),
        &mut |_| (),
    );
    assert!(matches!(refused, Err(Error::Manifest("not wanted"))));
    assert_eq!(place.files(), before);
}

/// Every state that a cut can leave between two writes of an import or a removal.
#[test]
fn a_cut_at_any_write_leaves_the_old_content_or_the_new() {
    let place = Place::new("cut");
    let film = noise(1, 1_200_000);
    let kept = place.bundle("kept", 1, &[("x", &film)]);
    let root = place.bundle("a", 1, &[("film", &film), ("b", b"b")]);
    let at = |name: &str| place.0.join("store").join(name);
    let mut store = place.store();
    place.import(&mut store, "kept").unwrap();
    place.import(&mut store, "a").unwrap();
    drop(store);
    let idx = fs::read(at(&format!("bundles/{root}.idx"))).unwrap();
    let opened = || {
        let (store, report) = Store::open(&place.0.join("store")).unwrap();
        assert!(store.bundles().contains_key(&kept) && store.scrub(&kept, |_| true).is_empty());
        assert_eq!(place.read(&store.bundles()[&kept], "x", 0, 1_200_000), film);
        (store.bundles().contains_key(&root), report)
    };
    // After the pack's rename, before the index's: finished at the next start.
    fs::rename(at(&format!("bundles/{root}.idx")), at(&format!("staging/{root}.idx"))).unwrap();
    let (there, report) = opened();
    assert!(there && report.rebuilt == [root]);
    assert_eq!(fs::read(at(&format!("bundles/{root}.idx"))).unwrap(), idx, "the same index");
    // An index that rotted, at several lengths.
    for n in [0, 1, 60, idx.len() - 1] {
        fs::write(at(&format!("bundles/{root}.idx")), &idx[..n]).unwrap();
        let (there, report) = opened();
        assert!(there && report.damaged == 1 && report.rebuilt == [root], "cut at {n}");
    }
    // All indexes lost.
    for entry in fs::read_dir(at("bundles")).unwrap().flatten() {
        fs::remove_file(entry.path()).unwrap();
    }
    let (there, report) = opened();
    assert!(there && report.rebuilt.len() == 2);
    // A removal that a cut interrupted, with the pack still there and without.
    for pack_too in [false, true] {
        fs::rename(at(&format!("bundles/{root}.idx")), at(&format!("bundles/{root}.gone"))).unwrap();
        if pack_too {
            fs::remove_file(at("packs/2.car")).unwrap();
        }
        let (there, report) = opened();
        assert!(!there && report == Report::default());
        assert_eq!(place.files(), [format!("bundles/{kept}.idx"), "packs/1.car".to_owned()]);
        if !pack_too {
            place.import(&mut place.store(), "a").unwrap();
        }
    }
    // A pack that never was whole does not come from us, and goes.
    fs::write(at("packs/9.car"), &fs::read(place.0.join("a.car")).unwrap()[..900]).unwrap();
    let (there, report) = opened();
    assert!(!there && report.dropped == [9]);
}

#[test]
fn rot_is_found_and_mended() {
    let place = Place::new("rot");
    let root = place.bundle("a", 1, &[("film", &noise(1, 2_200_000))]);
    let mut store = place.store();
    let import = place.import(&mut store, "a").unwrap();
    let (cid, spot) = import.index.blocks().find(|(_, place)| place.len == 1 << 20).unwrap();
    let right = store.read(&cid).unwrap();
    File::options().write(true).open(place.0.join("store/packs/1.car")).unwrap().write_all_at(b"rot", spot.at + 5).unwrap();
    assert_eq!(store.scrub(&root, |_| true), [Rot { bundle: root, cid }]);
    assert!(store.read(&cid).is_none(), "rot is never handed out");
    assert!(!store.mend(&cid, &right[1..]).unwrap() && !store.mend(&cid, &vec![0; 1 << 20]).unwrap());
    assert!(store.mend(&cid, &right).unwrap());
    assert!(store.scrub(&root, |_| true).is_empty());
}
