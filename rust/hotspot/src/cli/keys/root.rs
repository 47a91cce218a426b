//! Root documents: drafting the next one, signing it offline, telling what one says.

use std::path::{Path, PathBuf};

use serde_json::json;
use update::{Chain, PublicKey, Role, Root, SecretKey, SignedRoot};

use super::files::{read, secret, write_new};
use super::new::words;
use crate::cli::{Failure, Outcome, print};

/// A change of the keys' lists.
enum Change {
    Add(Role, String),
    Drop(String),
}

/// `keys root draft`.
pub fn draft(mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    let (mut old, mut out, mut changes) = (None, None, Vec::new());
    let (mut threshold, mut release_threshold) = (None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Short('o') => out = Some(PathBuf::from(args.value()?)),
            Long("add-root") => changes.push(Change::Add(Role::Root, args.value()?.string()?)),
            Long("add-release") => changes.push(Change::Add(Role::Release, args.value()?.string()?)),
            Long("drop") => changes.push(Change::Drop(args.value()?.string()?)),
            Long("threshold") => threshold = Some(args.value()?.parse()?),
            Long("release-threshold") => release_threshold = Some(args.value()?.parse()?),
            Value(file) if old.is_none() => old = Some(PathBuf::from(file)),
            other => return Err(other.unexpected().into()),
        }
    }
    let out = out.ok_or_else(|| Failure::Usage("say where the draft goes: -o DRAFT".into()))?;
    let mut roots = old.map_or_else(|| Ok(Vec::new()), |file| super::chain(&file).map(|c| c.roots().to_vec()))?;
    let mut root = roots.last().map_or_else(first, |last| Root { version: last.root.version + 1, ..last.root.clone() });
    changes.into_iter().try_for_each(|change| apply(&mut root, change))?;
    root.threshold = threshold.unwrap_or(root.threshold);
    root.release_threshold = release_threshold.unwrap_or(root.release_threshold);
    root.check().map_err(|why| format!("this makes no root: {why}"))?;
    roots.push(SignedRoot { root, signatures: Vec::new() });
    write_new(&out, &file(&roots), 0o644)?;
    print(&format!("{}: root {} is drafted; sign it with `hotspot keys root sign`\n", out.display(), roots.len()))
}

fn first() -> Root {
    Root { v: 1, version: 1, threshold: 1, roots: Vec::new(), release_threshold: 1, releases: Vec::new() }
}

fn apply(root: &mut Root, change: Change) -> Result<(), String> {
    match change {
        Change::Add(role, text) => {
            let key = public(&text, Some(role))?;
            let list = if role == Role::Root { &mut root.roots } else { &mut root.releases };
            if list.contains(&key) {
                return Err(format!("{key} is in the list already"));
            }
            list.push(key);
            list.sort();
        }
        Change::Drop(text) => {
            let key = public(&text, None)?;
            let before = root.roots.len() + root.releases.len();
            root.roots.retain(|k| *k != key);
            root.releases.retain(|k| *k != key);
            if root.roots.len() + root.releases.len() == before {
                return Err(format!("{key} is not in the list; `hotspot keys root show` shows who is"));
            }
        }
    }
    Ok(())
}

/// A public half, typed or from a key file; where a role is wanted, the file's must be that.
fn public(text: &str, role: Option<Role>) -> Result<PublicKey, String> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let key = secret(Path::new(text))?;
    match role {
        Some(role) if role != key.role => Err(format!("{text}: that key is for the other role")),
        _ => Ok(key.public()),
    }
}

/// `keys root sign`.
pub fn sign(args: lexopt::Parser) -> Outcome {
    let (words, json) = words(args)?;
    let Some((draft, keys)) = words.split_first().filter(|(_, keys)| !keys.is_empty()) else {
        return Err(Failure::Usage("hotspot keys root sign wants a draft and one or more key files".into()));
    };
    let mut roots = parse(draft)?;
    let last = roots.len() - 1;
    for path in keys {
        let key: SecretKey = secret(path)?;
        let may = roots[last].root.roots.contains(&key.public()) || last > 0 && roots[last - 1].root.roots.contains(&key.public());
        if !may {
            return Err(
                format!("{}: root {} names it neither in the old list of root keys nor in the new", path.display(), last + 1).into()
            );
        }
        roots[last].add(&key);
    }
    crate::record::replace(draft, &file(&roots), 0o644, None).map_err(|e| format!("{}: {e}", draft.display()))?;
    let problem = Chain::verify(roots).err().map(|why| why.to_string());
    if json {
        return print(&format!("{}\n", json!({"v": 1, "complete": problem.is_none(), "problem": problem})));
    }
    match problem {
        None => print(&format!("{}: complete; use it as root.json\n", draft.display())),
        Some(why) => print(&format!("{}: signed, and not complete yet: {why}\n", draft.display())),
    }
}

/// `keys root show`.
pub fn show(args: lexopt::Parser) -> Outcome {
    let (words, json) = words(args)?;
    let [path] = words.as_slice() else { return Err(Failure::Usage("hotspot keys root show wants one root.json".into())) };
    let roots = parse(path)?;
    let newest = roots[roots.len() - 1].clone();
    let problem = Chain::verify(roots.clone()).err().map(|why| why.to_string());
    if json {
        print(&format!(
            "{}\n",
            json!({"v": 1, "holds": problem.is_none(), "problem": problem, "newest": newest.root, "signatures": newest.signatures.len()})
        ))?;
    } else {
        let list = |keys: &[PublicKey]| keys.iter().map(|k| format!("  {k}\n")).collect::<String>();
        let root = &newest.root;
        print(&format!(
            "root {}\n{} of these root keys sign the next root:\n{}{} of these release keys sign updates:\n{}",
            root.version,
            root.threshold,
            list(&root.roots),
            root.release_threshold,
            list(&root.releases)
        ))?;
    }
    problem.map_or(Ok(()), |why| Err(format!("{}: {why}", path.display()).into()))
}

/// A root.json or a draft: at least one root, nothing verified.
fn parse(path: &Path) -> Result<Vec<SignedRoot>, String> {
    let roots = Chain::parse(&read(path, Chain::MAX_BYTES)?).map_err(|why| format!("{}: {why}", path.display()))?;
    if roots.is_empty() { Err(format!("{}: no root is in it", path.display())) } else { Ok(roots) }
}

fn file(roots: &[SignedRoot]) -> Vec<u8> {
    // The same form as Chain::write, of roots that may lack signatures.
    let mut bytes = serde_json::to_vec(roots).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
