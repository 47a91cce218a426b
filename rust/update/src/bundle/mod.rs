//! The bundle: one signed file for sticks, files and web servers. `docs/formats/update-bundle.md`.

mod header;
pub(crate) mod index;
mod make;
mod open;

pub use header::Lengths;
pub(crate) use index::CHUNK;
pub use index::Index;
pub use make::{Draft, Make, make};
pub use open::{Bundle, Envelope};
