use std::collections::HashMap;
use std::net::Ipv4Addr;

use content::key::Publisher;
use content::store::Place;
use content::walk::Tree;
use content::{Cid, Codec, Manifest};

use super::*;
use crate::Client;
use crate::files::{Conditions, Part};

const CLIENT: Client = Client { ip: Ipv4Addr::new(10, 42, 0, 7), continued: true, last_place: false };

/// A book of these paths; its blocks are nowhere.
fn book(title: &str, languages: &[&str], paths: &[&str]) -> Arc<Index> {
    let files: Vec<_> = paths.iter().map(|path| (*path, 10)).collect();
    index(|m| m.languages = languages.iter().map(|l| (*l).into()).collect(), title, 1, &files)
}

/// The same of these paths and sizes, in the pack of this number; `change` says what else its manifest has.
pub(crate) fn index(change: impl FnOnce(&mut Manifest), title: &str, pack: u64, files: &[(&str, u64)]) -> Arc<Index> {
    let cid = Cid::of(Codec::Raw, format!("{title} {pack}").as_bytes());
    let mut files = files.to_vec();
    files.sort_unstable();
    let entry =
        |&(path, size): &(&str, u64)| Entry { path: path.into(), cid, size, mime: content::mime::of(path).into(), license: String::new() };
    let mut manifest = Manifest {
        publisher: Publisher([1; 32]),
        seq: 1,
        created: 0,
        prev: None,
        title: title.into(),
        content: cid,
        total_bytes: 10,
        block_count: 1,
        entries: files.iter().map(entry).collect(),
        name: String::new(),
        description: "Über <b>Água</b>".into(),
        languages: Vec::new(),
        license: String::new(),
        cover: String::new(),
    };
    change(&mut manifest);
    let blocks = vec![content::walk::Block { cid, len: 10 }];
    let extent = content::walk::Extent { block: 0, at: 0, len: 10 };
    let file = |&(path, size): &(&str, u64)| content::walk::TreeFile { path: path.into(), cid, size, extents: 0..1 };
    let files = files.iter().map(file).collect();
    let tree = Tree { blocks, files, extents: vec![extent], envelope: None, manifest: Some(manifest) };
    let places = HashMap::from([(cid, Place { pack, at: 0, len: 10 })]);
    Arc::new(Index::new(Cid { codec: Codec::DagCbor, ..cid }, title, tree, &places).unwrap())
}

fn shelf() -> Shelf {
    let books = [
        book("Livros <script>", &["pt", "fr"], &["index.html", "capítulo 1/página.html", "a.pdf"]),
        book("Songs", &["en"], &["one.mp3", "two.MP3"]),
    ];
    Shelf::new(books.into_iter())
}

fn ask(target: &str) -> Answer {
    let (shelf, site) = (shelf(), Site::default());
    let around = Surroundings { library: Some(&shelf), ..Surroundings::default() };
    crate::answer(&site, &around, &Request::get("p2p.local", target, CLIENT))
}

fn page(target: &str) -> String {
    match ask(target) {
        Answer::Send(response) if response.status == 200 => response.body.into_owned(),
        other => panic!("{target}: {other:?}"),
    }
}

/// What a phone loads first is one page and one picture, 50 KB of both, whatever a community has put there.
#[test]
fn the_first_page_is_small_whatever_there_is() {
    let covered = |n: u64| index(|m| m.cover = "c.jpg".into(), &format!("{n}{}", "&".repeat(60)), n, &[("c.jpg", 9_000_000)]);
    let shelf = Shelf::new((0..9).map(covered));
    let files: Vec<_> = (0..500).map(|n| crate::files::Entry { name: format!("{n} song.mp3"), size: 1 << 20 }).collect();
    let around = Surroundings { library: Some(&shelf), files: &files, ..Surroundings::default() };
    let mut site = Site { picture: Some("abc".into()), ..Site::default() };
    site.home.welcome.insert("en".into(), "é".repeat(600));
    for n in 0..12 {
        let link =
            crate::home::Link { title: format!("{n}{}", "w".repeat(58)), address: format!("http://example.org/{}", "p".repeat(120)) };
        site.home.links.push(link);
    }
    let Answer::Send(page) = crate::answer(&site, &around, &Request::get("p2p.local", "/", CLIENT)) else { panic!() };
    let (bytes, listed) = (page.body.len() + crate::home::MAX_PICTURE, page.body.matches(" song.mp3<").count());
    assert!(bytes <= 50_000 && listed > 0, "{bytes} bytes, {listed} files");
    assert_eq!(page.body.matches("<img").count(), 1, "the community's picture alone");
    assert!(matches!(crate::answer(&site, &around, &Request::get("p2p.local", "/library/", CLIENT)),
        Answer::Send(page) if page.body.matches("class=\"cover\" src").count() == 9));
    site.picture = None;
    let Answer::Send(page) = crate::answer(&site, &around, &Request::get("p2p.local", "/", CLIENT)) else { panic!() };
    assert!(page.body.len() <= 50_000 && page.body.matches(" song.mp3<").count() > listed, "{} bytes", page.body.len());
}

