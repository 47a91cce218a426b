//! EPUB books, read in any browser: the box unpacks them page by page, so that neither a reader program nor scripts are needed.
//! Pure: the shell brings the file as something that can be read at any place, in a thread that may wait ([`read`]); the rest
//! is words around what was found ([`page`]).

use askama::Template;
use rawzip::ReaderAt;

use crate::files::encoded;
use crate::lang::Key;
use crate::pages::{self, Frame, STYLE};
use crate::request::Request;
use crate::response::Response;
use crate::site::Site;
use archive::Archive;
pub use archive::Error;
use package::{Line, Package};

mod archive;
mod package;

#[cfg(test)]
mod tests;

/// Longest page of a book, and longest picture, font or other member, in bytes.
const MAX_PAGE: usize = 4 << 20;
const MAX_MEMBER: usize = 16 << 20;

/// A book's page: nothing of it can run, nothing of it can reach the portal or another machine.
const POLICY: &str = "sandbox allow-popups; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; frame-ancestors 'none'";

/// A page made for reader programs would be shown tiny on a phone.
const SCREEN: &[u8] = b"<meta xmlns=\"http://www.w3.org/1999/xhtml\" name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>";

/// What is asked of which book.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The book's address, with its slash at the end.
    pub base: &'a str,
    /// Where the bundle that it is in is shown.
    pub shelf: &'a str,
    /// The file's own name, for a book without a title.
    pub name: &'a str,
    /// The member; empty for the table of contents.
    pub member: &'a str,
}

/// An answer: its head, and the bytes of its body where these are no text of ours.
#[derive(Debug)]
pub struct Page {
    /// Status and headers; the body too if there are no bytes.
    pub head: Response,
    /// The body.
    pub bytes: Option<Vec<u8>>,
}

#[derive(Template)]
#[template(path = "reading.html")]
struct Contents<'a> {
    f: Frame<'a>,
    title: &'a str,
    base: &'a str,
    shelf: &'a str,
    start: Option<String>,
    lines: &'a [Line],
}

impl Contents<'_> {
    /// Where a line leads.
    fn href(&self, line: &Line) -> String {
        format!("{}{}{}", self.base, encoded(&line.member), line.place)
    }
}

/// What was found in a book.
#[derive(Debug)]
pub struct Found {
    package: Option<Package>,
    /// A member's bytes; none for the table of contents.
    bytes: Option<Vec<u8>>,
}

/// Takes the member out of a book of `size` bytes, or its table of contents if `member` is empty. It may wait for the card.
pub fn read<R: ReaderAt>(reader: R, size: u64, member: &str) -> Result<Found, Error> {
    let archive = Archive::open(reader, size)?;
    if member.is_empty() {
        return Ok(Found { package: Some(Package::read(&archive, true)?), bytes: None });
    }
    let around = is_page(member);
    let bytes = archive.member(member, if around { MAX_PAGE } else { MAX_MEMBER })?;
    Ok(Found { package: around.then(|| Package::read(&archive, false)).transpose()?, bytes: Some(bytes) })
}

/// A member that ways on and back are put around.
fn is_page(member: &str) -> bool {
    let member = member.to_ascii_lowercase();
    [".xhtml", ".html", ".htm", ".xml"].iter().any(|end| member.ends_with(end))
}

/// The answer.
pub fn page(site: &Site, request: &Request, wanted: &Wanted, found: Result<Found, Error>) -> Page {
    match found {
        Ok(Found { package, bytes: Some(bytes) }) => member(site, request, wanted, bytes, package.as_ref()),
        Ok(Found { package, bytes: None }) => contents(site, request, wanted, &package.unwrap_or_default()),
        Err(Error::Missing) => Page { head: pages::not_found(site, request), bytes: None },
        Err(Error::Broken | Error::TooLarge | Error::Packed) => {
            Page { head: pages::message(site, request, 422, Key::ReadingTitle, Key::ReadingBroken), bytes: None }
        }
    }
}

fn contents(site: &Site, request: &Request, wanted: &Wanted, package: &Package) -> Page {
    let title = if package.title.is_empty() { wanted.name } else { &package.title };
    let f = Frame::new(site, request, "");
    let start = package.spine.first().map(|member| format!("{}{}", wanted.base, encoded(member)));
    let page = Contents { title, base: wanted.base, shelf: wanted.shelf, start, lines: &package.contents, f };
    Page { head: pages::html(200, &page, &site.own, page.f.lang), bytes: None }
}

fn member(site: &Site, request: &Request, wanted: &Wanted, bytes: Vec<u8>, package: Option<&Package>) -> Page {
    let mime = if package.is_some() { "application/xhtml+xml; charset=utf-8" } else { content::mime::of(wanted.member) };
    let head = Response::new(200, "")
        .with("content-type", mime)
        .with("content-security-policy", POLICY)
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "no-referrer")
        // The sandbox's own origin must be able to load its fonts.
        .with("access-control-allow-origin", "*")
        // The address has the bundle's own in it: only our words around a page may change.
        .with("cache-control", if package.is_some() { "no-cache" } else { "public, max-age=31536000, immutable" });
    let bytes = match package {
        Some(package) => with_ways(site, request, wanted, bytes, package),
        None => bytes,
    };
    Page { head, bytes: Some(bytes) }
}

/// Puts the ways on and back around a page, in XHTML of their own.
fn with_ways(site: &Site, request: &Request, wanted: &Wanted, page: Vec<u8>, package: &Package) -> Vec<u8> {
    let f = Frame::new(site, request, "");
    let at = package.spine.iter().position(|member| member == wanted.member);
    let way = |member: Option<&String>, key| {
        member.map(|member| format!("<a href=\"{}{}{}\">{}</a>", wanted.base, encoded(member), f.keep, escaped(&f.say(key))))
    };
    let before = way(at.and_then(|at| at.checked_sub(1)).and_then(|at| package.spine.get(at)), Key::ReadingBefore);
    let after = way(at.and_then(|at| package.spine.get(at + 1)), Key::ReadingAfter);
    let contents = Some(format!("<a href=\"{}{}\">{}</a>", wanted.base, f.keep, escaped(&f.say(Key::ReadingContents))));
    let ways = [before, contents, after].into_iter().flatten().collect::<Vec<_>>().join(" \u{b7} ");
    let nav = format!(
        "<p xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"{}\" dir=\"{}\" style=\"margin:1em 0;padding:.5em;border:1px solid #888;font:1rem/2 sans-serif;text-align:center;text-indent:0\">{ways}</p>",
        f.lang.code,
        f.say(Key::LanguageDirection)
    );
    let lower = page.to_ascii_lowercase();
    // Behind the tag's end; `<header>` is no `<head>`.
    let behind = |tag: &[u8]| {
        let at = lower.windows(tag.len() + 1).position(|window| window.starts_with(tag) && !window[tag.len()].is_ascii_alphanumeric())?;
        Some(at + lower[at..].iter().position(|&b| b == b'>')? + 1)
    };
    let close = lower.windows(7).rposition(|window| window == b"</body>");
    match (behind(b"<body"), close) {
        (Some(open), Some(close)) if open <= close => {
            let head = behind(b"<head").filter(|&at| at <= open && page[at - 2] != b'/').unwrap_or(0);
            let screen: &[u8] = if head == 0 { b"" } else { SCREEN };
            [&page[..head], screen, &page[head..open], nav.as_bytes(), &page[open..close], nav.as_bytes(), &page[close..]].concat()
        }
        _ => page,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
