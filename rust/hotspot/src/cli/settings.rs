//! `hotspot settings`: the template, and checking a file before the card goes back into the box.

use std::fs::File;
use std::io::Read;

use serde_json::json;

use super::{Failure, Outcome, shown};

pub const HELP: &str = "hotspot settings template
hotspot settings check FILE [--json]

template   prints a hotspot.toml with every setting, its default and what it means
check      reads a hotspot.toml and tells what is wrong with it, line by line; the exit status is 1 if anything is
  --json   the same for programs
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
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["template"] => super::print(config::TEMPLATE),
        ["check", file] => check(file, json),
        _ => Err(Failure::Usage("hotspot settings wants template, or check and a file".into())),
    }
}

fn check(name: &str, json: bool) -> Outcome {
    let mut bytes = Vec::new();
    let limit = config::MAX_FILE_BYTES as u64 + 1;
    File::open(name).and_then(|f| f.take(limit).read_to_end(&mut bytes)).map_err(|e| format!("{}: {e}", shown(name)))?;
    let reading = config::read(&bytes);
    if json {
        super::print(&format!("{}\n", json!({"v": 1, "problems": reading.problems, "settings": reading.settings.without_secrets()})))?;
    } else {
        for problem in &reading.problems {
            let key = if problem.key.is_empty() { String::new() } else { format!("{}: ", shown(&problem.key)) };
            super::print(&format!("{}:{}: {key}{}\n", shown(name), problem.line, problem.reason))?;
        }
    }
    match reading.problems.len() {
        0 if json => Ok(()),
        0 => super::print("all is well\n"),
        1 => Err(Failure::Failed(format!("{}: one line is not used; the default holds there", shown(name)))),
        n => Err(Failure::Failed(format!("{}: {n} lines are not used; the defaults hold there", shown(name)))),
    }
}
