//! The supervisor: starts the daemons in order, restarts the dead, keeps the log, answers what the state is.

mod board;
mod card;
mod data;
mod devices;
mod kmsg;
mod lend;
mod loans;
mod memory;
mod owner_file;
mod pipes;
mod ring;
mod schedule;
mod settings;
pub mod slots;
mod start;
mod status;
pub mod sticks;
mod stop;
mod storage;
mod table;
mod tail;
mod trial;
mod versions;
mod watch;

use std::io::{PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sys::process::{self, Exit, Signals, Told};
use sys::uevent::Listener;

use kmsg::Kmsg;
use pipes::Pipes;
use schedule::{Schedule, State};
use status::{Recovery, Shared, View, lock};
use table::{Kind, UNITS};
use tail::Tail;

/// `hotspot supervisor`, started by init; with an argument, one of the steps that it runs as processes of their own.
pub fn run(args: &[String]) -> ExitCode {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if !args.is_empty() {
        crate::logging::init();
    }
    let result = match args.as_slice() {
        [] => Supervisor::start().map(Supervisor::run),
        ["data"] => data::run(),
        ["repair"] => data::repair(),
        ["coldplug"] => devices::coldplug(),
        ["settings"] => settings::run(),
        ["parse-settings"] => settings::parse(),
        ["owner-file"] => owner_file::run(),
        ["reload-module", module] => devices::reload(module),
        ["slots"] => slots::run(),
        ["sticks", lent @ ..] => sticks::run(lent),
        ["stop"] => stop::ask(),
        other => Err(format!("there is no step {}", other.join(" "))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("<3>{why}");
            ExitCode::FAILURE
        }
    }
}

struct Supervisor {
    signals: Signals,
    shared: Arc<Mutex<Shared>>,
    schedule: Schedule,
    pipes: Pipes,
    woken: PipeReader,
    kernel: Option<Kmsg>,
    uevents: Option<Listener>,
    /// Devices that wait for a modprobe, and the one that runs.
    plugged: Vec<String>,
    modprobe: Option<u32>,
    /// Sticks came or went, and the step that looks at them.
    sticks_changed: bool,
    sticks: Option<u32>,
    loans: loans::Loans,
    tail: Tail,
    watch: watch::Watch,
    trial: trial::Trial,
    timezone: String,
}

impl Supervisor {
    fn start() -> Result<Self, String> {
        // Before any thread is made.
        let signals = Signals::take().map_err(|e| format!("signals: {e}"))?;
        let shared = Arc::new(Mutex::new(Shared::default()));
        crate::logging::init_to(own_lines(&shared));
        let _ = std::fs::write("/proc/self/oom_score_adj", "-1000");
        if let Err(e) = process::lock_memory() {
            log::warn!("memory is not locked: {e}");
        }
        start::run_directories().map_err(|e| format!("/run/hotspot: {e}"))?;
        stop::write_pid()?;
        let (woken, waker) = std::io::pipe().map_err(|e| e.to_string())?;
        process::set_nonblocking(woken.as_fd()).map_err(|e| e.to_string())?;
        let mut supervisor = Self {
            signals,
            shared,
            schedule: Schedule::new(UNITS),
            pipes: Pipes::default(),
            woken,
            kernel: None,
            uevents: Listener::new().map_err(|e| log::error!("devices that are plugged in stay unknown: {e}")).ok(),
            plugged: Vec::new(),
            modprobe: None,
            // Those that were in before the box was switched on.
            sticks_changed: true,
            sticks: None,
            loans: loans::Loans::default(),
            tail: Tail::new(Path::new(start::DATA).join("log")),
            watch: watch::Watch::default(),
            trial: trial::Trial::of_this_start(),
            timezone: "UTC0".into(),
        };
        if crate::cmdline::read("hotspot.slot").as_deref() == Some("rescue") {
            log::error!("neither slot can be started: this is the rescue system");
            supervisor.schedule.only(table::IN_RESCUE);
        }
        // The portal is on its way before anything else is looked at.
        supervisor.start_due();
        supervisor.kernel = Kmsg::open().map_err(|e| log::warn!("/dev/kmsg: {e}")).ok();
        let shared = Arc::clone(&supervisor.shared);
        let wake = move || {
            let _ = (&waker).write_all(b"!");
        };
        if let Err(e) = crate::ipc::serve("supervisor", move |request| status::answer(&shared, &request, &wake)) {
            log::error!("no status can be asked: {e}");
        }
        start::give_to_group(&crate::ipc::run_dir().join("supervisor.sock"));
        Ok(supervisor)
    }

    fn run(mut self) {
        loop {
            self.start_due();
            self.publish();
            self.wait();
            while let Some(told) = self.signals.next() {
                match told {
                    Told::Child => self.reap(),
                    Told::Reload => self.schedule.again("settings"),
                    Told::Stop => return self.stop(),
                }
            }
            self.recover();
            self.hear_of_devices();
            self.stop_overdue();
            let now = process::uptime();
            self.watch.turn(now, self.trial.is_on() || self.is_well(now));
            self.trial.turn(now);
            self.keep_log(now);
        }
    }

    /// Sleeps until something happens or is due, and reads what the pipes hold.
    fn wait(&mut self) {
        let now = process::uptime();
        let deadlines = [
            self.schedule.next_deadline(),
            self.tail.due(&lock(&self.shared).ring),
            self.watch.next(),
            self.trial.next(),
            self.loans.next(),
        ];
        let timeout = deadlines.into_iter().flatten().min().map(|at| at.saturating_sub(now));
        let mut fds: Vec<BorrowedFd<'_>> = vec![self.signals.as_fd(), self.woken.as_fd()];
        fds.extend(self.kernel.as_ref().map(AsFd::as_fd));
        fds.extend(self.uevents.as_ref().map(AsFd::as_fd));
        let fixed = fds.len();
        fds.extend(self.pipes.fds());
        let ready = process::wait_readable(&fds, timeout);
        let _ = self.woken.read(&mut [0; 64]);
        let mut shared = lock(&self.shared);
        self.pipes.read(&ready[fixed..], &mut shared.ring, process::uptime());
        while let Some((line, micros)) = self.kernel.as_mut().and_then(Kmsg::next) {
            shared.ring.push("kernel", line.as_bytes(), Duration::from_micros(micros));
        }
    }

    fn start_due(&mut self) {
        while let Some(index) = self.schedule.due(process::uptime()).first().copied() {
            let now = process::uptime();
            let unit = &UNITS[index];
            match start::start(unit, &self.timezone) {
                Ok((pid, reader)) => {
                    self.pipes.add(unit.name, reader);
                    self.schedule.started(index, pid, now);
                }
                Err(e) => {
                    log::error!("{} cannot be started: {e}", unit.name);
                    self.schedule.ended(index, format!("cannot be started: {e}"), false, now);
                }
            }
        }
    }

    fn reap(&mut self) {
        while let Some((pid, exit)) = process::reap() {
            if self.modprobe == Some(pid) {
                self.modprobe = None;
                devices::prepare();
            }
            if self.sticks == Some(pid) {
                self.sticks = None;
            }
            let Some(index) = self.schedule.by_pid(pid) else { continue };
            let unit = &UNITS[index];
            let well = exit == Exit::Status(0);
            if unit.kind == Kind::Daemon || !well {
                log::error!("{} ended: {exit}", unit.name);
                self.tail.note_death();
            }
            self.schedule.ended(index, exit.to_string(), well, process::uptime());
            self.over(unit.name);
        }
    }

    /// A one-shot is over: what it has made is handed on.
    fn over(&mut self, name: &str) {
        match name {
            "data" => {
                let data = Path::new(start::DATA);
                if let Err(e) = start::directories_in(data).and_then(|()| start::log_directory(&data.join("log"))) {
                    log::error!("/data: {e}");
                }
            }
            "settings" => {
                let bytes = std::fs::read(crate::ipc::run_dir().join("settings.json")).unwrap_or_default();
                let settings: config::Settings = serde_json::from_slice(&bytes).unwrap_or_default();
                settings.device.posix_tz().clone_into(&mut self.timezone);
                self.running(Kind::Daemon).for_each(|pid| process::send(pid, process::Send::Reload));
            }
            _ => {}
        }
    }

    fn stop_overdue(&mut self) {
        for (index, pid) in self.schedule.overdue(process::uptime()) {
            log::error!("{} takes too long and is stopped", UNITS[index].name);
            process::send(pid, process::Send::Kill);
            self.schedule.ended(index, "took too long".into(), false, process::uptime());
            self.over(UNITS[index].name);
        }
    }

    fn hear_of_devices(&mut self) {
        while let Some(news) = self.uevents.as_ref().and_then(Listener::next) {
            self.sticks_changed |= news.subsystem == "block" && news.device.as_ref().is_some_and(|d| d.starts_with("sd"));
            if news.action == "add" {
                if matches!(news.subsystem.as_str(), "leds" | "misc" | "rfkill") {
                    devices::prepare();
                }
                self.plugged.extend(news.modalias.filter(|_| self.plugged.len() < 1000));
            }
        }
        if self.modprobe.is_none() && !self.plugged.is_empty() {
            match devices::modprobe(&std::mem::take(&mut self.plugged)) {
                Ok(child) => self.modprobe = Some(child.id()),
                Err(e) => log::warn!("modprobe: {e}"),
            }
        }
        self.sticks_changed |= self.loans.expire(process::uptime());
        if self.sticks.is_none() && std::mem::take(&mut self.sticks_changed) {
            let step: Vec<&str> = std::iter::once("sticks").chain(self.loans.sticks()).collect();
            match start::helper(&step) {
                Ok((pid, reader)) => {
                    self.pipes.add("sticks", reader);
                    self.sticks = Some(pid);
                }
                Err(e) => log::warn!("sticks: {e}"),
            }
        }
    }

    fn recover(&mut self) {
        // Taken before the loop: the lock would be held through it, and what is logged there wants it too.
        let asked = std::mem::take(&mut lock(&self.shared).asked);
        for step in asked {
            let result = match step {
                Recovery::ReloadModule(module) => {
                    log::warn!("reloading {module}");
                    start::helper(&["reload-module", module]).map(|(_, reader)| self.pipes.add("reload", reader))
                }
                Recovery::ReadSettings => {
                    self.schedule.again("settings");
                    Ok(())
                }
                Recovery::Stick(wish) => {
                    self.sticks_changed |= self.loans.take(wish, process::uptime());
                    Ok(())
                }
                Recovery::OwnerFile => start::helper(&["owner-file"]).map(|(_, reader)| self.pipes.add("owner-file", reader)),
                Recovery::Reboot(why) => {
                    log::error!("restarting the box: {why}");
                    process::ask_init_to_restart()
                }
            };
            if let Err(e) = result {
                log::error!("recovery: {e}");
            }
        }
    }

    /// Whether portal and network have lived for a while.
    fn is_well(&self, now: Duration) -> bool {
        self.schedule.lives().filter(|(unit, _)| unit.kind == Kind::Daemon).all(|(_, life)| match life.state {
            State::Running { since, .. } => now.saturating_sub(since) >= watch::SETTLED,
            State::Over { .. } => true,
            State::Waiting | State::Pausing { .. } => false,
        })
    }

    fn keep_log(&mut self, now: Duration) {
        let result = {
            let shared = lock(&self.shared);
            if self.tail.due(&shared.ring).is_some_and(|at| now >= at) { self.tail.write(&shared.ring, now) } else { Ok(()) }
        };
        if let Err(e) = result {
            log::warn!("the log on the card: {e}");
        }
    }

    fn publish(&self) {
        let view = |(unit, life): (&'static table::Unit, &schedule::Life)| View {
            name: unit.name,
            kind: unit.kind,
            state: life.state,
            restarts: life.restarts,
            last_exit: life.last_exit.clone(),
        };
        let here =
            |(unit, life): &(&'static table::Unit, &schedule::Life)| unit.kind != Kind::Daemon || !matches!(life.state, State::Over { .. });
        lock(&self.shared).units = self.schedule.lives().filter(here).map(view).collect();
    }

    fn running(&self, kind: Kind) -> impl Iterator<Item = u32> {
        let pid = move |(unit, life): (&'static table::Unit, &schedule::Life)| match life.state {
            State::Running { pid, .. } if unit.kind == kind => Some(pid),
            _ => None,
        };
        self.schedule.lives().filter_map(pid)
    }

    fn stop(mut self) {
        log::info!("stopping");
        self.schedule.stop();
        stop::daemons(&self.signals, &mut self.schedule);
        let _ = self.tail.write(&lock(&self.shared).ring, process::uptime());
        stop::storage();
        self.watch.end();
    }
}

/// The supervisor's own log lines go straight into the ring.
fn own_lines(shared: &Arc<Mutex<Shared>>) -> impl Fn(&str) + Send + Sync + 'static {
    let shared = Arc::clone(shared);
    move |line| lock(&shared).ring.push("supervisor", line.as_bytes(), process::uptime())
}
