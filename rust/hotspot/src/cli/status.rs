//! `hotspot status`: how the box is, for a person who has other things to do.

use serde_json::Value;

use super::{Outcome, shown};

pub const HELP: &str = "hotspot status [--json]

Shows how the box is: its network, its storage, its programs, and what is wrong.
  --json   the same for programs
";

pub fn run(mut args: lexopt::Parser) -> Outcome {
    let mut json = false;
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("json") => json = true,
            other => return Err(other.unexpected().into()),
        }
    }
    let status = super::ask("/status")?;
    if json { super::print(&format!("{status}\n")) } else { super::print(&text(&status)) }
}

/// The page of text. Names come from other people's radios and files: they are shown without control characters.
fn text(status: &Value) -> String {
    let mut lines = vec![format!(
        "{:<10} {} (on for {}, release {}{})",
        "Box",
        match status["state"].as_str() {
            Some("well") => "well",
            Some("trouble") => "has trouble, see below",
            _ => "starting",
        },
        span(status["uptime_s"].as_u64().unwrap_or(0)),
        word(&status["version"]),
        status["slot"].as_str().map(|s| format!(", slot {}", shown(s))).unwrap_or_default(),
    )];
    lines.push(format!("{:<10} {}", "Wi-Fi", radio(&status["radio"])));
    lines.push(format!("{:<10} {}", "Network", lan(&status["lan"])));
    lines.push(format!("{:<10} {}", "Internet", uplink(&status["uplink"])));
    lines.push(format!("{:<10} {}", "Storage", data(&status["data"])));
    let daemons: Vec<String> = list(&status["daemons"]).iter().map(daemon).collect();
    lines.push(format!("{:<10} {}", "Programs", daemons.join(", ")));
    if let Some(kb) = status["memory_kb"].as_u64() {
        lines.push(format!("{:<10} {:.1} MB in use by them", "Memory", kb as f64 / 1024.0));
    }
    let problems = list(&status["problems"]);
    if !problems.is_empty() {
        lines.push(String::new());
        lines.push("What is wrong:".into());
        lines.extend(problems.iter().map(|p| format!("- {}", word(p))));
    }
    lines.join("\n") + "\n"
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn word(value: &Value) -> String {
    shown(value.as_str().unwrap_or("?"))
}

/// A time span as a person says it.
fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", seconds / 86400),
    }
}

fn radio(radio: &Value) -> String {
    match radio["state"].as_str() {
        Some("up") => {
            let security = if radio["security"] == "wpa2" { "with password" } else { "open" };
            let limit = radio["limit"].as_u64().map(|l| format!(" of at most {l}")).unwrap_or_default();
            let full = if radio["full"] == true { ", full" } else { "" };
            format!("\"{}\" on channel {}, {security}, {} phones{limit}{full}", word(&radio["ssid"]), radio["channel"], radio["stations"])
        }
        Some("no-radio") => "no radio that can open a network".into(),
        Some("failed") => "failed".into(),
        _ => "starting".into(),
    }
}

fn lan(lan: &Value) -> String {
    let Some(address) = lan["address"].as_str() else { return "starting".into() };
    let leases = lan["leases"].as_u64().map(|n| format!(", {n} addresses given out")).unwrap_or_default();
    format!("{}{leases}", shown(address))
}

fn uplink(uplink: &Value) -> String {
    match uplink["state"].as_str() {
        Some("internet") => format!("there, through {}", word(&uplink["interface"])),
        Some("lease") => format!("not there: {} has an address but nothing answers behind it", word(&uplink["interface"])),
        Some("no-lease") => format!("not there: nobody gives {} an address", word(&uplink["interface"])),
        Some("serving-lan") => "not there: the cable serves visitors".into(),
        Some("no-carrier") => "not there: no cable is plugged in".into(),
        Some("none") => "not there: this box has no port for it".into(),
        _ => "unknown yet".into(),
    }
}

fn data(data: &Value) -> String {
    let size = |name: &str| {
        let mb = data[name].as_u64().unwrap_or(0) / 1_000_000;
        if mb < 10_000 { format!("{mb} MB") } else { format!("{:.1} GB", mb as f64 / 1000.0) }
    };
    match (data["ok"].as_bool(), data["why"].as_str()) {
        (Some(true), _) => format!("{} free of {}", size("free"), size("size")),
        (_, Some(why)) => format!("not usable: {}", shown(why)),
        _ => "starting".into(),
    }
}

fn daemon(daemon: &Value) -> String {
    let restarts = match daemon["restarts"].as_u64() {
        Some(0) | None => String::new(),
        Some(1) => " (started again once)".into(),
        Some(n) => format!(" (started again {n} times)"),
    };
    format!("{} {}{restarts}", word(&daemon["name"]), word(&daemon["state"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_box_that_is_well() {
        let status = json!({
            "v": 1, "state": "well", "uptime_s": 8000, "version": "0.1.0", "slot": "a",
            "radio": {"state": "up", "ssid": "Vila\u{1b}[31m", "channel": 6, "security": "open", "stations": 3, "limit": 20, "full": false},
            "lan": {"address": "10.42.0.1", "leases": 5},
            "uplink": {"state": "no-carrier"},
            "data": {"ok": true, "why": null, "size": 30_000_000_000_u64, "free": 500_000_000},
            "daemons": [{"name": "portald", "state": "up", "restarts": 0}, {"name": "netd", "state": "up", "restarts": 2}],
            "problems": [], "memory_kb": 12800,
        });
        assert_eq!(
            text(&status),
            "Box        well (on for 2 h 13 min, release 0.1.0, slot a)\n\
             Wi-Fi      \"Vila\u{fffd}[31m\" on channel 6, open, 3 phones of at most 20\n\
             Network    10.42.0.1, 5 addresses given out\n\
             Internet   not there: no cable is plugged in\n\
             Storage    500 MB free of 30.0 GB\n\
             Programs   portald up, netd up (started again 2 times)\n\
             Memory     12.5 MB in use by them\n"
        );
    }

    #[test]
    fn a_box_of_which_nothing_is_known_yet() {
        let text = text(&json!({}));
        assert!(text.starts_with("Box        starting") && text.contains("Wi-Fi      starting"));
    }

    #[test]
    fn problems_come_last() {
        let text = text(&json!({"state": "trouble", "problems": ["storage: the card is broken"]}));
        assert!(text.ends_with("What is wrong:\n- storage: the card is broken\n"));
    }
}
