//! How the computer itself is: heat, power, card, clock. What a board does not tell is `null`.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

/// The supply was too weak since this program's start.
static WEAK: AtomicBool = AtomicBool::new(false);

/// Notes a weak supply: the kernel's driver shows it until its own next look only, two seconds later.
pub fn look() {
    if undervoltage(Path::new("/sys")) == Some(true) && !WEAK.swap(true, Ordering::Relaxed) {
        log::warn!("the power supply is too weak");
    }
}

/// `{temperature_c, undervoltage, card_errors, unix_s}`.
pub fn state() -> Value {
    let sys = Path::new("/sys");
    look();
    json!({
        "temperature_c": temperature(sys),
        "undervoltage": undervoltage(sys).map(|_| WEAK.load(Ordering::Relaxed)),
        "card_errors": card_errors(sys),
        "unix_s": crate::clockd::shown(),
    })
}

/// The hottest zone, in °C (kernel: Documentation/driver-api/thermal/sysfs-api.rst, thousandths).
fn temperature(sys: &Path) -> Option<i64> {
    entries(&sys.join("class/thermal")).filter_map(|zone| number(&zone.join("temp"))).max().map(|milli| milli / 1000)
}

/// Whether the supply was too weak when the driver looked last (kernel: drivers/hwmon/raspberrypi-hwmon.c).
fn undervoltage(sys: &Path) -> Option<bool> {
    let sensor = entries(&sys.join("class/hwmon")).find(|s| fs::read_to_string(s.join("name")).is_ok_and(|n| n.trim() == "rpi_volt"))?;
    number(&sensor.join("in0_lcrit_alarm")).map(|alarm| alarm != 0)
}

/// Errors that ext4 has met on the card since it was made (kernel: Documentation/ABI/testing/sysfs-fs-ext4).
fn card_errors(sys: &Path) -> Option<i64> {
    entries(&sys.join("fs/ext4")).filter_map(|fs| number(&fs.join("errors_count"))).max()
}

fn entries(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn number(path: &Path) -> Option<i64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_is_read_and_the_rest_is_unknown() {
        let sys = std::env::temp_dir().join(format!("hotspot-board-{}", std::process::id()));
        assert_eq!((temperature(&sys), undervoltage(&sys), card_errors(&sys)), (None, None, None));
        for (path, text) in [
            ("class/thermal/thermal_zone0/temp", "51540\n"),
            ("class/thermal/cooling_device0/type", "cpufreq\n"),
            ("class/hwmon/hwmon0/name", "cpu_thermal\n"),
            ("class/hwmon/hwmon1/name", "rpi_volt\n"),
            ("class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"),
            ("fs/ext4/dm-2/errors_count", "3\n"),
            ("fs/ext4/features/lazy_itable_init", "supported\n"),
        ] {
            let path = sys.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!((temperature(&sys), undervoltage(&sys), card_errors(&sys)), (Some(51), Some(true), Some(3)));
        fs::remove_dir_all(&sys).unwrap();
    }
}
