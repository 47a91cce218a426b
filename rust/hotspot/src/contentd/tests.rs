//! contentd as it works, with folders for sticks.

use std::path::PathBuf;
use std::sync::Arc;

use content::envelope::Envelope;
use content::key::Secret;
use content::{Cid, Codec, Manifest, make};
use serde_json::{Value, json};

use super::service::Service;
use super::state::State;
use super::view::Shared;
use super::worker::Worker;
use crate::ipc::Request;

/// A box's library on trial.
struct Box {
    root: PathBuf,
    shared: Arc<Shared>,
    service: Service,
}

impl Box {
    fn new(name: &str, trusted: &[&Secret]) -> Self {
        Self::start(Self::folder(name), trusted)
    }

    fn folder(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("hotspot-contentd-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(root.join("sticks")).unwrap();
        root
    }

    fn start(root: PathBuf, trusted: &[&Secret]) -> Self {
        Self::with_quota(root, trusted, 0)
    }

    fn with_quota(root: PathBuf, trusted: &[&Secret], quota: u64) -> Self {
        std::fs::create_dir_all(root.join("data")).unwrap();
        let shared = Arc::new(Shared::new(State::load(&root.join("data/state.json"))));
        let worker = Worker::open(&root.join("data"), &root.join("sticks"), quota, shared.clone()).unwrap();
        let (jobs, queue) = std::sync::mpsc::channel();
        let keys: Vec<_> = trusted.iter().map(|s| s.publisher()).collect();
        std::thread::spawn(move || worker.run(&queue, &|| keys.clone()));
        let service = Service::new(shared.clone(), jobs);
        Self { root, shared, service }
    }

    fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.service.answer(&Request { method: method.into(), path: path.into(), body })
    }

    /// Asks for work and waits for its end.
    fn work(&self, path: &str, body: Value) -> Result<String, String> {
        let (status, answer) = self.ask("POST", path, body);
        assert_eq!(status, 202, "{answer}");
        self.until("the job ends", || self.shared.result(answer["job"].as_u64().unwrap()))
    }

