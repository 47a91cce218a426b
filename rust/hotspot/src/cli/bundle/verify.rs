//! `hotspot bundle verify`.

use serde_json::json;

use super::{Outcome, file_and_json, print, shown, verify_all};

pub fn run(args: lexopt::Parser) -> Outcome {
    let (path, json) = file_and_json(args, "verify")?;
    let verified = verify_all(&path)?;
    let tree = &verified.tree;
    let files_bytes: u64 = tree.files.iter().map(|file| file.size).sum();
    if json {
        let value = json!({
            "v": 1, "ok": true, "root": verified.root.to_string(), "signed": tree.manifest.is_some(),
            "publisher": tree.manifest.as_ref().map(|m| m.publisher.to_string()),
            "files": tree.files.len(), "bytes": files_bytes, "blocks": tree.blocks.len(),
        });
        return print(&format!("{value}\n"));
    }
    let by = match &tree.manifest {
        Some(manifest) => format!("\"{}\", release {}, signed by {}", shown(&manifest.title), manifest.seq, manifest.publisher),
        None => "a folder that nobody has signed".to_owned(),
    };
    print(&format!("{by}\nall {} blocks hold; {} files, {files_bytes} bytes\n", tree.blocks.len(), tree.files.len()))
}
