//! The gate as a state machine.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use config::Access;

use crate::book::{Book, NoBatch, Wish};
use crate::limit::Limit;
use crate::schedule::{Moment, Schedule};
use crate::voucher::Kind;
use crate::{Mac, code, mac_of, mac_text};

/// Something that came less long ago counts as use.
const USED_WITHIN: Duration = Duration::from_secs(60);
/// What was used up is written down so often at most: a power cut gives back no more than that.
const SAVE_EVERY: Duration = Duration::from_secs(300);
/// The same for bytes.
const SAVE_BYTES: u64 = 50_000_000;
/// Alarms that are remembered.
const MOST_ALARMS: usize = 50;
/// Phones that the password let in and that are remembered.
const MOST_PASSED: usize = 4096;

/// The owner's rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Who.
    pub access: Access,
    /// The password for [`Access::Password`].
    pub password: String,
    /// When.
    pub schedule: Schedule,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// All phones that have a lease now.
    Phones(&'a [(Ipv4Addr, Mac)]),
    /// Whether the uplink has a way out.
    Online(bool),
    /// The time of the week, if the box knows it.
    Clock(Option<Moment>),
    /// What each open phone has received and sent in all, as the packet filter counts since it was loaded.
    Counted(&'a [(Ipv4Addr, u64, u64)]),
    /// Frames of an open phone's hardware address came through two ports at a time, or its address came from another one.
    Cloned(Ipv4Addr, Alarm),
    /// The packet filter was loaded anew: it lets nobody through and counts from zero.
    Reloaded,
    /// Time has passed.
    Tick,
}

/// How a second visitor on one address showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Another hardware address used the internet address of an open phone. It was not let through.
    OtherPhone(Mac),
    /// The same hardware address was heard on two ports of the bridge.
    TwoPlaces(Mac),
    /// Another device asked for a lease in that phone's name.
    TwoNames(Mac),
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Let this phone through.
    Open(Ipv4Addr, Mac),
    /// Lock it again, its connections too.
    Shut(Ipv4Addr, Mac),
    /// Write down [`Gate::vouchers_text`].
    SaveVouchers,
    /// Write down [`Gate::used_text`].
    SaveUsed,
}

/// What somebody heard who typed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is right.
    Welcome,
    /// It is not.
    Wrong,
    /// It is a voucher with nothing left.
    UsedUp,
    /// Too many wrong ones from this phone: again after so many seconds.
    Wait(u64),
    /// Nothing is asked for here, or this is no phone of ours.
    NotAsked,
}

/// What a phone's owner may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Is it let through now?
    pub open: bool,
    /// Would it be, if the internet were there and on?
    pub may: bool,
    /// Is there a way out?
    pub online: bool,
    /// Do the times allow it now?
    pub on_time: bool,
    /// What its voucher has left, in seconds or bytes.
    pub left: Option<(Kind, u64)>,
    /// Somebody else may be using its address.
    pub cloned: bool,
}

/// An alarm that is remembered: when it came last, whose address, how it showed, how often.
pub type Remembered = (Duration, Ipv4Addr, Alarm, u32);

/// What became of what was typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// It lets this phone in from now on.
    News,
    /// It did so before.
    Known,
    Wrong,
    UsedUp,
}

#[derive(Debug)]
struct Phone {
    mac: Mac,
    open: bool,
    /// As last counted: received, sent.
    counted: (u64, u64),
    /// Bytes both ways that were not charged yet.
    bytes: u64,
    /// When something came last.
    used: Option<Duration>,
    cloned: bool,
}

/// Everything about who may use the internet.
#[derive(Debug, Default)]
pub struct Gate {
    rule: Rule,
    book: Book,
    passed: BTreeSet<Mac>,
    phones: BTreeMap<Ipv4Addr, Phone>,
    online: bool,
    clock: Option<Moment>,
    limit: Limit,
    alarms: Vec<Remembered>,
    charged: Duration,
    /// When what was used up must be written down.
    save_at: Option<Duration>,
    unsaved_bytes: u64,
    totals: (u64, u64),
}

