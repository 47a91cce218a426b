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

use radio::led::Facts;
use radio::machine::{Action, Event, Machine, Places, Plan, State};
use serde_json::{Value, json};
use sys::nl80211::Nl80211;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wire::nl80211::Event as Kernel;

/// The bridge of the visitors' network, which netd makes.
const BRIDGE: &str = "br-hotspot";
/// How often the LED's facts are gathered and the stations counted anew.
const ROUND: Duration = Duration::from_secs(30);

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
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(shared: &Mutex<Shared>, request: &crate::ipc::Request) -> (u16, Value) {
    let shared = lock(shared);
    let value = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/status") => serde_json::to_value(shared.machine.status(shared.led)),
        ("GET", "/stations") => serde_json::to_value(shared.machine.stations_status(sys::process::uptime())),
        _ => return (404, json!({"v": 1, "error": "radiod answers GET /status and GET /stations"})),
    };
    value.map_or_else(|e| (500, json!({"v": 1, "error": e.to_string()})), |value| (200, value))
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
        let nl = Nl80211::connect().await.map_err(|e| format!("no wireless support in the kernel: {e}"))?;
        let links = sys::wlan::Links::connect().map_err(|e| e.to_string())?;
        let kernel = sys::nl80211::events().map_err(|e| format!("nl80211 events: {e}"))?;
        let loaded = settings::load();
        let places = Places { bridge: BRIDGE.into(), control: hostapd::control_folder().to_string_lossy().into_owned() };
        let machine = Machine::new(loaded.wish.clone(), places, files::reboots());
        let shared = Arc::new(Mutex::new(Shared { machine, led: "starting" }));
        let for_socket = shared.clone();
        crate::ipc::serve("radiod", move |request| answer(&for_socket, &request)).map_err(|e| format!("radiod.sock: {e}"))?;
        let (events, received) = unbounded_channel();
        let (uplink, uplinks) = unbounded_channel();
        let radiod = Self {
            shared,
            tools: prepare::Tools { nl, links, scan_ended: Arc::default() },
            events,
            attempt: 0,
            running: None,
            preparing: None,
            kept_pid: None,
            led: led::Led::find(),
            facts: Facts::default(),
            uplink,
            settings: loaded,
        };
        radiod.work(received, uplinks, kernel).await
    }

    async fn work(
        mut self,
        mut received: UnboundedReceiver<(u64, Event)>,
        mut uplinks: UnboundedReceiver<Uplink>,
        mut kernel: UnboundedReceiver<Kernel>,
    ) -> Result<(), String> {
        let mut hangup = signal(SignalKind::hangup()).map_err(|e| e.to_string())?;
        let mut terminate = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
        let mut round = tokio::time::interval(ROUND);
        let kept = hostapd::Running::kept().await;
        self.kept_pid = kept.as_ref().map(|(_, pid)| *pid);
        self.step(Event::Start(kept.map(|(plan, _)| plan))).await;
        loop {
            let due = self.until_tick();
            tokio::select! {
                event = kernel.recv() => match event {
                    Some(event) => self.kernel(event).await,
                    None => return Err("the kernel's event socket closed".into()),
                },
                Some((attempt, event)) = received.recv() => {
                    if attempt == self.attempt || attempt == 0 {
                        self.step(event).await;
                    }
                }
                _ = hangup.recv() => {
                    self.settings = settings::load();
                    self.step(Event::Wish(self.settings.wish.clone())).await;
                }
                _ = terminate.recv() => {
                    self.stop().await;
                    return Ok(());
                }
                Some(uplink) = uplinks.recv() => {
                    (self.facts.internet, self.facts.cable) = (uplink.internet, uplink.cable);
                    self.show_led();
                }
                _ = round.tick() => self.round(),
                () = tokio::time::sleep(due.unwrap_or(ROUND)), if due.is_some() => self.step(Event::Tick).await,
            }
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
            self.tell(after);
        }
        for action in actions {
            self.act(action).await;
        }
        self.show_led();
    }

    fn tell(&self, state: State) {
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
        }
        self.facts.data_broken = files::data_broken();
        self.facts.settings_problem = self.settings.problems;
        self.facts.uplink_set = self.settings.uplink_set;
        self.facts.wants_internet = self.settings.wants_internet;
        self.led.show(radio::led::code(&self.facts));
        lock(&self.shared).led = self.led.name();
    }
}
