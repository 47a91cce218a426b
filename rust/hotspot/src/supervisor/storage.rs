//! What to do with the bytes where `/data` is to be. Pure.
//!
//! An appliance must come up, and must not destroy what can be saved:
//!
//! | start of the region | a backup superblock | done |
//! |---|---|---|
//! | ext4, was mounted before | - | checked and repaired; if that fails, kept for a person, and a tmpfs serves. Formatted only when a repair went well and the kernel still calls it corrupt |
//! | ext4 whose group descriptors make no sense | ext4 | repaired from the backup: plain e2fsck believes the backup's count of unused inodes, and drops all files |
//! | ext4, never mounted | - | checked; if that fails, formatted: the formatting was cut short, nothing was stored yet |
//! | 1 MiB of zeros | not asked | formatted: a card fresh from the flasher, which writes zeros there. What an earlier installation left behind must not come back |
//! | anything else | ext4 | repaired from the backup; if that fails, kept for a person, and a tmpfs serves |
//! | zeros where the superblock is to be | half of one | formatted: the formatting was cut short while it wrote the backup, which comes before the superblock |
//! | anything else | none | formatted, and told in the log |
//!
//! Whoever formats first makes both places blank, so that what is found there after a cut is of this formatting.

/// Bytes of the region's start that [`first_look`] wants.
pub const START_BYTES: usize = 1 << 20;
/// Where the first backup superblock of our file systems is: group 1, blocks of 4096 bytes (mke2fs(8), `-b 4096`).
pub const BACKUP_OFFSET: u64 = 32768 * 4096;
/// Bytes from there on that [`first_look`] wants: superblock and group descriptors.
pub const BACKUP_BYTES: usize = START_BYTES;
/// The same as e2fsck's `-b`.
pub const BACKUP_BLOCK: &str = "32768";

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A file system that may hold somebody's things.
    Used,
    /// A file system that was never mounted.
    Unused,
    /// Zeros.
    Blank,
    /// A file system whose beginning is lost: its superblock, or descriptors behind it.
    Headless,
    /// Bytes that mean nothing to us.
    Unknown,
}

/// Where the superblock is in the region, and in it (linux `fs/ext4/ext4.h`).
const SUPERBLOCK: usize = 1024;
const MAGIC: usize = 0x38;
const MOUNT_TIME: usize = 0x2c;
const MOUNT_COUNT: usize = 0x34;

/// Judges by the region's start and the bytes at [`BACKUP_OFFSET`] (fewer where the region ends before).
pub fn first_look(start: &[u8], backup: &[u8]) -> Found {
    let superblock = start.get(SUPERBLOCK..2 * SUPERBLOCK).unwrap_or_default();
    if is_superblock(superblock) {
        if superblock[MOUNT_TIME..MOUNT_TIME + 4] == [0; 4] && superblock[MOUNT_COUNT..MOUNT_COUNT + 2] == [0; 2] {
            return Found::Unused;
        }
        let lost = is_superblock(backup) && !describes(superblock, start) && describes(superblock, backup);
        return if lost { Found::Headless } else { Found::Used };
    }
    if start.iter().all(|b| *b == 0) {
        Found::Blank
    } else if is_superblock(backup) && (is_whole(backup) || superblock.iter().any(|b| *b != 0)) {
        Found::Headless
    } else {
        Found::Unknown
    }
}

/// Whether the group descriptors, one block of 4096 bytes behind where `region` starts, name places within the file system
/// (`fs/ext4/ext4.h`, `struct ext4_group_desc`). They never move.
fn describes(superblock: &[u8], region: &[u8]) -> bool {
    let number = |bytes: &[u8], at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    let (blocks, in_group) = (u64::from(number(superblock, 0x04)), u64::from(number(superblock, 0x20)).max(1));
    let wide = number(superblock, 0x60) & 0x80 != 0;
    let (size, high) = if wide { (64, u64::from(number(superblock, 0x150))) } else { (32, 0) };
    let blocks = high << 32 | blocks;
    let groups = usize::try_from(blocks.div_ceil(in_group)).unwrap_or(usize::MAX);
    region.get(4096..).unwrap_or_default().chunks_exact(size).take(groups).all(|descriptor| {
        // Block bitmap, inode bitmap, inode table.
        [0, 4, 8].into_iter().all(|at| {
            let high = if wide { u64::from(number(descriptor, 0x20 + at)) } else { 0 };
            (1..blocks).contains(&(high << 32 | u64::from(number(descriptor, at))))
        })
    })
}

