//! A file that calls itself a book → its table of contents, its pages; the first byte says which member is asked for.
#![no_main]

use std::io::Cursor;
use std::net::Ipv4Addr;

use portal::epub::{self, Wanted};
use portal::{Client, Request, Site};

thread_local! {
    static SITE: Site = Site::default();
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&which, book)) = data.split_first() else { return };
    let member = ["", "META-INF/container.xml", "b.opf", "a.xhtml", "s.css", "p.jpg"][usize::from(which) % 6];
    let client = Client { ip: Ipv4Addr::new(10, 42, 0, 9), continued: true, last_place: false };
    let wanted = Wanted { base: "/library/x/read/b.epub/", shelf: "/library/x/", name: "b.epub", member };
    let found = epub::read(Cursor::new(book), book.len() as u64, member);
    let page = SITE.with(|site| epub::page(site, &Request::get("p2p.local", "/", client), &wanted, found));
    assert!(matches!(page.head.status, 200 | 404 | 422));
    if let Some(bytes) = &page.bytes {
        assert!(bytes.len() <= 17 << 20, "a page of {} bytes", bytes.len());
        assert!(page.head.header("content-security-policy").is_some_and(|policy| policy.starts_with("sandbox ")), "it may run");
    } else {
        assert!(!page.head.body.contains("<script"), "a book's words are markup");
    }
});
