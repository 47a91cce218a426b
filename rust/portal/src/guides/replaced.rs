//! Guides that a community puts in the place of the program's: bundles called `guide-<id>`, with a plain text a language.
//!
//! `pt.txt`: the first line is the title, each further line a step; empty lines do not count, nor do marks of a list.
//! `{address}` is the portal's address. The bundle's cover stands on top, `1.jpg` below the first step. A text that does not
//! fit is as if it were not there.

use std::cmp::Reverse;

use content::store::Index;

use super::{GUIDES, Guide};
use crate::files::encoded;
use crate::home::clean;
use crate::lang::LANGUAGES;
use crate::library::{Book, is_picture};

/// Largest text in bytes.
const MAX_TEXT: u64 = 16 * 1024;
/// Longest title and step, in characters, and most steps.
const MAX_TITLE: usize = 80;
const MAX_STEP: usize = 600;
const MAX_STEPS: usize = 20;
/// What stands for the portal's address, which no publisher knows.
pub(super) const ADDRESS: &str = "{address}";

/// A guide of the community's own, in one language.
#[derive(Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The guide that it replaces.
    pub guide: &'static str,
    /// The language's code.
    pub lang: &'static str,
    /// Its title.
    pub title: String,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Address of the picture on top, without the base; else the program's drawing stays.
    pub picture: Option<String>,
}

/// A step, of whichever guide.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Words, before the portal's address where there is one.
    pub text: String,
    /// The portal's address is in it.
    pub address: bool,
    /// Words after the address.
    pub after: String,
    /// Address of its picture, without the base.
    pub picture: Option<String>,
}

impl Step {
    fn new(line: &str, picture: Option<String>) -> Self {
        let (text, after) = line.split_once(ADDRESS).unwrap_or((line, ""));
        let address = text.len() < line.len();
        Self { text: text.into(), address, after: after.replace(ADDRESS, ""), picture }
    }
}

/// All that these books replace: of each guide and language the newest text that fits. `read` brings the bytes of a file.
pub(crate) fn found(books: &[Book], read: &mut dyn FnMut(&Index, usize) -> Option<Vec<u8>>) -> Vec<Replacement> {
    let mut found = Vec::new();
    for guide in &GUIDES {
        let mut held: Vec<&Book> = books.iter().filter(|book| book.guide().is_some_and(|g| g.name == guide.name)).collect();
        // Packs are numbered as they arrive, so the last says who came last.
        held.sort_by_key(|book| Reverse((book.index.manifest.seq, book.index.packs.last().copied(), &book.id)));
        for language in &LANGUAGES {
            found.extend(held.iter().find_map(|book| replacement(guide, language.code, book, read)));
        }
    }
    found
}

fn replacement(
    guide: &'static Guide,
    lang: &'static str,
    book: &Book,
    read: &mut dyn FnMut(&Index, usize) -> Option<Vec<u8>>,
) -> Option<Replacement> {
    let (file, entry) = book.index.file(&format!("{lang}.txt"))?;
    if entry.size > MAX_TEXT {
        return None;
    }
    let (title, lines) = parse(&read(&book.index, file)?)?;
    let view = |path: &str| format!("/library/{}/view/{}", book.id, encoded(path));
    let beside = |name: &str| {
        let named = ["jpg", "png", "webp"].into_iter().map(|ending| format!("{name}.{ending}"));
        named.filter(|name| book.index.file(name).is_some()).map(|name| view(&name)).next()
    };
    let steps = lines.iter().enumerate().map(|(n, line)| Step::new(line, beside(&(n + 1).to_string()))).collect();
    let cover = &book.index.manifest.cover;
    // A plain folder has no manifest that names it.
    let picture = is_picture(cover).then(|| view(cover)).or_else(|| beside("cover"));
    Some(Replacement { guide: guide.name, lang, title, steps, picture })
}

/// Title and steps of a text.
fn parse(bytes: &[u8]) -> Option<(String, Vec<String>)> {
    // Notepad's mark of UTF-8.
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}');
    let mut lines = text.lines().map(bare).filter(|line| !line.is_empty());
    let title = clean(lines.next()?, MAX_TITLE).filter(|title| !title.is_empty())?;
    let steps: Vec<String> = lines.map(|line| clean(line, MAX_STEP)).collect::<Option<_>>()?;
    let fits = !steps.is_empty() && steps.len() <= MAX_STEPS && steps.iter().all(|step| !step.is_empty());
    fits.then_some((title, steps))
}

/// A line without the marks that people put before a heading or a step; the page numbers them itself.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let rest = match line.trim_start_matches(|c: char| c.is_ascii_digit()) {
        rest if rest.len() < line.len() => rest.strip_prefix(['.', ')']),
        _ => Some(line.trim_start_matches('#')).filter(|rest| rest.len() < line.len()).or_else(|| line.strip_prefix(['-', '*', '•'])),
    };
    // "10.42.0.1" and "5 minutes" begin no list.
    rest.filter(|rest| rest.starts_with(' ')).map_or(line, str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_title_and_steps() {
        let text = "\u{feff}# Find us again\r\n\r\n1. Type {address} into the line.\r\n- Keep it.\r\n10.42.0.1 is a number.\n5 minutes later\n2) Ask \u{202e}Ana";
        let (title, steps) = parse(text.as_bytes()).unwrap();
        assert_eq!(title, "Find us again");
        assert_eq!(steps, ["Type {address} into the line.", "Keep it.", "10.42.0.1 is a number.", "5 minutes later", "Ask Ana"]);
        let step = Step::new(&steps[0], None);
        assert_eq!((step.text.as_str(), step.address, step.after.as_str()), ("Type ", true, " into the line."));
        assert!(!Step::new(&steps[1], None).address);
    }

    #[test]
    fn what_does_not_fit_is_not_there() {
        let long = |n: usize| "x".repeat(n);
        let many = format!("T\n{}", "step\n".repeat(MAX_STEPS + 1));
        for bad in [
            String::new(),
            " \r\n\n".into(),
            "Only a title\n".into(),
            format!("{}\nstep", long(MAX_TITLE + 1)),
            format!("T\n{}", long(MAX_STEP + 1)),
            many,
            "\u{202e}\nstep".into(),
            "T\n\u{2066}".into(),
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad:.40}");
        }
        assert_eq!(parse(b"T\xff\nstep"), None);
        assert_eq!(parse(b"\xff\xfeT\0\n\0s\0"), None);
        assert!(parse(format!("{}\n{}", long(MAX_TITLE), long(MAX_STEP)).as_bytes()).is_some());
    }
}