fn is_superblock(bytes: &[u8]) -> bool {
    bytes.get(MAGIC..MAGIC + 2) == Some(&[0x53, 0xef])
}

/// Whether a superblock's checksum holds, which ours have (`metadata_csum`; `fs/ext4/super.c`, `ext4_superblock_csum`).
fn is_whole(superblock: &[u8]) -> bool {
    const CHECKSUM: usize = 0x3fc;
    superblock.get(..CHECKSUM + 4).is_some_and(|bytes| bytes[CHECKSUM..] == crc32c(&bytes[..CHECKSUM]).to_le_bytes())
}

/// CRC-32C (RFC 3720, B.4) without the inversion at its end, which ext4 leaves out. Bit by bit: it is a kilobyte, once a start.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// One step towards a usable file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `e2fsck -p`: replay the journal, mend what is harmless.
    Check,
    /// `e2fsck -f -y`: look at everything, mend everything.
    Repair,
    /// `e2fsck -y -b`: mend everything by a backup superblock.
    RepairFromBackup,
    /// `mke2fs`.
    Format,
    /// Mount it, after what was done last.
    Mount(After),
    /// Serve from memory and say why.
    GiveUp,
}

/// What a mount comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Check,
    Repair,
    Format,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Well,
    Failed,
    /// The kernel would not mount it because of what is in it.
    Corrupt,
}

/// The first step.
pub fn first(found: Found) -> Step {
    match found {
        Found::Used | Found::Unused => Step::Check,
        Found::Headless => Step::RepairFromBackup,
        Found::Blank | Found::Unknown => Step::Format,
    }
}

/// The step after `step`.
pub fn next(found: Found, step: Step, outcome: Outcome) -> Step {
    match (step, outcome) {
        (Step::Check, Outcome::Well) => Step::Mount(After::Check),
        (Step::Repair | Step::RepairFromBackup, Outcome::Well) => Step::Mount(After::Repair),
        (Step::Format, Outcome::Well) => Step::Mount(After::Format),
        (Step::Check, _) if found == Found::Unused => Step::Format,
        (Step::Check, _) | (Step::Mount(After::Check), Outcome::Corrupt) => Step::Repair,
        (Step::Repair, _) => Step::RepairFromBackup,
        (Step::Mount(After::Repair), Outcome::Corrupt) => Step::Format,
        (Step::RepairFromBackup | Step::Format | Step::Mount(_) | Step::GiveUp, _) => Step::GiveUp,
    }
}

/// Whether a mount failed because of what is in the file system (and not for want of a driver or memory).
pub fn is_corrupt(error: &std::io::Error) -> bool {
    /// Linux: EIO, EINVAL (no such file system), EBADMSG (checksum), EUCLEAN (structure).
    const CORRUPT: [i32; 4] = [5, 22, 74, 117];
    error.raw_os_error().is_some_and(|e| CORRUPT.contains(&e))
}

