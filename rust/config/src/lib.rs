//! The settings of record: hotspot.toml parsed and validated key by key.
//!
//! A wrong value never costs the others: each key is applied alone, and one that cannot be used keeps its default and
//! becomes a [`Problem`] with line and reason in plain words.
#![forbid(unsafe_code)]

pub mod blank;
mod check;
mod document;
mod keys;
mod lists;
mod merge;
mod range;
mod reference;
mod service;
mod settings;
mod value;

pub use document::{Document, Entry, MAX_FILE_BYTES};
pub use lists::{countries, timezones};
pub use merge::{entries_of, merge, overlay, render, values_of};
pub use range::{CAPTURE_ADDRESS, Range};
pub use reference::{later, reference};
pub use service::{Service, Target};
pub use settings::*;
pub use value::Value;

use serde::{Deserialize, Serialize};

/// The portal's languages.
pub const LANGUAGES: [&str; 4] = ["en", "pt", "es", "fr"];

/// The commented file that is on every card: all keys with their defaults.
pub const TEMPLATE: &str = include_str!("../hotspot.toml");

/// Something in hotspot.toml that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Line in the file, from 1; 0 when it is about the file as a whole.
    pub line: u32,
    /// `section.key`, or empty when the line could not be read as a key.
    pub key: String,
    /// What is wrong and what is used instead.
    pub reason: String,
}

/// What a file said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The settings: defaults where the file says nothing or something unusable.
    pub settings: Settings,
    /// What was unusable, in the order of the lines.
    pub problems: Vec<Problem>,
}

/// Reads the bytes of a hotspot.toml: UTF-8, with or without byte order mark, lines ended by LF or CRLF.
pub fn read(bytes: &[u8]) -> Reading {
    read_document(&Document::parse(bytes))
}

/// The same from a parsed file.
pub fn read_document(document: &Document) -> Reading {
    let mut settings = Settings::default();
    let mut problems = document.problems.clone();
    for entry in &document.entries {
        if let Err(reason) = keys::apply(&mut settings, &entry.key, &entry.value) {
            problems.push(Problem { line: entry.line, key: entry.key.clone(), reason });
        }
    }
    for (key, reason) in check::together(&mut settings) {
        let line = document.entries.iter().find(|e| e.key == key).map_or(0, |e| e.line);
        problems.push(Problem { line, key: key.to_owned(), reason });
    }
    problems.sort_by_key(|p| p.line);
    Reading { settings, problems }
}

#[cfg(test)]
mod tests;
