//! Versions of what is in `/data`: a release that writes another one works on a copy, so that the release from before finds its data
//! as it left it.
//!
//! Version 1 is `/data/<name>` itself. A later version N has its folders in `/data/.vN/` and mounts them over those of version 1.
//! A trial of N always begins with a fresh copy of the version before; once N is kept, its copy is the data of record.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use sys::mount::{self, Flags};

/// Folders with a version. Not among them: the updater's (both releases must read it), the log, and content, which is too large to
/// copy and says its version itself.
const VERSIONED: &[&str] = &["clockd", "countd", "netd", "ownerd", "portald", "radiod", "settings"];

/// Changes the folders below a path from one version to the next.
pub type Step = fn(&Path) -> io::Result<()>;

/// The step from version 1 to 2 is the first, and so on: as many as versions after the first.
pub const STEPS: &[Step] = &[];

/// Makes ready what this release reads and writes, and says which version that is.
pub fn prepare(data: &Path, trial: bool) -> io::Result<()> {
    let own = STEPS.len() + 1;
    if let Some(tree) = tree(data, STEPS, trial)? {
        for name in VERSIONED {
            let (from, to) = (tree.join(name), data.join(name));
            if from.is_dir() && !mount::is_mounted(&to) {
                fs::create_dir_all(&to)?;
                mount::mount(&from.to_string_lossy(), &to, "none", Flags::MS_BIND, "")?;
            }
        }
    }
    let record = crate::ipc::run_dir().join("data-version");
    crate::record::replace(&record, own.to_string().as_bytes(), 0o644, None)
}

fn folder(data: &Path, version: usize) -> PathBuf {
    if version == 1 { data.to_owned() } else { data.join(format!(".v{version}")) }
}

/// The folder that holds the version after all steps; made when it is not there, or when this start is a trial. `None`: it is `/data`.
fn tree(data: &Path, steps: &[Step], trial: bool) -> io::Result<Option<PathBuf>> {
    let own = steps.len() + 1;
    if own == 1 {
        return Ok(None);
    }
    let target = folder(data, own);
    if target.is_dir() && !trial {
        return Ok(Some(target));
    }
    let from = (1..own).rev().find(|v| folder(data, *v).is_dir()).unwrap_or(1);
    let new = data.join(format!(".v{own}.new"));
    for old in [&new, &target] {
        if old.is_dir() {
            // Renamed first: half a tree must not pass for a whole one.
            let gone = data.join(".gone");
            let _ = fs::remove_dir_all(&gone);
            fs::rename(old, &gone)?;
            fs::remove_dir_all(&gone)?;
        }
    }
    fs::create_dir(&new)?;
    for name in VERSIONED {
        let source = folder(data, from).join(name);
        if source.is_dir() {
            copy(&source, &new.join(name))?;
        }
    }
    for step in &steps[from - 1..] {
        step(&new)?;
    }
    sys::reboot::sync();
    fs::rename(&new, &target)?;
    File::open(data)?.sync_all()?;
    log::info!("the data of version {from} was brought to version {own}; the old stays for the release from before");
    Ok(Some(target))
}

/// A folder with all that is in it: owners, modes, links.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if meta.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else if meta.is_file() {
        fs::copy(from, to)?;
    } else {
        return Ok(());
    }
    lchown(to, Some(meta.uid()), Some(meta.gid()))?;
    if meta.is_symlink() { Ok(()) } else { fs::set_permissions(to, fs::Permissions::from_mode(meta.mode() & 0o7777)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a release of version 1 left: kept for ever.
    fn fixture(name: &str) -> PathBuf {
        let data = std::env::temp_dir().join(format!("hotspot-versions-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/data-1"), &data).unwrap();
        data
    }

    fn leases(data: &Path) -> String {
        fs::read_to_string(data.join("netd/leases")).unwrap()
    }

    /// A made-up version 2: the leases get a first line.
    fn to_2(folder: &Path) -> io::Result<()> {
        let file = folder.join("netd/leases");
        fs::write(&file, format!("two\n{}", fs::read_to_string(&file)?))
    }

    fn to_3(folder: &Path) -> io::Result<()> {
        fs::rename(folder.join("netd/leases"), folder.join("netd/leases.3"))
    }

    fn fails(_: &Path) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    #[test]
    fn the_first_version_is_where_it_always_was() {
        let data = fixture("first");
        let before = leases(&data);
        assert_eq!(tree(&data, &[], true).unwrap(), None);
        assert_eq!(leases(&data), before);
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn a_trial_works_on_a_copy_and_the_old_stays() {
        let data = fixture("trial");
        let before = leases(&data);
        let two = tree(&data, &[to_2], true).unwrap().unwrap();
        assert_eq!((leases(&two), leases(&data)), (format!("two\n{before}"), before.clone()));
        // The new release writes, falls back, the old one writes, and the next trial begins with what the old one wrote.
        fs::write(two.join("netd/leases"), "of the trial").unwrap();
        fs::write(data.join("netd/leases"), "of the old one").unwrap();
        let two = tree(&data, &[to_2], true).unwrap().unwrap();
        assert_eq!(leases(&two), "two\nof the old one");
        // Kept: from now on its own copy counts.
        fs::write(two.join("netd/leases"), "kept").unwrap();
        assert_eq!(leases(&tree(&data, &[to_2], false).unwrap().unwrap()), "kept");
        // Two versions later.
        let three = tree(&data, &[to_2, to_3], true).unwrap().unwrap();
        assert_eq!(fs::read_to_string(three.join("netd/leases.3")).unwrap(), "kept");
        assert_eq!(leases(&two), "kept");
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn a_step_that_fails_or_is_cut_leaves_no_half_tree() {
        let data = fixture("cut");
        assert!(tree(&data, &[to_2, fails], true).is_err());
        assert!(!data.join(".v3").exists());
        fs::create_dir_all(data.join(".v2.new/netd")).unwrap();
        fs::create_dir_all(data.join(".gone/x")).unwrap();
        let two = tree(&data, &[to_2], false).unwrap().unwrap();
        assert!(leases(&two).starts_with("two\n"));
        let modes = [&data, &two].map(|d| fs::metadata(d.join("settings/settings.toml")).unwrap().mode());
        assert_eq!(modes[0], modes[1]);
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn todays_readers_read_version_1() {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/data-1");
        let text = fs::read_to_string(fixture.join("settings/settings.toml")).unwrap();
        let reading = config::read(text.as_bytes());
        assert_eq!((reading.problems.len(), reading.settings.community.name.as_str()), (0, "Vila Nova"));
        let journal: update::journal::Journal = serde_json::from_slice(&fs::read(fixture.join("updated/journal.json")).unwrap()).unwrap();
        assert!(journal.avoids("", 6) && journal.floor == 5);
        let history: update::history::History = serde_json::from_slice(&fs::read(fixture.join("updated/history.json")).unwrap()).unwrap();
        assert_eq!((history.boots, history.entries[1].event.as_str()), (3, "good"));
    }
}