/// Whether e2fsck's exit status means that the file system is good now (e2fsck(8): 1 and 2 are "corrected").
pub fn checked_well(status: i32) -> bool {
    (0..4).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn superblock(mounted: bool) -> Vec<u8> {
        let mut start = vec![0; START_BYTES];
        start[SUPERBLOCK + MAGIC..SUPERBLOCK + MAGIC + 2].copy_from_slice(&[0x53, 0xef]);
        start[SUPERBLOCK + MOUNT_COUNT] = u8::from(mounted);
        start
    }

    /// Four groups of wide descriptors behind a superblock.
    fn described(at: usize, bitmap: u32) -> Vec<u8> {
        let mut bytes = vec![0; START_BYTES];
        for (field, value) in [(0x04, 4 * 32768_u32), (0x20, 32768), (0x60, 0x80), (MAGIC, 0xef53), (MOUNT_TIME, 1)] {
            bytes[at + field..at + field + 4].copy_from_slice(&value.to_le_bytes());
        }
        for group in 0..4 {
            for (field, value) in [(0, bitmap), (4, 70), (8, 80)] {
                let at = 4096 + 64 * group + field;
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
        }
        bytes
    }

    #[test]
    fn lost_descriptors_come_from_the_backup() {
        let backup = described(0, 60);
        assert_eq!(first_look(&described(SUPERBLOCK, 60), &backup), Found::Used);
        assert_eq!(first_look(&described(SUPERBLOCK, 4 * 32768), &backup), Found::Headless, "beyond the end");
        assert_eq!(first_look(&described(SUPERBLOCK, 0), &backup), Found::Headless);
        let mut torn = described(SUPERBLOCK, 60);
        torn[4096 + 64 + 32] = 1;
        assert_eq!(first_look(&torn, &backup), Found::Headless, "the upper half of one place");
        assert_eq!(first_look(&torn, &described(0, 0)), Found::Used, "a backup that is no better is none");
        assert_eq!(first_look(&torn, &[]), Found::Used, "too small for one");
    }

    #[test]
    fn what_is_there() {
        let backup = superblock(true)[SUPERBLOCK..2 * SUPERBLOCK].to_vec();
        assert_eq!(first_look(&superblock(true), &[]), Found::Used);
        assert_eq!(first_look(&superblock(false), &[]), Found::Unused);
        assert_eq!(first_look(&vec![0; START_BYTES], &backup), Found::Blank, "a freshly flashed card that was used before");
        assert_eq!(
            first_look(&vec![7; START_BYTES], &backup),
            Found::Headless,
            "whatever its checksum: somebody's things may be behind it"
        );
        let mut begun = vec![0; START_BYTES];
        begun[4096] = 1;
        assert_eq!(first_look(&begun, &backup), Found::Unknown, "a formatting that was cut short in the backup");
        let mut whole = backup.clone();
        assert_eq!(!crc32c(b"123456789"), 0xe306_9283);
        let checksum = crc32c(&whole[..0x3fc]).to_le_bytes();
        whole[0x3fc..].copy_from_slice(&checksum);
        assert_eq!(first_look(&begun, &whole), Found::Headless, "and one that was cut before the superblock");
        assert_eq!(first_look(&vec![7; START_BYTES], &[]), Found::Unknown);
        assert_eq!(first_look(&[], &[]), Found::Blank);
    }

    #[test]
    fn every_way_ends_and_nothing_that_can_be_saved_is_formatted() {
        for found in [Found::Used, Found::Unused, Found::Blank, Found::Headless, Found::Unknown] {
            walk(found, first(found), &mut Vec::new());
        }
        assert!(checked_well(0) && checked_well(1) && !checked_well(4) && !checked_well(8) && !checked_well(-1));
        assert!(is_corrupt(&std::io::Error::from_raw_os_error(117)) && !is_corrupt(&std::io::Error::from_raw_os_error(2)));
    }

    /// Every outcome of every step.
    fn walk(found: Found, step: Step, taken: &mut Vec<(Step, Outcome)>) {
        assert!(taken.len() < 9, "{found:?} {taken:?}");
        if step == Step::Format && matches!(found, Found::Used | Found::Headless) {
            assert_eq!(taken.last(), Some(&(Step::Mount(After::Repair), Outcome::Corrupt)), "{found:?} {taken:?}");
        }
        if step == Step::GiveUp {
            return;
        }
        for outcome in [Outcome::Well, Outcome::Failed, Outcome::Corrupt] {
            if matches!((step, outcome), (Step::Mount(_), Outcome::Well)) {
                continue;
            }
            taken.push((step, outcome));
            walk(found, next(found, step, outcome), taken);
            taken.pop();
        }
    }
}
