//! Who may release: keys, signatures, and the chain of root documents that names the keys. `docs/formats/update-bundle.md`.

mod chain;
mod key;
mod root;
mod sign;

pub use chain::{Chain, SignedRoot};
pub use key::{KeyFile, PublicKey, Role, SecretKey};
pub use root::Root;
pub(crate) use sign::Signatures;
pub use sign::{Domain, Signature, message};
