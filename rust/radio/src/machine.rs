//! The life of the access point.
//!
//! ```text
//!   Start
//!     │ set the country
//!     ▼
//!  Country ──answered──▶ Settling ◀── a radio came ── NoRadio ◀─┐
//!     ▲                  │  ▲  ▲ 300 ms quiet: list             │ none can be an access point
//!     │ new settings     │  │  └───────────────────┐            │
//!     │ (any state)      ▼  │                      │            │
//!     └───────────────  Listing ───────────────────┼────────────┘
//!                        │ best radio: scan        │
//!                        ▼                         │
//!                    Preparing ──channel──▶ Starting ──enabled──▶ Up
//!                        │  failed, or too late  │  ▲             │ hostapd died
//!                        └───────────┬───────────┴──┼─────────────┘
//!                                    ▼              │ first time: the same plan at once
//!                                 Pausing ──────────┘
//!                                    │ over: Settling        our radio or its interface gone: Settling
//!                                    ▼ failed too often
//!                                Recovering (module anew, reboot) ── over, or a radio came: Settling
//! ```
//! Radios come and go in bursts, and may only pass through on their way to another network namespace: nothing is
//! touched before 300 ms of quiet, and the list is asked for after it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wire::nl80211::Bss;

use crate::recovery::{Recovery, Rung};
use crate::stations::{Mac, Stations};
use crate::{Bus, Radio, Wish, channel, hostapd_conf, limit, pick};

/// No radio may come or go for this long before the list counts.
const QUIET: Duration = Duration::from_millis(300);
/// A list takes milliseconds.
const LISTING: Duration = Duration::from_secs(15);
/// Scanning all channels takes 3 s at most; drivers get longer.
const PREPARING: Duration = Duration::from_secs(25);
/// hostapd enables within a second, or ten where it must wait for the country.
const STARTING: Duration = Duration::from_secs(20);
/// A module that is loaded anew shows its radio within this.
const RECOVERING: Duration = Duration::from_secs(30);
/// Open for so long, the network counts as stable.
const STABLE: Duration = Duration::from_secs(60);
/// Open for so long, past reboots no longer count.
const FORGIVEN: Duration = Duration::from_secs(600);

/// Names that the program chooses.
#[derive(Clone, Debug)]
pub struct Places {
    /// The bridge that the interface joins.
    pub bridge: String,
    /// The folder of hostapd's control socket.
    pub control: String,
}

/// An access point as it is, or is about to be. It is kept in a file, so that a restarted radiod finds its phones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The settings that it is made from.
    pub wish: Wish,
    /// The radio's number.
    pub phy: u32,
    /// Its interface.
    pub interface: String,
    /// The interface's number.
    pub index: u32,
    /// Channel number.
    pub channel: u8,
    /// Its centre frequency.
    pub mhz: u32,
    /// Why this channel, for the owner.
    pub channel_why: String,
    /// What was asked for and cannot be had.
    pub problem: Option<String>,
    /// Most phones.
    pub limit: u32,
    /// hostapd's configuration.
    pub conf: String,
}

/// What happens to the machine.
#[derive(Clone, Debug)]
pub enum Event {
    /// The program starts; a plan whose hostapd is alive may be taken over.
    Start(Option<Plan>),
    /// The country was set, or why not.
    CountrySet(Option<String>),
    /// A radio came.
    RadioCame(u32),
    /// A radio went.
    RadioGone(u32),
    /// An interface went.
    InterfaceGone(u32),
    /// The radios that are there.
    Radios(Vec<Radio>),
    /// The interface is ready and a scan was made.
    Prepared {
        /// Interface name.
        interface: String,
        /// Interface number.
        index: u32,
        /// What the scan heard.
        heard: Vec<Bss>,
    },
    /// Preparing or hostapd failed.
    Failed(String),
    /// The network is open.
    Enabled,
    /// A station is in.
    Joined(Mac),
    /// A station is out.
    Left(Mac),
    /// All stations, as the kernel says: address, seconds since it joined.
    Counted(Vec<(Mac, Option<u32>)>),
    /// New settings.
    Wish(Wish),
    /// The supervisor did what it was asked, or why not.
    Recovered(Option<String>),
    /// Time passed.
    Tick,
}

