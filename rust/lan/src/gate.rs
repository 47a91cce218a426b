//! The captive gate: the whole nft rule set as text, loaded in one transaction.
//!
//! - Nothing is forwarded, by policy, unless the owner wants a way out ([`Way`]): then what comes from a phone whose hardware and
//!   internet address stand in a set, and what answers it. Each packet is looked up, so a phone that is taken out is out at once,
//!   its connections too. IPv6 does not pass the bridge at all.
//! - Visitors reach DHCP, DNS, mDNS and HTTP on the box. What they send anywhere else is refused at once, never dropped in
//!   silence, so that a phone's probe fails fast: this happens before routing, so it holds with no default route too.
//! - Where the community has a domain, HTTPS on the box's own address is let through too, and on no other.
//! - Port 53 to any address is the box's; so is port 80.
//! - The uplink side reaches nothing; replies to what the box asked pass, those of other hotspots to an mDNS question too.
//! - Limits per source refill within a second; over them a packet is lost, and nobody is banned.

use std::net::{Ipv4Addr, SocketAddrV4};

use config::Range;

/// The bridge that visitors are on.
pub const BRIDGE: &str = "br-hotspot";
/// Where UDP questions to other name servers arrive; nobody reaches it but through the redirection.
pub const ELSEWHERE_PORT: u16 = 1053;

/// Where contentd hears other hotspots' answers (mDNS, from port 5353), for as long as it asks.
pub const NEIGHBOURS_PORT: u16 = 5354;

/// Where the questions of phones that are let through arrive, to be answered by the real internet.
pub const FORWARD_PORT: u16 = 1054;

/// A way out, for those who stand in the sets (see [`open`], [`garden`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Limit of one phone, each way, in kbit/s; 0: none.
    pub speed: u32,
    /// Limit of all together, each way, in kbit/s; 0: none.
    pub speed_total: u32,
}

/// The rule set for visitors in `range`, with captured names at `capture`; the box may ask these `machines` among the visitors, and
/// is reached by HTTPS if it has a `domain`.
pub fn ruleset(range: Range, capture: Ipv4Addr, way: Option<Way>, machines: &[SocketAddrV4], domain: bool) -> String {
    let own = range.own();
    // What a machine says first is refused like any visitor's; what it answers is no first packet.
    let machine = |m: &SocketAddrV4| {
        format!("\n        ip saddr {} tcp sport {} ip daddr @BOX@ tcp flags & (syn | ack | rst) != syn accept", m.ip(), m.port())
    };
    let machines: String = machines.iter().map(machine).collect();
    let https = |text: &'static str| if domain { text } else { "" };
    TEMPLATE
        .replace("@SETS@", &(way.map_or("", |_| SETS).to_owned() + https(HTTPS_SET)))
        .replace("@HTTPS@", https(HTTPS))
        .replace("@HTTPS_IN@", https(HTTPS_IN))
        .replace("@EARLY@", &(machines + way.map_or("", |_| EARLY)))
        .replace("@NAT@", way.map_or("", |_| NAT))
        .replace("@PORTS@", &way.map_or(String::new(), |_| format!(", {FORWARD_PORT}")))
        .replace("@FORWARD@", way.map_or("", |_| FORWARD))
        .replace("@CHAINS@", &way.map_or(String::new(), chains))
        .replace("@SEEN@", way.map_or("", |_| SEEN))
        .replace("@WATCH@", way.map_or("", |_| WATCH))
        .replace("@ANSWERED@", &FORWARD_PORT.to_string())
        .replace("@BRIDGE@", BRIDGE)
        .replace("@ELSEWHERE@", &ELSEWHERE_PORT.to_string())
        .replace("@NEIGHBOURS@", &NEIGHBOURS_PORT.to_string())
        .replace("@BOX@", &own.to_string())
        .replace("@OWN@", &format!("{{ {own}, {capture} }}"))
        .replace("@RANGE@", &range.to_string())
}

/// `table` before `delete table`, so that deleting one that is not there is no error.
const TEMPLATE: &str = r#"table inet hotspot
delete table inet hotspot
table bridge hotspot
delete table bridge hotspot

