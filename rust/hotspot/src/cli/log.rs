//! `hotspot log`: what the programs said since the box was switched on.

use std::time::Duration;

use serde_json::Value;

use super::{Failure, Outcome, shown};

pub const HELP: &str = "hotspot log [-n LINES] [-f] [--daemon NAME] [--json]

Shows what the programs said since the box was switched on, oldest first.
  -n LINES        only the newest so many lines (100)
  -f              go on with new lines until Ctrl-C
  --daemon NAME   only one program: supervisor, radiod, netd, portald, contentd, updated, sticks, kernel, data, settings
  --json          one JSON object a line
";

pub fn run(mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    let (mut lines, mut follow, mut daemon, mut json) = (100_u32, false, String::new(), false);
    while let Some(arg) = args.next()? {
        match arg {
            Short('n') | Long("lines") => lines = args.value()?.parse()?,
            Short('f') | Long("follow") => follow = true,
            Long("daemon") => daemon = args.value()?.string()?,
            Long("json") => json = true,
            other => return Err(other.unexpected().into()),
        }
    }
    if !daemon.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err(Failure::Usage("--daemon wants a name such as netd".into()));
    }
    let only = if daemon.is_empty() { String::new() } else { format!("&daemon={daemon}") };
    let mut answer = super::ask(&format!("/log?lines={lines}{only}"))?;
    loop {
        for line in answer["lines"].as_array().map_or(&[][..], Vec::as_slice) {
            super::print(&if json { json_line(line) } else { text_line(line) })?;
        }
        if !follow {
            return Ok(());
        }
        let next = answer["next"].as_u64().unwrap_or(0);
        std::thread::sleep(Duration::from_secs(1));
        answer = super::ask(&format!("/log?lines=1000&from={next}{only}"))?;
    }
}

fn json_line(line: &Value) -> String {
    let mut line = line.clone();
    line["v"] = 1.into();
    format!("{line}\n")
}

fn text_line(line: &Value) -> String {
    let ms = line["t_ms"].as_u64().unwrap_or(0);
    let word = |name: &str| shown(line[name].as_str().unwrap_or("?"));
    let level = match line["level"].as_str() {
        Some("error") => "error: ",
        Some("warning") => "warning: ",
        _ => "",
    };
    format!("{:>6}.{:03} {:<10} {level}{}\n", ms / 1000, ms % 1000, word("daemon"), line["text"].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_for_people_and_for_programs() {
        let line = json!({"n": 1, "t_ms": 12_045, "daemon": "netd", "level": "warning", "text": "no cable"});
        assert_eq!(text_line(&line), "    12.045 netd       warning: no cable\n");
        assert_eq!(serde_json::from_str::<Value>(&json_line(&line)).unwrap()["v"], 1);
    }
}
