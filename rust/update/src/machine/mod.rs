//! What happens to the other slot, and what to do about it. Pure: no clock, no file, no device.
//!
//! ```text
//!             Found                  Verified                Restart
//!   Idle ───────────────▶ Writing ──────────────▶ Ready ───────────────▶ (the box restarts)
//!   Good                  │     ▲  ▲               │                             │ Boot, on trial
//!   Failed                │     │  └───────────────┘ Found: a better one         ▼
//!   Rescue                │     │ Found: goes on where it was                  Trial ── Healthy ──▶ Good
//!    ▲  ▲                 │     │                                                │
//!    │  └── Interrupted ──┘     │              Deadline: (the box restarts) ◀────┤
//!    │                    │     │                       │                        │ panic, hang, power cut
//!    └──── Broken ────────┘     │                       ▼                        ▼
//!          (Failed)             └───────────────────── Failed ◀── Boot, on the slot from before
//! ```
//! `Good` and `Failed` rest as `Idle` does, and tell how the last one went. In the rescue system the resting state is `Rescue`.
//! The trial is written into the boot record as soon as the slot is whole, so that whoever pulls the plug starts it too.

mod boot;
#[cfg(test)]
mod tests;

use crate::journal::{Journal, Pending, Release, Stage};
use crate::layout::Slot;

pub use boot::Boot;

/// The states that people see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is going on.
    Idle,
    /// A release is being written into the other slot.
    Writing,
    /// It is whole; the next start tries it.
    Ready,
    /// This start is its trial.
    Trial,
    /// The release that runs has proved itself since the box was switched on.
    Good,
    /// The last release was not kept.
    Failed,
    /// The rescue system runs.
    Rescue,
}

impl State {
    /// As `hotspot update status --json` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Writing => "writing",
            Self::Ready => "ready",
            Self::Trial => "trial",
            Self::Good => "good",
            Self::Failed => "failed",
            Self::Rescue => "rescue",
        }
    }
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A bundle that may be installed; the owner asked for it by name or not.
    Found(Release),
    /// A bundle that may not, and why.
    Refused(String),
    /// So much of it is written, of so much, in bytes.
    Wrote(u64, u64),
    /// Its source went away: what is written stays, and the same bundle goes on from there.
    Interrupted(String),
    /// It cannot be written or is not what it says.
    Broken(String),
    /// All of it was read back from the card and is right.
    Verified,
    /// Nobody is downloading, or the owner does not want to wait.
    Restart,
    /// The health gate has nothing to complain of.
    Healthy,
    /// The trial's time is over, and this is still wrong.
    Deadline(String),
    /// The owner wants the other slot's release (its sequence) back.
    Rollback(u64),
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin (or go on) writing this release.
    Write(Release),
    /// Keep the journal.
    Keep,
    /// One line for the history.
    Tell(Line),
    /// In the boot record: no trial.
    ClearTrial,
    /// In the boot record: no trial, and this slot, which did not prove itself, comes last.
    GiveUp(Slot),
    /// In the boot record: one attempt for this slot, which is not bad.
    SetTrial(Slot),
    /// In the boot record: this slot is the good one; the floors follow the release.
    MarkGood(Slot, Release),
    /// Restart the box, for this reason.
    Restart(String),
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// One word for programs: `writing`, `ready`, `trial`, `good`, `failed`, `refused`, `interrupted`, `rescue`, `rollback`, `rotten`.
    pub event: &'static str,
    /// The release's sequence, where one is known.
    pub seq: Option<u64>,
    /// What happened and why, in words.
    pub text: String,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Where it is.
    pub state: State,
    /// What must survive a restart.
    pub journal: Journal,
    /// What is being written, or is ready, or on trial.
    pub current: Option<Release>,
    /// How much of it is written, of how much, in bytes.
    pub progress: Option<(u64, u64)>,
    /// What went wrong last, in words.
    pub last_error: Option<String>,
    running: Slot,
    running_seq: u64,
}

fn tell(event: &'static str, seq: impl Into<Option<u64>>, text: impl Into<String>) -> Action {
    Action::Tell(Line { event, seq: seq.into(), text: text.into() })
}

impl Machine {
    /// The slot that is written: never the one that runs.
    pub fn target(&self) -> Slot {
        match self.running {
            Slot::A => Slot::B,
            Slot::B | Slot::Rescue => Slot::A,
        }
    }