impl Gate {
    /// With what was written down before; no phone is known yet.
    pub fn new(rule: Rule, vouchers: &str, used: &str, now: Duration) -> Self {
        let book = Book::read(vouchers, used);
        // Those whom an older password let in have to know the new one.
        let same = used.lines().any(|l| l.strip_prefix("password ") == Some(&tag(&rule.password)));
        let passed = used.lines().filter(|_| same).filter_map(|l| mac_of(l.strip_prefix("passed ")?)).take(MOST_PASSED).collect();
        Self { rule, book, passed, charged: now, ..Self::default() }
    }

    /// The vouchers.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The file `vouchers`.
    pub fn vouchers_text(&self) -> String {
        self.book.text()
    }

    /// The file `used`; it counts as written.
    pub fn used_text(&mut self) -> String {
        (self.save_at, self.unsaved_bytes) = (None, 0);
        let mut out = self.book.used_text();
        if self.rule.access == Access::Password {
            out.push_str(&format!("password {}\n", tag(&self.rule.password)));
            out.extend(self.passed.iter().map(|mac| format!("passed {}\n", mac_text(*mac))));
        }
        out
    }

    /// Is there anything that was not written down?
    pub fn is_dirty(&self) -> bool {
        self.save_at.is_some()
    }

    /// Is anybody let through now?
    pub fn is_busy(&self) -> bool {
        self.phones.values().any(|p| p.open)
    }

    /// Is this phone let through now?
    pub fn is_open(&self, ip: Ipv4Addr) -> bool {
        self.phones.get(&ip).is_some_and(|p| p.open)
    }

    /// Does a voucher of megabytes come to its end soon, so that it is worth counting more often?
    pub fn is_close(&self) -> bool {
        let close = |p: &Phone| self.book.of(p.mac).is_some_and(|(kind, v)| kind == Kind::Megabytes && v.left < SAVE_BYTES);
        self.rule.access == Access::Voucher && self.phones.values().any(|p| p.open && close(p))
    }

    /// How many are let through; wrong tries since the start; who showed up twice.
    pub fn told(&self) -> (usize, u64, &[Remembered]) {
        (self.phones.values().filter(|p| p.open).count(), self.limit.wrong, &self.alarms)
    }

    /// Bytes from and to the internet since the start, of all phones.
    pub fn totals(&self) -> (u64, u64) {
        self.totals
    }

    /// What a phone's owner may know.
    pub fn view(&self, ip: Ipv4Addr) -> View {
        let phone = self.phones.get(&ip);
        View {
            open: phone.is_some_and(|p| p.open),
            may: phone.is_some_and(|p| self.may(p.mac)),
            online: self.online,
            on_time: self.rule.schedule.is_on(self.clock),
            left: phone.and_then(|p| self.book.of(p.mac)).map(|(kind, v)| (kind, v.left)).filter(|_| self.rule.access == Access::Voucher),
            cloned: phone.is_some_and(|p| p.cloned),
        }
    }

