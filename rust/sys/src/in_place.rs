//! Overwriting a file of a mounted, read-only FAT in place: where its bytes are on the disk, and nothing of its metadata.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

/// `FIBMAP` and `FIGETBSZ` of linux/fs.h.
const FIBMAP: libc::Ioctl = 1;
const FIGETBSZ: libc::Ioctl = 2;

/// Writes `bytes` over those of `file` from `offset`, on the block device that holds its file system from byte 0.
///
/// Each block is written whole and waited for, so that after a cut each is old or new. Errors: the file is shorter, has a hole, or the
/// file system cannot say where its blocks are.
pub fn overwrite(file: &File, device: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let end = offset + bytes.len() as u64;
    if bytes.is_empty() || end > file.metadata()?.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not within the file"));
    }
    let size = u64::try_from(ioctl(file, FIGETBSZ, 0)?).map_err(io::Error::other)?;
    if !(512..=65536).contains(&size) {
        return Err(io::Error::other(format!("blocks of {size} bytes")));
    }
    let disk = OpenOptions::new().read(true).write(true).custom_flags(libc::O_DSYNC).open(device)?;
    for number in offset / size..end.div_ceil(size) {
        let place = ioctl(file, FIBMAP, i32::try_from(number).map_err(io::Error::other)?)?;
        if place <= 0 {
            return Err(io::Error::other("the file has a hole"));
        }
        let at = u64::try_from(place).map_err(io::Error::other)? * size;
        let mut block = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        disk.read_exact_at(&mut block, at)?;
        let (in_block, in_bytes) = overlap(number * size, size, offset, end)?;
        block[in_block].copy_from_slice(&bytes[in_bytes]);
        disk.write_all_at(&block, at)?;
    }
    // What the mount has in memory of the file is old now.
    posix_fadvise(file.as_fd(), 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).map_err(Into::into)
}

/// Where the block at `start` and the wanted bytes meet: in the block, in the bytes.
fn overlap(start: u64, size: u64, offset: u64, end: u64) -> io::Result<(Range<usize>, Range<usize>)> {
    let (from, to) = (start.max(offset), (start + size).min(end));
    let n = |value: u64| usize::try_from(value).map_err(io::Error::other);
    Ok((n(from - start)?..n(to - start)?, n(from - offset)?..n(to - offset)?))
}

fn ioctl(file: &File, request: libc::Ioctl, value: i32) -> io::Result<i32> {
    let mut value = value;
    // SAFETY: both requests read and write one int at the pointer.
    if unsafe { libc::ioctl(file.as_raw_fd(), request, &raw mut value) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_bytes_meet() {
        assert_eq!(overlap(512, 512, 600, 700).unwrap(), (88..188, 0..100));
        assert_eq!(overlap(512, 512, 100, 2000).unwrap(), (0..512, 412..924));
        assert_eq!(overlap(1536, 512, 100, 1540).unwrap(), (0..4, 1436..1440));
    }

    /// A real FAT on a loop device; needs root, mkfs.vfat and loop devices.
    #[test]
    fn a_fragmented_file_on_a_real_fat() {
        let run = |args: &[&str]| std::process::Command::new(args[0]).args(&args[1..]).output().ok().filter(|o| o.status.success());
        let folder = std::env::temp_dir().join(format!("hotspot-fat-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("m")).unwrap();
        let (image, mount) = (folder.join("fat"), folder.join("m"));
        File::create(&image).unwrap().set_len(4 << 20).unwrap();
        let (image_name, mount_name) = (image.to_str().unwrap(), mount.to_str().unwrap());
        let made = run(&["mkfs.vfat", image_name]).and_then(|_| run(&["losetup", "-f", "--show", image_name]));
        let Some(made) = made else {
            eprintln!("skipped: no loop device here");
            return;
        };
        let device = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        if run(&["mount", "-t", "vfat", &device, mount_name]).is_none() {
            eprintln!("skipped: no vfat here");
            run(&["losetup", "-d", &device]);
            return;
        }
        // Two files grow in turn, so that each is in pieces.
        let (a, b) = (File::create(mount.join("a")).unwrap(), File::create(mount.join("b")).unwrap());
        for n in 0..8 {
            a.write_all_at(&[b'a'; 2048], n * 2048).unwrap();
            a.sync_all().unwrap();
            b.write_all_at(&[b'b'; 2048], n * 2048).unwrap();
            b.sync_all().unwrap();
        }
        run(&["mount", "-o", "remount,ro", mount_name]).unwrap();
        let before = std::fs::read(&image).unwrap();
        let file = File::open(mount.join("a")).unwrap();
        let result = overwrite(&file, Path::new(&device), 2000, &[b'X'; 5000]);
        let beyond = overwrite(&file, Path::new(&device), 16_000, &[b'X'; 500]);
        let seen = std::fs::read(mount.join("a")).unwrap();
        run(&["umount", mount_name]);
        run(&["losetup", "-d", &device]);
        let after = std::fs::read(&image).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        result.unwrap();
        assert!(beyond.is_err());
        let mut wanted = vec![b'a'; 16_384];
        wanted[2000..7000].fill(b'X');
        assert!(seen == wanted, "the mount sees the new bytes, and only those");
        let changed: Vec<_> = before.iter().zip(&after).filter(|(x, y)| x != y).map(|(x, y)| (*x, *y)).collect();
        assert!(changed.len() == 5000 && changed.iter().all(|c| *c == (b'a', b'X')), "nothing else on the disk changed");
    }
}
