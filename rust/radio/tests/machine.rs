//! The whole transition table of the access point's machine, and the ways through it that matter.

use std::time::Duration;

use radio::machine::{Action, Event, Machine, Places, Plan, State};
use radio::{Bus, Radio, Wish};
use wire::nl80211::{Band, Channel, Wiphy, mode};

const PHONE: [u8; 6] = [2, 0, 0, 0, 1, 0];

fn wish() -> Wish {
    Wish { ssid: "Vila".into(), password: String::new(), channel: None, band: config::Band::Ghz2, country: "BR".into() }
}

fn radio(id: u32, driver: &str, bus: Bus, ap: bool) -> Radio {
    let channels = (1..=11).map(|n| Channel { mhz: 2407 + 5 * n, ..Channel::default() }).collect();
    let modes = 1 << mode::STATION | if ap { 1 << mode::AP } else { 0 };
    let wiphy =
        Wiphy { id, name: format!("phy{id}"), modes, bands: vec![Band { id: 0, ht: true, vht: false, channels }], ..Wiphy::default() };
    Radio { wiphy, driver: driver.into(), bus, device: None }
}

fn simulated() -> Radio {
    radio(0, "mac80211_hwsim", Bus::Other, true)
}

fn prepared() -> Event {
    Event::Prepared { interface: "wlan0".into(), index: 7, heard: vec![] }
}

/// A machine, its clock, and everything it asked for.
struct Bench {
    machine: Machine,
    now: Duration,
    asked: Vec<&'static str>,
}

fn name(action: &Action) -> &'static str {
    match action {
        Action::SetCountry(_) => "country",
        Action::List => "list",
        Action::Prepare { .. } => "prepare",
        Action::Launch(_) => "launch",
        Action::Follow(_) => "follow",
        Action::Stop => "stop",
        Action::Reload(_) => "reload",
        Action::Reboots { now: Some(_), .. } => "reboot",
        Action::Reboots { now: None, .. } => "forget",
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Country => "Country",
        State::Settling { .. } => "Settling",
        State::Listing { .. } => "Listing",
        State::NoRadio => "NoRadio",
        State::Preparing { .. } => "Preparing",
        State::Starting { .. } => "Starting",
        State::Up { .. } => "Up",
        State::Pausing { .. } => "Pausing",
        State::Recovering { .. } => "Recovering",
    }
}

impl Bench {
    fn new() -> Self {
        let places = Places { bridge: "br-hotspot".into(), control: "/run/c".into() };
        Self { machine: Machine::new(wish(), places, Some(0)), now: Duration::from_secs(10), asked: vec![] }
    }

    fn step(&mut self, event: Event) -> Vec<&'static str> {
        let names: Vec<_> = self.machine.step(event, self.now).iter().map(name).collect();
        self.asked.extend(&names);
        names
    }

    /// Lets time pass to the next deadline.
    fn wait(&mut self) -> Vec<&'static str> {
        self.now = self.machine.deadline().expect("a deadline").max(self.now);
        self.step(Event::Tick)
    }

    fn state(&self) -> &'static str {
        state_name(self.machine.state())
    }

    fn listed(radios: Vec<Radio>) -> Self {
        let mut b = Self::new();
        b.step(Event::Start(None));
        b.step(Event::CountrySet(None));
        b.wait();
        b.step(Event::Radios(radios));
        b
    }

    fn up(radio: Radio) -> Self {
        let mut b = Self::listed(vec![radio]);
        b.step(prepared());
        b.step(Event::Enabled);
        b
    }

    /// A machine in the state of this name.
    fn at(state: &str) -> Self {
        let mut b = match state {
            "NoRadio" => Self::listed(vec![]),
            "Preparing" | "Starting" => Self::listed(vec![simulated()]),
            "Up" | "Pausing" => Self::up(simulated()),
            "Recovering" => Self::up(radio(0, "brcmfmac", Bus::Sdio, true)),
            _ => Self::new(),
        };
        match state {
            "Country" => _ = b.step(Event::Start(None)),
            "Settling" | "Listing" => {
                b.step(Event::Start(None));
                b.step(Event::CountrySet(None));
            }
            "Starting" => _ = b.step(prepared()),
            "Pausing" => _ = b.step(Event::Failed("x".into())),
            "Recovering" => {
                b.now += Duration::from_secs(400);
                b.step(Event::RadioGone(0));
                while b.state() != "NoRadio" {
                    b.wait();
                    if b.state() == "Listing" {
                        b.step(Event::Radios(vec![]));
                    }
                }
                b.wait();
            }
            _ => {}
        }
        if state == "Listing" {
            b.wait();
        }
        assert_eq!(b.state(), state);
        b.asked.clear();
        b
    }
}