table inet hotspot {
    set dns_rate { type ether_addr; size 4096; flags dynamic, timeout; timeout 10s; }
    set new_rate { type ether_addr; size 4096; flags dynamic, timeout; timeout 10s; }
    set other_rate { type ether_addr; size 4096; flags dynamic, timeout; timeout 10s; }@SETS@

    # Before connection tracking: refuse what leads outside, and keep what leads to us out of the tracking table.
    chain early {
        type filter hook prerouting priority raw; policy accept;
        iifname "@BRIDGE@" jump visitors_early
    }

    chain visitors_early {
        meta nfproto ipv6 drop
        ip saddr != @RANGE@ ip saddr != 0.0.0.0 drop
        ip frag-off & 0x1fff != 0 drop
        udp dport 53 update @dns_rate { ether saddr limit rate over 300/second burst 300 packets } drop
        tcp flags & (syn | ack) == syn update @new_rate { ether saddr limit rate over 100/second burst 200 packets } drop@EARLY@
        # A flood of questions to us must not fill the tracking table.
        ip daddr @BOX@ udp dport 53 notrack accept
        meta l4proto { tcp, udp } th dport 53 accept
        tcp dport 80 accept@HTTPS@
        udp dport { 67, 5353 } accept
        ip protocol icmp ip daddr @OWN@ accept
        # A reset is as short as what it answers; the rest is limited, lest we be made to shout.
        tcp flags & rst == 0 reject with tcp reset
        update @other_rate { ether saddr limit rate over 50/second burst 100 packets } drop
        pkttype { broadcast, multicast } drop
        udp dport 443 reject with icmp port-unreachable
        reject with icmp admin-prohibited
    }

    chain to_box {
        type nat hook prerouting priority dstnat; policy accept;@NAT@
        iifname "@BRIDGE@" udp dport 53 redirect to :@ELSEWHERE@
        iifname "@BRIDGE@" tcp dport 53 redirect to :53
        iifname "@BRIDGE@" tcp dport 80 redirect to :80
    }

    chain input {
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        iifname "@BRIDGE@" jump visitors
        ct state established, related accept
        # Other hotspots answer a question that went to a group: no tracking knows them.
        udp sport 5353 udp dport @NEIGHBOURS@ accept
    }

    chain visitors {
        udp dport { 53, @ELSEWHERE@, 5353@PORTS@ } accept
        tcp dport { 53, 80@PORTS@ } accept@HTTPS_IN@
        icmp type echo-request update @other_rate { ether saddr limit rate over 50/second burst 100 packets } drop
        icmp type echo-request accept
        ct state established, related accept
        # DHCP is heard below this, on a packet socket.
        drop
    }

    chain forward {
        type filter hook forward priority filter; policy drop;@FORWARD@
    }
@CHAINS@
    # Answers to what was kept out of the tracking table are kept out too; those to redirected questions are not, which
    # is why these have a port of their own.
    chain out {
        type filter hook output priority raw; policy accept;
        oifname "@BRIDGE@" ip saddr @BOX@ udp sport 53 notrack
        oifname "@BRIDGE@" meta nfproto ipv6 drop
    }
}

table bridge hotspot {@SEEN@
    # Between visitors: nothing, whatever the ports' own isolation says.
    chain forward {
        type filter hook forward priority filter; policy drop;
    }

    # From visitors: IPv4, ARP that does not claim to be us, and a key exchange that hostapd reads.
    chain prerouting {
        type filter hook prerouting priority filter; policy accept;
        ether type arp arp saddr ip @OWN@ drop@WATCH@
        ether type { ip, arp, 0x888e } accept
        drop
    }
}
"#;

/// HTTPS on the box's own address. To agree on keys costs the box more than a page does.
const HTTPS_SET: &str = r#"
    set tls_rate { type ether_addr; size 4096; flags dynamic, timeout; timeout 10s; }"#;
