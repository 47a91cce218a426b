//! The whole transition table, and every hostile thing that a client can do.

mod hostile;
mod table;

use super::*;

pub const SERVER: Mac = [2, 0, 0, 0, 0, 1];
pub const OWN: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 1);

pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub const fn client(n: u16) -> Mac {
    let [high, low] = n.to_be_bytes();
    [2, 0, 0, 1, high, low]
}

pub fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 42, 0, last)
}

pub fn request(kind: Kind, mac: Mac) -> Request {
    Request {
        kind,
        xid: u32::from(mac[5]) << 8 | 7,
        secs: 0,
        broadcast: false,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        chaddr: mac,
        requested: None,
        server: None,
        client_id: Vec::new(),
        host: Vec::new(),
        print: 0,
    }
}

/// A server, its clock, and what it said.
pub struct Bench {
    pub leases: Leases,
    pub now: Duration,
}

impl Bench {
    /// A server on a range whose unused addresses were all found silent.
    pub fn new(range: &str) -> Self {
        let mut bench = Self { leases: Leases::new(range.parse().unwrap(), SERVER, "", s(0)), now: s(100) };
        bench.event(Event::Start);
        bench.after(PROBE);
        bench
    }

    pub fn event(&mut self, event: Event) -> Vec<Action> {
        self.leases.step(event, self.now)
    }

    pub fn after(&mut self, time: Duration) -> Vec<Action> {
        self.now += time;
        self.event(Event::Tick)
    }

    pub fn send(&mut self, request: Request) -> Vec<Action> {
        let from = request.chaddr;
        self.event(Event::Message(Incoming { request, from }))
    }

    /// What was answered: kind, address of the client, where it was sent.
    pub fn answer(&mut self, request: Request) -> Option<(DhcpMessageType, Ipv4Addr)> {
        let chaddr = request.chaddr;
        replies(&self.send(request)).iter().find(|r| r.chaddr == chaddr).map(|r| (r.kind, r.yiaddr))
    }

    pub fn discover(&mut self, mac: Mac) -> Option<Ipv4Addr> {
        self.answer(request(Kind::Discover, mac)).map(|(kind, ip)| {
            assert_eq!(kind, DhcpMessageType::Offer);
            ip
        })
    }

    pub fn select(&mut self, mac: Mac, ip: Ipv4Addr) -> Option<(DhcpMessageType, Ipv4Addr)> {
        self.answer(Request { requested: Some(ip), server: Some(self.leases.range.own()), ..request(Kind::Request, mac) })
    }

    pub fn reboot(&mut self, mac: Mac, ip: Ipv4Addr) -> Option<(DhcpMessageType, Ipv4Addr)> {
        self.answer(Request { requested: Some(ip), ..request(Kind::Request, mac) })
    }

    pub fn renew(&mut self, mac: Mac, ip: Ipv4Addr) -> Option<(DhcpMessageType, Ipv4Addr)> {
        self.answer(Request { ciaddr: ip, ..request(Kind::Request, mac) })
    }

    /// The whole exchange.
    pub fn join(&mut self, mac: Mac) -> Ipv4Addr {
        let now = self.discover(mac);
        let ip = now.or_else(|| replies(&self.after(PROBE)).first().map(|r| r.yiaddr)).expect("an offer");
        assert_eq!(self.select(mac, ip), ack(ip));
        ip
    }

    pub fn decline(&mut self, mac: Mac, ip: Ipv4Addr) {
        assert_eq!(
            self.answer(Request { requested: Some(ip), server: Some(self.leases.range.own()), ..request(Kind::Decline, mac) }),
            None
        );
    }
}

pub fn replies(actions: &[Action]) -> Vec<Reply> {
    actions.iter().filter_map(|a| if let Action::Send { reply, .. } = a { Some(reply.clone()) } else { None }).collect()
}

pub fn ack(ip: Ipv4Addr) -> Option<(DhcpMessageType, Ipv4Addr)> {
    Some((DhcpMessageType::Ack, ip))
}

pub const NAK: Option<(DhcpMessageType, Ipv4Addr)> = Some((DhcpMessageType::Nak, Ipv4Addr::UNSPECIFIED));
