//! `hotspot keys`: who may release updates. On a computer.

mod files;
mod new;
mod root;

pub use files::{chain, release_keys};

use super::{Failure, Outcome};

pub const HELP: &str = "hotspot keys new FOLDER [--json]
hotspot keys one root|release FILE [--json]
hotspot keys root draft [OLD] -o DRAFT [--add-root KEY]... [--add-release KEY]... [--drop KEY]... [--threshold N] [--release-threshold N]
hotspot keys root sign DRAFT KEYFILE... [--json]
hotspot keys root show FILE [--json]

new          makes a root key, a release key and root.json that names them, in an empty or new folder
one          makes one more key and prints its public half
root draft   writes the next root: OLD (root.json) with changes; without OLD, a first one. Nobody has signed it yet
root sign    signs the last root of DRAFT; it counts once enough of the old and of its own root keys have signed
root show    tells who may release by a root.json, and whether it holds
  KEY        64 hexadecimal digits (a public half), or a key file
  --json     for programs
root.json goes on the card and into every update; root.key belongs on no computer that is online. docs/updates.md has the whole way.
";

pub fn run(mut args: lexopt::Parser) -> Outcome {
    let word = |args: &mut lexopt::Parser| -> Result<String, Failure> {
        use lexopt::prelude::*;
        match args.next()? {
            Some(Value(word)) => Ok(word.string()?),
            Some(other) => Err(other.unexpected().into()),
            None => Err(Failure::Usage("hotspot keys wants new, one, or root draft, sign or show".into())),
        }
    };
    match word(&mut args)?.as_str() {
        "new" => new::all(args),
        "one" => new::one(args),
        "root" => match word(&mut args)?.as_str() {
            "draft" => root::draft(args),
            "sign" => root::sign(args),
            "show" => root::show(args),
            other => Err(Failure::Usage(format!("hotspot keys root knows no \"{}\"", super::shown(other)))),
        },
        other => Err(Failure::Usage(format!("hotspot keys knows no \"{}\"", super::shown(other)))),
    }
}
