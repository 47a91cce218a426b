//! radiod: radios, country, channel, hostapd, stations, LED. `radio::machine` decides; here events are gathered and
//! actions done.

mod files;
mod hostapd;
mod inventory;
mod led;
mod prepare;
mod settings;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use radio::led::{Code, Facts};
use radio::machine::{Action, Event, Machine, Places, Plan, State};
use serde_json::{Value, json};
use sys::nl80211::Nl80211;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use wire::nl80211::Event as Kernel;

/// The bridge of the visitors' network, which netd makes.
const BRIDGE: &str = "br-hotspot";
/// How often the LED's facts are gathered and the stations counted anew.
const ROUND: Duration = Duration::from_secs(30);

/// How often a kernel without wireless support is asked again.
const NO_WIRELESS: Duration = Duration::from_secs(10);

/// Runs until told to stop.
pub fn run() -> ExitCode {
    crate::logging::init();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            log::error!("no event loop: {e}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(Radiod::serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            log::error!("{e}");
            ExitCode::FAILURE
        }
    }
}

/// What netd says of the uplink.
struct Uplink {
    internet: bool,
    /// A cable is in, and the internet does not answer.
    cable: bool,
}

/// What the socket's thread sees.
struct Shared {
    machine: Machine,
    led: &'static str,
    /// An update is on its way, and one was refused: for the LED.
    update: (bool, bool),
}

/// What the socket's thread wants of the main loop.
enum Asked {
    Disconnect([u8; 6]),
    ShowLed,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(shared: &Mutex<Shared>, request: &crate::ipc::Request, asked: &UnboundedSender<Asked>) -> (u16, Value) {
    if (request.method.as_str(), request.path.as_str()) == ("POST", "/disconnect") {
        return match request.body["mac"].as_str().and_then(wire::hostapd::parse_mac) {
            Some(mac) if asked.send(Asked::Disconnect(mac)).is_ok() => (200, json!({"v": 1})),
            _ => (400, json!({"v": 1, "error": "mac must be a station's address, such as 02:00:00:00:01:00"})),
        };
    }
    if (request.method.as_str(), request.path.as_str()) == ("POST", "/update") {
        lock(shared).update = (request.body["updating"] == true, request.body["refused"] == true);
        let _ = asked.send(Asked::ShowLed);
        return (200, json!({"v": 1}));
    }
    let shared = lock(shared);
    let value = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/status") => serde_json::to_value(shared.machine.status(shared.led)),
        ("GET", "/stations") => serde_json::to_value(shared.machine.stations_status(sys::process::uptime())),
        _ => return (404, json!({"v": 1, "error": "radiod answers GET /status, GET /stations, POST /disconnect and POST /update"})),
    };
    value.map_or_else(|e| (500, json!({"v": 1, "error": e.to_string()})), |value| (200, value))
}

/// What the supervisor tells.
struct Signals {
    hangup: Signal,
    terminate: Signal,
}

/// Connects to nl80211. Where the kernel has no wireless support yet (no driver needed it), that is a box without a radio
/// until it has; `None` when told to stop meanwhile.
async fn wireless(shared: &Mutex<Shared>, led: &mut led::Led, signals: &mut Signals, settings: &mut settings::Loaded) -> Option<Nl80211> {
    let mut told = false;
    loop {
        match Nl80211::connect().await {
            Ok(nl) => return Some(nl),
            Err(e) if !told => log::warn!("no wireless support in the kernel ({e}): Ethernet is served, and a radio that comes is used"),
            Err(_) => {}
        }
        told = true;
        led.show(Code::NoRadio);
        {
            let mut shared = lock(shared);
            shared.machine.without_wireless();
            shared.led = led.name();
        }
        tokio::select! {
            _ = signals.terminate.recv() => return None,
            _ = signals.hangup.recv() => *settings = settings::load(),
            () = tokio::time::sleep(NO_WIRELESS) => {}
        }
    }
}

