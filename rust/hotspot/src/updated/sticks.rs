//! Bundles on sticks: found by what is in a file, whatever its name, among at most so many files, for at most so long.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use nix::fcntl::OFlag;
use update::Refusal;

use super::candidate::{Candidate, Judge, Place};
use super::{MAGIC, Message, Offer, lists};

/// Entries that are looked at, files and folders.
const MOST_ENTRIES: usize = 10_000;
/// Folders within folders.
const DEEPEST: usize = 8;
/// For all of a stick.
const LONGEST: Duration = Duration::from_secs(60);
/// Bundles that are judged.
const MOST_BUNDLES: usize = 32;

/// The list of mounts is looked at this often, even when nothing is said to have changed.
const ROUND: Duration = Duration::from_secs(2);

/// Runs for ever: every stick that comes is looked through once, and again when somebody wants it. While `looking` is off, it waits.
pub fn run(offers: &Sender<Message>, judge: &dyn Fn() -> Result<Judge, String>, looking: &AtomicBool, again: &AtomicBool) {
    let watch = sys::mount::Watch::new().ok();
    let mut known: Vec<(PathBuf, u64)> = Vec::new();
    // Sticks that were in when the box was switched on are nobody's news.
    let mut first = true;
    loop {
        let present = mounted();
        known.retain(|k| present.contains(k));
        if looking.load(Ordering::Relaxed) {
            if again.swap(false, Ordering::Relaxed) {
                known.clear();
            }
            for stick in present {
                if !known.contains(&stick) {
                    if let Some(offer) = offer(&stick.0, judge, first)
                        && mounted().contains(&stick)
                        && offers.send(Message::Offer(Box::new(offer))).is_err()
                    {
                        return;
                    }
                    known.push(stick);
                }
            }
            first = false;
        }
        match &watch {
            Some(watch) => drop(watch.wait(ROUND)),
            None => std::thread::sleep(ROUND),
        }
    }
}

/// What a stick has to offer: the best that may be installed, else why the best of the others may not. `None`: nothing of ours is on it.
fn offer(stick: &Path, judge: &dyn Fn() -> Result<Judge, String>, quiet: bool) -> Option<Offer> {
    let look = look(stick, MAGIC, LONGEST);
    if look.bundles.is_empty() {
        let why = look.cut.map(|why| format!("the stick was not looked through: {why}"))?;
        return Some(Offer { best: None, refused: Some((why, "too-much")), quiet });
    }
    let judge = match judge() {
        Ok(judge) => judge,
        Err(why) => {
            let name = look.bundles.first().map_or("", |found| &found.name);
            return Some(Offer { best: None, refused: Some((format!("{name} on the stick: {why}"), "no-roots")), quiet });
        }
    };
    let lists = lists::beside(&look.bundles.iter().map(|found| found.folder.as_path()).collect(), &judge);
    let state = judge.state();
    let mut best: Option<Candidate> = None;
    let mut refused: Option<(String, &'static str)> = None;
    for found in look.bundles {
        let from = format!("{} on the stick", found.name);
        let judged = Place::file(found.file)
            .map_err(|e| Refusal::Unreadable(e.to_string()))
            .and_then(|place| judge.judge(place, from.clone(), false));
        let passed_over =
            judged.as_ref().ok().and_then(|new| lists::passed_over(&lists, &state.board, state.running, state.pin, &new.bundle.id()));
        if let Some(why) = passed_over {
            log::info!("{from}: {why}");
            refused.get_or_insert((format!("{from}: {why}"), "not-listed"));
            continue;
        }
        match judged {
            Ok(new) if best.as_ref().is_none_or(|b| (new.release.seq, new.release.built) > (b.release.seq, b.release.built)) => {
                best = Some(new)
            }
            Ok(_) => {}
            // What runs already is the least interesting reason.
            Err(refusal) if refused.as_ref().is_none_or(|(_, code)| *code == Refusal::Replay(0).code()) => {
                refused = Some((format!("{from}: {refusal}"), refusal.code()));
            }
            Err(refusal) => log::info!("{from}: {refusal}"),
        }
    }
    if let (Some(_), Some((why, _))) = (&best, &refused) {
        log::info!("{why}");
    }
    let refused = if best.is_some() { None } else { refused };
    Some(Offer { best, refused, quiet })
}

/// A file that begins as a bundle does.
pub struct Found {
    /// Open.
    pub file: File,
    /// Its name for people.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
}

/// What a look found.
#[derive(Default)]
pub struct Look {
    /// At most [`MOST_BUNDLES`].
    pub bundles: Vec<Found>,
    /// Why not all of it was looked at.
    pub cut: Option<&'static str>,
}

/// Looks through a folder, what is near its top first. Links and whatever is no file are passed over; what cannot be read too.
pub fn look(top: &Path, magic: &[u8], limit: Duration) -> Look {
    let until = Instant::now() + limit.min(LONGEST);
    let mut result = Look::default();
    let mut folders = VecDeque::from([(top.to_owned(), 0)]);
    let mut entries = 0;
    while let Some((folder, depth)) = folders.pop_front() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            entries += 1;
            result.cut = match () {
                () if entries > MOST_ENTRIES => Some("it holds more than 10000 files: put the update on a stick of its own"),
                () if Instant::now() > until => Some("looking through it takes too long: put the update on a stick of its own"),
                () if result.bundles.len() >= MOST_BUNDLES => Some("it holds very many updates: keep the wanted one alone"),
                () => None,
            };
            if result.cut.is_some() {
                return result;
            }
            // A directory that cannot be read any further would give the same error for ever.
            let Ok(entry) = entry else { break };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST => folders.push_back((entry.path(), depth + 1)),
                Ok(kind) if kind.is_file() => result.bundles.extend(begins(&entry.path(), magic)),
                _ => {}
            }
        }
    }
    result
}