    /// Takes an event and says what follows.
    pub fn step(&mut self, event: Event, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Phones(phones) => self.meet(phones, &mut actions),
            Event::Online(online) => self.online = online,
            Event::Clock(clock) => self.clock = clock,
            Event::Counted(counts) => counts.iter().for_each(|(ip, down, up)| self.count(*ip, *down, *up, now)),
            Event::Cloned(ip, alarm) => self.alarm(ip, alarm, now),
            Event::Reloaded => self.phones.values_mut().for_each(|p| (p.open, p.counted) = (false, (0, 0))),
            Event::Tick => self.charge(now),
        }
        self.settle(&mut actions);
        if self.save_at.is_some_and(|at| at <= now) || self.unsaved_bytes >= SAVE_BYTES {
            actions.push(Action::SaveUsed);
        }
        actions
    }

    /// Somebody typed a voucher or the password.
    pub fn enter(&mut self, ip: Ipv4Addr, typed: &str, now: Duration) -> (Entered, Vec<Action>) {
        let Some(mac) = self.phones.get(&ip).map(|p| p.mac) else { return (Entered::NotAsked, Vec::new()) };
        if !matches!(self.rule.access, Access::Voucher | Access::Password) {
            return (Entered::NotAsked, Vec::new());
        }
        if let Err(wait) = self.limit.ask(now, ip) {
            return (Entered::Wait(wait.as_secs() + 1), Vec::new());
        }
        let entered = if self.rule.access == Access::Voucher { self.voucher(mac, typed) } else { self.password(mac, typed) };
        if entered == Tried::Wrong {
            self.limit.wrong(now, ip);
            return (Entered::Wrong, Vec::new());
        }
        if entered == Tried::UsedUp {
            return (Entered::UsedUp, Vec::new());
        }
        if let Some(phone) = self.phones.get_mut(&ip) {
            phone.cloned = false;
        }
        let mut actions = Vec::new();
        if entered == Tried::News {
            // Each is a write to the card, so two phones that snatch a voucher from each other without end have to wait as well.
            self.limit.spend(now, ip);
            // Before the phone hears it: whose voucher this is outlives a power cut.
            actions.push(Action::SaveUsed);
        }
        self.settle(&mut actions);
        (Entered::Welcome, actions)
    }

    fn voucher(&mut self, mac: Mac, typed: &str) -> Tried {
        let Some(voucher) = code::normal(typed).and_then(|code| self.book.find_mut(&code)) else { return Tried::Wrong };
        if voucher.left == 0 {
            return Tried::UsedUp;
        }
        if voucher.holder == Some(mac) {
            return Tried::Known;
        }
        if voucher.holder.is_some_and(|holder| holder != mac) {
            // A phone that shows another address every week, a second phone of the same person, or somebody who overheard it.
            voucher.moves = voucher.moves.saturating_add(1);
        }
        voucher.holder = Some(mac);
        Tried::News
    }

    fn password(&mut self, mac: Mac, typed: &str) -> Tried {
        if typed.is_empty() || !is_same(typed, &self.rule.password) {
            return Tried::Wrong;
        }
        if self.passed.contains(&mac) {
            return Tried::Known;
        }
        if self.passed.len() >= MOST_PASSED {
            self.passed.pop_first();
        }
        self.passed.insert(mac);
        Tried::News
    }

    /// Makes vouchers.
    pub fn make(&mut self, wish: &Wish, made: u64, random: impl FnMut() -> u8) -> Result<(u32, Vec<Action>), NoBatch> {
        let id = self.book.make(wish, made, random)?.id;
        Ok((id, vec![Action::SaveVouchers]))
    }

    /// Takes a batch away.
    pub fn remove(&mut self, id: u32) -> Option<Vec<Action>> {
        self.book.remove(id).then(|| {
            let mut actions = vec![Action::SaveVouchers, Action::SaveUsed];
            self.settle(&mut actions);
            actions
        })
    }

    /// Phones come and go; another phone on an address is another one.
    fn meet(&mut self, phones: &[(Ipv4Addr, Mac)], actions: &mut Vec<Action>) {
        let now: BTreeMap<Ipv4Addr, Mac> = phones.iter().copied().collect();
        self.phones.retain(|ip, phone| {
            let stays = now.get(ip) == Some(&phone.mac);
            if !stays && phone.open {
                actions.push(Action::Shut(*ip, phone.mac));
            }
            stays
        });
        for (ip, mac) in now {
            self.phones.entry(ip).or_insert(Phone { mac, open: false, counted: (0, 0), bytes: 0, used: None, cloned: false });
        }
        // The password holds for as long as a phone has a lease; while none has, as after a start, nobody is forgotten.
        if !self.phones.is_empty() {
            let macs: BTreeSet<Mac> = self.phones.values().map(|p| p.mac).collect();
            self.passed.retain(|mac| macs.contains(mac));
        }
    }

    fn count(&mut self, ip: Ipv4Addr, down: u64, up: u64, now: Duration) {
        let Some(phone) = self.phones.get_mut(&ip).filter(|p| p.open) else { return };
        // Less than before: the filter counts from zero again.
        let since = |old: u64, new: u64| if new >= old { new - old } else { new };
        let came = since(phone.counted.0, down);
        let went = since(phone.counted.1, up);
        phone.bytes = phone.bytes.saturating_add(came).saturating_add(went);
        self.totals = (self.totals.0.saturating_add(came), self.totals.1.saturating_add(went));
        phone.counted = (down, up);
        // What is only sent may go nowhere.
        if came > 0 {
            phone.used = Some(now);
        }
    }

    fn charge(&mut self, now: Duration) {
        let passed = Duration::from_secs(now.saturating_sub(self.charged).as_secs());
        self.charged += passed;
        if self.rule.access != Access::Voucher {
            return;
        }
        let mut charged = BTreeSet::new();
        for phone in self.phones.values_mut().filter(|p| p.open) {
            let used = phone.used.is_some_and(|at| now.saturating_sub(at) < USED_WITHIN);
            let bytes = std::mem::take(&mut phone.bytes);
            let Some((kind, voucher)) = self.book.of_mut(phone.mac) else { continue };
            // Two addresses of one phone cost its time once.
            let first = charged.insert(phone.mac);
            if voucher.spend(kind, if first { passed } else { Duration::ZERO }, bytes, used) {
                self.save_at.get_or_insert(now + SAVE_EVERY);
                if kind == Kind::Megabytes {
                    self.unsaved_bytes += bytes;
                }
                if voucher.left == 0 {
                    self.save_at = Some(now);
                }
            }
        }
        // A day that has begun goes on while its phone is away.
        for voucher in self.book.batches.iter_mut().filter(|b| b.kind == Kind::Days).flat_map(|b| &mut b.vouchers) {
            if voucher.holder.is_some_and(|mac| !charged.contains(&mac)) && voucher.spend(Kind::Days, passed, 0, false) {
                self.save_at.get_or_insert(now + SAVE_EVERY);
            }
        }
    }

    fn alarm(&mut self, ip: Ipv4Addr, alarm: Alarm, now: Duration) {
        let Some(phone) = self.phones.get_mut(&ip) else { return };
        phone.cloned = true;
        if let Some(known) = self.alarms.iter_mut().find(|(_, at, what, _)| *at == ip && *what == alarm) {
            known.0 = now;
            known.3 = known.3.saturating_add(1);
            return;
        }
        if self.alarms.len() >= MOST_ALARMS {
            self.alarms.remove(0);
        }
        self.alarms.push((now, ip, alarm, 1));
    }

    fn may(&self, mac: Mac) -> bool {
        match self.rule.access {
            Access::Blocked => false,
            Access::Open => true,
            Access::Password => self.passed.contains(&mac),
            Access::Voucher => self.book.of(mac).is_some(),
        }
    }

    /// Opens and shuts until all is as the rule wants it.
    fn settle(&mut self, actions: &mut Vec<Action>) {
        let on = self.online && self.rule.schedule.is_on(self.clock);
        let changes: Vec<(Ipv4Addr, bool)> =
            self.phones.iter().map(|(ip, p)| (*ip, on && self.may(p.mac))).filter(|(ip, want)| self.phones[ip].open != *want).collect();
        for (ip, want) in changes {
            let Some(phone) = self.phones.get_mut(&ip) else { continue };
            phone.open = want;
            phone.counted = (0, 0);
            actions.push(if want { Action::Open(ip, phone.mac) } else { Action::Shut(ip, phone.mac) });
        }
    }
}

/// Compared to the end, so that the time it takes says nothing about where they begin to differ.
fn is_same(typed: &str, right: &str) -> bool {
    let differ = typed.bytes().zip(right.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    typed.len() == right.len() && std::hint::black_box(differ) == 0
}

/// A word that is another one for another password. The settings hold it in the clear, so this needs no more than to differ.
fn tag(password: &str) -> String {
    format!("{:016x}", password.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
}

#[cfg(test)]
mod tests;
