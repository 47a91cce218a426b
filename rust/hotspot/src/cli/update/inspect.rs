//! `hotspot update inspect` and `verify`.

use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};
use update::{Bundle, Chain, Envelope, Hex, Manifest};

use crate::bundle_file::FileSource;
use crate::cli::keys::chain;
use crate::cli::progress::Progress;
use crate::cli::{Failure, Outcome, print, shown};

/// What both are asked for.
struct Asked {
    file: PathBuf,
    root: Option<PathBuf>,
    json: bool,
}

/// Where a root.json is looked for when none is named: in the project's folder, on the box.
const ROOTS: [&str; 2] = ["keys/root.json", "/boot/root.json"];

fn asked(mut args: lexopt::Parser) -> Result<Asked, Failure> {
    use lexopt::prelude::*;
    let (mut file, mut root, mut json) = (None, None, false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("root") => root = Some(PathBuf::from(args.value()?)),
            Long("json") => json = true,
            Value(name) if file.is_none() => file = Some(PathBuf::from(name)),
            other => return Err(other.unexpected().into()),
        }
    }
    let file = file.ok_or_else(|| Failure::Usage("an update's file is missing".into()))?;
    let root = root.or_else(|| ROOTS.iter().map(PathBuf::from).find(|p| p.exists()));
    Ok(Asked { file, root, json })
}

fn open(file: &Path) -> Result<FileSource, String> {
    FileSource::open(file).map_err(|e| format!("{}: {e}", file.display()))
}

/// `update inspect`: tells without trust; whether the signatures hold is one of the things it tells.
pub fn inspect(args: lexopt::Parser) -> Outcome {
    let Asked { file, root, json } = asked(args)?;
    let about = |why: update::Refusal| format!("{}: {why}", file.display());
    let envelope = Envelope::read(&mut open(&file)?).map_err(about)?;
    let manifest = Manifest::read(&envelope.manifest).map_err(about)?;
    let trust = root.as_deref().map(chain).transpose()?;
    // Without a root of ours, its own: the signatures are whole, whoever made them.
    let own = Chain::read(&envelope.roots).map_err(about)?;
    let refusal = trust.as_ref().map_or(Ok(own.clone()), |t| envelope.chain(t)).and_then(|c| envelope.verified(&c)).err();
    let sizes = envelope.lengths;
    if json {
        let refusal = refusal.map(|r| json!({"code": r.code(), "text": r.to_string()}));
        let text = json!({
            "v": 1, "id": envelope.id(), "manifest": manifest, "size": sizes.total(), "chunks": sizes.chunks,
            "root": own.newest().version, "judged_by": root, "refusal": refusal,
        });
        return print(&format!("{text}\n"));
    }
    print(&lines(&manifest, sizes.total()))?;
    print(&match (refusal, root) {
        (Some(why), _) => format!("Signed       no: {why}\n"),
        (None, Some(root)) => format!("Signed       yes, by {} (root {})\n", shown(&root.display().to_string()), own.newest().version),
        (None, None) => {
            format!("Signed       yes, by its own root {}; --root root.json says whether that is yours\n", own.newest().version)
        }
    })
}

fn lines(m: &Manifest, size: u64) -> String {
    let mut text = format!(
        "Release      {} ({}), built {} s after 1970\nFor          {}\nSize         {:.1} MB, {:.1} MB in the slot\nData         reads version {} to {}\n",
        m.seq,
        m.commit,
        m.built,
        m.boards.join(", "),
        size as f64 / 1e6,
        m.size as f64 / 1e6,
        m.data_from,
        m.data_to
    );
    if m.min > 0 {
        text += &format!("Replaces     release {} or newer\n", m.min);
    }
    if m.back > 0 {
        text += &format!("Goes back    from releases up to {}\n", m.back);
    }
    text
}

/// `update verify`: every byte.
pub fn verify(args: lexopt::Parser) -> Outcome {
    let Asked { file, root, json } = asked(args)?;
    let root = root.ok_or_else(|| Failure::Usage("say whose signature counts: --root root.json".into()))?;
    let trust = chain(&root)?;
    match whole(&file, &trust) {
        Ok((manifest, id)) if json => print(&format!("{}\n", json!({"v": 1, "good": true, "id": id, "manifest": manifest}))),
        Ok((manifest, _)) => {
            print(&format!("{}: release {} is whole, and signed as {} wants\n", file.display(), manifest.seq, root.display()))
        }
        Err((code, why)) => {
            if json {
                print(&format!("{}\n", json!({"v": 1, "good": false, "code": code, "text": why})))?;
            }
            Err(format!("{}: {why}", file.display()).into())
        }
    }
}

fn whole(file: &Path, trust: &Chain) -> Result<(Manifest, Hex<32>), (&'static str, String)> {
    let source = open(file).map_err(|why| ("unreadable", why))?;
    let mut bundle = Bundle::open(source, trust).map_err(|r| (r.code(), r.to_string()))?;
    let mut progress = Progress::new("reading the update");
    let (mut hash, blocks) = (Sha256::new(), bundle.index().blocks());
    let mut at = 0;
    while at < blocks {
        let next = (at + 256).min(blocks);
        hash.update(bundle.blocks(at..next).map_err(|f| (f.code(), f.to_string()))?);
        at = next;
        progress.show(at as u64, blocks as u64);
    }
    if Hex(hash.finalize().into()) != bundle.manifest().image {
        return Err(("damaged", "its image is not the one that was signed, though its blocks are; have it made again".into()));
    }
    Ok((bundle.manifest().clone(), bundle.id()))
}
