//! `hotspot bundle extract`.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use content::walk::TreeFile;

use super::progress::Progress;
use super::{Failure, Outcome, Verified, about, open, print, verify_all};

pub fn run(mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    let (mut file, mut folder) = (None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
            Value(path) if folder.is_none() => folder = Some(PathBuf::from(path)),
            other => return Err(other.unexpected().into()),
        }
    }
    let (Some(path), Some(folder)) = (file, folder) else {
        return Err(Failure::Usage("hotspot bundle extract wants a FILE and a DIR".into()));
    };
    if folder.exists() {
        return Err(about(&folder, &"it exists already: name a folder that does not"));
    }
    let verified = verify_all(&path)?;
    // Beside it first, so that a half-written folder is never taken for a whole one.
    let part = folder.with_file_name(format!(".{}.part", folder.file_name().unwrap_or_default().to_string_lossy()));
    let _ = std::fs::remove_dir_all(&part);
    let (car, _) = open(&path)?;
    let total = verified.tree.files.iter().map(|f| f.size).sum();
    let progress = Progress::new("unpacked", total);
    let mut done = 0;
    let mut unpack = || -> Result<(), Failure> {
        std::fs::create_dir_all(&part).map_err(|e| about(&part, &e))?;
        for file in &verified.tree.files {
            write(&car, &verified, file, &part).map_err(|e| about(&part.join(&file.path), &e))?;
            done += file.size;
            progress.at(done);
        }
        std::fs::rename(&part, &folder).map_err(|e| about(&folder, &e))
    };
    unpack().inspect_err(|_| {
        let _ = std::fs::remove_dir_all(&part);
    })?;
    drop(progress);
    print(&format!("{} files, {total} bytes in {}\n", verified.tree.files.len(), folder.display()))
}

fn write(car: &File, verified: &Verified, file: &TreeFile, part: &Path) -> io::Result<()> {
    let path = part.join(&file.path);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut out = File::create_new(&path)?;
    let mut buffer = Vec::new();
    let (first, last) = (file.extents.start as usize, file.extents.end as usize);
    for extent in &verified.tree.extents[first..last] {
        buffer.resize(extent.len as usize, 0);
        car.read_exact_at(&mut buffer, verified.places[extent.block as usize] + u64::from(extent.at))?;
        out.write_all(&buffer)?;
    }
    Ok(())
}
