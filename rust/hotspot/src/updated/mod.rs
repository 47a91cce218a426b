//! updated: what the owner pushes in or the network offers goes into the other slot, proves itself there, or is left again.
//! `update::machine` decides; here events are gathered and actions done.
//!
//! ```text
//!  sticks (thread) ─┐ Offer                    ┌─▶ writer (thread, one at a time): Apply::step
//!  net    (thread) ─┼────▶ main loop: machine ─┼─▶ boot record, journal, history
//!  inbox  (thread) ─┘        ▲    ▲            └─▶ supervisor (restart), radiod (LED)
//!                 health gate┘    └ socket (thread): check, apply, restart, rollback
//! ```

mod candidate;
mod device;
mod facts;
pub mod http;
mod inbox;
mod lists;
mod net;
mod socket;
mod sticks;
mod store;
mod worker;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use config::Settings;
use sys::process::{Signals, Told};
use update::health::{Gate, Verdict};
use update::history::History;
use update::machine::{Action, Boot, Event, Machine, State};
use update::{Block, Refusal, Slot};

pub use inbox::hand_over;

use candidate::{Candidate, Judge};
use device::Device;
use net::Want;
use store::Store;
use worker::Writer;

/// A bundle's first bytes.
const MAGIC: &[u8; 8] = b"P2PHOTUP";
/// How often the health gate looks.
const LOOK: Duration = Duration::from_secs(3);
/// Nobody may have been downloading for so long before the box restarts by itself.
const QUIET: Duration = Duration::from_secs(10);
/// The LED tells of a refusal for so long.
const LED_REFUSED: Duration = Duration::from_secs(300);
/// radiod has answered by then, if it ever does.
const STARTED: Duration = Duration::from_secs(60);
/// The LED is told again, in case radiod was started anew.
const LED_AGAIN: Duration = Duration::from_secs(30);

/// News for the main loop.
pub enum Message {
    /// What a stick, a file or the network holds.
    Offer(Box<Offer>),
    /// Of the writer with this number.
    Writer(u64, Event),
    /// A look at the network ended so.
    Checked(String),
    /// The owner wants something.
    Owner(Owner),
    /// The settings changed.
    Reload,
    /// Stop.
    Stop,
}

/// What was found in one place.
pub struct Offer {
    /// The best of what may be installed.
    best: Option<Candidate>,
    /// Else why not, for people and for programs.
    refused: Option<(String, &'static str)>,
    /// Nobody has just done something: a refusal is not shown on the LED.
    quiet: bool,
}

impl Offer {
    /// Nothing but a reason.
    fn failed(why: String) -> Self {
        Self { best: None, refused: Some((why, "failed")), quiet: true }
    }
}

/// What the owner may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Look at sticks and network now.
    Check,
    /// Restart into what is ready, whoever downloads.
    Restart,
    /// The other slot's release again.
    Rollback,
}

/// What the other threads see.
pub struct Shared {
    machine: Machine,
    /// As people see it: what a state says is done, in the boot record too, before it is said.
    shown: Machine,
    history: History,
    device: Option<Device>,
    other: Option<u64>,
    settings: Settings,
    checked: Option<String>,
    checks: u64,
    waits_for: Option<String>,
}

type Handle = Arc<Mutex<Shared>>;

fn lock(shared: &Handle) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs until told to stop.
pub fn run() -> ExitCode {
    // Before any thread is made.
    let signals = Signals::take();
    crate::logging::init();
    let result = signals.map_err(|e| format!("signals: {e}")).and_then(Updated::start).and_then(Updated::serve);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log::error!("{why}");
            ExitCode::FAILURE
        }
    }
}

struct Updated {
    shared: Handle,
    device: Device,
    store: Store,
    news: Receiver<Message>,
    sender: Sender<Message>,
    wants: Sender<Want>,
    /// Sticks are looked at (not while a trial runs), and anew when this is set.
    looking: Arc<AtomicBool>,
    again: Arc<AtomicBool>,
    writer: Option<Writer>,
    writers: u64,
    offered: Option<Candidate>,
    gate: Gate,
    /// When this program was started, since the start of the box.
    started: Duration,
    quiet_since: Option<Instant>,
    led: (bool, bool),
    led_told: Instant,
    refused_until: Option<Instant>,
}