const HTTPS: &str = r#"
        ip daddr @BOX@ tcp dport 443 tcp flags & (syn | ack) == syn update @tls_rate { ether saddr limit rate over 10/second burst 40 packets } drop
        ip daddr @BOX@ tcp dport 443 accept"#;
const HTTPS_IN: &str = r#"
        ip daddr @BOX@ tcp dport 443 accept"#;

/// Who is let through, by both addresses and by one; what each received and sent; the walled garden; an address that a second
/// phone uses.
const SETS: &str = r#"
    set open { type ether_addr . ipv4_addr; size 8192; }
    set taken { type ipv4_addr; size 8192; }
    set down { type ipv4_addr; size 8192; counter; }
    set up { type ipv4_addr; size 8192; counter; }
    set garden { type ipv4_addr; size 4096; flags timeout; }
    set foreign { type ipv4_addr . ether_addr; size 512; flags dynamic, timeout; timeout 30s; }
    set down_rate { type ipv4_addr; size 8192; flags dynamic, timeout; timeout 60s; }
    set up_rate { type ipv4_addr; size 8192; flags dynamic, timeout; timeout 60s; }"#;

/// Their questions are tracked, since they are sent to another port; their packets to elsewhere go on to the forward chain.
const EARLY: &str = r#"
        ether saddr . ip saddr @open meta l4proto { tcp, udp } th dport 53 accept
        pkttype host ip daddr != @OWN@ ether saddr . ip saddr @open accept
        pkttype host ip daddr @garden tcp dport { 80, 443 } accept
        pkttype host ip daddr @garden udp dport 443 accept
        ether saddr . ip saddr != @open ip saddr @taken update @foreign { ip saddr . ether saddr }"#;

const NAT: &str = r#"
        iifname "@BRIDGE@" ether saddr . ip saddr @open udp dport 53 redirect to :@ANSWERED@
        iifname "@BRIDGE@" ether saddr . ip saddr @open tcp dport 53 redirect to :@ANSWERED@
        iifname "@BRIDGE@" ether saddr . ip saddr @open ip daddr != @OWN@ tcp dport 80 accept
        iifname "@BRIDGE@" ip daddr != @OWN@ ip daddr @garden tcp dport 80 accept"#;

const FORWARD: &str = r#"
        iifname "@BRIDGE@" oifname != "@BRIDGE@" jump leaving
        iifname != "@BRIDGE@" oifname "@BRIDGE@" jump coming"#;

/// Frames of one hardware address on two ports at a time are two phones. What a phone begins with is noted (an address asked for, a
/// name, a connection), and of the rest a sample: to note each packet of a download would cost a tenth of the forwarding.
const SEEN: &str = r#"
    set seen { type ether_addr . iface_index; size 4096; flags dynamic, timeout; timeout 6s; }
"#;
const WATCH: &str = r#"
        ether type ip udp dport { 53, 67 } update @seen { ether saddr . meta iif }
        ether type ip tcp flags & (syn | ack) == syn update @seen { ether saddr . meta iif }
        ether type ip limit rate 100/second burst 100 packets update @seen { ether saddr . meta iif }"#;

fn chains(way: Way) -> String {
    // Half a second's worth may come at once, or no connection would ever reach its speed.
    let limit =
        |kbit: u32| format!("limit rate over {} bytes/second burst {} bytes", u64::from(kbit) * 125, (u64::from(kbit) * 63).max(32_000));
    let each = |set: &str, address: &str| match way.speed {
        0 => String::new(),
        kbit => format!("\n        update @{set} {{ ip {address} {} }} drop", limit(kbit)),
    };
    let all = match way.speed_total {
        0 => String::new(),
        kbit => format!("\n        {} drop", limit(kbit)),
    };
    CHAINS.replace("@UP@", &(each("up_rate", "saddr") + &all)).replace("@DOWN@", &(each("down_rate", "daddr") + &all))
}

