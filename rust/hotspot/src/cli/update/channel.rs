//! `hotspot update channel`.

use std::path::{Path, PathBuf};

use serde_json::json;
use update::{Bundle, Channel, Entry};

use crate::bundle_file::FileSource;
use crate::cli::keys::{chain, release_keys};
use crate::cli::{Failure, Outcome, print};

pub fn run(mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    let (mut files, mut out, mut keys, mut prefix, mut edition, mut json) = (Vec::new(), None, None, None, None, false);
    while let Some(arg) = args.next()? {
        match arg {
            Short('o') => out = Some(PathBuf::from(args.value()?)),
            Long("keys") => keys = Some(PathBuf::from(args.value()?)),
            Long("prefix") => prefix = Some(args.value()?.string()?),
            Long("edition") => edition = Some(args.value()?.parse()?),
            Long("json") => json = true,
            Value(file) => files.push(PathBuf::from(file)),
            other => return Err(other.unexpected().into()),
        }
    }
    let (Some(out), Some(keys), false) = (out, keys, files.is_empty()) else {
        return Err(Failure::Usage("hotspot update channel wants updates, -o FILE and --keys FOLDER".into()));
    };
    let (trust, signers) = (chain(&keys.join("root.json"))?, release_keys(&keys)?);
    let signers: Vec<_> = signers.into_iter().filter(|k| trust.newest().releases.contains(&k.public())).collect();
    let version = edition.unwrap_or_else(crate::clockd::shown);
    let mut releases = files.iter().map(|file| entry(file, &out, prefix.as_deref(), &trust)).collect::<Result<Vec<_>, _>>()?;
    releases.sort_by_key(|r| r.seq);
    let channel = Channel { v: 1, version, releases };
    let bytes = channel.clone().sign(&trust, &signers).map_err(|why| format!("the list cannot be signed: {why}"))?;
    crate::record::replace(&out, &bytes, 0o644, None).map_err(|e| format!("{}: {e}", out.display()))?;
    if json {
        return print(&format!("{}\n", json!({"v": 1, "file": out, "channel": channel})));
    }
    let newest = channel.releases.last().map_or(0, |r| r.seq);
    print(&format!("{}: {} releases, the newest is {newest}\n", out.display(), channel.releases.len()))
}

/// What the list says of one update.
fn entry(file: &Path, out: &Path, prefix: Option<&str>, trust: &update::Chain) -> Result<Entry, String> {
    let about = |why: String| format!("{}: {why}", file.display());
    let source = FileSource::open(file).map_err(|e| about(e.to_string()))?;
    let size = update::Source::len(&source);
    let bundle = Bundle::open(source, trust).map_err(|why| about(why.to_string()))?;
    let url = match prefix {
        Some(prefix) => file.file_name().and_then(|n| n.to_str()).map(|name| format!("{prefix}{name}")),
        None => beside(file, out),
    };
    let url = url.ok_or_else(|| about("it does not lie beside the list or below it; --prefix names its address".into()))?;
    if update::resolve("http://a/", &url).is_none() {
        return Err(about("its name does not fit into an address; use letters, digits, - and .".into()));
    }
    let m = bundle.manifest();
    Ok(Entry { boards: m.boards.clone(), seq: m.seq, built: m.built, min: m.min, back: m.back, size, id: bundle.id(), url })
}

/// The file's path from the list's folder.
fn beside(file: &Path, out: &Path) -> Option<String> {
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (file, folder) = (file.canonicalize().ok()?, folder.canonicalize().ok()?);
    file.strip_prefix(folder).ok()?.to_str().map(str::to_owned)
}