/// What the program is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Set the country; answer with [`Event::CountrySet`].
    SetCountry([u8; 2]),
    /// List the radios; answer with [`Event::Radios`].
    List,
    /// Make the interface ready and scan; answer with [`Event::Prepared`].
    Prepare {
        /// The radio.
        phy: u32,
        /// Where to listen, in MHz.
        frequencies: Vec<u32>,
    },
    /// Write the configuration, start hostapd, follow it.
    Launch(Plan),
    /// Follow the hostapd that runs already.
    Follow(Plan),
    /// End hostapd and whatever else runs.
    Stop,
    /// Ask the supervisor to load a module anew; answer with [`Event::Recovered`].
    Reload(String),
    /// Remember the number of reboots; if `now`, ask the supervisor for one.
    Reboots {
        /// Without success so far.
        count: u32,
        /// Why a reboot is wanted now; `None`: only remember.
        now: Option<String>,
    },
}

/// Where the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum State {
    Country,
    Settling { until: Duration },
    Listing { until: Duration },
    NoRadio,
    Preparing { until: Duration },
    Starting { until: Duration },
    Up { since: Duration },
    Pausing { until: Duration, same_plan: bool },
    Recovering { until: Duration },
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) wish: Wish,
    pub(crate) state: State,
    pub(crate) radios: Vec<Radio>,
    pub(crate) plan: Option<Plan>,
    pub(crate) stations: Stations,
    pub(crate) radio_why: String,
    pub(crate) country_problem: Option<String>,
    pub(crate) last_error: Option<String>,
    places: Places,
    chosen: Option<Radio>,
    adopt: Option<Plan>,
    gone: Option<Radio>,
    refresh: Option<Duration>,
    recovery: Recovery,
}

impl Machine {
    /// A machine that has not started; `reboots` as [`Recovery::new`] takes it.
    pub fn new(wish: Wish, places: Places, reboots: Option<u32>) -> Self {
        Self {
            wish,
            state: State::Country,
            radios: Vec::new(),
            plan: None,
            stations: Stations::default(),
            radio_why: String::new(),
            country_problem: None,
            last_error: None,
            places,
            chosen: None,
            adopt: None,
            gone: None,
            refresh: None,
            recovery: Recovery::new(reboots),
        }
    }

    /// The kernel has no wireless support, so that there is no radio until [`Event::Start`].
    pub fn without_wireless(&mut self) {
        self.state = State::NoRadio;
    }

    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// The access point that is up or about to be.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// How many radios are there.
    pub fn radio_count(&self) -> usize {
        self.radios.len()
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.recovery.failures()
    }

    /// When [`Event::Tick`] is due next.
    pub fn deadline(&self) -> Option<Duration> {
        let own = match self.state {
            State::Country => None,
            State::Settling { until } | State::Listing { until } | State::Preparing { until } => Some(until),
            State::Starting { until } | State::Pausing { until, .. } | State::Recovering { until } => Some(until),
            State::NoRadio => self.gone.as_ref().and_then(|radio| self.recovery.gone_deadline(radio)),
            State::Up { since } if self.recovery.in_trouble() => Some(since + STABLE),
            State::Up { since } => Some(since + FORGIVEN).filter(|_| self.recovery.reboots() > 0),
        };
        own.into_iter().chain(self.refresh).min()
    }

