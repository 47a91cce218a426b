//! The way out: which state it is in and what to do next.
//!
//! ```text
//!   None ──port──► NoCarrier ──cable──► NoLease ──lease──► Lease ◄──check──► Internet
//!                      ▲                  │ ▲                │ lost            │
//!                      │                  │ └────────────────┴─────────────────┘
//!                      └──cable pulled────┤ 30 s without an offer, the only port, and no radio
//!                      ▲                  ▼
//!                      └──cable pulled── ServingLan
//! ```
//! The check goes on for as long as there is a lease: again after ten minutes if the internet answered, else after five
//! seconds, doubling to five minutes; each with a quarter of jitter.

use std::net::Ipv4Addr;
use std::time::Duration;

use config::Range;

/// A lone port without an offer for so long serves visitors.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Until the next check after one that went well.
const CHECK_WELL: Duration = Duration::from_secs(600);
/// Until the next check after the first that did not.
const CHECK_SOON: Duration = Duration::from_secs(5);
/// The longest pause between checks that fail.
const CHECK_LATE: Duration = Duration::from_secs(300);
/// Until the radio's daemon is asked again, while it does not know yet.
const RADIO_AGAIN: Duration = Duration::from_secs(5);

/// What an uplink's DHCP server gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Our address there.
    pub address: Ipv4Addr,
    /// Prefix length of that network.
    pub prefix: u8,
    /// The router, if it named one.
    pub gateway: Option<Ipv4Addr>,
    /// Name servers.
    pub dns: Vec<Ipv4Addr>,
}

/// The state as the status tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no port for it.
    None,
    /// Nothing is plugged in.
    NoCarrier,
    /// Nobody gave an address yet.
    NoLease,
    /// An address, and no answer from the internet.
    Lease(Lease),
    /// The internet answers.
    Internet(Lease),
    /// The port serves visitors.
    ServingLan,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// The first Ethernet port, as it is now.
    Port {
        /// There is one.
        present: bool,
        /// Something is plugged into it.
        carrier: bool,
        /// There is no other port.
        only: bool,
    },
    /// A lease came, was changed, or (`None`) was lost.
    Lease(Option<Lease>),
    /// What the radio's daemon said: true if there is no radio, `None` if it does not know yet.
    NoRadio(Option<bool>),
    /// Whether the internet answered.
    Checked(bool),
    /// The deadline came.
    Tick,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin (true) or stop asking for a lease.
    Ask(bool),
    /// Use this lease; `None`: give up the one in use.
    Use(Option<Lease>),
    /// Find out whether the internet answers.
    Check,
    /// Find out whether there is a radio.
    AskRadio,
    /// Put the port into the bridge, or (false) take it out.
    ServeLan(bool),
}

/// The machine.
#[derive(Debug)]
pub struct Uplink {
    range: Range,
    state: State,
    only: bool,
    /// When there will have been no offer for long enough.
    give_up: Option<Duration>,
    check: Option<Duration>,
    failures: u32,
    /// Why a lease that was offered is not used.
    problem: Option<String>,
}

impl Uplink {
    /// An uplink beside a LAN of this range.
    pub fn new(range: Range) -> Self {
        Self { range, state: State::None, only: false, give_up: None, check: None, failures: 0, problem: None }
    }

    /// Where it is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Why a lease that was offered is not used.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// When [`Event::Tick`] is next needed.
    pub fn deadline(&self) -> Option<Duration> {
        self.give_up.iter().chain(&self.check).min().copied()
    }

