//! What the rescue system shows: what is wrong, what to do, and how the repair goes.

use serde_json::Value;

use crate::lang::{Key, Language};

/// Longest reason that is shown, in characters.
const MAX_WHY: usize = 300;

/// How the repair goes.
#[derive(Debug, PartialEq, Eq)]
pub struct Progress {
    /// One sentence.
    pub now: String,
    /// Why it failed last, in English; else empty.
    pub why: String,
}

/// Words for updated's status, which is what `hotspot update status --json` prints.
pub fn progress(lang: &Language, status: Option<&Value>) -> Progress {
    let update = status.unwrap_or(&Value::Null);
    // What updated says of its own accord in the rescue system is what this page is about.
    let why = update["last_error"].as_str().filter(|why| !why.starts_with("neither slot can be started"));
    let why: String = why.unwrap_or_default().chars().filter(|c| !c.is_control()).take(MAX_WHY).collect();
    let now = match update["state"].as_str() {
        Some("writing") => {
            lang.with(Key::RescueWriting, "n", format!("{:.0}", update["progress"].as_f64().unwrap_or(0.0).clamp(0.0, 1.0) * 100.0))
        }
        Some("ready" | "trial" | "good") => lang.say(Key::RescueReady),
        _ if !why.is_empty() => return Progress { now: lang.say(Key::RescueFailed), why },
        _ => lang.say(Key::RescueIdle),
    };
    Progress { now, why: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn from_waiting_to_repaired() {
        let says = |status: Value| progress(Language::english(), Some(&status));
        assert!(progress(Language::english(), None).now.contains("waits"));
        assert!(
            says(json!({"state": "rescue", "last_error": "neither slot can be started: the rescue system runs"})).now.contains("waits")
        );
        assert!(says(json!({"state": "writing", "progress": 0.43, "last_error": "old"})).now.contains("43"));
        assert!(says(json!({"state": "ready"})).now.contains("starts again"));
        let failed = says(json!({"state": "failed", "last_error": "signed by a stranger\n"}));
        assert_eq!(failed.why, "signed by a stranger");
    }
}
