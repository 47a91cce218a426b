//! The pages: what each template is given.

use askama::Template;

use crate::files::Entry;
use crate::guides::{GUIDES, Guide, Step};
use crate::home;
use crate::host::Own;
use crate::internet;
use crate::lang::{self, Key, LANGUAGES, Language};
use crate::qr::{self, Qr};
use crate::request::{Kind, Request};
use crate::rescue;
use crate::response::Response;
use crate::site::Site;
use crate::status::{self, Report};
use crate::updates::{self, Updates};

include!(concat!(env!("OUT_DIR"), "/style.rs"));

/// What the shell knows of the box beside the settings; each part may be stale or missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// The files that anybody may fetch.
    pub files: &'a [Entry],
    /// There are more files than that.
    pub files_truncated: bool,
    /// How many phones the radio serves at a time.
    pub phone_limit: Option<u64>,
    /// The library.
    pub library: Option<&'a crate::library::Shelf>,
    /// The supervisor's last status.
    pub status: Option<&'a serde_json::Value>,
    /// updated's last status and history.
    pub updates: Option<&'a (serde_json::Value, serde_json::Value)>,
    /// What netd says of this phone's way out.
    pub way: Option<&'a serde_json::Value>,
    /// The domain under which HTTPS works, for who came without it.
    pub safer: Option<&'a str>,
}

/// What every page has.
pub(crate) struct Frame<'a> {
    pub(crate) site: &'a Site,
    pub(crate) lang: &'static Language,
    pub(crate) languages: &'a [&'static Language],
    /// Empty on the portal itself; on a captured host the portal's address, since links must lead there.
    pub(crate) base: String,
    /// This page, for the language switch.
    pub(crate) path: String,
    /// `?lang=xx` if the visitor chose, so that links keep the choice without a cookie.
    pub(crate) keep: String,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(site: &'a Site, request: &Request, path: &str) -> Self {
        let link = request.parameter("lang");
        let lang = lang::choose(&site.languages, link, request.accept_language);
        let keep =
            if link.is_some_and(|code| code.eq_ignore_ascii_case(lang.code)) { format!("?lang={}", lang.code) } else { String::new() };
        let own = request.host.as_deref().is_some_and(|host| site.own.is(host));
        let base = if own { String::new() } else { format!("http://{}", site.own.address) };
        Self { site, lang, languages: &site.languages, base, path: path.to_owned(), keep }
    }

    pub(crate) fn say(&self, key: Key) -> String {
        self.lang.say(key)
    }
}

#[derive(Template)]
#[template(path = "portal.html")]
struct Portal<'a> {
    f: Frame<'a>,
    kind: Kind,
    continued: bool,
    books: Vec<crate::library::Card<'a>>,
    /// How many there are in all.
    all_books: usize,
    full: bool,
    full_text: String,
    files: &'a [Entry],
    /// How many files there are in all, when not all are listed here; else 0.
    more: usize,
    qr: Qr,
    qr_label: String,
    guides: Vec<GuideLink>,
    way: Option<internet::Way>,
    /// What stands in the form: nothing.
    value: &'static str,
}

#[derive(Template)]
#[template(path = "guide.html")]
struct GuidePage<'a> {
    f: Frame<'a>,
    title: &'a str,
    /// The community's own picture.
    own: Option<&'a str>,
    /// Else the drawing.
    picture: String,
    steps: &'a [Step],
    guides: Vec<GuideLink>,
}

#[derive(Template)]
#[template(path = "files.html")]
struct Files<'a> {
    f: Frame<'a>,
    files: &'a [Entry],
    truncated: bool,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    f: Frame<'a>,
    title: String,
    text: String,
}

#[derive(Template)]
#[template(path = "update.html")]
struct UpdatePage<'a> {
    f: Frame<'a>,
    updates: Updates,
}

#[derive(Template)]
#[template(path = "status.html")]
struct Status<'a> {
    f: Frame<'a>,
    report: Report,
    /// JSON of our own words.
    words: String,
    /// Where the same page is that nobody can replace.
    safer: Option<String>,
}

#[derive(Template)]
#[template(path = "rescue.html")]
struct Rescue<'a> {
    f: Frame<'a>,
    continued: bool,
    now: String,
    why: String,
    bad: bool,
}

/// Most bytes of the first page with the community's picture, which is all that it loads.
const FIRST_PAGE: usize = 50_000;
/// Most files that it lists.
const LISTED: usize = 100;

/// Where `?lang=` of a request leads: the query to keep in a redirect, checked against the languages there are.
pub fn kept_language(site: &Site, request: &Request) -> String {
    Frame::new(site, request, "/").keep
}

/// Seconds until the rescue page asks again how the repair goes.
const RESCUE_REFRESH: &str = "10";