    /// Takes an event; `random` is any number, for jitter.
    pub fn step(&mut self, event: Event, now: Duration, random: u32) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Port { present, carrier, only } => self.port(present, carrier, only, now, &mut actions),
            Event::Lease(lease) => self.lease(lease, now, &mut actions),
            Event::NoRadio(none) => self.radio(none, now, &mut actions),
            Event::Checked(well) => self.checked(well, now, random),
            Event::Tick => self.tick(now, &mut actions),
        }
        actions
    }

    fn port(&mut self, present: bool, carrier: bool, only: bool, now: Duration, actions: &mut Vec<Action>) {
        self.only = only;
        let next = match (present, carrier) {
            (false, _) => State::None,
            (_, false) => State::NoCarrier,
            _ if matches!(self.state, State::None | State::NoCarrier) => State::NoLease,
            _ => return,
        };
        if next == self.state {
            return;
        }
        match (&self.state, &next) {
            (State::ServingLan, _) => actions.push(Action::ServeLan(false)),
            (State::NoLease, _) => actions.push(Action::Ask(false)),
            (State::Lease(_) | State::Internet(_), _) => actions.extend([Action::Ask(false), Action::Use(None)]),
            _ => {}
        }
        self.problem = None;
        self.check = None;
        self.give_up = None;
        if next == State::NoLease {
            self.give_up = Some(now + PATIENCE);
            actions.push(Action::Ask(true));
        }
        self.state = next;
    }

    fn lease(&mut self, lease: Option<Lease>, now: Duration, actions: &mut Vec<Action>) {
        if matches!(self.state, State::None | State::NoCarrier | State::ServingLan) {
            return;
        }
        let used = matches!(self.state, State::Lease(_) | State::Internet(_));
        match lease {
            Some(lease) => {
                // Somebody offers: this is an uplink, usable or not.
                self.give_up = None;
                if let Some(problem) = self.unusable(&lease) {
                    self.problem = Some(problem);
                    self.state = State::NoLease;
                    self.check = None;
                    if used {
                        actions.push(Action::Use(None));
                    }
                    return;
                }
                if matches!(&self.state, State::Lease(old) | State::Internet(old) if *old == lease) {
                    return;
                }
                self.problem = None;
                self.failures = 0;
                self.check = Some(now);
                actions.push(Action::Use(Some(lease.clone())));
                self.state = State::Lease(lease);
                self.tick(now, actions);
            }
            None if used => {
                self.state = State::NoLease;
                self.check = None;
                actions.push(Action::Use(None));
            }
            None => {}
        }
    }

    /// A network inside ours, or a router or own address inside it, would take visitors' packets away. A wider one that
    /// holds ours is fine: ours is the closer match.
    fn unusable(&self, lease: &Lease) -> Option<String> {
        let (ip, range) = (lease.address, self.range);
        if ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || ip.is_broadcast() || !(1..=31).contains(&lease.prefix) {
            return Some(format!("the uplink offers {ip}/{}, which is no usable address", lease.prefix));
        }
        let inside = |ip: &Ipv4Addr| range.contains(*ip) || *ip == config::CAPTURE_ADDRESS;
        if inside(&ip) || lease.gateway.iter().any(inside) {
            return Some(format!(
                "the uplink's network {ip}/{} collides with the visitors' {range}; set another [lan] range",
                lease.prefix
            ));
        }
        None
    }

    fn radio(&mut self, none: Option<bool>, now: Duration, actions: &mut Vec<Action>) {
        if self.state != State::NoLease || !self.only || self.problem.is_some() {
            return;
        }
        match none {
            Some(true) => {
                self.give_up = None;
                self.state = State::ServingLan;
                actions.extend([Action::Ask(false), Action::ServeLan(true)]);
            }
            // There is a radio to serve visitors: the port stays what it is.
            Some(false) => self.give_up = None,
            None => self.give_up = Some(now + RADIO_AGAIN),
        }
    }

    fn checked(&mut self, well: bool, now: Duration, random: u32) {
        let (State::Lease(lease) | State::Internet(lease)) = &self.state else { return };
        let lease = lease.clone();
        self.state = if well { State::Internet(lease) } else { State::Lease(lease) };
        self.failures = if well { 0 } else { self.failures.saturating_add(1) };
        let pause = if well { CHECK_WELL } else { CHECK_SOON.saturating_mul(1 << (self.failures - 1).min(10)).min(CHECK_LATE) };
        // From three quarters to five quarters of it.
        self.check = Some(now + pause * 3 / 4 + pause / 2 * (random % 1024) / 1024);
    }

    fn tick(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.check.is_some_and(|at| at <= now) {
            self.check = None;
            actions.push(Action::Check);
        }
        if self.give_up.is_some_and(|at| at <= now) {
            self.give_up = None;
            if self.state == State::NoLease && self.only {
                actions.push(Action::AskRadio);
            } else if self.state == State::NoLease {
                // Another port may be pulled later and leave this the only one.
                self.give_up = Some(now + PATIENCE);
            }
        }
    }
}

#[cfg(test)]
mod tests;
