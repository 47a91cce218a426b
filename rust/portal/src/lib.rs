//! Request to response: the probe table, pages, strings. Pure.
#![forbid(unsafe_code)]