fn settings() -> Settings {
    let bytes = std::fs::read(crate::ipc::run_dir().join("settings.json")).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

impl Updated {
    fn start(signals: Signals) -> Result<Self, String> {
        let device = Device::open()?;
        let store = Store::open();
        let mut journal = store.journal();
        let record = device.record();
        let boot = Boot {
            slot: device.running(),
            trial: device.slots.trial,
            seq: device.slots.seq,
            built: device.slots.built,
            on_trial: record.get("r_trial").and_then(|s| s.parse().ok()),
            other: device.other(),
            rotten: record.get("r_bad").is_some_and(|bad| bad.contains(if device.running() == Slot::A { "b" } else { "a" })),
            moved: record.get("r_slot").is_some_and(|good| good != device.running().name()),
            same_start: !journal.start.is_empty() && journal.start == device.slots.start,
        };
        journal.start.clone_from(&device.slots.start);
        journal.had_radio |= boot.trial && journal.pending.is_none();
        let (machine, actions) = Machine::new(boot, journal);
        let shared = Shared {
            shown: machine.clone(),
            machine,
            history: store.history(&device.slots.start),
            device: Some(device.clone()),
            other: boot.other,
            settings: settings(),
            checked: None,
            checks: 0,
            waits_for: None,
        };
        let shared: Handle = Arc::new(Mutex::new(shared));
        let (sender, news) = channel();
        let (wants, wanted) = channel();
        let mut updated = Self {
            shared,
            device,
            store,
            news,
            sender,
            wants,
            looking: Arc::default(),
            again: Arc::default(),
            writer: None,
            writers: 0,
            offered: None,
            gate: Gate::default(),
            started: sys::process::uptime(),
            quiet_since: None,
            led: (false, false),
            led_told: Instant::now(),
            refused_until: None,
        };
        updated.act(actions);
        let state = lock(&updated.shared).machine.state;
        updated.looking.store(state != State::Trial, Ordering::Relaxed);
        updated.threads(signals, wanted).map_err(|e| format!("threads: {e}"))?;
        Ok(updated)
    }

    /// What judges bundles, as the box is at that moment.
    fn judge(&self) -> impl Fn() -> Result<Judge, String> + Clone + Send + 'static {
        let (shared, device, store) = (Arc::clone(&self.shared), self.device.clone(), self.store.clone());
        move || {
            let (journal, pin) = {
                let shared = lock(&shared);
                (shared.machine.journal.clone(), shared.settings.update.pin)
            };
            Judge::new(&device, &store, &journal, pin)
        }
    }

    fn threads(&self, signals: Signals, wanted: Receiver<Want>) -> std::io::Result<()> {
        let thread = |name: &str| std::thread::Builder::new().name(name.into()).stack_size(256 << 10);
        let sender = self.sender.clone();
        thread("signals").spawn(move || {
            loop {
                sys::process::wait_readable(&[std::os::fd::AsFd::as_fd(&signals)], None);
                while let Some(told) = signals.next() {
                    let message = match told {
                        Told::Reload => Message::Reload,
                        Told::Stop => Message::Stop,
                        Told::Child => continue,
                    };
                    if sender.send(message).is_err() {
                        return;
                    }
                }
            }
        })?;
        let (sender, judge, looking, again) = (self.sender.clone(), self.judge(), Arc::clone(&self.looking), Arc::clone(&self.again));
        thread("sticks").spawn(move || sticks::run(&sender, &judge, &looking, &again))?;
        let (sender, judge) = (self.sender.clone(), self.judge());
        thread("net").spawn(move || net::run(&wanted, &sender, &judge))?;
        inbox::serve(self.sender.clone(), self.judge())?;
        socket::serve(Arc::clone(&self.shared), self.sender.clone())
    }

    fn serve(mut self) -> Result<(), String> {
        let _ = self.wants.send(Want::Settings(Box::new(settings())));
        loop {
            self.pulse();
            match self.news.recv_timeout(LOOK) {
                Ok(Message::Offer(offer)) => self.offer(*offer),
                Ok(Message::Writer(number, event)) if number == self.writers => self.writer_says(event),
                Ok(Message::Writer(..)) => {}
                Ok(Message::Checked(text)) => {
                    let mut shared = lock(&self.shared);
                    shared.checked = Some(text);
                    shared.checks += 1;
                }
                Ok(Message::Owner(owner)) => self.owner(owner),
                Ok(Message::Reload) => {
                    let new = settings();
                    lock(&self.shared).settings = new.clone();
                    let _ = self.wants.send(Want::Settings(Box::new(new)));
                }
                Ok(Message::Stop) => {
                    self.writer.take().into_iter().for_each(Writer::stop);
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err("all threads have ended".into()),
            }
        }
    }

    /// One event through the machine.
    fn step(&mut self, event: Event) {
        let actions = lock(&self.shared).machine.step(event);
        self.act(actions);
        let state = {
            let mut shared = lock(&self.shared);
            shared.shown = shared.machine.clone();
            shared.machine.state
        };
        self.looking.store(state != State::Trial, Ordering::Relaxed);
        self.show();
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Write(release) => self.write(&release.id),
                Action::Keep => self.store.keep(&lock(&self.shared).machine.journal),
                Action::Tell(line) => self.store.tell(&mut lock(&self.shared).history, &line),
                Action::ClearTrial => self.record("clearing the trial", |r| {
                    r.set("r_trial", "0");
                    r.set("r_left", "0");
                }),
                Action::GiveUp(slot) => self.record("giving the slot up", |r| {
                    r.set("r_trial", "0");
                    r.set("r_left", "0");
                    let bad = without(r.get("r_bad"), slot.name());
                    let other = if bad == "0" { "" } else { &bad };
                    r.set("r_bad", if slot.name() < other { format!("{}{other}", slot.name()) } else { format!("{other}{}", slot.name()) });
                }),
                Action::SetTrial(slot) => {
                    let had_radio = facts::has_radio();
                    {
                        let mut shared = lock(&self.shared);
                        let journal = &mut shared.machine.journal;
                        // At the start of the box radiod is not there yet: what was kept holds.
                        journal.had_radio = had_radio.unwrap_or(journal.had_radio || sys::process::uptime() > STARTED);
                        shared.other = self.device.other();
                        self.store.keep(&shared.machine.journal);
                    }
                    let running = self.device.running();
                    self.record("setting the trial", |r| {
                        if running != Slot::Rescue {
                            // What runs is what comes back, whatever came first before.
                            r.set("r_slot", running.name());
                        }
                        r.set("r_trial", slot.name());
                        r.set("r_left", "1");
                        r.set("r_bad", without(r.get("r_bad"), slot.name()));
                    });
                }
                Action::MarkGood(slot, release) => {
                    let floors = {
                        let mut shared = lock(&self.shared);
                        let journal = &mut shared.machine.journal;
                        journal.floor = journal.floor.max(release.floor);
                        journal.built_floor = journal.built_floor.max(release.built_floor);
                        (journal.floor, journal.built_floor)
                    };
                    self.record("marking the slot good", |r| {
                        r.set("r_slot", slot.name());
                        r.set("r_trial", "0");
                        r.set("r_left", "0");
                        r.set("r_bad", without(r.get("r_bad"), slot.name()));
                        r.set_hex("r_floor", r.hex("r_floor").unwrap_or(0).max(floors.0));
                        r.set_hex("r_built", r.hex("r_built").unwrap_or(0).max(floors.1));
                    });
                }
                Action::Restart(why) => {
                    log::warn!("restarting the box {why}");
                    if let Err(e) = facts::restart(&why) {
                        log::error!("the box is not restarted: {e}");
                    }
                }
            }
        }
    }

    fn record(&self, what: &str, change: impl Fn(&mut Block)) {
        if let Err(e) = self.device.change(change) {
            log::error!("{what} in the boot record: {e}");
        }
    }

    fn write(&mut self, id: &str) {
        self.writer.take().into_iter().for_each(Writer::stop);
        let Some(candidate) = self.offered.take().filter(|c| c.release.id == id) else { return };
        self.writers += 1;
        lock(&self.shared).other = None;
        match Writer::start(candidate, self.device.clone(), self.store.clone(), self.sender.clone(), self.writers) {
            Ok(writer) => self.writer = Some(writer),
            Err(e) => drop(self.sender.send(Message::Writer(self.writers, Event::Broken(e.to_string())))),
        }
    }

    fn writer_says(&mut self, event: Event) {
        if !matches!(event, Event::Wrote(..)) {
            self.writer = None;
        }
        if matches!(event, Event::Interrupted(_) | Event::Broken(_)) {
            lock(&self.shared).other = self.device.other();
        }
        if matches!(event, Event::Interrupted(_)) {
            let _ = self.wants.send(Want::Soon);
        }
        self.step(event);
    }

    fn offer(&mut self, offer: Offer) {
        if let Some(candidate) = offer.best {
            let release = candidate.release.clone();
            if !release.asked && lock(&self.shared).machine.journal.avoids(&release.id, release.seq) {
                let (seq, from) = (release.seq, &release.from);
                let why = format!("{from}: release {seq} was not kept here before; hotspot update apply FILE tries it again all the same");
                return self.refuse(why, offer.quiet);
            }
            self.offered = Some(candidate);
            self.step(Event::Found(release));
            self.offered = None;
        } else if let Some((why, code)) = offer.refused {
            if offer.quiet && code == Refusal::Replay(0).code() {
                // The stick that this release came from is still in.
                log::info!("{why}");
                return;
            }
            self.refuse(why, offer.quiet);
        }
    }

    fn refuse(&mut self, why: String, quiet: bool) {
        if !quiet {
            self.refused_until = Some(Instant::now() + LED_REFUSED);
        }
        self.step(Event::Refused(why));
    }

    fn owner(&mut self, owner: Owner) {
        match owner {
            Owner::Check => {
                self.again.store(true, Ordering::Relaxed);
                let _ = self.wants.send(Want::Now);
            }
            Owner::Restart => self.step(Event::Restart),
            Owner::Rollback => match self.device.other() {
                Some(seq) => self.step(Event::Rollback(seq)),
                None => self.step(Event::Refused("there is nothing to go back to: the other slot holds no whole release".into())),
            },
        }
    }

    /// What is to be done without news.
    fn pulse(&mut self) {
        let state = lock(&self.shared).machine.state;
        match state {
            State::Trial => self.prove(),
            State::Ready => self.wait_for_quiet(),
            _ => {}
        }
        if self.led_told.elapsed() > LED_AGAIN {
            self.led_told = Instant::now();
            facts::led(self.led.0, self.led.1);
        }
        self.show();
    }

    fn prove(&mut self) {
        let had_radio = lock(&self.shared).machine.journal.had_radio;
        let facts = facts::gather(&self.store, had_radio);
        // From the start of the box; one that was started long ago and is on trial was judged by somebody who is no more: anew then.
        let since = if self.started > update::health::DEADLINE { self.started } else { Duration::ZERO };
        let verdict = self.gate.look(&facts, sys::process::uptime().saturating_sub(since));
        lock(&self.shared).waits_for = self.gate.wrong.clone();
        match verdict {
            Verdict::Wait => {}
            Verdict::Healthy => self.step(Event::Healthy),
            Verdict::Deadline(why) => self.step(Event::Deadline(why)),
        }
    }

    fn wait_for_quiet(&mut self) {
        let downloads = facts::downloads();
        lock(&self.shared).waits_for = downloads.filter(|n| *n > 0).map(|n| format!("{n} downloads are running"));
        if downloads.is_some_and(|n| n > 0) {
            self.quiet_since = None;
        } else if self.quiet_since.get_or_insert_with(Instant::now).elapsed() >= QUIET {
            self.quiet_since = None;
            self.step(Event::Restart);
        }
    }

    /// The LED, when it is to show something else.
    fn show(&mut self) {
        let state = lock(&self.shared).machine.state;
        let updating = matches!(state, State::Writing | State::Ready | State::Trial);
        let refused = self.refused_until.is_some_and(|until| Instant::now() < until) && !updating;
        if (updating, refused) != self.led {
            self.led = (updating, refused);
            self.led_told = Instant::now();
            facts::led(updating, refused);
        }
    }
}

/// `r_bad` without a slot.
fn without(bad: Option<&str>, slot: &str) -> String {
    let rest = bad.unwrap_or("0").replace(slot, "");
    if rest.is_empty() { "0".into() } else { rest }
}

/// The journal that a test or another program reads.
#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn bad_slots_are_forgiven_one_by_one() {
        assert_eq!(["0", "a", "b", "ab"].map(|bad| without(Some(bad), "b")), ["0", "a", "0", "a"]);
        assert_eq!(without(None, "a"), "0");
    }
}
