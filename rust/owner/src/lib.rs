//! The owner: who may change the box, and what a change does to people's phones. Pure: no clock, no file, no socket.
//!
//! An owner logs in over plain HTTP on a network of strangers, so the password never travels: [`pake`] is OPAQUE (RFC 9807), whose
//! session key then seals every request and answer ([`session`]). A cookie would be anybody's who listens.
#![forbid(unsafe_code)]

pub mod code;
pub mod effect;
pub mod hex;
pub mod limit;
pub mod pake;
pub mod record;
pub mod session;
pub mod trial;
