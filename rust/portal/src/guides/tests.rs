//! Bundles in the place of guides, as pages show them.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use content::store::Index;

use super::*;
use crate::lang::LANGUAGES;
use crate::library::Shelf;
use crate::library::tests::index;
use crate::{Answer, Client, Request, Site, Surroundings};

/// A bundle of this name; what its files say is in `Held`.
fn bundle(name: &str, seq: u64, pack: u64, files: &[(&str, u64)]) -> Arc<Index> {
    let change = |m: &mut content::Manifest| {
        (m.name, m.seq) = (name.into(), seq);
        m.cover = m.entry("cover.png").map(|_| "cover.png".into()).unwrap_or_default();
    };
    index(change, &format!("Title of {name}"), pack, files)
}

/// Bundles, and what `bundle.seq/path` reads.
struct Held {
    bundles: Vec<Arc<Index>>,
    texts: Vec<(&'static str, String)>,
}

impl Held {
    fn shelf(&self) -> Shelf {
        Shelf::new(self.bundles.iter().cloned()).with_guides(|index, file| {
            let m = &index.manifest;
            let name = format!("{}.{}/{}", m.series(), m.seq, m.entries[file].path);
            self.texts.iter().find(|(n, _)| *n == name).map(|(_, text)| text.clone().into_bytes())
        })
    }

