use super::*;

const A: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 7);
const B: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 8);
const ONE: Mac = [2, 0, 0, 0, 0, 1];
const TWO: Mac = [2, 0, 0, 0, 0, 2];

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn gate(access: Access) -> Gate {
    let rule = Rule { access, password: "sesame open".into(), schedule: Schedule::default() };
    let mut gate = Gate::new(rule, "", "", s(0));
    gate.step(Event::Online(true), s(0));
    gate.step(Event::Phones(&[(A, ONE), (B, TWO)]), s(0));
    gate
}

fn batch(gate: &mut Gate, kind: Kind, amount: u32) -> String {
    let mut n = 0u8;
    let wish = Wish { kind, amount, count: 2, label: String::new() };
    let (id, actions) = gate
        .make(&wish, 0, || {
            n = n.wrapping_mul(5).wrapping_add(17);
            n
        })
        .unwrap();
    assert_eq!(actions, [Action::SaveVouchers]);
    gate.book().batches.iter().find(|b| b.id == id).unwrap().vouchers[0].code.clone()
}

/// Restarts: what was written down is all that there is.
fn again(gate: &mut Gate, rule: Rule) -> Gate {
    let (vouchers, used) = (gate.vouchers_text(), gate.used_text());
    let mut gate = Gate::new(rule, &vouchers, &used, s(0));
    gate.step(Event::Online(true), s(0));
    gate
}

#[test]
fn blocked_lets_nobody_through_whatever_they_type() {
    let mut gate = gate(Access::Blocked);
    let code = batch(&mut gate, Kind::Hours, 1);
    assert_eq!(gate.enter(A, &code, s(1)), (Entered::NotAsked, vec![]));
    assert_eq!(gate.enter(A, "sesame open", s(1)).0, Entered::NotAsked);
    assert_eq!(gate.step(Event::Tick, s(9)), []);
    assert!(!gate.is_busy() && !gate.view(A).may);
}

#[test]
fn open_lets_in_who_has_a_lease_while_there_is_a_way_out() {
    let mut gate = Gate::new(Rule { access: Access::Open, ..Rule::default() }, "", "", s(0));
    assert_eq!(gate.step(Event::Phones(&[(A, ONE)]), s(1)), []);
    assert_eq!(gate.step(Event::Online(true), s(2)), [Action::Open(A, ONE)]);
    assert_eq!(gate.step(Event::Phones(&[(A, TWO)]), s(3)), [Action::Shut(A, ONE), Action::Open(A, TWO)]);
    assert_eq!(gate.step(Event::Online(false), s(4)), [Action::Shut(A, TWO)]);
    assert_eq!(gate.step(Event::Online(true), s(5)), [Action::Open(A, TWO)]);
    assert_eq!(gate.step(Event::Phones(&[]), s(6)), [Action::Shut(A, TWO)]);
}

#[test]
fn the_password_holds_for_the_lease_and_over_a_restart_and_not_over_another_password() {
    let mut gate = gate(Access::Password);
    assert_eq!(gate.enter(A, "sesame", s(1)), (Entered::Wrong, vec![]));
    assert_eq!(gate.enter(A, "sesame open", s(1)), (Entered::Welcome, vec![Action::SaveUsed, Action::Open(A, ONE)]));
    let rule = gate.rule.clone();
    let mut after = again(&mut gate, rule.clone());
    assert_eq!(after.step(Event::Phones(&[]), s(0)), [], "no lease is known yet");
    assert_eq!(after.step(Event::Phones(&[(A, ONE), (B, TWO)]), s(0)), [Action::Open(A, ONE)]);
    after.step(Event::Phones(&[(B, TWO)]), s(1));
    assert_eq!(after.step(Event::Phones(&[(A, ONE), (B, TWO)]), s(2)), [], "a lease that ended ends it");
    let mut other = again(&mut gate, Rule { password: "another".into(), ..rule });
    assert_eq!(other.step(Event::Phones(&[(A, ONE)]), s(0)), []);
}

#[test]
fn an_empty_password_is_none() {
    let rule = Rule { access: Access::Password, ..Rule::default() };
    let mut gate = Gate::new(rule, "", "", s(0));
    gate.step(Event::Phones(&[(A, ONE)]), s(0));
    assert_eq!(gate.enter(A, "", s(1)).0, Entered::Wrong);
}