    /// One event.
    pub fn step(&mut self, event: Event) -> Vec<Action> {
        match (self.state, event) {
            // A trial is decided before anything else is begun, and what is ready or being written gives way to a better one only.
            (State::Trial, Event::Found(_)) => Vec::new(),
            (State::Writing | State::Ready, Event::Found(release)) if !self.is_better(&release) => Vec::new(),
            (_, Event::Found(release)) => self.write(release),
            (_, Event::Refused(why)) => self.refuse(why),
            (State::Writing, Event::Wrote(done, total)) => {
                self.progress = Some((done, total));
                Vec::new()
            }
            (State::Writing, Event::Interrupted(why)) => self.interrupted(&why),
            (State::Writing, Event::Broken(why)) => self.broken(&why),
            (State::Writing, Event::Verified) => self.ready(),
            (State::Ready, Event::Restart) => vec![Action::Restart(format!("to try {}", name(self.current.as_ref())))],
            (State::Trial, Event::Healthy) => self.good(),
            (State::Trial, Event::Deadline(why)) => self.unwell(why),
            (State::Trial | State::Writing | State::Rescue, Event::Rollback(_)) => {
                self.refuse("rolling back has to wait: something else is going on".into())
            }
            (_, Event::Rollback(seq)) => self.roll_back(seq),
            // Late news of what has been decided meanwhile.
            (
                _,
                Event::Wrote(..)
                | Event::Interrupted(_)
                | Event::Broken(_)
                | Event::Verified
                | Event::Restart
                | Event::Healthy
                | Event::Deadline(_),
            ) => Vec::new(),
        }
    }

    /// A resting state, for the system that runs.
    fn rest(&self, state: State) -> State {
        if self.running == Slot::Rescue { State::Rescue } else { state }
    }

    fn is_better(&self, release: &Release) -> bool {
        self.current.as_ref().is_none_or(|current| current.id != release.id && (release.asked || release.seq > current.seq))
    }

    fn write(&mut self, release: Release) -> Vec<Action> {
        let again = self.journal.unfinished.as_deref() == Some(&*release.id);
        let text = format!("{} release {} from {}", if again { "going on with" } else { "writing" }, release.seq, release.from);
        let mut actions = Vec::new();
        if self.journal.pending.take().is_some() || self.state == State::Ready {
            actions.push(Action::ClearTrial);
        }
        self.journal.unfinished = Some(release.id.clone());
        self.state = State::Writing;
        self.progress = Some((0, 0));
        self.current = Some(release.clone());
        actions.extend([Action::Keep, tell("writing", release.seq, text), Action::Write(release)]);
        actions
    }

    fn refuse(&mut self, why: String) -> Vec<Action> {
        let line = tell("refused", None, why.clone());
        self.last_error = Some(why);
        vec![line]
    }

    fn interrupted(&mut self, why: &str) -> Vec<Action> {
        let text = format!("{why}; it goes on when {} is there again", name(self.current.as_ref()));
        self.state = self.rest(State::Idle);
        self.last_error = Some(text.clone());
        self.progress = None;
        vec![tell("interrupted", self.current.take().map(|r| r.seq), text)]
    }

    fn broken(&mut self, why: &str) -> Vec<Action> {
        let text = format!("{} was not installed: {why}", name(self.current.as_ref()));
        self.state = self.rest(State::Failed);
        self.last_error = Some(text.clone());
        self.progress = None;
        self.journal.unfinished = None;
        vec![Action::Keep, tell("failed", self.current.take().map(|r| r.seq), text)]
    }

    fn ready(&mut self) -> Vec<Action> {
        let Some(release) = self.current.clone() else { return Vec::new() };
        self.state = State::Ready;
        self.progress = None;
        self.last_error = None;
        self.journal.unfinished = None;
        let seq = release.seq;
        self.journal.pending = Some(Pending { slot: self.target().name().into(), release, stage: Stage::Set });
        let text = format!("release {seq} is in slot {} and was read back whole; the next start tries it", self.target().name());
        vec![Action::Keep, Action::SetTrial(self.target()), tell("ready", seq, text)]
    }

    fn good(&mut self) -> Vec<Action> {
        let release = self.current.take().unwrap_or_default();
        self.state = State::Good;
        self.last_error = None;
        self.journal.pending = None;
        self.journal.settle(&release);
        let text = format!("release {} proved itself in slot {} and is kept", release.seq, self.running.name());
        vec![Action::MarkGood(self.running, release.clone()), tell("good", release.seq, text), Action::Keep]
    }

    fn unwell(&mut self, why: String) -> Vec<Action> {
        // The state stays: the restart is what ends a trial, and the next start tells how.
        if let Some(pending) = self.journal.pending.as_mut() {
            pending.stage = Stage::Unwell(why.clone());
        }
        vec![Action::Keep, Action::Restart(format!("{} did not become healthy: {why}", name(self.current.as_ref())))]
    }

    fn roll_back(&mut self, seq: u64) -> Vec<Action> {
        let slot = self.target();
        let release =
            Release { seq, id: String::new(), from: "the other slot".into(), instead_of: Some(self.running_seq), ..Release::default() };
        self.state = State::Ready;
        self.current = Some(release.clone());
        self.journal.pending = Some(Pending { slot: slot.name().into(), release, stage: Stage::Set });
        let text = format!("the owner goes back to release {seq} in slot {}", slot.name());
        vec![Action::Keep, Action::SetTrial(slot), tell("rollback", seq, text), Action::Restart(format!("to go back to release {seq}"))]
    }
}

fn name(release: Option<&Release>) -> String {
    release.map_or_else(|| "the release".into(), |r| format!("release {}", r.seq))
}
