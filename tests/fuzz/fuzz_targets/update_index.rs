//! An index whose hash was signed: the first byte is the count of blocks, the next four the length of all chunks.
#![no_main]

use update::{Hex, Index, Manifest, sha256};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_at_checked(5) else { return };
    let blocks = usize::from(head[0] % 48) + 1;
    let mut bytes = rest.to_vec();
    // A length that is right, but for one of sixteen inputs.
    if head[0] < 0xf0 {
        bytes.resize(blocks * 32 + blocks.div_ceil(16) * 4, 1);
    }
    let manifest = Manifest {
        v: 1,
        boards: vec!["virt".into()],
        seq: 1,
        built: 1,
        commit: "c".into(),
        size: blocks as u64 * 4096,
        image: Hex([0; 32]),
        index: sha256(&bytes),
        min: 0,
        back: 0,
        data_from: 1,
        data_to: 1,
    };
    // The chunks' length: what the input says, or what would be right.
    let right = bytes.chunks(4).take(blocks.div_ceil(16)).map(|c| c.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))).sum();
    let said = u64::from(u32::from_le_bytes([head[1], head[2], head[3], head[4]]));
    for length in [said, right] {
        let Ok(index) = Index::read(bytes.clone(), &manifest, length) else { continue };
        assert_eq!((index.blocks(), index.chunks()), (blocks, blocks.div_ceil(16)));
        let (mut at, mut block) = (0, 0);
        for chunk in 0..index.chunks() {
            let (stored, own) = (index.stored(chunk), index.blocks_of(chunk));
            assert_eq!((stored.start, own.start), (at, block), "chunks and blocks follow on");
            assert!(!own.is_empty() && !stored.is_empty() && stored.end - stored.start <= own.len() as u64 * 4096);
            assert_eq!(index.is_plain(chunk), stored.end - stored.start == own.len() as u64 * 4096);
            (at, block) = (stored.end, own.end);
        }
        assert_eq!((at, block), (length, blocks));
        let _ = index.hash(blocks - 1);
    }
});
