//! The library: bundles as books, their pages, and how their files are sent. Pure; the shell brings the indexes.

mod sent;

use std::sync::Arc;

use askama::Template;
use content::manifest::Entry;
use content::store::Index;
use percent_encoding::percent_decode_str;

use crate::files::{self, encoded};
use crate::guides::{self, Guide, Replacement};
use crate::lang::{Key, Language};
use crate::pages::{self, Frame, STYLE};
use crate::request::Request;
use crate::response::Response;
use crate::site::Site;
use crate::{Answer, Surroundings};

pub use sent::{etag, head};

/// Files of one page of a book.
const PAGE: usize = 100;
/// Files that a search over the whole library lists.
const FOUND_FILES: usize = 60;
/// Books that the front page names.
const ON_FRONT: usize = 4;
/// Longest search, in bytes.
const MAX_QUERY: usize = 200;

/// A bundle on the shelf.
#[derive(Debug)]
pub struct Book {
    /// What its addresses have after `/library/`: the end of its root's name.
    pub id: String,
    /// What it is and where its bytes are.
    pub index: Arc<Index>,
    /// What a search looks through: title, description, name; then every path, a line each.
    folded: String,
}

/// All books, by title.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The books.
    pub books: Vec<Book>,
    /// Guides that some of them replace.
    guides: Vec<Replacement>,
}

/// Accents do not count in a search, nor does case.
fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            c => c,
        })
        .collect()
}

impl Book {
    fn new(index: Arc<Index>) -> Self {
        let m = &index.manifest;
        let root = index.root.to_string();
        let mut folded = fold(&format!("{} {} {}", m.title, m.name, m.description).replace('\n', " "));
        for entry in &m.entries {
            folded.push('\n');
            folded.push_str(&fold(&entry.path));
        }
        Self { id: root[root.len() - 16..].to_owned(), index, folded }
    }

    /// The guide that it replaces: by its name, or its title if it has none.
    pub(crate) fn guide(&self) -> Option<&'static Guide> {
        Guide::replaced_by(self.index.manifest.series())
    }

    /// The path that opens when the book is opened, if it is a web site.
    fn start(&self) -> Option<&str> {
        ["index.html", "index.htm"].into_iter().find(|name| self.index.file(name).is_some())
    }

    /// Does it, itself, have all these words?
    fn matches(&self, words: &[String]) -> bool {
        let head = self.folded.split('\n').next().unwrap_or_default();
        words.iter().all(|word| head.contains(word))
    }

    /// Numbers of its files whose path has one of these words at least, and the others too or the book has them.
    fn files_with<'a>(&'a self, words: &'a [String]) -> impl Iterator<Item = usize> + 'a {
        let (head, paths) = self.folded.split_once('\n').unwrap_or((&self.folded, ""));
        let missing: Vec<&String> = words.iter().filter(|word| !head.contains(*word)).collect();
        let has = move |path: &str| missing.iter().all(|word| path.contains(*word)) && words.iter().any(|word| path.contains(word));
        paths.split('\n').enumerate().filter(move |(_, path)| has(path)).map(|(i, _)| i)
    }
}

impl Shelf {
    /// From what is published.
    pub fn new(bundles: impl Iterator<Item = Arc<Index>>) -> Self {
        let mut books: Vec<Book> = bundles.map(Book::new).collect();
        books.sort_by(|a, b| (&a.folded, &a.id).cmp(&(&b.folded, &b.id)));
        Self { books, guides: Vec::new() }
    }

    /// With the guides that its books replace; `read` brings a small file of a book, by its number in the manifest.
    pub fn with_guides(mut self, mut read: impl FnMut(&Index, usize) -> Option<Vec<u8>>) -> Self {
        self.guides = guides::found(&self.books, &mut read);
        self
    }

    /// The community's own text of a guide.
    pub fn guide(&self, guide: &Guide, lang: &Language) -> Option<&Replacement> {
        self.guides.iter().find(|own| own.guide == guide.name && own.lang == lang.code)
    }

    fn book(&self, id: &str) -> Option<usize> {
        self.books.iter().position(|book| book.id == id)
    }

    /// What the front page names: the books, and how many there are in all. Guides are linked there anyway.
    pub fn front(&self) -> (Vec<&Book>, usize) {
        let books = || self.books.iter().filter(|book| book.guide().is_none());
        (books().take(ON_FRONT).collect(), books().count())
    }
}

/// A file that a page may show as a picture.
pub(crate) fn is_picture(path: &str) -> bool {
    matches!(files::kind(path).mime, "image/jpeg" | "image/png" | "image/webp" | "image/gif")
}

