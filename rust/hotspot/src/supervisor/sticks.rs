//! USB sticks: mounted read-only below `/run/hotspot/sticks`, for whoever looks for something on them.
//!
//! The step looks at what is there and sets right what differs, so that it may be run at any moment and as often as one likes.
//! What it knows is in `/run/hotspot/sticks.json`: `{v, sticks: [{name, seq, path, fs, size, why, writable, refused}]}`.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sys::mount::{self, Flags};
use update::Layout;

use super::lend;
use super::loans::insertion;
use super::table::GROUP;
use crate::ipc::run_dir;

/// More are not looked at.
const MOST: usize = 8;
/// What tells file systems apart lies within.
const START: usize = 2048;
/// The folder on a stick that our daemons write in.
pub const FOLDER: &str = "p2p-hotspot";
/// How every stick is mounted, whether it is read or written.
pub const ALWAYS: Flags = Flags::MS_NOSUID.union(Flags::MS_NODEV).union(Flags::MS_NOEXEC).union(Flags::MS_NOATIME);

/// One partition, or a stick without any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stick {
    /// The kernel's name, such as `sda1`.
    pub name: String,
    /// The kernel's number of this insertion.
    pub seq: u64,
    /// Where it is mounted.
    pub path: Option<PathBuf>,
    /// Its file system.
    pub fs: String,
    /// Its size in bytes.
    pub size: u64,
    /// Why it is not mounted, in words.
    pub why: Option<String>,
    /// It is lent: one of our daemons may write in its folder.
    pub writable: bool,
    /// Why it could not be lent, in words.
    pub refused: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct Known {
    v: u32,
    #[serde(default)]
    sticks: Vec<Stick>,
}

/// What the step left in `sticks.json`.
pub fn known() -> Vec<Stick> {
    let bytes = fs::read(run_dir().join("sticks.json")).unwrap_or_default();
    serde_json::from_slice::<Known>(&bytes).unwrap_or_default().sticks
}

/// The step: unmounts what is gone, mounts what is new, lends those in `lent` (`sda1:7`), and says so.
pub fn run(lent: &[&str]) -> Result<(), String> {
    // Card readers tell of a card only when they are asked.
    let _ = fs::write("/sys/module/block/parameters/events_dfl_poll_msecs", "2000");
    let present = present(Path::new("/sys/class/block"));
    let (stay, gone): (Vec<Stick>, Vec<Stick>) = known().into_iter().partition(|s| present.iter().any(|p| same(p, s)));
    for stick in &gone {
        if let Some(path) = &stick.path {
            let _ = mount::unmount(path, true);
            let _ = fs::remove_dir(path);
            log::info!("the stick {} is out", stick.name);
        }
    }
    let mut sticks = Vec::new();
    for new in present.into_iter().take(MOST) {
        match stay.iter().find(|s| same(s, &new)) {
            Some(old) => sticks.push(old.clone()),
            None => sticks.extend(add(new)),
        }
    }
    for stick in &mut sticks {
        let wanted = lent.contains(&insertion(&stick.name, stick.seq).as_str());
        lend::set(stick, wanted);
    }
    let record = run_dir().join("sticks.json");
    let bytes = serde_json::to_vec(&Known { v: 1, sticks }).map_err(|e| e.to_string())?;
    crate::record::replace(&record, &bytes, 0o640, Some(GROUP)).map_err(|e| format!("{}: {e}", record.display()))
}

fn same(a: &Stick, b: &Stick) -> bool {
    a.name == b.name && a.seq == b.seq
}

/// Partitions of USB disks, and such disks without partitions: `sd…` alone, so never the card that the box runs from.
fn present(class: &Path) -> Vec<Stick> {
    let text = |path: PathBuf| fs::read_to_string(path).ok().map(|t| t.trim().to_owned());
    let mut names: Vec<String> =
        fs::read_dir(class).into_iter().flatten().flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    let is_stick = |name: &&String| {
        let letters = name.strip_prefix("sd").unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
        !letters.is_empty() && letters.bytes().all(|b| b.is_ascii_lowercase())
    };
    let whole = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let sticks = names.iter().filter(is_stick).filter_map(|name| {
        let folder = class.join(name);
        let is_disk = *name == whole(name);
        if is_disk && names.iter().any(|other| other != name && whole(other) == *name) {
            return None;
        }
        let size = text(folder.join("size"))?.parse::<u64>().ok()? * 512;
        let seq = text(class.join(whole(name)).join("diskseq")).and_then(|t| t.parse().ok()).unwrap_or(0);
        (size > 0).then(|| Stick { name: name.clone(), seq, size, ..Stick::default() })
    });
    sticks.collect()
}

