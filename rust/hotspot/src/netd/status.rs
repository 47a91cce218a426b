//! What other daemons may ask: `/status`, `/client?ip=`, `/leases`; what is about the gate is in `vouchers`.

use std::sync::atomic::Ordering;

use lan::uplink::State as Uplink;
use serde_json::{Value, json};

use super::state::State;

/// Answers on `netd.sock`.
pub fn serve(state: &State) -> std::io::Result<()> {
    let state = state.clone();
    crate::ipc::serve("netd", move |request| {
        super::vouchers::answer(&state, &request).unwrap_or_else(|| match request.path.split_once('?').unwrap_or((&request.path, "")) {
            ("/status", _) => (200, status(&state)),
            ("/leases", _) => (200, leases(&state)),
            ("/client", query) => client(&state, query),
            _ => (404, json!({"v": 1, "error": "there are /status, /leases, /client?ip=A.B.C.D and /gate"})),
        })
    })
}

fn mac(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

fn status(state: &State) -> Value {
    let [udp, tcp, silent] = [0, 1, 2].map(|i| state.dns[i].load(Ordering::Relaxed));
    let inner = state.lock();
    let dhcp = inner.leases.as_ref().map(|l| (l.counters, l.entries().len(), l.pool())).unwrap_or_default();
    let (counters, leases, pool) = dhcp;
    let problem = inner.uplink.as_ref().and_then(|(_, _, problem)| problem.as_ref());
    let error = inner.gate_error.as_ref().or(problem).or(inner.last_error.as_ref());
    json!({
        "v": 1,
        "state": if inner.gate_error.is_some() { "trouble" } else if inner.leases.is_some() { "up" } else { "starting" },
        "bridge": lan::gate::BRIDGE,
        "ports": inner.ports,
        "address": state.settings.lan.range.own(),
        "capture": config::CAPTURE_ADDRESS,
        "leases": leases,
        "pool": pool,
        "uplink": uplink(inner.uplink.as_ref()),
        "counters": {
            "dns_udp": udp, "dns_tcp": tcp, "dns_silent": silent,
            "dhcp_discovers": counters.discovers, "dhcp_offers": counters.offers, "dhcp_acks": counters.acks, "dhcp_naks": counters.naks,
            "dhcp_declines": counters.declines, "dhcp_limited": counters.limited, "dhcp_full": counters.full,
        },
        "out": inner.gate.as_ref().map_or(0, |gate| gate.told().0),
        "last_error": error,
    })
}

/// The state's name in the status and the log.
pub fn uplink_name(state: &Uplink) -> &'static str {
    match state {
        Uplink::None => "none",
        Uplink::NoCarrier => "no-carrier",
        Uplink::NoLease => "no-lease",
        Uplink::Lease(_) => "lease",
        Uplink::Internet(_) => "internet",
        Uplink::ServingLan => "serving-lan",
    }
}

fn uplink(uplink: Option<&(Uplink, Option<String>, Option<String>)>) -> Value {
    let Some((state, interface, problem)) = uplink else { return json!({"state": "none"}) };
    let lease = match state {
        Uplink::Lease(lease) | Uplink::Internet(lease) => Some(lease),
        _ => None,
    };
    json!({
        "state": uplink_name(state),
        "interface": interface,
        "address": lease.map(|l| format!("{}/{}", l.address, l.prefix)),
        "gateway": lease.and_then(|l| l.gateway),
        "dns": lease.map(|l| l.dns.clone()).unwrap_or_default(),
        "problem": problem,
    })
}

fn leases(state: &State) -> Value {
    let now = state.now();
    let entries = state.lock().leases.as_ref().map(|l| l.entries()).unwrap_or_default();
    let list: Vec<Value> = entries
        .iter()
        .map(|e| json!({"ip": e.ip, "mac": mac(e.mac), "host": e.host, "left_s": e.until.saturating_sub(now).as_secs()}))
        .collect();
    json!({"v": 1, "leases": list})
}

fn client(state: &State, query: &str) -> (u16, Value) {
    let Some(ip) = query.strip_prefix("ip=").and_then(|ip| ip.parse().ok()) else {
        return (400, json!({"v": 1, "error": "ask /client?ip=A.B.C.D"}));
    };
    match state.lock().leases.as_ref().and_then(|l| l.client(ip)) {
        Some(entry) => (200, json!({"v": 1, "ip": ip, "mac": mac(entry.mac), "join": entry.joins})),
        None => (404, json!({"v": 1, "error": format!("{ip} has no lease")})),
    }
}