#[test]
fn the_whole_table() {
    let other = Wish { ssid: "Other".into(), ..wish() };
    let dead = || Event::Failed("x".into());
    // Events in columns; in each cell what is asked for, and the next state ("" stays).
    type Cell = (&'static [&'static str], &'static str);
    const STAY: Cell = (&[], "");
    const SETTLE: Cell = (&[], "Settling");
    const DROP: Cell = (&["stop"], "Settling");
    const PAUSE: Cell = (&["stop"], "Pausing");
    const ANEW: Cell = (&["stop", "country"], "Country");
    let columns = || {
        vec![
            Event::CountrySet(None),
            Event::RadioCame(3),
            Event::RadioGone(0),
            Event::RadioGone(3),
            Event::InterfaceGone(7),
            Event::InterfaceGone(8),
            Event::Radios(vec![simulated()]),
            Event::Radios(vec![]),
            prepared(),
            dead(),
            Event::Enabled,
            Event::Wish(wish()),
            Event::Wish(other.clone()),
            Event::Recovered(None),
            Event::Recovered(Some("no".into())),
        ]
    };
    #[rustfmt::skip]
    let table: [(&str, [Cell; 15]); 9] = [
        //             country  came    gone 0  gone 3  if 7   if 8   radios                     none               prepared                dead    enabled      same  wish  done  refused
        ("Country",    [SETTLE, STAY,   STAY,   STAY,   STAY,  STAY,  STAY,                      STAY,              STAY,                   STAY,   STAY,        STAY, ANEW, STAY, STAY]),
        ("Settling",   [STAY,   SETTLE, SETTLE, SETTLE, STAY,  STAY,  STAY,                      STAY,              STAY,                   STAY,   STAY,        STAY, ANEW, STAY, STAY]),
        ("Listing",    [STAY,   SETTLE, SETTLE, SETTLE, STAY,  STAY,  (&["prepare"], "Preparing"), (&[], "NoRadio"), STAY,                  STAY,   STAY,        STAY, ANEW, STAY, STAY]),
        ("NoRadio",    [STAY,   SETTLE, SETTLE, SETTLE, STAY,  STAY,  STAY,                      STAY,              STAY,                   STAY,   STAY,        STAY, ANEW, STAY, STAY]),
        ("Preparing",  [STAY,   STAY,   DROP,   STAY,   STAY,  STAY,  STAY,                      DROP,              (&["launch"], "Starting"), PAUSE, STAY,       STAY, ANEW, STAY, STAY]),
        ("Starting",   [STAY,   STAY,   DROP,   STAY,   DROP,  STAY,  STAY,                      DROP,              STAY,                   PAUSE,  (&[], "Up"), STAY, ANEW, STAY, STAY]),
        ("Up",         [STAY,   STAY,   DROP,   STAY,   DROP,  STAY,  STAY,                      DROP,              STAY,                   PAUSE,  STAY,        STAY, ANEW, STAY, STAY]),
        ("Pausing",    [STAY,   STAY,   DROP,   STAY,   DROP,  STAY,  STAY,                      DROP,              STAY,                   STAY,   STAY,        STAY, ANEW, STAY, STAY]),
        ("Recovering", [STAY,   SETTLE, SETTLE, SETTLE, STAY,  STAY,  STAY,                      STAY,              STAY,                   STAY,   STAY,        STAY, ANEW, STAY, SETTLE]),
    ];
    for (state, cells) in table {
        for (column, (asked, next)) in cells.into_iter().enumerate() {
            let mut b = Bench::at(state);
            let event = columns().swap_remove(column);
            let label = format!("{state} on {event:?}");
            assert_eq!(b.step(event), asked, "{label}");
            assert_eq!(b.state(), if next.is_empty() { state } else { next }, "{label}");
        }
    }
}

