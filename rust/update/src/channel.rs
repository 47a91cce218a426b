//! The channel: a signed list of what is newest for which board, so that a plain web server or a stick is a whole update server.

use serde::{Deserialize, Serialize};

use crate::trust::{Chain, Domain, SecretKey, Signature, Signatures, SignedRoot};
use crate::{Hex, Refusal, canonical};

/// One release in a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Boards that it is for, ascending.
    pub boards: Vec<String>,
    /// Its sequence.
    pub seq: u64,
    /// Its build time, seconds since 1970.
    pub built: u64,
    /// Lowest sequence that it may replace.
    pub min: u64,
    /// Highest sequence that it may replace by going back.
    pub back: u64,
    /// Bytes of the bundle.
    pub size: u64,
    /// SHA-256 of its manifest ([`crate::Bundle::id`]).
    pub id: Hex<32>,
    /// Where it is: an http, https or ipfs address, or a path relative to the channel's own.
    pub url: String,
}

/// The document that is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Format version, 1.
    pub v: u32,
    /// Grows with every edition; the tool takes the seconds since 1970.
    pub version: u64,
    /// Releases, ascending by sequence.
    pub releases: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    channel: Channel,
    roots: Vec<SignedRoot>,
    signatures: Signatures,
}

/// Most releases in one channel.
const MAX_RELEASES: usize = 256;

impl Channel {
    /// Longest channel file in bytes.
    pub const MAX_BYTES: usize = 512 << 10;

    /// Reads and verifies a channel file; `seen` is the newest version that this box has seen of it. Also returns the chain as the file
    /// continues it.
    ///
    /// What a bundle then says of itself is what counts: the channel only saves looking into each.
    pub fn open(bytes: &[u8], trust: &Chain, seen: u64) -> Result<(Self, Chain), Refusal> {
        let damaged = |why: String| Refusal::Damaged(format!("the list of releases cannot be read: {why}"));
        let file: File = canonical::read(bytes.strip_suffix(b"\n").unwrap_or(bytes), Self::MAX_BYTES).map_err(damaged)?;
        let chain = trust.joined(&Chain::verify(file.roots)?)?;
        chain.judge(Domain::Channel, &canonical::write(&file.channel), &file.signatures)?;
        file.channel.check().map_err(|why| damaged(why.into()))?;
        if file.channel.version < seen {
            return Err(Refusal::OldChannel { version: file.channel.version, seen });
        }
        Ok((file.channel, chain))
    }

    /// The channel file's bytes.
    pub fn sign(self, chain: &Chain, keys: &[SecretKey]) -> Result<Vec<u8>, Refusal> {
        self.check().map_err(|why| Refusal::Damaged(why.into()))?;
        let document = canonical::write(&self);
        let mut signatures: Vec<_> = keys.iter().map(|key| Signature::make(key, Domain::Channel, &document)).collect();
        signatures.sort_by_key(|s| s.key);
        chain.judge(Domain::Channel, &document, &signatures)?;
        let mut bytes = canonical::write(&File { channel: self, roots: chain.roots().to_vec(), signatures });
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn check(&self) -> Result<(), &'static str> {
        let url = |u: &str| (1..=1024).contains(&u.len()) && u.bytes().all(|b| (0x21..0x7f).contains(&b));
        let checks = [
            (self.v == 1, "its version is not 1"),
            (self.releases.len() <= MAX_RELEASES, "it has too many releases"),
            (self.releases.is_sorted_by_key(|r| r.seq), "its releases are not in order"),
            (self.releases.iter().all(|r| url(&r.url)), "a release has no address"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
    }

    /// The release for a board: the newest that may replace what runs, or the one that the owner holds. `None`: nothing new.
    ///
    /// What another release for this board goes back from was withdrawn, and is not taken.
    pub fn newest(&self, board: &str, running: Option<u64>, pin: Option<u64>) -> Option<&Entry> {
        let ours = || self.releases.iter().filter(|e| e.boards.iter().any(|b| b == board));
        let withdrawn = |seq: u64| pin.is_none() && ours().any(|e| e.seq < seq && seq <= e.back);
        let fits = |e: &&Entry| {
            pin.is_none_or(|pin| e.seq == pin)
                && running.is_none_or(|r| r >= e.min && r != e.seq && (e.seq > r || r <= e.back))
                && !withdrawn(e.seq)
        };
        ours().rfind(fits)
    }
}

/// A release's address from its channel's: absolute as it is, else beside the channel. `None` if it would leave the channel's server or folder.
pub fn resolve(channel: &str, url: &str) -> Option<String> {
    if ["http://", "https://", "ipfs://", "ipns://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Some(url.to_owned());
    }
    let plain =
        !url.starts_with('/') && !url.contains([':', '\\', '?', '#']) && url.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let (folder, _) = channel.rsplit_once('/')?;
    plain.then(|| format!("{folder}/{url}"))
}
