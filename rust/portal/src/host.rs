//! Whose request is it: the Host header alone decides between the portal and a captured stranger.

use std::net::Ipv4Addr;

/// The host of a `Host` header or absolute request target: lower case, without port and final dot.
///
/// `None` for what cannot be a host name (RFC 9110, 7.2): such a request is captured and its text goes nowhere.
pub fn normal(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let host = match raw.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        Some(_) => return None,
        None => raw,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (!host.is_empty() && host.len() <= 253 && host.bytes().all(legal)).then(|| host.to_ascii_lowercase())
}

/// The addresses and names that are the portal itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The portal's address; what redirects from elsewhere name.
    pub address: Ipv4Addr,
    /// Own names, lower case: `p2p.local`, the device's name, configured ones.
    pub names: Vec<String>,
}

impl Own {
    /// Is this normalised host the portal?
    pub fn is(&self, host: &str) -> bool {
        host == "localhost"
            || self.names.iter().any(|name| name == host)
            || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip == self.address || ip.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_lose_port_case_and_final_dot() {
        assert_eq!(normal("LocalHost:8080").as_deref(), Some("localhost"));
        assert_eq!(normal("p2p.local.").as_deref(), Some("p2p.local"));
        assert_eq!(normal("10.42.0.1:80").as_deref(), Some("10.42.0.1"));
        for bad in ["", ":80", "a b", "a/b", "evil.test\"><script>", "[::1]:80", "a:b", "é.test", "x@y"] {
            assert_eq!(normal(bad), None, "{bad}");
        }
        assert_eq!(normal(&"a".repeat(254)), None);
    }

    #[test]
    fn only_own_addresses_names_and_localhost_are_the_portal() {
        let own = Own { address: Ipv4Addr::new(10, 42, 0, 1), names: vec!["p2p.local".into()] };
        for host in ["10.42.0.1", "p2p.local", "localhost", "127.0.0.1"] {
            assert!(own.is(host), "{host}");
        }
        for host in ["198.51.100.1", "10.42.0.2", "p2p.local.evil.test", "xp2p.local", "example.org", "010.42.0.1"] {
            assert!(!own.is(host), "{host}");
        }
    }
}
