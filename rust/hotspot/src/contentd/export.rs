//! Bundles as files for the next village: into a folder, or onto a stick, which is lent for as long as that takes.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use content::store::{Index, Store};
use content::{Cid, Error};

use super::state::Arrival;
use super::view::{Progress, Shared};
use super::worker::SHOW;
use crate::loan::{self, Loan};
use crate::record;
use crate::supervisor::sticks::FOLDER;

/// FAT's largest file.
const FAT_MOST: u64 = u32::MAX as u64;
/// What a file may have beside its blocks: heads and addresses of the blocks, about 40 bytes each, and the disk's own.
const MORE: u64 = 1 << 20;
/// A file's ending while it is written, and who may read it: on ext4 any user of the next computer.
const PART: &str = "part";
const MODE: u32 = 0o644;

/// Writes `roots` into `to`. Errors: what a person can do about it; files that were done stay.
pub fn bundles(store: &Store, shared: &Arc<Shared>, roots: &[Cid], to: &Path) -> Result<String, String> {
    let indexes: Vec<(&Cid, &Index)> = roots
        .iter()
        .map(|root| store.bundles().get(root).map(|index| (root, &**index)).ok_or_else(|| format!("there is no bundle {root}")))
        .collect::<Result<_, _>>()?;
    let Some(stick) = loan::stick_of(to) else {
        fs::create_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
        write(store, shared, &indexes, to, &mut || ())?;
        return Ok(format!("{} bundles are in {}", roots.len(), to.display()));
    };
    if stick.fs == "vfat"
        && let Some((_, large)) = indexes.iter().find(|(_, index)| index.bytes() + MORE > FAT_MOST)
    {
        return Err(format!(
            "\"{}\" is larger than 4 GB, and this stick's file system (FAT32) holds no such file: format the stick as exFAT",
            large.manifest.title
        ));
    }
    let name = stick.name.clone();
    let mut loan = Loan::of(stick)?;
    let folder = loan.folder().to_owned();
    write(store, shared, &indexes, &folder, &mut || loan.keep())?;
    loan.end()?;
    Ok(format!("{} bundles are on the stick {name}, which can be pulled now", roots.len()))
}

/// Writes a small file onto the stick that `to` lies on, whole or not at all.
pub fn put(to: &Path, name: &str, text: &str) -> Result<String, String> {
    let loan = Loan::of(loan::stick_of(to).ok_or("the stick is out")?)?;
    record::whole(&loan.folder().join(name), "new", MODE, |mut file| {
        for_anybody(file);
        file.write_all(text.as_bytes())
    })
    .map_err(|e| format!("{name}: {e}"))?;
    loan.end()?;
    Ok(format!("{FOLDER}/{name} is on the stick, which can be pulled now"))
}

fn write(store: &Store, shared: &Arc<Shared>, indexes: &[(&Cid, &Index)], folder: &Path, keep: &mut dyn FnMut()) -> Result<(), String> {
    leftovers(folder);
    let wanted: u64 = indexes
        .iter()
        .filter(|(root, index)| !folder.join(file_name(root, index)).exists())
        .map(|(_, index)| index.bytes() + index.bytes() / 500 + MORE)
        .sum();
    let (_, free) = sys::mount::space(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    if wanted > free {
        return Err(format!(
            "there are {} MB free, and {} MB are wanted: choose fewer bundles",
            free / 1_000_000,
            wanted.div_ceil(1_000_000)
        ));
    }
    for (root, index) in indexes {
        one(store, shared, root, index, folder, keep)?;
    }
    Ok(())
}

fn one(store: &Store, shared: &Arc<Shared>, root: &Cid, index: &Index, folder: &Path, keep: &mut dyn FnMut()) -> Result<(), String> {
    let (total, title) = (index.bytes(), &index.manifest.title);
    let path = folder.join(file_name(root, index));
    let mut shown = Instant::now();
    let mut progress = |done| {
        if shown.elapsed() >= SHOW {
            shown = Instant::now();
            shared.view().progress = Some(Progress { what: "exporting", title: title.clone(), done, total });
            keep();
        }
    };
    record::whole(&path, PART, MODE, |file| {
        for_anybody(file);
        store.export(root, &mut BufWriter::with_capacity(256 * 1024, file), &mut progress)
    })
    .map_err(|e: Error| format!("{}: {e}", path.display()))?;
    shared.state().note(Arrival::of("exported", index, &path.display().to_string()));
    Ok(())
}

/// Takes back what the umask took; FAT refuses, where files have no owners.
fn for_anybody(file: &fs::File) {
    let _ = file.set_permissions(fs::Permissions::from_mode(MODE));
}

/// Its title in signs that every file system takes, and the end of its root.
fn file_name(root: &Cid, index: &Index) -> String {
    let plain: String = index.manifest.title.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(60).collect();
    let root = root.to_string();
    format!("{plain}-{}.car", &root[root.len() - 8..])
}

/// What an export that was cut left there.
fn leftovers(folder: &Path) {
    let is_ours = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let name = Path::new(&name);
        let end = name.file_stem().and_then(|s| s.to_str()).and_then(|s| s.rsplit_once('-')).is_some_and(|(_, end)| end.len() == 8);
        name.extension().is_some_and(|e| e == PART) && end
    };
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(1000)
        .filter(is_ours)
        .for_each(|entry| drop(fs::remove_file(entry.path()) as io::Result<()>));
}
