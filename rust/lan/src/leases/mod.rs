//! DHCP leases as a state machine: a message or the time goes in, actions come out.
//!
//! One address:
//! ```text
//!               DISCOVER           silent for 300 ms            REQUEST
//!      Free ────────────► (probe) ───────────────────► Offered ─────────► Bound ◄─┐
//!       ▲ ▲                  │ somebody answers           │ 60 s             │ │ │ REQUEST (renewal)
//!       │ │                  ▼                            │   DECLINE        │ └─┘
//!       │ └──10 min─── Quarantined ◄──────────────────────┼──────────────────┤
//!       └─────────────────────────────────────────────────┘                  │ lease over, RELEASE
//!                                    DISCOVER of its client                  ▼
//!                          Offered ◄──────────────────────────────────── Expired
//!                                                                            │ pool empty: least recently used first
//!                                                                            └──► Offered to another client
//! ```
//! "(probe)" is left out for an address that was leased before or found silent within a minute; INIT-REBOOT for a Free,
//! Expired or own address goes straight to Bound. When everything is taken, offers that nobody took up go first, then the
//! bound addresses that do not answer ARP: a flood of invented clients answers nothing.

mod alloc;
mod limits;
mod persist;
mod table;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use config::Range;
use wire::dhcp::{DhcpMessageType, Kind, Mac, Network, Reply, Request, Times};

use limits::Limits;
pub use table::{Entry, State};
use table::{Key, Table};

/// Length of a lease.
pub const LEASE: Duration = Duration::from_secs(3600);
/// How long an offer keeps its address.
pub const OFFER: Duration = Duration::from_secs(60);
/// How long a probed address may stay silent before it counts as free.
pub const PROBE: Duration = Duration::from_millis(300);
/// How long an address that somebody else was found on is kept out of use.
pub const QUARANTINE: Duration = Duration::from_secs(600);
/// How long a new lease may wait to be written down, so that a crowd costs one write.
pub const SAVE_NEW: Duration = Duration::from_secs(5);
/// The same for a renewal, which only moves an end.
pub const SAVE_RENEWAL: Duration = Duration::from_secs(300);

/// A message and where it came from.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// What was sent.
    pub request: Request,
    /// The frame's source: on Wi-Fi, the associated station itself.
    pub from: Mac,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// The server begins.
    Start,
    /// A client's message.
    Message(Incoming),
    /// Somebody on the link says to have this address.
    Seen(Ipv4Addr, Mac),
    /// The deadline came.
    Tick,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this to a client.
    Send {
        /// The message.
        reply: Reply,
        /// Its frame goes there.
        mac: Mac,
        /// And its datagram there.
        ip: Ipv4Addr,
    },
    /// Ask by ARP who has this address.
    Probe(Ipv4Addr),
    /// Write down [`Leases::snapshot`].
    Save,
}

/// What was done so far, for the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// DISCOVERs.
    pub discovers: u64,
    /// Offers sent.
    pub offers: u64,
    /// Acks sent.
    pub acks: u64,
    /// Naks sent.
    pub naks: u64,
    /// Declined addresses.
    pub declines: u64,
    /// Messages over a source's limit.
    pub limited: u64,
    /// DISCOVERs that found no address.
    pub full: u64,
}

/// The server's whole memory.
#[derive(Debug)]
pub struct Leases {
    range: Range,
    /// Our hardware address: nobody else's.
    mac: Mac,
    table: Table,
    probes: BTreeMap<Ipv4Addr, Probe>,
    /// Clients that wait for a probe of taken addresses to end.
    waiting: Vec<Incoming>,
    limits: Limits,
    save_at: Option<Duration>,
    /// Read by the status.
    pub counters: Counters,
}

#[derive(Debug)]
struct Probe {
    until: Duration,
    waiter: Option<Incoming>,
}

impl Leases {
    /// Starts with the leases that were written down, if any; lines of it that make no sense are left out.
    pub fn new(range: Range, mac: Mac, saved: &str, now: Duration) -> Self {
        let mut table = Table::new(range);
        persist::load(&mut table, saved, now);
        Self {
            range,
            mac,
            table,
            probes: BTreeMap::new(),
            waiting: Vec::new(),
            limits: Limits::default(),
            save_at: None,
            counters: Counters::default(),
        }
    }

