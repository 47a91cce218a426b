//! The text of hostapd.conf.

use std::fmt::Write;

use crate::{Radio, Wish, channel, limit};

/// What a configuration is made from.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The settings.
    pub wish: &'a Wish,
    /// The radio.
    pub radio: &'a Radio,
    /// Its interface.
    pub interface: &'a str,
    /// The bridge that the interface joins.
    pub bridge: &'a str,
    /// The channel.
    pub channel: &'a channel::Choice,
    /// The folder of hostapd's control socket.
    pub control: &'a str,
}

/// Writes the configuration (hostapd 2.10's `hostapd.conf` lists the keys).
pub fn render(parts: &Parts) -> String {
    let Parts { wish, radio, interface, bridge, channel, control } = parts;
    let five = channel.mhz >= 5000;
    let band = radio.wiphy.bands.iter().find(|b| b.channels.iter().any(|c| c.mhz == channel.mhz));
    let (ht, vht) = band.map_or((false, false), |b| (b.ht, b.vht));
    let mut text = String::with_capacity(1024);
    let mut line = |key: &str, value: &dyn std::fmt::Display| {
        // Nothing of a person's reaches here with a line break (`Wish` refuses it); a key of ours never has one.
        let _ = writeln!(text, "{key}={value}");
    };
    line("interface", interface);
    line("bridge", bridge);
    line("driver", &"nl80211");
    line("ctrl_interface", control);
    line("logger_syslog", &0);
    line("logger_stdout", &-1);
    line("logger_stdout_level", &3);
    line("ssid2", &hex(wish.ssid.as_bytes()));
    line("utf8_ssid", &1);
    line("ignore_broadcast_ssid", &0);
    line("country_code", &wish.country);
    line("ieee80211d", &1);
    line("hw_mode", &if five { "a" } else { "g" });
    line("channel", &channel.number);
    line("ieee80211n", &u8::from(ht));
    if five {
        line("ieee80211h", &1);
        line("ieee80211ac", &u8::from(vht));
    }
    line("wmm_enabled", &1);
    line("ap_isolate", &1);
    line("max_num_sta", &limit::of(radio).stations);
    // A phone that walked off makes room within minutes.
    line("ap_max_inactivity", &300);
    line("disassoc_low_ack", &1);
    line("auth_algs", &1);
    if !wish.password.is_empty() {
        let protect = radio.can_protect_management();
        line("wpa", &2);
        line("wpa_key_mgmt", &if protect { "WPA-PSK WPA-PSK-SHA256" } else { "WPA-PSK" });
        line("rsn_pairwise", &"CCMP");
        line("ieee80211w", &u8::from(protect));
        line(if wish.password.len() == 64 { "wpa_psk" } else { "wpa_passphrase" }, &wish.password);
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::nl80211::{Band, Channel, Wiphy};

    fn rendered(password: &str, mhz: u32, ciphers: Vec<u32>) -> String {
        let channels = vec![Channel { mhz, ..Channel::default() }];
        let bands = vec![Band { id: 0, ht: true, vht: true, channels }];
        let radio = Radio { wiphy: Wiphy { bands, ciphers, ..Wiphy::default() }, ..Radio::default() };
        let wish = Wish { ssid: "é\"#=".into(), password: password.into(), channel: None, band: config::Band::Ghz2, country: "BR".into() };
        let channel = channel::Choice { number: channel::number(mhz).unwrap(), mhz, why: String::new(), problem: None };
        render(&Parts { wish: &wish, radio: &radio, interface: "wlan0", bridge: "br-hotspot", channel: &channel, control: "/run/c" })
    }

    fn has(text: &str, line: &str) -> bool {
        text.lines().any(|l| l == line)
    }

    #[test]
    fn open() {
        let text = rendered("", 2437, vec![]);
        for line in [
            "interface=wlan0",
            "bridge=br-hotspot",
            "ssid2=c3a922233d",
            "country_code=BR",
            "hw_mode=g",
            "channel=6",
            "ieee80211n=1",
            "ap_isolate=1",
            "max_num_sta=31",
        ] {
            assert!(has(&text, line), "{line} not in\n{text}");
        }
        assert!(!text.contains("wpa"));
    }

    #[test]
    fn wpa2_with_and_without_protected_management() {
        let text = rendered("# a = \\ b", 2437, vec![0x000f_ac04]);
        assert!(has(&text, "wpa_passphrase=# a = \\ b") && has(&text, "ieee80211w=0") && has(&text, "wpa_key_mgmt=WPA-PSK"));
        assert!(has(&rendered("12345678", 2437, vec![0x000f_ac06]), "ieee80211w=1"));
        assert!(has(&rendered(&"ab".repeat(32), 2437, vec![]), &format!("wpa_psk={}", "ab".repeat(32))));
    }

    #[test]
    fn five_ghz() {
        let text = rendered("", 5180, vec![]);
        assert!(has(&text, "hw_mode=a") && has(&text, "channel=36") && has(&text, "ieee80211ac=1") && has(&text, "ieee80211h=1"));
    }
}
