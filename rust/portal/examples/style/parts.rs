//! The parts: which page has each, and where it begins there.

use crate::sample::{Box, picture};

/// One part as a page of its own.
pub struct Part {
    /// What it is.
    pub title: String,
    /// The page.
    pub html: String,
    /// How wide it is looked at, in pixels.
    pub width: u32,
}

/// What the owner's scripts make; `{qr}` is a voucher's picture.
pub const OWNER: &str = include_str!("owner.html");
const PHONE: u32 = 340;

/// All of them, in this language.
pub fn parts(lang: &str) -> Vec<Part> {
    let first = Box::new(lang);
    let home = first.page("/");
    let plain = Box { bare: true, ..Box::new(lang) };
    let continued = Box { continued: true, agent: "iPhone", ..Box::new(lang) };
    let online = Box { open: true, agent: "X11", ..Box::new(lang) };
    let colour = |colour| Box { colour, ..Box::new(lang) }.page("/");
    let rows = [
        ("Scene, languages", plain.page("/"), "<a class=\"skip\"", "</header>"),
        ("Headings, a lead, the community's own words", home.clone(), "<h1>", "<div class=\"main\">"),
        ("The box is full", home.clone(), "<section class=\"full\"", "</section>"),
        ("Continue, on Android", home.clone(), "<section class=\"wide\"", "</section>"),
        ("Continued, on an iPhone", continued.page("/"), "<section class=\"wide\"", "</section>"),
        (
            "Continue, on a computer; blue",
            Box { colour: "blue", agent: "X11", ..Box::new(lang) }.page("/"),
            "<section class=\"wide\"",
            "</section>",
        ),
        ("Links and a button in red", colour("red"), "<section aria-labelledby=\"library\"", "</section>"),
        ("Links and a button in violet", colour("violet"), "<section aria-labelledby=\"library\"", "</section>"),
        ("Internet: a voucher, and an identity used by two", home.clone(), "<section aria-labelledby=\"internet\"", "</section>"),
        ("Internet: let through", online.page("/"), "<section aria-labelledby=\"internet\"", "</section>"),
        ("A wrong voucher", first.refused(), "<main", "</main>"),
        ("A shelf", home.clone(), "<section aria-labelledby=\"library\"", "</section>"),
        ("Files", home.clone(), "<section aria-labelledby=\"files\"", "</section>"),
        ("The address and its QR code", home.clone(), "<section aria-labelledby=\"browser\"", "</section>"),
        ("Links", home.clone(), "<section aria-labelledby=\"links\"", "</section>"),
        ("Guides", home.clone(), "<section aria-labelledby=\"guides\"", "</section>"),
        ("A guide", first.page("/guide/find"), "<section class=\"guide\"", "</section>"),
        ("Drawings of the other guides", first.page("/guide/stay"), "<svg class=\"shot\"", "</svg>"),
        ("", first.page("/guide/app"), "<svg class=\"shot\"", "</svg>"),
        ("", first.page("/guide/internet"), "<svg class=\"shot\"", "</svg>"),
        ("Searching the library", first.page("/library/?q=no+such+book"), "<main", "</main>"),
        ("All covers", first.page("/library/"), "<ul class=\"shelf\">", "</ul>"),
        ("A book, its files, more of them", first.book(), "<main", "</main>"),
        ("Is the box well?", first.page("/admin/"), "<main", "<p><a href"),
        ("An update: progress, history", first.page("/admin/update"), "<main", "</main>"),
        ("The rescue system", Box { rescue: true, ..Box::new(lang) }.page("/"), "<main", "</main>"),
        ("Not here", first.page("/nothing"), "<main", "</main>"),
        ("Foot", home.clone(), "<footer", "</footer>"),
    ];
    let mut parts: Vec<Part> = Vec::new();
    for (title, page, start, end) in rows {
        let part = cut(&page, start, end);
        match parts.last_mut() {
            // It goes on where the last one ends.
            Some(last) if title.is_empty() => last.html = last.html.replace("</main>", &format!("{part}</main>")),
            _ => parts.push(Part { title: title.into(), html: framed(&page, part), width: PHONE }),
        }
    }
    let admin = first.page("/admin/");
    let owner = OWNER.replace("{qr}", &picture_of("http://10.42.0.1/V/ABCDEFGHJ"));
    parts.push(Part { title: "The owner's page (made by scripts)".into(), html: framed(&admin, &owner), width: PHONE });
    parts.push(Part { title: "The whole first page, on a computer".into(), html: pictured(&home), width: 1000 });
    parts
}

/// From the first `start` to the `end` behind it; of a closing tag the end is in it.
fn cut<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let from = page.find(start).unwrap_or_else(|| panic!("{start} is in no such page: {page:.3000}"));
    let part = &page[from..];
    let to = part.find(end).unwrap_or_else(|| panic!("{end} is not behind {start}"));
    &part[..to + if end.starts_with("</") { end.len() } else { 0 }]
}

/// A part under the head and body of its page.
fn framed(page: &str, part: &str) -> String {
    let head = &page[..page.find("<a class=\"skip\"").unwrap_or_default()];
    let owner = format!("<style>{}</style>", include_str!("../../web/owner.css"));
    let head = head.replace(r#"<link rel="stylesheet" href="/admin/owner.css">"#, &owner);
    let whole = part.starts_with("<main") || part.starts_with("<a class=\"skip\"") || part.starts_with("<footer");
    let part = if whole { part.trim_end_matches("</main>").into() } else { format!("<main class=\"wrap\">{part}") };
    pictured(&format!("{head}{part}</main></body></html>"))
}

/// Pictures are not asked for but in the page.
fn pictured(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find("src=\"/") {
        let end = at + 5 + rest[at + 5..].find('"').unwrap_or_default();
        out += &rest[..at + 5];
        out += &picture();
        rest = &rest[end..];
    }
    out + rest
}

fn picture_of(text: &str) -> String {
    let qr = portal::qr::code(text);
    format!(
        r#"<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="QR code" shape-rendering="crispEdges"><path d="{1}"/></svg>"#,
        qr.size, qr.path
    )
}
