//! hostapd's control interface: one datagram a message, text (hostapd's `ctrl_iface_unix.c` and `wpa_ctrl.h`).
//!
//! Commands are answered in order; once attached, events come between the answers and begin with `<level>`. Station
//! addresses are all that is kept of what stations sent.

/// Longest datagram that is looked at, in bytes; hostapd's own answers stay within 4096.
pub const MAX_DATAGRAM: usize = 4096;

/// Asks whether it lives.
pub const PING: &[u8] = b"PING";
/// Asks for events.
pub const ATTACH: &[u8] = b"ATTACH";
/// Asks it to end: stations are told, the interface goes down.
pub const TERMINATE: &[u8] = b"TERMINATE";

/// The command that disconnects a station.
pub fn deauthenticate(mac: [u8; 6]) -> Vec<u8> {
    format!("DEAUTHENTICATE {}", format_mac(mac)).into_bytes()
}

/// `02:00:00:00:01:00`.
pub fn format_mac(mac: [u8; 6]) -> String {
    mac.map(|b| format!("{b:02x}")).join(":")
}

/// Reads a hardware address as hostapd writes it.
pub fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut mac {
        let part = parts.next()?;
        if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

/// A message from hostapd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The command was done.
    Ok,
    /// The answer to PING.
    Pong,
    /// The command failed.
    Fail,
    /// The command is not known to this build.
    Unknown,
    /// Another answer.
    Text(&'a str),
    /// Something happened.
    Event(Event<'a>),
}

/// What hostapd tells unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The access point sends beacons.
    Enabled,
    /// The access point stopped, or its interface went down or away.
    Disabled,
    /// hostapd is about to end.
    Terminating,
    /// A station is in: associated, and with WPA2 past the handshake.
    Connected([u8; 6]),
    /// A station is out.
    Disconnected([u8; 6]),
    /// A station was turned away because the limit is reached.
    Full([u8; 6]),
    /// A station failed the handshake: most likely a wrong password.
    WrongPassword([u8; 6]),
    /// Anything else, for the log.
    Other(&'a str),
}

/// Why a datagram could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Longer than [`MAX_DATAGRAM`].
    TooLong,
    /// Not UTF-8.
    NotText,
    /// An event that names a station, without a readable address.
    NoAddress,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "hostapd message too long",
            Self::NotText => "hostapd message is not text",
            Self::NoAddress => "hostapd event without a station address",
        })
    }
}

impl<'a> Message<'a> {
    /// Reads one datagram.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Error> {
        if datagram.len() > MAX_DATAGRAM {
            return Err(Error::TooLong);
        }
        let text = std::str::from_utf8(datagram).map_err(|_| Error::NotText)?.trim_end_matches(['\n', '\0']);
        Ok(match text {
            "OK" => Self::Ok,
            "PONG" => Self::Pong,
            "FAIL" => Self::Fail,
            "UNKNOWN COMMAND" => Self::Unknown,
            _ => match strip_level(text) {
                Some(event) => Self::Event(Event::parse(event)?),
                None => Self::Text(text),
            },
        })
    }
}

/// `<3>AP-ENABLED` without its level.
fn strip_level(text: &str) -> Option<&str> {
    let (level, rest) = text.strip_prefix('<')?.split_once('>')?;
    (level.len() == 1 && level.as_bytes()[0].is_ascii_digit()).then_some(rest)
}

impl<'a> Event<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let mut words = text.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let mut mac = || words.next().and_then(parse_mac).ok_or(Error::NoAddress);
        Ok(match name {
            "AP-ENABLED" => Self::Enabled,
            "AP-DISABLED" | "INTERFACE-DISABLED" => Self::Disabled,
            "CTRL-EVENT-TERMINATING" => Self::Terminating,
            "AP-STA-CONNECTED" => Self::Connected(mac()?),
            "AP-STA-DISCONNECTED" => Self::Disconnected(mac()?),
            "AP-REJECTED-MAX-STA" => Self::Full(mac()?),
            "AP-STA-POSSIBLE-PSK-MISMATCH" => Self::WrongPassword(mac()?),
            _ => Self::Other(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: [u8; 6] = [2, 0, 0, 0, 1, 0];

    #[test]
    fn answers() {
        assert_eq!(Message::parse(b"OK\n"), Ok(Message::Ok));
        assert_eq!(Message::parse(b"PONG\n"), Ok(Message::Pong));
        assert_eq!(Message::parse(b"FAIL\n"), Ok(Message::Fail));
        assert_eq!(Message::parse(b"UNKNOWN COMMAND\n"), Ok(Message::Unknown));
        assert_eq!(Message::parse(b"state=ENABLED\nphy=phy0\n"), Ok(Message::Text("state=ENABLED\nphy=phy0")));
        assert_eq!(Message::parse(b""), Ok(Message::Text("")));
    }

    #[test]
    fn events() {
        for (bytes, event) in [
            ("<3>AP-ENABLED ", Event::Enabled),
            ("<3>INTERFACE-DISABLED ", Event::Disabled),
            ("<3>AP-DISABLED ", Event::Disabled),
            ("<3>CTRL-EVENT-TERMINATING ", Event::Terminating),
            ("<3>AP-STA-CONNECTED 02:00:00:00:01:00", Event::Connected(PHONE)),
            ("<3>AP-STA-CONNECTED 02:00:00:00:01:00 keyid=x", Event::Connected(PHONE)),
            ("<3>AP-STA-DISCONNECTED 02:00:00:00:01:00", Event::Disconnected(PHONE)),
            ("<3>AP-REJECTED-MAX-STA 02:00:00:00:01:00", Event::Full(PHONE)),
            ("<3>AP-STA-POSSIBLE-PSK-MISMATCH 02:00:00:00:01:00", Event::WrongPassword(PHONE)),
            ("<2>DFS-NEW-CHANNEL freq=5180", Event::Other("DFS-NEW-CHANNEL freq=5180")),
            ("<3>", Event::Other("")),
        ] {
            assert_eq!(Message::parse(bytes.as_bytes()), Ok(Message::Event(event)), "{bytes}");
        }
    }

    #[test]
    fn hostile_datagrams_are_refused_or_harmless() {
        assert_eq!(Message::parse(&[b'x'; MAX_DATAGRAM + 1]), Err(Error::TooLong));
        assert_eq!(Message::parse(b"<3>AP-STA-CONNECTED \xff"), Err(Error::NotText));
        for bad in ["", " ", " 02:00:00:00:01", " 02:00:00:00:01:00:00", " 02:00:00:00:01:0g", " +2:00:00:00:01:00"] {
            assert_eq!(Message::parse(format!("<3>AP-STA-CONNECTED{bad}").as_bytes()), Err(Error::NoAddress), "{bad}");
        }
        assert_eq!(Message::parse(b"<33>AP-ENABLED"), Ok(Message::Text("<33>AP-ENABLED")));
        assert_eq!(Message::parse(b"<3AP-ENABLED"), Ok(Message::Text("<3AP-ENABLED")));
        assert_eq!(Message::parse("<é>".as_bytes()), Ok(Message::Text("<é>")));
    }

    #[test]
    fn addresses_round_trip() {
        assert_eq!(parse_mac(&format_mac(PHONE)), Some(PHONE));
        assert_eq!(deauthenticate(PHONE), b"DEAUTHENTICATE 02:00:00:00:01:00");
    }
}