/// A book as a page shows it.
pub struct Card<'a> {
    book: &'a Book,
    lang: &'static Language,
    has_cover: bool,
}

impl<'a> Card<'a> {
    /// In this language.
    pub fn new(book: &'a Book, lang: &'static Language) -> Self {
        Self { book, lang, has_cover: true }
    }

    /// The same for the first page, which loads nothing but the community's picture.
    pub fn without_cover(book: &'a Book, lang: &'static Language) -> Self {
        Self { book, lang, has_cover: false }
    }

    /// Its address without the base.
    pub fn href(&self) -> String {
        format!("/library/{}/", self.book.id)
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.book.index.manifest.title
    }

    /// The address of its cover.
    pub fn cover(&self) -> Option<String> {
        let cover = &self.book.index.manifest.cover;
        (self.has_cover && is_picture(cover)).then(|| format!("/library/{}/view/{}", self.book.id, encoded(cover)))
    }

    /// A colour for a book without one, always the same.
    pub fn hue(&self) -> u32 {
        self.book.id.bytes().fold(7_u32, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b))) / 7 % 4
    }

    /// The title's first letter.
    pub fn letter(&self) -> String {
        self.title().chars().find(|c| c.is_alphanumeric()).unwrap_or('·').to_uppercase().collect()
    }

    /// Languages as people call them.
    pub fn languages(&self) -> String {
        let name = |code: &String| {
            Language::named(code.split('-').next().unwrap_or(code)).map_or_else(|| code.clone(), |l| l.say(Key::LanguageName))
        };
        self.book.index.manifest.languages.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// Size and number of files.
    pub fn size(&self) -> String {
        let m = &self.book.index.manifest;
        format!("{} · {}", self.lang.size(m.files_bytes()), self.lang.with(Key::LibraryCount, "n", m.entries.len()))
    }
}

/// A file as a page lists it.
pub struct File<'a> {
    book: &'a Book,
    entry: &'a Entry,
    lang: &'static Language,
}

impl File<'_> {
    /// Where it opens.
    pub fn href(&self) -> String {
        let (way, end) = if is_epub(&self.entry.path) { ("read", "/") } else { ("view", "") };
        format!("/library/{}/{way}/{}{end}", self.book.id, encoded(&self.entry.path))
    }

    /// Where it is saved from.
    pub fn save(&self) -> String {
        format!("/library/{}/get/{}", self.book.id, encoded(&self.entry.path))
    }

    /// Its name, with the folders before it.
    pub fn name(&self) -> &str {
        &self.entry.path
    }

    /// Its size.
    pub fn size(&self) -> String {
        self.lang.size(self.entry.size)
    }

    /// The book that it is in.
    pub fn title(&self) -> &str {
        &self.book.index.manifest.title
    }
}

#[derive(Template)]
#[template(path = "library.html")]
struct Library<'a> {
    f: Frame<'a>,
    query: String,
    only: String,
    offered: Vec<(String, String)>,
    books: Vec<Card<'a>>,
    found: Vec<File<'a>>,
    empty: bool,
}

#[derive(Template)]
#[template(path = "book.html")]
struct BookPage<'a> {
    f: Frame<'a>,
    card: Card<'a>,
    start: Option<String>,
    description: &'a str,
    license: &'a str,
    publisher: String,
    files: Vec<File<'a>>,
    before: Option<String>,
    after: Option<String>,
}

/// How a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To be looked at.
    View,
    /// To be kept.
    Save,
}

/// Anything under `/library/`.
pub fn answer(site: &Site, around: &Surroundings, request: &Request) -> Answer {
    let nothing = Shelf::default();
    let shelf = around.library.unwrap_or(&nothing);
    let Some(rest) = request.path.strip_prefix("/library/") else {
        return Answer::Send(pages::moved_to(site, request, "/library/"));
    };
    if rest.is_empty() {
        return Answer::Send(library(site, shelf, request));
    }
    let not_found = || Answer::Send(pages::not_found(site, request));
    let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(number) = shelf.book(id) else { return not_found() };
    let book = &shelf.books[number];
    let (how, path) = match rest.split_once('/').unwrap_or((rest, "")) {
        ("", _) => return Answer::Send(book_page(site, book, request)),
        ("view", path) => (How::View, path),
        ("get", path) => (How::Save, path),
        ("read", path) => return reading(number, book, path).unwrap_or_else(not_found),
        _ => return not_found(),
    };
    if path.len() > 3 * content::paths::MAX_PATH {
        return not_found();
    }
    let Ok(path) = percent_decode_str(path).decode_utf8() else { return not_found() };
    let index = &book.index;
    let found = index.file(&path).or_else(|| {
        // A folder is its first page.
        let folder = path.is_empty() || path.ends_with('/');
        ["index.html", "index.htm"].into_iter().filter(|_| folder).find_map(|name| index.file(&format!("{path}{name}")))
    });
    match found {
        Some((file, _)) => Answer::Entry { book: number, file, how },
        None if index.file(&format!("{path}/index.html")).is_some() => {
            Answer::Send(Response::text(302, "").with("location", format!("{}/", request.path)))
        }
        None => not_found(),
    }
}

