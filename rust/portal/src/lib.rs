//! Request to response: the probe table, pages, strings. Pure: no clock, no file, no socket.
//!
//! The Host header alone decides: own addresses, own names and `localhost` are the portal; everything else is captured
//! and hears what the probe table says, or is sent to the portal's address.
#![forbid(unsafe_code)]

mod assets;
pub mod continued;
pub mod epub;
pub mod files;
pub mod guides;
pub mod home;
pub mod host;
pub mod internet;
pub mod lang;
pub mod library;
pub mod metrics;
pub mod pages;
pub mod people;
pub mod probes;
pub mod qr;
pub mod request;
pub mod rescue;
pub mod response;
pub mod site;
pub mod status;
pub mod updates;

pub use pages::{Surroundings, machine_away, not_found};
pub use request::{Client, Kind, Method, Request};
pub use response::Response;
pub use site::Site;

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Send this.
    Send(Response),
    /// Mark the client as continued, then send this.
    Continue(Response),
    /// Send this file of the public folder (a safe name, see [`files::is_safe`]), or [`not_found`] if there is none.
    File(String),
    /// Send this file of a book: numbers in the shelf that was asked and in the book's manifest.
    Entry {
        /// The book.
        book: usize,
        /// The file.
        file: usize,
        /// How.
        how: library::How,
    },
    /// Show a member of a file of a book that is a book itself, by [`epub::answer`].
    Reading {
        /// The book.
        book: usize,
        /// The file.
        file: usize,
        /// The member; empty for its table of contents.
        member: String,
    },
    /// A question for the trustless gateway, to be answered from the store.
    Gateway(Result<content::gateway::Ask, content::gateway::No>),
    /// This machine's to answer, asked in the visitor's place; [`machine_away`] if it does not.
    Machine(std::net::SocketAddrV4),
    /// `/healthz`: 200 while the box is well.
    Health,
    /// `/metrics`: [`metrics::text`] for who [`metrics::allows`], else 401.
    Metrics,
    /// The community's picture, from the shell; [`not_found`] if there is none.
    Picture,
    /// The body is a form: what was typed ([`internet::typed`]) goes to netd; then [`internet::welcome`], or [`internet::refused`].
    Enter,
    /// The body (JSON) goes to ownerd by this door, and its answer back. What is in it only ownerd and the owner can read.
    Owner(Door),
}

/// Ways to ownerd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Does the box wait for its owner?
    State,
    /// A message of a login.
    Login,
    /// A sealed request of a session.
    Sealed,
}

/// What the shell should find out before it asks for the answer; whatever it cannot find out is left empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Who the client is, even if it has not continued.
    pub identity: bool,
    /// Whether the client took the last place, and the limit of phones.
    pub place: bool,
    /// The list of files.
    pub files: bool,
    /// The library's books.
    pub library: bool,
    /// The supervisor's status.
    pub status: bool,
    /// updated's status and history.
    pub updates: bool,
    /// What this phone may use of the internet.
    pub way: bool,
    /// It is for somebody else's host (for the counters).
    pub captured: bool,
}

/// What the answer to a request will look at.
pub fn needs(site: &Site, request: &Request) -> Needs {
    if site.machine(request.host.as_deref()).is_some() {
        return Needs::default();
    }
    let home = request.host.as_deref().is_some_and(|host| site.own.is(host));
    let page = if home {
        request.path == "/"
    } else {
        probes::find(request.host.as_deref(), request.path, request.user_agent).is_some_and(|row| row.captive == probes::Captive::Page)
    };
    Needs {
        identity: page || (home && request.method == Method::Post),
        place: page,
        // Guides may be bundles.
        library: page || (home && (request.path.starts_with("/library") || request.path.starts_with("/guide/"))),
        files: page || (home && request.path == "/files/"),
        status: home && request.path == "/admin/",
        updates: (home && request.path == "/admin/update") || (page && site.rescue),
        way: site.access != config::Access::Blocked && (page || (home && is_internet(request.path))),
        captured: !home,
    }
}