/// Mounts one; `None` when it is no stick but a card of ours in a reader, whose slots nobody mounts.
fn add(mut stick: Stick) -> Option<Stick> {
    let disk = Path::new("/dev").join(stick.name.trim_end_matches(|c: char| c.is_ascii_digit()));
    if start_of(&disk).is_ok_and(|start| start.get(..512).is_some_and(|s| Layout::built_in().is_own(s))) {
        log::warn!("{} is a card of this kind of box and is left alone", stick.name);
        return None;
    }
    match mount_it(&mut stick) {
        Ok(path) => {
            log::info!("the stick {} ({}) is mounted", stick.name, stick.fs);
            stick.path = Some(path);
        }
        Err(why) => {
            log::warn!("the stick {} cannot be used: {why}", stick.name);
            stick.why = Some(why);
        }
    }
    Some(stick)
}

fn mount_it(stick: &mut Stick) -> Result<PathBuf, String> {
    let device = Path::new("/dev").join(&stick.name);
    let start = start_of(&device).map_err(|e| format!("it cannot be read: {e}"))?;
    let (kind, options) = file_system(&start)?;
    kind.clone_into(&mut stick.fs);
    let folder = run_dir().join("sticks");
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    // Whatever the umask: our daemons look into it.
    lchown(&folder, Some(0), Some(GROUP))
        .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)))
        .map_err(|e| e.to_string())?;
    let path = folder.join(&stick.name);
    let _ = mount::unmount(&path, true);
    fs::create_dir_all(&path).map_err(|e| e.to_string())?;
    if let Err(e) = mount::mount(&device.to_string_lossy(), &path, kind, ALWAYS | Flags::MS_RDONLY, options) {
        let _ = fs::remove_dir(&path);
        return Err(format!("its file system ({kind}) does not mount: {e}; check it on a computer"));
    }
    Ok(path)
}

fn start_of(device: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(device)?.take(START as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file system by its magic numbers, and how to mount it: all files for our group (who writes only while it is lent), names in UTF-8,
/// no journal replayed.
fn file_system(start: &[u8]) -> Result<(&'static str, &'static str), String> {
    let at = |offset: usize, magic: &[u8]| start.get(offset..offset + magic.len()) == Some(magic);
    match () {
        () if at(3, b"EXFAT   ") => Ok(("exfat", "iocharset=utf8,gid=100,umask=0007")),
        () if at(3, b"NTFS    ") => Err("its file system is NTFS; format it as FAT32 or exFAT".into()),
        () if at(1080, &[0x53, 0xef]) => Ok(("ext4", "noload")),
        () if at(510, &[0x55, 0xaa]) && (at(82, b"FAT32") || at(54, b"FAT1")) => Ok(("vfat", "utf8,gid=100,umask=0007")),
        () => Err("it has no file system that is known here; format it as FAT32 or exFAT".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_are_told_apart() {
        let with = |parts: &[(usize, &[u8])]| {
            let mut start = vec![0; START];
            parts.iter().for_each(|(at, bytes)| start[*at..at + bytes.len()].copy_from_slice(bytes));
            file_system(&start).map(|f| f.0)
        };
        let end: (usize, &[u8]) = (510, &[0x55, 0xaa]);
        assert_eq!(with(&[(3, b"EXFAT   "), end]), Ok("exfat"));
        assert_eq!(with(&[(82, b"FAT32   "), end]), Ok("vfat"));
        assert_eq!(with(&[(54, b"FAT16   "), end]), Ok("vfat"));
        assert_eq!(with(&[(1080, &[0x53, 0xef])]), Ok("ext4"));
        assert!(with(&[(3, b"NTFS    "), end]).unwrap_err().contains("NTFS"));
        assert!(with(&[end]).is_err() && file_system(&[]).is_err());
    }

    #[test]
    fn only_sticks_are_looked_at() {
        let class = std::env::temp_dir().join(format!("hotspot-sticks-{}", std::process::id()));
        for (name, size, seq) in [
            ("sda", 8, 3),
            ("sda1", 6, 0),
            ("sdb", 4, 9),
            ("sdc", 0, 4),
            ("mmcblk0p5", 8, 1),
            ("vda", 8, 1),
            ("sdXY", 8, 1),
            ("dm-0", 8, 1),
        ] {
            fs::create_dir_all(class.join(name)).unwrap();
            fs::write(class.join(name).join("size"), format!("{size}\n")).unwrap();
            fs::write(class.join(name).join("diskseq"), format!("{seq}\n")).unwrap();
        }
        let found: Vec<(String, u64, u64)> = present(&class).into_iter().map(|s| (s.name, s.seq, s.size)).collect();
        assert_eq!(found, [("sda1".into(), 3, 3072), ("sdb".into(), 9, 2048)]);
        fs::remove_dir_all(&class).unwrap();
    }
}