struct Radiod {
    shared: Arc<Mutex<Shared>>,
    tools: prepare::Tools,
    /// Events of what was started by the current attempt, by number; older attempts are not heard.
    events: UnboundedSender<(u64, Event)>,
    attempt: u64,
    running: Option<hostapd::Running>,
    preparing: Option<tokio::task::JoinHandle<()>>,
    kept_pid: Option<i32>,
    led: led::Led,
    facts: Facts,
    uplink: UnboundedSender<Uplink>,
    settings: settings::Loaded,
}

impl Radiod {
    async fn serve() -> Result<(), String> {
        let mut signals = Signals {
            hangup: signal(SignalKind::hangup()).map_err(|e| e.to_string())?,
            terminate: signal(SignalKind::terminate()).map_err(|e| e.to_string())?,
        };
        let places = Places { bridge: BRIDGE.into(), control: hostapd::control_folder().to_string_lossy().into_owned() };
        let mut settings = settings::load();
        let machine = Machine::new(settings.wish.clone(), places, files::reboots());
        let shared = Arc::new(Mutex::new(Shared { machine, led: "starting", update: (false, false) }));
        let (asked, mut to_do) = unbounded_channel();
        let for_socket = shared.clone();
        crate::ipc::serve("radiod", move |request| answer(&for_socket, &request, &asked)).map_err(|e| format!("radiod.sock: {e}"))?;
        let mut led = led::Led::find();
        let Some(nl) = wireless(&shared, &mut led, &mut signals, &mut settings).await else { return Ok(()) };
        let links = sys::wlan::Links::connect().map_err(|e| e.to_string())?;
        let mut kernel = sys::nl80211::events().map_err(|e| format!("nl80211 events: {e}"))?;
        let (events, mut received) = unbounded_channel();
        let (uplink, mut uplinks) = unbounded_channel();
        let mut radiod = Self {
            shared,
            tools: prepare::Tools { nl, links, scan_ended: Arc::default() },
            events,
            attempt: 0,
            running: None,
            preparing: None,
            kept_pid: None,
            led,
            facts: Facts::default(),
            uplink,
            settings,
        };
        let mut round = tokio::time::interval(ROUND);
        radiod.start().await;
        loop {
            let due = radiod.until_tick();
            tokio::select! {
                event = kernel.recv() => match event {
                    Some(event) => radiod.kernel(event).await,
                    None => return Err("the kernel's event socket closed".into()),
                },
                Some((attempt, event)) = received.recv() => {
                    if attempt == radiod.attempt || attempt == 0 {
                        radiod.step(event).await;
                    }
                }
                _ = signals.hangup.recv() => {
                    radiod.settings = settings::load();
                    radiod.step(Event::Wish(radiod.settings.wish.clone())).await;
                }
                _ = signals.terminate.recv() => {
                    radiod.stop().await;
                    return Ok(());
                }
                Some(uplink) = uplinks.recv() => {
                    (radiod.facts.internet, radiod.facts.cable) = (uplink.internet, uplink.cable);
                    radiod.show_led();
                }
                Some(asked) = to_do.recv() => match asked {
                    Asked::Disconnect(mac) => radiod.disconnect(mac).await,
                    Asked::ShowLed => radiod.show_led(),
                },
                _ = round.tick() => radiod.round(),
                () = tokio::time::sleep(due.unwrap_or(ROUND)), if due.is_some() => radiod.step(Event::Tick).await,
            }
        }
    }

    async fn start(&mut self) {
        let kept = hostapd::Running::kept().await;
        self.kept_pid = kept.as_ref().map(|(_, pid)| *pid);
        self.step(Event::Start(kept.map(|(plan, _)| plan))).await;
        // The settings may have changed while there was no wireless support.
        self.step(Event::Wish(self.settings.wish.clone())).await;
    }

