//! Drivers for what is plugged in, and the few device files that a daemon may touch.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::Path;
use std::process::{Command, Stdio};

use sys::process::Rights;

use super::table::{GROUP, RADIOD_USER};

/// What netd's bridge and rules ask for; a name too many costs nothing.
const NETWORK: &[&str] = &[
    "bridge",
    "nf_tables",
    "nft_ct",
    "nft_limit",
    "nft_redir",
    "nft_masq",
    "nft_reject_inet",
    "nft_reject_bridge",
    "nft_meta_bridge",
    "nft_chain_nat",
    "nft_log",
];
/// Arguments of one modprobe.
const BATCH: usize = 200;
/// `/sys/devices` is not deeper.
const MAX_DEPTH: usize = 24;

/// The step at start: drivers for all that is there already.
pub fn coldplug() -> Result<(), String> {
    let mut aliases = BTreeSet::new();
    collect(Path::new("/sys/devices"), 0, &mut aliases);
    // What the network is made of first: it would be loaded one by one otherwise, when it is asked for.
    let aliases: Vec<String> = NETWORK.iter().map(|m| (*m).to_owned()).chain(aliases).collect();
    for batch in aliases.chunks(BATCH) {
        let mut child = modprobe(batch).map_err(|e| format!("modprobe: {e}"))?;
        child.wait().map_err(|e| e.to_string())?;
    }
    // Nothing names it: without, radiod blinks the LED by itself.
    let _ = modprobe(&["ledtrig-pattern".into()]).and_then(|mut child| child.wait());
    prepare();
    Ok(())
}

fn collect(directory: &Path, depth: usize, aliases: &mut BTreeSet<String>) {
    if let Ok(alias) = fs::read_to_string(directory.join("modalias")) {
        aliases.extend(Some(alias.trim().to_owned()).filter(|a| !a.is_empty()));
    }
    if depth < MAX_DEPTH {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                collect(&entry.path(), depth + 1, aliases);
            }
        }
    }
}

/// Starts a modprobe for these; that nothing is known for one of them is no error.
pub fn modprobe(aliases: &[String]) -> std::io::Result<std::process::Child> {
    let mut command = Command::new("modprobe");
    command.args(["-a", "-b", "-q"]).args(aliases);
    quiet_helper(&mut command)
}

/// The step that takes a radio's module out, with those that sit on it, and loads it again; the name comes from the fixed list.
pub fn reload(module: &str) -> Result<(), String> {
    let holders = fs::read_dir(format!("/sys/module/{module}/holders")).into_iter().flatten().flatten();
    let mut out: Vec<String> = holders.filter_map(|e| e.file_name().into_string().ok()).collect();
    out.push(module.to_owned());
    let run = |program: &str, args: &[String]| {
        let status = quiet_helper(Command::new(program).args(args)).and_then(|mut c| c.wait()).map_err(|e| format!("{program}: {e}"))?;
        if status.success() { Ok(()) } else { Err(format!("{program} {}: {status}", args.join(" "))) }
    };
    let removed = run("rmmod", &out);
    // Loaded again in any case.
    run("modprobe", &[module.to_owned()])?;
    removed
}

fn quiet_helper(command: &mut Command) -> std::io::Result<std::process::Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sys::process::spawn(command, &Rights { user: None, capabilities: Vec::new(), files: 64, oom_score: 0, nice: 5 })
}

/// The LED's names: upstream's, and those of older kernels.
const LEDS: &[&str] = &["ACT", "led0", "green:act", "green:status"];

/// Gives radiod the LED and the group the radio switch. Done again whenever one of them appears.
pub fn prepare() {
    for led in LEDS {
        let folder = Path::new("/sys/class/leds").join(led);
        // Choosing the kernel's blinker makes its files, which belong to root.
        if fs::read_to_string(folder.join("trigger")).is_ok_and(|all| !all.contains("[pattern]")) {
            let chosen = fs::write(folder.join("trigger"), "pattern").or_else(|_| fs::write(folder.join("trigger"), "none"));
            if let Err(e) = chosen {
                log::debug!("{led}: {e}");
            }
        }
        for file in ["brightness", "pattern", "repeat"] {
            let file = folder.join(file);
            let _ = fs::metadata(&file).and_then(|_| std::os::unix::fs::chown(&file, Some(RADIOD_USER), Some(GROUP)));
        }
    }
    let rfkill = Path::new("/dev/rfkill");
    if rfkill.exists() {
        let _ = lchown(rfkill, Some(0), Some(GROUP)).and_then(|()| fs::set_permissions(rfkill, fs::Permissions::from_mode(0o660)));
    }
}
