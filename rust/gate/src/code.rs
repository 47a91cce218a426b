//! A voucher's code: nine signs that nobody mistakes for each other, in threes.

/// Digits and capital letters without 0 O 1 I L: 31.
const SIGNS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// How many: 31^9 is 2.6 x 10^13. With a thousand vouchers in use and every address of a /24 guessing as often as it may, a
/// guess is right once in some seventy years.
pub const LENGTH: usize = 9;

/// A code from random bytes, as it is stored; `more` gives as many as asked for.
pub fn make(mut more: impl FnMut() -> u8) -> String {
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        // 248 is a multiple of 31: each sign is as likely as the others.
        let byte = more();
        if byte < 248 {
            code.push(char::from(SIGNS[usize::from(byte) % SIGNS.len()]));
        }
    }
    code
}

/// As somebody types it: without case, spaces and hyphens. `None`: it cannot be one.
pub fn normal(typed: &str) -> Option<String> {
    // More than a code with a hyphen after each sign is something else.
    if typed.len() > 4 * LENGTH {
        return None;
    }
    let plain: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    (plain.len() == LENGTH && plain.bytes().all(|b| SIGNS.contains(&b))).then_some(plain)
}

/// As it is printed: `ABC-DEF-GHJ`.
pub fn shown(code: &str) -> String {
    code.as_bytes().chunks(3).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_typed_as_one_likes() {
        let mut n = 0u8;
        let code = make(|| {
            n = n.wrapping_add(83);
            n
        });
        assert_eq!((code.len(), shown(&code).len()), (9, 11));
        assert_eq!(normal(&format!(" {} ", shown(&code).to_lowercase())), Some(code));
        for bad in ["", "ABC-DEF", "ABC-DEF-GH0", "ABC-DEF-GHJK", "ABC\0DEFGHJ", "ＡBCDEFGHJ", &"A".repeat(10_000), "💣💣💣"] {
            assert_eq!(normal(bad), None, "{bad:.20}");
        }
    }
}
