//! `hotspot bundle`: content in a file that anybody can carry and nobody can forge.

mod extract;
mod inspect;
mod make;
mod progress;
mod verify;

use std::fs::File;
use std::path::{Path, PathBuf};

use content::source::{self, Opened, Places};
use content::walk::Tree;
use content::{Cid, Error};

use super::{Failure, Outcome, print, shown};
pub use progress::Meter;
use progress::Progress;

pub const HELP: &str = "hotspot bundle make DIR -o NAME.car [--title TEXT] [--name WORD] [--description TEXT] [--lang CODE[,CODE]]
                    [--license TEXT] [--cover PATH] [--key FILE] [--seq N] [--json]
hotspot bundle inspect FILE [--json]
hotspot bundle verify FILE [--json]
hotspot bundle extract FILE DIR

make      packs a folder into one signed file. DIR/bundle.toml may say title, name, description, languages, license and
          cover; options come first; what is still missing is asked for at a terminal, else has a plain default. Names that start
          with a dot stay out. Without --key the publisher's key of this computer signs; the first time it is made, and named.
          Over an older release by the same key, the sequence goes up by one.
inspect   shows what a file says of itself, after its signature is verified; its files are not read
verify    reads all of it: signature, every block, every path
extract   verifies, then unpacks into a folder that does not exist yet
";

pub fn run(mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    match args.next()? {
        Some(Value(verb)) => match verb.string()?.as_str() {
            "make" => make::run(args),
            "inspect" => inspect::run(args),
            "verify" => verify::run(args),
            "extract" => extract::run(args),
            other => Err(Failure::Usage(format!("hotspot bundle has no \"{}\": it has make, inspect, verify and extract", shown(other)))),
        },
        Some(other) => Err(other.unexpected().into()),
        None => Err(Failure::Usage("hotspot bundle wants make, inspect, verify or extract".into())),
    }
}

/// One file name and `--json`, which is all that most verbs take.
fn file_and_json(mut args: lexopt::Parser, verb: &str) -> Result<(PathBuf, bool), Failure> {
    use lexopt::prelude::*;
    let (mut file, mut json) = (None, false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("json") => json = true,
            Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok((file.ok_or_else(|| Failure::Usage(format!("hotspot bundle {verb} wants a FILE")))?, json))
}

/// An error about this file.
fn about(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(format!("{}: {why}", shown(&path.display().to_string())))
}

fn open(path: &Path) -> Result<(File, u64), Failure> {
    let file = File::open(path).map_err(|e| about(path, &e))?;
    let meta = file.metadata().map_err(|e| about(path, &e))?;
    if !meta.is_file() {
        return Err(about(path, &"it is not a file"));
    }
    Ok((file, meta.len()))
}

/// A file whose every block was read and holds.
struct Verified {
    root: Cid,
    tree: Tree,
    places: Places,
}

fn verify_all(path: &Path) -> Result<Verified, Failure> {
    let (file, size) = open(path)?;
    let name = path.file_stem().map_or("file".into(), |stem| stem.to_string_lossy().into_owned());
    let progress = Progress::new("verified", size);
    let read = || -> Result<Verified, Error> {
        let (mut opened, root) = Opened::open(&file)?;
        let mut done = 0;
        let (tree, places) = source::drive(source::walk_of(root, size), opened.source(), &name, |_, _, block| {
            done += block.len() as u64;
            progress.at(done);
            Ok(())
        })?;
        Ok(Verified { root, tree, places })
    };
    read().map_err(|e| about(path, &e))
}

#[cfg(test)]
mod tests;
