//! "Updates": what updated says, in plain words. Its reasons and its history are English sentences, as the log's are.

use serde_json::Value;

use crate::lang::{Key, Language};

/// Lines of history that are shown, the newest first.
const MAX_LINES: usize = 40;
/// Characters of a line.
const MAX_CHARS: usize = 400;

/// The page's content.
#[derive(Debug)]
pub struct Updates {
    /// What is going on, in one line.
    pub headline: String,
    /// Something was not kept or not taken.
    pub trouble: bool,
    /// What runs and what is in the other slot: label and text.
    pub rows: Vec<(String, String)>,
    /// How much of a release is written, in percent.
    pub percent: Option<u64>,
    /// What the box waits for, or what went wrong last, as updated says it.
    pub reasons: Vec<String>,
    /// What happened, the newest first.
    pub history: Vec<String>,
}

/// Words for updated's `GET /status` and `GET /history` (`None`: it is silent).
pub fn updates(lang: &Language, status: Option<&Value>, history: Option<&Value>) -> Updates {
    let null = Value::Null;
    let status = status.unwrap_or(&null);
    let seq = status["release"]["seq"].as_u64().unwrap_or(0);
    let percent = status["progress"].as_f64().and_then(|p| format!("{:.0}", p.clamp(0.0, 1.0) * 100.0).parse().ok());
    let headline = match status["state"].as_str() {
        Some("idle") => lang.say(Key::UpdateIdle),
        Some("writing") => lang.fill(Key::UpdateWriting, &[("n", &seq), ("percent", &percent.unwrap_or(0))]),
        Some("ready") => lang.with(Key::UpdateReady, "n", seq),
        Some("trial") => lang.with(Key::UpdateTrial, "n", seq),
        Some("good") => lang.say(Key::UpdateGood),
        Some("failed") => lang.say(Key::UpdateFailed),
        Some("rescue") => lang.say(Key::UpdateRescue),
        _ => lang.say(Key::Unknown),
    };
    let release = |value: &Value| match (value["seq"].as_u64(), value["slot"].as_str()) {
        (Some(n), Some(slot)) => lang.fill(Key::UpdateRelease, &[("n", &n), ("slot", &short(slot).to_uppercase())]),
        _ => lang.say(Key::UpdateNone),
    };
    let mut rows = vec![
        (lang.say(Key::UpdateRunning), release(&status["running"])),
        (lang.say(Key::UpdateOther), release(&status["other"])),
        (
            lang.say(Key::UpdateSource),
            status["source"].as_str().filter(|s| !s.is_empty()).map_or_else(|| lang.say(Key::UpdateSticks), short),
        ),
    ];
    if let Some(pin) = status["pin"].as_u64() {
        rows.push((lang.say(Key::UpdatePin), pin.to_string()));
    }
    let reasons = [&status["waits_for"], &status["last_error"]].into_iter().filter_map(Value::as_str).map(short).collect();
    let entries = history.and_then(|h| h["entries"].as_array()).map_or(&[][..], Vec::as_slice);
    let history = entries.iter().rev().filter_map(|e| e["text"].as_str()).take(MAX_LINES).map(short).collect();
    Updates {
        headline,
        trouble: status["last_error"].is_string(),
        rows,
        percent: percent.filter(|_| status["state"] == "writing"),
        reasons,
        history,
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_state_has_its_words() {
        for language in ["en", "pt", "es", "fr"] {
            let lang = Language::named(language).unwrap();
            let silent = updates(lang, None, None);
            let mut seen = vec![silent.headline];
            for state in ["idle", "writing", "ready", "trial", "good", "failed", "rescue"] {
                let status = json!({"state": state, "progress": 0.42, "release": {"seq": 7}, "running": {"slot": "a", "seq": 5}, "other": {"slot": "b"}});
                let page = updates(lang, Some(&status), None);
                assert!(!seen.contains(&page.headline), "{state} in {language}");
                assert_eq!(page.percent, (state == "writing").then_some(42));
                seen.push(page.headline);
            }
        }
    }

    #[test]
    fn reasons_and_history() {
        let status = json!({"state": "failed", "last_error": "release 7 was not kept:\u{7} it did not start", "running": {"slot": "a", "seq": 5}, "pin": 5});
        let entries: Vec<Value> = (0..100).map(|n| json!({"text": format!("line {n}")})).collect();
        let page = updates(Language::english(), Some(&status), Some(&json!({"entries": entries})));
        assert!(page.trouble);
        assert_eq!(page.reasons, ["release 7 was not kept: it did not start"]);
        assert_eq!((page.history.len(), page.history[0].as_str()), (MAX_LINES, "line 99"));
        assert_eq!(
            (page.rows[0].1.as_str(), page.rows[1].1.as_str(), page.rows[3].1.as_str()),
            ("Release 5, slot A", "Nothing whole", "5")
        );
    }
}
