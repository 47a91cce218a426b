//! The command as a person runs it, in this process.

use std::path::{Path, PathBuf};

use super::super::{Failure, Outcome, dispatch};
use super::{inspect, verify_all};

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hotspot-bundle-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("in/deep/er")).unwrap();
        std::fs::write(path.join("key"), format!("{}\n", "11".repeat(32))).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    fn make(&self, more: &[&str]) -> Outcome {
        let (dir, key, out) = (self.path("in"), self.path("key"), self.path("out.car"));
        let mut words = vec!["bundle", "make", &dir, "-o", &out, "--key", &key];
        words.extend(more);
        run(&words)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(words: &[&str]) -> Outcome {
    dispatch(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
}

fn why(outcome: Outcome) -> String {
    match outcome {
        Err(Failure::Failed(why)) => why,
        Err(Failure::Usage(why)) => format!("usage: {why}"),
        Ok(()) => "it worked".into(),
    }
}

fn same(a: &Path, b: &Path) {
    let list = |p: &Path| std::process::Command::new("find").arg(".").current_dir(p).args(["-type", "f"]).output().unwrap().stdout;
    let mut names: Vec<_> = String::from_utf8(list(a)).unwrap().lines().filter(|n| !n.contains("bundle.toml")).map(str::to_owned).collect();
    let mut other: Vec<_> = String::from_utf8(list(b)).unwrap().lines().map(str::to_owned).collect();
    names.sort();
    other.sort();
    assert_eq!(names, other);
    for name in names {
        assert_eq!(std::fs::read(a.join(&name)).unwrap(), std::fs::read(b.join(&name)).unwrap(), "{name}");
    }
}

#[test]
fn a_folder_goes_in_and_comes_out_the_same() {
    let place = Place::new("round");
    let big: Vec<u8> = (0..3_500_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    place.file("in/film.webm", &big);
    place.file("in/twice.webm", &big);
    place.file("in/empty", b"");
    place.file("in/deep/er/livro é.txt", "olá");
    place.file("in/deep/cover.png", b"png");
    place.file("in/bundle.toml", "title = \"Um título\"\nlanguages = [\"pt\"]\nlicense = \"CC0-1.0\"\ncover = \"deep/cover.png\"\n");
    place.make(&["--lang", "pt,en"]).unwrap();
    let out = place.0.join("out.car");
    assert!(std::fs::metadata(&out).unwrap().len() < 4_000_000, "the same bytes are there once");
    let (_, _, manifest) = inspect::front(&out).unwrap();
    assert_eq!((manifest.title.as_str(), manifest.seq, manifest.languages.len()), ("Um título", 1, 2));
    assert_eq!(
        manifest.entries.iter().map(|e| e.path.as_str()).collect::<Vec<_>>(),
        ["deep/cover.png", "deep/er/livro é.txt", "empty", "film.webm", "twice.webm"]
    );
    run(&["bundle", "verify", &place.path("out.car"), "--json"]).unwrap();
    run(&["bundle", "inspect", &place.path("out.car")]).unwrap();
    run(&["bundle", "extract", &place.path("out.car"), &place.path("back")]).unwrap();
    same(&place.0.join("in"), &place.0.join("back"));
    assert!(why(run(&["bundle", "extract", &place.path("out.car"), &place.path("back")])).contains("exists already"));
    // The next release knows the one before.
    place.file("in/new.txt", "new");
    place.make(&[]).unwrap();
    let (_, _, second) = inspect::front(&out).unwrap();
    assert_eq!(second.seq, 2);
    assert!(second.prev.is_some() && second.entries.len() == 6);
}

#[test]
fn a_damaged_bundle_is_refused_at_any_byte() {
    let place = Place::new("damage");
    place.file("in/a.txt", "some text");
    place.file("in/deep/b.txt", "more text");
    place.make(&["--title", "T"]).unwrap();
    let bytes = std::fs::read(place.0.join("out.car")).unwrap();
    assert!(verify_all(&place.0.join("out.car")).is_ok());
    for i in (0..bytes.len()).step_by(3) {
        let mut bad = bytes.clone();
        bad[i] ^= 4;
        place.file("bad.car", &bad);
        assert!(verify_all(&place.0.join("bad.car")).is_err(), "byte {i}");
        place.file("bad.car", &bytes[..i]);
        assert!(verify_all(&place.0.join("bad.car")).is_err(), "cut at {i}");
    }
    place.file("bad.car", [&bytes[..], &[0]].concat());
    assert!(why(run(&["bundle", "verify", &place.path("bad.car")])).contains("empty section"));
}

#[test]
fn what_cannot_be_packed_is_said_in_one_line() {
    let place = Place::new("refused");
    assert!(why(place.make(&[])).contains("no file in it"));
    place.file("in/a.txt", "a");
    place.file("in/bundle.toml", "titel = \"x\"");
    assert!(why(place.make(&[])).contains("titel"));
    place.file("in/bundle.toml", "");
    assert!(why(place.make(&["--cover", "no.png"])).contains("cover"));
    assert!(why(place.make(&["--lang", "Portuguese!"])).contains("language"));
    std::os::unix::fs::symlink("/etc/passwd", place.0.join("in/link")).unwrap();
    assert!(why(place.make(&[])).contains("link"));
    std::fs::remove_file(place.0.join("in/link")).unwrap();
    place.file("in/A.txt", "b");
    assert!(why(place.make(&[])).contains("upper and lower case"));
    place.file("key", "no key");
    std::fs::remove_file(place.0.join("in/A.txt")).unwrap();
    assert!(why(place.make(&[])).contains("no publisher's key"));
    for wrong in [&["bundle"][..], &["bundle", "fly"], &["bundle", "make"], &["bundle", "verify"], &["bundle", "extract", "x"]] {
        assert!(why(run(wrong)).starts_with("usage: "), "{wrong:?}");
    }
    assert!(!place.0.join("out.car").exists() && !place.0.join("out.car.part").exists());
}
