//! The one thread that changes the store: a job at a time.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use content::car::Car;
use content::key::Publisher;
use content::make;
use content::policy::Verdict;
use content::source::{Opened, Source};
use content::store::import::Ahead;
use content::store::{Index, Options, Store};
use content::{Cid, Codec, Error, Manifest};
use serde_json::{Value, json};

use super::export;
use super::neighbours;
use super::sources::{Address, Gateways, Remote, WebCar};
use super::state::Arrival;
use super::sticks;
use super::view::{Progress, Shared, Space, Waiting};
use crate::clockd::shown;
use crate::netd::settings;

/// How often sticks are looked for.
const LOOK: Duration = Duration::from_secs(2);
/// How often the line of progress is renewed.
pub const SHOW: Duration = Duration::from_millis(250);
/// Always left free on the disk: a twentieth of it, within these bounds.
const RESERVE: (u64, u64) = (64 << 20, 1 << 30);

/// What the worker can be told to do.
#[derive(Debug)]
pub enum Job {
    /// Take what waits under this id, by the admin's word.
    Take(String),
    /// Take a file or folder, by the admin's word.
    Import(PathBuf),
    /// Remove a bundle.
    Remove(Cid),
    /// Write bundles as files into a folder.
    Export(Vec<Cid>, PathBuf),
    /// Write a small file under this name onto a stick.
    Put(PathBuf, String, String),
    /// Look for rot in everything, and mend it where somebody has the right bytes.
    Scrub,
    /// Look at every source.
    Follow,
    /// Look at sticks and waiting bundles again: trust or settings have changed.
    Again,
}

/// The worker.
pub struct Worker {
    store: Store,
    root: PathBuf,
    sticks: PathBuf,
    quota: u64,
    shared: Arc<Shared>,
    /// Paths that were looked at, with what tells whether they have changed.
    seen: HashSet<PathBuf>,
    trusted: Vec<Publisher>,
}

type Ended = Result<String, String>;

/// Why something was not taken.
struct Failure {
    why: String,
    /// Bytes that it would need, if that is all it lacks, and what it is.
    wanted: Option<(u64, Box<Manifest>)>,
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self { why, wanted: None }
    }
}

impl Worker {
    /// Opens the store. `quota` bounds what content takes; 0: only the disk does.
    pub fn open(root: &Path, sticks: &Path, quota: u64, shared: Arc<Shared>) -> std::io::Result<Self> {
        let (store, report) = Store::open(&root.join("store"))?;
        for root in &report.rebuilt {
            log::warn!("the index of {root} was made again from its blocks");
        }
        if !report.dropped.is_empty() || report.damaged > 0 {
            log::warn!("{} damaged indexes, {} packs without a bundle dropped", report.damaged, report.dropped.len());
        }
        let mut worker =
            Self { store, root: root.to_owned(), sticks: sticks.to_owned(), quota, shared, seen: HashSet::new(), trusted: Vec::new() };
        worker.show();
        Ok(worker)
    }

