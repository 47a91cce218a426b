//! `hotspot bundle inspect`.

use std::path::Path;

use content::car::Car;
use content::source::{self, Source};
use content::walk::Walk;
use content::{Cid, Codec, Error, Manifest, time};
use serde_json::{Value, json};

use super::{Failure, Outcome, about, file_and_json, open, print, shown};

pub fn run(args: lexopt::Parser) -> Outcome {
    let (path, json) = file_and_json(args, "inspect")?;
    let (root, manifest_cid, manifest) = front(&path)?;
    if json {
        return print(&format!("{}\n", to_json(root, manifest_cid, &manifest)));
    }
    let line = |name: &str, value: &str| if value.is_empty() { String::new() } else { format!("{name:<12} {}\n", shown(value)) };
    let mut text = line("title", &manifest.title);
    text += &line("name", &manifest.name);
    text += &line("about", &manifest.description);
    text += &line("languages", &manifest.languages.join(", "));
    text += &line("license", &manifest.license);
    text += &line("cover", &manifest.cover);
    text += &line("publisher", &manifest.publisher.to_string());
    text += &line("release", &manifest.seq.to_string());
    text += &line("created", &time::write(manifest.created));
    text += &line("root", &root.to_string());
    text += &line("manifest", &manifest_cid.to_string());
    text += &line("content", &manifest.content.to_string());
    text += &line("size", &format!("{} bytes in {} blocks, {} files", manifest.total_bytes, manifest.block_count, manifest.entries.len()));
    for entry in &manifest.entries {
        text += &format!("{:>12} {}\n", entry.size, shown(&entry.path));
    }
    print(&text)
}

/// Envelope and manifest, with the signature verified.
pub fn front(path: &Path) -> Result<(Cid, Cid, Manifest), Failure> {
    let (file, _) = open(path)?;
    let read = || -> Result<(Cid, Cid, Manifest), Error> {
        let mut car = Car::open(&file)?;
        let root = source::one_root(car.roots())?;
        if root.codec != Codec::DagCbor {
            return Err(Error::Header("it is a folder without a manifest: hotspot bundle verify reads it"));
        }
        let mut walk = Walk::bundle(root);
        let mut block = Vec::new();
        let mut manifest_cid = root;
        while walk.manifest().is_none() {
            let Some(cid) = walk.wanted()? else { break };
            car.fetch(cid, &mut block)?;
            cid.check(&block)?;
            walk.accept(&block)?;
            manifest_cid = cid;
        }
        let manifest = walk.manifest().cloned().ok_or(Error::Manifest("there is none"))?;
        Ok((root, manifest_cid, manifest))
    };
    read().map_err(|e| about(path, &e))
}

pub fn to_json(root: Cid, manifest_cid: Cid, manifest: &Manifest) -> Value {
    let entries: Vec<Value> = manifest
        .entries
        .iter()
        .map(|e| json!({"path": e.path, "cid": e.cid.to_string(), "size": e.size, "mime": e.mime, "license": e.license}))
        .collect();
    json!({
        "v": 1, "root": root.to_string(), "manifest": manifest_cid.to_string(), "content": manifest.content.to_string(),
        "publisher": manifest.publisher.to_string(), "seq": manifest.seq, "created": manifest.created,
        "prev": manifest.prev.map(|cid| cid.to_string()), "title": manifest.title, "name": manifest.name,
        "description": manifest.description, "languages": manifest.languages, "license": manifest.license, "cover": manifest.cover,
        "total_bytes": manifest.total_bytes, "block_count": manifest.block_count, "entries": entries,
    })
}
