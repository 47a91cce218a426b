//! Sticks for the owner: which are in, and which one is meant.

use std::path::Path;

use serde_json::{Value, json};

use super::api::language;
use crate::shown::shown;
use crate::supervisor::sticks::{Stick, known};

/// `GET /sticks?lang=xx`: `{sticks: [{name, size, free, fs, why}]}`: sizes as the language writes them, `why` where one cannot be used.
pub fn show(query: &str) -> (u16, Value) {
    let lang = language(query);
    let one = |stick: &Stick| {
        let free = stick.path.as_deref().and_then(|path| sys::mount::space(path).ok()).map(|(_, free)| lang.size(free));
        json!({"name": stick.name, "size": lang.size(stick.size), "free": free, "fs": stick.fs, "why": stick.why.as_deref().map(shown)})
    };
    (200, json!({"sticks": known().iter().map(one).collect::<Vec<_>>()}))
}

/// Does it with the place of the stick that `{stick}` names.
pub fn with(body: &Value, work: impl FnOnce(&Path) -> (u16, Value)) -> (u16, Value) {
    let name = body["stick"].as_str().unwrap_or_default();
    match known().into_iter().find(|stick| stick.name == name) {
        Some(Stick { path: Some(path), .. }) => work(&path),
        Some(Stick { why, .. }) => (409, json!({"error": why.as_deref().map_or_else(|| "the stick cannot be used".into(), shown)})),
        None => (409, json!({"error": "there is no such stick in the box: push it in, and look again"})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stick_that_is_not_there_is_told_so() {
        for body in [Value::Null, json!({"stick": "sda1"}), json!({"stick": 7})] {
            assert_eq!(with(&body, |_| (200, Value::Null)).0, 409, "{body}");
        }
        assert_eq!(show("lang=fr"), (200, json!({"sticks": []})));
    }
}
