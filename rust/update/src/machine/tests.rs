//! The whole table, every cell of it, and the stories that people will live through.

use super::*;
use crate::journal::Blamed;

fn release(seq: u64) -> Release {
    Release { seq, built: seq * 10, id: format!("id{seq}"), from: "a stick".into(), ..Release::default() }
}

fn boot(slot: Slot) -> Boot {
    Boot { slot, trial: false, seq: 5, built: 50, on_trial: None, other: None, rotten: false, moved: false, same_start: false }
}

/// A machine on slot A, release 5, in a state; where one is on its way it is release 7.
fn machine(state: State) -> Machine {
    let slot = if state == State::Rescue { Slot::Rescue } else { Slot::A };
    let (mut m, _) = Machine::new(boot(slot), Journal::default());
    match state {
        State::Idle | State::Rescue => {}
        State::Writing => drop(m.step(Event::Found(release(7)))),
        State::Ready => {
            m.step(Event::Found(release(7)));
            m.step(Event::Verified);
        }
        State::Trial => m = Machine::new(Boot { trial: true, on_trial: Some(Slot::A), ..boot(Slot::A) }, Journal::default()).0,
        State::Good => {
            m = machine(State::Trial);
            m.step(Event::Healthy);
        }
        State::Failed => {
            m.step(Event::Found(release(7)));
            m.step(Event::Broken("its root is damaged".into()));
        }
    }
    assert_eq!(m.state, state);
    m
}

fn short(actions: &[Action]) -> String {
    let word = |a: &Action| match a {
        Action::Write(r) => format!("write{}", r.seq),
        Action::Keep => "keep".into(),
        Action::Tell(line) => line.event.to_string(),
        Action::ClearTrial => "clear".into(),
        Action::GiveUp(slot) => format!("give-up-{}", slot.name()),
        Action::SetTrial(slot) => format!("set-{}", slot.name()),
        Action::MarkGood(slot, r) => format!("mark-{}-{}", slot.name(), r.seq),
        Action::Restart(_) => "restart".into(),
    };
    actions.iter().map(word).collect::<Vec<_>>().join(" ")
}

const STATES: [State; 7] = [State::Idle, State::Writing, State::Ready, State::Trial, State::Good, State::Failed, State::Rescue];

#[test]
fn the_whole_table() {
    let why = || "why".to_owned();
    // Events down, states (in the order of STATES) across: "the next state: actions".
    let stay = |state: State| format!("{}:", state.name());
    let events = [Event::Found(release(9)), Event::Found(release(7)), Event::Refused(why()), Event::Wrote(1, 2), Event::Interrupted(why())];
    let more = [Event::Broken(why()), Event::Verified, Event::Restart, Event::Healthy, Event::Deadline(why()), Event::Rollback(3)];
    let begin = |n| format!("writing: keep writing write{n}");
    let back = "ready: keep set-b rollback restart";
    let table: [[String; 7]; 11] = [
        // A newer one.
        [begin(9), begin(9), "writing: clear keep writing write9".into(), stay(State::Trial), begin(9), begin(9), begin(9)],
        // The one that is on its way.
        [begin(7), stay(State::Writing), stay(State::Ready), stay(State::Trial), begin(7), begin(7), begin(7)],
        STATES.map(|s| format!("{}: refused", s.name())),
        STATES.map(stay),
        STATES.map(|s| if s == State::Writing { "idle: interrupted".into() } else { stay(s) }),
        STATES.map(|s| if s == State::Writing { "failed: keep failed".into() } else { stay(s) }),
        STATES.map(|s| if s == State::Writing { "ready: keep set-b ready".into() } else { stay(s) }),
        STATES.map(|s| if s == State::Ready { "ready: restart".into() } else { stay(s) }),
        STATES.map(|s| if s == State::Trial { "good: mark-a-5 good keep".into() } else { stay(s) }),
        STATES.map(|s| if s == State::Trial { "trial: keep restart".into() } else { stay(s) }),
        STATES.map(|s| match s {
            State::Writing | State::Trial | State::Rescue => format!("{}: refused", s.name()),
            _ => back.into(),
        }),
    ];
    for (event, row) in events.into_iter().chain(more).zip(table) {
        for (state, expected) in STATES.into_iter().zip(row) {
            let mut m = machine(state);
            let actions = m.step(event.clone());
            assert_eq!(format!("{}: {}", m.state.name(), short(&actions)).trim_end(), expected, "{event:?} in {}", state.name());
        }
    }
}

