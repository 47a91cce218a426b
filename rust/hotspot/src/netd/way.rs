//! The way out: what the `gate` crate decides, carried out. It hears of leases, uplink, time and bytes; nft and two files are its hands.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::PoisonError;
use std::time::Duration;

use config::{Access, Settings};
use gate::{Action, Alarm, Event, Gate, Mac, Moment, Rule, Schedule, mac_of, mac_text};
use lan::uplink::State as Uplink;

use super::gate as filter;
use super::state::State;
use super::store;

/// Between two looks while somebody is out.
const BUSY: Duration = Duration::from_secs(5);
/// The same while a voucher of bytes comes to its end.
const CLOSE: Duration = Duration::from_secs(1);
/// While nobody is.
const IDLE: Duration = Duration::from_secs(20);
/// A hardware address on two ports in so many looks on end is two phones, and none that went from one to the other.
const TWICE: u8 = 3;

/// Begins with what was written down.
pub fn open(settings: &Settings, state: &State) {
    let internet = &settings.internet;
    let rule = Rule { access: internet.access, password: internet.password.clone(), schedule: Schedule::new(&internet.schedule) };
    let gate = Gate::new(rule, &store::read(store::VOUCHERS), &store::read(store::USED), state.now());
    state.lock().gate = Some(gate);
}

