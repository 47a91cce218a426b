//! Two devices under one hardware address, told apart by how they ask for a lease. On Wi-Fi nothing else shows them: they take turns, and every
//! frame comes through the same port.

use std::collections::HashMap;
use std::time::Duration;

use wire::dhcp::{Kind, Mac, Request};

use crate::leases::LEASE;

/// Addresses that are remembered.
const MOST: usize = 4096;

/// How each device asked last, for as long as a lease lasts.
#[derive(Debug, Default)]
pub struct Prints(HashMap<(Mac, bool), (u32, Duration)>);

impl Prints {
    /// Did another device ask in this one's name? One that first asks for any address and then for this one says a little less in the second
    /// message, so only the like are compared; a renewal of a lease says nothing.
    pub fn differs(&mut self, request: &Request, now: Duration) -> bool {
        let first = match request.kind {
            Kind::Discover => true,
            Kind::Request if request.ciaddr.is_unspecified() => false,
            _ => return false,
        };
        let key = (request.chaddr, first);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.0.retain(|_, (_, at)| now.saturating_sub(*at) < LEASE);
            if self.0.len() >= MOST {
                return false;
            }
        }
        let before = self.0.insert(key, (request.print, now));
        before.is_some_and(|(print, at)| print != request.print && now.saturating_sub(at) < LEASE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const MAC: Mac = [2, 0, 0, 0, 0, 1];

    fn asks(kind: Kind, mac: Mac, print: u32) -> Request {
        let none = Ipv4Addr::UNSPECIFIED;
        let (client_id, host) = (Vec::new(), Vec::new());
        Request {
            kind,
            xid: 1,
            secs: 0,
            broadcast: false,
            ciaddr: none,
            chaddr: mac,
            requested: None,
            server: None,
            client_id,
            host,
            print,
        }
    }

    #[test]
    fn another_device_is_seen_and_the_same_one_is_not() {
        let mut prints = Prints::default();
        let s = Duration::from_secs;
        assert!(!prints.differs(&asks(Kind::Discover, MAC, 1), s(0)) && !prints.differs(&asks(Kind::Request, MAC, 2), s(1)));
        assert!(!prints.differs(&asks(Kind::Discover, MAC, 1), s(900)) && !prints.differs(&asks(Kind::Request, MAC, 2), s(901)));
        assert!(!prints.differs(&asks(Kind::Discover, [2; 6], 3), s(902)), "another phone");
        assert!(
            prints.differs(&asks(Kind::Discover, MAC, 3), s(1000)) && prints.differs(&asks(Kind::Discover, MAC, 1), s(1001)),
            "they take turns"
        );
        let renewal = Request { ciaddr: Ipv4Addr::new(10, 42, 0, 7), ..asks(Kind::Request, MAC, 9) };
        assert!(!prints.differs(&renewal, s(1002)) && !prints.differs(&asks(Kind::Request, MAC, 2), s(1003)));
        assert!(
            !prints.differs(&asks(Kind::Discover, MAC, 3), s(9000)),
            "long ago: the lease is somebody else's, or the phone has a new name"
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut prints = Prints::default();
        for n in 0..6000u32 {
            let [a, b, c, d] = n.to_be_bytes();
            prints.differs(&asks(Kind::Discover, [2, 0, a, b, c, d], 1), Duration::from_secs(1));
        }
        assert_eq!(prints.0.len(), MOST);
    }
}
