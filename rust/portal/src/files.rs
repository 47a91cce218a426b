//! Files that anybody here may fetch: safe names, types, validators and byte ranges (RFC 9110, 13 and 14).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::lang::Language;
use crate::response::Response;

/// A file to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path under the folder, `/` between segments.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// What stays readable in a URL path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path in an address.
pub(crate) fn encoded(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// Longest name, in bytes, after decoding.
const MAX_NAME: usize = 1024;

impl Entry {
    /// The path part of its URL after `/files/`.
    pub fn href(&self) -> String {
        encoded(&self.name)
    }

    /// Its size for people.
    pub fn size_in(&self, lang: &Language) -> String {
        lang.size(self.size)
    }
}

/// Would this path under the folder be served? No hidden names, no way out of the folder, no control characters.
pub fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && !name.chars().any(|c| c.is_control() || c == '\\')
        && name.split('/').all(|segment| !segment.is_empty() && !segment.starts_with('.'))
}

/// The file that a URL path after `/files/` names, decoded once; `None` if it names nothing that is served.
pub fn name_of(encoded: &str) -> Option<String> {
    if encoded.len() > 3 * MAX_NAME {
        return None;
    }
    let name = percent_decode_str(encoded).decode_utf8().ok()?.into_owned();
    is_safe(&name).then_some(name)
}

/// How a type is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Content-Type.
    pub mime: &'static str,
    /// Saved, never opened in place: it could run in the portal's name.
    pub attachment: bool,
}

/// Types that a browser may open in place; everything else is saved.
#[rustfmt::skip]
const INLINE: &[(&str, &str)] = &[
    ("txt", "text/plain; charset=utf-8"), ("md", "text/plain; charset=utf-8"), ("csv", "text/plain; charset=utf-8"), ("log", "text/plain; charset=utf-8"),
    ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("png", "image/png"), ("gif", "image/gif"), ("webp", "image/webp"), ("avif", "image/avif"), ("bmp", "image/bmp"),
    ("mp3", "audio/mpeg"), ("ogg", "audio/ogg"), ("oga", "audio/ogg"), ("opus", "audio/ogg"), ("m4a", "audio/mp4"), ("aac", "audio/aac"), ("flac", "audio/flac"), ("wav", "audio/wav"),
    ("mp4", "video/mp4"), ("m4v", "video/mp4"), ("webm", "video/webm"), ("ogv", "video/ogg"), ("mkv", "video/x-matroska"), ("3gp", "video/3gpp"), ("mov", "video/quicktime"),
    ("pdf", "application/pdf"),
];

/// Types that are saved, with the name that lets a phone choose an app.
const SAVED: &[(&str, &str)] = &[
    ("apk", "application/vnd.android.package-archive"),
    ("epub", "application/epub+zip"),
    ("zip", "application/zip"),
    ("zim", "application/octet-stream"),
];

/// The type of a file, by the end of its name alone.
pub fn kind(name: &str) -> Kind {
    let ending = name.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    let of = |table: &[(&str, &'static str)]| table.iter().find(|(e, _)| *e == ending).map(|(_, mime)| *mime);
    match of(INLINE) {
        Some(mime) => Kind { mime, attachment: false },
        None => Kind { mime: of(SAVED).unwrap_or("application/octet-stream"), attachment: true },
    }
}

/// What of a file is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// 200: all of it.
    Whole,
    /// 206: from, to (inclusive).
    Range(u64, u64),
    /// 304: the client has it.
    NotModified,
    /// 416: no such bytes.
    Unsatisfiable,
}

/// The headers of a file request that matter, empty when absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions<'a> {
    /// Range
    pub range: &'a str,
    /// If-Range
    pub if_range: &'a str,
    /// If-None-Match
    pub if_none_match: &'a str,
}

/// A strong validator from modification time (nanoseconds) and size: a file is only ever replaced whole.
pub fn etag(modified_ns: u128, size: u64) -> String {
    format!("\"{modified_ns:x}-{size:x}\"")
}

/// What to send of a file of `size` bytes.
///
/// One range is served; several, another unit, or a validator that no longer holds give the whole file, as RFC 9110, 14.2 allows.
pub fn part(conditions: Conditions, etag: &str, size: u64) -> Part {
    let known = conditions.if_none_match.split(',').map(|t| t.trim().trim_start_matches("W/")).any(|t| t == etag || t == "*");
    if known {
        return Part::NotModified;
    }
    if !conditions.if_range.is_empty() && conditions.if_range != etag {
        return Part::Whole;
    }
    let Some((first, last)) = conditions.range.strip_prefix("bytes=").filter(|r| !r.contains(',')).and_then(|r| r.trim().split_once('-'))
    else {
        return Part::Whole;
    };
    let number = |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse::<u64>().ok() } else { None };
    match (first, last) {
        ("", suffix) => match number(suffix) {
            Some(0) => Part::Unsatisfiable,
            Some(_) if size == 0 => Part::Unsatisfiable,
            Some(n) => Part::Range(size.saturating_sub(n), size - 1),
            None => Part::Whole,
        },
        (first, last) => match (number(first), if last.is_empty() { Some(u64::MAX) } else { number(last) }) {
            (Some(a), Some(b)) if a > b => Part::Whole,
            (Some(a), Some(_)) if a >= size => Part::Unsatisfiable,
            (Some(a), Some(b)) => Part::Range(a, b.min(size - 1)),
            _ => Part::Whole,
        },
    }
}

