//! What the settings ask of the radio.

use config::{Band, Secrets, Settings};
use serde::{Deserialize, Serialize};

/// The settings that the access point depends on; when two are equal, nothing has to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Network name, 1 to 32 bytes of UTF-8.
    pub ssid: String,
    /// Empty: an open network. Else WPA2.
    pub password: String,
    /// `None`: the box picks.
    pub channel: Option<u8>,
    /// The band to open the network on.
    pub band: Band,
    /// Two capitals.
    pub country: String,
}

impl Wish {
    /// Takes the radio's part of the settings. A value that hostapd would refuse becomes the default, so that a
    /// damaged file never silences the box; `config` has told the owner already.
    pub fn new(settings: &Settings, secrets: &Secrets) -> Self {
        let default = Settings::default();
        let usable = |ssid: &str| (1..=32).contains(&ssid.len()) && !ssid.contains(char::is_control);
        let (wifi, country) = (&settings.wifi, &settings.device.country);
        Self {
            ssid: if usable(&wifi.ssid) { wifi.ssid.clone() } else { default.wifi.ssid },
            password: if is_wpa_password(&secrets.wifi_password) { secrets.wifi_password.clone() } else { String::new() },
            channel: wifi.channel,
            band: wifi.band,
            country: if is_country(country) { country.clone() } else { default.device.country },
        }
    }

    /// The country's two bytes.
    pub fn alpha2(&self) -> [u8; 2] {
        // `new` made sure of two capitals.
        self.country.as_bytes().first_chunk().copied().unwrap_or(*b"GB")
    }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// 8 to 63 printable ASCII characters, or 64 hexadecimal digits (IEEE 802.11-2020, J.4).
fn is_wpa_password(text: &str) -> bool {
    let printable = text.bytes().all(|b| (0x20..0x7f).contains(&b));
    printable && ((8..=63).contains(&text.len()) || (text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_values_become_defaults() {
        let mut settings = Settings::default();
        settings.wifi.ssid = "x".repeat(33);
        settings.device.country = "b1".into();
        let wish = Wish::new(&settings, &Secrets { wifi_password: "7 chars".into(), ..Secrets::default() });
        assert_eq!((wish.ssid.as_str(), wish.country.as_str(), wish.password.as_str()), ("P2P Hotspot", "GB", ""));
        settings.wifi.ssid = "two\nlines".into();
        assert_eq!(Wish::new(&settings, &Secrets::default()).ssid, "P2P Hotspot");
    }

    #[test]
    fn usable_values_are_taken() {
        let mut settings = Settings::default();
        settings.wifi.ssid = "Rede da Vila 📡".into();
        settings.device.country = "BR".into();
        let wish = Wish::new(&settings, &Secrets { wifi_password: "oito letras".into(), ..Secrets::default() });
        assert_eq!((wish.ssid.as_str(), wish.alpha2(), wish.password.as_str()), ("Rede da Vila 📡", *b"BR", "oito letras"));
    }
}
