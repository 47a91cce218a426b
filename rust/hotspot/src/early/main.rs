//! PID 1 of the initramfs: modules, the slot's root through device-mapper (checked by dm-verity), then the real init.
//!
//! It assumes nothing of the state it finds: `/proc`, `/sys` and `/dev` may be there already.
#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use sys::mount::{self, Flags};
use update::{Header, Layout, Slot, Watched};

#[path = "../bootrecord.rs"]
mod bootrecord;
#[path = "../cmdline.rs"]
mod cmdline;
mod guard;

const NEW_ROOT: &str = "/newroot";
/// Module paths in load order, one a line.
const MODULES: &str = "/lib/modules.order.list";
/// Where the slot keeps the files of `/etc`.
const ETC: &str = "usr/share/hotspot/etc";
/// A slow card has been seen by then.
const CARD_WAIT: Duration = Duration::from_secs(20);
/// The supervisor has been started by then, also from a slow card. Longer than the Pi's watchdog can: the kernel feeds it meanwhile.
const TRIAL_WATCHDOG_SECONDS: u8 = 60;
/// Time to read the reason on a screen before the boot script gets its next chance.
const BEFORE_RESTART: Duration = Duration::from_secs(10);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == "guard") {
        if let Err(why) = guard::run(&args[1..]) {
            say(3, &format!("guard: {why}"));
        }
        return;
    }
    let Err(why) = boot();
    say(3, &format!("cannot start: {why}; restarting in {} s", BEFORE_RESTART.as_secs()));
    sleep(BEFORE_RESTART);
    // Only PID 1 may get here with the right to do it; if it fails, ending makes the kernel panic and restart (panic=10).
    say(3, &format!("cannot restart: {}", sys::reboot::restart()));
}

fn boot() -> Result<Infallible, String> {
    kernel_filesystems()?;
    load_modules();
    if cmdline::read("hotspot.trial").as_deref() == Some("1") {
        arm_watchdog();
    }
    let layout = Layout::built_in();
    let slot: Slot = cmdline::read("hotspot.slot").as_deref().unwrap_or("a").parse()?;
    let disk = find_card(&layout, cmdline::read("hotspot.dev").as_deref())?;
    let watched = mount_root(&layout, slot, &disk).map_err(|why| {
        let marked = mark_bad(&layout, slot, &disk);
        format!("{why}; {}", marked.unwrap_or_else(|e| e))
    })?;
    // Without it a box still runs; it only cannot leave a slot that rots.
    if let Err(why) = guard::start(&guard::Post { disk: disk.clone(), slot, watched }) {
        say(3, &format!("the guard does not start: {why}"));
    }
    writable_places(Path::new(NEW_ROOT)).map_err(|e| format!("tmpfs: {e}"))?;
    say(6, &format!("slot {} of {disk}", slot.name()));
    leave_initramfs(Path::new(NEW_ROOT))?;
    Err(format!("/sbin/init: {}", Command::new("/sbin/init").exec()))
}

/// One line in the kernel's log, which also shows it on the console.
fn say(level: u8, text: &str) {
    let written =
        File::options().write(true).open("/dev/kmsg").and_then(|mut f| f.write_all(format!("<{level}>hotspot-early: {text}\n").as_bytes()));
    if written.is_err() {
        eprintln!("hotspot-early: {text}");
    }
}

fn kernel_filesystems() -> Result<(), String> {
    let plain = Flags::MS_NOSUID | Flags::MS_NODEV | Flags::MS_NOEXEC;
    for (fstype, place, witness, flags) in [
        ("devtmpfs", "/dev", "/dev/kmsg", Flags::MS_NOSUID),
        ("proc", "/proc", "/proc/cmdline", plain),
        ("sysfs", "/sys", "/sys/block", plain),
    ] {
        if !Path::new(witness).exists() {
            let _ = fs::create_dir(place);
            mount::mount(fstype, Path::new(place), fstype, flags, "").map_err(|e| format!("mounting {place}: {e}"))?;
        }
    }
    Ok(())
}

/// The card's driver may be built in or for other hardware: a module that does not load is told and no more.
fn load_modules() {
    let list = fs::read_to_string(MODULES).unwrap_or_default();
    for path in list.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if let Err(e) = sys::modules::load(Path::new(path), "") {
            say(4, &format!("module {path}: {e}"));
        }
    }
}

/// On trial, whatever hangs from here until the supervisor feeds the watchdog ends in a restart. Closed without being disarmed, it runs on.
fn arm_watchdog() {
    if let Err(e) = sys::watchdog::Watchdog::arm(TRIAL_WATCHDOG_SECONDS) {
        say(4, &format!("no watchdog for the trial: {e}"));
    }
}

/// Waits for the disk that has our partition table and returns its `/dev/…` path.
fn find_card(layout: &Layout, kind: Option<&str>) -> Result<String, String> {
    let started = Instant::now();
    let mut strangers: Vec<String> = Vec::new();
    loop {
        for name in disks(kind) {
            if strangers.contains(&name) {
                continue;
            }
            let path = format!("/dev/{name}");
            match first_sector(&path) {
                Ok(sector) if layout.is_own(&sector) => return Ok(path),
                Ok(_) => strangers.push(name),
                // Not ready yet: asked again.
                Err(_) => {}
            }
        }
        if started.elapsed() > CARD_WAIT {
            return Err(match strangers.as_slice() {
                [] => "no card was found".into(),
                seen => format!("no card with our partition table was found, only {}", seen.join(", ")),
            });
        }
        sleep(Duration::from_millis(20));
    }
}