#[test]
fn time_alone() {
    for (state, asked, next) in [
        ("Settling", vec!["list"], "Listing"),
        ("Listing", vec!["stop"], "Pausing"),
        ("Preparing", vec!["stop"], "Pausing"),
        ("Starting", vec!["stop"], "Pausing"),
        ("Pausing", vec!["launch"], "Starting"),
        ("Recovering", vec![], "Settling"),
    ] {
        let mut b = Bench::at(state);
        assert_eq!(b.step(Event::Tick), Vec::<&str>::new(), "{state}: too early");
        assert_eq!(b.wait(), asked, "{state}");
        assert_eq!(b.state(), next, "{state}");
    }
    for state in ["Country", "NoRadio", "Up"] {
        assert_eq!(Bench::at(state).machine.deadline(), None, "{state} wakes nobody up");
    }
}

#[test]
fn nothing_is_touched_before_the_radios_are_quiet() {
    let mut b = Bench::at("Settling");
    for phy in 1..20 {
        b.now += Duration::from_millis(250);
        assert!(b.step(Event::RadioCame(phy)).is_empty() && b.step(Event::Tick).is_empty());
        assert!(b.step(Event::RadioGone(phy)).is_empty());
    }
    assert_eq!(b.wait(), ["list"]);
    // One that leaves between the question and the answer asks again.
    b.step(Event::RadioGone(0));
    assert!(b.step(Event::Radios(vec![simulated()])).is_empty());
    assert_eq!(b.state(), "Settling");
}

#[test]
fn a_radio_that_comes_back_is_used_again_under_its_new_number() {
    let mut b = Bench::at("Up");
    b.step(Event::Joined(PHONE));
    assert_eq!(b.step(Event::RadioGone(0)), ["stop"]);
    assert!(b.machine.stations_status(b.now).stations.is_empty());
    b.wait();
    b.step(Event::Radios(vec![]));
    assert_eq!(b.state(), "NoRadio");
    b.step(Event::RadioCame(9));
    b.wait();
    assert_eq!(b.step(Event::Radios(vec![radio(9, "mac80211_hwsim", Bus::Other, true)])), ["prepare"]);
    b.step(Event::Prepared { interface: "wlan0".into(), index: 12, heard: vec![] });
    b.step(Event::Enabled);
    let plan = b.machine.plan().unwrap();
    assert_eq!((b.state(), plan.phy, plan.index), ("Up", 9, 12));
}

