//! Boot records and slot headers: two copies, parted by a byte 0xff, each as it is and with its sum put right.
#![no_main]

use update::{Block, Header, Record, newest};

/// The same text with a sum that holds, as a block of its kind.
fn summed(text: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    let length = text.len().min(size - 4);
    bytes[4..4 + length].copy_from_slice(&text[..length]);
    let crc = crc32fast::hash(&bytes[4..]).to_le_bytes();
    bytes[..4].copy_from_slice(&crc);
    bytes
}

fn check(a: &[u8], b: &[u8]) {
    for copy in [a, b] {
        if let Ok(block) = Block::decode(copy) {
            // What was read can be written, and is the same then; a text that only fits unsorted or not at all is an error.
            if let Ok(bytes) = block.encode(copy.len().max(4096)) {
                assert_eq!(Block::decode(&bytes).as_ref(), Ok(&block));
            }
        }
        if let Ok(header) = Header::decode(copy, 256 << 20) {
            let root = header.root;
            assert!(root.size > 0 && root.offset.checked_add(root.size).is_some_and(|end| end <= 256 << 20));
            assert!(root.offset >= copy.len() as u64);
        }
    }
    let (first, second) = (Record::decode(a).ok(), Record::decode(b).ok());
    match newest([a, b]) {
        Ok((index, record)) => {
            assert_eq!([&first, &second][index], &Some(record.clone()));
            let best = first.iter().chain(&second).map(|r| r.sequence).max();
            assert_eq!(best, Some(record.sequence));
            if record.sequence < u64::MAX
                && let Ok(bytes) = record.successor(&record.block, 512)
            {
                assert_eq!(Record::decode(&bytes).map(|r| r.sequence), Ok(record.sequence + 1));
            }
        }
        Err(_) => assert!(first.is_none() && second.is_none()),
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |b| *b == 0xff);
    let [a, b] = [(); 2].map(|()| parts.next().unwrap_or_default());
    check(a, b);
    check(&summed(a, 512), &summed(b, 512));
});
