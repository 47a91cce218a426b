//! The trustless gateway's questions and which blocks answer them (ipfs/specs, `src/http-gateways/trustless-gateway.md`).
//!
//! Pure: the shell brings blocks, and sends what [`plan`] names.

use std::collections::HashSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::cid::{Cid, Codec};
use crate::dagpb::Node;
use crate::murmur::{murmur3_64, place};
use crate::unixfs::{Data, Kind};
use crate::{cbor, key::Publisher};

/// Longest target that is looked at, in bytes.
pub const MAX_TARGET: usize = 4096;
/// Longest name of a saved file, in characters.
const MAX_NAME: usize = 100;
/// What stays as it is in it (RFC 5987, attr-char, and less than that).
const SAVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
/// Blocks of one answer.
const MAX_BLOCKS: usize = 1 << 21;
/// Nesting that is followed.
const MAX_DEPTH: usize = 64;

/// How much of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The block at the path's end.
    Block,
    /// The file, or the folder without what is in it.
    Entity,
    /// Everything below.
    All,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// One block's bytes.
    Raw,
    /// A CAR.
    Car {
        /// How much of the tree.
        scope: Scope,
        /// Bytes of the file: from, to (inclusive; `None`: its end); negative from the end.
        bytes: Option<(i64, Option<i64>)>,
        /// Blocks as often as they are met.
        dups: bool,
    },
    /// A signed record.
    IpnsRecord,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// `/ipfs/…`
    Ipfs {
        /// Where it starts.
        root: Cid,
        /// Names below, decoded.
        path: Vec<String>,
        /// What is wanted.
        want: Want,
    },
    /// `/ipns/…` or `/routing/v1/ipns/…`: the record of this name.
    Ipns(Publisher),
}

/// Why a question has no answer: an HTTP status and a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct No(pub u16, pub &'static str);

const NOT_HERE: No = No(404, "That block is not on this box.");

/// Reads a target (path and query as sent) and the Accept header. `None`: it is not the gateway's.
pub fn read(path: &str, query: &str, accept: &str) -> Option<Result<Ask, No>> {
    if path.len() + query.len() + accept.len() > MAX_TARGET {
        let ours = ["/ipfs/", "/ipns/", "/routing/"].iter().any(|p| path.starts_with(p));
        return ours.then_some(Err(No(414, "The address is too long.")));
    }
    if let Some(rest) = path.strip_prefix("/ipfs/") {
        return Some(ipfs(rest, query, accept));
    }
    if let Some(name) = path.strip_prefix("/routing/v1/ipns/") {
        return Some(ipns(name));
    }
    if let Some(name) = path.strip_prefix("/ipns/") {
        return Some(match format(query, accept) {
            Ok(Want::IpnsRecord) => ipns(name.trim_end_matches('/')),
            Ok(_) => Err(No(400, "Ask for the name's record (format=ipns-record), then for the block that it names.")),
            Err(no) => Err(no),
        });
    }
    path.starts_with("/routing/").then_some(Err(No(404, "There are IPNS records only: /routing/v1/ipns/NAME.")))
}

fn ipns(name: &str) -> Result<Ask, No> {
    name.parse().map(Ask::Ipns).map_err(|_| No(400, "That is no IPNS name of an Ed25519 key."))
}

fn ipfs(rest: &str, query: &str, accept: &str) -> Result<Ask, No> {
    let mut names = rest.split('/');
    let root = names.next().unwrap_or_default();
    let root: Cid = root.parse().map_err(|_| No(400, "That is no address of a block that can be here (CIDv0 or v1, sha2-256)."))?;
    let mut path = Vec::new();
    for name in names.filter(|name| !name.is_empty()) {
        let name = decode(name).ok_or(No(400, "The path is not UTF-8."))?;
        if name == "." || name == ".." {
            return Err(No(400, "The path leads out of the tree."));
        }
        path.push(name);
    }
    let want = format(query, accept)?;
    match want {
        Want::IpnsRecord => Err(No(400, "Records are asked for at /ipns/NAME.")),
        Want::Raw if !path.is_empty() => Err(No(400, "A raw block is asked for by its own address.")),
        _ => Ok(Ask::Ipfs { root, path, want }),
    }
}

