use super::*;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn lease(address: [u8; 4], prefix: u8, gateway: [u8; 4]) -> Lease {
    Lease { address: address.into(), prefix, gateway: Some(gateway.into()), dns: vec![gateway.into()] }
}

fn home() -> Lease {
    lease([192, 168, 1, 7], 24, [192, 168, 1, 1])
}

fn plugged(only: bool) -> Uplink {
    let mut uplink = Uplink::new(Range::default());
    assert_eq!(uplink.step(Event::Port { present: true, carrier: false, only }, s(0), 0), []);
    assert_eq!(*uplink.state(), State::NoCarrier);
    assert_eq!(uplink.step(Event::Port { present: true, carrier: true, only }, s(1), 0), [Action::Ask(true)]);
    assert_eq!(*uplink.state(), State::NoLease);
    uplink
}

fn leased() -> Uplink {
    let mut uplink = plugged(true);
    assert_eq!(uplink.step(Event::Lease(Some(home())), s(2), 0), [Action::Use(Some(home())), Action::Check]);
    assert_eq!(*uplink.state(), State::Lease(home()));
    uplink
}

#[test]
fn a_lease_and_an_answer_are_the_internet() {
    let mut uplink = leased();
    assert_eq!(uplink.step(Event::Checked(true), s(3), 512), []);
    assert_eq!((uplink.state(), uplink.deadline()), (&State::Internet(home()), Some(s(603))));
    assert_eq!(uplink.step(Event::Tick, s(603), 0), [Action::Check]);
    assert_eq!(uplink.step(Event::Checked(false), s(604), 0), []);
    assert_eq!(*uplink.state(), State::Lease(home()));
}

#[test]
fn checks_that_fail_back_off_with_jitter() {
    let mut uplink = leased();
    let mut pauses = Vec::new();
    for _ in 0..9 {
        uplink.step(Event::Checked(false), s(100), 512);
        pauses.push((uplink.deadline().unwrap() - s(100)).as_secs());
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    uplink.step(Event::Checked(false), s(100), 0);
    assert_eq!(uplink.deadline(), Some(s(325)));
}

#[test]
fn a_renewed_lease_changes_nothing_and_a_lost_one_all() {
    let mut uplink = leased();
    uplink.step(Event::Checked(true), s(3), 0);
    assert_eq!(uplink.step(Event::Lease(Some(home())), s(50), 0), []);
    assert_eq!(*uplink.state(), State::Internet(home()));
    assert_eq!(uplink.step(Event::Lease(None), s(60), 0), [Action::Use(None)]);
    assert_eq!((uplink.state(), uplink.deadline()), (&State::NoLease, None));
}

#[test]
fn a_pulled_cable_ends_every_state() {
    let pull = Event::Port { present: true, carrier: false, only: true };
    let mut uplink = leased();
    assert_eq!(uplink.step(pull.clone(), s(9), 0), [Action::Ask(false), Action::Use(None)]);
    assert_eq!((uplink.state(), uplink.deadline()), (&State::NoCarrier, None));
    let mut uplink = plugged(true);
    assert_eq!(uplink.step(pull, s(9), 0), [Action::Ask(false)]);
    assert_eq!(uplink.step(Event::Port { present: false, carrier: false, only: true }, s(9), 0), []);
    assert_eq!(*uplink.state(), State::None);
}

#[test]
fn the_only_port_serves_visitors_after_30_s_without_an_offer_and_without_a_radio() {
    let mut uplink = plugged(true);
    assert_eq!(uplink.step(Event::Tick, s(30), 0), []);
    assert_eq!(uplink.step(Event::Tick, s(31), 0), [Action::AskRadio]);
    assert_eq!(uplink.step(Event::NoRadio(None), s(31), 0), []);
    assert_eq!(uplink.step(Event::Tick, s(36), 0), [Action::AskRadio]);
    assert_eq!(uplink.step(Event::NoRadio(Some(true)), s(36), 0), [Action::Ask(false), Action::ServeLan(true)]);
    assert_eq!(*uplink.state(), State::ServingLan);
    // A late offer does not matter; a pulled cable does.
    assert_eq!(uplink.step(Event::Lease(Some(home())), s(40), 0), []);
    assert_eq!(uplink.step(Event::Port { present: true, carrier: false, only: true }, s(50), 0), [Action::ServeLan(false)]);
    assert_eq!(*uplink.state(), State::NoCarrier);
}

#[test]
fn with_a_radio_or_a_second_port_it_stays_an_uplink() {
    let mut uplink = plugged(true);
    uplink.step(Event::Tick, s(31), 0);
    assert_eq!(uplink.step(Event::NoRadio(Some(false)), s(31), 0), []);
    assert_eq!((uplink.state(), uplink.deadline()), (&State::NoLease, None));
    let mut uplink = plugged(false);
    assert_eq!(uplink.step(Event::Tick, s(31), 0), []);
    assert_eq!(uplink.step(Event::NoRadio(Some(true)), s(31), 0), []);
}

#[test]
fn a_network_that_collides_is_named_and_not_used() {
    for bad in [
        lease([10, 42, 0, 77], 24, [10, 42, 0, 254]),
        lease([10, 0, 0, 7], 8, [10, 42, 0, 1]),
        lease([10, 42, 0, 200], 28, [10, 42, 0, 193]),
    ] {
        let mut uplink = plugged(true);
        assert_eq!(uplink.step(Event::Lease(Some(bad)), s(2), 0), []);
        assert_eq!(*uplink.state(), State::NoLease);
        assert!(uplink.problem().unwrap().contains("collides"));
        // It is an uplink all the same: the port does not go over to visitors.
        assert_eq!(uplink.deadline(), None);
    }
    let mut uplink = plugged(true);
    assert_eq!(uplink.step(Event::Lease(Some(lease([10, 1, 2, 3], 8, [10, 0, 0, 1]))), s(2), 0).len(), 2, "a wider one is fine");
    let mut uplink = plugged(true);
    uplink.step(Event::Lease(Some(lease([127, 0, 0, 1], 8, [127, 0, 0, 2]))), s(2), 0);
    assert!(uplink.problem().is_some());
}