    /// Works until the other side hangs up. `settings` gives the publishers that the settings trust.
    pub fn run(mut self, jobs: &Receiver<(u64, Job)>, trusted: &dyn Fn() -> Vec<Publisher>) {
        loop {
            self.trusted = trusted();
            match jobs.recv_timeout(LOOK) {
                Ok((number, job)) => {
                    let ended = self.job(job);
                    let mut view = self.shared.view();
                    view.progress = None;
                    view.ended(number, ended);
                    drop(view);
                    self.show();
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn job(&mut self, job: Job) -> Ended {
        match job {
            Job::Take(id) => {
                let found = self.shared.view().waiting.iter().find(|w| w.id == id).cloned();
                let waiting = found.ok_or("nothing waits under that name: push the stick in again")?;
                let ended = self.take_waiting(&waiting);
                if ended.is_ok() {
                    self.shared.view().answered(&id);
                }
                ended
            }
            Job::Import(path) => self.import_path(&path, true),
            Job::Remove(root) => self.remove(&root),
            Job::Export(roots, to) => export::bundles(&self.store, &self.shared, &roots, &to),
            Job::Put(to, name, text) => export::put(&to, &name, &text),
            Job::Scrub => Ok(self.scrub()),
            Job::Follow => self.follow(&settings::load().content),
            Job::Again => {
                self.seen.clear();
                self.look();
                Ok("looked again".into())
            }
        }
    }

    /// What waits, by the admin's word. Behind a name, on a network or a stick, may be something else by now: the word holds for the publisher
    /// that was shown.
    fn take_waiting(&mut self, waiting: &Waiting) -> Ended {
        let text = waiting.path.to_str().unwrap_or_default();
        let Some(address) = Address::read(text).filter(|a| !matches!(a, Address::Web(_))) else {
            return match (waiting.kind, waiting.publisher.parse()) {
                ("bundle", Ok(publisher)) => self.trusting(Some(publisher), |worker| worker.import_path(&waiting.path, false)),
                _ => self.import_path(&waiting.path, true),
            };
        };
        let publisher = waiting.publisher.parse().map_err(|_| "nobody vouches for it: name its own address (ipfs://…) as a source")?;
        let gateways = gateways(&settings::load().content);
        let (address, _) = linked(Some(address))?;
        self.trusting(Some(publisher), |worker| worker.follow_address(address, false, &gateways, text))
    }

    /// Works with somebody trusted for that long.
    fn trusting(&mut self, publisher: Option<Publisher>, work: impl FnOnce(&mut Self) -> Ended) -> Ended {
        let trusted = self.trusted.len();
        self.trusted.extend(publisher);
        let ended = work(self);
        self.trusted.truncate(trusted);
        ended
    }

    /// Looks at sticks: takes what may be taken, notes what waits.
    pub fn look(&mut self) {
        let mut here = HashSet::new();
        for stick in std::fs::read_dir(&self.sticks).into_iter().flatten().flatten() {
            if !stick.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let folders = sticks::folders(&stick.path());
            for path in sticks::bundles(&stick.path()).into_iter().chain(folders) {
                here.insert(path.clone());
                if self.seen.insert(path.clone()) {
                    self.meet(&path);
                }
            }
        }
        let sticks = self.sticks.clone();
        self.seen.retain(|path| here.contains(path));
        let mut view = self.shared.view();
        view.waiting.retain(|w| !w.path.starts_with(&sticks) || here.contains(&w.path));
        view.answered.retain(|path| !path.starts_with(&sticks) || here.contains(path));
    }

    /// Something new on a stick.
    fn meet(&mut self, path: &Path) {
        if path.is_dir() {
            self.wait(path, "folder", None, 0);
            return;
        }
        let looked = sticks::open(path).map_err(Error::Io).and_then(|file| Ok((sticks::front(&file)?, file.metadata()?.len())));
        match looked {
            Err(e) => self.failed(path, None, &e.to_string()),
            Ok((front, _)) if self.store.bundles().contains_key(&front.root) => {}
            Ok((sticks::Front { manifest: None, .. }, size)) => self.wait(path, "unsigned", None, size),
            Ok((sticks::Front { manifest: Some(manifest), .. }, _)) => {
                let verdict = self.shared.state().policy.judge(&manifest, &self.trusted, false);
                match verdict {
                    Verdict::Take => {
                        let _ = self.import_path(path, false);
                        self.shared.view().progress = None;
                        self.show();
                    }
                    Verdict::Wait => self.wait(path, "bundle", Some(&manifest), manifest.total_bytes),
                    Verdict::Refused => log::info!("{}: its publisher is refused", path.display()),
                    Verdict::Older(seen) => self.failed(path, Some(&manifest), &older(manifest.seq, seen)),
                }
            }
        }
    }

    fn wait(&self, path: &Path, kind: &'static str, manifest: Option<&Manifest>, bytes: u64) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut view = self.shared.view();
        // An address of the file's own words would let two sticks claim one id.
        let id = content::hex::write(&content::hash::sha256(path.as_os_str().as_encoded_bytes())[..6]);
        let known = view.waiting.iter().any(|w| w.id == id) || view.answered.contains(path);
        if !known && view.waiting.len() < 500 {
            let publisher = manifest.map(|m| m.publisher.to_string()).unwrap_or_default();
            log::info!("{name} waits for the admin's word");
            view.waiting.push(Waiting {
                id,
                kind,
                title: manifest.map_or(name, |m| m.title.clone()),
                publisher,
                seq: manifest.map_or(0, |m| m.seq),
                bytes,
                path: path.to_owned(),
            });
        }
    }

    /// Imports a bundle, a CAR or a folder; `word` is the admin's.
    fn import_path(&mut self, path: &Path, word: bool) -> Ended {
        let title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(url) = path.to_str().filter(|text| text.starts_with("http://") || text.starts_with("https://")) {
            return self.follow_web(url, word);
        }
        let imported = if path.is_dir() { self.import_folder(path, &title) } else { self.import_car(path, &title, word) };
        imported.inspect_err(|why| self.failed(path, None, why))
    }

    fn import_car(&mut self, path: &Path, title: &str, word: bool) -> Ended {
        let file = sticks::open(path).map_err(|e| e.to_string())?;
        let (opened, root) = Opened::open(&file).map_err(|e| e.to_string())?;
        let total = file.metadata().map_err(|e| e.to_string())?.len();
        match opened {
            Opened::Stream(_) => self.with_room(|worker| {
                use std::io::Seek;
                (&file).rewind().map_err(|e| e.to_string())?;
                std::thread::scope(|scope| {
                    let car = Car::open(&file).map_err(|e| e.to_string())?;
                    let mut ahead = Ahead::start(scope, car).map_err(|e| e.to_string())?;
                    worker.take(root, &mut ahead, title, total, word, &path.display().to_string())
                })
            }),
            Opened::Indexed(mut indexed) => {
                self.with_room(|worker| worker.take(root, &mut indexed, title, total, word, &path.display().to_string()))
            }
        }
    }

    fn import_folder(&mut self, path: &Path, title: &str) -> Ended {
        let folder = make::Folder::look(path).map_err(|e| e.to_string())?;
        let total = folder.bytes();
        let shared = self.shared.clone();
        let shown = title.to_owned();
        let hashing = move |done| shared.view().progress = Some(Progress { what: "checking", title: shown.clone(), done, total });
        let mut hashed = make::hash(folder, &hashing).map_err(|e| e.to_string())?;
        self.with_room(|worker| worker.take(hashed.content, &mut hashed, title, total, true, &path.display().to_string()))
    }

    /// Tries; where there is no room, others go first and it tries once more. Only what somebody trusted has signed for, or the admin has asked
    /// for, makes others go, and by what its manifest says, less what is here: a file's length is anybody's word.
    fn with_room(&mut self, mut attempt: impl FnMut(&mut Self) -> Result<String, Failure>) -> Ended {
        let failure = match attempt(self) {
            Ok(said) => return Ok(said),
            Err(failure) => failure,
        };
        match failure.wanted {
            Some((wanted, manifest)) if self.make_room(wanted, Some(&manifest)) >= wanted => attempt(self).map_err(|again| again.why),
            _ => Err(failure.why),
        }
    }

    /// Takes whatever a source brings for this root.
    fn take(&mut self, root: Cid, source: &mut dyn Source, title: &str, total: u64, word: bool, from: &str) -> Result<String, Failure> {
        if self.store.bundles().contains_key(&root) {
            return Ok(format!("{title} is here already"));
        }
        let signed = root.codec == Codec::DagCbor;
        if !signed && !word {
            return Err("nobody has signed it: it waits for the admin's word".to_owned().into());
        }
        // Without a manifest only its length tells; the admin has asked for it.
        let room = if signed { self.space().room } else { self.make_room(total, None) };
        let shared = self.shared.clone();
        let policy = shared.state().policy.clone();
        let trusted = self.trusted.clone();
        let mut refusal = None;
        let mut stranger = None;
        let mut taken = None;
        let mut allow = |manifest: &Manifest| match policy.judge(manifest, &trusted, word) {
            Verdict::Take => {
                taken = Some(Box::new(manifest.clone()));
                Ok(())
            }
            verdict => {
                stranger = (verdict == Verdict::Wait).then(|| manifest.clone());
                refusal = Some(match verdict {
                    Verdict::Older(seen) => older(manifest.seq, seen),
                    _ => format!("its publisher {} is not trusted here", manifest.publisher),
                });
                Err(Error::Manifest("it is not taken"))
            }
        };
        let mut shown = Instant::now();
        let mut progress = |done| {
            if shown.elapsed() >= SHOW || done == 0 {
                shown = Instant::now();
                shared.view().progress = Some(Progress { what: "importing", title: title.to_owned(), done, total });
            }
        };
        progress(0);
        let imported = self.store.import(root, source, Options { title, room }, &mut allow, &mut progress);
        if let Some(manifest) = stranger {
            self.wait(Path::new(from), "bundle", Some(&manifest), manifest.total_bytes);
        }
        let imported =
            imported.map_err(|e| Failure { wanted: e.room_wanted().zip(taken), why: refusal.unwrap_or_else(|| e.to_string()) })?;
        let index = imported.index;
        let old = self.superseded(&index);
        let mut state = self.shared.state();
        if index.signed {
            state.policy.seen(&index.manifest);
        }
        state.note(Arrival::of("published", &index, from));
        drop(state);
        log::info!("published \"{}\": {} new bytes from {from}", index.manifest.title, imported.new_bytes);
        for root in old {
            if let Err(e) = self.store.remove(&root) {
                log::error!("the release before could not be removed: {e}");
            }
        }
        self.show();
        Ok(format!("\"{}\" is published", index.manifest.title))
    }

    /// Older releases of the same bundle that are not pinned.
    fn superseded(&self, new: &Index) -> Vec<Cid> {
        let state = self.shared.state();
        let same = |old: &Index| {
            let m = &old.manifest;
            old.signed
                && new.signed
                && (m.publisher, m.series()) == (new.manifest.publisher, new.manifest.series())
                && m.seq < new.manifest.seq
        };
        let old = self.store.bundles().values().filter(|old| same(old) && !state.pinned.contains(&old.root.to_string()));
        old.map(|old| old.root).collect()
    }

    /// Removes what goes first until `needed` bytes fit; nothing, if even all of that would not do. The room there is then.
    ///
    /// A release before `new` stays until `new` is there: it is what people read meanwhile, and holds much of what `new` is made of.
    fn make_room(&mut self, needed: u64, new: Option<&Manifest>) -> u64 {
        let room = self.space().room;
        let pinned = self.shared.state().pinned.clone();
        let mut going = self.by_age();
        let before = |index: &Index| {
            index.signed && new.is_some_and(|m| (m.publisher, m.series()) == (index.manifest.publisher, index.manifest.series()))
        };
        going.retain(|index| !pinned.contains(&index.root.to_string()) && !before(index));
        if room + going.iter().map(|index| index.bytes()).sum::<u64>() < needed {
            return room;
        }
        for index in going {
            if self.space().room >= needed {
                break;
            }
            log::warn!("\"{}\" is removed to make room", index.manifest.title);
            if let Err(why) = self.remove(&index.root) {
                log::error!("{why}");
            }
        }
        self.space().room
    }

    /// All bundles, the one that arrived first before the others: in this order those that are not pinned go when space runs out.
    fn by_age(&self) -> Vec<Arc<Index>> {
        let mut all: Vec<_> = self.store.bundles().values().cloned().collect();
        all.sort_by_cached_key(|index| (self.arrived(&index.root), index.root));
        all
    }

    fn arrived(&self, root: &Cid) -> SystemTime {
        let path = self.root.join(format!("store/bundles/{root}.idx"));
        path.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    fn remove(&mut self, root: &Cid) -> Ended {
        let Some(index) = self.store.bundles().get(root).cloned() else { return Err("there is no bundle with this root".into()) };
        self.store.remove(root).map_err(|e| e.to_string())?;
        let mut state = self.shared.state();
        state.pinned.retain(|pinned| *pinned != root.to_string());
        state.note(Arrival::of("removed", &index, ""));
        Ok(format!("\"{}\" is removed", index.manifest.title))
    }

    fn scrub(&mut self) -> String {
        let mut rotten = Vec::new();
        let total: u64 = self.store.bundles().values().map(|index| index.bytes()).sum();
        let mut done = 0;
        for (root, index) in self.store.bundles() {
            let shared = self.shared.clone();
            rotten.extend(self.store.scrub(root, |n| {
                done += n;
                shared.view().progress = Some(Progress { what: "scrubbing", title: index.manifest.title.clone(), done, total });
                true
            }));
        }
        // The box next door may have what is rotten here.
        let addresses = if rotten.is_empty() { Vec::new() } else { gateways(&settings::load().content) };
        let mut gateways = Gateways::new(&addresses);
        let mut mended = 0;
        for rot in &rotten {
            let fetched = gateways.block(rot.cid).and_then(|block| self.store.mend(&rot.cid, &block).map_err(|e| e.to_string()));
            match fetched {
                Ok(true) => mended += 1,
                Ok(false) => log::error!("block {} of bundle {} is rotten", rot.cid, rot.bundle),
                Err(why) => log::error!("block {} of bundle {} is rotten, and not to be had: {why}", rot.cid, rot.bundle),
            }
        }
        match rotten.len() {
            0 => "every block is as it should be".into(),
            n => format!("{n} blocks were rotten, {mended} are mended"),
        }
    }

    /// Looks at every source; what one of them says is kept for the admin.
    fn follow(&mut self, settings: &config::Content) -> Ended {
        let gateways = gateways(settings);
        let mut heard = Vec::new();
        let mut failed = 0;
        for text in &settings.sources {
            let ended = linked(Address::read(text)).and_then(|(address, word)| self.follow_address(address, word, &gateways, text));
            failed += usize::from(ended.is_err());
            let (ok, said) = match ended {
                Ok(said) => (true, said),
                Err(why) => {
                    log::warn!("{text}: {why}");
                    (false, why)
                }
            };
            heard.push(json!({"address": text, "ok": ok, "text": said, "t": shown()}));
        }
        self.shared.view().sources = heard;
        let all = settings.sources.len();
        if failed == 0 {
            Ok(format!("{all} sources were looked at"))
        } else {
            Err(format!("{failed} of {all} sources did not answer well: hotspot content sources"))
        }
    }

    /// `word`: the settings name this very root or publisher.
    fn follow_address(&mut self, address: Address, word: bool, gateways: &[String], from: &str) -> Ended {
        match address {
            Address::Name(publisher) => self.follow_name(&publisher, word, gateways, from),
            Address::Root(root) if self.store.bundles().contains_key(&root) => Ok("it is here".into()),
            Address::Root(root) => {
                let mut remote = Remote::root(Gateways::new(gateways));
                let ended = self.with_room(|worker| worker.take(root, &mut remote, "", 0, word, from));
                ended.map(|said| format!("{said}, {} bytes fetched", remote.fetched))
            }
            Address::Web(url) => self.follow_web(&url, false),
            Address::Domain(domain) => Err(format!("{domain}: its link leads round and round")),
        }
    }

    fn follow_name(&mut self, publisher: &Publisher, word: bool, gateways: &[String], from: &str) -> Ended {
        let gateways = Gateways::new(gateways);
        let (bytes, record) = gateways.record(publisher)?;
        let manifest = record.cid().ok_or("its record leads to no bundle")?;
        // Without a clock nobody knows; an old record is shown, never refused.
        let stale =
            if record.ends().is_some_and(|end| end < shown()) { "; its record has expired: the publisher should sign anew" } else { "" };
        if self.store.find(&manifest).is_some() {
            return Ok(format!("nothing new{stale}"));
        }
        let (mut remote, root) = Remote::named(gateways, manifest, bytes);
        // Whom the settings name is trusted by that; whom a domain's owner names is not.
        let ended = self.trusting(word.then_some(*publisher), |worker| {
            worker.with_room(|worker| worker.take(root, &mut remote, &publisher.short(), 0, false, from))
        });
        ended.map(|said| format!("{said}, {} bytes fetched{stale}", remote.fetched))
    }

    fn follow_web(&mut self, url: &str, word: bool) -> Ended {
        let mut fetched = 0;
        let ended = self.with_room(|worker| {
            let (mut web, root) = WebCar::open(url)?;
            let ended = worker.take(root, &mut web, url, 0, word, url);
            fetched += web.fetched;
            ended
        });
        ended.map(|said| format!("{said}, {fetched} bytes fetched"))
    }

    fn failed(&self, path: &Path, manifest: Option<&Manifest>, why: &str) {
        log::warn!("{}: {why}", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.shared.state().note(Arrival::new("failed", manifest, &name, &path.display().to_string(), why));
    }

    /// What the disk and the quota leave.
    fn space(&self) -> Space {
        let used = self.store.used();
        let (total, free) = nix::sys::statvfs::statvfs(&self.root)
            .map_or((0, 0), |v| (v.blocks() * v.fragment_size(), v.blocks_available() * v.fragment_size()));
        let reserve = (total / 20).clamp(RESERVE.0, RESERVE.1);
        let by_quota = if self.quota == 0 { u64::MAX } else { self.quota.saturating_sub(used) };
        Space { used, room: free.saturating_sub(reserve).min(by_quota), reserve }
    }

    /// Renews what others see.
    fn show(&mut self) {
        let pinned = self.shared.state().pinned.clone();
        let bundles: Vec<Value> = self.by_age().iter().map(|index| self.describe(index, &pinned)).collect();
        let space = self.space();
        let mut view = self.shared.view();
        view.bundles = bundles;
        view.space = space;
    }

    fn describe(&self, index: &Index, pinned: &[String]) -> Value {
        let m = &index.manifest;
        let root = index.root.to_string();
        let arrived = self.arrived(&index.root).duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
        json!({
            "root": root, "title": m.title, "publisher": if index.signed { m.publisher.to_string() } else { String::new() }, "signed": index.signed,
            "seq": m.seq, "created": m.created, "languages": m.languages, "license": m.license, "files": m.entries.len(), "bytes": index.bytes(),
            "pinned": pinned.contains(&root), "arrived": arrived,
        })
    }
}

/// Gateways of the settings, and the boxes next door.
fn gateways(settings: &config::Content) -> Vec<String> {
    settings.gateways.iter().cloned().chain(super::uplink().others()).collect()
}

/// Where an address leads at last, and whether the settings name just that: a domain's owner is not the admin.
fn linked(address: Option<Address>) -> Result<(Address, bool), String> {
    let mut address = address.ok_or("it is no ipns://, ipfs://, http:// or https:// address")?;
    let mut word = true;
    for _ in 0..neighbours::LINKS {
        let Address::Domain(domain) = &address else { break };
        (address, word) = (neighbours::dnslink(domain)?, false);
    }
    Ok((address, word))
}

fn older(seq: u64, seen: u64) -> String {
    format!("it is release {seq}, and release {seen} has been here: older ones are not taken")
}
