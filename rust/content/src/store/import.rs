//! Importing: verify, write and publish, each on its own thread, within fixed memory.
//!
//! ```text
//!   read ahead ──blocks──> hash, walk ──new blocks──> append to the staged pack
//!        └────────────<──── empty buffers ────<───────────────┘
//! ```

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::open::head_length;
use super::{Index, Place, Store, create, pack_path, publish};
use crate::car::{self, Car, Section};
use crate::cid::Cid;
use crate::error::NO_ROOM;
use crate::source::{Source, drive, walk_of};
use crate::{Error, Manifest};

/// Buffers between two threads: with blocks of 2 MiB at most, all of them are below 20 MiB.
const AHEAD: usize = 3;

/// Bytes after which the card begins to write them: all at the end would leave it idle until then, and fill the memory.
const BEHIND: u64 = 8 << 20;

/// What an import is given.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What a tree without a manifest is called.
    pub title: &'a str,
    /// Bytes that it may take.
    pub room: u64,
}

/// An import that was published.
#[derive(Debug)]
pub struct Import {
    /// The bundle.
    pub index: Arc<Index>,
    /// Bytes of blocks that were not here before.
    pub new_bytes: u64,
}

impl Store {
    /// Imports what `source` brings and publishes it. `allow` sees a bundle's manifest before any content is taken;
    /// `progress` gets the bytes that are done.
    ///
    /// Errors: whatever the walk refuses, `allow`'s own, no room, the disk. Nothing is left behind then.
    pub fn import(
        &mut self,
        root: Cid,
        source: &mut dyn Source,
        options: Options,
        allow: &mut dyn FnMut(&Manifest) -> Result<(), Error>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Import, Error> {
        let pack = self.next_pack;
        let staged = self.root.join(format!("staging/{pack}.car"));
        let result = self.fill(root, source, options, allow, progress, pack);
        let (tree, places, new_bytes, wrote) = result.inspect_err(|e| {
            // What a network has brought so far is kept for the next try.
            let kept = matches!(e, Error::Io(_)) && source.may_pass_over() && self.keep_partial(&root, &staged).is_ok();
            if !kept {
                let _ = fs::remove_file(&staged);
            }
            if e.room_wanted().is_some() {
                // What an earlier try left takes the room that this one lacks.
                self.drop_partial(&root);
            }
        })?;
        self.drop_partial(&root);
        if wrote {
            publish(&staged, &pack_path(&self.root, pack))?;
            self.next_pack += 1;
        } else {
            fs::remove_file(&staged)?;
        }
        let index = self.publish_index(Index::new(root, options.title, tree, &places)?)?;
        Ok(Import { index, new_bytes })
    }

    /// Bytes of a bundle's files that are here already, whole.
    pub fn held(&self, manifest: &Manifest) -> u64 {
        let mut seen = std::collections::HashSet::new();
        manifest.entries.iter().filter(|e| seen.insert(e.cid) && self.find(&e.cid).is_some()).map(|e| e.size).sum()
    }

    fn fill(
        &self,
        root: Cid,
        source: &mut dyn Source,
        options: Options,
        allow: &mut dyn FnMut(&Manifest) -> Result<(), Error>,
        progress: &mut dyn FnMut(u64),
        pack: u64,
    ) -> Result<(crate::walk::Tree, HashMap<Cid, Place>, u64, bool), Error> {
        let file = create(&self.root.join(format!("staging/{pack}.car")))?;
        let header = car::header(root);
        let (to_writer, blocks) = sync_channel(AHEAD);
        let (give_back, spare) = sync_channel(AHEAD + 2);
        std::thread::scope(|scope| {
            let out = file.try_clone()?;
            let header_at = header.len() as u64;
            let writer = std::thread::Builder::new()
                .stack_size(128 * 1024)
                .spawn_scoped(scope, move || append(out, &header, &blocks, &give_back))?;
            let mut places: HashMap<Cid, Place> = HashMap::new();
            let (mut at, mut new_bytes, mut done, mut judged) = (header_at, 0, 0, false);
            let mut wrote = false;
            let mut source = self.holding(&root, source);
            let walked = drive(walk_of(root, options.room), &mut source, options.title, |walk, cid, block| {
                done += block.len() as u64;
                progress(done);
                if !judged && let Some(manifest) = walk.manifest() {
                    judged = true;
                    allow(manifest)?;
                    // Room is taken at once, so that nobody else takes it meanwhile.
                    let needed = manifest.total_bytes.saturating_sub(self.held(manifest));
                    if needed > options.room {
                        return Err(no_room(needed, options.room));
                    }
                    if needed > 0 {
                        nix::fcntl::posix_fallocate(&file, 0, i64::try_from(needed).unwrap_or(0)).map_err(io::Error::from)?;
                    }
                }
                if let Some(place) = self.find(&cid) {
                    places.insert(cid, place);
                    return Ok(());
                }
                if new_bytes + block.len() as u64 > options.room {
                    return Err(no_room(new_bytes + block.len() as u64, options.room));
                }
                new_bytes += block.len() as u64;
                let len = u32::try_from(block.len()).map_err(|_| Error::Lie("a block of gigabytes"))?;
                let start = at + head_length(block.len()) as u64;
                places.insert(cid, Place { pack, at: start, len });
                at = start + block.len() as u64;
                wrote = true;
                let full = std::mem::replace(block, spare.try_recv().unwrap_or_default());
                // A writer that is gone tells why when it is joined.
                to_writer.send((cid, full)).map_err(|_| Error::Io(io::ErrorKind::BrokenPipe.into()))
            });
            drop(to_writer);
            let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("writing failed")));
            // What was set aside and not written is nobody's: a broken download keeps no more than it has.
            let cut = file.set_len(at);
            let (tree, _) = match (walked, written) {
                (Ok(walked), Ok(())) => walked,
                (Err(Error::Io(e)), Err(why)) if e.kind() == io::ErrorKind::BrokenPipe => return Err(why.into()),
                (Ok(_), Err(why)) => return Err(why.into()),
                (Err(e), _) => return Err(e),
            };
            cut?;
            file.sync_all()?;
            Ok((tree, places, new_bytes, wrote))
        })
    }
}

