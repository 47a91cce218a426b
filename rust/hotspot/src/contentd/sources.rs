//! Where content comes from over a network: an IPNS name, a CID, or a bundle's web address.
//!
//! Gateways are asked block by block, and a bundle on a web server by ranges: what is here already is passed over and never
//! fetched again, and what breaks off goes on where it stopped. Every block is verified by its address, every bundle by
//! its signature, so it does not matter who brings them.

use std::io::Read;
use std::time::Duration;

use content::envelope::Envelope;
use content::ipns::{self, Record};
use content::key::Publisher;
use content::source::Source;
use content::{Cid, Codec, Error, car, varint};

use crate::updated::http::{self, Slow, Web};

/// An address of `[content] sources`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A publisher's name: the newest that it signs.
    Name(Publisher),
    /// One root, for ever.
    Root(Cid),
    /// A bundle on a web server.
    Web(String),
    /// A domain that has a DNSLink: the newest that its owner, or whoever answers for it, points to.
    Domain(String),
}

impl Address {
    /// Reads it; `None` if it is none of ours.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("http://") || text.starts_with("https://") {
            return Some(Self::Web(text.to_owned()));
        }
        let of = |prefixes: [&str; 2]| prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).map(|rest| rest.trim_end_matches('/'));
        if let Some(name) = of(["ipns://", "/ipns/"]) {
            return name.parse().ok().map(Self::Name).or_else(|| domain(name).map(Self::Domain));
        }
        let bare = of(["ipfs://", "/ipfs/"]).unwrap_or(text);
        bare.parse().ok().map(Self::Root).or_else(|| bare.parse().ok().map(Self::Name))
    }
}

/// A domain's name as DNS takes it: labels of letters, digits and hyphens, two of them at least.
fn domain(text: &str) -> Option<String> {
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    (text.len() <= 240 && text.contains('.') && text.split('.').all(label)).then(|| text.to_ascii_lowercase())
}

/// Tries for one block, over all gateways, with a pause that grows in between.
const ROUNDS: u32 = 3;

/// Gateways, the one that answered last first.
pub struct Gateways {
    agent: ureq::Agent,
    bases: Vec<String>,
}

impl Gateways {
    /// These, in this order.
    pub fn new(bases: &[String]) -> Self {
        Self { agent: http::agent(), bases: bases.iter().map(|base| base.trim_end_matches('/').to_owned()).collect() }
    }

    fn get(&self, url: &str, accept: &str, limit: usize) -> Result<Vec<u8>, String> {
        let answer =
            self.agent.get(url).header("accept", accept).header("accept-encoding", "identity").call().map_err(|e| format!("{url}: {e}"))?;
        if answer.status().as_u16() != 200 {
            return Err(format!("{url}: status {}", answer.status().as_u16()));
        }
        let mut bytes = Vec::new();
        let reader = answer.into_body().into_with_config().limit(u64::MAX).reader();
        // An endless body ends here; one that trickles is ended by the agent, or by the next line.
        Slow::new(reader).take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|e| format!("{url}: {e}"))?;
        if bytes.len() > limit { Err(format!("{url}: it sends more than it may")) } else { Ok(bytes) }
    }

    /// The newest record of a name that any gateway has and that holds.
    pub fn record(&self, publisher: &Publisher) -> Result<(Vec<u8>, Record), String> {
        let mut best: Option<(Vec<u8>, Record)> = None;
        let mut last = "no gateway is set: content.gateways names some".to_owned();
        for base in &self.bases {
            let url = format!("{base}/ipns/{publisher}?format=ipns-record");
            let read = self.get(&url, "application/vnd.ipfs.ipns-record", ipns::MAX);
            let read =
                read.and_then(|bytes| Record::read(&bytes, publisher).map(|record| (bytes, record)).map_err(|e| format!("{base}: {e}")));
            match read {
                Ok(found) if best.as_ref().is_none_or(|(_, known)| known.sequence < found.1.sequence) => best = Some(found),
                Ok(_) => {}
                Err(why) => last = why,
            }
        }
        best.ok_or(last)
    }

    /// One block, verified, from whichever gateway has it.
    pub fn block(&mut self, cid: Cid) -> Result<Vec<u8>, String> {
        let mut last = "no gateway is set: content.gateways names some".to_owned();
        for round in 0..ROUNDS {
            for i in 0..self.bases.len() {
                let url = format!("{}/ipfs/{cid}?format=raw", self.bases[i]);
                match self.get(&url, "application/vnd.ipld.raw", car::MAX_BLOCK) {
                    Ok(block) if cid.check(&block).is_ok() => {
                        self.bases.swap(0, i);
                        return Ok(block);
                    }
                    Ok(_) => last = format!("{}: it sends other bytes than were asked for", self.bases[i]),
                    Err(why) => last = why,
                }
            }
            if round + 1 < ROUNDS && !self.bases.is_empty() {
                log::debug!("{last}; trying again");
                std::thread::sleep(Duration::from_secs(1 << round));
            }
        }
        Err(last)
    }
}

