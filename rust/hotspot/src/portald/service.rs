//! One request: hyper's parts → `portal::Request` → answer → hyper's response.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use portal::continued::{Continued, Identity};
use portal::files;
use portal::library::{self, How, Shelf};
use portal::{Answer, Client, Method, Request, Response, Surroundings};

use super::catalog::{Catalog, Pieced};
use super::certificate::Certificate;
use super::clock;
use super::gateway::{self, Piece};
use super::library::{Library, Opened};
use super::metrics::{Metrics, count};
use super::neighbours::{self, Neighbours};
use super::owner;
use super::proxy;
use super::settings::Current;
use super::slots::Activity;
use super::wire::{self, Stretch, Stretches};

/// Phones whose Continue is remembered.
const MAX_CONTINUED: usize = 4096;
/// A form of ours has no fields; more than this is not read.
const MAX_FORM: usize = 4096;
/// The largest request of an owner, sealed and in hexadecimal.
const MAX_OWNER: usize = 256 * 1024;
/// A form that takes longer than this is answered unread.
const FORM_WAIT: Duration = Duration::from_secs(1);

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    /// The settings.
    pub settings: Current,
    /// The public folder.
    pub library: Library,
    /// The bundles.
    pub catalog: Catalog,
    /// The other daemons.
    pub neighbours: Neighbours,
    /// Who tapped Continue.
    continued: Mutex<Continued>,
    /// The community's certificate.
    pub certificate: Certificate,
    /// Counters.
    pub metrics: Metrics,
    /// Requests that may be on their way to ownerd at a time.
    pub owner: tokio::sync::Semaphore,
    /// The same for other machines.
    machines: Arc<tokio::sync::Semaphore>,
}

impl Shared {
    /// A portal over this folder of files, this store of bundles, the community's part of the first page, and its own folder.
    pub fn new(files: std::path::PathBuf, store: std::path::PathBuf, home: std::path::PathBuf, own: std::path::PathBuf) -> Self {
        Self {
            certificate: Certificate::new(own),
            settings: Current::new(home),
            library: Library::new(files),
            catalog: Catalog::new(store),
            neighbours: Neighbours::new(),
            continued: Mutex::new(Continued::new(MAX_CONTINUED)),
            metrics: Metrics::default(),
            owner: tokio::sync::Semaphore::new(owner::MOST),
            machines: Arc::new(tokio::sync::Semaphore::new(proxy::MOST)),
        }
    }
}

impl Shared {
    fn continued(&self) -> MutexGuard<'_, Continued> {
        self.continued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's side of it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// What all share.
    pub shared: Arc<Shared>,
    /// The asking address.
    pub ip: Ipv4Addr,
    /// It came by HTTPS.
    pub sealed: bool,
    /// What the connection is doing.
    pub activity: Arc<Activity>,
    /// Files on their way.
    pub stretches: Stretches,
}

