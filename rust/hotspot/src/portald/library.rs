//! The public folder: what is in it, and opening a file of it.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use portal::files::{self, Entry};

use super::cached::{Cached, Patience};

/// Files listed at most, and how deep.
const MAX_FILES: usize = 500;
const MAX_DEPTH: usize = 4;
/// Entries looked at, so that a folder of a million dot files is no trap.
const MAX_LOOKED_AT: usize = 10_000;

/// A listing is cheap but not free on a card; the portal never waits long for it.
const LISTING: Patience = Patience { fresh: Duration::from_secs(5), usable: Duration::from_secs(15), wait: Duration::from_millis(400) };

/// What is in the folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Files by name.
    pub files: Vec<Entry>,
    /// There are more.
    pub truncated: bool,
}

/// The folder.
#[derive(Debug)]
pub struct Library {
    root: PathBuf,
    listing: Arc<Cached<Listing>>,
}

/// An open file and what its answer says of it.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    /// Bytes.
    pub size: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified_ns: u128,
}

impl Library {
    /// The folder need not exist.
    pub fn new(root: PathBuf) -> Self {
        Self { root, listing: Cached::new() }
    }

    /// What is there, seconds old at most.
    pub async fn listing(&self) -> Option<Arc<Listing>> {
        let root = self.root.clone();
        self.listing.get(LISTING, || async move { tokio::task::spawn_blocking(move || list(&root)).await.ok() }).await
    }

    /// Opens a file by a name that `portal::files::is_safe` allows.
    pub async fn open(&self, name: &str) -> Option<Opened> {
        if !files::is_safe(name) {
            return None;
        }
        let (root, path) = (self.root.clone(), self.root.join(name));
        tokio::task::spawn_blocking(move || open(&root, &path)).await.ok()?
    }
}

/// Only regular files inside the folder: links that lead out of it, pipes and devices are not there.
fn open(root: &Path, path: &Path) -> Option<Opened> {
    let real = path.canonicalize().ok()?;
    if !real.starts_with(root.canonicalize().ok()?) {
        return None;
    }
    let file = std::fs::OpenOptions::new().read(true).custom_flags(NONBLOCK).open(real).ok()?;
    let meta = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let modified_ns = u128::try_from(i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec())).unwrap_or(0);
    Some(Opened { file, size: meta.len(), modified_ns })
}

/// `O_NONBLOCK`: opening a pipe must not wait for its writer.
const NONBLOCK: i32 = 0o4000;

fn list(root: &Path) -> Listing {
    let mut listing = Listing::default();
    let mut looked_at = 0;
    let mut folders = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            looked_at += 1;
            if looked_at > MAX_LOOKED_AT || listing.files.len() >= MAX_FILES {
                listing.truncated = true;
                break;
            }
            let Some(name) = entry.file_name().to_str().map(|n| format!("{prefix}{n}")).filter(|n| files::is_safe(n)) else { continue };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => folders.push((entry.path(), format!("{name}/"), depth + 1)),
                Ok(kind) if kind.is_file() => {
                    if let Ok(meta) = entry.metadata() {
                        listing.files.push(Entry { name, size: meta.len() });
                    }
                }
                _ => {}
            }
        }
    }
    listing.files.sort_by(|a, b| a.name.cmp(&b.name));
    listing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_inside_the_folder_are_there() {
        let root = std::env::temp_dir().join(format!("hotspot-library-{}", std::process::id()));
        std::fs::create_dir_all(root.join("public/deep")).unwrap();
        std::fs::write(root.join("secret"), "no").unwrap();
        let public = root.join("public");
        std::fs::write(public.join("b.txt"), "bb").unwrap();
        std::fs::write(public.join("deep/a.txt"), "a").unwrap();
        std::fs::write(public.join(".hidden"), "h").unwrap();
        std::os::unix::fs::symlink("../secret", public.join("out")).unwrap();
        std::os::unix::fs::symlink("b.txt", public.join("in")).unwrap();
        let listing = list(&public);
        assert_eq!(listing.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["b.txt", "deep/a.txt"]);
        assert!(open(&public, &public.join("out")).is_none());
        assert!(open(&public, &public.join("deep")).is_none());
        assert_eq!(open(&public, &public.join("in")).unwrap().size, 2);
        assert!(list(&root.join("nowhere")).files.is_empty());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
