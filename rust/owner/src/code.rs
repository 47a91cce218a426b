//! The setup code: what stands in for a password until the owner has chosen one.

/// Digits and letters that nobody mistakes for each other: 31, no 0 O 1 I L.
const SIGNS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// How many of them: 31^8 is about 8.5 x 10^11.
const LENGTH: usize = 8;
/// Bytes of the file that is kept for it on the card.
pub const FILE_BYTES: usize = 512;

/// A code from random bytes; `more` gives as many as asked for.
pub fn make(mut more: impl FnMut() -> u8) -> String {
    let mut code = String::with_capacity(LENGTH + 1);
    while code.len() < LENGTH + 1 {
        if code.len() == LENGTH / 2 {
            code.push('-');
        }
        // 248 is a multiple of 31: each sign is as likely as the others.
        let byte = more();
        if byte < 248 {
            code.push(char::from(SIGNS[usize::from(byte) % SIGNS.len()]));
        }
    }
    code
}

/// As somebody types it: without case, spaces and hyphens. The page does the same.
pub fn normal(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Could [`make`] have made it?
pub fn is_code(text: &str) -> bool {
    let plain = normal(text);
    plain.len() == LENGTH && plain.bytes().all(|b| SIGNS.contains(&b)) && text.len() == LENGTH + 1
}

/// The text of `setup-code.txt` while the box waits for its owner; exactly [`FILE_BYTES`].
pub fn file(code: &str) -> Vec<u8> {
    padded(&format!(
        "Setup code of this box:  {code}\r\n\r\n\
         Join its Wi-Fi, open http://10.42.0.1/admin/ in a browser and type the code.\r\n\
         It holds until the owner has chosen a password there.\r\n"
    ))
}

/// The same once the owner has chosen a password.
pub fn file_when_done() -> Vec<u8> {
    padded(
        "This box has an owner, so there is no setup code.\r\n\r\n\
         Password lost? Put a file named new-owner.txt on this drive, with anything in it,\r\n\
         start the box once, and a new code will stand here.\r\n",
    )
}

fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(FILE_BYTES - 2, b' ');
    bytes.extend_from_slice(b"\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_legible_and_typed_as_one_likes() {
        let mut n = 0u8;
        let code = make(|| {
            n = n.wrapping_add(83);
            n
        });
        assert_eq!(code.len(), 9);
        assert!(is_code(&code) && code.as_bytes()[4] == b'-', "{code}");
        assert_eq!(normal(&format!(" {} ", code.to_lowercase())), code.replace('-', ""));
        for bad in ["", "ABCD-EFG1", "ABCDEFGHI", "abcd-efgh\n", "ABCD-EFGHJ"] {
            assert!(!is_code(bad), "{bad}");
        }
        let mut high = [255, 250, 0].into_iter().cycle();
        assert_eq!(make(|| high.next().unwrap()), "2222-2222", "bytes that would favour a sign are thrown away");
    }

    #[test]
    fn files_have_their_room_exactly() {
        assert_eq!((file("ABCD-EFGH").len(), file_when_done().len()), (FILE_BYTES, FILE_BYTES));
        assert!(String::from_utf8(file("ABCD-EFGH")).unwrap().contains("ABCD-EFGH"));
    }
}
