//! What the core reads of a request; the shell has parsed the bytes and bounded their sizes.

use std::net::Ipv4Addr;

use crate::host;

/// The methods that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD: as GET; the shell leaves the body out.
    Head,
    /// POST: only `/continue` takes it.
    Post,
    /// Anything else.
    Other,
}

/// Who asks, as netd and radiod know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The asking address.
    pub ip: Ipv4Addr,
    /// Tapped Continue since it joined.
    pub continued: bool,
    /// Its phone took the last place of the radio.
    pub last_place: bool,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The host as `host::normal` gives it; `None` if there was none or it made no sense.
    pub host: Option<String>,
    /// The path as sent, percent-encoded.
    pub path: &'a str,
    /// The query as sent, without `?`.
    pub query: &'a str,
    /// Accept-Language, or empty.
    pub accept_language: &'a str,
    /// User-Agent, or empty.
    pub user_agent: &'a str,
    /// Who asks.
    pub client: Client,
}

impl<'a> Request<'a> {
    /// A GET of `http://host/path?query`, for the shell to fill in further.
    pub fn get(host: &str, target: &'a str, client: Client) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { method: Method::Get, host: host::normal(host), path, query, accept_language: "", user_agent: "", client }
    }

    /// The value of a query parameter, as sent (ours never need decoding).
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
    }
}

/// Which words a phone needs; told from its User-Agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Android and what is built on it.
    Android,
    /// iPhone, iPad, Mac.
    Apple,
    /// Any other computer.
    Other,
}

impl Kind {
    /// From a User-Agent (untrusted, only ever compared).
    pub fn of(user_agent: &str) -> Self {
        let has = |word: &str| user_agent.contains(word);
        // Android first: its browsers also name KHTML and Safari, never an Apple device.
        if has("Android") {
            Self::Android
        } else if has("iPhone") || has("iPad") || has("iPod") || has("Macintosh") || has("CaptiveNetworkSupport") {
            Self::Apple
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_tell_their_kind() {
        assert_eq!(Kind::of("Mozilla/5.0 (Linux; Android 5.1; XT1033) AppleWebKit/537.36"), Kind::Android);
        assert_eq!(Kind::of("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"), Kind::Apple);
        assert_eq!(Kind::of("CaptiveNetworkSupport-355.200.27 wispr"), Kind::Apple);
        assert_eq!(Kind::of("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"), Kind::Other);
        assert_eq!(Kind::of(""), Kind::Other);
    }

    #[test]
    fn parameters_are_found_by_whole_name() {
        let client = Client { ip: Ipv4Addr::LOCALHOST, continued: false, last_place: false };
        let request = Request::get("p2p.local", "/?xlang=a&lang=pt&lang=es", client);
        assert_eq!((request.path, request.parameter("lang"), request.parameter("ang")), ("/", Some("pt"), None));
    }
}