#[test]
fn books_are_found_without_accents_and_nothing_of_theirs_is_markup() {
    let all = page("/library/");
    assert!(all.contains("Livros &#60;script&#62;") && !all.contains("<script") && all.contains("Songs"));
    for (query, livros, songs) in [
        ("agua", true, true),
        ("LIVROS", true, false),
        ("capitulo+PAGINA", true, false),
        ("livros+pdf", true, false),
        ("two+songs", false, true),
        ("%22%3E%3Cscript%3E", true, false),
        ("nothing+at+all", false, false),
    ] {
        let found = page(&format!("/library/?q={query}"));
        assert_eq!((found.contains("Livros"), found.contains("Songs")), (livros, songs), "{query}");
        assert!(!found.contains("<script"), "{query}");
    }
    assert!(!page("/library/?in=en").contains("Livros") && page("/library/?in=pt").contains("Livros"));
    assert!(page("/library/?lang=pt").contains("Biblioteca") && page("/").contains("/library/"));
}

#[test]
fn a_book_has_a_page_and_its_files() {
    let shelf = shelf();
    let id = &shelf.books[0].id;
    let html = page(&format!("/library/{id}/"));
    assert!(
        html.contains("&#60;b&#62;")
            && html.contains("cap%C3%ADtulo%201/p%C3%A1gina.html")
            && html.contains(&format!("/library/{id}/view/\""))
    );
    let entry = |path: &str| match ask(&format!("/library/{id}/{path}")) {
        Answer::Entry { book, file, how } => Some((shelf.books[book].index.manifest.entries[file].path.clone(), how)),
        _ => None,
    };
    assert_eq!(entry("view/"), Some(("index.html".into(), How::View)));
    assert_eq!(entry("view/a.pdf"), Some(("a.pdf".into(), How::View)));
    assert_eq!(entry("get/cap%C3%ADtulo%201/p%C3%A1gina.html"), Some(("capítulo 1/página.html".into(), How::Save)));
    for none in ["view/none", "view/../a.pdf", "view/%2e%2e/a.pdf", "run/a.pdf", "view/%ff"] {
        assert_eq!(entry(none), None, "{none}");
    }
    assert!(matches!(ask("/library/0123456789abcdef/"), Answer::Send(r) if r.status == 404));
    assert!(matches!(ask("/library"), Answer::Send(r) if r.status == 302));
}

#[test]
fn attack_hostile_html() {
    let entry = |path: &str, mime: &str| Entry {
        path: path.into(),
        cid: Cid::of(Codec::Raw, b"x"),
        size: 1,
        mime: mime.into(),
        license: String::new(),
    };
    let head = |path, mime| head(&entry(path, mime), &Part::Whole, How::View).response;
    // What could run has an origin of its own, whatever its publisher calls it.
    for (path, mime) in [
        ("a.html", "text/html"),
        ("a.svg", "image/svg+xml"),
        ("a.xml", "application/xml"),
        ("a", "text/html"),
        ("a.bin", "text/html"),
        ("a.xhtml", "application/xhtml+xml"),
    ] {
        let response = head(path, mime);
        let policy = response.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("sandbox ") && !policy.contains("allow-same-origin") && !policy.contains("allow-top-navigation"),
            "{path}"
        );
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    // A picture by name is a picture by type, even if its publisher says that it is a page.
    let response = head("a.png", "text/html");
    assert_eq!(response.header("content-type"), Some("image/png"));
    assert!(response.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let part = files::part(Conditions { if_none_match: &etag(&entry("a", "")), ..Conditions::default() }, &etag(&entry("a", "")), 1);
    assert_eq!(part, Part::NotModified);
}

#[test]
fn a_book_file_is_read_page_by_page() {
    let shelf = Shelf::new([book("Books", &["en"], &["Água 1.epub", "b.EPUB"])].into_iter());
    let site = Site::default();
    let around = Surroundings { library: Some(&shelf), ..Surroundings::default() };
    let ask = |target: &str| crate::answer(&site, &around, &Request::get("p2p.local", target, CLIENT));
    let id = &shelf.books[0].id;
    let Answer::Send(page) = ask(&format!("/library/{id}/")) else { panic!() };
    assert!(page.body.contains(&format!("/library/{id}/read/b.EPUB/")) && page.body.contains(&format!("/library/{id}/get/b.EPUB")));
    let reading = |file, member: &str| Answer::Reading { book: 0, file, member: member.into() };
    assert_eq!(ask(&format!("/library/{id}/read/b.EPUB/")), reading(0, ""));
    assert_eq!(ask(&format!("/library/{id}/read/%C3%81gua%201.epub/OEBPS/c%201.xhtml")), reading(1, "OEBPS/c 1.xhtml"));
    for none in ["read/", "read/b.EPUB", "read/c.epub/", "read/a.pdf/", "read/%ff.epub/"] {
        assert!(matches!(ask(&format!("/library/{id}/{none}")), Answer::Send(r) if r.status == 404), "{none}");
    }
}