/// A file's answer without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status and headers; a short text for an error.
    pub response: Response,
    /// Where the bytes start,
    pub offset: u64,
    /// and how many follow; 0: none.
    pub length: u64,
}

/// Status and headers for a part of the file `name`.
pub fn head(name: &str, part: &Part, etag: String, size: u64) -> Head {
    let (status, offset, length) = match *part {
        Part::Whole => (200, 0, size),
        Part::Range(first, last) => (206, first, last - first + 1),
        Part::NotModified => (304, 0, 0),
        Part::Unsatisfiable => {
            let response = Response::text(416, "The file has no such bytes.\n").with("content-range", format!("bytes */{size}"));
            return Head { response, offset: 0, length: 0 };
        }
    };
    // `no-cache` keeps a copy but asks each time: files are replaced under the same name.
    let mut response = Response::new(status, "").with("etag", etag).with("cache-control", "no-cache").with("accept-ranges", "bytes");
    if status != 304 {
        let kind = kind(name);
        response = response.with("content-type", kind.mime).with("x-content-type-options", "nosniff").with(
            "content-security-policy",
            "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        );
        if kind.attachment {
            response = response.with("content-disposition", "attachment");
        }
    }
    if status == 206 {
        response = response.with("content-range", format!("bytes {offset}-{}/{size}", offset + length - 1));
    }
    Head { response, offset, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder() {
        assert_eq!(name_of("a%20b/c.txt").as_deref(), Some("a b/c.txt"));
        assert_eq!(name_of("m%C3%BAsica.mp3").as_deref(), Some("música.mp3"));
        for bad in [
            "",
            "/etc/passwd",
            "..",
            "a/../b",
            "%2e%2e/x",
            "a/%2E%2E/b",
            "..%2f..%2fetc",
            ".hidden",
            "a//b",
            "a/",
            "a%00b",
            "a%5Cb",
            "%ff",
            "a%0d%0ab",
        ] {
            assert_eq!(name_of(bad), None, "{bad}");
        }
        assert_eq!(name_of("%252e%252e/x").as_deref(), Some("%2e%2e/x"), "decoded once only");
        assert_eq!(name_of(&"a".repeat(5000)), None);
        let entry = Entry { name: "50% \"<é>#?.txt".into(), size: 1 };
        assert_eq!(name_of(&entry.href()), Some(entry.name));
    }

    #[test]
    fn what_could_run_is_saved() {
        for active in ["x.html", "x.svg", "x.xml", "x.js", "x.HTM", "x.xhtml", "x", "x.swf", "x.apk", "a.png/x"] {
            assert!(kind(active).attachment, "{active}");
        }
        assert_eq!(kind("a/b.MP4"), Kind { mime: "video/mp4", attachment: false });
    }

    #[test]
    fn ranges() {
        let part_of = |range: &str| part(Conditions { range, ..Default::default() }, "\"e\"", 100);
        assert_eq!(part_of(""), Part::Whole);
        assert_eq!(part_of("bytes=0-0"), Part::Range(0, 0));
        assert_eq!(part_of("bytes=10-"), Part::Range(10, 99));
        assert_eq!(part_of("bytes=90-1000"), Part::Range(90, 99));
        assert_eq!(part_of("bytes=-10"), Part::Range(90, 99));
        assert_eq!(part_of("bytes=-1000"), Part::Range(0, 99));
        assert_eq!(part_of("bytes=100-"), Part::Unsatisfiable);
        assert_eq!(part_of("bytes=-0"), Part::Unsatisfiable);
        for whole in
            ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=", "bytes=-", "bytes=+1-2", "bytes=a-b", "bytes=99999999999999999999-"]
        {
            assert_eq!(part_of(whole), Part::Whole, "{whole}");
        }
        assert_eq!(part(Conditions { range: "bytes=-5", ..Default::default() }, "\"e\"", 0), Part::Unsatisfiable);
        assert_eq!(part(Conditions { range: "bytes=0-", ..Default::default() }, "\"e\"", 0), Part::Unsatisfiable);
    }

    #[test]
    fn validators() {
        let tag = etag(255, 16);
        assert_eq!(tag, "\"ff-10\"");
        let of = |if_none_match, if_range| part(Conditions { range: "bytes=1-2", if_range, if_none_match }, &tag, 16);
        assert_eq!(of("\"x\", W/\"ff-10\"", ""), Part::NotModified);
        assert_eq!(of("", "\"ff-10\""), Part::Range(1, 2));
        assert_eq!(of("", "\"old\""), Part::Whole);
    }
}
