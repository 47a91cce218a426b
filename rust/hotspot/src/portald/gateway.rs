//! The trustless gateway's answers: heads from here, blocks straight from the packs.

use bytes::Bytes;
use content::gateway::{self, Ask, No, Scope, Want};
use content::{Cid, car, hash, hex};
use portal::Response;
use portal::files::{self, Conditions, Part};

use super::catalog::Held;
use super::wire::Stretch;

/// A part of a body.
#[derive(Debug)]
pub enum Piece {
    /// Bytes from memory.
    Text(Bytes),
    /// Bytes from a pack.
    File(Stretch),
}

/// An answer: its head, and its body in pieces.
#[derive(Debug)]
pub struct Answer {
    /// Status and headers; a short text when there are no pieces.
    pub head: Response,
    /// The body.
    pub pieces: Vec<Piece>,
}

impl From<No> for Answer {
    fn from(no: No) -> Self {
        Self { head: Response::text(no.0, format!("{}\n", no.1)), pieces: Vec::new() }
    }
}

/// What an address holds never changes.
const FOREVER: &str = "public, max-age=29030400, immutable";
const NOT_HERE: No = No(404, "That block is not on this box.");

/// Answers a question; reads nodes from the card, so it runs where waiting is allowed. `saved_as`: the Content-Disposition that was asked for.
pub fn answer(ask: Ask, conditions: Conditions, saved_as: Option<String>, held: &mut Held) -> Answer {
    let mut answer = found(ask, conditions, held);
    if let Some(value) = saved_as.filter(|_| !answer.pieces.is_empty()) {
        answer.head.headers.retain(|(name, _)| *name != "content-disposition");
        answer.head = answer.head.with("content-disposition", value);
    }
    answer
}

fn found(ask: Ask, conditions: Conditions, held: &mut Held) -> Answer {
    let done = match ask {
        Ask::Ipns(publisher) => record(&publisher, conditions, held),
        Ask::Ipfs { root, path, want: Want::Car { scope, bytes, dups } } => tree(root, &path, (scope, bytes, dups), conditions, held),
        Ask::Ipfs { root, .. } => block(root, conditions, held),
    };
    done.unwrap_or_else(Answer::from)
}

fn not_modified(etag: String) -> Answer {
    Answer { head: Response::new(304, "").with("etag", etag).with("cache-control", FOREVER), pieces: Vec::new() }
}

fn block(cid: Cid, conditions: Conditions, held: &mut Held) -> Result<Answer, No> {
    let stretch = held.stretch(&cid).ok_or(NOT_HERE)?;
    let (etag, size) = (format!("\"{cid}.raw\""), stretch.left);
    let (status, first, length) = match files::part(conditions, &etag, size) {
        Part::NotModified => return Ok(not_modified(etag)),
        Part::Unsatisfiable => {
            let head = Response::text(416, "The block has no such bytes.\n").with("content-range", format!("bytes */{size}"));
            return Ok(Answer { head, pieces: Vec::new() });
        }
        Part::Whole => (200, 0, size),
        Part::Range(first, last) => (206, first, last - first + 1),
    };
    let mut head = Response::new(status, "")
        .with("content-type", "application/vnd.ipld.raw")
        .with("content-disposition", format!("attachment; filename=\"{cid}.bin\""))
        .with("etag", etag)
        .with("cache-control", FOREVER)
        .with("accept-ranges", "bytes")
        .with("x-content-type-options", "nosniff")
        .with("x-ipfs-path", format!("/ipfs/{cid}"))
        .with("x-ipfs-roots", cid.to_string())
        .with("access-control-allow-origin", "*");
    if status == 206 {
        head = head.with("content-range", format!("bytes {first}-{}/{size}", first + length - 1));
    }
    Ok(Answer { head, pieces: vec![Piece::File(Stretch { offset: stretch.offset + first, left: length, ..stretch })] })
}

fn tree(
    root: Cid,
    path: &[String],
    want: (Scope, Option<(i64, Option<i64>)>, bool),
    conditions: Conditions,
    held: &mut Held,
) -> Result<Answer, No> {
    let (scope, bytes, dups) = want;
    let told = hex::write(&hash::sha256(format!("{path:?} {want:?}").as_bytes())[..8]);
    let etag = format!("W/\"{root}.car.{told}\"");
    let order = gateway::plan(root, path, scope, bytes, dups, held)?;
    if files::part(Conditions { range: "", ..conditions }, etag.trim_start_matches("W/"), 0) == Part::NotModified {
        return Ok(not_modified(etag));
    }
    let mut pieces = Vec::with_capacity(2 * order.len() + 1);
    pieces.push(Piece::Text(car::header(root).into()));
    for cid in order {
        let stretch = held.stretch(&cid).ok_or(NOT_HERE)?;
        let len = usize::try_from(stretch.left).map_err(|_| NOT_HERE)?;
        pieces.push(Piece::Text(car::section_head(cid, len).into()));
        pieces.push(Piece::File(stretch));
    }
    let shown: String =
        path.iter().map(|name| format!("/{}", percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC))).collect();
    let head = Response::new(200, "")
        .with("content-type", format!("application/vnd.ipld.car; version=1; order=dfs; dups={}", if dups { 'y' } else { 'n' }))
        .with("content-disposition", format!("attachment; filename=\"{root}.car\""))
        .with("etag", etag)
        .with("cache-control", FOREVER)
        .with("accept-ranges", "none")
        .with("x-content-type-options", "nosniff")
        .with("x-ipfs-path", format!("/ipfs/{root}{shown}"))
        .with("access-control-allow-origin", "*");
    Ok(Answer { head, pieces })
}

fn record(publisher: &content::key::Publisher, conditions: Conditions, held: &mut Held) -> Result<Answer, No> {
    let record = held.record(publisher).ok_or(No(404, "No record of that name is on this box."))?;
    let etag = format!("\"{}\"", hex::write(&hash::sha256(&record)[..16]));
    if files::part(Conditions { range: "", ..conditions }, &etag, 0) == Part::NotModified {
        return Ok(not_modified(etag));
    }
    let head = Response::new(200, "")
        .with("content-type", "application/vnd.ipfs.ipns-record")
        .with("content-disposition", format!("attachment; filename=\"{publisher}.ipns-record\""))
        .with("etag", etag)
        .with("cache-control", "public, max-age=60")
        .with("x-content-type-options", "nosniff")
        .with("access-control-allow-origin", "*");
    Ok(Answer { head, pieces: vec![Piece::Text(record.into())] })
}