/// `GET /`: the portal page, or the rescue system's; also what Apple's window gets on a captured host.
pub fn portal(site: &Site, around: &Surroundings, request: &Request) -> Response {
    let f = Frame::new(site, request, "/");
    if site.rescue {
        let rescue::Progress { now, why } = rescue::progress(f.lang, around.updates.map(|(status, _)| status));
        let page = Rescue { continued: request.client.continued, bad: !why.is_empty(), now, why, f };
        return html(200, &page, &site.own, page.f.lang).with("refresh", RESCUE_REFRESH);
    }
    let full = request.client.last_place && !request.client.continued;
    let address = format!("http://{}/", site.own.address);
    let (books, all_books) = around.library.map(crate::library::Shelf::front).unwrap_or_default();
    let mut page = Portal {
        books: books.iter().map(|book| crate::library::Card::without_cover(book, f.lang)).collect(),
        all_books,
        kind: Kind::of(request.user_agent),
        continued: request.client.continued,
        full,
        full_text: match around.phone_limit {
            Some(n) => f.lang.with(Key::FullText, "n", n),
            None => f.say(Key::FullTextUnknown),
        },
        files: &around.files[..around.files.len().min(LISTED)],
        more: if around.files.len() > LISTED { around.files.len() } else { 0 },
        qr: qr::code(&address),
        guides: guide_links(f.lang, around),
        way: internet::Way::new(f.lang, site, around.way),
        value: "",
        qr_label: f.lang.with(Key::QrLabel, "address", &address),
        f,
    };
    let most = FIRST_PAGE - if site.picture.is_some() { home::MAX_PICTURE } else { 0 };
    loop {
        let response = html(200, &page, &site.own, page.f.lang);
        let much = response.body.len().saturating_sub(most);
        if much == 0 || page.files.is_empty() {
            return response;
        }
        // The rest is one link away. A file takes a hundred bytes at least.
        page.files = &page.files[..page.files.len().saturating_sub(1 + much / 400)];
        page.more = around.files.len();
    }
}

/// A guide as a list shows it.
struct GuideLink {
    name: &'static str,
    title: String,
}

fn guide_links(lang: &Language, around: &Surroundings) -> Vec<GuideLink> {
    let title = |guide: &Guide| match around.library.and_then(|shelf| shelf.guide(guide, lang)) {
        Some(own) => own.title.clone(),
        None => lang.say(guide.title),
    };
    GUIDES.iter().map(|g| GuideLink { name: g.name, title: title(g) }).collect()
}

/// `GET /guide/<name>`.
pub fn guide(site: &Site, around: &Surroundings, request: &Request, guide: &'static Guide) -> Response {
    let f = Frame::new(site, request, &format!("/guide/{}", guide.name));
    let picture = guide.picture(&f.say(guide.alt));
    let page = match around.library.and_then(|shelf| shelf.guide(guide, f.lang)) {
        Some(own) => {
            GuidePage { title: &own.title, own: own.picture.as_deref(), picture, steps: &own.steps, guides: guide_links(f.lang, around), f }
        }
        None => GuidePage {
            title: &f.say(guide.title),
            own: None,
            picture,
            steps: &guide.steps(f.lang, site.access),
            guides: guide_links(f.lang, around),
            f,
        },
    };
    html(200, &page, &site.own, page.f.lang)
}

/// `GET /files/`: every file.
pub fn files(site: &Site, around: &Surroundings, request: &Request) -> Response {
    let page = Files { f: Frame::new(site, request, "/files/"), files: around.files, truncated: around.files_truncated };
    html(200, &page, &site.own, page.f.lang)
}

/// `GET /admin/`: the state of the box in plain words.
pub fn status(site: &Site, around: &Surroundings, request: &Request) -> Response {
    let f = Frame::new(site, request, "/admin/");
    let safer = around.safer.map(|domain| format!("https://{domain}/admin/{}", f.keep));
    let page = Status { report: status::report(f.lang, around.status, &site.problems), words: f.lang.owner_words(), safer, f };
    let mut response = html(200, &page, &site.own, page.f.lang);
    for (name, value) in &mut response.headers {
        // The one page with scripts: ours, from here, and nothing inline.
        if *name == "content-security-policy" {
            *value = value.replacen("style-src", "script-src 'self'; connect-src 'self'; style-src 'self'", 1).into();
        }
    }
    response
}

/// `GET /admin/update`: releases, and what happened to them.
pub fn updates(site: &Site, around: &Surroundings, request: &Request) -> Response {
    let f = Frame::new(site, request, "/admin/update");
    let (status, history) = around.updates.map_or((None, None), |(status, history)| (Some(status), Some(history)));
    let page = UpdatePage { updates: updates::updates(f.lang, status, history), f };
    html(200, &page, &site.own, page.f.lang)
}

/// 404, in the visitor's language.
pub fn not_found(site: &Site, request: &Request) -> Response {
    message(site, request, 404, Key::NotFoundTitle, Key::NotFoundText)
}

/// 502: the machine behind a service's name does not answer.
pub fn machine_away(site: &Site, request: &Request) -> Response {
    message(site, request, 502, Key::AwayTitle, Key::AwayText)
}

/// A few words and the way back.
pub(crate) fn message(site: &Site, request: &Request, status: u16, title: Key, text: Key) -> Response {
    let f = Frame::new(site, request, "/");
    let page = Message { title: f.say(title), text: f.say(text), f };
    html(status, &page, &site.own, page.f.lang)
}

/// Any other error that a person may see.
pub fn wrong(site: &Site, request: &Request, status: u16) -> Response {
    message(site, request, status, Key::WrongTitle, Key::WrongText)
}

/// 302 to another of our own paths, the language kept.
pub(crate) fn moved_to(site: &Site, request: &Request, path: &'static str) -> Response {
    Response::text(302, "").with("location", format!("{path}{}", kept_language(site, request)))
}

pub(crate) fn html(status: u16, page: &impl Template, own: &Own, lang: &'static Language) -> Response {
    // A template cannot fail: writing to a String does not.
    let body = page.render().unwrap_or_default();
    // `unsafe-inline` is for browsers that know no hashes (before 2015); all others ignore it beside one.
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline' '{STYLE_HASH}'; img-src 'self' http://{0} data:; form-action 'self' http://{0}; base-uri 'none'; frame-ancestors 'none'",
        own.address
    );
    Response::new(status, body)
        .with("content-type", "text/html; charset=utf-8")
        .with("content-language", lang.code)
        .with("content-security-policy", policy)
        .with("x-content-type-options", "nosniff")
        .with("x-frame-options", "DENY")
        .with("referrer-policy", "no-referrer")
        .with("cache-control", "no-store")
}
