//! The settings of record: hotspot.toml parsed and validated key by key.
#![forbid(unsafe_code)]
