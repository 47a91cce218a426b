//! One bundle byte by byte. Every figure here was made by other programs: Python for the layout, OpenSSL for the signatures.

mod common;

use common::*;
use update::*;

/// Two blocks that nobody can compress: SHA-256 of the numbers 0 to 255, four bytes each, in a row.
fn image() -> Vec<u8> {
    (0..256_u32).flat_map(|n| sha256(&n.to_le_bytes()).0).collect()
}

const HEADER: &str =
    "503250484f54555001000000c201000018010000d500000044000000000000000020000000000000332400000000000000000000000000000000000000000000";
const MANIFEST: &str = concat!(
    r#"{"v":1,"boards":["3b","virt"],"seq":7,"built":1700000007,"commit":"abcdef","size":8192,"#,
    r#""image":"3d6868795c50901cad00a20b253fd45bb77a006d556ae842af3ac7e41ba6e060","#,
    r#""index":"735d7e78f7a45f29c776c7b49a6a7507dfba14bb15e0a99da4a382dc9a9d0672","#,
    r#""min":0,"back":0,"data_from":1,"data_to":1}"#,
);
const SIGNATURE: &str = concat!(
    "8de673db176ec9abf778a5291e1bcb939651ed3ab5659e6b6a28ccd9fdd1c791",
    "cf8bcb743129252dbdbaa16fb48694f6aa100ed69c8fa9c1d36604ddd6fc8c06",
);

#[test]
fn the_format_stays_what_it_is() {
    let file = bundle(&image(), 7);
    let envelope = Envelope::read(&mut file.clone()).unwrap();
    let header: [u8; 64] = file[..64].try_into().unwrap();
    assert_eq!(Hex(header).to_string(), HEADER);
    assert_eq!(String::from_utf8(envelope.manifest).unwrap(), MANIFEST);
    assert!(String::from_utf8(envelope.signatures).unwrap().contains(SIGNATURE));
    assert_eq!(file.len(), 9267);
    assert_eq!(sha256(&file).to_string(), "45ea86cafddcd4aecaa94b07e252da02f04fb78dace64d1792e592d7ea16e37f");
    assert_eq!(Bundle::open(file, &chain()).unwrap().blocks(0..2).unwrap(), image());
}
