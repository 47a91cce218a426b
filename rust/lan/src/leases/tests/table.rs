//! Every arrow of the diagram, and what each kind of message is answered.

use super::*;

const A: Mac = client(1);
const B: Mac = client(2);

/// One address in each state, against every message about it: from its own client and from another.
#[test]
fn the_whole_transition_table() {
    let target = ip(2);
    type Set = fn(&mut Bench);
    let states: [(&str, Set); 5] = [
        ("free", |_| {}),
        ("offered", |b| assert_eq!(b.discover(A), Some(ip(2)))),
        ("bound", |b| assert_eq!(b.join(A), ip(2))),
        ("expired", |b| {
            b.join(A);
            b.after(LEASE);
        }),
        ("quarantined", |b| {
            b.join(A);
            b.decline(A, ip(2));
        }),
    ];
    type Do = fn(&mut Bench, Mac) -> Option<(DhcpMessageType, Ipv4Addr)>;
    let messages: [(&str, Do); 4] = [
        ("discover", |b, mac| {
            let now = b.discover(mac);
            let ip = now.or_else(|| replies(&b.after(PROBE)).first().map(|r| r.yiaddr));
            ip.map(|ip| (DhcpMessageType::Offer, ip))
        }),
        ("select", |b, mac| b.select(mac, ip(2))),
        ("reboot", |b, mac| b.reboot(mac, ip(2))),
        ("renew", |b, mac| b.renew(mac, ip(2))),
    ];
    let offer = |last| Some((DhcpMessageType::Offer, ip(last)));
    // Own client, then another: discover, select, reboot, renew.
    let table = [
        ("free", [offer(2), ack(target), ack(target), ack(target)], [offer(2), ack(target), ack(target), ack(target)]),
        ("offered", [offer(2), ack(target), ack(target), ack(target)], [offer(3), NAK, NAK, NAK]),
        ("bound", [offer(2), ack(target), ack(target), ack(target)], [offer(3), NAK, NAK, NAK]),
        ("expired", [offer(2), ack(target), ack(target), ack(target)], [offer(3), ack(target), ack(target), ack(target)]),
        ("quarantined", [offer(3), NAK, NAK, NAK], [offer(3), NAK, NAK, NAK]),
    ];
    for ((name, set), (row, own, other)) in states.into_iter().zip(table) {
        assert_eq!(name, row);
        for (mac, expected) in [(A, own), (B, other)] {
            for ((message, send), expected) in messages.into_iter().zip(expected) {
                let mut bench = Bench::new("10.42.0.0/24");
                set(&mut bench);
                assert_eq!(send(&mut bench, mac), expected, "{name}, {message} from {mac:?}");
            }
        }
    }
}

#[test]
fn an_offer_holds_60_s_and_a_lease_an_hour_and_a_quarantine_ten_minutes() {
    let mut bench = Bench::new("10.42.0.0/24");
    assert_eq!(bench.discover(A), Some(ip(2)));
    bench.after(OFFER - s(1));
    assert_eq!(bench.discover(B), Some(ip(3)));
    bench.after(s(1));
    assert!(bench.leases.table.slot(ip(2)).is_none());
    bench.join(A);
    bench.after(LEASE - s(1));
    assert_eq!(bench.leases.entries().len(), 1);
    bench.after(s(1));
    assert_eq!(bench.leases.entries().len(), 0);
    let again = bench.join(A);
    bench.decline(A, again);
    bench.after(QUARANTINE - s(1));
    assert!(bench.leases.table.slot(again).is_some());
    bench.after(s(1));
    assert!(bench.leases.table.slot(again).is_none());
}

#[test]
fn a_client_gets_its_old_address_again() {
    let mut bench = Bench::new("10.42.0.0/24");
    let first = bench.join(A);
    bench.join(B);
    bench.after(LEASE * 3);
    assert_eq!(bench.join(A), first);
}

#[test]
fn expired_leases_are_reclaimed_least_recently_used_first() {
    let mut bench = Bench::new("10.42.0.0/29");
    let mut given: Vec<Ipv4Addr> = Vec::new();
    for n in 1..=5 {
        given.push(bench.join(client(n)));
        bench.after(s(10));
    }
    bench.renew(client(1), given[0]);
    bench.after(LEASE);
    assert_eq!(bench.join(client(6)), given[1]);
    assert_eq!(bench.join(client(7)), given[2]);
    assert_eq!(bench.join(client(1)), given[0], "its own is kept while there is another");
}

