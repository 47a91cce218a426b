//! Names for local services: `wiki.p2p = /library/`, `maps.p2p = http://10.42.0.9:8080`.

use std::net::{Ipv4Addr, SocketAddrV4};

/// Services at most.
pub(crate) const MOST: usize = 16;

/// Where a name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A page of the portal.
    Page(String),
    /// The web server of another machine, which the portal asks in the visitor's place.
    Machine(SocketAddrV4),
}

/// A name and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// A host name, lower case.
    pub name: String,
    /// Where it leads.
    pub target: Target,
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.target {
            Target::Page(path) => write!(f, "{} = {path}", self.name),
            Target::Machine(machine) => write!(f, "{} = http://{machine}", self.name),
        }
    }
}

/// From `name = target`; the reason in plain words when it is none.
pub(crate) fn read(text: &str) -> Result<Service, String> {
    let (name, target) = text.split_once('=').map(|(a, b)| (a.trim(), b.trim())).ok_or("write it like wiki.p2p = http://10.42.0.9:8080")?;
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if !crate::check::is_host_name(&name) || name == "p2p.local" || name == "localhost" {
        return Err(format!("\"{}\" is not a name such as wiki.p2p", crate::check::short(&name)));
    }
    Ok(Service { name, target: self::target(target)? })
}

fn target(text: &str) -> Result<Target, String> {
    let wrong =
        || format!("\"{}\" is not a page such as /library/, nor a machine such as http://10.42.0.9:8080", crate::check::short(text));
    if text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= 200
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b))
    {
        return Ok(Target::Page(text.to_owned()));
    }
    let host = text.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
    let (ip, port) = host.split_once(':').unwrap_or((host, "80"));
    let (ip, port): (Ipv4Addr, u16) = (ip.parse().map_err(|_| wrong())?, port.parse().map_err(|_| wrong())?);
    if !ip.is_private() || port == 0 {
        return Err(format!("{ip}:{port} is not on a network of your own; use 10.x.x.x, 172.16-31.x.x or 192.168.x.x"));
    }
    Ok(Target::Machine(SocketAddrV4::new(ip, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_machines_and_nothing_else() {
        assert_eq!(read("Wiki.P2P = /library/"), Ok(Service { name: "wiki.p2p".into(), target: Target::Page("/library/".into()) }));
        let machine = Target::Machine(SocketAddrV4::new(Ipv4Addr::new(10, 42, 0, 9), 8080));
        assert_eq!(read("maps.p2p=http://10.42.0.9:8080/"), Ok(Service { name: "maps.p2p".into(), target: machine }));
        assert_eq!(read("maps.p2p=http://10.42.0.9:8080/").unwrap().to_string(), "maps.p2p = http://10.42.0.9:8080");
        assert_eq!(read("a = http://192.168.1.2").unwrap().target, Target::Machine(SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 2), 80)));
        for bad in [
            "",
            "wiki.p2p",
            "= /",
            "p2p.local = /",
            "localhost = /",
            "1.2.3.4 = /",
            "a b = /",
            "a = //evil.example",
            "a = https://10.0.0.1",
            "a = http://8.8.8.8",
            "a = http://127.0.0.1",
            "a = http://10.0.0.1:0",
            "a = http://10.0.0.1:99999",
            "a = http://10.0.0.1/path",
            "a = /\r\nx",
            "a = /é",
            "\0 = /",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