/// Blocks from gateways, under a root that may be made here.
pub struct Remote {
    gateways: Gateways,
    /// The envelope, when only a record came: no gateway has it.
    own: Option<(Cid, Vec<u8>)>,
    /// Bytes that were fetched.
    pub fetched: u64,
}

impl Remote {
    /// What a root that somebody named leads to.
    pub fn root(gateways: Gateways) -> Self {
        Self { gateways, own: None, fetched: 0 }
    }

    /// What a record leads to: the root of the bundle, whose envelope is the record.
    pub fn named(gateways: Gateways, manifest: Cid, record: Vec<u8>) -> (Self, Cid) {
        let block = Envelope { manifest, sig: Vec::new(), ipns_record: record }.to_block();
        let root = Cid::of(Codec::DagCbor, &block);
        (Self { gateways, own: Some((root, block)), fetched: 0 }, root)
    }
}

impl Source for Remote {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        *block = match &self.own {
            Some((own, bytes)) if *own == cid => bytes.clone(),
            _ => self.gateways.block(cid).map_err(|why| Error::Io(std::io::Error::other(why)))?,
        };
        self.fetched += block.len() as u64;
        Ok(0)
    }

    fn may_pass_over(&self) -> bool {
        true
    }
}

/// A bundle on a web server, in the walk's order.
pub struct WebCar {
    web: Web,
    at: u64,
    /// Bytes that were fetched.
    pub fetched: u64,
}

impl WebCar {
    /// Asks for it; gives its root.
    pub fn open(url: &str) -> Result<(Self, Cid), String> {
        let mut this = Self { web: Web::open(&http::agent(), url)?, at: 0, fetched: 0 };
        let length = this.varint().map_err(|e| e.to_string())?;
        if length == 0 || length > car::MAX_HEADER {
            return Err(format!("{url}: it is no bundle"));
        }
        let mut header = vec![0; usize::try_from(length).unwrap_or(0)];
        this.read(&mut header).map_err(|e| e.to_string())?;
        let mut whole = Vec::new();
        varint::write(length, &mut whole);
        whole.extend(header);
        let car = car::Car::open(&whole[..]).map_err(|e| format!("{url}: {e}"))?;
        let root = content::source::one_root(car.roots()).map_err(|e| format!("{url}: {e}"))?;
        Ok((this, root))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        use update::Source as _;
        self.web.read_at(self.at, bytes)?;
        self.at += bytes.len() as u64;
        self.fetched += bytes.len() as u64;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Error> {
        let mut bytes = Vec::with_capacity(varint::MAX);
        loop {
            let mut one = [0];
            self.read(&mut one)?;
            bytes.push(one[0]);
            if one[0] & 0x80 == 0 || bytes.len() == varint::MAX {
                return varint::read(&bytes).map(|(value, _)| value);
            }
        }
    }
}

impl Source for WebCar {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        let length = self.varint()?;
        let limit = (car::MAX_BLOCK + content::cid::LENGTH) as u64;
        if length > limit {
            return Err(Error::TooLong { what: "bytes in a section", is: length, limit });
        }
        let mut head = [0; content::cid::LENGTH];
        self.read(&mut head)?;
        let got = Cid::exactly(&head)?;
        if got != cid {
            return Err(Error::Unexpected { wanted: Some(cid), got });
        }
        let len = length.checked_sub(content::cid::LENGTH as u64).ok_or(Error::EmptySection)?;
        block.resize(usize::try_from(len).unwrap_or(0), 0);
        let at = self.at;
        self.read(block)?;
        Ok(at)
    }

    /// Its place in the file is known, since each block stands there once and in this order.
    fn pass_over(&mut self, len: u32) {
        let section = content::cid::LENGTH as u64 + u64::from(len);
        self.at += varint::length(section) as u64 + section;
    }

    fn may_pass_over(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let publisher = content::key::Secret::from_seed(&[1; 32]).publisher();
        let cid = Cid::of(Codec::Raw, b"x");
        for text in [format!("ipns://{publisher}"), format!("/ipns/{publisher}/"), publisher.to_string()] {
            assert_eq!(Address::read(&text), Some(Address::Name(publisher)), "{text}");
        }
        for text in [format!("ipfs://{cid}"), format!("/ipfs/{cid}"), format!(" {cid} ")] {
            assert_eq!(Address::read(&text), Some(Address::Root(cid)), "{text}");
        }
        assert_eq!(Address::read("https://x.example/a.car"), Some(Address::Web("https://x.example/a.car".into())));
        assert_eq!(Address::read("ipns://Library.Example/"), Some(Address::Domain("library.example".into())));
        for none in ["", "ipns://library", "ipns://a..b", "ipns://a b.c", "library.example", "ftp://x", "ipns://", "ipfs://x", "../x"] {
            assert_eq!(Address::read(none), None, "{none}");
        }
    }
}