#[test]
fn progress_is_told_while_it_is_written() {
    let mut m = machine(State::Writing);
    m.step(Event::Wrote(3, 9));
    assert_eq!(m.progress, Some((3, 9)));
    m.step(Event::Interrupted("the stick was pulled out".into()));
    assert_eq!(m.progress, None);
    assert!(m.last_error.as_deref().unwrap().starts_with("the stick was pulled out; it goes on when release 7 is there again"));
    let actions = m.step(Event::Found(release(7)));
    assert!(matches!(&actions[1], Action::Tell(line) if line.text.starts_with("going on with release 7")), "{actions:?}");
}

/// Restarts the box: the record's trial and the journal are all that is left.
fn restart(m: &Machine, slot: Slot, trial: bool, on_trial: Option<Slot>) -> (Machine, Vec<Action>) {
    let (seq, other) = if slot == Slot::B { (7, Some(5)) } else { (5, Some(7)) };
    Machine::new(
        Boot { slot, trial, seq, built: seq * 10, on_trial, other, rotten: false, moved: false, same_start: false },
        m.journal.clone(),
    )
}

#[test]
fn a_release_that_is_kept() {
    let m = machine(State::Ready);
    let (mut m, actions) = restart(&m, Slot::B, true, Some(Slot::B));
    assert_eq!((m.state, short(&actions).as_str()), (State::Trial, "keep trial"));
    let actions = m.step(Event::Healthy);
    assert!(matches!(&actions[0], Action::MarkGood(Slot::B, r) if r.id == "id7"));
    let (m, actions) = restart(&m, Slot::B, false, None);
    assert_eq!((m.state, actions), (State::Idle, vec![]));
}

#[test]
fn a_cut_between_the_record_and_the_journal() {
    // Good in the record, not in the journal.
    let (trial, _) = restart(&machine(State::Ready), Slot::B, true, Some(Slot::B));
    let (m, actions) = restart(&trial, Slot::B, false, None);
    assert_eq!((m.state, short(&actions).as_str()), (State::Good, "mark-b-7 good keep"));
    // Ready in the journal, not in the record.
    let (m, actions) = restart(&machine(State::Ready), Slot::A, false, None);
    assert_eq!((m.state, short(&actions).as_str()), (State::Ready, "set-b"));
    // Told in the journal, not cleared in the record: told once.
    let (told, _) = restart(&machine(State::Ready), Slot::A, false, Some(Slot::B));
    let (m, actions) = restart(&told, Slot::A, false, Some(Slot::B));
    assert_eq!((m.state, short(&actions).as_str()), (State::Failed, "give-up-b"));
    // The journal is lost.
    let (m, actions) = restart(&machine(State::Idle), Slot::A, false, Some(Slot::B));
    assert_eq!((m.state, short(&actions).as_str()), (State::Failed, "failed keep give-up-b"));
}

#[test]
fn an_updater_that_died_goes_on_where_it_was() {
    let ready = machine(State::Ready);
    let again = Boot {
        slot: Slot::A,
        trial: false,
        seq: 5,
        built: 50,
        on_trial: Some(Slot::B),
        other: Some(7),
        rotten: false,
        moved: false,
        same_start: true,
    };
    let (mut m, actions) = Machine::new(again, ready.journal.clone());
    assert_eq!((m.state, actions), (State::Ready, vec![]));
    assert_eq!(short(&m.step(Event::Restart)), "restart");
    let (trial, _) = restart(&ready, Slot::B, true, Some(Slot::B));
    let again = Boot {
        slot: Slot::B,
        trial: true,
        seq: 7,
        built: 70,
        on_trial: Some(Slot::B),
        other: Some(5),
        rotten: false,
        moved: false,
        same_start: true,
    };
    let (m, actions) = Machine::new(again, trial.journal);
    assert_eq!((m.state, actions), (State::Trial, vec![]));
}

#[test]
fn a_lost_journal_does_not_lower_the_floors() {
    let trial = Boot {
        slot: Slot::B,
        trial: true,
        seq: 7,
        built: 70,
        on_trial: Some(Slot::B),
        other: Some(5),
        rotten: false,
        moved: false,
        same_start: false,
    };
    let (mut m, _) = Machine::new(trial, Journal::default());
    let actions = m.step(Event::Healthy);
    assert!(matches!(&actions[0], Action::MarkGood(Slot::B, r) if (r.floor, r.built_floor) == (7, 70)));
}

