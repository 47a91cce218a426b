//! A setting's value as hotspot.toml can hold it.

use std::fmt;

/// One value: the few TOML types that our keys use.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string; also a float, as it was written (`band = 2.4`).
    Text(String),
    /// An integer.
    Number(i64),
    /// A list of strings.
    List(Vec<String>),
    /// Anything else, named for a person.
    Other(&'static str),
}

impl fmt::Display for Value {
    /// The value as TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => quote(text, f),
            Self::Number(number) => write!(f, "{number}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { ", " })?;
                    quote(item, f)?;
                }
                f.write_str("]")
            }
            Self::Other(_) => f.write_str("\"\""),
        }
    }
}

/// A TOML basic string (TOML 1.0, "String").
fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