    async fn disconnect(&self, mac: [u8; 6]) {
        let interface = lock(&self.shared).machine.plan().map(|plan| plan.interface.clone());
        let Some(interface) = interface else { return };
        let phone = wire::hostapd::format_mac(mac);
        match hostapd::command(&interface, &wire::hostapd::deauthenticate(mac)).await {
            Ok(()) => log::info!("{phone} was disconnected"),
            Err(e) => log::warn!("{phone} could not be disconnected: {e}"),
        }
    }

    fn until_tick(&self) -> Option<Duration> {
        let shared = lock(&self.shared);
        Some(shared.machine.deadline()?.saturating_sub(sys::process::uptime()))
    }

    async fn kernel(&mut self, event: Kernel) {
        let event = match event {
            Kernel::NewWiphy(phy) => Event::RadioCame(phy),
            Kernel::DelWiphy(phy) => Event::RadioGone(phy),
            Kernel::DelInterface(index) => Event::InterfaceGone(index),
            Kernel::DelStation(index, mac) => {
                let ours = lock(&self.shared).machine.plan().is_some_and(|plan| plan.index == index);
                if !ours {
                    return;
                }
                Event::Left(mac)
            }
            Kernel::ScanDone(_) | Kernel::ScanAborted(_) => return self.tools.scan_ended.notify_one(),
        };
        self.step(event).await;
    }

    /// Lets the machine decide, and does what it says.
    async fn step(&mut self, event: Event) {
        let (before, after, actions) = {
            let mut shared = lock(&self.shared);
            let now = sys::process::uptime();
            let before = shared.machine.state();
            let actions = shared.machine.step(event, now);
            (before, shared.machine.state(), actions)
        };
        if std::mem::discriminant(&before) != std::mem::discriminant(&after) {
            self.tell(before, after);
        }
        for action in actions {
            self.act(action).await;
        }
        self.show_led();
    }

    fn tell(&self, before: State, state: State) {
        let shared = lock(&self.shared);
        let status = shared.machine.status("");
        let error = || status.last_error.clone().unwrap_or_default();
        match state {
            State::Up { .. } => {
                log::info!(
                    "{:?} is open on channel {} ({}), {}",
                    status.ssid,
                    status.channel.unwrap_or(0),
                    status.country,
                    status.security
                );
                status.why.iter().for_each(|why| log::info!("{why}"));
                status.problems.iter().for_each(|problem| log::warn!("{problem}"));
            }
            State::Settling { .. } if !matches!(before, State::Country | State::Settling { .. }) => {
                log::info!("looking for radios: {}", status.last_error.as_deref().unwrap_or("one came or went"));
            }
            State::NoRadio => log::warn!("no radio can be an access point; Ethernet is served, and a radio that comes is used"),
            State::Pausing { .. } => log::warn!("{}; trying again", error()),
            State::Recovering { .. } => log::error!("{}; asking for more", error()),
            _ => {}
        }
    }

    async fn act(&mut self, action: Action) {
        let nl = self.tools.nl.clone();
        match action {
            Action::SetCountry(country) => self.spawn(0, inventory::set_country(nl, country)),
            Action::List => self.spawn(0, inventory::list(nl)),
            Action::Prepare { phy, frequencies } => {
                self.attempt += 1;
                let tools = prepare::Tools { scan_ended: Arc::default(), ..self.tools.clone() };
                self.tools.scan_ended = tools.scan_ended.clone();
                let (events, attempt) = (self.events.clone(), self.attempt);
                self.preparing = Some(tokio::spawn(async move {
                    let _ = events.send((attempt, prepare::prepare(tools, phy, frequencies).await));
                }));
            }
            Action::Launch(plan) => self.launch(&plan, None).await,
            Action::Follow(plan) => {
                let pid = self.kept_pid.take();
                self.launch(&plan, pid).await;
            }
            Action::Stop => self.stop().await,
            Action::Reload(module) => self.ask_supervisor(json!({"step": "reload-module", "module": module})),
            Action::Reboots { count, now } => {
                let kept = files::keep_reboots(count);
                match (now, kept) {
                    (Some(why), Ok(())) => self.ask_supervisor(json!({"step": "reboot", "why": why})),
                    (_, Err(e)) => log::error!("/data/radiod/reboots: {e}; no reboot without a count"),
                    (None, Ok(())) => {}
                }
            }
        }
    }

