//! A bundle: as raw bytes, and as a sound one in which an attacker who has the release key changed some bytes.
//!
//! A first byte below 0x80: the rest is the file. Else the rest is edits of four bytes each: section, place (two bytes), value; then
//! the index's hash, the signature and the header are put right.
#![no_main]

use std::io::{self, Cursor};
use std::sync::LazyLock;

use update::*;

static KEY: LazyLock<SecretKey> = LazyLock::new(|| SecretKey::from_seed(Role::Release, [2; 32]));
static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let root_key = SecretKey::from_seed(Role::Root, [1; 32]);
    let root = Root { v: 1, version: 1, threshold: 1, roots: vec![root_key.public()], release_threshold: 1, releases: vec![KEY.public()] };
    let mut signed = SignedRoot { root, signatures: Vec::new() };
    signed.add(&root_key);
    Chain::verify(vec![signed]).expect("it is sound")
});

/// Roots, manifest, signatures, index, chunks of a bundle of 18 blocks: one chunk packed, one as it is.
static SOUND: LazyLock<[Vec<u8>; 5]> = LazyLock::new(|| {
    let mut image = vec![7; 18 * 4096];
    let mut state = 1_u64;
    for byte in &mut image[16 * 4096..] {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    let draft = Draft { boards: vec!["virt".into()], seq: 7, built: 7, commit: "c".into(), min: 0, back: 0, data_from: 1, data_to: 1 };
    let mut file = Vec::new();
    let keys = std::slice::from_ref(&*KEY);
    make(&mut Cursor::new(image), draft, &CHAIN, keys, &mut Cursor::new(Vec::new()), &mut file, &mut |_| {}).expect("it is sound");
    let lengths = Envelope::read(&mut file.clone()).expect("it is sound").lengths;
    let mut rest = file.split_off(64);
    [lengths.roots.into(), lengths.manifest.into(), lengths.signatures.into(), lengths.index.into(), lengths.chunks]
        .map(|n: u64| rest.drain(..n as usize).collect())
});

fn forged(edits: &[u8]) -> Vec<u8> {
    let mut parts = SOUND.clone();
    for edit in edits.chunks_exact(4) {
        let part = &mut parts[usize::from(edit[0]) % 5];
        let at = usize::from(edit[1]) << 8 | usize::from(edit[2]);
        match edit[0] / 5 % 4 {
            0 => part.truncate(at.max(1)),
            1 => part.push(edit[3]),
            _ => {
                let at = at % part.len();
                part[at] = edit[3];
            }
        }
    }
    if let Ok(mut manifest) = Manifest::read(&parts[1]) {
        manifest.index = sha256(&parts[3]);
        parts[1] = manifest.write();
    }
    parts[2] = serde_json::to_vec(&[Signature::make(&KEY, Domain::Manifest, &parts[1])]).expect("JSON");
    let n = |n: usize| parts[n].len() as u32;
    let lengths = Lengths { roots: n(0), manifest: n(1), signatures: n(2), index: n(3), chunks: parts[4].len() as u64 };
    let mut file = lengths.write().to_vec();
    parts.iter().for_each(|p| file.extend_from_slice(p));
    file
}

struct Slot(Vec<u8>);

impl Slots for Slot {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }
    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        buf.copy_from_slice(&self.0[offset as usize..][..buf.len()]);
        Ok(())
    }
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
    fn read_other(&mut self, _: u64, _: &mut [u8]) -> io::Result<bool> {
        Ok(false)
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn checkpoint(&mut self) -> Option<Checkpoint> {
        None
    }
    fn set_checkpoint(&mut self, _: Option<Checkpoint>) -> io::Result<()> {
        Ok(())
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let file = if *kind < 0x80 { rest.to_vec() } else { forged(rest) };
    let bundle = match Bundle::open(file, &CHAIN) {
        Ok(bundle) => bundle,
        Err(why) => {
            assert!(!why.to_string().contains('\n'));
            return;
        }
    };
    let (manifest, index) = (bundle.manifest().clone(), bundle.index().clone());
    if manifest.size > 64 * 4096 {
        return;
    }
    let mut apply = Apply::new(bundle, Slot(vec![0x55; 64 * 4096]), Options { reuse: false, threads: 1, checkpoint: 4096 });
    let whole = loop {
        match apply.step() {
            Ok(Progress { phase: Phase::Done, .. }) => break true,
            Ok(_) => {}
            Err(_) => break false,
        }
    };
    // Whatever was written is what was signed; and the header is there only if all is.
    let slot = apply.into_parts().1.0;
    let same = |block: usize| sha256(&slot[block * 4096..][..4096]) == index.hash(block);
    let untouched = |block: usize| slot[block * 4096..][..4096].iter().all(|b| *b == 0x55);
    assert!((1..64).all(|b| untouched(b) || b < index.blocks() && same(b)));
    assert!(!whole || (0..index.blocks()).all(same));
});
