//! What a visitor may try.

use super::*;

/// After a flood, an honest phone asks every second.
fn honest_gets_a_lease(bench: &mut Bench, limit: Duration) {
    honest_gets_a_lease_beside(bench, limit, None);
}

/// The same, while one other phone is really there and answers ARP.
fn honest_gets_a_lease_beside(bench: &mut Bench, limit: Duration, there: Option<(Ipv4Addr, Mac)>) {
    let start = bench.now;
    let mac = [0xa, 0, 0, 0, 0, 0xaa];
    while bench.now <= start + limit {
        let actions = bench.send(request(Kind::Discover, mac));
        if let Some(offer) = replies(&actions).into_iter().find(|r| r.chaddr == mac) {
            assert_eq!(bench.select(mac, offer.yiaddr), ack(offer.yiaddr));
            return;
        }
        if let Some((ip, phone)) = there.filter(|(ip, _)| actions.contains(&Action::Probe(*ip))) {
            bench.event(Event::Seen(ip, phone));
        }
        // What it waits for may come by itself.
        for _ in 0..10 {
            let actions = bench.after(Duration::from_millis(100));
            if let Some(offer) = replies(&actions).into_iter().find(|r| r.chaddr == mac) {
                assert_eq!(bench.select(mac, offer.yiaddr), ack(offer.yiaddr));
                return;
            }
        }
    }
    panic!("no lease within {limit:?}");
}

#[test]
fn starvation_by_random_chaddr_from_one_station() {
    let mut bench = Bench::new("10.42.0.0/24");
    let attacker = client(9999);
    for n in 0..2000 {
        let request = request(Kind::Discover, client(n));
        let actions = bench.event(Event::Message(Incoming { request, from: attacker }));
        for offer in replies(&actions) {
            let request = Request { requested: Some(offer.yiaddr), server: Some(OWN), ..request_of(&offer) };
            bench.event(Event::Message(Incoming { request, from: attacker }));
        }
        bench.now += Duration::from_millis(50);
    }
    assert!(bench.leases.entries().len() <= 32, "one station holds no more than a repeater needs");
    honest_gets_a_lease(&mut bench, s(0));
}

fn request_of(offer: &Reply) -> Request {
    Request { xid: offer.xid, ..request(Kind::Request, offer.chaddr) }
}

#[test]
fn starvation_by_discovers_from_as_many_invented_stations() {
    let mut bench = Bench::new("10.42.0.0/24");
    for n in 0..5000 {
        bench.discover(client(n));
        bench.now += Duration::from_millis(1);
    }
    honest_gets_a_lease(&mut bench, s(0));
}

#[test]
fn starvation_by_whole_exchanges_from_as_many_invented_stations() {
    let mut bench = Bench::new("10.42.0.0/24");
    // A phone that is really there has one of the addresses.
    let (phone, address) = (client(60000), ip(2));
    assert_eq!(bench.join(phone), address);
    bench.now += s(10);
    for n in 0..1000 {
        let actions = bench.send(request(Kind::Discover, client(n)));
        if actions.contains(&Action::Probe(address)) {
            bench.event(Event::Seen(address, phone));
        }
        for offer in replies(&actions) {
            bench.select(offer.chaddr, offer.yiaddr);
        }
        bench.now += Duration::from_millis(1);
    }
    assert!(bench.leases.entries().len() > 180);
    // Those who do not answer ARP make room; the phone answers.
    honest_gets_a_lease_beside(&mut bench, s(2), Some((address, phone)));
    assert_eq!(bench.leases.client(address).unwrap().mac, phone);
}

#[test]
fn a_full_house_of_real_phones_stays() {
    let mut bench = Bench::new("10.42.0.0/29");
    let phones: Vec<_> = (1..=5).map(|n| (bench.join(client(n)), client(n))).collect();
    let probes = bench.send(request(Kind::Discover, client(50)));
    assert_eq!(probes.len(), 5);
    for (ip, mac) in &phones {
        bench.event(Event::Seen(*ip, *mac));
    }
    assert!(replies(&bench.after(s(1))).is_empty());
    assert_eq!(bench.leases.entries().len(), 5);
    assert_eq!(bench.leases.counters.full, 1);
}

#[test]
fn a_decline_storm_takes_a_few_addresses_at_most() {
    let mut bench = Bench::new("10.42.0.0/24");
    let attacker = client(666);
    for _ in 0..500 {
        if let Some(ip) = bench.discover(attacker) {
            bench.decline(attacker, ip);
        }
        bench.now += Duration::from_millis(100);
    }
    let quarantined = bench.leases.table.slots().filter(|(_, slot)| matches!(slot.state, State::Quarantined { .. })).count();
    assert_eq!(quarantined, 4);
    honest_gets_a_lease(&mut bench, s(1));
}

