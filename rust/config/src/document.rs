//! The file as keys with their lines. Lines that are not TOML are set aside, so that the others still count.

use toml::de::{DeTable, DeValue};

use crate::Problem;
use crate::value::Value;

/// Largest hotspot.toml that is read.
pub const MAX_FILE_BYTES: usize = 64 * 1024;

/// So many broken lines are set aside before the rest of the file is given up.
const MAX_BROKEN_LINES: usize = 32;

/// So many problems are told; who has more starts from the template.
const MAX_PROBLEMS: usize = 64;

/// A file's keys, not yet checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// In the order of the lines.
    pub entries: Vec<Entry>,
    /// Lines that could not be read.
    pub problems: Vec<Problem>,
}

/// One `key = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `section.key`.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// Its line, from 1.
    pub line: u32,
}

impl Document {
    /// Reads bytes as a person's editor left them.
    pub fn parse(bytes: &[u8]) -> Self {
        if bytes.len() > MAX_FILE_BYTES {
            let reason =
                format!("the file has {} bytes, at most {MAX_FILE_BYTES} are read; using the defaults for everything", bytes.len());
            return Self { entries: Vec::new(), problems: vec![Problem { line: 0, key: String::new(), reason }] };
        }
        let mut document = Self::default();
        let mut text = document.decode(bytes);
        for attempt in 0.. {
            match DeTable::parse(&text) {
                Ok(table) => {
                    document.collect(&text, "", table.get_ref());
                    break;
                }
                Err(error) => {
                    let at = error.span().map_or(0, |s| s.start);
                    let message = error.message().to_owned();
                    text = document.set_aside(text, at, &message, attempt >= MAX_BROKEN_LINES);
                }
            }
        }
        document.entries.sort_by_key(|e| e.line);
        document.problems.truncate(MAX_PROBLEMS);
        document
    }

    /// The value of a key, if the file has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|e| e.key == key).map(|e| &e.value)
    }

    /// Whether some of the text could not be read as TOML at all, so that what is missing proves nothing.
    pub fn is_damaged(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Bytes to text: UTF-8, UTF-16 with its mark (old Notepad's "Unicode"), else line by line what is UTF-8.
    fn decode(&mut self, bytes: &[u8]) -> String {
        if let Some(units) = bytes.strip_prefix(&[0xff, 0xfe]) {
            let units = units.chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]]));
            return char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
        }
        let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
        let mut text = String::with_capacity(bytes.len());
        for (number, line) in (1..).zip(bytes.split_inclusive(|b| *b == b'\n')) {
            match std::str::from_utf8(line) {
                Ok(line) => text.push_str(line),
                // A comment in an old encoding costs nothing.
                Err(_) if line.trim_ascii_start().starts_with(b"#") => text.push('\n'),
                Err(_) => {
                    self.problem(number, "this line has letters that are not UTF-8; save the file as UTF-8. The line is not used");
                    text.push('\n');
                }
            }
        }
        text
    }

    /// Blanks the line at `at` (a whole section if its header is broken, or its keys would land in the one before).
    fn set_aside(&mut self, text: String, at: usize, why: &str, give_up: bool) -> String {
        let mut lines: Vec<&str> = text.split('\n').collect();
        let mut index = text.bytes().take(at).filter(|b| *b == b'\n').count();
        // An error "at the end of the line" can point to the empty line behind it.
        while index > 0 && lines[index].trim().is_empty() {
            index -= 1;
        }
        let number = u32::try_from(index + 1).unwrap_or(0);
        let blank = lines[index].trim().is_empty();
        let end = if give_up || blank {
            self.problem(number, &format!("{why}; nothing from this line on is used"));
            lines.len()
        } else if lines[index].trim_start().starts_with('[') {
            self.problem(number, &format!("{why}; this section is not used"));
            (index + 1..lines.len()).find(|i| lines[*i].trim_start().starts_with('[')).unwrap_or(lines.len())
        } else {
            self.problem(number, &format!("{why}; this line is not used"));
            index + 1
        };
        lines[index..end].fill("");
        if blank {
            lines.clear();
        }
        lines.join("\n")
    }

    fn problem(&mut self, line: u32, reason: &str) {
        let reason = reason.lines().next().unwrap_or_default().to_owned();
        self.problems.push(Problem { line, key: String::new(), reason });
    }

    fn collect(&mut self, text: &str, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
            match value.get_ref() {
                DeValue::Table(inner) => self.collect(text, &name, inner),
                other => {
                    let newlines = text.bytes().take(key.span().start).filter(|b| *b == b'\n').count();
                    self.entries.push(Entry { key: name, value: convert(other), line: u32::try_from(newlines + 1).unwrap_or(0) });
                }
            }
        }
    }
}

fn convert(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other("a number that is too large"), Value::Number)
        }
        DeValue::Float(number) => Value::Text(number.as_str().to_owned()),
        DeValue::Boolean(_) => Value::Other("true or false"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(|i| i.get_ref().as_str().map(str::to_owned)).collect();
            texts.map_or(Value::Other("a list of something else than texts"), Value::List)
        }
        DeValue::Table(_) => Value::Other("a section"),
    }
}