    fn until<T>(&self, what: &str, mut is: impl FnMut() -> Option<T>) -> T {
        for _ in 0..400 {
            if let Some(value) = is() {
                return value;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{what}: {}", self.shared.status());
    }

    fn titles(&self) -> Vec<String> {
        let mut titles: Vec<_> =
            self.shared.status()["bundles"].as_array().unwrap().iter().map(|b| b["title"].as_str().unwrap().to_owned()).collect();
        titles.sort();
        titles
    }

    fn has(&self, title: &str) {
        self.until(title, || self.titles().iter().any(|t| t == title).then_some(()));
    }

    /// The newest line of the log about this.
    fn said(&self, what: &str) -> Option<Value> {
        let (_, log) = self.ask("GET", "/log", Value::Null);
        log["log"].as_array().unwrap().iter().rev().find(|line| line["what"] == what).cloned()
    }
}

impl Drop for Box {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// A bundle in a file of a stick; gives its root.
fn put(secret: &Secret, path: &std::path::Path, title: &str, seq: u64, text: &[u8]) -> Cid {
    let folder = path.with_extension("made");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("page.html"), text).unwrap();
    let hashed = make::hash(make::Folder::look(&folder).unwrap(), &|_| ()).unwrap();
    let manifest = Manifest {
        publisher: secret.publisher(),
        seq,
        created: 0,
        prev: None,
        title: title.into(),
        content: hashed.content,
        total_bytes: hashed.total_bytes,
        block_count: hashed.block_count,
        entries: hashed.entries.clone(),
        name: "pages".into(),
        description: String::new(),
        languages: vec!["pt".into()],
        license: String::new(),
        cover: String::new(),
    };
    let block = manifest.to_block();
    let envelope = Envelope::sign(&manifest, &block, secret, "2040-01-01T00:00:00Z").to_block();
    let part = path.with_extension("part");
    hashed.write(&envelope, &block, std::fs::File::create(&part).unwrap(), &|_| ()).unwrap();
    std::fs::rename(part, path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    Cid::of(Codec::DagCbor, &envelope)
}

#[test]
fn a_stick_is_taken_in_by_trust_and_by_the_admins_word() {
    let (friend, stranger) = (Secret::from_seed(&[1; 32]), Secret::from_seed(&[2; 32]));
    let the_box = Box::new("stick", &[&friend]);
    let stick = the_box.root.join("made");
    std::fs::create_dir_all(stick.join("photos")).unwrap();
    put(&friend, &stick.join("a.car"), "Friends", 3, b"<p>from a friend");
    put(&stranger, &stick.join("b.car"), "Strangers", 1, b"<p>from a stranger");
    std::fs::write(stick.join("broken.car"), b"no bundle at all").unwrap();
    std::fs::write(stick.join("photos/one.jpg"), b"jpg").unwrap();
    std::fs::rename(&stick, the_box.root.join("sticks/sda1")).unwrap();
    the_box.has("Friends");
    let waiting = the_box.until("two wait", || {
        let waiting = the_box.shared.view().waiting.clone();
        (waiting.len() == 2).then_some(waiting)
    });
    let of = |kind: &str| waiting.iter().find(|w| w.kind == kind).unwrap();
    assert_eq!((of("bundle").title.as_str(), of("bundle").publisher.clone()), ("Strangers", stranger.publisher().to_string()));
    assert_eq!(the_box.titles(), ["Friends"]);
    the_box.until("the broken one is said", || the_box.said("failed").filter(|l| l["title"] == "broken.car"));
    // A folder, by the admin's word.
    the_box.work("/take", json!({"id": of("folder").id})).unwrap();
    assert_eq!(the_box.titles(), ["Friends", "photos"]);
    // A no holds while the stick is in, whatever makes the box look again.
    assert_eq!(the_box.ask("POST", "/decline", json!({"id": of("bundle").id})).0, 200);
    assert_eq!(the_box.ask("POST", "/decline", json!({"id": of("bundle").id})).0, 404);
    the_box.work("/publisher", json!({"publisher": friend.publisher().to_string(), "word": "forget"})).unwrap();
    assert!(the_box.shared.view().waiting.is_empty(), "neither what was declined nor what was taken waits again");
    // Trust in a publisher takes what waits.
    the_box.work("/publisher", json!({"publisher": stranger.publisher().to_string(), "word": "trust"})).unwrap();
    the_box.has("Strangers");
    let (_, publishers) = the_box.ask("GET", "/publishers", Value::Null);
    assert_eq!(publishers["trusted"], json!([stranger.publisher().to_string()]));
    // The stick is pulled: nothing of it waits, everything taken stays.
    std::fs::rename(the_box.root.join("sticks/sda1"), the_box.root.join("pulled")).unwrap();
    the_box.until("nothing waits", || the_box.shared.view().waiting.is_empty().then_some(()));
    assert_eq!(the_box.titles().len(), 3);
}

#[test]
fn a_new_release_takes_the_place_of_the_old_and_an_old_one_never_comes_back() {
    let friend = Secret::from_seed(&[1; 32]);
    let the_box = Box::new("release", &[&friend]);
    let made = the_box.root.join("made.car");
    let import = |seq: u64, text: &[u8]| {
        let root = put(&friend, &made, &format!("Release {seq}"), seq, text);
        (root, the_box.work("/import", json!({"path": made.to_str().unwrap()})))
    };
    import(5, b"five").1.unwrap();
    let (root, ended) = import(6, b"six");
    ended.unwrap();
    assert_eq!(the_box.titles(), ["Release 6"]);
    let why = import(4, b"four").1.unwrap_err();
    assert!(why.contains("release 6 has been here"), "{why}");
    // They are listed in the order in which they would go.
    std::fs::create_dir_all(the_box.root.join("plain")).unwrap();
    std::fs::write(the_box.root.join("plain/one.txt"), b"1").unwrap();
    the_box.work("/import", json!({"path": the_box.root.join("plain").to_str().unwrap()})).unwrap();
    let order: Vec<Value> = the_box.shared.status()["bundles"].as_array().unwrap().iter().map(|b| b["title"].clone()).collect();
    assert_eq!(order, ["Release 6", "plain"]);
    let plain = the_box.shared.status()["bundles"][1]["root"].clone();
    the_box.work("/remove", json!({"root": plain})).unwrap();
    // A pinned release stays beside the new one.
    assert_eq!(the_box.ask("POST", "/pin", json!({"root": root.to_string(), "pinned": true})).0, 200);
    import(7, b"seven").1.unwrap();
    assert_eq!(the_box.titles(), ["Release 6", "Release 7"]);
    the_box.work("/remove", json!({"root": root.to_string()})).unwrap();
    assert_eq!(the_box.titles(), ["Release 7"]);
    // The past is remembered over a restart.
    let root_folder = the_box.root.clone();
    let again = Box::start(root_folder.clone(), &[&friend]);
    assert_eq!(again.titles(), ["Release 7"]);
    put(&friend, &made, "Release 6", 6, b"six");
    assert!(again.work("/import", json!({"path": made.to_str().unwrap()})).is_err());
}

/// Bytes that no compression makes fewer and no two of which are alike.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn the_oldest_go_when_room_runs_out_and_for_nothing_that_cannot_be_taken() {
    let friends: Vec<Secret> = (1..6).map(|n| Secret::from_seed(&[n; 32])).collect();
    let trusted: Vec<&Secret> = friends.iter().collect();
    let the_box = Box::with_quota(Box::folder("room"), &trusted, 3_000_000);
    let made = the_box.root.join("made.car");
    let import = |n: usize, title: &str| {
        let root = put(&friends[n], &made, title, 1, &noise(n as u64, 1_200_000));
        (root, the_box.work("/import", json!({"path": made.to_str().unwrap()})))
    };
    import(0, "First").1.unwrap();
    // Their order is by the second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let second = import(1, "Second").0;
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let third = import(2, "Third").0;
    assert_eq!(the_box.titles(), ["Second", "Third"], "the first went");
    // What was signed for is small; what was added to the file is nobody's word.
    put(&friends[3], &made, "Swollen", 1, b"small");
    let mut swollen = std::fs::read(&made).unwrap();
    swollen.extend(noise(9, 2_500_000));
    std::fs::write(&made, swollen).unwrap();
    assert!(the_box.work("/import", json!({"path": made.to_str().unwrap()})).is_err());
    assert_eq!(the_box.titles(), ["Second", "Third"], "and makes nothing go");
    for root in [second, third] {
        assert_eq!(the_box.ask("POST", "/pin", json!({"root": root.to_string(), "pinned": true})).0, 200);
    }
    let why = import(4, "Fourth").1.unwrap_err();
    assert!(why.contains("no room") && the_box.titles() == ["Second", "Third"], "{why}");
}

#[test]
fn the_admins_word_is_for_the_publisher_that_was_shown() {
    let (shown, other) = (Secret::from_seed(&[1; 32]), Secret::from_seed(&[2; 32]));
    let the_box = Box::new("swapped", &[]);
    let stick = the_box.root.join("sticks/sda1");
    std::fs::create_dir_all(&stick).unwrap();
    let lay = |secret: &Secret, title: &str| {
        let made = the_box.root.join("made.car");
        put(secret, &made, title, 1, title.as_bytes());
        std::fs::rename(made, stick.join("a.car")).unwrap();
    };
    lay(&shown, "Shown");
    let waits = || the_box.shared.view().waiting.first().cloned();
    let id = the_box.until("it waits", waits).id;
    lay(&other, "Another");
    assert!(the_box.work("/take", json!({"id": id})).is_err());
    assert!(the_box.titles().is_empty());
    lay(&shown, "Shown");
    let id = the_box.until("it waits", waits).id;
    the_box.work("/take", json!({"id": id})).unwrap();
    assert_eq!(the_box.titles(), ["Shown"]);
}

#[test]
fn bundles_go_out_on_a_stick_and_into_the_next_box() {
    let friend = Secret::from_seed(&[1; 32]);
    let here = Box::new("out", &[&friend]);
    let made = here.root.join("made.car");
    let root = put(&friend, &made, "Pages", 1, b"<p>hello");
    here.work("/import", json!({"path": made.to_str().unwrap()})).unwrap();
    let stick = here.root.join("stick");
    let said = here.work("/export", json!({"roots": [root.to_string()], "to": stick.to_str().unwrap()})).unwrap();
    assert!(said.contains("1 bundles"), "{said}");
    let files: Vec<_> = std::fs::read_dir(&stick).unwrap().flatten().map(|e| e.path()).collect();
    assert_eq!(std::fs::read(&files[0]).unwrap(), std::fs::read(&made).unwrap(), "byte for byte");
    let there = Box::new("in", &[&friend]);
    std::fs::rename(&stick, there.root.join("sticks/usb")).unwrap();
    there.has("Pages");
    assert_eq!(there.work("/scrub", json!({})).unwrap(), "every block is as it should be");
}

#[test]
fn wrong_requests_are_told_so() {
    let the_box = Box::new("wrong", &[]);
    for (path, body) in [
        ("/publisher", json!({"publisher": "k51", "word": "trust"})),
        ("/publisher", json!({"publisher": Secret::from_seed(&[1; 32]).publisher().to_string(), "word": "love"})),
        ("/pin", json!({"root": "x", "pinned": true})),
        ("/take", json!({})),
        ("/remove", json!({"root": "../../etc"})),
        ("/export", json!({"roots": [], "to": "/tmp"})),
        ("/export", json!({"roots": ["x"], "to": "/tmp"})),
        ("/put", json!({"to": "/tmp", "name": "../etc/x", "text": ""})),
        ("/put", json!({"to": "/tmp", "name": ".x", "text": ""})),
    ] {
        let (status, answer) = the_box.ask("POST", path, body);
        assert!(status == 400 && answer["error"].is_string(), "{path}: {answer}");
    }
    assert_eq!(the_box.ask("GET", "/nothing", Value::Null).0, 404);
    assert!(the_box.work("/take", json!({"id": "none"})).is_err());
    assert!(the_box.work("/import", json!({"path": "/nonexistent.car"})).is_err());
    assert!(the_box.work("/import", json!({"path": "/dev/zero"})).is_err());
    let nowhere = the_box.work("/put", json!({"to": "/tmp", "name": "days.csv", "text": "x"})).unwrap_err();
    assert!(nowhere.contains("stick"), "onto sticks alone: {nowhere}");
}
