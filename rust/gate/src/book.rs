//! All vouchers, in the batches that the owner made; and both files of record as text.
//!
//! Two files, so that what changes every few minutes is short: `vouchers` has what was made, `used` what became of it.

use crate::voucher::{Kind, Voucher};
use crate::{Mac, code, mac_of, mac_text};

/// Vouchers that there may be at a time: some 60 KB of text.
pub const MOST: usize = 5000;
/// Vouchers of one batch.
const MOST_AT_ONCE: u32 = 1000;
/// Longest label, in characters.
const MAX_LABEL: usize = 60;

/// What the owner wants made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What each counts.
    pub kind: Kind,
    /// Of how much, 1 to 1000 (megabytes: to 1,000,000).
    pub amount: u32,
    /// How many, 1 to 1000.
    pub count: u32,
    /// What the batch is for; untrusted text.
    pub label: String,
}

/// Why a batch is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBatch {
    /// The amount is out of bounds.
    Amount,
    /// The number of vouchers is.
    Count,
    /// There would be more than [`MOST`] in all.
    Full,
}

impl std::fmt::Display for NoBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Amount => write!(f, "1 to 1000 hours or days, or 1 to 1000000 megabytes"),
            Self::Count => write!(f, "1 to {MOST_AT_ONCE} vouchers at a time"),
            Self::Full => write!(f, "{MOST} vouchers are the most there can be; remove an old batch first"),
        }
    }
}

/// Vouchers that were made together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number, from 1; never used again.
    pub id: u32,
    /// What each counts.
    pub kind: Kind,
    /// Of how much.
    pub amount: u32,
    /// Unix time when it was made, 0 when the box did not know.
    pub made: u64,
    /// What it is for.
    pub label: String,
    /// The vouchers.
    pub vouchers: Vec<Voucher>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Oldest first.
    pub batches: Vec<Batch>,
    last: u32,
}

impl Book {
    /// Makes a batch; `random` gives bytes.
    pub fn make(&mut self, wish: &Wish, made: u64, mut random: impl FnMut() -> u8) -> Result<&Batch, NoBatch> {
        let most = if wish.kind == Kind::Megabytes { 1_000_000 } else { 1000 };
        if !(1..=most).contains(&wish.amount) {
            return Err(NoBatch::Amount);
        }
        if !(1..=MOST_AT_ONCE).contains(&wish.count) {
            return Err(NoBatch::Count);
        }
        if self.count() + wish.count as usize > MOST {
            return Err(NoBatch::Full);
        }
        self.last += 1;
        let left = wish.kind.units(wish.amount);
        let mut vouchers: Vec<Voucher> = Vec::new();
        while vouchers.len() < wish.count as usize {
            let code = code::make(&mut random);
            if self.find(&code).is_none() && vouchers.iter().all(|v| v.code != code) {
                vouchers.push(Voucher { code, left, holder: None, moves: 0 });
            }
        }
        let label = clean(&wish.label);
        self.batches.push(Batch { id: self.last, kind: wish.kind, amount: wish.amount, made, label, vouchers });
        Ok(&self.batches[self.batches.len() - 1])
    }

    /// Takes a batch away; its phones are locked again. False if there is none.
    pub fn remove(&mut self, id: u32) -> bool {
        let before = self.batches.len();
        self.batches.retain(|b| b.id != id);
        self.batches.len() != before
    }

    /// How many vouchers there are.
    pub fn count(&self) -> usize {
        self.batches.iter().map(|b| b.vouchers.len()).sum()
    }

    /// The voucher with this code.
    pub fn find(&self, code: &str) -> Option<(Kind, &Voucher)> {
        self.batches.iter().find_map(|b| b.vouchers.iter().find(|v| v.code == code).map(|v| (b.kind, v)))
    }

    /// The same, to change it.
    pub fn find_mut(&mut self, code: &str) -> Option<&mut Voucher> {
        self.batches.iter_mut().flat_map(|b| &mut b.vouchers).find(|v| v.code == code)
    }

    /// The voucher that a phone uses now: the first of its own with anything left.
    pub fn of(&self, mac: Mac) -> Option<(Kind, &Voucher)> {
        self.batches.iter().find_map(|b| b.vouchers.iter().find(|v| v.holder == Some(mac) && v.left > 0).map(|v| (b.kind, v)))
    }

    /// The same, to take something off.
    pub fn of_mut(&mut self, mac: Mac) -> Option<(Kind, &mut Voucher)> {
        self.batches.iter_mut().find_map(|b| {
            let kind = b.kind;
            b.vouchers.iter_mut().find(|v| v.holder == Some(mac) && v.left > 0).map(|v| (kind, v))
        })
    }

    /// The file `vouchers`.
    pub fn text(&self) -> String {
        let mut out = format!("vouchers 1 {}\n", self.last);
        for batch in &self.batches {
            out.push_str(&format!("batch {} {} {} {} {}\n", batch.id, batch.kind.name(), batch.amount, batch.made, batch.label));
            for voucher in &batch.vouchers {
                out.push_str(&voucher.code);
                out.push('\n');
            }
        }
        out
    }

    /// The lines of the file `used` that are about vouchers: those that somebody has begun.
    pub fn used_text(&self) -> String {
        let used = self.batches.iter().flat_map(|b| &b.vouchers).filter_map(|v| v.holder.map(|mac| (v, mac)));
        used.map(|(v, mac)| format!("{} {} {} {}\n", v.code, v.left, mac_text(mac), v.moves)).collect()
    }

