//! SHA-256, in one place, so that the implementation can change.

use sha2::Digest;

/// The digest of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}
