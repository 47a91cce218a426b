//! The community's part of the first page: judged by the `portal` crate, kept in two files that portald reads.

use std::fs;
use std::path::PathBuf;

use owner::hex;
use portal::home::{self, Home};
use serde_json::{Value, json};

use crate::record;

/// The words, beside the owner's record; readable by the group.
pub const WORDS: &str = "home.json";
/// The picture.
pub const PICTURE: &str = "home-picture";

/// The folder.
pub struct Keeper(pub PathBuf);

impl Keeper {
    /// What there is.
    pub fn show(&self) -> (u16, Value) {
        let words: Home = fs::read(self.0.join(WORDS)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let mut body = json!(words);
        body["colour"] = words.colour().into();
        body["colours"] = json!(home::COLOURS);
        body["picture"] = self.0.join(PICTURE).exists().into();
        (200, body)
    }

    /// `{home, picture}`: the picture in hexadecimal; empty takes it away, absent leaves it.
    pub fn keep(&self, body: &Value) -> (u16, Value) {
        let words = serde_json::from_value::<Home>(body["home"].clone()).map_err(|e| e.to_string()).and_then(Home::checked);
        let words = match words {
            Ok(words) => words,
            Err(why) => return (422, json!({"error": why})),
        };
        let picture = match body["picture"].as_str() {
            None => None,
            Some(text) => match hex::decode(text, home::MAX_PICTURE).filter(|b| b.is_empty() || home::picture_type(b).is_some()) {
                Some(bytes) => Some(bytes),
                None => return (422, json!({"error": "that is no picture that can be shown"})),
            },
        };
        let result = record::replace(&self.0.join(WORDS), json!(words).to_string().as_bytes(), 0o640, None).and_then(|()| match picture {
            None => Ok(()),
            Some(bytes) if bytes.is_empty() => {
                fs::remove_file(self.0.join(PICTURE)).or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
            }
            Some(bytes) => record::replace(&self.0.join(PICTURE), &bytes, 0o640, None),
        });
        match result {
            Ok(()) => (200, json!({})),
            Err(e) => (500, json!({"error": e.to_string()})),
        }
    }
}