#[test]
fn releases_that_fall_back_say_why_and_are_left_alone() {
    let ready = machine(State::Ready);
    let told = |actions: &[Action]| {
        let text = actions.iter().find_map(|a| if let Action::Tell(line) = a { Some(line.text.clone()) } else { None });
        text.unwrap()
    };
    let (m, actions) = restart(&ready, Slot::A, false, Some(Slot::B));
    assert_eq!((m.state, short(&actions).as_str()), (State::Failed, "failed keep give-up-b"));
    assert_eq!(told(&actions), "release 7 was not kept, and release 5 in slot a is back: it did not start, or the power went while it did");
    assert!(m.journal.avoids("id7", 7) && !m.journal.avoids("id8", 7));

    let (mut unwell, _) = restart(&ready, Slot::B, true, Some(Slot::B));
    unwell.step(Event::Deadline("the access point is not up".into()));
    let (m, actions) = restart(&unwell, Slot::A, false, Some(Slot::B));
    assert!(told(&actions).ends_with("it did not become healthy: the access point is not up"));
    assert!(m.journal.avoids("id7", 7));

    // Without a journal nothing is made up.
    let mut lost = ready.clone();
    lost.journal.pending = None;
    let (_, actions) = restart(&lost, Slot::A, false, Some(Slot::B));
    assert!(told(&actions).ends_with("it did not prove itself, and why is not known any more"), "{}", told(&actions));

    // Once it may have been the plug.
    let (cut, _) = restart(&ready, Slot::B, true, Some(Slot::B));
    let (mut m, actions) = restart(&cut, Slot::A, false, Some(Slot::B));
    assert!(told(&actions).contains("the power went") && !m.journal.avoids("id7", 7));
    m.journal.blame(&release(7), false);
    assert!(m.journal.avoids("id7", 7));
}

#[test]
fn the_owner_goes_back() {
    let mut m = machine(State::Idle);
    let actions = m.step(Event::Rollback(3));
    assert_eq!(short(&actions), "keep set-b rollback restart");
    let boot = Boot {
        slot: Slot::B,
        trial: true,
        seq: 3,
        built: 30,
        on_trial: Some(Slot::B),
        other: Some(5),
        rotten: false,
        moved: false,
        same_start: false,
    };
    let (mut m, _) = Machine::new(boot, m.journal);
    m.step(Event::Healthy);
    assert_eq!(m.journal.blamed, [Blamed { id: String::new(), seq: 5, times: 2 }], "what the owner left is not fetched again");
    assert!(m.journal.avoids("anything", 5));
}

#[test]
fn rescue_writes_slot_a_and_says_so() {
    let mut m = machine(State::Rescue);
    assert_eq!(m.target(), Slot::A);
    m.step(Event::Found(release(7)));
    m.step(Event::Interrupted("the stick was pulled out".into()));
    assert_eq!(m.state, State::Rescue);
    m.step(Event::Found(release(7)));
    assert_eq!(short(&m.step(Event::Verified)), "keep set-a ready");
    // That one does not start either.
    let again = Boot {
        slot: Slot::Rescue,
        trial: false,
        seq: 0,
        built: 0,
        on_trial: Some(Slot::A),
        other: Some(7),
        rotten: false,
        moved: true,
        same_start: false,
    };
    let (m, actions) = Machine::new(again, m.journal);
    assert_eq!((m.state, short(&actions).as_str()), (State::Rescue, "failed keep give-up-a rescue"));
    assert!(m.journal.avoids("id7", 7));
}

#[test]
fn the_one_that_the_owner_asks_for_counts() {
    let mut m = machine(State::Ready);
    assert!(m.step(Event::Found(release(6))).is_empty());
    assert_eq!(short(&m.step(Event::Found(Release { asked: true, ..release(6) }))), "clear keep writing write6");
}

#[test]
fn few_are_blamed() {
    let mut journal = Journal::default();
    (0..100).for_each(|seq| journal.blame(&release(seq), true));
    assert_eq!((journal.blamed.len(), journal.avoids("id99", 99), journal.avoids("id1", 1)), (16, true, false));
}

#[test]
fn a_slot_that_rotted_is_told_once_and_the_other_is_the_good_one() {
    let after = Boot { rotten: true, moved: true, other: Some(7), ..boot(Slot::B) };
    let (m, actions) = Machine::new(after, Journal::default());
    assert_eq!(short(&actions), "mark-b-5 rotten");
    assert!(m.last_error.unwrap().contains("slot a is damaged"));
    let (_, actions) = Machine::new(Boot { moved: false, ..after }, Journal::default());
    assert_eq!(short(&actions), "", "the record says so by then");
    let (_, actions) = Machine::new(Boot { on_trial: Some(Slot::B), rotten: true, ..boot(Slot::A) }, Journal::default());
    assert!(format!("{actions:?}").contains("could not be read where it lies"));
}