const CHAINS: &str = r#"
    chain leaving {
        ip daddr @garden accept
        ether saddr . ip saddr != @open goto refused@UP@
        ip saddr @up accept
    }

    chain coming {
        ct state != { established, related } drop
        ip saddr @garden accept
        ip daddr != @taken drop@DOWN@
        ip daddr @down accept
    }

    # A connection that was open when its phone was locked ends at once, and does not hang.
    chain refused {
        meta l4proto tcp reject with tcp reset
        reject with icmp admin-prohibited
    }

    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr @RANGE@ oifname != { "@BRIDGE@", "lo" } masquerade
    }
"#;

/// Commands that let a phone through.
pub fn open(ip: Ipv4Addr, mac: &str) -> String {
    // Deleted first, so that its counters begin at zero; and added before that, since deleting what is not there is an error.
    let each = |set: &str, what: &str| {
        format!(
            "add element inet hotspot {set} {{ {what} }}\ndelete element inet hotspot {set} {{ {what} }}\nadd element inet hotspot {set} {{ {what} }}\n"
        )
    };
    format!(
        "{}{}{}{}",
        each("down", &ip.to_string()),
        each("up", &ip.to_string()),
        each("taken", &ip.to_string()),
        each("open", &format!("{mac} . {ip}"))
    )
}

/// Commands that lock it again.
pub fn shut(ip: Ipv4Addr, mac: &str) -> String {
    let each =
        |set: &str, what: &str| format!("add element inet hotspot {set} {{ {what} }}\ndelete element inet hotspot {set} {{ {what} }}\n");
    format!(
        "{}{}{}{}",
        each("open", &format!("{mac} . {ip}")),
        each("taken", &ip.to_string()),
        each("down", &ip.to_string()),
        each("up", &ip.to_string())
    )
}

/// Commands that keep these addresses of the walled garden reachable for another hour.
pub fn garden(addresses: &[Ipv4Addr]) -> String {
    let each = |ip: &Ipv4Addr| {
        format!(
            "add element inet hotspot garden {{ {ip} timeout 1h }}\ndelete element inet hotspot garden {{ {ip} }}\nadd element inet hotspot garden {{ {ip} timeout 1h }}\n"
        )
    };
    addresses.iter().map(each).collect()
}

/// The elements that `nft list set` prints, each as its words.
fn elements(listing: &str) -> impl Iterator<Item = Vec<&str>> {
    let inside = listing.split_once("elements = {").and_then(|(_, rest)| rest.split_once('}')).map_or("", |(inside, _)| inside);
    inside.split(',').map(|element| element.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty())
}

/// Bytes by address, from the listing of a set with counters.
pub fn counted(listing: &str) -> Vec<(Ipv4Addr, u64)> {
    let bytes = |words: &[&str]| words.iter().position(|w| *w == "bytes").and_then(|at| words.get(at + 1)?.parse().ok());
    elements(listing).filter_map(|words| Some((words.first()?.parse().ok()?, bytes(&words)?))).collect()
}

