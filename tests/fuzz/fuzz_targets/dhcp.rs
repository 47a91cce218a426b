//! DHCP: frames as they come off the link, a conversation of several messages with the server, and its saved state.
//!
//! The input is a list of events: a byte that says which, then what it needs; messages have two bytes of length.
#![no_main]

use std::collections::HashSet;
use std::time::Duration;

use lan::leases::{Action, Event, Incoming, Leases};
use wire::dhcp::{DhcpMessageType, Request};
use wire::frame;

const OWN: [u8; 6] = [2, 0, 0, 0, 0, 1];

fn take<'a>(data: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (head, tail) = data.split_at_checked(n)?;
    *data = tail;
    Some(head)
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(datagram) = frame::datagram(data, 67) {
        let _ = Request::parse(datagram.payload);
    }
    let _ = frame::arp_sender(data);
    let _ = Request::parse(data);

    // A pool of five, so that everything runs out.
    let range: config::Range = "10.42.0.0/29".parse().unwrap();
    let mut leases = Leases::new(range, OWN, &String::from_utf8_lossy(data), Duration::ZERO);
    let mut now = Duration::from_secs(1);
    let mut rest = data;
    while let Some(&[what]) = take(&mut rest, 1).map(|b| <&[u8; 1]>::try_from(b).unwrap()) {
        let event = match what % 4 {
            0 => Event::Start,
            1 => {
                let Some(jump) = take(&mut rest, 2) else { break };
                now += Duration::from_millis(u64::from(jump[0]) << (jump[1] % 16));
                Event::Tick
            }
            2 => {
                let Some(seen) = take(&mut rest, 2) else { break };
                Event::Seen([10, 42, 0, seen[0] % 8].into(), [2, 0, 0, 0, 1, seen[1]])
            }
            _ => {
                let Some(length) = take(&mut rest, 2) else { break };
                let length = usize::from(u16::from_be_bytes([length[0] & 3, length[1]]));
                let length = length.min(rest.len());
                let Some(fields) = take(&mut rest, length) else { break };
                let Some(request) = message(fields) else { continue };
                let from = if what & 4 == 0 { request.chaddr } else { [2, 0, 0, 0, 2, what] };
                Event::Message(Incoming { request, from })
            }
        };
        for action in leases.step(event, now) {
            if let Action::Send { reply, .. } = action {
                assert!(reply.emit().len() >= 300);
                assert!(reply.yiaddr.is_unspecified() == (reply.kind == DhcpMessageType::Nak || reply.times.is_none()));
                assert!(reply.yiaddr.is_unspecified() || (range.contains(reply.yiaddr) && reply.yiaddr != range.own() && reply.yiaddr != range.broadcast()));
            }
        }
        assert!(leases.deadline().is_none_or(|at| at > now), "a deadline that is over was not dealt with");
        let entries = leases.entries();
        assert_eq!(entries.iter().map(|e| e.ip).collect::<HashSet<_>>().len(), entries.len());
        assert!(entries.len() <= leases.pool());
        assert!(entries.iter().all(|e| e.host.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))));
    }
    let saved = leases.snapshot(now);
    assert_eq!(Leases::new(range, OWN, &saved, now).snapshot(now), saved, "what is saved is what is loaded");
});

/// A message with a good header: the kind, the client, three addresses of the range, then any options.
fn message(fields: &[u8]) -> Option<Request> {
    let mut bytes = vec![0; 240];
    bytes[..4].copy_from_slice(&[1, 1, 6, 0]);
    let (head, options) = fields.split_at_checked(4)?;
    bytes[7] = head[0] >> 4;
    bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, head[1]]);
    let address = |n: u8| if n & 8 == 0 { [0; 4] } else { [10, 42, 0, n & 7] };
    bytes[12..16].copy_from_slice(&address(head[2]));
    bytes[236..240].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
    bytes.extend([53, 1, head[0] & 15]);
    if head[3] & 8 != 0 {
        bytes.extend([50, 4]);
        bytes.extend(address(head[3]));
    }
    if head[3] & 16 != 0 {
        bytes.extend([54, 4, 10, 42, 0, 1 + (head[3] >> 7)]);
    }
    bytes.extend(options);
    Request::parse(&bytes).ok()
}
