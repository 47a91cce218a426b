//! `hotspot update status`, `check`, `apply`, `restart`, `rollback`, `history`, on the box: updated is asked, and what it says is put into words.

use std::ffi::OsStr;
use std::fs::File;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{Failure, Outcome, print, shown};

/// A look at a slow web server has ended by then.
const CHECK_WAIT: Duration = Duration::from_secs(120);
/// The updater looks at what it was told within this.
const SOON: Duration = Duration::from_secs(1);

fn ask(path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    crate::ipc::ask_blocking("updated", path, body).map_err(|e| match e {
        crate::ipc::Error::Refused(_, why) => Failure::Failed(why),
        other => Failure::Failed(format!("the updater gives {other}; this command works on the box, as root, once it has started")),
    })
}

/// One of `status`, `check`, `apply`, `restart`, `rollback` and `history`.
pub fn run(verb: &str, mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    let (mut file, mut json) = (None, false);
    while let Some(arg) = args.next()? {
        match arg {
            Long("json") => json = true,
            Value(word) if verb == "apply" && file.is_none() => file = Some(word),
            other => return Err(other.unexpected().into()),
        }
    }
    match (verb, file) {
        ("apply", Some(file)) => apply(&file, json),
        ("apply", None) => Err(Failure::Usage("hotspot update apply wants a file".into())),
        ("check", _) => check(json),
        ("restart", _) => restart(json),
        ("rollback", _) => rollback(json),
        ("history", _) => history(json),
        _ => status(json),
    }
}

/// `status`
fn status(json: bool) -> Outcome {
    let status = ask("/status", None)?;
    print(&if json { format!("{status}\n") } else { text(&status) })
}

fn text(status: &Value) -> String {
    let slot = |value: &Value| match value["seq"].as_u64() {
        Some(seq) => format!("release {seq} in slot {}", value["slot"].as_str().map_or_else(|| "?".into(), shown)),
        None => format!("nothing whole in slot {}", value["slot"].as_str().map_or_else(|| "?".into(), shown)),
    };
    let release = || status["release"]["seq"].as_u64().map_or_else(|| "a release".into(), |seq| format!("release {seq}"));
    let waits = status["waits_for"].as_str().map(|w| format!(" ({})", shown(w))).unwrap_or_default();
    let state = match status["state"].as_str().unwrap_or_default() {
        "idle" => "nothing is going on".into(),
        "writing" => format!("writing {}: {:.0}%", release(), status["progress"].as_f64().unwrap_or(0.0) * 100.0),
        "ready" => format!("{} is ready; the box restarts into it when nobody is downloading{waits}", release()),
        "trial" => format!("{} is on trial{waits}", release()),
        "good" => "the release that runs has proved itself".into(),
        "failed" => "the last update was not kept".into(),
        "rescue" => "the rescue system runs: push in a stick with an update".into(),
        other => shown(other),
    };
    let mut lines = vec![
        format!("{:<10} {}", "Runs", slot(&status["running"])),
        format!("{:<10} {}", "Other", slot(&status["other"])),
        format!("{:<10} {state}", "State"),
    ];
    if let Some(source) = status["source"].as_str().filter(|s| !s.is_empty()) {
        let checked = status["checked"].as_str().map(|c| format!(" ({})", shown(c))).unwrap_or_default();
        lines.push(format!("{:<10} {}{checked}", "Source", shown(source)));
    }
    if let Some(pin) = status["pin"].as_u64() {
        lines.push(format!("{:<10} release {pin} is held", "Pin"));
    }
    if let Some(why) = status["last_error"].as_str() {
        lines.push(format!("{:<10} {}", "Last error", shown(why)));
    }
    lines.join("\n") + "\n"
}

/// `check`: waits for the look's end.
fn check(json: bool) -> Outcome {
    let before = ask("/check", Some(&json!({})))?["checks"].as_u64().unwrap_or(0);
    let until = Instant::now() + CHECK_WAIT;
    loop {
        std::thread::sleep(SOON);
        let status = ask("/status", None)?;
        if status["checks"].as_u64().is_some_and(|n| n > before) {
            let found = status["checked"].as_str().unwrap_or_default().to_owned();
            return print(&if json { format!("{}\n", json!({"v": 1, "found": found})) } else { format!("{}\n", shown(&found)) });
        }
        if Instant::now() > until {
            return Err(Failure::Failed("the look at the network takes too long; hotspot update status tells when it has ended".into()));
        }
    }
}

/// `apply FILE`
fn apply(file: &OsStr, json: bool) -> Outcome {
    let name = shown(&file.to_string_lossy());
    let open = File::open(file).map_err(|e| format!("{name}: {e}"))?;
    let seq = crate::updated::hand_over(&open, &name).map_err(Failure::Failed)?;
    let text = format!("release {seq} is being written; hotspot update status shows how far it is\n");
    print(&if json { format!("{}\n", json!({"v": 1, "seq": seq})) } else { text })
}

/// `restart`
fn restart(json: bool) -> Outcome {
    ask("/restart", Some(&json!({})))?;
    print(if json { "{\"v\":1}\n" } else { "the box restarts\n" })
}

/// `rollback`
fn rollback(json: bool) -> Outcome {
    let seq = ask("/rollback", Some(&json!({})))?["seq"].as_u64().unwrap_or(0);
    print(&if json { format!("{}\n", json!({"v": 1, "seq": seq})) } else { format!("the box restarts into release {seq}\n") })
}

/// `history`
fn history(json: bool) -> Outcome {
    let history = ask("/history", None)?;
    if json {
        return print(&format!("{history}\n"));
    }
    let entries = history["entries"].as_array().map_or(&[][..], Vec::as_slice);
    let lines: String = entries.iter().map(line).collect();
    print(if lines.is_empty() { "nothing yet\n" } else { &lines })
}

fn line(entry: &Value) -> String {
    let when = match entry["time"].as_u64() {
        Some(seconds) if seconds > 0 => date(seconds),
        _ => format!("start {}, {} s", entry["boot"], entry["uptime_s"]),
    };
    format!("{when:<20} {:<12} {}\n", entry["event"].as_str().map_or_else(String::new, shown), entry["text"].as_str().unwrap_or_default())
}

/// Seconds since 1970 as a date and time (UTC): days to the civil calendar by Howard Hinnant's method.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86400 + 719_468, seconds % 86400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let in_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let (day, month) = (in_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}", rest / 3600, rest / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_people() {
        let status = json!({"v": 1, "state": "writing", "progress": 0.42, "running": {"slot": "a", "seq": 5}, "other": {"slot": "b", "seq": null},
            "last_error": "the stick was\u{1b} pulled", "release": {"seq": 7}, "source": "https://example.org/list", "checked": "nothing new", "pin": null});
        let text = text(&status);
        for part in [
            "release 5 in slot a",
            "nothing whole in slot b",
            "writing release 7: 42%",
            "https://example.org/list (nothing new)",
            "was\u{fffd} pulled",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let entry = json!({"n": 1, "time": 1_767_225_599, "event": "good", "text": "release 7 is kept"});
        assert_eq!(line(&entry), "2025-12-31 23:59     good         release 7 is kept\n");
        assert_eq!(date(951_782_400), "2000-02-29 00:00");
        assert!(line(&json!({"time": 0, "boot": 3, "uptime_s": 9, "event": "x", "text": "y"})).starts_with("start 3, 9 s"));
    }
}
