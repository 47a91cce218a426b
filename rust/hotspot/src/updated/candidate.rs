//! From a file that may be a bundle to a release that may be installed, or the one line that says why not.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use update::journal::{Journal, Release};
use update::{Bundle, Chain, DeviceState, Manifest, Refusal, Source};

use super::device::Device;
use super::http::Web;
use super::store::Store;

/// The card's root keys, as the supervisor's step `slots` copies them from p1.
const CARD_ROOTS: &str = "roots.json";
/// The newer roots that this box has seen.
const SEEN_ROOTS: &str = "roots.json";

/// Where a bundle is.
pub enum Place {
    /// A file on a stick, or one that the owner named.
    File(File, u64),
    /// A web server.
    Web(Box<Web>),
}

impl Place {
    /// An open regular file.
    pub fn file(file: File) -> io::Result<Self> {
        let meta = file.metadata()?;
        if meta.is_file() { Ok(Self::File(file, meta.len())) } else { Err(io::Error::other("it is no file")) }
    }
}

impl Source for Place {
    fn len(&self) -> u64 {
        match self {
            Self::File(_, length) => *length,
            Self::Web(web) => web.len(),
        }
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.read_exact_at(buf, offset),
            Self::Web(web) => web.read_at(offset, buf),
        }
    }
}

/// A release that may be installed, with its open bundle.
pub struct Candidate {
    /// What the machine is told.
    pub release: Release,
    /// What the writer reads.
    pub bundle: Bundle<Place>,
    /// Bytes are dear: blocks that the slots hold already are looked for.
    pub dear: bool,
}

/// What is judged by: taken anew for each look, for floors and roots move.
pub struct Judge {
    chain: Chain,
    state: DeviceState,
    store: Store,
}

impl Judge {
    /// The box as it is now. Errors: it has no root keys, so nobody's releases are taken.
    pub fn new(device: &Device, store: &Store, journal: &Journal, pin: u32) -> Result<Self, String> {
        let card = std::fs::read(crate::ipc::run_dir().join(CARD_ROOTS));
        let card = card.map_err(|_| "the card has no root keys (root.json on its first partition): no update can be judged".to_owned())?;
        let chain = Chain::known(&card, store.get(SEEN_ROOTS).as_deref()).map_err(|e| format!("the card's root keys: {e}"))?;
        let record = device.record();
        let running = device.running();
        let state = DeviceState {
            board: board(),
            running: (running != update::Slot::Rescue).then_some(device.slots.seq),
            floor: record.hex("r_floor").unwrap_or(0).max(journal.floor),
            built_floor: record.hex("r_built").unwrap_or(0).max(journal.built_floor),
            slot_size: device.slot_bytes(),
            data: data_version(),
            pin: Some(u64::from(pin)).filter(|p| *p > 0),
        };
        Ok(Self { chain, state, store: store.clone() })
    }

    /// The chain of roots that counts.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What the decision knows of the box.
    pub fn state(&self) -> &DeviceState {
        &self.state
    }

    /// Newest list of releases that was seen.
    pub fn seen(&self) -> u64 {
        self.store.read(super::net::SEEN).unwrap_or(0)
    }

    /// Remembers a list, and the roots that it brought.
    pub fn has_seen(&self, version: u64, chain: &Chain) {
        if version > self.seen() {
            self.store.write(super::net::SEEN, &version);
        }
        self.keep(chain);
    }

    fn keep(&self, chain: &Chain) {
        if *chain != self.chain
            && let Err(e) = self.store.put(SEEN_ROOTS, &chain.write())
        {
            log::warn!("the newer root keys are not kept: {e}");
        }
    }

    /// Opens and judges. Newer roots that the bundle brings are remembered at once.
    pub fn judge(&self, place: Place, from: String, asked: bool) -> Result<Candidate, Refusal> {
        let dear = matches!(place, Place::Web(_));
        let bundle = Bundle::open(place, &self.chain)?;
        self.keep(bundle.chain());
        update::decide(bundle.manifest(), &self.state)?;
        let release = self.release(bundle.manifest(), bundle.id().to_string(), from, asked);
        Ok(Candidate { release, bundle, dear })
    }

    fn release(&self, m: &Manifest, id: String, from: String, asked: bool) -> Release {
        let (floor, built_floor) = update::floors(m, &self.state);
        Release { seq: m.seq, built: m.built, id, from, asked, floor, built_floor, instead_of: None }
    }
}

fn board() -> String {
    if let Some(board) = std::env::var_os("HOTSPOT_BOARD") {
        return board.to_string_lossy().into_owned();
    }
    let compatible = std::fs::read("/proc/device-tree/compatible").unwrap_or_default();
    update::board(&compatible).unwrap_or("unknown").into()
}

/// The version of what is in `/data`.
fn data_version() -> Option<u32> {
    let version = std::fs::read_to_string(crate::ipc::run_dir().join("data-version")).ok()?;
    version.trim().parse().ok()
}