impl Connection {
    /// Answers one request; never fails.
    pub async fn serve(self, request: hyper::Request<Incoming>) -> Result<hyper::Response<Reply>, Infallible> {
        self.activity.moved_ms.store(clock::now_ms(), Ordering::Relaxed);
        let serving = Serving::new(self.activity.clone());
        count(&self.shared.metrics.requests);
        let (parts, body) = request.into_parts();
        let site = self.shared.settings.site();
        let client = Client { ip: self.ip, continued: false, last_place: false };
        if let Ok(request) = Request::from_parts(&parts, client)
            && let Some(machine) = site.machine(request.host.as_deref())
        {
            return Ok(self.elsewhere(machine, &parts, body, &site, &request, serving).await);
        }
        let limit = if parts.uri.path().starts_with("/admin/api/") { MAX_OWNER } else { MAX_FORM };
        let body = if body.is_end_stream() { Some(Bytes::new()) } else { read_body(body, limit).await };
        let drained = body.is_some();
        let mut response = self.respond(&parts, body.unwrap_or_default(), serving).await;
        if !drained {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }

    async fn respond(&self, parts: &hyper::http::request::Parts, body: Bytes, serving: Serving) -> hyper::Response<Reply> {
        let client = Client { ip: self.ip, continued: false, last_place: false };
        let Ok(mut request) = Request::from_parts(parts, client) else {
            return finish(Response::text(400, "One Host header is needed.\n").with("connection", "close"), serving);
        };
        let shared = &*self.shared;
        let site = shared.settings.site();
        let needs = portal::needs(&site, &request);
        // A stranger's probe is answered without asking anybody.
        let known = shared.continued().knows(self.ip);
        let who = if known || needs.identity { shared.neighbours.client(self.ip).await } else { Identity::Unknown };
        request.client.continued = known && shared.continued().has(self.ip, who);
        let mut around = Surroundings::default();
        let (mut listing, mut status, mut updates, mut shelf, mut way, mut safer) = (None, None, None, None, None, None);
        if needs.place {
            (around.phone_limit, request.client.last_place) = shared.neighbours.place(who).await;
        }
        if needs.files {
            listing = shared.library.listing().await;
        }
        if needs.library {
            shelf = shared.catalog.shelf().await;
        }
        if needs.status {
            let told = shared.neighbours.status().await.map_or_else(Default::default, |status| (*status).clone());
            status = Some(with_certificate(told, &shared.certificate));
            safer = shared.certificate.works().filter(|_| !self.sealed);
        }
        if needs.way {
            way = shared.neighbours.way(self.ip).await;
        }
        if needs.updates {
            updates = shared.neighbours.updates().await;
        }
        if let Some(listing) = &listing {
            (around.files, around.files_truncated) = (&listing.files, listing.truncated);
        }
        around.status = status.as_ref();
        around.safer = safer.as_deref();
        around.library = shelf.as_deref();
        around.updates = updates.as_deref();
        around.way = way.as_ref();
        if needs.captured {
            count(&shared.metrics.captured);
        }
        match portal::answer(&site, &around, &request) {
            Answer::Send(response) => finish(response, serving),
            Answer::Continue(response) => {
                self.mark(who);
                finish(response, serving)
            }
            Answer::Enter => {
                let typed = portal::internet::typed(&body).unwrap_or_default();
                let entered = portal::internet::Entered::of(shared.neighbours.enter(self.ip, &typed).await.as_ref());
                if entered == portal::internet::Entered::Welcome {
                    self.mark(who);
                    return finish(portal::internet::welcome(&site, &request), serving);
                }
                finish(portal::internet::refused(&site, way.as_ref(), &request, entered), serving)
            }
            // Such a request never came here.
            Answer::Machine(_) => finish(portal::machine_away(&site, &request), serving),
            Answer::Health if shared.neighbours.is_well().await => finish(Response::text(200, "well\n"), serving),
            Answer::Health => finish(Response::text(503, "trouble: see /admin/\n"), serving),
            Answer::Metrics => finish(self.metrics(parts).await, serving),
            Answer::Entry { book, file, how } => match shelf {
                Some(shelf) => self.entry(&shelf, (book, file, how), &site, &request, serving).await,
                None => finish(portal::not_found(&site, &request), serving),
            },
            Answer::Reading { book, file, member } => match shelf {
                Some(shelf) => self.reading(&shelf, (book, file), &member, &site, &request, serving).await,
                None => finish(portal::not_found(&site, &request), serving),
            },
            Answer::Gateway(ask) => self.gateway(ask, parts, &request, serving).await,
            Answer::Picture => match shared.settings.picture() {
                None => finish(portal::not_found(&site, &request), serving),
                Some(picture) => {
                    let head = Response::new(200, "").with("content-type", picture.mime).with("x-content-type-options", "nosniff");
                    // Its address changes with it.
                    let mut response = finish(head.with("cache-control", "max-age=86400"), serving);
                    response.body_mut().what = What::Text(picture.bytes);
                    response
                }
            },
            Answer::Owner(door) => finish(owner::ask(shared, door, self.ip, &body).await, serving),
            Answer::File(name) => match shared.library.open(&name).await {
                None => finish(portal::not_found(&site, &request), serving),
                Some(opened) => self.file(&name, opened, &request, serving),
            },
        }
    }

    /// Another machine's answer.
    async fn elsewhere(
        &self,
        machine: std::net::SocketAddrV4,
        parts: &hyper::http::request::Parts,
        body: Incoming,
        site: &portal::Site,
        request: &Request<'_>,
        serving: Serving,
    ) -> hyper::Response<Reply> {
        let asked = match self.shared.machines.clone().try_acquire_owned() {
            Ok(place) => proxy::ask(machine, parts, body).await.map(|response| (response, place)),
            Err(_) => Err("too many ask it at a time".to_owned()),
        };
        match asked {
            Ok((response, place)) => {
                response.map(|body| Reply { what: What::Passed(Box::new((body, place))), download: None, _serving: serving })
            }
            Err(why) => {
                log::debug!("{machine}: {why}");
                let mut response = finish(portal::machine_away(site, request), serving);
                // What was sent was not read to its end.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                response
            }
        }
    }

    async fn metrics(&self, parts: &hyper::http::request::Parts) -> Response {
        let shared = &*self.shared;
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !portal::metrics::allows(given, shared.settings.token().as_deref()) {
            return Response::text(401, "The owner's page has the token.\n").with("www-authenticate", "Bearer");
        }
        let (status, gate) = tokio::join!(shared.neighbours.status(), shared.neighbours.gate());
        Response::new(200, portal::metrics::text(&shared.metrics.own(), status.as_deref(), gate.as_ref()))
            .with("content-type", portal::metrics::TYPE)
            .with("cache-control", "no-store")
    }

    /// This phone has met the portal.
    fn mark(&self, who: Identity) {
        let shared = &*self.shared;
        let mut continued = shared.continued();
        continued.mark(self.ip, who);
        count(&shared.metrics.continues);
        shared.metrics.continued.store(continued.len() as u64, Ordering::Relaxed);
        // Where everybody may go out, its system's check may now reach the real internet.
        if shared.settings.site().access == config::Access::Open {
            tokio::spawn(neighbours::greeted(self.ip));
        }
    }

    fn file(&self, name: &str, opened: Opened, request: &Request, serving: Serving) -> hyper::Response<Reply> {
        let etag = files::etag(opened.modified_ns, opened.size);
        let head = files::head(name, &files::part(request.conditions, &etag, opened.size), etag, opened.size);
        let length = head.length;
        let mut response = finish(head.response, serving);
        if length == 0 {
            return response;
        }
        count(&self.shared.metrics.files);
        // Set here, since for HEAD the body stays empty.
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        if request.method == Method::Get {
            let stretch = Stretch { file: Arc::new(opened.file), offset: head.offset, left: length };
            self.stretches.lock().unwrap_or_else(PoisonError::into_inner).push_back(stretch);
            response.body_mut().what = What::File(length);
            self.shared.metrics.served.fetch_add(length, Ordering::Relaxed);
            response.body_mut().download = Some(Download::new(self.shared.clone()));
        }
        response
    }

    /// A file of a bundle: stretches of packs, in one body.
    async fn entry(
        &self,
        shelf: &Shelf,
        which: (usize, usize, How),
        site: &portal::Site,
        request: &Request<'_>,
        serving: Serving,
    ) -> hyper::Response<Reply> {
        let (book, file, how) = which;
        let index = &shelf.books[book].index;
        let entry = &index.manifest.entries[file];
        let head = library::head(entry, &files::part(request.conditions, &library::etag(entry), entry.size), how);
        if head.length == 0 {
            return finish(head.response, serving);
        }
        // Removed between the look and now.
        let Some(stretches) = self.shared.catalog.open(index.stretches(file, head.offset, head.length)).await else {
            return finish(portal::not_found(site, request), serving);
        };
        count(&self.shared.metrics.files);
        // The rest of a film is no other reading of it.
        if request.method == Method::Get && head.offset == 0 {
            self.shared.metrics.read(&index.root.to_string());
        }
        self.pieces(head.response, stretches.into_iter().map(Piece::File).collect(), request, serving)
    }

    /// A page of a file that is a book; unpacking it may wait for the card.
    async fn reading(
        &self,
        shelf: &Shelf,
        (book, file): (usize, usize),
        member: &str,
        site: &portal::Site,
        request: &Request<'_>,
        serving: Serving,
    ) -> hyper::Response<Reply> {
        let book = &shelf.books[book];
        let entry = &book.index.manifest.entries[file];
        let Some(stretches) = self.shared.catalog.open(book.index.stretches(file, 0, entry.size)).await else {
            return finish(portal::not_found(site, request), serving);
        };
        // As many at a time as there are threads that may wait: memory for pages is bounded with them.
        let (size, wanted_member) = (entry.size, member.to_owned());
        let found = tokio::task::spawn_blocking(move || portal::epub::read(Pieced(stretches), size, &wanted_member)).await;
        let (base, back) = library::reading_base(book, entry);
        let name = entry.path.rsplit('/').next().unwrap_or(&entry.path);
        let wanted = portal::epub::Wanted { base: &base, shelf: &back, name, member };
        let page = portal::epub::page(site, request, &wanted, found.unwrap_or(Err(portal::epub::Error::Broken)));
        let mut response = finish(page.head, serving);
        if let Some(bytes) = page.bytes {
            response.body_mut().what = What::Text(bytes.into());
        }
        response
    }

    /// A question to the trustless gateway.
    async fn gateway(
        &self,
        ask: Result<content::gateway::Ask, content::gateway::No>,
        parts: &hyper::http::request::Parts,
        request: &Request<'_>,
        serving: Serving,
    ) -> hyper::Response<Reply> {
        let answer = match ask {
            Err(no) => no.into(),
            Ok(ask) => {
                let shelf = self.shared.catalog.shelf().await.unwrap_or_default();
                let mut held = self.shared.catalog.blocks(shelf);
                let (headers, saved_as) = (parts.headers.clone(), content::gateway::disposition(request.query));
                let found = tokio::task::spawn_blocking(move || {
                    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
                    let conditions = files::Conditions {
                        range: text(header::RANGE),
                        if_range: text(header::IF_RANGE),
                        if_none_match: text(header::IF_NONE_MATCH),
                    };
                    gateway::answer(ask, conditions, saved_as, &mut held)
                });
                found.await.unwrap_or_else(|_| content::gateway::No(500, "The box could not answer that.").into())
            }
        };
        if answer.pieces.is_empty() {
            return finish(answer.head, serving);
        }
        self.pieces(answer.head, answer.pieces, request, serving)
    }

    /// A body of several pieces, its length known.
    fn pieces(&self, head: Response, pieces: Vec<Piece>, request: &Request, serving: Serving) -> hyper::Response<Reply> {
        let mut response = finish(head, serving);
        let mut out = VecDeque::new();
        let mut length = 0;
        let mut files = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    length += text.len() as u64;
                    out.push_back(What::Text(text));
                }
                Piece::File(stretch) if stretch.left == 0 => {}
                Piece::File(stretch) => {
                    length += stretch.left;
                    out.push_back(What::File(stretch.left));
                    files.push(stretch);
                }
            }
        }
        // Set here, since for HEAD the body stays empty.
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        if request.method == Method::Get {
            self.stretches.lock().unwrap_or_else(PoisonError::into_inner).extend(files);
            response.body_mut().what = What::Pieces(out, length);
            self.shared.metrics.served.fetch_add(length, Ordering::Relaxed);
            response.body_mut().download = Some(Download::new(self.shared.clone()));
        }
        response
    }
}

