//! Finding an address for a client that has none.

use std::net::Ipv4Addr;
use std::time::Duration;

use wire::dhcp::{DhcpMessageType, Mac};

use super::{Action, Incoming, Key, Leases, OFFER, PROBE, Probe, QUARANTINE, State};

/// So many addresses are probed when the server begins, in one go, so that a crowd at the door need not wait.
const AHEAD: usize = 256;
/// An address that was silent so long ago is not probed again, unless somebody was heard on it since.
const SILENT: Duration = Duration::from_secs(60);
/// Clients of one source that say to be others than it: what a repeater that rewrites addresses may have behind it.
const BEHIND_ONE: usize = 32;
/// So many taken addresses are probed at once when there is nothing else left.
const ROUND: usize = 64;
/// An offer is not taken from a client before it had so long to accept.
const GRACE: Duration = Duration::from_secs(2);

impl Leases {
    pub(super) fn start(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let fresh: Vec<_> = self.table.unused().take(AHEAD).collect();
        for ip in fresh {
            self.probe(ip, None, now, actions);
        }
    }

    pub(super) fn discover(&mut self, incoming: Incoming, now: Duration, actions: &mut Vec<Action>) {
        let key = Key::of(&incoming.request);
        if let Some(ip) = self.table.of(&key) {
            return self.offer(&incoming, ip, now, actions);
        }
        if let Some(probe) = self.probes.values_mut().find(|p| p.waiter.as_ref().is_some_and(|w| Key::of(&w.request) == key)) {
            // Asked again while its probe runs: the newer transaction is the one to answer.
            probe.waiter = Some(incoming);
            return;
        }
        if incoming.from != incoming.request.chaddr {
            self.limit_behind(incoming.from);
        }
        let wish = incoming.request.requested.filter(|&ip| self.table.contains(ip) && self.table.slot(ip).is_none());
        if let Some(ip) = wish.or_else(|| self.table.unused_silent(now.saturating_sub(SILENT))).or_else(|| self.unused_unprobed()) {
            if self.table.silent_since(ip).is_some_and(|at| at + SILENT > now) {
                return self.offer(&incoming, ip, now, actions);
            }
            return self.probe(ip, Some(incoming), now, actions);
        }
        if let Some(ip) = self.table.reclaimable(now, GRACE) {
            self.table.free(ip);
            return self.offer(&incoming, ip, now, actions);
        }
        self.full(incoming, now, actions);
    }

    fn unused_unprobed(&self) -> Option<Ipv4Addr> {
        self.table.unused().find(|ip| self.probes.get(ip).is_none_or(|p| p.waiter.is_none()))
    }

    /// One station with many invented clients recycles its own addresses, not everybody's.
    fn limit_behind(&mut self, from: Mac) {
        while let Some(oldest) = self.table.oldest_behind(from, BEHIND_ONE) {
            self.table.free(oldest);
        }
    }

    fn probe(&mut self, ip: Ipv4Addr, waiter: Option<Incoming>, now: Duration, actions: &mut Vec<Action>) {
        match self.probes.get_mut(&ip) {
            Some(running) => running.waiter = waiter,
            None => {
                self.probes.insert(ip, Probe { until: now + PROBE, waiter });
                actions.push(Action::Probe(ip));
            }
        }
    }

    fn offer(&mut self, incoming: &Incoming, ip: Ipv4Addr, now: Duration, actions: &mut Vec<Action>) {
        let request = &incoming.request;
        let slot = self.table.take(ip, Key::of(request), request.chaddr, incoming.from);
        slot.touched = now;
        // A bound client that asks again keeps its lease until it accepts.
        if !matches!(slot.state, State::Bound { .. }) {
            slot.state = State::Offered { until: now + OFFER };
        }
        self.counters.offers += 1;
        let reply = self.reply(request, DhcpMessageType::Offer, ip, true);
        actions.push(self.send(reply));
    }

    /// Nothing is left: asks the bound addresses that never showed a sign of life, then the oldest, whether they are there.
    fn full(&mut self, incoming: Incoming, now: Duration, actions: &mut Vec<Action>) {
        self.counters.full += 1;
        if self.waiting.len() >= ROUND {
            // Whom the newest displaces is left to its own source address: a flood mostly displaces itself.
            let victim = usize::from(incoming.from[5]) % ROUND;
            self.waiting[victim] = incoming;
        } else {
            self.waiting.retain(|w| Key::of(&w.request) != Key::of(&incoming.request));
            self.waiting.push(incoming);
        }
        if self.probes.is_empty() {
            for ip in self.table.bound_by_doubt(ROUND) {
                self.probe(ip, None, now, actions);
            }
        }
    }

    pub(super) fn seen(&mut self, ip: Ipv4Addr, mac: Mac, now: Duration, actions: &mut Vec<Action>) {
        let Some(probe) = self.probes.remove(&ip) else {
            // Heard without being asked: before it is given away it will be.
            return self.table.forget_silent(ip);
        };
        match self.table.slot_mut(ip) {
            Some(slot) => {
                slot.alive = true;
                slot.touched = now;
            }
            None => self.table.quarantine(ip, mac, now + QUARANTINE, now),
        }
        if let Some(waiter) = probe.waiter {
            self.discover(waiter, now, actions);
        }
    }

    pub(super) fn end_probes(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let mut ended = Vec::new();
        self.probes.retain(|&ip, probe| {
            let over = probe.until <= now;
            if over {
                ended.push((ip, probe.waiter.take()));
            }
            !over
        });
        for (ip, waiter) in ended {
            match self.table.slot_mut(ip) {
                // Taken, asked, silent: nobody is there.
                Some(slot) if matches!(slot.state, State::Bound { .. }) => slot.state = State::Expired,
                Some(_) => {}
                None => self.table.mark_silent(ip, now),
            }
            if let Some(waiter) = waiter {
                self.discover(waiter, now, actions);
            }
        }
        if self.probes.is_empty() && !self.waiting.is_empty() {
            for waiter in std::mem::take(&mut self.waiting) {
                match self.table.reclaimable(now, GRACE) {
                    Some(_) => self.discover(waiter, now, actions),
                    // It will ask again by itself.
                    None => break,
                }
            }
        }
    }
}