/// The file, if it begins so.
pub fn begins(path: &Path, magic: &[u8]) -> Option<Found> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).ok()?;
    file.metadata().ok().filter(fs::Metadata::is_file)?;
    let mut start = vec![0; magic.len()];
    file.read_exact_at(&mut start, 0).ok()?;
    let folder = path.parent().unwrap_or(path).to_owned();
    (start == magic).then(|| Found { file, name: shown(path.file_name().unwrap_or_default()), folder })
}

/// A name in whatever encoding, fit for a line.
fn shown(name: &OsStr) -> String {
    name.to_string_lossy().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(80).collect()
}

/// The sticks that are mounted, by the kernel's list: a path, and which mount it is.
pub fn mounted() -> Vec<(PathBuf, u64)> {
    let folder = crate::ipc::run_dir().join("sticks");
    // mountinfo(5): mount number, …, mount point as the fifth.
    let list = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let found = list.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let number = words.next()?.parse().ok()?;
        let path = PathBuf::from(words.nth(3)?);
        path.starts_with(&folder).then_some((path, number))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("hotspot-look-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(look: &Look) -> Vec<&str> {
        let mut names: Vec<&str> = look.bundles.iter().map(|b| b.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn by_what_is_in_it() {
        use std::os::unix::ffi::OsStrExt;
        let top = folder("names");
        fs::create_dir_all(top.join("p2p-hotspot.update")).unwrap();
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::write(top.join("a/b/holiday.jpg"), "MAGIC and more").unwrap();
        fs::write(top.join("not.update"), "MAGI").unwrap();
        fs::write(top.join(OsStr::from_bytes(b"\xff\xfe\n.bin")), "MAGIC").unwrap();
        fs::write(top.join("atualização \u{1f4be}"), "MAGIC").unwrap();
        std::os::unix::fs::symlink("a/b/holiday.jpg", top.join("link.update")).unwrap();
        std::os::unix::fs::symlink("/", top.join("loop")).unwrap();
        nix::unistd::mkfifo(&top.join("fifo.update"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let look = look(&top, b"MAGIC", LONGEST);
        assert_eq!(names(&look), ["atualização \u{1f4be}", "holiday.jpg", "\u{fffd}\u{fffd}\u{fffd}.bin"]);
        assert!(look.cut.is_none());
        fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn limits() {
        let top = folder("limits");
        let mut deep = top.clone();
        for _ in 0..12 {
            deep.push("d");
        }
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("x"), "MAGIC").unwrap();
        assert!(look(&top, b"MAGIC", LONGEST).bundles.is_empty(), "too deep");
        assert!(look(&top, b"MAGIC", Duration::ZERO).cut.is_some_and(|why| why.contains("too long")));
        for n in 0..MOST_BUNDLES + 5 {
            fs::write(top.join(n.to_string()), "MAGIC").unwrap();
        }
        let found = look(&top, b"MAGIC", LONGEST);
        assert_eq!((found.bundles.len(), found.cut.is_some()), (MOST_BUNDLES, true));
        fs::remove_dir_all(top).unwrap();
    }
}