/// Pairs, from the listing of a set of two addresses.
pub fn pairs(listing: &str) -> Vec<(String, String)> {
    elements(listing)
        .filter(|w| w.get(1) == Some(&"."))
        .filter_map(|w| Some(((*w.first()?).to_owned(), w.get(2)?.trim_matches('"').to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAYS: [Option<Way>; 3] = [None, Some(Way { speed: 0, speed_total: 0 }), Some(Way { speed: 512, speed_total: 8000 })];
    const MACHINES: [SocketAddrV4; 2] =
        [SocketAddrV4::new(Ipv4Addr::new(10, 42, 7, 9), 8080), SocketAddrV4::new(Ipv4Addr::new(10, 42, 7, 9), 80)];
    const SET_NAMES: [&str; 14] = [
        "dns_rate",
        "new_rate",
        "other_rate",
        "tls_rate",
        "open",
        "taken",
        "down",
        "up",
        "garden",
        "foreign",
        "down_rate",
        "up_rate",
        "seen",
        "nothing",
    ];

    #[test]
    fn every_hole_of_the_template_is_filled() {
        for way in WAYS {
            let mut rules = ruleset("192.168.50.0/24".parse().unwrap(), config::CAPTURE_ADDRESS, way, &MACHINES, true);
            assert!(rules.contains("{ 192.168.50.1, 198.51.100.1 }") && rules.contains("!= 192.168.50.0/24"));
            for name in SET_NAMES {
                rules = rules.replace(&format!("@{name} "), "").replace(&format!("@{name}\n"), "");
            }
            assert!(!rules.contains('@') && !rules.replace("10.42.7.9", "").contains("10.42."), "{rules}");
        }
    }

    #[test]
    fn without_a_way_nothing_is_forwarded_by_any_rule() {
        let rules = ruleset(Range::default(), config::CAPTURE_ADDRESS, None, &MACHINES, false);
        for chain in rules.split("chain forward").skip(1) {
            let body = &chain[..chain.find('}').unwrap()];
            assert!(body.contains("policy drop") && !body.contains("accept") && !body.contains("jump"), "{body}");
        }
        assert_eq!(rules.matches("chain forward").count(), 2);
        assert!(!rules.contains("masquerade"));
    }

    #[test]
    fn https_is_let_in_on_the_box_alone_and_only_with_a_domain() {
        for way in WAYS {
            let with = ruleset(Range::default(), config::CAPTURE_ADDRESS, way, &[], true);
            let without = ruleset(Range::default(), config::CAPTURE_ADDRESS, way, &[], false);
            let rules =
                |text: &str| text.lines().filter(|l| l.contains("tcp dport 443")).map(str::trim).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(rules(&without), Vec::<String>::new());
            assert!(rules(&with).len() == 3 && rules(&with).iter().all(|rule| rule.starts_with("ip daddr 10.42.0.1 tcp dport 443 ")));
            // Before everything else is refused.
            let at = |what: &str| with.find(what).unwrap_or_else(|| panic!("no {what}"));
            assert!(at("tcp dport 443 accept") < at("reject with tcp reset"));
        }
    }

    #[test]
    fn listings_are_read() {
        let text = "table inet hotspot {\n\tset down {\n\t\ttype ipv4_addr\n\t\tcounter\n\t\telements = { 10.42.0.7 counter packets 3 bytes 244,\n\t\t\t     10.42.0.9 counter packets 0 bytes 0 }\n\t}\n}\n";
        assert_eq!(counted(text), [([10, 42, 0, 7].into(), 244), ([10, 42, 0, 9].into(), 0)]);
        let text = "elements = { 02:00:00:00:00:01 . \"eth1\" timeout 6s expires 3s, 02:00:00:00:00:01 . \"eth2\" timeout 6s expires 5s }";
        assert_eq!(pairs(text), [("02:00:00:00:00:01".into(), "eth1".into()), ("02:00:00:00:00:01".into(), "eth2".into())]);
        for nonsense in ["", "elements = {", "elements = { }", "elements = { x counter bytes }", "elements = { . . . }"] {
            assert!(counted(nonsense).is_empty(), "{nonsense}");
        }
    }

    /// The real nft reads them; needs root for the kernel's side of a check, and the program.
    #[test]
    fn the_real_nft_takes_it() {
        use std::io::Write;
        use std::process::{Command, Stdio};
        for (way, domain) in WAYS.iter().flat_map(|way| [(*way, false), (*way, true)]) {
            let mut rules = ruleset(Range::default(), config::CAPTURE_ADDRESS, way, &MACHINES, domain);
            if way.is_some() {
                let (ip, mac) = (Ipv4Addr::new(10, 42, 0, 7), "02:00:00:00:00:01");
                rules += &(open(ip, mac)
                    + &open(ip, mac)
                    + &garden(&[[1, 2, 3, 4].into(), [1, 2, 3, 5].into()])
                    + &shut(ip, mac)
                    + &shut(ip, mac));
            }
            let child = Command::new("unshare").args(["-n", "nft", "-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
            let Ok(mut child) = child else { return };
            child.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            if said.contains("unshare failed") || said.contains("No such file") || said.contains("not permitted") {
                eprintln!("skipped: {said}");
                return;
            }
            assert!(output.status.success(), "{said}");
        }
    }
}
