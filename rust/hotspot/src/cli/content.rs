//! `hotspot content`: the library of this box.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Failure, Outcome, print, shown};
use crate::supervisor::sticks::known;

pub const HELP: &str = "hotspot content [list] [--json]             what is in the library, and the space it takes
hotspot content waiting [--json]            what waits for your word
hotspot content take ID                     yes to that one bundle or folder
hotspot content import PATH                 takes a bundle, a CAR or a folder of this box
hotspot content remove ROOT                 takes a bundle out
hotspot content pin|unpin ROOT              whether it stays when room is needed
hotspot content export DIR|stick [ROOT ...] writes bundles (all, when none is named) as files, for the next village
hotspot content publishers [--json]         whom this box trusts
hotspot content trust|refuse|forget KEY     your word about a publisher (k51...)
hotspot content log [--json]                what arrived, from where
hotspot content sources [--json]            where content is followed, and what was last heard
hotspot content follow                      looks at all sources now
hotspot content scrub                       reads everything, and mends what has rotted where a gateway has it

A root may be shortened to its end, as long as only one bundle has it.
";

pub fn run(mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    let (mut words, mut json) = (Vec::new(), false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("json") => json = true,
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] | ["list"] => list(json),
        ["waiting"] => waiting(json),
        ["publishers"] => publishers(json),
        ["log"] => log(json),
        ["take", id] => work("/take", &json!({"id": id})),
        ["import", path] => {
            let path = std::path::absolute(path).map_err(|e| format!("{path}: {e}"))?;
            work("/import", &json!({"path": path.to_string_lossy()}))
        }
        ["remove", root] => work("/remove", &json!({"root": whole(root)?})),
        ["pin" | "unpin", root] => {
            ask("/pin", Some(&json!({"root": whole(root)?, "pinned": words[0] == "pin"})))?;
            Ok(())
        }
        [word @ ("trust" | "refuse" | "forget"), key] => work("/publisher", &json!({"publisher": key, "word": word})),
        ["export", folder, ref roots @ ..] => export(folder, roots),
        ["sources"] => sources(json),
        ["follow"] => work("/follow", &json!({})),
        ["scrub"] => work("/scrub", &json!({})),
        _ => Err(Failure::Usage("that is no way to use hotspot content; hotspot content --help tells more".into())),
    }
}

fn ask(path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    crate::ipc::ask_blocking("contentd", path, body).map_err(|e| match e {
        crate::ipc::Error::Refused(_, why) => Failure::Failed(why),
        crate::ipc::Error::NoAnswer(_) => {
            Failure::Failed(format!("contentd gives {e}; this command works on the box, as root, once it has started"))
        }
    })
}

/// Gives contentd work, shows how far it is, and says how it ended.
fn work(path: &str, body: &Value) -> Outcome {
    let job = ask(path, Some(body))?["job"].as_u64().unwrap_or(0);
    let progress = super::bundle::Meter::new();
    for round in 0_u32.. {
        let state = ask(&format!("/job?n={job}"), None)?;
        let text = || shown(state["text"].as_str().unwrap_or("?"));
        match state["state"].as_str() {
            Some("done") => {
                drop(progress);
                return print(&format!("{}\n", text()));
            }
            Some("failed") => return Err(Failure::Failed(text())),
            _ => {}
        }
        let status = ask("/status", None)?;
        progress.show(&status["progress"]);
        // Short work ends soon, long work is not hurried by asking.
        std::thread::sleep(Duration::from_millis(if round < 100 { 20 } else { 200 }));
    }
    Ok(())
}

fn bundles(status: &Value) -> &[Value] {
    status["bundles"].as_array().map_or(&[], Vec::as_slice)
}

/// The root that ends so.
fn whole(end: &str) -> Result<String, Failure> {
    let status = ask("/status", None)?;
    let roots: Vec<&str> = bundles(&status).iter().filter_map(|b| b["root"].as_str()).filter(|root| root.ends_with(end)).collect();
    match roots[..] {
        [root] => Ok(root.to_owned()),
        [] => Err(Failure::Failed(format!("no bundle's root ends in {}", shown(end)))),
        _ => Err(Failure::Failed(format!("several roots end in {}: give more of it", shown(end)))),
    }
}

/// The one stick that is in.
fn the_stick() -> Result<PathBuf, Failure> {
    let sticks: Vec<PathBuf> = known().into_iter().filter_map(|stick| stick.path).collect();
    match &sticks[..] {
        [one] => Ok(one.clone()),
        [] => Err(Failure::Failed("no stick is in: push one in (FAT32 or exFAT) and wait a few seconds".into())),
        _ => Err(Failure::Failed(format!(
            "several sticks are in; say which: {}",
            sticks.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        ))),
    }
}

