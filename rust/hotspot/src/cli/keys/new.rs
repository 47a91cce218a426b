//! Making keys.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde_json::json;
use update::{Chain, Role, Root, SecretKey, SignedRoot};

use super::files::{fresh, write_new};
use crate::cli::{Failure, Outcome, print};

/// Words and whether `--json` was among the arguments.
pub fn words(mut args: lexopt::Parser) -> Result<(Vec<PathBuf>, bool), Failure> {
    use lexopt::prelude::*;
    let (mut words, mut json) = (Vec::new(), false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("json") => json = true,
            Value(word) => words.push(word.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok((words, json))
}

/// `keys new FOLDER`.
pub fn all(args: lexopt::Parser) -> Outcome {
    let (words, json) = words(args)?;
    let [folder] = words.as_slice() else { return Err(Failure::Usage("hotspot keys new wants one folder".into())) };
    let (root, release) = (fresh(Role::Root)?, fresh(Role::Release)?);
    let document =
        Root { v: 1, version: 1, threshold: 1, roots: vec![root.public()], release_threshold: 1, releases: vec![release.public()] };
    let mut signed = SignedRoot { root: document, signatures: Vec::new() };
    signed.add(&root);
    let chain = Chain::verify(vec![signed]).map_err(|why| why.to_string())?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let names = ["root.key", "release.key", "root.json"].map(|name| folder.join(name));
    if let Some(there) = names.iter().find(|p| p.exists()) {
        return Err(format!("{} is there already, and keys are never overwritten; name another folder", there.display()).into());
    }
    write_new(&names[0], &root.write(), 0o600)?;
    write_new(&names[1], &release.write(), 0o600)?;
    let mut bytes = chain.write();
    bytes.push(b'\n');
    write_new(&names[2], &bytes, 0o644)?;
    if json {
        return print(&format!("{}\n", json!({"v": 1, "root": root.public(), "release": release.public(), "files": names})));
    }
    print(&format!(
        "{}\n  the root key, {}: move it to a stick that is kept offline, and keep a copy elsewhere\n\
         {}\n  the release key, {}: signs updates\n\
         {}\n  names both: goes on the card and into every update\n",
        names[0].display(),
        root.public(),
        names[1].display(),
        release.public(),
        names[2].display(),
    ))
}

/// `keys one ROLE FILE`.
pub fn one(args: lexopt::Parser) -> Outcome {
    let (words, json) = words(args)?;
    let [role, file] = words.as_slice() else { return Err(Failure::Usage("hotspot keys one wants root or release, and a file".into())) };
    let role = match role.to_str() {
        Some("root") => Role::Root,
        Some("release") => Role::Release,
        _ => return Err(Failure::Usage("a key is for root or for release".into())),
    };
    let key = fresh(role)?;
    save(file, &key)?;
    print(&if json { format!("{}\n", json!({"v": 1, "public": key.public(), "file": file})) } else { format!("{}\n", key.public()) })
}

fn save(file: &Path, key: &SecretKey) -> Result<(), String> {
    write_new(file, &key.write(), 0o600)
}
