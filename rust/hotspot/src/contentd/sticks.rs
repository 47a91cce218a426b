//! What is on a stick: bundles in its top two levels, and folders that hold none.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use content::source::Opened;
use content::walk::Walk;
use content::{Cid, Codec, Error, Manifest};
use nix::fcntl::OFlag;

/// Names of a folder that are looked at.
const MAX_NAMES: usize = 2000;
/// Bundles that are looked into.
const MAX_BUNDLES: usize = 200;

/// Opens a regular file for reading, and nothing that only looks like one: no link is followed, no pipe waited for.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no ordinary file")) }
}

/// A bundle's front: who it is by its own word, with the signature verified.
#[derive(Debug)]
pub struct Front {
    /// Its root.
    pub root: Cid,
    /// `None`: nobody has signed it.
    pub manifest: Option<Manifest>,
}

/// Reads envelope and manifest of an open CAR.
pub fn front(file: &File) -> Result<Front, Error> {
    let (mut opened, root) = Opened::open(file)?;
    if root.codec != Codec::DagCbor {
        return Ok(Front { root, manifest: None });
    }
    let (mut walk, mut block) = (Walk::bundle(root), Vec::new());
    while walk.manifest().is_none() {
        let Some(cid) = walk.wanted()? else { break };
        opened.source().fetch(cid, &mut block)?;
        cid.check(&block)?;
        walk.accept(&block)?;
    }
    Ok(Front { root, manifest: walk.manifest().cloned() })
}

/// Every `.car` of a stick, at the top and one folder deep.
pub fn bundles(stick: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![(stick.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten().take(MAX_NAMES) {
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            let car = Path::new(&name).extension().is_some_and(|e| e.eq_ignore_ascii_case("car"));
            if kind.is_file() && car && !hidden && found.len() < MAX_BUNDLES {
                found.push(entry.path());
            } else if kind.is_dir() && depth == 0 && !hidden {
                folders.push((entry.path(), 1));
            }
        }
    }
    found.sort();
    found
}

/// Folders at a stick's top that hold ordinary files and no bundle: the admin may take them in as they are.
pub fn folders(stick: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(stick)
        .into_iter()
        .flatten()
        .flatten()
        .take(MAX_NAMES)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .map(|entry| entry.path())
        .filter(|path| bundles(path).is_empty() && std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()))
        .take(20)
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_usb_links_pipes_and_heaps() {
        let stick = std::env::temp_dir().join(format!("hotspot-stick-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&stick);
        std::fs::create_dir_all(stick.join("a/deep")).unwrap();
        std::fs::create_dir_all(stick.join("photos")).unwrap();
        std::fs::create_dir_all(stick.join("named.car")).unwrap();
        for name in ["x.car", "Y.CAR", ".hidden.car", "note.txt", "a/z.car", "a/deep/too-deep.car", "photos/1.jpg"] {
            std::fs::write(stick.join(name), "no bundle").unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", stick.join("link.car")).unwrap();
        nix::unistd::mkfifo(&stick.join("pipe.car"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        let names: Vec<_> = bundles(&stick).iter().map(|p| p.strip_prefix(&stick).unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(names, ["Y.CAR", "a/z.car", "x.car"]);
        assert_eq!(folders(&stick), [stick.join("photos")]);
        for bad in ["link.car", "pipe.car", "named.car", "nowhere.car"] {
            assert!(open(&stick.join(bad)).is_err(), "{bad}");
        }
        assert!(front(&open(&stick.join("x.car")).unwrap()).is_err());
        std::fs::remove_dir_all(&stick).unwrap();
    }
}