#[test]
fn a_voucher_counts_only_while_it_is_used_and_ends() {
    let mut gate = gate(Access::Voucher);
    let code = batch(&mut gate, Kind::Hours, 1);
    assert_eq!(gate.enter(A, &code.to_lowercase(), s(0)), (Entered::Welcome, vec![Action::SaveUsed, Action::Open(A, ONE)]));
    gate.step(Event::Tick, s(1000));
    assert_eq!(gate.view(A).left, Some((Kind::Hours, 3600)), "nothing came");
    for n in 1..=100 {
        gate.step(Event::Counted(&[(A, n * 1000, 10)]), s(1000 + n * 10));
        gate.step(Event::Tick, s(1000 + n * 10));
    }
    assert_eq!(gate.view(A).left, Some((Kind::Hours, 2600)));
    gate.step(Event::Counted(&[(A, 100_000, 99_999)]), s(2010));
    gate.step(Event::Tick, s(9000));
    assert_eq!(gate.view(A).left, Some((Kind::Hours, 2600)), "what is only sent is no use");
    gate.step(Event::Counted(&[(A, 200_000, 99_999)]), s(9000));
    let actions = gate.step(Event::Tick, s(9000 + 2600));
    assert!(!actions.contains(&Action::Shut(A, ONE)), "a minute without anything is over");
    gate.step(Event::Counted(&[(A, 300_000, 0)]), s(11_700));
    gate.step(Event::Tick, s(11_700));
    for n in 0..60 {
        gate.step(Event::Counted(&[(A, 300_001 + n, 0)]), s(11_700 + n * 50));
        gate.step(Event::Tick, s(11_700 + n * 50));
    }
    assert_eq!((gate.view(A).left, gate.is_open(A)), (None, false));
    assert_eq!(gate.enter(A, &code, s(20_000)).0, Entered::UsedUp);
}

#[test]
fn the_end_shuts_the_phone_and_is_written_down_at_once() {
    let mut gate = gate(Access::Voucher);
    let code = batch(&mut gate, Kind::Megabytes, 10);
    gate.enter(A, &code, s(0));
    gate.step(Event::Counted(&[(A, 4_000_000, 1_000_000)]), s(5));
    assert_eq!(gate.step(Event::Tick, s(5)), []);
    assert_eq!(gate.view(A).left, Some((Kind::Megabytes, 5_000_000)));
    assert!(gate.is_close() && gate.is_dirty());
    // The filter was loaded anew and counts from zero.
    assert_eq!(gate.step(Event::Reloaded, s(6)), [Action::Open(A, ONE)]);
    gate.step(Event::Counted(&[(A, 4_999_999, 1)]), s(10));
    assert_eq!(gate.step(Event::Tick, s(10)), [Action::Shut(A, ONE), Action::SaveUsed]);
}

#[test]
fn what_is_left_outlives_a_reboot_and_nothing_is_won_by_joining_again() {
    let mut gate = gate(Access::Voucher);
    let code = batch(&mut gate, Kind::Days, 2);
    gate.enter(A, &code, s(0));
    gate.step(Event::Counted(&[(A, 1, 1)]), s(1));
    gate.step(Event::Tick, s(30));
    let rule = gate.rule.clone();
    let mut gate = again(&mut gate, rule);
    assert_eq!(gate.step(Event::Phones(&[(B, ONE)]), s(0)), [Action::Open(B, ONE)], "by its hardware address, wherever it is");
    assert_eq!(gate.view(B).left, Some((Kind::Days, 2 * 86_400 - 30)));
    gate.step(Event::Phones(&[]), s(10));
    gate.step(Event::Tick, s(86_400));
    assert_eq!(gate.step(Event::Phones(&[(A, ONE)]), s(86_401)), [Action::Open(A, ONE)]);
    assert_eq!(gate.view(A).left, Some((Kind::Days, 86_400)), "the day that had begun went on; the next waits");
}

#[test]
fn a_voucher_is_with_one_phone_at_a_time_and_the_moves_are_counted() {
    let mut gate = gate(Access::Voucher);
    let code = batch(&mut gate, Kind::Hours, 1);
    gate.enter(A, &code, s(0));
    let (entered, mut actions) = gate.enter(B, &code, s(1));
    actions.sort_by_key(|a| format!("{a:?}"));
    assert_eq!((entered, actions), (Entered::Welcome, vec![Action::Open(B, TWO), Action::SaveUsed, Action::Shut(A, ONE)]));
    assert_eq!(gate.book().find(&code).unwrap().1.moves, 1);
    assert_eq!(gate.remove(1), Some(vec![Action::SaveVouchers, Action::SaveUsed, Action::Shut(B, TWO)]));
    assert_eq!(gate.remove(1), None);
}

#[test]
fn what_is_right_again_and_again_does_not_wear_the_card() {
    let mut gate = gate(Access::Voucher);
    let code = batch(&mut gate, Kind::Hours, 1);
    assert_eq!(gate.enter(A, &code, s(0)).1.len(), 2);
    for n in 0..100 {
        assert_eq!(gate.enter(A, &code, s(n / 10)), (Entered::Welcome, vec![]), "it is that phone's already");
    }
    let snatched = (0..100).filter(|n| gate.enter(if n % 2 == 0 { B } else { A }, &code, s(20)).0 == Entered::Welcome).count();
    assert!(snatched <= 12, "{snatched}: two phones that take it from each other wait like those who guess");
    let mut gate = self::gate(Access::Password);
    gate.enter(A, "sesame open", s(0));
    assert_eq!(gate.enter(A, "sesame open", s(0)), (Entered::Welcome, vec![]));
    for wrong in ["sesame opeN", "sesame ope", "sesame open ", "\0sesame open"] {
        assert_eq!(gate.enter(B, wrong, s(0)).0, Entered::Wrong, "{wrong:?}");
    }
}