#[test]
fn only_unknown_addresses_are_probed_and_for_300_ms() {
    let mut bench = Bench { leases: Leases::new("10.42.0.0/24".parse().unwrap(), SERVER, "", s(0)), now: s(1) };
    let actions = bench.send(request(Kind::Discover, A));
    assert_eq!(actions, [Action::Probe(ip(2))]);
    assert_eq!(bench.leases.deadline(), Some(s(1) + PROBE));
    // Asked again meanwhile: no second probe, and the answer is to the newer transaction.
    assert_eq!(bench.send(Request { xid: 99, ..request(Kind::Discover, A) }), []);
    let offers = bench.after(PROBE);
    assert_eq!(replies(&offers).iter().map(|r| (r.xid, r.yiaddr)).collect::<Vec<_>>(), [(99, ip(2))]);
    assert_eq!(bench.select(A, ip(2)), ack(ip(2)));
    // Known now: no probe when it comes back.
    bench.after(LEASE);
    assert_eq!(bench.discover(A), Some(ip(2)));
}

#[test]
fn an_address_that_somebody_answers_for_is_left_to_them() {
    let mut bench = Bench { leases: Leases::new("10.42.0.0/24".parse().unwrap(), SERVER, "", s(0)), now: s(1) };
    bench.send(request(Kind::Discover, A));
    let next = bench.event(Event::Seen(ip(2), client(66)));
    assert_eq!(next, [Action::Probe(ip(3))]);
    assert_eq!(replies(&bench.after(PROBE))[0].yiaddr, ip(3));
    assert_eq!(bench.reboot(B, ip(2)), NAK);
}

#[test]
fn the_start_probes_ahead_so_that_a_crowd_does_not_wait() {
    let mut bench = Bench { leases: Leases::new("10.42.0.0/24".parse().unwrap(), SERVER, "", s(0)), now: s(1) };
    assert_eq!(bench.event(Event::Start).len(), 253);
    bench.after(PROBE);
    for n in 0..250 {
        bench.join(client(n));
    }
    // What was silent long ago may not be any more.
    bench.after(s(61));
    assert!(matches!(bench.send(request(Kind::Discover, client(900)))[..], [Action::Probe(_)]));
}

#[test]
fn an_address_that_was_heard_since_is_probed_again() {
    let mut bench = Bench::new("10.42.0.0/24");
    bench.event(Event::Seen(ip(2), client(66)));
    assert_eq!(bench.discover(A), Some(ip(3)));
    assert_eq!(bench.send(Request { requested: Some(ip(2)), ..request(Kind::Discover, B) }), [Action::Probe(ip(2))]);
}

#[test]
fn joins_count_discovers_and_reboots_but_neither_renewals_nor_repeats() {
    let mut bench = Bench::new("10.42.0.0/24");
    let ip = bench.join(A);
    let joins = |b: &Bench| b.leases.client(ip).unwrap().joins;
    assert_eq!(joins(&bench), 1);
    bench.select(A, ip);
    assert_eq!(joins(&bench), 1, "the same transaction again");
    bench.renew(A, ip);
    assert_eq!(joins(&bench), 1);
    let rejoin = |b: &mut Bench, xid| b.answer(Request { requested: Some(ip), xid, ..request(Kind::Request, A) });
    assert_eq!(rejoin(&mut bench, 77), ack(ip));
    assert_eq!(joins(&bench), 2);
    rejoin(&mut bench, 77);
    assert_eq!(joins(&bench), 2);
    let saved = bench.leases.snapshot(bench.now);
    let loaded = Leases::new("10.42.0.0/24".parse().unwrap(), SERVER, &saved, s(0));
    assert_eq!(loaded.client(ip).unwrap().joins, 2);
}

#[test]
fn replies_go_where_rfc_2131_says() {
    let mut bench = Bench::new("10.42.0.0/24");
    let to = |actions: &[Action]| actions.iter().find_map(|a| if let Action::Send { mac, ip, .. } = a { Some((*mac, *ip)) } else { None });
    let everybody = Some((wire::frame::BROADCAST, Ipv4Addr::BROADCAST));
    assert_eq!(to(&bench.send(request(Kind::Discover, A))), Some((A, ip(2))));
    assert_eq!(to(&bench.send(Request { broadcast: true, ..request(Kind::Discover, A) })), everybody);
    assert_eq!(to(&bench.send(Request { ciaddr: ip(2), ..request(Kind::Request, A) })), Some((A, ip(2))));
    assert_eq!(to(&bench.send(Request { ciaddr: Ipv4Addr::new(192, 168, 1, 5), ..request(Kind::Request, B) })), everybody, "NAK");
    assert_eq!(to(&bench.send(Request { requested: Some(ip(2)), ..request(Kind::Request, B) })), everybody, "NAK");
}