/// `%xx` to bytes, once.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.extend(crate::hex::read(std::str::from_utf8(&digits).ok()?)?);
        } else {
            out.push(b);
        }
    }
    String::from_utf8(out).ok()
}

/// A parameter of a query, as it was meant: libraries write `0:*` as `0%3A%2A`.
fn value(query: &str, key: &str) -> Option<String> {
    let sent = query.split('&').find_map(|pair| pair.split_once('=').filter(|(k, _)| *k == key).map(|(_, v)| v))?;
    Some(decode(sent).unwrap_or_else(|| sent.to_owned()))
}

/// The Content-Disposition that `?filename=` asks for (RFC 6266): with a name in ASCII, and as it is.
pub fn disposition(query: &str) -> Option<String> {
    let name: String = value(query, "filename")?.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let plain = |c: char| if c.is_ascii_alphanumeric() || " -._()".contains(c) { c } else { '_' };
    let encoded = utf8_percent_encode(&name, SAVED);
    (!name.is_empty())
        .then(|| format!("attachment; filename=\"{}\"; filename*=UTF-8''{encoded}", name.chars().map(plain).collect::<String>()))
}

/// The query wins over the Accept header.
fn format(query: &str, accept: &str) -> Result<Want, No> {
    let value = |key: &str| value(query, key);
    let parts: Vec<&str> = accept.split(',').map(str::trim).collect();
    let accepted = |mime: &str| parts.iter().find(|part| part.split(';').next().is_some_and(|m| m.trim().eq_ignore_ascii_case(mime)));
    let car = "application/vnd.ipld.car";
    let asked = value("format");
    let kind = match asked.as_deref() {
        Some(kind @ ("raw" | "car" | "ipns-record")) => kind,
        Some(_) => return Err(No(400, "There are the formats raw, car and ipns-record.")),
        None if accepted("application/vnd.ipld.raw").is_some() => "raw",
        None if accepted(car).is_some() => "car",
        None if accepted("application/vnd.ipfs.ipns-record").is_some() => "ipns-record",
        None => return Err(No(406, "Say which format: raw, car or ipns-record. Pages are in the library.")),
    };
    match kind {
        "raw" => Ok(Want::Raw),
        "ipns-record" => Ok(Want::IpnsRecord),
        _ => {
            let parameter = |key: &str| {
                let of = |part: &&str| {
                    part.split(';').skip(1).find_map(|p| p.trim().split_once('=').filter(|(k, _)| *k == key)).map(|(_, v)| v.to_owned())
                };
                value(&format!("car-{key}")).or_else(|| accepted(car).and_then(of))
            };
            if parameter("version").is_some_and(|version| version != "1") {
                return Err(No(400, "There is CAR version 1."));
            }
            if parameter("order").is_some_and(|order| order != "dfs" && order != "unk") {
                return Err(No(400, "There are the orders dfs and unk."));
            }
            let dups = match parameter("dups").as_deref() {
                None | Some("n") => false,
                Some("y") => true,
                Some(_) => return Err(No(400, "dups is y or n.")),
            };
            let scope = match value("dag-scope").as_deref() {
                None | Some("all") => Scope::All,
                Some("entity") => Scope::Entity,
                Some("block") => Scope::Block,
                Some(_) => return Err(No(400, "dag-scope is block, entity or all.")),
            };
            let bytes = value("entity-bytes").map(|text| range(&text)).transpose()?;
            // A stretch of a file is a question about the entity.
            let scope = if bytes.is_some() { Scope::Entity } else { scope };
            Ok(Want::Car { scope, bytes, dups })
        }
    }
}