/// Whole disks: `mmcblk0` (not its boot areas, such as `mmcblk0boot0`) and `vda`.
fn disks(kind: Option<&str>) -> Vec<String> {
    let entries = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).filter(|n| is_card(n, kind)).collect();
    names.sort();
    names
}

fn is_card(name: &str, kind: Option<&str>) -> bool {
    let mmc = name.strip_prefix("mmcblk").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let virtio = name.starts_with("vd");
    match kind {
        Some("mmc") => mmc,
        Some("virtio") => virtio,
        _ => mmc || virtio,
    }
}

fn first_sector(path: &str) -> std::io::Result<[u8; 512]> {
    let mut sector = [0; 512];
    File::open(path)?.read_exact(&mut sector)?;
    Ok(sector)
}

/// A slot whose root cannot be mounted comes last from now on. What was done.
fn mark_bad(layout: &Layout, slot: Slot, disk: &str) -> Result<String, String> {
    let records = bootrecord::Records::open(Path::new(disk), layout)?;
    Ok(match records.change(|record| record.with_bad(slot))? {
        true => format!("slot {} is marked bad", slot.name()),
        false => "there is nothing to mark".into(),
    })
}

/// Mounts the slot's root, checked against the hash tree whose root hash its header has; what the guard is to watch.
fn mount_root(layout: &Layout, slot: Slot, disk: &str) -> Result<Watched, String> {
    let (start, size) = layout.slot(slot);
    let mut bytes = vec![0; usize::try_from(layout.slot_header_bytes).map_err(|e| e.to_string())?];
    let header = File::open(disk).and_then(|f| f.read_exact_at(&mut bytes, start)).map_err(|e| e.to_string());
    let header = header.and_then(|()| Header::decode(&bytes, size).map_err(|e| e.to_string()));
    let Header { root, verity, .. } = header.map_err(|e| format!("header of slot {}: {e}", slot.name()))?;
    let map = |name: &str, part: update::Part| {
        let device = sys::dm::linear(name, disk, start + part.offset, part.size, true);
        device.map(|d| d.to_string_lossy().into_owned()).map_err(|e| format!("mapping slot {}: {e}", slot.name()))
    };
    let (data, tree) = (map("hotspot-root-data", root)?, map("hotspot-root-tree", verity.tree)?);
    let table = sys::dm::Verity {
        data: &data,
        size: root.size,
        tree: &tree,
        block: verity.block,
        root_hash: &verity.root_hash,
        salt: &verity.salt,
    };
    let device = sys::dm::verity("hotspot-root", &table).map_err(|e| format!("checking slot {}: {e}", slot.name()))?;
    fs::create_dir_all(NEW_ROOT).map_err(|e| format!("{NEW_ROOT}: {e}"))?;
    let device = device.to_string_lossy();
    mount::mount(&device, Path::new(NEW_ROOT), "squashfs", Flags::MS_RDONLY | Flags::MS_NODEV | Flags::MS_NOSUID, "")
        .map_err(|e| format!("mounting the root of slot {}: {e}", slot.name()))?;
    let end = (verity.tree.offset + verity.tree.size).max(root.offset + root.size);
    let disk = disk.trim_start_matches("/dev/").to_owned();
    Ok(Watched { disk, sectors: (start + root.offset) / 512..(start + end) / 512 })
}

fn writable_places(root: &Path) -> std::io::Result<()> {
    for (place, mode, size) in [("run", "0755", "16m"), ("tmp", "1777", "16m"), ("var", "0755", "4m"), ("etc", "0755", "1m")] {
        mount::tmpfs(&root.join(place), mode, size)?;
    }
    copy_tree(&root.join(ETC), &root.join("etc"))
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755))?;
            copy_tree(&entry.path(), &target)?;
        } else if entry.file_type()?.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Moves what the kernel mounted to the new root, frees the memory of the initramfs and changes over.
fn leave_initramfs(root: &Path) -> Result<(), String> {
    for place in ["dev", "proc", "sys"] {
        mount::move_to(&Path::new("/").join(place), &root.join(place)).map_err(|e| format!("moving /{place}: {e}"))?;
    }
    if let Ok(here) = fs::metadata("/") {
        empty(Path::new("/"), here.dev(), &[PathBuf::from(NEW_ROOT), PathBuf::from("/lab")]);
    }
    mount::switch_root(root).map_err(|e| format!("changing to the new root: {e}"))
}

/// Deletes files on this file system alone, leaving what is mounted below and what is spared.
fn empty(directory: &Path, device: u64, spared: &[PathBuf]) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.dev() != device || spared.contains(&path) {
            continue;
        }
        if meta.is_dir() {
            empty(&path, device, spared);
            // A directory that still holds a mount point stays.
            let _ = fs::remove_dir(&path);
        } else {
            let _ = fs::remove_file(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_disks_can_be_the_card() {
        assert!(is_card("mmcblk0", Some("mmc")) && is_card("vda", Some("virtio")) && is_card("vda", None));
        assert!(!is_card("mmcblk0boot0", Some("mmc")) && !is_card("vda", Some("mmc")) && !is_card("sda", None));
    }

    #[test]
    fn only_its_own_files_are_deleted() {
        let dir = std::env::temp_dir().join(format!("hotspot-early-{}", std::process::id()));
        fs::create_dir_all(dir.join("keep/x")).unwrap();
        fs::create_dir_all(dir.join("gone/y")).unwrap();
        fs::write(dir.join("gone/y/file"), "1").unwrap();
        std::os::unix::fs::symlink("/etc", dir.join("link")).unwrap();
        empty(&dir, fs::metadata(&dir).unwrap().dev(), &[dir.join("keep")]);
        let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["keep"]);
        assert!(Path::new("/etc").exists());
        fs::remove_dir_all(&dir).unwrap();
    }
}