fn export(folder: &str, roots: &[&str]) -> Outcome {
    let folder = match folder {
        "stick" => the_stick()?,
        folder => std::path::absolute(folder).map_err(|e| format!("{folder}: {e}"))?,
    };
    let roots: Vec<String> = if roots.is_empty() {
        let status = ask("/status", None)?;
        bundles(&status).iter().filter_map(|b| b["root"].as_str().map(str::to_owned)).collect()
    } else {
        roots.iter().map(|root| whole(root)).collect::<Result<_, _>>()?
    };
    if roots.is_empty() {
        return Err(Failure::Failed("the library is empty: there is nothing to export".into()));
    }
    work("/export", &json!({"roots": roots, "to": folder.to_string_lossy()}))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Bytes as people say them.
fn size(bytes: &Value) -> String {
    let bytes = bytes.as_u64().unwrap_or(0);
    match bytes {
        0..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

fn list(json: bool) -> Outcome {
    let status = ask("/status", None)?;
    if json {
        return print(&format!("{status}\n"));
    }
    let mut out = String::new();
    for b in bundles(&status) {
        let publisher = text(b, "publisher");
        let by = if publisher.is_empty() { "nobody vouches for it".to_owned() } else { format!("by {publisher}") };
        let pinned = if b["pinned"] == true { ", pinned" } else { "" };
        out += &format!(
            "{}\n    {}, {} files, release {}{pinned}, {by}\n    {}\n",
            shown(text(b, "title")),
            size(&b["bytes"]),
            b["files"],
            b["seq"],
            text(b, "root")
        );
    }
    let space = &status["space"];
    out += &format!("{} bundles take {}; there is room for {}\n", bundles(&status).len(), size(&space["used"]), size(&space["room"]));
    let waiting = status["waiting"].as_array().map_or(0, Vec::len);
    if waiting > 0 {
        out += &format!("{waiting} wait for your word: hotspot content waiting\n");
    }
    print(&out)
}

fn waiting(json: bool) -> Outcome {
    let status = ask("/status", None)?;
    if json {
        return print(&format!("{}\n", json!({"v": 1, "waiting": status["waiting"]})));
    }
    let mut out = String::new();
    for w in status["waiting"].as_array().into_iter().flatten() {
        let who = match text(w, "kind") {
            "bundle" => format!("signed by {}, whom you have not said a word about", text(w, "publisher")),
            "unsigned" => "nobody has signed it".into(),
            _ => "a plain folder".into(),
        };
        out +=
            &format!("{}  {} ({})\n    {who}\n    {}\n", text(w, "id"), shown(text(w, "title")), size(&w["bytes"]), shown(text(w, "path")));
    }
    if out.is_empty() {
        out = "nothing waits\n".into();
    }
    print(&out)
}

fn sources(json: bool) -> Outcome {
    let status = ask("/status", None)?;
    if json {
        return print(&format!("{}\n", json!({"v": 1, "sources": status["sources"]})));
    }
    let mut out = String::new();
    for source in status["sources"].as_array().into_iter().flatten() {
        let time = ::content::time::write(source["t"].as_u64().unwrap_or(0));
        out += &format!("{}\n    {time}  {}\n", shown(text(source, "address")), shown(text(source, "text")));
    }
    print(if out.is_empty() { "no source was looked at yet; [content] sources in hotspot.toml names them\n" } else { &out })
}

fn publishers(json: bool) -> Outcome {
    let answer = ask("/publishers", None)?;
    if json {
        return print(&format!("{answer}\n"));
    }
    let mut out = String::new();
    for word in ["trusted", "refused"] {
        for key in answer[word].as_array().into_iter().flatten() {
            out += &format!("{word}  {}\n", key.as_str().unwrap_or_default());
        }
    }
    print(if out.is_empty() { "no word has been said about anybody; [content] trusted in hotspot.toml counts too\n" } else { &out })
}

fn log(json: bool) -> Outcome {
    let answer = ask("/log", None)?;
    if json {
        return print(&format!("{answer}\n"));
    }
    let mut out = String::new();
    for line in answer["log"].as_array().into_iter().flatten() {
        let time = ::content::time::write(line["t"].as_u64().unwrap_or(0));
        let more =
            [text(line, "from"), text(line, "why")].iter().filter(|t| !t.is_empty()).map(|t| shown(t)).collect::<Vec<_>>().join(": ");
        out += &format!("{time}  {:<9} {}  {more}\n", text(line, "what"), shown(text(line, "title")));
    }
    print(if out.is_empty() { "nothing has arrived yet\n" } else { &out })
}