    fn page(&self, target: &str) -> String {
        let client = Client { ip: Ipv4Addr::LOCALHOST, continued: true, last_place: false };
        let shelf = self.shelf();
        let around = Surroundings { library: Some(&shelf), ..Surroundings::default() };
        match crate::answer(&Site::default(), &around, &Request::get("p2p.local", target, client)) {
            Answer::Send(response) if response.status == 200 => response.body.into_owned(),
            other => panic!("{target}: {other:?}"),
        }
    }
}

#[test]
fn a_bundle_replaces_a_guide_where_it_is_linked_and_shown() {
    let files = [("en.txt", 60), ("cover.png", 9), ("2.jpg", 9)];
    let held = Held {
        bundles: vec![bundle("guide-find", 1, 1, &files), index(|_| (), "Songs", 2, &[("a.mp3", 1)])],
        texts: vec![("guide-find.1/en.txt", "<b>Find Ana's box</b>\n1. Type {address} & wait\n2. Sit under the tree".into())],
    };
    let (home, guide) = (held.page("/"), held.page("/guide/find"));
    for page in [&home, &guide, &held.page("/guide/stay")] {
        assert!(page.contains("/guide/find\">&#60;b&#62;Find Ana&#39;s box&#60;/b&#62;<"), "{page}");
        assert!(!page.contains("<b>Find") && !page.contains("Find this page again"));
    }
    assert!(guide.contains("<li>Type <a class=\"address\" href=\"http://10.42.0.1/\">http://10.42.0.1</a> &#38; wait</li>"), "{guide}");
    let id = held.shelf().books.iter().find(|b| b.guide().is_some()).unwrap().id.clone();
    for picture in [
        format!("<img class=\"shot\" src=\"/library/{id}/view/cover.png\" alt=\"\">"),
        format!("under the tree<img class=\"shot\" src=\"/library/{id}/view/2.jpg\""),
    ] {
        assert!(guide.contains(&picture), "{picture} in {guide}");
    }
    // Who reads another language keeps the program's guide in it, and the other guides stay as they are.
    assert!(held.page("/guide/find?lang=fr").contains("Retrouver cette page") && held.page("/guide/app").contains("Install an app"));
    // It is one of the library's bundles, but the first page names it once.
    assert!(held.page("/library/").contains("Title of guide-find") && !home.contains("Title of guide-find") && home.contains("Songs"));
}

#[test]
fn the_newest_text_that_fits_wins() {
    let text = |n: u8| format!("Text {n}\nstep");
    let held = Held {
        bundles: vec![
            bundle("guide-find", 2, 7, &[("en.txt", 9), ("pt.txt", 9)]),
            bundle("guide-find", 3, 1, &[("en.txt", 9)]),
            bundle("guide-stay", 1, 8, &[("en.txt", 9)]),
            bundle("guide-stay", 1, 9, &[("fr.txt", 9)]),
        ],
        texts: vec![
            ("guide-find.2/en.txt", text(1)),
            ("guide-find.2/pt.txt", text(2)),
            ("guide-find.3/en.txt", text(3)),
            ("guide-stay.1/en.txt", text(4)),
            ("guide-stay.1/fr.txt", text(5)),
        ],
    };
    for (target, text) in [("find", "Text 3"), ("find?lang=pt", "Text 2"), ("stay", "Text 4"), ("stay?lang=fr", "Text 5")] {
        assert!(held.page(&format!("/guide/{target}")).contains(&format!("</small> {text}</h1>")), "{target}");
    }
    let twice = |packs: [u64; 2]| {
        let one = |pack| index(move |m| m.name = "guide-app".into(), "x", pack, &[("en.txt", 9)]);
        let shelf =
            Shelf::new(packs.map(one).into_iter()).with_guides(|index, _| Some(format!("Pack {}\nstep", index.packs[0]).into_bytes()));
        shelf.guide(Guide::named("app").unwrap(), Language::english()).unwrap().title.clone()
    };
    assert_eq!((twice([4, 5]), twice([6, 3])), ("Pack 5".into(), "Pack 6".into()), "of the same release the one that came last");
}

#[test]
fn attack_guides_that_do_not_fit_leave_ours() {
    let held = |name: &'static str, files: &[(&str, u64)], text: &str| Held {
        bundles: vec![bundle(name, 1, 1, files)],
        texts: vec![("guide-find.1/en.txt", text.to_owned())],
    };
    for (why, held) in [
        ("no text", held("guide-find", &[("index.html", 9)], "")),
        ("text that cannot be read", Held { texts: Vec::new(), ..held("guide-find", &[("en.txt", 9)], "") }),
        ("a title alone", held("guide-find", &[("en.txt", 9)], "Title")),
        ("a huge file", held("guide-find", &[("en.txt", 1 << 40)], "Evil\nstep")),
        ("a huge title", held("guide-find", &[("en.txt", 9)], &format!("{}\nstep", "Evil ".repeat(50)))),
        ("too many steps", held("guide-find", &[("en.txt", 9)], &format!("Evil\n{}", "step\n".repeat(500)))),
        ("a folder of that name", held("guide-find", &[("en.txt/a", 9)], "Evil\nstep")),
        ("another name", held("guide-lost", &[("en.txt", 9)], "Evil\nstep")),
        ("a name that goes on", held("guide-find ", &[("en.txt", 9)], "Evil\nstep")),
    ] {
        for page in [held.page("/"), held.page("/guide/find")] {
            assert!(page.contains("Find this page again") && !page.contains("Evil"), "{why}");
        }
    }
    // What reaches beyond its line is taken out; a cover that could run is no picture.
    let mut files = vec![bundle("guide-find", 1, 1, &[("en.txt", 9)])];
    files.push(index(
        |m| (m.name, m.cover, m.seq) = ("guide-find".into(), "a.svg".into(), 2),
        "x",
        2,
        &[("en.txt", 9), ("a.svg", 9), ("1.svg", 9)],
    ));
    let held =
        Held { bundles: files, texts: vec![("guide-find.2/en.txt", "\u{202e}Turn\u{2066}ed\n<script>\u{7}alert(1)</script>".into())] };
    let page = held.page("/guide/find");
    assert!(page.contains(">Turned<") && page.contains("<li>&#60;script&#62;alert(1)&#60;/script&#62;</li>"), "{page}");
    assert!(!page.contains(".svg") && page.contains("<svg class=\"shot\"") && !page.contains("<script"));
}

#[test]
fn the_examples_say_what_the_program_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/guides");
    for guide in &GUIDES {
        let read = |name: &str| std::fs::read_to_string(folder.join(guide.name).join(name)).unwrap_or_default();
        assert!(read("bundle.toml").contains(&format!("\nname = \"guide-{}\"\n", guide.name)));
        for language in &LANGUAGES {
            let name = format!("{}.txt", language.code);
            assert_eq!(read(&name), guide.text(language), "cargo run -p portal --example guides -- examples/guides");
            let shelf = Shelf::new([bundle(&format!("guide-{}", guide.name), 1, 1, &[(&name, 999)])].into_iter());
            let shelf = shelf.with_guides(|_, _| Some(read(&name).into_bytes()));
            let own = shelf.guide(guide, language).unwrap();
            let trimmed = |step: &Step| (step.text.trim().to_owned(), step.address);
            let ours: Vec<_> = guide.steps(language, Access::Voucher).iter().map(trimmed).collect();
            assert_eq!(own.title, language.say(guide.title));
            assert_eq!(own.steps.iter().map(trimmed).collect::<Vec<_>>(), ours);
        }
    }
}
