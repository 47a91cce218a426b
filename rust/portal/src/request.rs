//! What the core reads of a request; the shell has parsed the bytes and bounded their sizes.

use std::net::Ipv4Addr;

use http::header;
use http::request::Parts;

use crate::files::Conditions;
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
    /// Accept, or empty.
    pub accept: &'a str,
    /// User-Agent, or empty.
    pub user_agent: &'a str,
    /// What of a file is wanted.
    pub conditions: Conditions<'a>,
    /// Who asks.
    pub client: Client,
}

/// The request names no host, or several, where it must name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOneHost;

impl<'a> Request<'a> {
    /// From the parsed head of a request.
    ///
    /// Errors: several Host headers, or none in HTTP/1.1 (RFC 9112, 3.2).
    pub fn from_parts(parts: &'a Parts, client: Client) -> Result<Self, NotOneHost> {
        let method = match parts.method {
            http::Method::GET => Method::Get,
            http::Method::HEAD => Method::Head,
            http::Method::POST => Method::Post,
            _ => Method::Other,
        };
        Ok(Self {
            method,
            host: host_of(parts)?,
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            accept_language: text(parts, header::ACCEPT_LANGUAGE),
            accept: text(parts, header::ACCEPT),
            user_agent: text(parts, header::USER_AGENT),
            conditions: Conditions {
                range: text(parts, header::RANGE),
                if_range: text(parts, header::IF_RANGE),
                if_none_match: text(parts, header::IF_NONE_MATCH),
            },
            client,
        })
    }

    /// A GET of `http://host/path?query`, for the shell to fill in further.
    pub fn get(host: &str, target: &'a str, client: Client) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: Method::Get,
            host: host::normal(host),
            path,
            query,
            accept_language: "",
            accept: "",
            user_agent: "",
            conditions: Conditions::default(),
            client,
        }
    }

    /// The value of a query parameter, as sent (ours never need decoding).
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
    }
}

impl Request<'_> {
    /// The value of a field of a form that was sent by GET, decoded; nothing if it is not UTF-8 or absurdly long.
    pub fn form_value(&self, name: &str) -> Option<String> {
        let value = self.parameter(name).filter(|value| value.len() <= 2000)?.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&value).decode_utf8().ok()?;
        Some(decoded.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned())
    }
}

/// The host of a request: the target's own if it names one (RFC 9112, 3.2.2), else the one Host header.
fn host_of(parts: &Parts) -> Result<Option<String>, NotOneHost> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let first = hosts.next();
    if hosts.next().is_some() || (first.is_none() && parts.version == http::Version::HTTP_11) {
        return Err(NotOneHost);
    }
    let target = parts.uri.authority().map(http::uri::Authority::as_str);
    Ok(target.or_else(|| first.and_then(|value| value.to_str().ok())).and_then(host::normal))
}

/// A header's text; nothing if it is absent or not visible ASCII.
fn text(parts: &Parts, name: header::HeaderName) -> &str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
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

    const CLIENT: Client = Client { ip: Ipv4Addr::LOCALHOST, continued: false, last_place: false };

    fn parts(version: http::Version, uri: &str, hosts: &[&str]) -> Parts {
        let mut builder = http::Request::builder().version(version).uri(uri);
        for host in hosts {
            builder = builder.header("host", *host);
        }
        builder.body(()).unwrap().into_parts().0
    }

    #[test]
    fn one_host_decides() {
        let host = |version, uri, hosts: &[&str]| Request::from_parts(&parts(version, uri, hosts), CLIENT).map(|r| r.host);
        let (old, new) = (http::Version::HTTP_10, http::Version::HTTP_11);
        assert_eq!(host(new, "/", &["P2P.local"]), Ok(Some("p2p.local".into())));
        assert_eq!(host(new, "/", &[]), Err(NotOneHost));
        assert_eq!(host(old, "/", &[]), Ok(None));
        assert_eq!(host(new, "/", &["p2p.local", "example.org"]), Err(NotOneHost));
        assert_eq!(host(new, "/", &["not a host"]), Ok(None));
        assert_eq!(host(new, "http://example.org/x", &["p2p.local"]), Ok(Some("example.org".into())));
        assert_eq!(host(new, "http://user@example.org/x", &["p2p.local"]), Ok(None), "nobody types that");
    }

    #[test]
    fn parameters_are_found_by_whole_name() {
        let request = Request::get("p2p.local", "/?xlang=a&lang=pt&lang=es", CLIENT);
        assert_eq!((request.path, request.parameter("lang"), request.parameter("ang")), ("/", Some("pt"), None));
    }
}
