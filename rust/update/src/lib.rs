//! Card layout, slot headers and boot records. Pure.
#![forbid(unsafe_code)]