#[test]
fn a_dead_hostapd_is_started_at_once_with_the_same_plan_then_with_pauses() {
    let mut b = Bench::at("Up");
    let plan = b.machine.plan().cloned();
    b.step(Event::Failed("killed".into()));
    let since = b.now;
    assert_eq!(b.wait(), ["launch"]);
    assert!(b.now - since < Duration::from_secs(1));
    assert_eq!(b.machine.plan().cloned(), plan);
    b.step(Event::Failed("again".into()));
    assert_eq!(b.machine.plan(), None);
    let mut pauses = vec![];
    for _ in 0..12 {
        let since = b.now;
        b.wait();
        pauses.push((b.now - since).as_secs());
        b.wait();
        b.step(Event::Radios(vec![simulated()]));
        b.step(Event::Failed("cannot".into()));
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
    assert!(!b.asked.contains(&"reload") && !b.asked.contains(&"reboot"));
    assert_eq!(b.machine.status("").state, "failed");
}

#[test]
fn an_onboard_radio_that_fails_gets_its_module_anew_and_then_a_reboot() {
    let onboard = || radio(0, "brcmfmac", Bus::Sdio, true);
    let mut b = Bench::listed(vec![onboard()]);
    while !b.asked.contains(&"reboot") {
        match b.state() {
            "Preparing" => _ = b.step(Event::Failed("firmware".into())),
            "Listing" => _ = b.step(Event::Radios(vec![onboard()])),
            _ => _ = b.wait(),
        }
        assert!(b.now < Duration::from_secs(1000));
    }
    assert_eq!(b.asked.iter().filter(|a| **a == "reload").count(), 2);
    assert!(b.now >= Duration::from_secs(310));
}

#[test]
fn a_radio_that_was_pulled_long_ago_does_not_make_the_next_failure_look_old() {
    let onboard = |id| radio(id, "brcmfmac", Bus::Sdio, true);
    let mut b = Bench::up(onboard(0));
    b.step(Event::RadioGone(0));
    b.step(Event::RadioCame(1));
    b.wait();
    b.step(Event::Radios(vec![onboard(1)]));
    b.step(prepared());
    b.step(Event::Enabled);
    assert_eq!(b.wait(), Vec::<&str>::new());
    assert_eq!(b.machine.deadline(), None);
    b.now += Duration::from_secs(9000);
    assert_eq!(b.step(Event::Failed("x".into())), ["stop"]);
    assert_eq!(b.state(), "Pausing");
}

#[test]
fn success_forgets_past_trouble() {
    let mut b = Bench::at("Up");
    b.step(Event::Failed("once".into()));
    b.wait();
    b.step(Event::Enabled);
    assert_eq!(b.machine.failures(), 1);
    b.wait();
    assert_eq!((b.machine.failures(), b.machine.deadline()), (0, None));

    let places = Places { bridge: "b".into(), control: "c".into() };
    let mut b = Bench { machine: Machine::new(wish(), places, Some(3)), ..Bench::new() };
    b.step(Event::Start(None));
    b.step(Event::CountrySet(None));
    b.wait();
    b.step(Event::Radios(vec![simulated()]));
    b.step(prepared());
    b.step(Event::Enabled);
    assert_eq!(b.wait(), ["forget"]);
}

#[test]
fn a_running_hostapd_is_taken_over_only_if_nothing_changed() {
    let plan: Plan = Bench::at("Up").machine.plan().cloned().unwrap();
    let with = |plan: Plan, radios: Vec<Radio>| {
        let mut b = Bench::new();
        b.step(Event::Start(Some(plan)));
        b.step(Event::CountrySet(None));
        b.wait();
        b.asked.clear();
        b.step(Event::Radios(radios));
        (b.asked.clone(), b.state())
    };
    assert_eq!(with(plan.clone(), vec![simulated()]), (vec!["follow"], "Up"));
    assert_eq!(with(plan.clone(), vec![radio(1, "x", Bus::Other, true)]), (vec!["stop", "prepare"], "Preparing"));
    assert_eq!(with(plan.clone(), vec![]), (vec!["stop"], "NoRadio"));
    let old = Plan { wish: Wish { ssid: "Old".into(), ..wish() }, ..plan };
    assert_eq!(with(old, vec![simulated()]), (vec!["stop", "prepare"], "Preparing"));
}

#[test]
fn another_radio_does_not_disturb_an_open_network_but_is_shown() {
    let mut b = Bench::at("Up");
    b.step(Event::Joined(PHONE));
    assert!(b.step(Event::RadioCame(1)).is_empty());
    assert_eq!(b.wait(), ["list"]);
    b.step(Event::Radios(vec![simulated(), radio(1, "rt2800usb", Bus::Usb, true)]));
    assert_eq!((b.state(), b.machine.radio_count(), b.machine.stations_status(b.now).stations.len()), ("Up", 2, 1));
}

#[test]
fn a_country_that_cannot_be_set_is_said_and_the_box_goes_on() {
    let mut b = Bench::at("Country");
    b.step(Event::CountrySet(Some("country XX is not known".into())));
    b.wait();
    b.step(Event::Radios(vec![simulated()]));
    b.step(prepared());
    b.step(Event::Enabled);
    let status = b.machine.status("well");
    assert_eq!((status.state, status.problems.len(), status.channel), ("up", 1, Some(1)));
    let json = serde_json::to_value(&status).unwrap();
    for key in [
        "v",
        "state",
        "phy",
        "interface",
        "driver",
        "ssid",
        "channel",
        "freq_mhz",
        "country",
        "security",
        "stations",
        "limit",
        "full",
        "last_error",
        "led",
        "radios",
    ] {
        assert!(json.get(key).is_some(), "{key}");
    }
}

#[test]
fn a_radio_without_any_allowed_channel_is_no_radio() {
    let mut mute = simulated();
    mute.wiphy.bands[0].channels.iter_mut().for_each(|c| c.no_ir = true);
    assert_eq!(Bench::listed(vec![mute]).state(), "NoRadio");
    assert_eq!(Bench::listed(vec![radio(0, "x", Bus::Usb, false)]).state(), "NoRadio");
}