    /// From both files; lines that make no sense are left out.
    pub fn read(vouchers: &str, used: &str) -> Self {
        let mut book = Self::default();
        for line in vouchers.lines().take(2 * MOST) {
            if let Some(rest) = line.strip_prefix("vouchers 1 ") {
                book.last = rest.trim().parse().unwrap_or(0);
            } else if let Some(batch) = line.strip_prefix("batch ").and_then(batch) {
                book.last = book.last.max(batch.id);
                book.batches.push(batch);
            } else if let (Some(code), Some(batch)) = (code::normal(line), book.batches.last_mut()) {
                batch.vouchers.push(Voucher { code, left: batch.kind.units(batch.amount), holder: None, moves: 0 });
            }
        }
        for line in used.lines() {
            let mut words = line.split(' ');
            let (Some(code), Some(left), Some(mac)) =
                (words.next(), words.next().and_then(|w| w.parse::<u64>().ok()), words.next().and_then(mac_of))
            else {
                continue;
            };
            let moves = words.next().and_then(|w| w.parse().ok()).unwrap_or(0);
            if let Some(voucher) = book.find_mut(code) {
                // A file that says more than was given is no reason to give it.
                (voucher.left, voucher.holder, voucher.moves) = (left.min(voucher.left), Some(mac), moves);
            }
        }
        book
    }
}

fn batch(rest: &str) -> Option<Batch> {
    let mut words = rest.splitn(5, ' ');
    Some(Batch {
        id: words.next()?.parse().ok()?,
        kind: Kind::named(words.next()?)?,
        amount: words.next()?.parse().ok().filter(|n| *n <= 1_000_000)?,
        made: words.next()?.parse().ok()?,
        label: clean(words.next().unwrap_or_default()),
        vouchers: Vec::new(),
    })
}

/// One line without control and direction marks.
fn clean(label: &str) -> String {
    let invisible =
        |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    label.chars().filter(|c| !invisible(*c)).take(MAX_LABEL).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> impl FnMut() -> u8 {
        let mut state = 7u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        }
    }

    fn wish(kind: Kind, amount: u32, count: u32) -> Wish {
        Wish { kind, amount, count, label: "Fair \u{202e}<b>\n\0".into() }
    }

    #[test]
    fn a_thousand_differ_and_are_found_again_after_a_reboot() {
        let mut book = Book::default();
        book.make(&wish(Kind::Hours, 2, 1000), 1_796_055_180, random()).unwrap();
        let code = book.batches[0].vouchers[3].code.clone();
        let used = book.find_mut(&code).unwrap();
        (used.left, used.holder, used.moves) = (10, Some([2, 0, 0, 0, 0, 1]), 2);
        let again = Book::read(&book.text(), &book.used_text());
        assert_eq!(again, book);
        assert_eq!(again.of([2, 0, 0, 0, 0, 1]).map(|(kind, v)| (kind, v.left)), Some((Kind::Hours, 10)));
        assert_eq!((again.batches[0].label.as_str(), again.count()), ("Fair <b>", 1000));
    }

    #[test]
    fn numbers_are_never_used_again() {
        let mut book = Book::default();
        for _ in 0..3 {
            book.make(&wish(Kind::Days, 1, 1), 0, random()).unwrap();
        }
        assert!(book.remove(3) && !book.remove(3));
        let mut book = Book::read(&book.text(), "");
        assert_eq!(book.make(&wish(Kind::Days, 1, 1), 0, random()).unwrap().id, 4);
        let codes: Vec<_> = book.batches.iter().map(|b| b.vouchers[0].code.clone()).collect();
        assert!(codes[0] != codes[1] && codes[1] != codes[2], "the same random bytes give no code twice: {codes:?}");
    }

    #[test]
    fn bounds() {
        let mut book = Book::default();
        assert_eq!(book.make(&wish(Kind::Hours, 0, 1), 0, random()), Err(NoBatch::Amount));
        assert_eq!(book.make(&wish(Kind::Days, 1001, 1), 0, random()), Err(NoBatch::Amount));
        assert_eq!(book.make(&wish(Kind::Megabytes, 1, 1001), 0, random()), Err(NoBatch::Count));
        for _ in 0..5 {
            book.make(&wish(Kind::Hours, 1, 1000), 0, random()).unwrap();
        }
        assert_eq!(book.make(&wish(Kind::Hours, 1, 1), 0, random()), Err(NoBatch::Full));
    }

    #[test]
    fn damaged_files_cost_only_their_lines() {
        let mut book = Book::default();
        book.make(&wish(Kind::Megabytes, 5, 2), 0, random()).unwrap();
        let (one, two) = (book.batches[0].vouchers[0].code.clone(), book.batches[0].vouchers[1].code.clone());
        let damaged = format!("{}nonsense\nbatch x\n\0\n", book.text());
        let used = format!("{one} 99999999999 02:00:00:00:00:01 0\n{two} x y z\n{two}\nunknown 1 02:00:00:00:00:01 1\n");
        let again = Book::read(&damaged, &used);
        assert_eq!(again.count(), 2);
        assert_eq!(again.find(&one).unwrap().1.left, 5_000_000, "never more than was given");
        assert_eq!(again.find(&two).unwrap().1.holder, None);
    }
}
