//! Work on many blocks at once, over the processor's cores.

use sha2::{Digest, Sha256};

/// Bytes of a block.
pub(super) const BLOCK: usize = 4096;

/// The SHA-256 of block `n` of a buffer.
pub(super) fn block(bytes: &[u8], n: usize) -> [u8; 32] {
    Sha256::digest(&bytes[n * BLOCK..][..BLOCK]).into()
}

/// `work` for every item, on up to `threads` threads; the results are in the items' order.
pub(super) fn map<T: Send>(items: &[usize], threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    // A thread costs as much as a few blocks.
    let share = items.len().div_ceil(threads.max(1)).max(8);
    let part = |items: &[usize]| items.iter().map(|n| work(*n)).collect::<Vec<T>>();
    let mut parts = items.chunks(share);
    let Some(first) = parts.next() else { return Vec::new() };
    std::thread::scope(|scope| {
        let part = &part;
        let others: Vec<_> = parts.map(|items| scope.spawn(move || part(items))).collect();
        let mut results = part(first);
        for other in others {
            match other.join() {
                Ok(mut more) => results.append(&mut more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_are_in_order() {
        for threads in [0, 1, 3, 64] {
            let items: Vec<usize> = (0..100).collect();
            assert_eq!(super::map(&items, threads, |n| n * 2), (0..100).map(|n| n * 2).collect::<Vec<_>>());
        }
        assert!(super::map(&[], 2, |n| n).is_empty());
    }
}
