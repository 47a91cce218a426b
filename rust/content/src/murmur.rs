//! MurmurHash3 x64-128 (Austin Appleby, public domain), of which HAMT folders use the first 64 bits.

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// The first half of the hash, most significant byte first.
pub fn murmur3_64(data: &[u8]) -> [u8; 8] {
    let (mut h1, mut h2) = (0_u64, 0_u64);
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |value, &b| value << 8 | u64::from(b));
    let k1 = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let k2 = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let blocks = data.chunks_exact(16);
    let tail = blocks.remainder();
    for block in blocks {
        h1 ^= k1(word(&block[..8]));
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= k2(word(&block[8..]));
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    if tail.len() > 8 {
        h2 ^= k2(word(&tail[8..]));
    }
    h1 ^= k1(word(&tail[..tail.len().min(8)]));
    h1 ^= data.len() as u64;
    h2 ^= data.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    let mix = |mut k: u64| {
        k = (k ^ k >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        k = (k ^ k >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        k ^ k >> 33
    };
    mix(h1).wrapping_add(mix(h2)).to_be_bytes()
}

/// The place of a name at a level of a HAMT whose nodes have `2^bits` places: the next bits of the hash.
pub fn place(hash: [u8; 8], level: u32, bits: u32) -> Option<u16> {
    let from = level.checked_mul(bits)?;
    let shift = 64_u32.checked_sub(from + bits)?;
    u16::try_from(u64::from_be_bytes(hash) >> shift & ((1 << bits) - 1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // From the reference implementation (SMHasher), seed 0, first 64 bits.
        assert_eq!(murmur3_64(b""), [0; 8]);
        assert_eq!(u64::from_be_bytes(murmur3_64(b"hello")), 0xcbd8_a7b3_41bd_9b02);
        assert_eq!(u64::from_be_bytes(murmur3_64(b"hello, world")), 0x342f_ac62_3a5e_bc8e);
        assert_eq!(u64::from_be_bytes(murmur3_64(b"The quick brown fox jumps over the lazy dog.")), 0xcd99_481f_9ee9_02c9);
    }

    #[test]
    fn places_use_the_hash_up() {
        let hash = [0xab, 0xcd, 1, 2, 3, 4, 5, 6];
        assert_eq!(place(hash, 0, 8), Some(0xab));
        assert_eq!(place(hash, 1, 4), Some(0xb));
        assert_eq!(place(hash, 7, 8), Some(6));
        assert_eq!(place(hash, 8, 8), None);
    }
}