fn no_room(is: u64, limit: u64) -> Error {
    Error::TooLong { what: NO_ROOM, is, limit }
}

/// The writer's thread.
fn append(mut out: File, header: &[u8], blocks: &Receiver<(Cid, Vec<u8>)>, give_back: &SyncSender<Vec<u8>>) -> io::Result<()> {
    out.write_all(header)?;
    let mut head = Vec::new();
    let (mut at, mut told) = (header.len() as u64, 0);
    for (cid, block) in blocks {
        head.clear();
        head.extend(car::section_head(cid, block.len()));
        if block.len() < 64 * 1024 {
            // Small ones in one call.
            head.extend_from_slice(&block);
            out.write_all(&head)?;
        } else {
            out.write_all(&head)?;
            out.write_all(&block)?;
        }
        at += head_length(block.len()) as u64 + block.len() as u64;
        let _ = give_back.try_send(block);
        if at - told >= BEHIND {
            begin_writing(&out, told, at);
            told = at;
        }
    }
    Ok(())
}

/// The card begins to write these bytes, without being waited for; what it has written already leaves the memory, where visitors' files are better kept.
fn begin_writing(out: &File, from: u64, to: u64) {
    let (Ok(offset), Ok(length)) = (i64::try_from(from), i64::try_from(to - from)) else { return };
    // Advice: without it, the end takes longer.
    let _ = nix::fcntl::posix_fadvise(out, offset, length, nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED);
}

/// What reading ahead met: a section, the end, or an error.
type Next = Result<Option<(Section, Vec<u8>)>, Error>;

/// A CAR that a thread of its own reads ahead.
pub struct Ahead {
    sections: Receiver<Next>,
    give_back: SyncSender<Vec<u8>>,
    over: bool,
}

impl Ahead {
    /// Reads `car` on a thread of `scope` until it ends or this is dropped.
    pub fn start<'scope, R: Read + Send + 'scope>(scope: &'scope std::thread::Scope<'scope, '_>, mut car: Car<R>) -> io::Result<Self> {
        let (to_walk, sections) = sync_channel(AHEAD);
        let (give_back, spare) = sync_channel::<Vec<u8>>(AHEAD + 2);
        std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, move || {
            loop {
                let mut block = spare.try_recv().unwrap_or_default();
                let next = car.next(&mut block).map(|section| section.map(|section| (section, block)));
                let last = !matches!(next, Ok(Some(_)));
                if to_walk.send(next).is_err() || last {
                    return;
                }
            }
        })?;
        Ok(Self { sections, give_back, over: false })
    }

    fn next(&mut self) -> Next {
        if self.over {
            return Ok(None);
        }
        let next = self.sections.recv().unwrap_or(Ok(None));
        self.over = !matches!(next, Ok(Some(_)));
        next
    }
}

impl Source for Ahead {
    fn fetch(&mut self, cid: Cid, block: &mut Vec<u8>) -> Result<u64, Error> {
        match self.next()? {
            None => Err(Error::Missing(cid)),
            Some((Section { cid: got, at, .. }, bytes)) if got == cid => {
                let _ = self.give_back.try_send(std::mem::replace(block, bytes));
                Ok(at)
            }
            Some((Section { cid: got, .. }, _)) => Err(Error::Unexpected { wanted: Some(cid), got }),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.next()? {
            None => Ok(()),
            Some((Section { cid: got, .. }, _)) => Err(Error::Unexpected { wanted: None, got }),
        }
    }
}