    /// Takes an event and says what follows from it.
    pub fn step(&mut self, event: Event, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Start => self.start(now, &mut actions),
            Event::Message(incoming) => self.message(incoming, now, &mut actions),
            Event::Seen(ip, mac) => self.seen(ip, mac, now, &mut actions),
            Event::Tick => {}
        }
        self.tick(now, &mut actions);
        actions
    }

    /// When [`Event::Tick`] is next needed; `None`: not before another event.
    pub fn deadline(&self) -> Option<Duration> {
        self.probes.values().map(|p| p.until).chain(self.table.deadline()).chain(self.save_at).min()
    }

    /// The leases as text to keep, a line each; marks them as written.
    pub fn snapshot(&mut self, now: Duration) -> String {
        self.save_at = None;
        persist::save(&self.table, now)
    }

    /// Whether something changed since the last snapshot.
    pub fn is_dirty(&self) -> bool {
        self.save_at.is_some()
    }

    /// The client that has a lease on this address now.
    pub fn client(&self, ip: Ipv4Addr) -> Option<Entry> {
        self.table.entry(ip)
    }

    /// All leases that hold now, by address.
    pub fn entries(&self) -> Vec<Entry> {
        self.table.entries()
    }

    /// How many addresses there are to lease.
    pub fn pool(&self) -> usize {
        self.table.pool()
    }

    fn message(&mut self, incoming: Incoming, now: Duration, actions: &mut Vec<Action>) {
        if incoming.request.chaddr == self.mac || incoming.from == self.mac {
            return;
        }
        if !self.limits.allow(incoming.from, now) {
            self.counters.limited += 1;
            return;
        }
        match incoming.request.kind {
            Kind::Discover => {
                self.counters.discovers += 1;
                self.discover(incoming, now, actions);
            }
            Kind::Request => self.request(&incoming, now, actions),
            Kind::Decline => self.decline(&incoming, now),
            Kind::Release => self.release(&incoming, now),
            Kind::Inform => self.inform(&incoming.request, actions),
        }
    }

    /// RFC 2131, 4.3.2: which of the three states a REQUEST comes from shows in its fields.
    fn request(&mut self, incoming: &Incoming, now: Duration, actions: &mut Vec<Action>) {
        let request = &incoming.request;
        let key = Key::of(request);
        let (ip, joins) = match (request.server, request.requested) {
            (Some(server), _) if server != self.range.own() && request.ciaddr.is_unspecified() => {
                // It took another server's offer; ours is free again.
                if let Some(ip) = self.table.of(&key).filter(|ip| self.table.is_offered(*ip)) {
                    self.table.free(ip);
                }
                return;
            }
            (_, Some(ip)) if request.ciaddr.is_unspecified() => (ip, true),
            (_, _) if !request.ciaddr.is_unspecified() => (request.ciaddr, false),
            _ => return self.nak(request, actions),
        };
        if !self.may_have(&key, ip) {
            return self.nak(request, actions);
        }
        self.bind(incoming, ip, joins, now);
        let reply = self.reply(request, DhcpMessageType::Ack, ip, true);
        self.counters.acks += 1;
        actions.push(self.send(reply));
    }

    /// Whether a client may have an address that it names: in the pool, and its own or nobody's.
    fn may_have(&self, key: &Key, ip: Ipv4Addr) -> bool {
        self.table.contains(ip)
            && match self.table.slot(ip) {
                None => true,
                Some(slot) => slot.key == *key && !matches!(slot.state, State::Quarantined { .. }) || slot.state == State::Expired,
            }
    }

    fn bind(&mut self, incoming: &Incoming, ip: Ipv4Addr, joins: bool, now: Duration) {
        let request = &incoming.request;
        let key = Key::of(request);
        self.probes.remove(&ip);
        let old = self.table.of(&key).and_then(|old| if old == ip { None } else { self.table.free(old) });
        let slot = self.table.take(ip, key, request.chaddr, incoming.from);
        if let Some(old) = old {
            slot.joins = slot.joins.max(old.joins);
        }
        let fresh = !matches!(slot.state, State::Bound { .. });
        // A REQUEST that is sent again carries the same transaction and is the same join.
        if slot.joins == 0 || (joins && slot.join_xid != Some(request.xid)) {
            slot.joins = slot.joins.saturating_add(1);
            slot.join_xid = Some(request.xid);
        }
        slot.alive |= !joins;
        slot.host = table::clean_host(&request.host).unwrap_or_else(|| std::mem::take(&mut slot.host));
        slot.state = State::Bound { until: now + LEASE };
        slot.touched = now;
        self.save_within(if fresh || joins { SAVE_NEW } else { SAVE_RENEWAL }, now);
    }

    fn decline(&mut self, incoming: &Incoming, now: Duration) {
        let request = &incoming.request;
        let Some(ip) = request.requested.filter(|ip| self.table.of(&Key::of(request)) == Some(*ip)) else { return };
        if request.server.is_some_and(|s| s != self.range.own()) || self.table.slot(ip).is_none_or(|s| s.state == State::Expired) {
            return;
        }
        self.counters.declines += 1;
        self.table.quarantine(ip, incoming.from, now + QUARANTINE, now);
        self.save_within(SAVE_NEW, now);
    }

    /// Only the station that has the lease can end it, not one that knows its address.
    fn release(&mut self, incoming: &Incoming, now: Duration) {
        let request = &incoming.request;
        let Some(ip) = self.table.of(&Key::of(request)).filter(|ip| *ip == request.ciaddr) else { return };
        let Some(slot) = self.table.slot_mut(ip) else { return };
        if matches!(slot.state, State::Bound { .. }) && slot.mac == request.chaddr && slot.from == incoming.from {
            slot.state = State::Expired;
            self.save_within(SAVE_NEW, now);
        }
    }

    /// Answered to the address that it says to have, in our network only: a stray one would send our answer elsewhere.
    fn inform(&mut self, request: &Request, actions: &mut Vec<Action>) {
        if self.table.contains(request.ciaddr) {
            let mut reply = self.reply(request, DhcpMessageType::Ack, Ipv4Addr::UNSPECIFIED, false);
            reply.ciaddr = request.ciaddr;
            self.counters.acks += 1;
            actions.push(self.send(reply));
        }
    }

    fn nak(&mut self, request: &Request, actions: &mut Vec<Action>) {
        let reply = Reply { network: None, ..self.reply(request, DhcpMessageType::Nak, Ipv4Addr::UNSPECIFIED, false) };
        self.counters.naks += 1;
        actions.push(self.send(reply));
    }

    fn reply(&self, request: &Request, kind: DhcpMessageType, yiaddr: Ipv4Addr, timed: bool) -> Reply {
        let own = self.range.own();
        let lease = u32::try_from(LEASE.as_secs()).unwrap_or(u32::MAX);
        Reply {
            kind,
            xid: request.xid,
            broadcast: request.broadcast,
            ciaddr: if kind == DhcpMessageType::Ack { request.ciaddr } else { Ipv4Addr::UNSPECIFIED },
            yiaddr,
            chaddr: request.chaddr,
            server: own,
            client_id: request.client_id.clone(),
            network: Some(Network { mask: self.range.mask(), broadcast: self.range.broadcast(), router: own, dns: own, mtu: 1500 }),
            times: timed.then_some(Times { lease, renew: lease / 2, rebind: lease / 8 * 7 }),
        }
    }

    /// RFC 2131, 4.1: to an address that the client has, else by its wish; a NAK always to all.
    fn send(&self, reply: Reply) -> Action {
        let everybody = (wire::frame::BROADCAST, Ipv4Addr::BROADCAST);
        let (mac, ip) = match reply.kind {
            DhcpMessageType::Nak => everybody,
            _ if !reply.ciaddr.is_unspecified() => (reply.chaddr, reply.ciaddr),
            _ if reply.broadcast => everybody,
            _ => (reply.chaddr, reply.yiaddr),
        };
        Action::Send { reply, mac, ip }
    }

    fn save_within(&mut self, delay: Duration, now: Duration) {
        let due = now + delay;
        self.save_at = Some(self.save_at.map_or(due, |at| at.min(due)));
    }

    fn tick(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.end_probes(now, actions);
        if self.table.expire(now) {
            self.save_within(SAVE_RENEWAL, now);
        }
        if self.save_at.is_some_and(|at| at <= now) {
            self.save_at = None;
            actions.push(Action::Save);
        }
    }
}

#[cfg(test)]
mod tests;