/// `from:to`, both may be negative, `to` may be `*`.
fn range(text: &str) -> Result<(i64, Option<i64>), No> {
    const WRONG: No = No(400, "entity-bytes is FROM:TO, such as 0:1023 or -1024:*.");
    let (from, to) = text.split_once(':').ok_or(WRONG)?;
    let from = from.parse().map_err(|_| WRONG)?;
    let to = if to == "*" { None } else { Some(to.parse().map_err(|_| WRONG)?) };
    if let Some(to) = to
        && (from >= 0) == (to >= 0)
        && to < from
    {
        return Err(WRONG);
    }
    Ok((from, to))
}

/// Blocks to be had.
pub trait Blocks {
    /// Its bytes, if it is here.
    fn get(&mut self, cid: &Cid) -> Option<Vec<u8>>;
    /// Whether it is here.
    fn has(&mut self, cid: &Cid) -> bool;
}

struct Plan<'a> {
    blocks: &'a mut dyn Blocks,
    dups: bool,
    seen: HashSet<Cid>,
    order: Vec<Cid>,
}

/// The blocks that answer, in the order in which they are sent.
///
/// Errors: 404 for what is not here or no such path, 400 for a path that leads through what is no folder.
pub fn plan(
    root: Cid,
    path: &[String],
    scope: Scope,
    bytes: Option<(i64, Option<i64>)>,
    dups: bool,
    blocks: &mut dyn Blocks,
) -> Result<Vec<Cid>, No> {
    let mut plan = Plan { blocks, dups, seen: HashSet::new(), order: Vec::new() };
    let mut here = root;
    for (i, name) in path.iter().enumerate() {
        if i == MAX_DEPTH {
            return Err(No(400, "The path is too long."));
        }
        here = plan.step(here, name)?;
    }
    match scope {
        Scope::Block => plan.send(here)?,
        Scope::All => plan.all(here)?,
        Scope::Entity => plan.entity(here, bytes)?,
    }
    Ok(plan.order)
}

