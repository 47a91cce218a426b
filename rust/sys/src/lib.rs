//! The kernel's side: the only crate with `unsafe`. Verbs, no policy.