    /// Takes one event; what comes back is to be done in order.
    pub fn step(&mut self, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Start(adopt) => {
                self.adopt = adopt;
                self.set_country()
            }
            Event::CountrySet(problem) => {
                self.country_problem = problem;
                if self.state == State::Country { self.settle(now) } else { vec![] }
            }
            Event::RadioCame(_) => self.radio_came(now),
            Event::RadioGone(phy) => self.radio_gone(phy, now),
            // Most likely its radio goes next; if not, the list shows it and it gets a new interface.
            Event::InterfaceGone(index) if self.plan.as_ref().is_some_and(|p| p.index == index) => {
                self.lost("the radio's interface is gone", now)
            }
            Event::Radios(radios) => self.listed(radios, now),
            Event::Prepared { interface, index, heard } if matches!(self.state, State::Preparing { .. }) => {
                self.launch(interface, index, &heard, now)
            }
            Event::Failed(why) if self.plan_runs() || matches!(self.state, State::Preparing { .. }) => self.fail(why, now),
            Event::Enabled if matches!(self.state, State::Starting { .. }) => {
                self.up(now);
                vec![]
            }
            Event::Joined(mac) if self.plan_runs() => {
                self.stations.join(mac, now);
                vec![]
            }
            Event::Left(mac) => {
                self.stations.leave(mac);
                vec![]
            }
            Event::Counted(all) if matches!(self.state, State::Up { .. }) => {
                self.stations.correct(&all, now);
                vec![]
            }
            Event::Wish(wish) if wish != self.wish => {
                self.wish = wish;
                self.adopt = None;
                self.last_error = None;
                let stop = self.drop_plan();
                [stop, self.set_country()].concat()
            }
            Event::Recovered(Some(why)) if matches!(self.state, State::Recovering { .. }) => {
                self.last_error = Some(why);
                self.settle(now)
            }
            Event::Tick => self.tick(now),
            _ => vec![],
        }
    }

    /// hostapd runs, or is being started.
    fn plan_runs(&self) -> bool {
        matches!(self.state, State::Starting { .. } | State::Up { .. })
    }

    fn set_country(&mut self) -> Vec<Action> {
        self.state = State::Country;
        vec![Action::SetCountry(self.wish.alpha2())]
    }

    fn settle(&mut self, now: Duration) -> Vec<Action> {
        self.state = State::Settling { until: now + QUIET };
        self.refresh = None;
        vec![]
    }

    fn drop_plan(&mut self) -> Vec<Action> {
        self.plan = None;
        self.chosen = None;
        self.stations = Stations::default();
        vec![Action::Stop]
    }

    fn radio_came(&mut self, now: Duration) -> Vec<Action> {
        match self.state {
            State::NoRadio | State::Settling { .. } | State::Listing { .. } | State::Recovering { .. } => self.settle(now),
            State::Country | State::Pausing { .. } => vec![],
            State::Preparing { .. } | State::Starting { .. } | State::Up { .. } => {
                self.refresh = Some(now + QUIET);
                vec![]
            }
        }
    }

    fn radio_gone(&mut self, phy: u32, now: Duration) -> Vec<Action> {
        if self.chosen.as_ref().is_none_or(|r| r.wiphy.id != phy) {
            self.radios.retain(|r| r.wiphy.id != phy);
            return self.radio_came(now);
        }
        self.lost("the radio is gone", now)
    }

    fn lost(&mut self, why: &str, now: Duration) -> Vec<Action> {
        self.last_error = Some(why.into());
        self.gone = self.chosen.take().filter(|r| r.bus == Bus::Sdio);
        self.recovery.gone(now);
        let stop = self.drop_plan();
        if self.state != State::Country {
            self.settle(now);
        }
        stop
    }

    fn listed(&mut self, radios: Vec<Radio>, now: Duration) -> Vec<Action> {
        if let Some(ours) = self.chosen.as_ref().map(|r| r.wiphy.id) {
            let there = radios.iter().any(|r| r.wiphy.id == ours);
            self.radios = radios;
            return if there { vec![] } else { self.radio_gone(ours, now) };
        }
        if !matches!(self.state, State::Listing { .. }) {
            return vec![];
        }
        self.radios = radios;
        let mut actions = vec![];
        if let Some(plan) = self.adopt.take() {
            let radio = self.radios.iter().find(|r| r.wiphy.id == plan.phy).cloned();
            if plan.wish == self.wish && radio.is_some() {
                self.chosen = radio;
                self.radio_why = "kept from before radiod restarted".into();
                self.plan = Some(plan.clone());
                self.up(now);
                return vec![Action::Follow(plan)];
            }
            actions.push(Action::Stop);
        }
        let Some(choice) = pick::pick(&self.radios, self.wish.band) else {
            self.state = State::NoRadio;
            return actions;
        };
        let Some(radio) = self.radios.iter().find(|r| r.wiphy.id == choice.phy).cloned() else { return actions };
        self.gone = None;
        self.radio_why = choice.why;
        let frequencies = channel::to_scan(&radio.wiphy, &self.wish);
        self.chosen = Some(radio);
        self.state = State::Preparing { until: now + PREPARING };
        actions.push(Action::Prepare { phy: choice.phy, frequencies });
        actions
    }

    fn launch(&mut self, interface: String, index: u32, heard: &[Bss], now: Duration) -> Vec<Action> {
        let Some(radio) = self.chosen.clone() else { return vec![] };
        let Some(choice) = channel::choose(&radio.wiphy, &self.wish, heard) else {
            return self.fail(format!("the radio may not open a network on any channel in {}", self.wish.country), now);
        };
        let parts = hostapd_conf::Parts {
            wish: &self.wish,
            radio: &radio,
            interface: &interface,
            bridge: &self.places.bridge,
            channel: &choice,
            control: &self.places.control,
        };
        let conf = hostapd_conf::render(&parts);
        let plan = Plan {
            wish: self.wish.clone(),
            phy: radio.wiphy.id,
            interface,
            index,
            channel: choice.number,
            mhz: choice.mhz,
            channel_why: choice.why,
            problem: choice.problem,
            limit: limit::of(&radio).stations,
            conf,
        };
        self.start(plan, now)
    }

    fn start(&mut self, plan: Plan, now: Duration) -> Vec<Action> {
        self.stations = Stations::new(plan.limit);
        self.plan = Some(plan.clone());
        self.state = State::Starting { until: now + STARTING };
        vec![Action::Launch(plan)]
    }

    fn up(&mut self, now: Duration) {
        if let Some(plan) = &self.plan {
            if self.stations.limit() != plan.limit {
                self.stations = Stations::new(plan.limit);
            }
            self.last_error = None;
            self.gone = None;
            self.state = State::Up { since: now };
        }
    }

    fn fail(&mut self, why: String, now: Duration) -> Vec<Action> {
        let was_up = matches!(self.state, State::Up { .. });
        let radio = self.chosen.clone();
        self.last_error = Some(why.clone());
        self.recovery.failed(now);
        let same_plan = was_up && self.recovery.failures() == 1;
        self.stations = Stations::new(self.stations.limit());
        let stop = if same_plan { vec![Action::Stop] } else { self.drop_plan() };
        let rung = self.recovery.next(radio.as_ref(), now);
        let more = self.climb(rung, same_plan, &why, now);
        [stop, more].concat()
    }

    fn climb(&mut self, rung: Rung, same_plan: bool, why: &str, now: Duration) -> Vec<Action> {
        match rung {
            Rung::Again(pause) => {
                self.state = State::Pausing { until: now + pause, same_plan };
                vec![]
            }
            Rung::Reload(module) => {
                self.state = State::Recovering { until: now + RECOVERING };
                vec![Action::Reload(module)]
            }
            Rung::Reboot => {
                self.state = State::Recovering { until: now + RECOVERING };
                vec![Action::Reboots { count: self.recovery.reboots(), now: Some(format!("radio: {why}")) }]
            }
        }
    }

    fn tick(&mut self, now: Duration) -> Vec<Action> {
        if self.deadline().is_none_or(|at| now < at) {
            return vec![];
        }
        if self.refresh.take_if(|at| now >= *at).is_some() {
            return vec![Action::List];
        }
        match self.state {
            State::Country => vec![],
            State::Settling { .. } => {
                self.state = State::Listing { until: now + LISTING };
                vec![Action::List]
            }
            State::Listing { .. } => self.fail("the kernel does not list its radios".into(), now),
            State::Preparing { .. } => self.fail("the radio does not get ready".into(), now),
            State::Starting { .. } => self.fail("hostapd did not open the network in time".into(), now),
            State::Pausing { same_plan: true, .. } => match self.plan.clone() {
                Some(plan) => self.start(plan, now),
                None => self.settle(now),
            },
            State::Pausing { .. } | State::Recovering { .. } => self.settle(now),
            State::NoRadio => {
                let Some(radio) = self.gone.clone() else { return vec![] };
                match self.recovery.next_gone(&radio, now) {
                    Some(rung) => self.climb(rung, false, "the radio is gone and does not come back", now),
                    None => vec![],
                }
            }
            State::Up { .. } if self.recovery.in_trouble() => {
                self.recovery.stable();
                vec![]
            }
            State::Up { .. } => {
                self.recovery.forget_reboots();
                vec![Action::Reboots { count: 0, now: None }]
            }
        }
    }
}
