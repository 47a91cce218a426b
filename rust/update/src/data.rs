//! Versions of what is in `/data`: which this release reads, and which it writes. A release's manifest says both.

/// The oldest data version that this release reads.
pub const DATA_FROM: u32 = 1;
/// The data version that this release writes, and the newest that it reads.
pub const DATA_TO: u32 = 1;
