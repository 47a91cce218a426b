//! Which bundles are taken without asking: from publishers that the admin trusts, and never an older release than the one known.

use std::collections::{BTreeMap, BTreeSet};

use crate::key::Publisher;
use crate::manifest::Manifest;

/// What is to be done with a bundle whose signature holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take it.
    Take,
    /// It waits for the admin's word about its publisher.
    Wait,
    /// The admin has refused this publisher.
    Refused,
    /// An older release than this sequence, which is known: somebody plays back the past.
    Older(u64),
}

/// What the admin has said, and what has been seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Publishers whose bundles are taken.
    pub trusted: BTreeSet<Publisher>,
    /// Publishers whose bundles are not even shown.
    pub refused: BTreeSet<Publisher>,
    /// The highest sequence of each publisher's bundle.
    pub highest: BTreeMap<(Publisher, String), u64>,
}

impl Policy {
    /// `also` are publishers whom the settings trust. `word` is true when the admin has said yes to this very bundle.
    pub fn judge(&self, manifest: &Manifest, also: &[Publisher], word: bool) -> Verdict {
        let key = (manifest.publisher, manifest.series().to_owned());
        if let Some(&seen) = self.highest.get(&key)
            && manifest.seq < seen
        {
            return Verdict::Older(seen);
        }
        if word || self.trusted.contains(&manifest.publisher) || also.contains(&manifest.publisher) {
            Verdict::Take
        } else if self.refused.contains(&manifest.publisher) {
            Verdict::Refused
        } else {
            Verdict::Wait
        }
    }

    /// A release was published here.
    pub fn seen(&mut self, manifest: &Manifest) {
        let highest = self.highest.entry((manifest.publisher, manifest.series().to_owned())).or_default();
        *highest = (*highest).max(manifest.seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::sample;

    #[test]
    fn attack_rollback() {
        let manifest = sample();
        let mut policy = Policy::default();
        assert_eq!(policy.judge(&manifest, &[], false), Verdict::Wait);
        assert_eq!(policy.judge(&manifest, &[manifest.publisher], false), Verdict::Take);
        policy.trusted.insert(manifest.publisher);
        assert_eq!(policy.judge(&manifest, &[], false), Verdict::Take);
        policy.seen(&manifest);
        assert_eq!(policy.judge(&manifest, &[], false), Verdict::Take, "the same again: nothing happens");
        let older = Manifest { seq: 6, ..manifest.clone() };
        assert_eq!(policy.judge(&older, &[], true), Verdict::Older(7), "not even by the admin's word");
        policy.seen(&older);
        assert_eq!(policy.judge(&older, &[], false), Verdict::Older(7), "the highest is kept");
        let other = Manifest { name: "maps".into(), seq: 1, ..manifest.clone() };
        assert_eq!(policy.judge(&other, &[], false), Verdict::Take, "each bundle counts for itself");
        policy.trusted.clear();
        policy.refused.insert(manifest.publisher);
        assert_eq!(policy.judge(&manifest, &[], false), Verdict::Refused);
    }
}