/// `/internet`, or where a printed voucher leads: in capitals its picture is smaller.
fn is_internet(path: &str) -> bool {
    path == "/internet" || path.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("/v/"))
}

/// What a request gets.
pub fn answer(site: &Site, around: &Surroundings, request: &Request) -> Answer {
    if let Some(machine) = site.machine(request.host.as_deref()) {
        return Answer::Machine(machine);
    }
    match request.host.as_deref() {
        Some(host) if site.own.is(host) => match site.page(Some(host)) {
            Some(page) if request.path == "/" && request.method == Method::Get => {
                Answer::Send(Response::text(302, "").with("location", page.to_owned()))
            }
            _ => at_home(site, around, request),
        },
        _ => Answer::Send(captured(site, around, request)),
    }
}

/// A request for somebody else's host.
fn captured(site: &Site, around: &Surroundings, request: &Request) -> Response {
    let Some(row) = probes::find(request.host.as_deref(), request.path, request.user_agent) else {
        return probes::redirect(site.own.address);
    };
    match row.captive {
        _ if request.client.continued => probes::online(row, site.own.address),
        probes::Captive::Redirect => probes::redirect(site.own.address),
        probes::Captive::Page => pages::portal(site, around, request).with("connection", "close"),
    }
}

/// A request for the portal itself.
fn at_home(site: &Site, around: &Surroundings, request: &Request) -> Answer {
    let get = matches!(request.method, Method::Get | Method::Head);
    if get && let Some(ask) = content::gateway::read(request.path, request.query, request.accept) {
        return Answer::Gateway(ask);
    }
    match request.path {
        "/continue" if request.method == Method::Post => Answer::Continue(to_portal(site, request)),
        // Somebody reloads or bookmarks it: not an error for them.
        "/continue" if get => Answer::Send(to_portal(site, request)),
        "/internet" if request.method == Method::Post => Answer::Enter,
        "/admin/api/login" if request.method == Method::Post => Answer::Owner(Door::Login),
        "/admin/api/sealed" if request.method == Method::Post => Answer::Owner(Door::Sealed),
        "/admin/api/state" if get => Answer::Owner(Door::State),
        _ if !get => Answer::Send(pages::wrong(site, request, 405).with("allow", "GET, HEAD")),
        "/" => Answer::Send(pages::portal(site, around, request)),
        "/admin/" => Answer::Send(pages::status(site, around, request)),
        "/admin/update" => Answer::Send(pages::updates(site, around, request)),
        "/admin" => Answer::Send(moved(site, request, "/admin/")),
        "/library" => library::answer(site, around, request),
        path if path.starts_with("/library/") => library::answer(site, around, request),
        "/files/" => Answer::Send(pages::files(site, around, request)),
        "/files" => Answer::Send(moved(site, request, "/files/")),
        "/picture" => Answer::Picture,
        path if is_internet(path) => Answer::Send(internet::page(site, around.way, request)),
        "/healthz" => Answer::Health,
        "/metrics" => Answer::Metrics,
        path if path.strip_prefix("/admin/").is_some_and(assets::is) => Answer::Send(assets::answer(&path[7..], request.conditions)),
        path => {
            if let Some(guide) = path.strip_prefix("/guide/").and_then(guides::Guide::named) {
                return Answer::Send(pages::guide(site, around, request, guide));
            }
            match path.strip_prefix("/files/").and_then(files::name_of) {
                Some(name) => Answer::File(name),
                None => Answer::Send(not_found(site, request)),
            }
        }
    }
}

/// 303 to the portal page, relative: the visitor stays at the address they came by.
fn to_portal(site: &Site, request: &Request) -> Response {
    Response::text(303, "").with("location", format!("/{}", pages::kept_language(site, request)))
}

/// 302 to another of our own paths.
fn moved(site: &Site, request: &Request, path: &'static str) -> Response {
    Response::text(302, "").with("location", format!("{path}{}", pages::kept_language(site, request)))
}

#[cfg(test)]
mod tests;