#[test]
fn inform_gets_no_lease_time_and_only_within_the_network() {
    let mut bench = Bench::new("10.42.0.0/24");
    let answers = replies(&bench.send(Request { ciaddr: ip(9), ..request(Kind::Inform, A) }));
    assert_eq!((answers[0].kind, answers[0].yiaddr, answers[0].times), (DhcpMessageType::Ack, Ipv4Addr::UNSPECIFIED, None));
    assert!(answers[0].network.is_some());
    for stray in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(192, 168, 1, 9), OWN, ip(255)] {
        assert_eq!(bench.answer(Request { ciaddr: stray, ..request(Kind::Inform, A) }), None);
    }
}

#[test]
fn clients_are_known_by_their_identifier_and_it_comes_back() {
    let mut bench = Bench::new("10.42.0.0/24");
    let with_id = |mac| Request { client_id: vec![255, 1, 2, 3], ..request(Kind::Discover, mac) };
    let first = replies(&bench.send(with_id(A)));
    assert_eq!(first[0].client_id, [255, 1, 2, 3]);
    assert_eq!(replies(&bench.send(with_id(B)))[0].yiaddr, first[0].yiaddr, "another card, the same client");
    assert_ne!(bench.discover(A), Some(first[0].yiaddr), "the same card, without its identifier");
}

#[test]
fn a_client_that_takes_another_server_s_offer_frees_ours() {
    let mut bench = Bench::new("10.42.0.0/24");
    bench.discover(A);
    assert_eq!(bench.answer(Request { requested: Some(ip(9)), server: Some(ip(254)), ..request(Kind::Request, A) }), None);
    assert!(bench.leases.table.slot(ip(2)).is_none());
}

#[test]
fn saving_is_batched_and_renewals_wait_longer() {
    let mut bench = Bench::new("10.42.0.0/24");
    for n in 0..20 {
        bench.join(client(n));
    }
    let mut saves = 0;
    for _ in 0..10 {
        saves += bench.after(s(1)).iter().filter(|a| **a == Action::Save).count();
    }
    assert_eq!(saves, 1);
    bench.leases.snapshot(bench.now);
    assert!(!bench.leases.is_dirty());
    bench.renew(client(0), ip(2));
    assert!(bench.leases.is_dirty());
    assert!(!bench.after(SAVE_RENEWAL - s(1)).contains(&Action::Save));
    assert!(bench.after(s(1)).contains(&Action::Save));
}

#[test]
fn what_is_saved_is_what_remains_of_a_lease_and_a_restart_keeps_it() {
    let mut bench = Bench::new("10.42.0.0/24");
    bench.send(request(Kind::Discover, A));
    bench.answer(Request { requested: Some(ip(2)), server: Some(OWN), host: b"phone".to_vec(), ..request(Kind::Request, A) });
    let id = Request { client_id: vec![0, 1, 2, 3, 4], requested: Some(ip(9)), ..request(Kind::Request, B) };
    assert_eq!(bench.answer(id), ack(ip(9)));
    bench.after(s(600));
    let saved = bench.leases.snapshot(bench.now);
    assert_eq!(saved, "hotspot-leases 1\n10.42.0.2 02:00:00:01:00:01 - 3000 1 phone\n10.42.0.9 02:00:00:01:00:02 0001020304 3000 1 -\n");
    // After a power cut the count of time begins anew.
    let mut after = Bench { leases: Leases::new("10.42.0.0/24".parse().unwrap(), SERVER, &saved, s(5)), now: s(5) };
    assert_eq!(after.leases.client(ip(2)).unwrap().until, s(3005));
    assert_eq!(after.renew(A, ip(2)), ack(ip(2)));
    assert_eq!(after.reboot(client(7), ip(9)), NAK);
}

#[test]
fn a_damaged_file_costs_its_damaged_lines_alone() {
    let good = "10.42.0.2 02:00:00:01:00:01 - 3000 1 phone";
    let damaged = format!(
        "hotspot-leases 1\n10.42.0.1 02:00:00:01:00:09 - 1 1 -\n10.42.9.2 02:00:00:01:00:09 - 1 1 -\nx\n\u{0}\n{good}\n{good}\n10.42.0.3 02:00:00:01:00:03 zz 9 1 -\n10.42.0.4 02:00:00:01:00:04 - 99999999 0 <b>"
    );
    let leases = Leases::new("10.42.0.0/24".parse().unwrap(), SERVER, &damaged, s(0));
    let got: Vec<_> = leases.entries().into_iter().map(|e| (e.ip, e.until, e.host)).collect();
    assert_eq!(got, [(ip(2), s(3000), "phone".to_owned()), (ip(4), LEASE, "b".to_owned())]);
    assert!(Leases::new("10.42.0.0/24".parse().unwrap(), SERVER, &damaged[1..], s(0)).entries().is_empty(), "no header");
}
