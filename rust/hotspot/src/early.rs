//! PID 1 of the initramfs: modules, device-mapper, the slot's root, then the real init.
fn main() {}
