//! The captive gate: the whole nft rule set as text, loaded in one transaction.
//!
//! - Nothing is forwarded, by policy; IPv6 does not pass the bridge at all.
//! - Visitors reach DHCP, DNS, mDNS and HTTP on the box. What they send anywhere else is refused at once, never dropped in
//!   silence, so that a phone's probe fails fast: this happens before routing, so it holds with no default route too.
//! - Port 53 to any address is the box's; so is port 80.
//! - The uplink side reaches nothing; replies to what the box asked pass, those of other hotspots to an mDNS question too.
//! - Limits per source refill within a second; over them a packet is lost, and nobody is banned.

use std::net::Ipv4Addr;

use config::Range;

/// The bridge that visitors are on.
pub const BRIDGE: &str = "br-hotspot";
/// Where UDP questions to other name servers arrive; nobody reaches it but through the redirection.
pub const ELSEWHERE_PORT: u16 = 1053;

/// Where contentd hears other hotspots' answers (mDNS, from port 5353), for as long as it asks.
pub const NEIGHBOURS_PORT: u16 = 5354;

/// The rule set for visitors in `range`, with captured names at `capture`.
pub fn ruleset(range: Range, capture: Ipv4Addr) -> String {
    let own = range.own();
    TEMPLATE
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
    set other_rate { type ether_addr; size 4096; flags dynamic, timeout; timeout 10s; }

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
        tcp flags & (syn | ack) == syn update @new_rate { ether saddr limit rate over 100/second burst 200 packets } drop
        # A flood of questions to us must not fill the tracking table.
        ip daddr @BOX@ udp dport 53 notrack accept
        meta l4proto { tcp, udp } th dport 53 accept
        tcp dport 80 accept
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
        type nat hook prerouting priority dstnat; policy accept;
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
        udp dport { 53, @ELSEWHERE@, 5353 } accept
        tcp dport { 53, 80 } accept
        icmp type echo-request update @other_rate { ether saddr limit rate over 50/second burst 100 packets } drop
        icmp type echo-request accept
        ct state established, related accept
        # DHCP is heard below this, on a packet socket.
        drop
    }

    chain forward {
        type filter hook forward priority filter; policy drop;
    }

    # Answers to what was kept out of the tracking table are kept out too; those to redirected questions are not, which
    # is why these have a port of their own.
    chain out {
        type filter hook output priority raw; policy accept;
        oifname "@BRIDGE@" ip saddr @BOX@ udp sport 53 notrack
        oifname "@BRIDGE@" meta nfproto ipv6 drop
    }
}

table bridge hotspot {
    # Between visitors: nothing, whatever the ports' own isolation says.
    chain forward {
        type filter hook forward priority filter; policy drop;
    }

    # From visitors: IPv4, ARP that does not claim to be us, and a key exchange that hostapd reads.
    chain prerouting {
        type filter hook prerouting priority filter; policy accept;
        ether type arp arp saddr ip @OWN@ drop
        ether type { ip, arp, 0x888e } accept
        drop
    }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hole_of_the_template_is_filled() {
        let rules = ruleset("192.168.50.0/24".parse().unwrap(), config::CAPTURE_ADDRESS);
        assert!(!rules.contains('@') || rules.matches('@').count() == rules.matches("update @").count());
        assert!(rules.contains("{ 192.168.50.1, 198.51.100.1 }") && rules.contains("!= 192.168.50.0/24"));
        assert!(!rules.contains("10.42."));
    }

    #[test]
    fn nothing_is_forwarded_by_any_rule() {
        let rules = ruleset(Range::default(), config::CAPTURE_ADDRESS);
        for chain in rules.split("chain forward").skip(1) {
            let body = &chain[..chain.find('}').unwrap()];
            assert!(body.contains("policy drop") && !body.contains("accept"), "{body}");
        }
        assert_eq!(rules.matches("chain forward").count(), 2);
    }

    /// The real nft reads it; needs root for the kernel's side of a check, and the program.
    #[test]
    fn the_real_nft_takes_it() {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let child = Command::new("unshare").args(["-n", "nft", "-c", "-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(mut child) = child else { return };
        child.stdin.take().unwrap().write_all(ruleset(Range::default(), config::CAPTURE_ADDRESS).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("unshare failed") || said.contains("No such file") {
            eprintln!("skipped: {said}");
            return;
        }
        assert!(output.status.success(), "{said}");
    }
}