/// Runs for as long as netd does.
pub async fn run(state: State) {
    let mut watch = Watch::default();
    loop {
        let pause = {
            let inner = state.lock();
            match &inner.gate {
                Some(gate) if gate.is_close() => CLOSE,
                Some(gate) if gate.is_busy() || gate.is_dirty() => BUSY,
                _ => IDLE,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.poke.notified() => {}
        }
        let turn = state.clone();
        // nft and the card take their time.
        let done = tokio::task::spawn_blocking(move || {
            watch.turn(&turn);
            watch
        });
        watch = done.await.unwrap_or_default();
    }
}

/// Writes down what was used up, before the end.
pub fn save(state: &State) {
    let text = state.lock().gate.as_mut().filter(|g| g.is_dirty()).map(Gate::used_text);
    if let Some(text) = text {
        write(state, store::USED, &text);
    }
}

/// Asks the gate, and carries out what follows before anybody else may ask. `None`: it is not open yet.
pub fn ask<T>(state: &State, question: impl FnOnce(&mut Gate, Duration) -> (T, Vec<Action>)) -> Option<T> {
    let _hands = state.hands.lock().unwrap_or_else(PoisonError::into_inner);
    let now = state.now();
    let (answer, actions, vouchers, used) = {
        let mut inner = state.lock();
        let gate = inner.gate.as_mut()?;
        let (answer, actions) = question(gate, now);
        let vouchers = actions.contains(&Action::SaveVouchers).then(|| gate.vouchers_text());
        let used = actions.contains(&Action::SaveUsed).then(|| gate.used_text());
        (answer, actions, vouchers, used)
    };
    // What was made is there before it is used.
    for (name, text) in [(store::VOUCHERS, vouchers), (store::USED, used)] {
        if let Some(text) = text {
            write(state, name, &text);
        }
    }
    let commands: String = actions
        .iter()
        .map(|action| match action {
            Action::Open(ip, mac) => lan::gate::open(*ip, &mac_text(*mac)),
            Action::Shut(ip, mac) => lan::gate::shut(*ip, &mac_text(*mac)),
            Action::SaveVouchers | Action::SaveUsed => String::new(),
        })
        .collect();
    if !commands.is_empty()
        && let Err(error) = filter::nft(&["-f", "-"], &commands)
    {
        log::warn!("the packet filter is loaded anew: {error}");
        state.lock().reload = true;
    }
    if !commands.is_empty() {
        // Somebody is in who was out, or the other way: from now on it is looked more often, or less.
        state.poke.notify_one();
    }
    Some(answer)
}

fn write(state: &State, name: &str, text: &str) {
    if let Err(error) = store::replace(name, text) {
        log::warn!("{error}");
        state.lock().last_error = Some(error.to_string());
    }
}

/// What is remembered from one look to the next.
#[derive(Default)]
struct Watch {
    twice: HashMap<Mac, u8>,
}

impl Watch {
    fn turn(&mut self, state: &State) {
        if filter::way(&state.settings).is_none() {
            return;
        }
        let reloaded = {
            let inner = state.lock();
            (inner.reload && inner.gate_error.is_none()).then_some(())
        };
        if reloaded.is_some() {
            filter::load_now(&state.settings, state);
        }
        let (phones, online, busy, stands, twins) = {
            let mut inner = state.lock();
            let twins = std::mem::take(&mut inner.twins);
            let phones: Vec<(Ipv4Addr, Mac)> =
                inner.leases.as_ref().map(|l| l.entries().iter().map(|e| (e.ip, e.mac)).collect()).unwrap_or_default();
            let online = matches!(&inner.uplink, Some((Uplink::Lease(lease) | Uplink::Internet(lease), ..)) if lease.gateway.is_some());
            let busy = inner.gate.as_ref().is_some_and(Gate::is_busy);
            (phones, online, busy, inner.gate_error.is_none(), twins)
        };
        let counts = if busy && reloaded.is_none() { counts() } else { Vec::new() };
        let mut alarms = if busy { self.alarms(&phones) } else { Vec::new() };
        alarms.extend(phones.iter().filter(|(_, mac)| twins.contains(mac)).map(|(ip, mac)| (*ip, Alarm::TwoNames(*mac))));
        let clock = clock();
        ask(state, |gate, now| {
            let mut actions = Vec::new();
            if reloaded.is_some() {
                actions.extend(gate.step(Event::Reloaded, now));
            }
            actions.extend(gate.step(Event::Counted(&counts), now));
            for (ip, alarm) in alarms {
                if gate.is_open(ip) {
                    log::warn!("{ip}: somebody else may be using this phone's address");
                    actions.extend(gate.step(Event::Cloned(ip, alarm), now));
                }
            }
            actions.extend(gate.step(Event::Clock(clock), now));
            // Rules that do not stand let nobody out.
            actions.extend(gate.step(Event::Online(online && stands), now));
            actions.extend(gate.step(Event::Phones(&phones), now));
            actions.extend(gate.step(Event::Tick, now));
            ((), actions)
        });
        let macs: HashMap<Ipv4Addr, Mac> = phones.into_iter().collect();
        state.lock().greeted.retain(|ip, mac| macs.get(ip) == Some(mac));
    }

    /// Second phones on one address, as the packet filter saw them.
    fn alarms(&mut self, phones: &[(Ipv4Addr, Mac)]) -> Vec<(Ipv4Addr, Alarm)> {
        let mut alarms: Vec<(Ipv4Addr, Alarm)> =
            list("inet", "foreign").iter().filter_map(|(ip, mac)| Some((ip.parse().ok()?, Alarm::OtherPhone(mac_of(mac)?)))).collect();
        let mut ports: HashMap<Mac, u8> = HashMap::new();
        for (mac, _) in list("bridge", "seen") {
            if let Some(mac) = mac_of(&mac) {
                *ports.entry(mac).or_default() += 1;
            }
        }
        self.twice.retain(|mac, _| ports.get(mac).is_some_and(|n| *n > 1));
        for (mac, _) in ports.into_iter().filter(|(_, n)| *n > 1) {
            let looks = self.twice.entry(mac).or_default();
            *looks = looks.saturating_add(1);
            if *looks >= TWICE {
                alarms.extend(phones.iter().filter(|(_, known)| *known == mac).map(|(ip, _)| (*ip, Alarm::TwoPlaces(mac))));
            }
        }
        alarms
    }
}

fn listing(table: &str, set: &str) -> String {
    filter::nft(&["list", "set", table, "hotspot", set], "").unwrap_or_else(|error| {
        log::debug!("{set}: {error}");
        String::new()
    })
}

fn list(table: &str, set: &str) -> Vec<(String, String)> {
    lan::gate::pairs(&listing(table, set))
}

/// What each phone that is out has received and sent.
fn counts() -> Vec<(Ipv4Addr, u64, u64)> {
    let up: HashMap<Ipv4Addr, u64> = lan::gate::counted(&listing("inet", "up")).into_iter().collect();
    lan::gate::counted(&listing("inet", "down")).into_iter().map(|(ip, down)| (ip, down, up.get(&ip).copied().unwrap_or(0))).collect()
}

/// The time of the week, if the box is sure of it.
fn clock() -> Option<Moment> {
    crate::clockd::is_sure().then(sys::process::local_time).flatten().map(|(day, minute)| Moment { day, minute })
}

/// Whether this phone's questions are the real internet's to answer, and whether it has met the portal.
pub fn leads_out(state: &State, ip: Ipv4Addr) -> Option<bool> {
    let inner = state.lock();
    let open = inner.gate.as_ref().is_some_and(|g| g.is_open(ip));
    // Who had to type something has met it.
    open.then(|| state.settings.internet.access != Access::Open || inner.greeted.contains_key(&ip))
}