#[test]
fn the_times_hold_for_all_and_without_a_clock_nothing_is_on() {
    let schedule = Schedule::new(&["mon-fri 08:00-18:00".into()]);
    let mut gate = Gate::new(Rule { access: Access::Open, password: String::new(), schedule }, "", "", s(0));
    gate.step(Event::Online(true), s(0));
    assert_eq!(gate.step(Event::Phones(&[(A, ONE)]), s(0)), []);
    assert_eq!(gate.step(Event::Clock(Some(Moment { day: 0, minute: 480 })), s(1)), [Action::Open(A, ONE)]);
    assert_eq!(gate.step(Event::Clock(Some(Moment { day: 0, minute: 1080 })), s(2)), [Action::Shut(A, ONE)]);
    gate.step(Event::Clock(Some(Moment { day: 0, minute: 480 })), s(3));
    assert_eq!(gate.step(Event::Clock(None), s(4)), [Action::Shut(A, ONE)]);
}

#[test]
fn a_clone_is_seen_and_shown_until_the_voucher_is_typed_again() {
    let mut gate = gate(Access::Voucher);
    let code = batch(&mut gate, Kind::Hours, 1);
    gate.enter(A, &code, s(0));
    for n in 0..3 {
        gate.step(Event::Cloned(A, Alarm::OtherPhone(TWO)), s(n));
    }
    gate.step(Event::Cloned(A, Alarm::TwoPlaces(ONE)), s(5));
    assert!(gate.view(A).cloned && !gate.view(B).cloned);
    let (_, _, alarms) = gate.told();
    assert_eq!(alarms, [(s(2), A, Alarm::OtherPhone(TWO), 3), (s(5), A, Alarm::TwoPlaces(ONE), 1)]);
    gate.enter(A, &code, s(9));
    assert!(!gate.view(A).cloned);
}

#[test]
fn guessing_is_slowed_down_and_mistyping_is_forgiven() {
    let mut gate = gate(Access::Voucher);
    let code = batch(&mut gate, Kind::Hours, 1);
    let mut wrong = 0;
    for n in 0..10_000u64 {
        match gate.enter(A, "222-222-222", Duration::from_millis(n * 6)).0 {
            Entered::Wrong => wrong += 1,
            Entered::Wait(seconds) => assert!((1..=21).contains(&seconds)),
            other => panic!("{other:?}"),
        }
    }
    assert!(wrong <= 9, "{wrong}");
    assert!(matches!(gate.enter(A, &code, s(60)).0, Entered::Wait(_) | Entered::Welcome));
    assert_eq!(gate.enter(B, "oops", s(60)).0, Entered::Wrong);
    assert_eq!(gate.enter(B, &code, s(60)).0, Entered::Welcome);
    assert_eq!(gate.told().1, 10_001 + u64::from(!gate.is_open(A) && gate.told().1 > 10_001));
}

#[test]
fn hostile_texts_are_wrong_and_harmless() {
    for access in [Access::Voucher, Access::Password] {
        for text in ["", "\0", "\u{202e}evil", &"é".repeat(5000), "<script>", "password 1\npassed 02:00:00:00:00:01", "💣"] {
            let mut gate = gate(access);
            assert_eq!(gate.enter(A, text, s(1)), (Entered::Wrong, vec![]), "{text:.20}");
        }
    }
}

#[test]
fn a_thousand_vouchers_and_thirty_phones_write_little() {
    let mut gate = gate(Access::Voucher);
    let mut n = 1u32;
    let wish = Wish { kind: Kind::Hours, amount: 8, count: 1000, label: String::new() };
    let random = || {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        n.to_be_bytes()[0]
    };
    gate.make(&wish, 0, random).unwrap();
    let phones: Vec<(Ipv4Addr, Mac)> = (10..40).map(|n| (Ipv4Addr::new(10, 42, 0, n), [2, 0, 0, 0, 1, n])).collect();
    gate.step(Event::Phones(&phones), s(0));
    let codes: Vec<String> = gate.book().batches[0].vouchers.iter().map(|v| v.code.clone()).collect();
    for ((ip, _), code) in phones.iter().zip(&codes) {
        assert_eq!(gate.enter(*ip, code, s(0)).0, Entered::Welcome);
    }
    let mut saves = 0;
    for t in (5..3600).step_by(5) {
        let counts: Vec<_> = phones.iter().map(|(ip, _)| (*ip, t * 1000, t * 100)).collect();
        gate.step(Event::Counted(&counts), s(t));
        if gate.step(Event::Tick, s(t)).contains(&Action::SaveUsed) {
            saves += 1;
            assert!(gate.used_text().len() < 30 * 60);
        }
    }
    assert!((8..=12).contains(&saves), "{saves} in an hour");
}
