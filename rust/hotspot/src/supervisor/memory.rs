//! How much memory our programs take: the sum of their proportional set sizes (PSS).

use std::fs;
use std::path::Path;

/// The guard (`early/guard.rs`), whose file went with the initramfs.
const GUARD: &str = "/init (deleted)";

/// PSS of all processes that run our program, the guard or hostapd, in KiB.
pub fn ours_kb() -> u64 {
    let own = fs::read_link("/proc/self/exe").ok();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|e| e.path());
    processes
        .filter(|p| {
            fs::read_link(p.join("exe")).is_ok_and(|exe| Some(&exe) == own.as_ref() || exe.ends_with("hostapd") || exe == Path::new(GUARD))
        })
        .filter_map(|p| pss_kb(&fs::read_to_string(p.join("smaps_rollup")).ok()?))
        .sum()
}

/// The `Pss:` line of `smaps_rollup` (proc(5)).
fn pss_kb(rollup: &str) -> Option<u64> {
    rollup.lines().find_map(|l| l.strip_prefix("Pss:"))?.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernels_words() {
        assert_eq!(super::pss_kb("Rss:   9 kB\nPss:                3172 kB\nPss_Dirty:  1 kB\n"), Some(3172));
        assert_eq!(super::pss_kb("nothing"), None);
    }

    #[test]
    fn our_own_is_counted() {
        assert!(super::ours_kb() > 100);
    }
}