/// A file that is opened page by page.
fn is_epub(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".epub")
}

/// `PATH.epub/MEMBER`, as its address has it.
fn reading(number: usize, book: &Book, address: &str) -> Option<Answer> {
    if address.len() > 6 * content::paths::MAX_PATH {
        return None;
    }
    // The first slash behind the ending parts the two, whatever the member is called.
    let end = address.to_ascii_lowercase().find(".epub/")? + ".epub".len();
    let path = percent_decode_str(&address[..end]).decode_utf8().ok()?;
    let member = percent_decode_str(&address[end + 1..]).decode_utf8().ok()?;
    let (file, _) = book.index.file(&path)?;
    Some(Answer::Reading { book: number, file, member: member.into_owned() })
}

/// The address of a file's table of contents, and of the bundle that it is in.
pub fn reading_base(book: &Book, entry: &Entry) -> (String, String) {
    (format!("/library/{}/read/{}/", book.id, encoded(&entry.path)), format!("/library/{}/", book.id))
}

fn library(site: &Site, shelf: &Shelf, request: &Request) -> Response {
    let f = Frame::new(site, request, "/library/");
    let query = request.form_value("q").map(|q| q.chars().take(MAX_QUERY).collect::<String>()).unwrap_or_default();
    // Quotes and other marks are no part of a word that someone looks for.
    let words: Vec<String> = fold(&query).split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect();
    let only = request.form_value("in").filter(|code| code.len() <= 35).unwrap_or_default();
    let speaks =
        |book: &Book, only: &str| only.is_empty() || book.index.manifest.languages.iter().any(|l| l.split('-').next() == Some(only));
    let chosen: Vec<&Book> = shelf.books.iter().filter(|book| speaks(book, &only)).collect();
    let mut found = Vec::new();
    if !words.is_empty() {
        for book in &chosen {
            let files = book.files_with(&words).take(FOUND_FILES - found.len());
            found.extend(files.map(|i| File { book, entry: &book.index.manifest.entries[i], lang: f.lang }));
            if found.len() == FOUND_FILES {
                break;
            }
        }
    }
    let books: Vec<Card> = chosen.into_iter().filter(|book| book.matches(&words)).map(|book| Card::new(book, f.lang)).collect();
    let mut codes: Vec<String> =
        shelf.books.iter().flat_map(|b| &b.index.manifest.languages).map(|l| l.split('-').next().unwrap_or(l).to_owned()).collect();
    codes.sort();
    codes.dedup();
    let offered = codes
        .into_iter()
        .map(|code| (Language::named(&code).map_or_else(|| code.clone(), |l| l.say(Key::LanguageName)), code))
        .map(|(n, c)| (c, n))
        .collect();
    let page = Library { query, only, offered, empty: shelf.books.is_empty(), books, found, f };
    pages::html(200, &page, &site.own, page.f.lang)
}

fn book_page(site: &Site, book: &Book, request: &Request) -> Response {
    let f = Frame::new(site, request, "");
    let m = &book.index.manifest;
    let number: usize = request.parameter("page").and_then(|n| n.parse().ok()).unwrap_or(0).min(m.entries.len() / PAGE);
    let files = m.entries.iter().skip(number * PAGE).take(PAGE).map(|entry| File { book, entry, lang: f.lang }).collect();
    let at = |n: usize| {
        let and = if f.keep.is_empty() { "?" } else { "&" };
        format!("/library/{}/{}{and}page={n}", book.id, f.keep)
    };
    let page = BookPage {
        start: book.start().map(|_| format!("/library/{}/view/", book.id)),
        card: Card::new(book, f.lang),
        description: &m.description,
        license: &m.license,
        publisher: if book.index.signed { m.publisher.short() } else { String::new() },
        before: number.checked_sub(1).map(at),
        after: (m.entries.len() > (number + 1) * PAGE).then(|| at(number + 1)),
        files,
        f,
    };
    pages::html(200, &page, &site.own, page.f.lang)
}

#[cfg(test)]
pub(crate) mod tests;
