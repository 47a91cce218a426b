//! hotspot.toml: three files (the record, the card's file now, and as it was read last), parsed, merged and written again.
//!
//! The input is the three texts, parted by a byte 0xff, which no UTF-8 text has.
#![no_main]

use config::{Document, Settings, merge, read, read_document, render};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |b| *b == 0xff);
    let [now, record, last] = [(); 3].map(|()| Document::parse(parts.next().unwrap_or_default()));
    let reading = read_document(&now);
    for problem in &reading.problems {
        assert!(!problem.reason.is_empty() && !problem.reason.contains('\n'));
    }
    // What was read is valid: written down and read again it is the same, without a problem.
    let text = render(&config::entries_of(&reading.settings));
    let again = read(text.as_bytes());
    assert!(again.problems.is_empty(), "{:?} of {text}", again.problems);
    assert_eq!(again.settings, reading.settings);
    // So is what is merged, and a file that did not change changes nothing.
    let merged = render(&merge(&record, &now, &last));
    let merged = Document::parse(merged.as_bytes());
    assert!(merged.problems.is_empty());
    assert_eq!(render(&merge(&merged, &now, &now)), render(&merged.entries));
    check(&read_document(&merged).settings);
});

/// What the daemons rely on.
fn check(settings: &Settings) {
    assert!((1..=32).contains(&settings.wifi.ssid.len()) && settings.uplink.wifi_ssid.len() <= 32);
    for password in [&settings.wifi.password, &settings.uplink.wifi_password] {
        assert!(password.is_empty() || (8..=64).contains(&password.len()) && password.bytes().all(|b| (0x20..0x7f).contains(&b)));
    }
    assert!(settings.lan.range.own().is_private() && !settings.lan.range.contains(config::CAPTURE_ADDRESS));
    assert!(!settings.community.name.is_empty() && !settings.community.languages.is_empty());
    assert!(settings.device.country.len() == 2 && !settings.device.name.is_empty());
    for text in [&settings.wifi.ssid, &settings.community.name, &settings.device.name, &settings.ssb.name] {
        assert!(!text.chars().any(char::is_control));
    }
}
