//! Which radio, channel and country; recovery; LED codes. Pure.
#![forbid(unsafe_code)]
