//! Where a secret stands in the file's bytes, so that it can be overwritten in place.

use std::ops::Range;

use crate::document::Document;
use crate::value::Value;

/// The bytes of the lines that hold a key with a value that is not empty, without the last line's end. Overwriting them with spaces
/// leaves a file that reads the same but for that key.
pub fn lines_of(bytes: &[u8], key: &str) -> Option<Range<usize>> {
    let document = Document::parse(bytes);
    let entry = document.entries.iter().find(|e| e.key == key)?;
    if matches!(&entry.value, Value::Text(text) if text.is_empty()) {
        return None;
    }
    let wide = bytes.starts_with(&[0xff, 0xfe]);
    let lines = lines(bytes, wide);
    let first = usize::try_from(entry.line).ok()?.checked_sub(1)?;
    let start = lines.get(first)?.clone();
    let text = plain(&bytes[start.clone()], wide);
    // A text over several lines ends where its three quotes come again.
    let quotes = ["\"\"\"", "'''"].into_iter().find(|q| text.matches(q).count() == 1);
    let last = match quotes {
        Some(quotes) => (first + 1..lines.len()).find(|n| plain(&bytes[lines[*n].clone()], wide).contains(quotes))?,
        None => first,
    };
    Some(start.start..lines.get(last)?.end)
}

/// The same bytes with those lines blank; their number and length stay.
pub fn without(bytes: &[u8], key: &str) -> Vec<u8> {
    let mut out = bytes.to_vec();
    if let Some(range) = lines_of(bytes, key) {
        out[range.clone()].copy_from_slice(&spaces(bytes, range));
    }
    out
}

/// Blank lines for that range of the file: spaces, in its encoding, and the line ends that are there.
pub fn spaces(bytes: &[u8], range: Range<usize>) -> Vec<u8> {
    let wide = bytes.starts_with(&[0xff, 0xfe]);
    let mut out = bytes[range].to_vec();
    if wide {
        for unit in out.chunks_exact_mut(2).filter(|u| !matches!(**u, [b'\n' | b'\r', 0])) {
            unit.copy_from_slice(&[b' ', 0]);
        }
    } else {
        out.iter_mut().filter(|b| !matches!(**b, b'\n' | b'\r')).for_each(|b| *b = b' ');
    }
    out
}

/// Ranges of the lines, without their ends; a byte order mark belongs to none.
fn lines(bytes: &[u8], wide: bool) -> Vec<Range<usize>> {
    let (step, mut start) = if wide { (2, 2) } else { (1, if bytes.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 }) };
    let mut out = Vec::new();
    let mut at = start;
    while at + step <= bytes.len() {
        if bytes[at] == b'\n' && (!wide || bytes[at + 1] == 0) {
            out.push(start..at);
            start = at + step;
        }
        at += step;
    }
    out.push(start..at);
    out
}

fn plain(bytes: &[u8], wide: bool) -> String {
    if wide {
        char::decode_utf16(bytes.chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]]))).map(|c| c.unwrap_or('?')).collect()
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "admin.password";

    fn blanked(text: &[u8]) -> Vec<u8> {
        let out = without(text, KEY);
        assert_eq!(out.len(), text.len());
        assert_eq!(lines_of(&out, KEY), None);
        out
    }

    #[test]
    fn only_its_line_goes() {
        let out = blanked(b"[wifi]\r\nssid = \"a\"\r\n[admin]\r\npassword = \"secret 12\" # mine\r\n[map]\r\n");
        assert_eq!(String::from_utf8(out).unwrap(), format!("[wifi]\r\nssid = \"a\"\r\n[admin]\r\n{}\r\n[map]\r\n", " ".repeat(29)));
        assert!(!String::from_utf8_lossy(&blanked(b"\xef\xbb\xbfadmin.password = 'secret 12'")).contains("secret"));
        assert!(!String::from_utf8_lossy(&blanked(b"[admin]\npassword = \"\"\"\nsecret\n12\"\"\"\n[map]\n")).contains("secret"));
        assert!(!String::from_utf8_lossy(&blanked(b"broken [\n[admin]\npassword = \"secret 12\"\n")).contains("secret"));
    }

    #[test]
    fn old_notepads_files_too() {
        let mut wide = vec![0xff, 0xfe];
        wide.extend("[admin]\r\npassword = \"secret é\"\r\n[wifi]\r\nssid = \"b\"\r\n".encode_utf16().flat_map(u16::to_le_bytes));
        let out = blanked(&wide);
        assert_eq!(crate::read(&out).settings.wifi.ssid, "b");
        assert!(crate::read(&out).problems.is_empty());
    }

    #[test]
    fn nothing_to_blank() {
        for text in [&b""[..], b"[admin]\n#password = \"x\"\n", b"[admin]\npassword = \"\"\n", crate::TEMPLATE.as_bytes()] {
            assert_eq!(without(text, KEY), text);
        }
    }
}