impl Plan<'_> {
    fn send(&mut self, cid: Cid) -> Result<(), No> {
        if !self.blocks.has(&cid) {
            return Err(NOT_HERE);
        }
        if self.order.len() == MAX_BLOCKS {
            return Err(No(413, "That is too much for one answer: ask for its parts."));
        }
        if self.seen.insert(cid) || self.dups {
            self.order.push(cid);
        }
        Ok(())
    }

    /// From a folder to an entry, sending the folder's blocks on the way.
    fn step(&mut self, folder: Cid, name: &str) -> Result<Cid, No> {
        const NONE: No = No(404, "There is no such path in it.");
        let hash = murmur3_64(name.as_bytes());
        let mut here = folder;
        for level in 0.. {
            self.send(here)?;
            if here.codec != Codec::DagPb {
                return Err(NONE);
            }
            let block = self.blocks.get(&here).ok_or(NOT_HERE)?;
            let node = Node::read(&block).map_err(|_| NONE)?;
            let data = node.data.and_then(|data| Data::read(data).ok()).ok_or(NONE)?;
            let find = |wanted: &[u8]| node.links.iter().find(|link| link.name == wanted).map(|link| link.cid);
            match data.kind {
                Kind::Directory => return find(name.as_bytes()).ok_or(NONE),
                Kind::Hamt => {
                    let bits = data.fanout.filter(|n| n.is_power_of_two() && *n >= 8).ok_or(NONE)?.ilog2();
                    let at = place(hash, level, bits).ok_or(NONE)?;
                    let prefix = format!("{at:0width$X}", width = bits.div_ceil(4) as usize);
                    if let Some(found) = find(format!("{prefix}{name}").as_bytes()) {
                        return Ok(found);
                    }
                    here = find(prefix.as_bytes()).ok_or(NONE)?;
                }
                _ => return Err(NONE),
            }
        }
        Err(NONE)
    }

    /// Everything below, depth first.
    fn all(&mut self, root: Cid) -> Result<(), No> {
        let mut todo = vec![root];
        while let Some(cid) = todo.pop() {
            let again = self.seen.contains(&cid);
            self.send(cid)?;
            if again && !self.dups {
                continue;
            }
            let links = self.links(&cid)?;
            todo.extend(links.into_iter().rev());
        }
        Ok(())
    }

    /// What a block links to that can be here at all.
    fn links(&mut self, cid: &Cid) -> Result<Vec<Cid>, No> {
        if cid.codec == Codec::Raw {
            return Ok(Vec::new());
        }
        let block = self.blocks.get(cid).ok_or(NOT_HERE)?;
        if cid.codec == Codec::DagCbor {
            return Ok(cbor::links(&block).unwrap_or_default().into_iter().filter_map(|link| Cid::exactly(link).ok()).collect());
        }
        Ok(Node::read(&block).map(|node| node.links.iter().map(|link| link.cid).collect()).unwrap_or_default())
    }

    fn entity(&mut self, root: Cid, bytes: Option<(i64, Option<i64>)>) -> Result<(), No> {
        if root.codec != Codec::DagPb {
            return self.send(root);
        }
        let block = self.blocks.get(&root).ok_or(NOT_HERE)?;
        let node = Node::read(&block).unwrap_or_default();
        let data = node.data.and_then(|data| Data::read(data).ok());
        match data.as_ref().map(|data| data.kind) {
            Some(Kind::Hamt) => self.shards(root),
            Some(Kind::File | Kind::Raw) => {
                let size = data.and_then(|data| data.filesize).unwrap_or(0);
                let (from, to) = stretch(bytes, size);
                self.file(root, size, from, to)
            }
            _ => self.send(root),
        }
    }

    /// All nodes of a sharded folder, nothing that is in it.
    fn shards(&mut self, root: Cid) -> Result<(), No> {
        let mut todo = vec![root];
        while let Some(cid) = todo.pop() {
            self.send(cid)?;
            let block = self.blocks.get(&cid).ok_or(NOT_HERE)?;
            let node = Node::read(&block).unwrap_or_default();
            let bits = node.data.and_then(|data| Data::read(data).ok()).and_then(|data| data.fanout).map_or(8, |n| n.max(2).ilog2());
            let digits = bits.div_ceil(4) as usize;
            todo.extend(node.links.iter().rev().filter(|link| link.name.len() == digits).map(|link| link.cid));
        }
        Ok(())
    }

    /// The nodes of a file that hold bytes from `from` up to, not with, `to`.
    fn file(&mut self, root: Cid, size: u64, from: u64, to: u64) -> Result<(), No> {
        let mut todo = vec![(root, 0_u64, size)];
        while let Some((cid, start, size)) = todo.pop() {
            let inside = start < to && start.saturating_add(size) > from;
            if !inside && cid != root {
                continue;
            }
            self.send(cid)?;
            if cid.codec != Codec::DagPb {
                continue;
            }
            let block = self.blocks.get(&cid).ok_or(NOT_HERE)?;
            let node = Node::read(&block).unwrap_or_default();
            let sizes = node.data.and_then(|data| Data::read(data).ok()).map(|data| data.blocksizes).unwrap_or_default();
            let mut at = start;
            let mut parts: Vec<(Cid, u64, u64)> = Vec::new();
            for (link, size) in node.links.iter().zip(sizes) {
                parts.push((link.cid, at, size));
                at = at.saturating_add(size);
            }
            todo.extend(parts.into_iter().rev());
        }
        Ok(())
    }
}

