//! A made-up box: what its pages are made of.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use content::key::Publisher;
use content::manifest::Entry;
use content::store::{Index, Place};
use content::walk::{Block, Tree, TreeFile};
use content::{Cid, Codec, Manifest};
use portal::home::{Home, Link};
use portal::library::Shelf;
use portal::{Answer, Client, Request, Site, Surroundings, files, internet};
use serde_json::json;

/// The box, and who asks it.
#[derive(Clone, Copy)]
pub struct Box<'a> {
    pub lang: &'a str,
    pub agent: &'a str,
    pub colour: &'a str,
    pub continued: bool,
    /// Its community has made nothing of the first page.
    pub bare: bool,
    /// The phone is let through to the internet.
    pub open: bool,
    pub rescue: bool,
}

impl<'a> Box<'a> {
    pub fn new(lang: &'a str) -> Self {
        Self { lang, agent: "Android", colour: "green", continued: false, bare: false, open: false, rescue: false }
    }

    fn site(&self) -> Site {
        let mut settings = config::Settings::default();
        settings.community.name = "Vila Nova".into();
        settings.internet.access = config::Access::Voucher;
        let problem = config::Problem { line: 12, key: "wifi.ssid".into(), reason: "40 bytes, at most 32".into() };
        let link = |title: &str| Link { title: title.into(), address: "/library/".into() };
        let home = Home {
            welcome: [("pt".to_owned(), "Bem-vindos!\nA biblioteca abre às nove.".to_owned())].into(),
            colour: self.colour.into(),
            links: vec![link("School"), link("مكتبة القرية")],
            picture_text: "The village".into(),
        };
        let site = Site { rescue: self.rescue, ..Site::new(&settings, vec![problem]) };
        if self.bare { site } else { Site { home, picture: Some("1".into()), ..site } }
    }

    /// What the box answers, and to whom.
    pub fn page(&self, target: &str) -> String {
        let and = if target.contains('?') { '&' } else { '?' };
        self.asked(&format!("{target}{and}lang={}", self.lang), |site, around, request| match portal::answer(site, around, request) {
            Answer::Send(response) => response.body.into_owned(),
            other => panic!("{target}: {other:?}"),
        })
    }

    /// What it says to a wrong voucher.
    pub fn refused(&self) -> String {
        let target = format!("/internet?lang={}", self.lang);
        self.asked(&target, |site, around, request| {
            internet::refused(site, around.way, request, internet::Entered::Wrong).body.into_owned()
        })
    }

    /// The last page of the files of the book with a cover.
    pub fn book(&self) -> String {
        let shelf = shelf();
        let covered = shelf.books.iter().find(|book| !book.index.manifest.cover.is_empty());
        self.page(&format!("/library/{}/?page=1", covered.map(|book| book.id.as_str()).unwrap_or_default()))
    }

    fn asked(&self, target: &str, answer: impl FnOnce(&Site, &Surroundings, &Request) -> String) -> String {
        let shelf = shelf();
        let file = |name: &str, size| files::Entry { name: name.into(), size };
        let files = [file("First aid.pdf", 730_000), file("F-Droid.apk", 8_400_000), file("خريطة القرية.png", 1_400_000)];
        let status = json!({"state": "trouble", "uptime_s": 266_400, "version": "1.0", "problems": ["the card had 3 read errors"],
            "data": {"ok": true, "size": 30_000_000_000_u64, "free": 24_500_000_000_u64}, "uplink": {"state": "internet"},
            "radio": {"state": "up", "ssid": "Vila Nova", "channel": 6, "security": "open", "stations": 5, "limit": 10}});
        let history = json!({"entries": [{"text": "release 4 is good"}, {"text": "release 5 came from a stick"}]});
        let updates = (
            json!({"state": "writing", "progress": 0.43, "release": {"seq": 5}, "running": {"seq": 4, "slot": "a"},
            "last_error": "the stick was pulled out"}),
            history,
        );
        let way = json!({"online": true, "on_time": true, "open": self.open, "may": self.open, "cloned": !self.open,
            "left": {"kind": "hours", "units": 5400}});
        let around = Surroundings {
            files: &files,
            phone_limit: Some(8),
            library: Some(&shelf),
            status: Some(&status),
            updates: Some(&updates),
            way: Some(&way),
            ..Surroundings::default()
        };
        let client = Client { ip: Ipv4Addr::new(10, 42, 0, 7), continued: self.continued, last_place: true };
        let request = Request { user_agent: self.agent, ..Request::get("10.42.0.1", target, client) };
        answer(&self.site(), &around, &request)
    }
}

/// Books with and without covers, in all colours; one with more files than a page lists.
fn shelf() -> Shelf {
    let titles = ["Medicinal plants", "Maps of the region", "Wikipedia in Portuguese", "أغاني القرية", "Contos", "Letters"];
    Shelf::new(titles.iter().enumerate().map(|(n, title)| book(title, n == 0, if n == 0 { 103 } else { 2 })))
}

fn book(title: &str, covered: bool, files: usize) -> Arc<Index> {
    let cid = Cid::of(Codec::Raw, title.as_bytes());
    let path = |n: usize| if n == 0 && covered { "000.png".to_owned() } else { format!("{n:03} A chapter.html") };
    let entry = |n| Entry { path: path(n), cid, size: 310_000 * (n as u64 + 1), mime: String::new(), license: String::new() };
    let entries: Vec<Entry> = (0..files).map(entry).chain([Entry { path: "index.html".into(), ..entry(1) }]).collect();
    let file = |entry: &Entry| TreeFile { path: entry.path.clone(), cid, size: entry.size, extents: 0..0 };
    let manifest = Manifest {
        publisher: Publisher([7; 32]),
        seq: 1,
        created: 0,
        prev: None,
        title: title.into(),
        content: cid,
        total_bytes: 1,
        block_count: 1,
        name: String::new(),
        description: "What grows behind the school,\nand what it is good for.".into(),
        languages: vec!["pt".into(), "es".into()],
        license: "CC-BY-SA-4.0".into(),
        cover: if covered { "000.png".into() } else { String::new() },
        entries,
    };
    let tree = Tree {
        blocks: vec![Block { cid, len: 1 }],
        files: manifest.entries.iter().map(file).collect(),
        extents: Vec::new(),
        envelope: None,
        manifest: Some(manifest),
    };
    let places = HashMap::from([(cid, Place { pack: 1, at: 0, len: 1 })]);
    // Nothing of this is read from a disk, so nothing can be missing.
    Arc::new(Index::new(Cid { codec: Codec::DagCbor, ..cid }, title, tree, &places).expect("its only block has a place"))
}

/// A picture that is in the page itself.
pub fn picture() -> String {
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 60 40'%3E%3Cpath fill='%23b7c9a0' d='M0 0h60v40h-60z'/%3E%3Cpath fill='%232f6f57' d='M0 40l20-24 14 16 8-8 18 16z'/%3E%3C/svg%3E".into()
}
