//! Canonical JSON: one document has one form in bytes, so that what is signed is what is read.
//!
//! Fields come in the order of their declaration, without white space; unknown, missing and repeated fields are refused; numbers are decimal integers.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a document of at most `limit` bytes; the size is checked before anything is parsed. The error says what is wrong with it.
pub fn read<T: Serialize + DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, String> {
    if bytes.len() > limit {
        return Err(format!("it is longer than {limit} bytes"));
    }
    let document: T = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if write(&document) == bytes { Ok(document) } else { Err("it is not in canonical form".into()) }
}

/// A document's only form.
pub fn write<T: Serialize>(document: &T) -> Vec<u8> {
    // Our types have text keys and no floats: nothing in them can fail to be JSON.
    serde_json::to_vec(document).unwrap_or_else(|why| unreachable!("{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        a: u64,
        b: String,
    }

    #[test]
    fn only_one_form_is_read() {
        let text = br#"{"a":18446744073709551615,"b":"x"}"#;
        let pair: Pair = read(text, 99).unwrap();
        assert_eq!((pair.a, write(&pair).as_slice()), (u64::MAX, text.as_slice()));
        for wrong in [
            r#"{"a":1,"b":"x"} "#,
            r#"{"a": 1,"b":"x"}"#,
            r#"{"b":"x","a":1}"#,
            r#"{"a":1,"a":1,"b":"x"}"#,
            r#"{"a":1,"b":"x","c":1}"#,
            r#"{"a":1}"#,
            r#"{"a":1.0,"b":"x"}"#,
            r#"{"a":-1,"b":"x"}"#,
            r#"{"a":18446744073709551616,"b":"x"}"#,
            r#"{"a":01,"b":"x"}"#,
            r#"{"a":1,"b":"\u0078"}"#,
            r#"{"a":1,"b":"x"}{}"#,
            r#"[1,"x"]"#,
        ] {
            assert!(read::<Pair>(wrong.as_bytes(), 99).is_err(), "{wrong}");
        }
        assert!(read::<Pair>(text, text.len() - 1).is_err());
    }
}
