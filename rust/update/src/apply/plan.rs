//! Where each block of the new image comes from.

use crate::Index;

/// One block's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The bundle.
    Fetch,
    /// It is in its place already.
    InPlace,
    /// The other slot's block.
    Other(usize),
    /// A block of the target further on, which is not overwritten before it is needed.
    Further(usize),
}

/// The origin of every block, four bytes each.
pub(super) struct Plan(Vec<u32>);

impl Plan {
    /// Everything from the bundle.
    pub fn fetch_all(blocks: usize) -> Self {
        Self(vec![0; blocks])
    }

    pub fn get(&self, block: usize) -> Origin {
        match self.0[block] {
            0 => Origin::Fetch,
            1 => Origin::InPlace,
            packed if packed % 2 == 0 => Origin::Other((packed / 2 - 1) as usize),
            packed => Origin::Further((packed / 2 - 1) as usize),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a slot has 65,536 blocks")]
    pub fn set(&mut self, block: usize, origin: Origin) {
        self.0[block] = match origin {
            Origin::Fetch => 0,
            Origin::InPlace => 1,
            Origin::Other(at) => (at as u32 + 1) * 2,
            Origin::Further(at) => (at as u32 + 1) * 2 + 1,
        };
    }
}

/// Finds the blocks that a hash belongs to.
pub(super) struct Search {
    by_hash: Vec<u32>,
}

/// Most blocks of the same content that one found block serves: a slot of zeros must not take quadratic time.
const MAX_SAME: usize = 64;

impl Search {
    #[expect(clippy::cast_possible_truncation, reason = "a slot has 65,536 blocks")]
    pub fn new(index: &Index) -> Self {
        let mut by_hash: Vec<u32> = (0..index.blocks() as u32).collect();
        by_hash.sort_unstable_by_key(|block| (index.hash_bytes(*block as usize), *block));
        Self { by_hash }
    }

    /// Position of the first block with this hash.
    pub fn find(&self, index: &Index, hash: &[u8; 32]) -> Option<usize> {
        let at = self.by_hash.partition_point(|block| index.hash_bytes(*block as usize) < hash.as_slice());
        let block = *self.by_hash.get(at)?;
        (index.hash_bytes(block as usize) == hash).then_some(at)
    }

    /// Notes that a slot's block `at` has the content of the blocks at `position`; `target` says in which slot.
    pub fn note(&self, index: &Index, plan: &mut Plan, position: usize, at: usize, target: bool) {
        let hash = index.hash_bytes(self.by_hash[position] as usize);
        if target && at < index.blocks() && index.hash_bytes(at) == hash {
            plan.set(at, Origin::InPlace);
        }
        let same = self.by_hash[position..].iter().map(|b| *b as usize).take_while(|b| index.hash_bytes(*b) == hash);
        for block in same.take(MAX_SAME).filter(|b| !target || at > *b) {
            if plan.get(block) == Origin::Fetch {
                plan.set(block, if target { Origin::Further(at) } else { Origin::Other(at) });
            }
        }
    }
}
