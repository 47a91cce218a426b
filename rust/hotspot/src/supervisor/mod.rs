//! The supervisor: starts the daemons in order, restarts the dead, keeps the log, answers what the state is.

mod memory;
mod ring;
mod schedule;
mod start;
mod status;
mod table;

use std::io::{PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sys::process::{self, Exit, Send, Signals, Told};

use schedule::Schedule;
use status::{Recovery, Shared, View, lock};
use table::{Kind, UNITS};

/// Daemons that were told to stop have this long.
const STOP_TIME: Duration = Duration::from_secs(3);

/// `hotspot supervisor`, started by init; with an argument, one of the steps that it runs as processes of their own.
pub fn run(args: &[String]) -> ExitCode {
    let result = match args.first().map(String::as_str) {
        None => Supervisor::start().map(Supervisor::run),
        Some(other) => Err(format!("there is no step {other}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("<3>{why}");
            ExitCode::FAILURE
        }
    }
}

/// A unit's output, line by line.
struct Pipe {
    reader: PipeReader,
    unit: &'static str,
    partial: Vec<u8>,
}

struct Supervisor {
    signals: Signals,
    shared: Arc<Mutex<Shared>>,
    schedule: Schedule,
    pipes: Vec<Pipe>,
    woken: PipeReader,
}

/// Longest line that is waited for; what is longer is cut there.
const MAX_LINE: usize = 1024;

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
        let (woken, waker) = std::io::pipe().map_err(|e| e.to_string())?;
        process::set_nonblocking(woken.as_fd()).map_err(|e| e.to_string())?;
        let for_socket = Arc::clone(&shared);
        let wake = move || {
            let _ = (&waker).write_all(b"!");
        };
        let mut supervisor = Self { signals, shared, schedule: Schedule::new(UNITS), pipes: Vec::new(), woken };
        // The portal is on its way before the socket is.
        supervisor.start_due();
        if let Err(e) = crate::ipc::serve("supervisor", move |request| status::answer(&for_socket, &request, &wake)) {
            log::error!("no status can be asked: {e}");
        }
        Ok(supervisor)
    }

    fn run(mut self) {
        loop {
            self.start_due();
            self.publish();
            let now = process::uptime();
            let timeout = self.schedule.next_deadline().map(|at| at.saturating_sub(now));
            let mut fds: Vec<BorrowedFd<'_>> = vec![self.signals.as_fd(), self.woken.as_fd()];
            fds.extend(self.pipes.iter().map(|p| p.reader.as_fd()));
            let ready = process::wait_readable(&fds, timeout);
            self.read_pipes(&ready[2..]);
            let mut byte = [0; 64];
            let _ = self.woken.read(&mut byte);
            while let Some(told) = self.signals.next() {
                match told {
                    Told::Child => self.reap(),
                    Told::Reload => self.schedule.again("settings"),
                    Told::Stop => return self.stop(),
                }
            }
            self.recover();
            for (index, pid) in self.schedule.overdue(process::uptime()) {
                log::error!("{} takes too long and is stopped", UNITS[index].name);
                process::send(pid, Send::Kill);
                self.schedule.ended(index, "took too long".into(), false, process::uptime());
            }
        }
    }

    fn start_due(&mut self) {
        loop {
            let now = process::uptime();
            let Some(index) = self.schedule.due(now).first().copied() else { return };
            let unit = &UNITS[index];
            match start::start(unit, "UTC0") {
                Ok((pid, reader)) => {
                    self.pipes.push(Pipe { reader, unit: unit.name, partial: Vec::new() });
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
            let Some(index) = self.schedule.by_pid(pid) else { continue };
            let unit = &UNITS[index];
            let well = exit == Exit::Status(0);
            if unit.kind == Kind::Daemon || !well {
                log::error!("{} ended: {exit}", unit.name);
            }
            self.schedule.ended(index, exit.to_string(), well, process::uptime());
        }
    }

    fn read_pipes(&mut self, ready: &[bool]) {
        let at = process::uptime();
        let mut flags = ready.iter();
        let mut ring = lock(&self.shared);
        self.pipes.retain_mut(|pipe| {
            if !flags.next().copied().unwrap_or(false) {
                return true;
            }
            let mut buffer = [0; 4096];
            match pipe.reader.read(&mut buffer) {
                Ok(0) => false,
                Ok(count) => {
                    pipe.partial.extend_from_slice(&buffer[..count]);
                    while let Some(end) = pipe.partial.iter().position(|b| *b == b'\n').or((pipe.partial.len() > MAX_LINE).then_some(MAX_LINE)) {
                        ring.ring.push(pipe.unit, &pipe.partial[..end], at);
                        pipe.partial.drain(..=end);
                    }
                    true
                }
                Err(e) => e.kind() == std::io::ErrorKind::WouldBlock || e.kind() == std::io::ErrorKind::Interrupted,
            }
        });
    }

    fn recover(&mut self) {
        for step in std::mem::take(&mut lock(&self.shared).asked) {
            match step {
                Recovery::ReloadModule(module) => log::warn!("reloading {module}"),
                Recovery::Reboot(why) => {
                    log::error!("restarting the box: {why}");
                    let _ = process::ask_init_to_restart();
                }
            }
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
        lock(&self.shared).units = self.schedule.lives().map(view).collect();
    }

    fn running(&self) -> Vec<u32> {
        let pid = |(_, life): (_, &schedule::Life)| match life.state {
            schedule::State::Running { pid, .. } => Some(pid),
            _ => None,
        };
        self.schedule.lives().filter_map(pid).collect()
    }

    fn stop(mut self) {
        self.schedule.stop();
        self.running().into_iter().for_each(|pid| process::send(pid, Send::Stop));
        let deadline = process::uptime() + STOP_TIME;
        while !self.running().is_empty() && process::uptime() < deadline {
            process::wait_readable(&[self.signals.as_fd()], Some(Duration::from_millis(100)));
            while self.signals.next().is_some() {}
            self.reap();
        }
        self.running().into_iter().for_each(|pid| process::send(pid, Send::Kill));
        sys::reboot::sync();
    }
}

/// The supervisor's own log lines go straight into the ring.
fn own_lines(shared: &Arc<Mutex<Shared>>) -> impl Fn(&str) + std::marker::Send + Sync + 'static {
    let shared = Arc::clone(shared);
    move |line| lock(&shared).ring.push("supervisor", line.as_bytes(), process::uptime())
}
