//! The machine's first step: what this start says about the last one.

use super::{Action, Machine, State, tell};
use crate::journal::{Journal, Pending, Release, Stage};
use crate::layout::Slot;

/// How the box was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// What runs.
    pub slot: Slot,
    /// The boot script says that this start is a trial.
    pub trial: bool,
    /// Sequence of the release that runs.
    pub seq: u64,
    /// Its build time, seconds since 1970.
    pub built: u64,
    /// The slot that the boot record has on trial.
    pub on_trial: Option<Slot>,
    /// Sequence of what is whole in the other slot.
    pub other: Option<u64>,
    /// The other slot was found rotten.
    pub rotten: bool,
    /// What runs is not the slot that the boot record has as the good one.
    pub moved: bool,
    /// The box was not restarted since the trial was set: only the updater was.
    pub same_start: bool,
}

impl Machine {
    /// The state after a start, and what is to be done about it.
    pub fn new(boot: Boot, journal: Journal) -> (Self, Vec<Action>) {
        let mut machine = Self {
            state: State::Idle,
            journal,
            current: None,
            progress: None,
            last_error: None,
            running: boot.slot,
            running_seq: boot.seq,
        };
        let actions = machine.started(boot);
        (machine, actions)
    }

    fn started(&mut self, boot: Boot) -> Vec<Action> {
        let pending = self.journal.pending.clone();
        if boot.slot == Slot::Rescue {
            let mut actions = boot.on_trial.map_or_else(Vec::new, |slot| self.fell_back(boot, slot, pending));
            self.state = State::Rescue;
            let text = "neither slot can be started: the rescue system runs; push in a stick with an update";
            self.last_error = Some(text.into());
            actions.push(tell("rescue", None, text));
            return actions;
        }
        match (boot.on_trial, pending) {
            (Some(slot), pending) if slot == boot.slot && boot.trial => self.on_trial(boot, pending),
            (Some(slot), Some(pending)) if slot != boot.slot && boot.same_start => {
                self.state = State::Ready;
                self.current = Some(pending.release);
                Vec::new()
            }
            (Some(slot), pending) if slot != boot.slot => self.fell_back(boot, slot, pending),
            // A trial of what runs already, or the cut was between the record and the journal.
            (_, Some(pending)) if pending.slot == boot.slot.name() => self.kept(boot, pending),
            (_, Some(pending)) if Some(pending.release.seq) == boot.other && pending.stage == Stage::Set => {
                self.state = State::Ready;
                self.current = Some(pending.release);
                vec![Action::SetTrial(self.target())]
            }
            (Some(_), _) => vec![Action::ClearTrial],
            (None, None) if boot.rotten && boot.moved => self.left_a_rotten_slot(boot),
            _ => Vec::new(),
        }
    }

    /// What was good for long could not be read any more, and the box went on from the other slot: that is the good one now.
    fn left_a_rotten_slot(&mut self, boot: Boot) -> Vec<Action> {
        let (rotten, running) = (self.target().name(), boot.slot.name());
        let text = format!("slot {rotten} is damaged on the card and was left; release {} in slot {running} runs", boot.seq);
        self.last_error = Some(text.clone());
        vec![Action::MarkGood(boot.slot, Release { seq: boot.seq, ..Release::default() }), tell("rotten", boot.seq, text)]
    }

    fn on_trial(&mut self, boot: Boot, pending: Option<Pending>) -> Vec<Action> {
        let again = pending.as_ref().is_some_and(|p| p.stage != Stage::Set) && boot.same_start;
        let release = pending.map(|p| p.release).filter(|r| r.seq == boot.seq);
        // Without a journal its own header says what the floors must become.
        let release = release.unwrap_or_else(|| Release {
            seq: boot.seq,
            built: boot.built,
            floor: boot.seq,
            built_floor: boot.built,
            ..Release::default()
        });
        self.state = State::Trial;
        self.current = Some(release.clone());
        self.journal.pending = Some(Pending { slot: boot.slot.name().into(), release, stage: Stage::Started });
        let text = format!("release {} was started on trial in slot {}", boot.seq, boot.slot.name());
        if again { Vec::new() } else { vec![Action::Keep, tell("trial", boot.seq, text)] }
    }

    fn fell_back(&mut self, boot: Boot, slot: Slot, pending: Option<Pending>) -> Vec<Action> {
        let other = boot.other.unwrap_or(0);
        if pending.is_none() && self.journal.blamed.iter().any(|b| b.seq == other) {
            // The power went between the journal and the record: all else was done, and told.
            self.state = State::Failed;
            self.last_error = Some(format!("release {other} was not kept; the history says why"));
            return vec![Action::GiveUp(slot)];
        }
        let (release, stage) = pending.map_or_else(|| (Release { seq: other, ..Release::default() }, None), |p| (p.release, Some(p.stage)));
        // No board keeps a word over a loss of power that a panic could leave: where both look the same, both are named.
        let why = match stage {
            Some(Stage::Set | Stage::Started) | None if boot.rotten => "the card could not be read where it lies".to_owned(),
            Some(Stage::Set) => "it did not start, or the power went while it did".to_owned(),
            Some(Stage::Started) => "it started, and then it stopped or the power went before it had proved itself".to_owned(),
            Some(Stage::Unwell(ref why)) => format!("it did not become healthy: {why}"),
            None => "it did not prove itself, and why is not known any more".to_owned(),
        };
        let back = match boot.slot {
            Slot::Rescue => "the rescue system runs".into(),
            running => format!("release {} in slot {} is back", boot.seq, running.name()),
        };
        let text = format!("release {} was not kept, and {back}: {why}", release.seq);
        self.state = State::Failed;
        self.last_error = Some(text.clone());
        self.journal.pending = None;
        // A power cut is not the release's fault, once. One that was never seen to start gets no second chance by itself: the cut would have
        // had to come in its first seconds.
        let surely = stage != Some(Stage::Started);
        self.journal.blame(&release, surely);
        // Told before it is forgotten: twice is better than never.
        vec![tell("failed", release.seq, text), Action::Keep, Action::GiveUp(slot)]
    }

    fn kept(&mut self, boot: Boot, pending: Pending) -> Vec<Action> {
        self.state = State::Good;
        self.journal.pending = None;
        self.journal.settle(&pending.release);
        let text = format!("release {} in slot {} is kept", boot.seq, boot.slot.name());
        vec![Action::MarkGood(boot.slot, pending.release), tell("good", boot.seq, text), Action::Keep]
    }
}
