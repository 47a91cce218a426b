//! Device-mapper: linear mappings over the whole card, and one that checks what it reads (linux/dm-ioctl.h).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

const CONTROL: &str = "/dev/mapper/control";
/// `struct dm_ioctl`.
const HEADER: usize = 312;
/// `struct dm_target_spec`.
const SPEC: usize = 40;
const READ_ONLY: u32 = 1;

#[derive(Clone, Copy)]
enum Command {
    Create = 3,
    Remove = 4,
    Resume = 6,
    Status = 7,
    Load = 9,
}

/// Maps `size` bytes of `disk` (a `/dev/…` path) from `offset` as a new block device and returns its path.
///
/// Both must be multiples of 512. A mapping of that name that is already there is returned as it is.
pub fn linear(name: &str, disk: &str, offset: u64, size: u64, read_only: bool) -> io::Result<PathBuf> {
    map(name, &target("linear", size, &format!("{disk} {}", offset / 512)), read_only)
}

/// What dm-verity checks with (Documentation/admin-guide/device-mapper/verity.rst): SHA-256, format 1, no superblock.
#[derive(Clone, Copy, Debug)]
pub struct Verity<'a> {
    /// The device whose blocks are checked, from its start.
    pub data: &'a str,
    /// How many bytes of it.
    pub size: u64,
    /// The device with the hash tree, from its start.
    pub tree: &'a str,
    /// Size of a block of both, in bytes.
    pub block: u64,
    /// The root hash and the salt, in hexadecimal (`-`: no salt).
    pub root_hash: &'a str,
    /// See above.
    pub salt: &'a str,
}

/// A read-only device that gives what it has checked, and an I/O error (and a uevent) for what is wrong.
pub fn verity(name: &str, v: &Verity) -> io::Result<PathBuf> {
    let table = format!("1 {} {} {} {} {} 0 sha256 {} {}", v.data, v.tree, v.block, v.block, v.size / v.block, v.root_hash, v.salt);
    map(name, &target("verity", v.size, &table), true)
}

fn map(name: &str, target: &[u8], read_only: bool) -> io::Result<PathBuf> {
    let control = OpenOptions::new().read(true).write(true).open(CONTROL)?;
    match call(&control, Command::Create, name, 0, &[]) {
        Ok(_) => {}
        Err(e) if e.raw_os_error() == Some(libc::EBUSY) => {
            return call(&control, Command::Status, name, 0, &[]).map(node);
        }
        Err(e) => return Err(e),
    }
    let flags = if read_only { READ_ONLY } else { 0 };
    let loaded = call(&control, Command::Load, name, flags, target);
    match loaded.and_then(|_| call(&control, Command::Resume, name, 0, &[])) {
        Ok(device) => Ok(node(device)),
        Err(e) => {
            let _ = call(&control, Command::Remove, name, 0, &[]);
            Err(e)
        }
    }
}

/// Takes a mapping away. Errors: somebody uses it.
pub fn remove(name: &str) -> io::Result<()> {
    let control = OpenOptions::new().read(true).write(true).open(CONTROL)?;
    call(&control, Command::Remove, name, 0, &[]).map(|_| ())
}

/// One target from the mapping's start.
fn target(kind: &str, size: u64, parameters: &str) -> Vec<u8> {
    let parameters = format!("{parameters}\0");
    let total = (SPEC + parameters.len()).next_multiple_of(8);
    let mut bytes = vec![0; total];
    bytes[8..16].copy_from_slice(&(size / 512).to_ne_bytes());
    bytes[20..24].copy_from_slice(&u32::try_from(total).unwrap_or(u32::MAX).to_ne_bytes());
    bytes[24..24 + kind.len()].copy_from_slice(kind.as_bytes());
    bytes[SPEC..SPEC + parameters.len()].copy_from_slice(parameters.as_bytes());
    bytes
}

/// The kernel makes `/dev/dm-<minor>` for every mapping; `dev` is in the kernel's "huge" encoding (12 low minor bits apart).
fn node(dev: u64) -> PathBuf {
    let minor = (dev & 0xff) | ((dev >> 12) & 0xfff_ff00);
    format!("/dev/dm-{minor}").into()
}

/// Runs one ioctl; the answer's `dev`.
fn call(control: &File, command: Command, name: &str, flags: u32, payload: &[u8]) -> io::Result<u64> {
    if name.len() > 127 {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    // Room for what a status may answer with; the kernel tells truncation by a flag that we need not read.
    let mut buffer = vec![0_u8; HEADER + payload.len().max(512)];
    let size = u32::try_from(buffer.len()).map_err(io::Error::other)?;
    buffer[0..4].copy_from_slice(&4_u32.to_ne_bytes());
    buffer[12..16].copy_from_slice(&size.to_ne_bytes());
    buffer[16..20].copy_from_slice(&312_u32.to_ne_bytes());
    buffer[20..24].copy_from_slice(&u32::from(!payload.is_empty()).to_ne_bytes());
    buffer[28..32].copy_from_slice(&flags.to_ne_bytes());
    buffer[48..48 + name.len()].copy_from_slice(name.as_bytes());
    buffer[HEADER..HEADER + payload.len()].copy_from_slice(payload);
    let request = (3 << 30) | (312 << 16) | (0xfd << 8) | (command as libc::Ioctl);
    // SAFETY: the kernel reads and writes at most `data_size` bytes from the pointer, which is the buffer's length.
    if unsafe { libc::ioctl(control.as_raw_fd(), request, buffer.as_mut_ptr()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut dev = [0; 8];
    dev.copy_from_slice(&buffer[40..48]);
    Ok(u64::from_ne_bytes(dev))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_as_the_kernel_reads_it() {
        let bytes = target("linear", 4096, "/dev/vda 2048");
        assert_eq!(bytes.len() % 8, 0);
        assert_eq!((bytes[8], bytes[20] as usize), (8, bytes.len()));
        assert_eq!(&bytes[24..40], b"linear\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(&bytes[40..54], b"/dev/vda 2048\0");
    }

    #[test]
    fn minors_past_255() {
        assert_eq!(node(0xfd03), PathBuf::from("/dev/dm-3"));
        assert_eq!(node(0x0010_fd02), PathBuf::from("/dev/dm-258"));
    }
}
