//! The card's file meets the settings of record: what changed in the file since it was last read wins.

use crate::document::{Document, Entry};
use crate::keys::{self, KEYS};
use crate::{Settings, Value};

/// The new record: for every key whose line in the file is not what it was, the file's word; else the record's.
///
/// A key that went from the file, or whose new value cannot be used, leaves the record, so that its default holds.
/// Lines of `now` that could not be read prove nothing, so nothing leaves the record for them.
pub fn merge(record: &Document, now: &Document, last: &Document) -> Vec<Entry> {
    KEYS.iter()
        .filter_map(|key| {
            let in_file = now.get(key.name);
            let untouched = in_file == last.get(key.name) || (in_file.is_none() && now.is_damaged());
            let value = if untouched { record.get(key.name) } else { in_file }?;
            keys::apply(&mut Settings::default(), key.name, value).ok()?;
            Some(Entry { key: key.name.to_owned(), value: value.clone(), line: 0 })
        })
        .collect()
}

/// Entries with others over them, in the table's order.
pub fn overlay(under: &[Entry], over: &[Entry]) -> Vec<Entry> {
    let find = |entries: &[Entry], name: &str| entries.iter().find(|e| e.key == name).cloned();
    KEYS.iter().filter_map(|key| find(over, key.name).or_else(|| find(under, key.name))).collect()
}

/// Keys as a hotspot.toml, in the table's order.
pub fn render(entries: &[Entry]) -> String {
    let mut text = String::from("# Written by the box; edit on the owner's page, or in hotspot.toml on the card.\n");
    let mut open = "";
    for entry in entries {
        let (section, key) = entry.key.split_once('.').unwrap_or(("", &entry.key));
        if section != open {
            text.push_str(&format!("\n[{section}]\n"));
            open = section;
        }
        text.push_str(&format!("{key} = {}\n", entry.value));
    }
    text
}

/// All keys of settings that are not at their defaults.
pub fn entries_of(settings: &Settings) -> Vec<Entry> {
    let defaults = Settings::default();
    let changed = |key: &&keys::Key| (key.get)(settings) != (key.get)(&defaults);
    KEYS.iter().filter(changed).map(|key| Entry { key: key.name.to_owned(), value: (key.get)(settings), line: 0 }).collect()
}

/// Every key's name with the value that settings give it.
pub fn values_of(settings: &Settings) -> Vec<(&'static str, Value)> {
    KEYS.iter().map(|key| (key.name, (key.get)(settings))).collect()
}
