//! What can be wrong with content. Each text is one line that a person can act on.

use std::fmt;
use std::io;

use crate::cid::Cid;

/// Why bytes were not taken.
#[derive(Debug)]
pub enum Error {
    /// A varint is not one.
    Varint(&'static str),
    /// The bytes end inside of something.
    Truncated(&'static str),
    /// Something is longer than it may be; checked before memory is asked for.
    TooLong {
        /// What it is.
        what: &'static str,
        /// Its length or count as claimed.
        is: u64,
        /// The limit.
        limit: u64,
    },
    /// A CAR section of length zero.
    EmptySection,
    /// A CAR header that is not version 1's.
    Header(&'static str),
    /// Not the codec, hash or length that content here may have.
    HashKind(&'static str),
    /// A block's bytes are not what its CID says.
    WrongHash(Cid),
    /// Another block than the one whose turn it is.
    Unexpected {
        /// Whose turn it is; `None`: all have come.
        wanted: Option<Cid>,
        /// What came.
        got: Cid,
    },
    /// The source has no more, and this block has not come.
    Missing(Cid),
    /// Nested deeper than the walk goes.
    TooDeep,
    /// A node contradicts itself or its children.
    Lie(&'static str),
    /// Bytes that are no DAG-CBOR in canonical form.
    Cbor(&'static str),
    /// Bytes that are no dag-pb or UnixFS.
    Pb(&'static str),
    /// A path that no bundle may have, with why.
    Path(String, &'static str),
    /// The manifest says what cannot be.
    Manifest(&'static str),
    /// The manifest and the content disagree about this path.
    Disagree(String),
    /// A signature that does not hold.
    Signature(&'static str),
    /// An IPNS record that does not hold.
    Ipns(&'static str),
    /// The disk, stick or network failed.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Varint(why) => write!(f, "damaged: a length is {why}"),
            Self::Truncated(what) => write!(f, "it ends inside {what}: the copy is not complete"),
            Self::TooLong { what, is, limit } => write!(f, "{what}: {is}, but {limit} at most are allowed"),
            Self::EmptySection => f.write_str("damaged: an empty section"),
            Self::Header(why) => write!(f, "not a bundle: {why}"),
            Self::HashKind(why) => write!(f, "an address of a kind that is not taken: {why}"),
            Self::WrongHash(cid) => write!(f, "damaged or forged: block {cid} has other bytes than its address says"),
            Self::Unexpected { wanted: Some(wanted), got } => write!(f, "out of order: block {wanted} was expected and {got} came"),
            Self::Unexpected { wanted: None, got } => write!(f, "block {got} belongs to nothing in it"),
            Self::Missing(cid) => write!(f, "not complete: block {cid} is missing"),
            Self::TooDeep => write!(f, "folders or files are nested deeper than {}", crate::walk::MAX_DEPTH),
            Self::Lie(why) => write!(f, "it contradicts itself: {why}"),
            Self::Cbor(why) => write!(f, "damaged: not DAG-CBOR: {why}"),
            Self::Pb(why) => write!(f, "damaged: not UnixFS: {why}"),
            Self::Path(path, why) => write!(f, "the path {path:?} {why}"),
            Self::Manifest(why) => write!(f, "the manifest is not valid: {why}"),
            Self::Disagree(path) => write!(f, "manifest and content disagree about {path:?}"),
            Self::Signature(why) => write!(f, "the signature does not hold: {why}"),
            Self::Ipns(why) => write!(f, "the IPNS record does not hold: {why}"),
            Self::Io(e) => write!(f, "reading or writing failed: {e}"),
        }
    }
}

/// What is too long for a store without room: see [`Error::room_wanted`].
pub(crate) const NO_ROOM: &str = "no room: bytes of it";

impl Error {
    /// The bytes that a store has no room for, where that is what it is.
    pub fn room_wanted(&self) -> Option<u64> {
        match self {
            Self::TooLong { what: NO_ROOM, is, .. } => Some(*is),
            _ => None,
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}