    fn spawn(&self, attempt: u64, work: impl Future<Output = Event> + 'static + Send) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let _ = events.send((attempt, work.await));
        });
    }

    fn ask_supervisor(&self, body: Value) {
        log::warn!("asking the supervisor: {body}");
        self.spawn(0, async move {
            let asked = crate::ipc::ask("supervisor", "/recover", Some(&body)).await;
            Event::Recovered(asked.err().map(|e| format!("supervisor: {e}")))
        });
    }

    async fn launch(&mut self, plan: &Plan, kept: Option<i32>) {
        self.end_running().await;
        self.attempt += 1;
        let (events, attempt) = (self.events.clone(), self.attempt);
        let (sender, mut heard) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(event) = heard.recv().await {
                let _ = events.send((attempt, event));
            }
        });
        let running = match kept {
            Some(pid) => hostapd::Running::follow(plan, pid, sender),
            None => hostapd::Running::launch(plan, sender),
        };
        match running {
            Ok(running) => self.running = Some(running),
            Err(e) => _ = self.events.send((attempt, Event::Failed(e.to_string()))),
        }
        if kept.is_some() {
            self.count();
        }
    }

    async fn stop(&mut self) {
        self.attempt += 1;
        if let Some(task) = self.preparing.take() {
            task.abort();
        }
        if let Some(pid) = self.kept_pid.take()
            && let Ok(kept) = sys::pidfd::Process::open(pid)
        {
            let _ = kept.terminate();
            let _ = tokio::time::timeout(Duration::from_secs(2), kept.ended()).await;
            files::forget_plan();
        }
        self.end_running().await;
    }

    async fn end_running(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Counts the stations anew: an event may have been lost.
    fn count(&self) {
        let Some(index) = lock(&self.shared).machine.plan().map(|plan| plan.index) else { return };
        let (nl, events, attempt) = (self.tools.nl.clone(), self.events.clone(), self.attempt);
        tokio::spawn(async move {
            if let Ok(all) = nl.stations(index).await {
                let all = all.iter().filter(|s| s.authorized).map(|s| (s.mac, s.connected_s)).collect();
                let _ = events.send((attempt, Event::Counted(all)));
            }
        });
    }

    /// Every so often: stations, and the LED's facts.
    fn round(&mut self) {
        if matches!(lock(&self.shared).machine.state(), State::Up { .. }) {
            self.count();
        }
        let uplink = self.uplink.clone();
        tokio::spawn(async move {
            // Without netd's word, no LED code is about the internet.
            let lan = crate::ipc::ask("netd", "/status", None).await.unwrap_or_default();
            let state = lan["uplink"]["state"].as_str().unwrap_or_default();
            let _ = uplink.send(Uplink { internet: state == "internet", cable: matches!(state, "no-lease" | "lease") });
        });
        self.show_led();
    }

    fn show_led(&mut self) {
        {
            let shared = lock(&self.shared);
            let (machine, state) = (&shared.machine, shared.machine.state());
            self.facts.ap_up = matches!(state, State::Up { .. });
            self.facts.no_radio = state == State::NoRadio;
            self.facts.ap_failed = machine.failures() > 2 && !self.facts.ap_up;
            self.facts.second_radio = machine.radio_count() > 1;
            (self.facts.updating, self.facts.update_refused) = shared.update;
        }
        self.facts.data_broken = files::data_broken();
        self.facts.settings_problem = self.settings.problems;
        self.facts.uplink_set = self.settings.uplink_set;
        self.facts.wants_internet = self.settings.wants_internet;
        self.led.show(radio::led::code(&self.facts));
        lock(&self.shared).led = self.led.name();
    }
}