#[test]
fn a_decline_storm_of_many_stations_takes_a_quarter_at_most() {
    let mut bench = Bench::new("10.42.0.0/24");
    for n in 0..500 {
        if let Some(ip) = bench.discover(client(n)) {
            bench.decline(client(n), ip);
        }
    }
    let quarantined = bench.leases.table.slots().filter(|(_, slot)| matches!(slot.state, State::Quarantined { .. })).count();
    assert_eq!(quarantined, 63);
    honest_gets_a_lease(&mut bench, s(1));
}

#[test]
fn a_decline_of_somebody_else_s_address_does_nothing() {
    let mut bench = Bench::new("10.42.0.0/24");
    let victim = bench.join(client(1));
    bench.decline(client(2), victim);
    assert!(bench.leases.client(victim).is_some());
}

#[test]
fn a_spoofed_release_does_nothing() {
    let mut bench = Bench::new("10.42.0.0/24");
    let (victim, attacker) = (client(1), client(2));
    let address = bench.join(victim);
    // Its own station, with the victim's hardware address inside.
    let request = Request { ciaddr: address, server: Some(OWN), ..request(Kind::Release, victim) };
    bench.event(Event::Message(Incoming { request: request.clone(), from: attacker }));
    assert!(bench.leases.client(address).is_some());
    bench.event(Event::Message(Incoming { request, from: victim }));
    assert!(bench.leases.client(address).is_none(), "the client itself may");
    assert_eq!(bench.join(victim), address, "and gets it again");
}

#[test]
fn requested_addresses_that_are_the_server_s_the_network_s_or_for_all() {
    let mut bench = Bench::new("10.42.0.0/24");
    for bad in [OWN, ip(0), ip(255), config::CAPTURE_ADDRESS, Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::BROADCAST, Ipv4Addr::new(10, 42, 1, 5)]
    {
        assert_eq!(bench.reboot(client(1), bad), NAK, "{bad}");
        assert_eq!(bench.select(client(1), bad), NAK, "{bad}");
        assert_eq!(bench.renew(client(1), bad), NAK, "{bad}");
        let offered = bench.answer(Request { requested: Some(bad), ..request(Kind::Discover, client(1)) });
        assert_eq!(offered, Some((DhcpMessageType::Offer, ip(2))), "{bad}");
        bench.now += s(1);
    }
}

#[test]
fn a_renewal_by_unicast_with_no_matching_subnet_is_a_nak_and_nothing_worse() {
    let mut bench = Bench::new("10.42.0.0/24");
    assert_eq!(bench.renew(client(1), Ipv4Addr::new(192, 168, 1, 5)), NAK);
    assert!(bench.leases.entries().is_empty());
}

#[test]
fn our_own_hardware_address_is_nobody_s() {
    let mut bench = Bench::new("10.42.0.0/24");
    assert_eq!(bench.discover(SERVER), None);
    let request = request(Kind::Discover, client(1));
    assert!(bench.event(Event::Message(Incoming { request, from: SERVER })).is_empty());
}

#[test]
fn host_names_with_nul_html_or_newlines_are_cleaned() {
    for (raw, clean) in [
        (&b"phone\0evil"[..], "phoneevil"),
        (b"<script>alert(1)</script>", "scriptalert1script"),
        (b"a\nb\r\n10.42.0.9 x", "ab10.42.0.9x"),
        (b"\xff\xfe\x1b[2J", "2J"),
        ("João-do-Bairro".as_bytes(), "João-do-Bairro"),
        (b"<>", ""),
    ] {
        let mut bench = Bench::new("10.42.0.0/24");
        bench.answer(Request { requested: Some(ip(2)), host: raw.to_vec(), ..request(Kind::Request, client(1)) });
        assert_eq!(bench.leases.client(ip(2)).unwrap().host, clean);
        assert_eq!(bench.leases.snapshot(s(0)).lines().count(), 2);
    }
    let mut bench = Bench::new("10.42.0.0/24");
    bench.answer(Request { requested: Some(ip(2)), host: vec![b'a'; 255], ..request(Kind::Request, client(1)) });
    assert_eq!(bench.leases.client(ip(2)).unwrap().host.len(), 63);
}

#[test]
fn client_ids_over_100_bytes_are_kept_echoed_and_saved() {
    let mut bench = Bench::new("10.42.0.0/24");
    let id = vec![0xab; 255];
    let with_id = Request { client_id: id.clone(), requested: Some(ip(2)), ..request(Kind::Request, client(1)) };
    assert_eq!(replies(&bench.send(with_id.clone()))[0].client_id, id);
    let saved = bench.leases.snapshot(bench.now);
    let mut after = Bench { leases: Leases::new("10.42.0.0/24".parse().unwrap(), SERVER, &saved, s(0)), now: s(0) };
    assert_eq!(after.answer(with_id), ack(ip(2)));
}

#[test]
fn a_noisy_client_is_heard_again_within_a_second() {
    let mut bench = Bench::new("10.42.0.0/24");
    for _ in 0..1000 {
        bench.discover(client(1));
    }
    assert!(bench.leases.counters.limited > 900);
    bench.now += s(1);
    bench.join(client(1));
}
