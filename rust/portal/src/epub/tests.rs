use std::io::Write;
use std::net::Ipv4Addr;

use super::*;
use crate::Client;

const CONTAINER: &str = r#"<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"#;
const OPF: &str = r#"<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Água &amp; &lt;sal&gt;</dc:title></metadata>
<manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/><item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="a" href="text/one.xhtml"/><item id="b" href="text/two%20b.xhtml"/><item id="c" href="../../out.xhtml"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/><itemref idref="none"/></spine></package>"#;
const NAV: &str = r#"<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body><nav epub:type="landmarks"><a href="x.xhtml">no</a></nav>
<nav epub:type="toc"><ol><li><a href="text/one.xhtml">One <b>&lt;script&gt;</b></a></li><li><a href="text/two%20b.xhtml#p2">Two</a></li><li><a href="https://x.example/">away</a></li></ol></nav></body></html>"#;
const NCX: &str = r#"<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Uno</text></navLabel><content src="text/one.xhtml"/></navPoint></navMap></ncx>"#;
const ONE: &str = r#"<html xmlns="http://www.w3.org/1999/xhtml"><head><title>1</title></head><BODY class="a"><p>first</p></BODY></html>"#;

fn zip(members: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, data, packed) in members {
        let method = if *packed { rawzip::CompressionMethod::DEFLATE } else { rawzip::CompressionMethod::STORE };
        let (mut entry, config) = archive.new_file(name).compression_method(method).start().unwrap();
        let descriptor = if *packed {
            let mut writer = config.wrap(flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default()));
            writer.write_all(data).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(data).unwrap();
            writer.finish().unwrap().1
        };
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

fn book(changed: &[(&str, &[u8])]) -> Vec<u8> {
    let mut members = vec![
        ("mimetype", &b"application/epub+zip"[..], false),
        ("META-INF/container.xml", CONTAINER.as_bytes(), true),
        ("OEBPS/book.opf", OPF.as_bytes(), true),
        ("OEBPS/nav.xhtml", NAV.as_bytes(), true),
        ("OEBPS/toc.ncx", NCX.as_bytes(), true),
        ("OEBPS/text/one.xhtml", ONE.as_bytes(), true),
        ("OEBPS/text/two b.xhtml", b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", false),
        ("OEBPS/a.css", b"p { color: red }", true),
    ];
    for (name, data) in changed {
        match members.iter_mut().find(|member| member.0 == *name) {
            Some(member) => member.1 = data,
            None => members.push((name, data, true)),
        }
    }
    zip(&members)
}

fn take(book: &[u8], member: &str) -> Result<Found, Error> {
    read(std::io::Cursor::new(book), book.len() as u64, member)
}

fn shown(book: &[u8], member: &str) -> Page {
    let client = Client { ip: Ipv4Addr::new(10, 42, 0, 7), continued: true, last_place: false };
    let wanted = Wanted { base: "/library/x/read/a.epub/", shelf: "/library/x/", name: "a.epub", member };
    page(&Site::default(), &Request::get("p2p.local", "/", client), &wanted, take(book, member))
}

fn text(page: &Page) -> String {
    page.bytes.as_ref().map_or_else(|| page.head.body.to_string(), |bytes| String::from_utf8(bytes.clone()).unwrap())
}

#[test]
fn a_book_has_its_table_of_contents() {
    let page = shown(&book(&[]), "");
    let html = text(&page);
    assert_eq!(page.head.status, 200);
    assert!(html.contains("Água &#38; &#60;sal&#62;"), "{html}");
    assert!(html.contains("href=\"/library/x/read/a.epub/OEBPS/text/one.xhtml\"") && html.contains("One &#60;script&#62;"), "{html}");
    assert!(html.contains("/OEBPS/text/two%20b.xhtml#p2") && !html.contains("x.example") && !html.contains("out.xhtml"), "{html}");
    // A broken table of EPUB 3: that of EPUB 2; neither: numbers.
    let html = text(&shown(&book(&[("OEBPS/nav.xhtml", b"<nav")]), ""));
    assert!(html.contains("Uno"), "{html}");
    let html = text(&shown(&book(&[("OEBPS/nav.xhtml", b"<nav"), ("OEBPS/toc.ncx", b"")]), ""));
    assert!(html.contains("two%20b.xhtml\"><b dir=\"auto\">2</b>"), "{html}");
}

#[test]
fn a_page_has_ways_on_and_back_and_runs_nothing() {
    let one = shown(&book(&[]), "OEBPS/text/one.xhtml");
    let xhtml = text(&one);
    assert_eq!(one.head.header("content-type"), Some("application/xhtml+xml; charset=utf-8"));
    assert!(one.head.header("content-security-policy").unwrap().starts_with("sandbox allow-popups; default-src 'none'"));
    assert_eq!(xhtml.matches("/library/x/read/a.epub/OEBPS/text/two%20b.xhtml").count(), 2, "{xhtml}");
    assert!(xhtml.find("<p xmlns").unwrap() < xhtml.find("first").unwrap() && !xhtml.contains("Page before"));
    assert!(roxmltree::Document::parse(&xhtml).is_ok() && xhtml.contains("<head><meta "), "{xhtml}");
    // A page without an end of its body is left as it is.
    assert!(!text(&shown(&book(&[]), "OEBPS/text/two b.xhtml")).contains("<p"));
    let css = shown(&book(&[]), "OEBPS/a.css");
    assert_eq!((css.head.header("content-type"), text(&css).as_str()), (Some("text/css; charset=utf-8"), "p { color: red }"));
    assert_eq!(shown(&book(&[]), "OEBPS/none.css").head.status, 404);
}

#[test]
fn attack_bombs_and_broken_books_are_told_and_bounded() {
    let bomb = vec![b' '; MAX_PAGE + 1];
    assert_eq!(take(&book(&[("OEBPS/text/one.xhtml", &bomb)]), "OEBPS/text/one.xhtml").unwrap_err(), Error::TooLarge);
    assert_eq!(take(&book(&[("OEBPS/book.opf", &bomb)]), "").unwrap_err(), Error::TooLarge);
    // Entities that grow, and elements that nest for ever, in as little stack as the program has.
    let mut laughs = String::from("<!DOCTYPE a [<!ENTITY a0 \"ha\">");
    for n in 1..20 {
        laughs += &format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10));
    }
    laughs += "]><package>&a19;</package>";
    let deep = "<a>".repeat(50_000) + &"</a>".repeat(50_000);
    for hostile in [laughs, deep, "\u{0}".into(), String::new(), "<package/>".into()] {
        let file = book(&[("OEBPS/book.opf", hostile.as_bytes())]);
        let thread = std::thread::Builder::new().stack_size(128 * 1024);
        let found =
            thread.spawn(move || take(&file, "").map(|found| found.package.unwrap_or_default().spine.len())).unwrap().join().unwrap();
        assert!(matches!(found, Err(Error::Broken) | Ok(0)), "{found:?}");
    }
    let good = book(&[]);
    assert_eq!(shown(&good[..good.len() - 30], "").head.status, 422);
    for cut in (0..good.len()).step_by(7) {
        let _ = take(&good[..cut], "OEBPS/text/one.xhtml");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        for member in ["", "OEBPS/text/one.xhtml"] {
            if let Ok(Found { bytes: Some(bytes), .. }) = take(&bad, member) {
                assert_eq!(bytes, ONE.as_bytes(), "a sum that does not hold is no page");
            }
        }
    }
    let _ = shown(&zip(&[("META-INF/container.xml", b"<container><rootfile full-path=\"../../etc/passwd\"/></container>", true)]), "");
}