/// A question's stretch within a file of `size` bytes, as from and up to, not with.
fn stretch(bytes: Option<(i64, Option<i64>)>, size: u64) -> (u64, u64) {
    let Some((from, to)) = bytes else { return (0, u64::MAX) };
    let from_end = |n: i64| if n < 0 { size.saturating_sub(n.unsigned_abs()) } else { n.unsigned_abs() };
    let end =
        to.map_or(u64::MAX, |to| if to < 0 { (size + 1).saturating_sub(to.unsigned_abs()) } else { to.unsigned_abs().saturating_add(1) });
    (from_end(from), end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dag::{self, Built, CHUNK};
    use std::collections::HashMap;

    const FILE: &str = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

    fn want(query: &str, accept: &str) -> Result<Want, No> {
        match read(&format!("/ipfs/{FILE}"), query, accept).unwrap()? {
            Ask::Ipfs { want, .. } => Ok(want),
            Ask::Ipns(_) => panic!(),
        }
    }

    #[test]
    fn parameters_are_read_as_libraries_write_them() {
        let wanted = want("format=car&dag-scope=entity&entity-bytes=512%3A%2A", "").unwrap();
        assert_eq!(wanted, want("format=car&entity-bytes=512:*", "").unwrap());
        assert_eq!(want("format=%72aw", ""), Ok(Want::Raw));
        assert!(want("format=car&entity-bytes=%zz", "").is_err() && want("format=car&entity-bytes=%FF:*", "").is_err());
    }

    #[test]
    fn a_name_to_save_under_leads_nowhere() {
        assert_eq!(disposition("format=raw"), None);
        assert_eq!(disposition("filename="), None);
        let named = disposition("format=raw&filename=test%D1%82%D0%B5%D1%81%D1%82.bin").unwrap();
        assert_eq!(named, "attachment; filename=\"test____.bin\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.bin");
        let hostile = disposition(&format!("filename=..%2F%22%0d%0aSet-Cookie:%20x%00{}", "y".repeat(3000))).unwrap();
        assert!(hostile.starts_with("attachment; filename=\".._") && hostile.len() < 500, "{hostile}");
        assert!(hostile.bytes().all(|b| (b' '..0x7f).contains(&b)) && hostile.matches('"').count() == 2, "{hostile}");
    }

    #[test]
    fn questions() {
        let car = |scope, bytes, dups| Ok(Want::Car { scope, bytes, dups });
        assert_eq!(want("format=raw", ""), Ok(Want::Raw));
        assert_eq!(want("", "text/html, application/vnd.ipld.raw"), Ok(Want::Raw));
        assert_eq!(want("format=car", "application/vnd.ipld.raw"), car(Scope::All, None, false));
        assert_eq!(want("", "application/vnd.ipld.car; version=1; order=dfs; dups=y"), car(Scope::All, None, true));
        assert_eq!(want("format=car&car-dups=y&dag-scope=block", ""), car(Scope::Block, None, true));
        assert_eq!(want("format=car&dag-scope=entity&entity-bytes=-5:*", ""), car(Scope::Entity, Some((-5, None)), false));
        assert_eq!(want("format=car&entity-bytes=3:-2", ""), car(Scope::Entity, Some((3, Some(-2))), false));
        for (query, accept, status) in [
            ("", "", 406),
            ("", "*/*", 406),
            ("format=tar", "", 400),
            ("format=car&dag-scope=most", "", 400),
            ("format=car&entity-bytes=5", "", 400),
            ("format=car&entity-bytes=5:2", "", 400),
            ("format=car&entity-bytes=a:b", "", 400),
            ("format=car&car-version=2", "", 400),
            ("format=car&car-order=bfs", "", 400),
            ("format=ipns-record", "", 400),
        ] {
            assert_eq!(want(query, accept).unwrap_err().0, status, "{query} {accept}");
        }
        let status = |path: &str| read(path, "format=car", "").unwrap().map_or_else(|no| no.0, |_| 200);
        assert_eq!(status(&format!("/ipfs/{FILE}/a%20b/")), 200);
        for bad in [
            "/ipfs/",
            "/ipfs/x",
            &format!("/ipfs/{FILE}/../x"),
            &format!("/ipfs/{FILE}/%2e%2e"),
            &format!("/ipfs/{FILE}/%ff"),
            &format!("/ipfs/{FILE}/%f"),
        ] {
            assert_eq!(status(bad), 400, "{bad}");
        }
        assert_eq!(status(&format!("/ipfs/{}", "a".repeat(9999))), 414);
        assert_eq!(status("/routing/v1/providers/x"), 404);
        assert_eq!(status("/routing/v1/ipns/x"), 400);
        assert!(read("/files/x", "", "").is_none());
    }

    #[derive(Default)]
    struct Heap(HashMap<Cid, Vec<u8>>);

    impl Heap {
        fn raw(&mut self, bytes: Vec<u8>) -> (Cid, u64) {
            let (cid, len) = (Cid::of(Codec::Raw, &bytes), bytes.len() as u64);
            self.0.insert(cid, bytes);
            (cid, len)
        }
    }

    impl dag::Sink for Heap {
        fn node(&mut self, cid: Cid, node: dag::Node) {
            self.0.insert(cid, node.block);
        }
    }

    impl Blocks for Heap {
        fn get(&mut self, cid: &Cid) -> Option<Vec<u8>> {
            self.0.get(cid).cloned()
        }
        fn has(&mut self, cid: &Cid) -> bool {
            self.0.contains_key(cid)
        }
    }

    #[test]
    fn answers() {
        let mut heap = Heap::default();
        let chunks: Vec<_> = (0..3).map(|i| heap.raw(vec![i; if i == 2 { 10 } else { CHUNK }])).collect();
        let film = dag::file(&chunks, &mut heap);
        let (note, len) = heap.raw(b"note".to_vec());
        let note = Built { cid: note, tsize: len };
        let many: Vec<_> = (0..5000).map(|i| (format!("entry number {i:040}"), note)).collect();
        let sharded = dag::folder(many, &mut heap).unwrap();
        let root =
            dag::folder(vec![("film".into(), film), ("note".into(), note), ("same".into(), note), ("many".into(), sharded)], &mut heap)
                .unwrap();
        let mut ask = |path: &[&str], scope, bytes, dups| {
            let path: Vec<String> = path.iter().map(|p| (*p).to_owned()).collect();
            plan(root.cid, &path, scope, bytes, dups, &mut heap)
        };
        let c = |i: usize| chunks[i].0;
        assert_eq!(ask(&[], Scope::Block, None, false).unwrap(), [root.cid]);
        assert_eq!(ask(&[], Scope::Entity, None, false).unwrap(), [root.cid]);
        assert_eq!(ask(&["film"], Scope::Block, None, false).unwrap(), [root.cid, film.cid]);
        assert_eq!(ask(&["film"], Scope::Entity, None, false).unwrap(), [root.cid, film.cid, c(0), c(1), c(2)]);
        let mib = i64::try_from(CHUNK).unwrap();
        for (bytes, which) in [
            ((0, Some(0)), &[0][..]),
            ((mib - 1, Some(mib)), &[0, 1]),
            ((mib, Some(mib)), &[1]),
            ((-1, None), &[2]),
            ((-11, Some(-11)), &[1]),
            ((2 * mib, None), &[2]),
            ((0, None), &[0, 1, 2]),
            ((99 * mib, None), &[]),
        ] {
            let mut wanted = vec![root.cid, film.cid];
            wanted.extend(which.iter().map(|i| c(*i)));
            assert_eq!(ask(&["film"], Scope::Entity, Some(bytes), false).unwrap(), wanted, "{bytes:?}");
        }
        let once = ask(&[], Scope::All, None, false).unwrap();
        let twice = ask(&[], Scope::All, None, true).unwrap();
        assert_eq!(once.iter().collect::<HashSet<_>>().len(), once.len());
        assert_eq!(twice.iter().filter(|cid| **cid == note.cid).count(), 5002);
        let deep = ask(&["many", "entry number 0000000000000000000000000000000000000042"], Scope::Block, None, false).unwrap();
        assert!(deep.len() >= 3 && deep[..2] == [root.cid, sharded.cid] && deep.last() == Some(&note.cid));
        let folder = ask(&["many"], Scope::Entity, None, false).unwrap();
        assert!(folder.len() > 200 && !folder.contains(&note.cid));
        assert_eq!(ask(&["many", "none"], Scope::Block, None, false).unwrap_err().0, 404);
        assert_eq!(ask(&["note", "x"], Scope::Block, None, false).unwrap_err().0, 404);
        heap.0.remove(&c(1));
        assert_eq!(plan(film.cid, &[], Scope::Entity, None, false, &mut heap).unwrap_err().0, 404);
        assert_eq!(
            plan(film.cid, &[], Scope::Entity, Some((0, Some(9))), false, &mut heap).unwrap(),
            [film.cid, c(0)],
            "what is asked is here"
        );
    }
}
