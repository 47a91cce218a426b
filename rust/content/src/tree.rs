//! From the blocks of a finished walk to paths and stretches of bytes.

use std::collections::HashMap;
use std::ops::Range;

use crate::murmur::{murmur3_64, place};
use crate::walk::view::{Blocks, Seen};
use crate::walk::{Extent, MAX_DEPTH, MAX_VISITS, TreeFile};
use crate::{Error, paths};

/// A listing under way.
pub struct Listing<'a> {
    blocks: Blocks<'a>,
    visits: u64,
    max_files: usize,
    files: Vec<TreeFile>,
    extents: Vec<Extent>,
    /// Files that were met before, by block: the same bytes under another path.
    known: HashMap<u32, Range<u32>>,
}

impl<'a> Listing<'a> {
    /// `visits` are left of the walk's budget; more files than `max_files` are an error.
    pub(crate) fn over(blocks: Blocks<'a>, visits: u64, max_files: usize) -> Self {
        Self { blocks, visits, max_files, files: Vec::new(), extents: Vec::new(), known: HashMap::new() }
    }

    fn visit(&mut self) -> Result<(), Error> {
        self.visits = self.visits.checked_sub(1).ok_or(Error::TooLong { what: "links", is: MAX_VISITS + 1, limit: MAX_VISITS })?;
        Ok(())
    }

    /// Every file below `root`, sorted by path, and their stretches.
    pub(crate) fn list(mut self, root: u32, name: &str) -> Result<(Vec<TreeFile>, Vec<Extent>), Error> {
        let mut todo = vec![(root, String::new(), 0)];
        while let Some((block, path, depth)) = todo.pop() {
            self.visit()?;
            let entries = match self.blocks.get(block) {
                Seen::Leaf(_, len) => {
                    self.file(block, if path.is_empty() { name.into() } else { path }, u64::from(len))?;
                    continue;
                }
                Seen::File(size, _) => {
                    self.file(block, if path.is_empty() { name.into() } else { path }, size)?;
                    continue;
                }
                Seen::Folder(entries) => entries.iter().map(|(name, block)| (&**name, *block)).collect(),
                Seen::Shard(..) => self.sharded(block)?,
                Seen::Other => return Err(Error::Lie("an envelope inside of content")),
            };
            if depth == MAX_DEPTH {
                return Err(Error::TooDeep);
            }
            for (name, block) in entries {
                let below = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                if below.len() > paths::MAX_PATH {
                    return Err(Error::Path(below.chars().take(80).collect(), "is over 1024 bytes long"));
                }
                todo.push((block, below, depth + 1));
            }
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((self.files, self.extents))
    }

    /// The entries of a sharded folder, each name once and where its hash says.
    fn sharded(&mut self, root: u32) -> Result<Vec<(&'a str, u32)>, Error> {
        let mut names = paths::Names::default();
        let mut entries = Vec::new();
        let mut todo = vec![(root, Vec::new())];
        while let Some((block, above)) = todo.pop() {
            self.visit()?;
            let Seen::Shard(bits, slots) = self.blocks.get(block) else { return Err(Error::Lie("a folder's part is none")) };
            for (at, name, block) in slots {
                let mut way: Vec<u16> = above.clone();
                way.push(at);
                let Some(name) = name else {
                    if way.len() > usize::from(MAX_DEPTH) {
                        return Err(Error::TooDeep);
                    }
                    todo.push((block, way));
                    continue;
                };
                names.add(name)?;
                let hash = murmur3_64(name.as_bytes());
                let right = (0..).zip(&way).all(|(level, &at)| place(hash, level, bits) == Some(at));
                if !right {
                    return Err(Error::Lie("a name is not where its hash says"));
                }
                self.visit()?;
                entries.push((name, block));
            }
        }
        Ok(entries)
    }

    fn file(&mut self, block: u32, path: String, size: u64) -> Result<(), Error> {
        if self.files.len() == self.max_files {
            return Err(Error::Disagree(path));
        }
        let extents = match self.known.get(&block) {
            Some(known) => known.clone(),
            None => self.stretches(block)?,
        };
        self.files.push(TreeFile { path, cid: self.blocks.cid(block), size, extents });
        Ok(())
    }

    fn stretches(&mut self, file: u32) -> Result<Range<u32>, Error> {
        let count = |extents: &[Extent]| u32::try_from(extents.len()).map_err(|_| Error::TooDeep);
        let first = count(&self.extents)?;
        let mut todo = vec![file];
        while let Some(block) = todo.pop() {
            self.visit()?;
            match self.blocks.get(block) {
                Seen::Leaf(_, 0) => {}
                Seen::Leaf(at, len) => self.extents.push(Extent { block, at, len }),
                Seen::File(_, parts) => todo.extend(parts.iter().rev()),
                _ => return Err(Error::Lie("a file's part is none")),
            }
        }
        let range = first..count(&self.extents)?;
        self.known.insert(file, range.clone());
        Ok(range)
    }
}
