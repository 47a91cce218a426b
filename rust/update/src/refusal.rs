//! Why a bundle is not taken: one line each that says why and what to do.

use std::fmt;

/// Why a bundle, a channel or a root is refused. `Display` is one line for people; [`Refusal::code`] is for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The stick, file or network gives an error.
    Unreadable(String),
    /// It is something else than a bundle.
    NotABundle,
    /// Its format is one that this release does not know.
    Format(u32),
    /// Its parts do not fit together, or it was cut off; what is wrong.
    Damaged(String),
    /// Nobody signed it.
    Unsigned,
    /// A signature was tampered with.
    BadSignature(String),
    /// Signed by keys that this box never knew.
    Stranger,
    /// Signed by a key that was withdrawn.
    RetiredKey,
    /// Fewer release keys signed than must.
    TooFewSignatures {
        /// Signatures that hold.
        have: usize,
        /// How many must.
        need: u32,
    },
    /// A root document was signed by fewer keys than must.
    RootSignatures {
        /// Which root.
        version: u64,
        /// Signatures that hold.
        have: usize,
        /// How many must.
        need: u32,
    },
    /// The chain of roots is wrong; how.
    BadRoots(String),
    /// It is for other boards.
    WrongBoard {
        /// What it is for.
        boards: Vec<String>,
        /// What this is.
        own: String,
    },
    /// This release runs already.
    Replay(u64),
    /// Older than what runs.
    Downgrade {
        /// Its release.
        seq: u64,
        /// What runs.
        running: u64,
    },
    /// Older than a release that proved itself here.
    BelowFloor {
        /// Its release.
        seq: u64,
        /// The lowest that may be installed.
        floor: u64,
    },
    /// Built before a release that proved itself here, whatever number it bears.
    BuiltBeforeFloor,
    /// What runs is too old to be replaced by it directly.
    Gap {
        /// What runs.
        running: u64,
        /// The lowest that it may replace.
        min: u64,
    },
    /// It does not fit into a slot.
    TooBig {
        /// Its size in bytes.
        size: u64,
        /// The slot's.
        slot: u64,
    },
    /// The owner holds another release.
    Pinned {
        /// Its release.
        seq: u64,
        /// The one that is held.
        pin: u64,
    },
    /// It cannot read the box's data, which a newer release wrote.
    DataTooNew {
        /// The box's data version.
        have: u32,
        /// The newest that it reads.
        reads: u32,
    },
    /// It no longer reads data as old as the box's.
    DataTooOld {
        /// The box's data version.
        have: u32,
        /// The oldest that it reads.
        reads: u32,
    },
    /// An older channel than one that was seen already.
    OldChannel {
        /// Its version.
        version: u64,
        /// The newest that was seen.
        seen: u64,
    },
}

impl Refusal {
    /// A short word for programs, histories and translations; it never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NotABundle => "not-a-bundle",
            Self::Format(_) => "format",
            Self::Damaged(_) => "damaged",
            Self::Unsigned => "unsigned",
            Self::BadSignature(_) => "bad-signature",
            Self::Stranger => "stranger",
            Self::RetiredKey => "retired-key",
            Self::TooFewSignatures { .. } => "too-few-signatures",
            Self::RootSignatures { .. } => "root-signatures",
            Self::BadRoots(_) => "bad-roots",
            Self::WrongBoard { .. } => "wrong-board",
            Self::Replay(_) => "replay",
            Self::Downgrade { .. } => "downgrade",
            Self::BelowFloor { .. } => "below-floor",
            Self::BuiltBeforeFloor => "built-before-floor",
            Self::Gap { .. } => "gap",
            Self::TooBig { .. } => "too-big",
            Self::Pinned { .. } => "pinned",
            Self::DataTooNew { .. } => "data-too-new",
            Self::DataTooOld { .. } => "data-too-old",
            Self::OldChannel { .. } => "old-channel",
        }
    }
}

/// Words that a file may have had a part in: one line, for they go into the history and onto a page.
struct Line<'a>(&'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.0.chars().take(300).try_for_each(|c| f.write_char(if c.is_control() { '?' } else { c }))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "it cannot be read ({}); try again, or another stick", Line(why)),
            Self::NotABundle => f.write_str("it is no update; a file that `make update` made is"),
            Self::Format(version) => write!(f, "its format {version} is newer than this release knows; install a release in between first"),
            Self::Damaged(how) => write!(f, "it is damaged: {}; copy it again", Line(how)),
            Self::Unsigned => f.write_str("nobody signed it; only signed updates are taken"),
            Self::BadSignature(how) => write!(f, "{}; get it again from where it was published", Line(how)),
            Self::Stranger => f.write_str("it was signed by a stranger, not by the people whose releases this box takes"),
            Self::RetiredKey => f.write_str("it was signed by a key that was withdrawn; get a release that is signed by the present one"),
            Self::TooFewSignatures { have, need } => write!(f, "{have} of its signatures count and {need} must; have it signed by more"),
            Self::RootSignatures { version, have, need } => {
                write!(f, "its root {version} has {have} signatures that count and {need} must; have the root signed by more")
            }
            Self::BadRoots(how) => write!(f, "its root keys do not hold: {}", Line(how)),
            Self::WrongBoard { boards, own } => write!(f, "it is for other boards ({}), and this is {own}", boards.join(", ")),
            Self::Replay(seq) => write!(f, "release {seq} is what runs already"),
            Self::Downgrade { seq, running } => {
                write!(f, "release {seq} is older than {running}, which runs; only a release made for going back may do that")
            }
            Self::BelowFloor { seq, floor } => {
                write!(f, "release {seq} is older than {floor}, the oldest that this box still takes; use a newer one")
            }
            Self::BuiltBeforeFloor => {
                f.write_str("it was built before a release that ran well here, though its number is higher; use a newer one")
            }
            Self::Gap { running, min } => {
                write!(f, "it replaces release {min} or newer, and {running} runs; install a release in between first")
            }
            Self::TooBig { size, slot } => write!(f, "its system of {size} bytes does not fit into a slot of {slot}"),
            Self::Pinned { seq, pin } => write!(f, "the settings hold release {pin}, and this is {seq}; change the pin to take it"),
            Self::DataTooNew { have, reads } => {
                write!(f, "it reads data up to version {reads}, and this box's is {have}; use a release that knows it")
            }
            Self::DataTooOld { have, reads } => {
                write!(f, "it reads data from version {reads} on, and this box's is {have}; install a release in between first")
            }
            Self::OldChannel { version, seen } => {
                write!(f, "the list of releases is an old one ({version}, and {seen} was seen); whoever serves it should update it")
            }
        }
    }
}

impl std::error::Error for Refusal {}
