//! DNS: what a visitor asks, by unicast and multicast, and what an uplink's server answers to the box's own question.
#![no_main]

use lan::dns::{ANSWER, Zone};
use wire::dns::{name, query, response};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let zone = Zone::new(config::Range::default(), config::CAPTURE_ADDRESS, ["vila.local", "vila"]);
    let mut out = [0; ANSWER];
    let length = lan::dns::answer(&zone, data, &mut out);
    let reply = &out[..length];
    if length > 0 {
        // An answer, to this question, that we would be silent to.
        assert_eq!(reply[..2], data[..2]);
        assert!(reply[2] & 0x80 != 0 && lan::dns::answer(&zone, reply, &mut [0; ANSWER]) == 0);
        if let Ok(asked) = query::parse(data) {
            assert_eq!(&reply[12..12 + asked.question.len()], asked.question);
            assert_eq!(reply[11] == 1, asked.edns.is_some());
        }
    }
    for port in [5353, 40000] {
        if let Some(answer) = lan::mdns::answer(&zone, data, port, &mut out) {
            assert!(answer.len <= ANSWER && answer.name < lan::mdns::subjects(&zone));
        }
    }
    let question = response::ask(0x6161, &name::from_text("a.example").unwrap());
    let _ = response::address(&question, data);
    // The same behind a header and question that fit, so that the records are reached.
    let mut answer = question.clone();
    answer[2] |= 0x80;
    answer[7] = 3;
    answer.extend(data);
    let _ = response::address(&question, &answer);
});