/// What the supervisor told, with what portald itself knows.
fn with_certificate(mut status: serde_json::Value, certificate: &Certificate) -> serde_json::Value {
    status["tls"] = certificate.told();
    status
}

/// Reads a small body to its end, since closing on unread bytes would cost the visitor our answer.
async fn read_body(body: Incoming, limit: usize) -> Option<Bytes> {
    match tokio::time::timeout(FORM_WAIT, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Some(body.to_bytes()),
        _ => None,
    }
}

fn finish(response: Response, serving: Serving) -> hyper::Response<Reply> {
    let body = Bytes::from(response.body.into_owned());
    let mut out = hyper::Response::new(Reply { what: What::Text(body), download: None, _serving: serving });
    *out.status_mut() = hyper::StatusCode::from_u16(response.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            out.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    out
}

/// Says that a request is being answered, until the answer's last byte is handed over.
#[derive(Debug)]
struct Serving(Arc<Activity>);

impl Serving {
    fn new(activity: Arc<Activity>) -> Self {
        activity.serving.store(true, Ordering::Relaxed);
        Self(activity)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.serving.store(false, Ordering::Relaxed);
    }
}

/// Counts a file as being sent, until its last byte is handed over or the visitor is gone.
#[derive(Debug)]
struct Download(Arc<Shared>);

impl Download {
    fn new(shared: Arc<Shared>) -> Self {
        count(&shared.metrics.downloads);
        Self(shared)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.0.metrics.downloads.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
enum What {
    Text(Bytes),
    /// So many bytes that the kernel takes from a file.
    File(u64),
    /// Both, in turn; and the bytes that are left of all.
    Pieces(VecDeque<What>, u64),
    /// Another machine's body, and its place among those on their way.
    Passed(Box<(Incoming, tokio::sync::OwnedSemaphorePermit)>),
}

impl What {
    /// The next bytes; empty at the end.
    fn next(&mut self) -> Bytes {
        match self {
            Self::Text(text) => std::mem::take(text),
            Self::File(left) => {
                let region = wire::region();
                let n = usize::try_from(*left).unwrap_or(region.len()).min(region.len());
                *left -= n as u64;
                Bytes::from_static(&region[..n])
            }
            Self::Pieces(pieces, left) => {
                while let Some(piece) = pieces.front_mut() {
                    let data = piece.next();
                    if !data.is_empty() {
                        *left -= data.len() as u64;
                        return data;
                    }
                    pieces.pop_front();
                }
                Bytes::new()
            }
            // Polled by itself, since it has to be waited for.
            Self::Passed(_) => Bytes::new(),
        }
    }
}

/// A body.
#[derive(Debug)]
pub struct Reply {
    what: What,
    download: Option<Download>,
    _serving: Serving,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let What::Passed(passed) = &mut self.what {
            return Pin::new(&mut passed.0).poll_frame(context);
        }
        let data = self.what.next();
        Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.what {
            What::Passed(passed) => passed.0.is_end_stream(),
            _ => self.size_hint().exact() == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.what {
            What::Text(text) => SizeHint::with_exact(text.len() as u64),
            What::File(left) | What::Pieces(_, left) => SizeHint::with_exact(*left),
            What::Passed(passed) => passed.0.size_hint(),
        }
    }
}

/// No files on their way.
pub fn no_stretches() -> Stretches {
    Arc::new(Mutex::new(VecDeque::new()))
}
