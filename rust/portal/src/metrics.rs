//! `/metrics` for who holds the owner's token: OpenMetrics 1.0 (prometheus.io/docs/specs/om). Numbers, and nothing about a person.

use std::fmt::Write;

use serde_json::Value;

/// The type of the answer.
pub const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A counter or a gauge of the portal itself: name without prefix, help, value; a counter only grows.
pub type Own = (&'static str, bool, &'static str, u64);

/// The whole answer, from the portal's own numbers, the supervisor's status and netd's gate; what is not known is left out.
pub fn text(own: &[Own], status: Option<&Value>, gate: Option<&Value>) -> String {
    let mut out = String::new();
    for (name, counts, help, value) in own {
        add(&mut out, &format!("portal_{name}"), *counts, help, Some(*value as f64));
    }
    let null = Value::Null;
    let (status, gate) = (status.unwrap_or(&null), gate.unwrap_or(&null));
    let flag = |value: &Value, yes: &str| value.as_str().map(|text| f64::from(u8::from(text == yes)));
    let board = &status["board"];
    for (name, help, value) in [
        ("well", "All is well: 1.", flag(&status["state"], "well")),
        ("uptime_seconds", "Since the start of the box.", status["uptime_s"].as_f64()),
        ("stations", "Phones on the Wi-Fi.", status["radio"]["stations"].as_f64()),
        ("stations_limit", "Phones that fit.", status["radio"]["limit"].as_f64()),
        ("leases", "Addresses that are leased.", status["lan"]["leases"].as_f64()),
        ("uplink_internet", "The internet answers: 1.", flag(&status["lan"]["uplink"]["state"], "internet")),
        ("storage_free_bytes", "Free on the card.", status["data"]["free"].as_f64()),
        ("storage_size_bytes", "In all on the card.", status["data"]["size"].as_f64()),
        ("temperature_celsius", "The hottest part of the board.", board["temperature_c"].as_f64()),
        (
            "undervoltage",
            "The power supply was too weak since the start: 1.",
            board["undervoltage"].as_bool().map(|b| f64::from(u8::from(b))),
        ),
        ("card_errors", "Errors of the card's file system.", board["card_errors"].as_f64()),
        ("clock_unix_seconds", "The box's clock.", board["unix_s"].as_f64()),
        ("internet_phones", "Phones that the gate lets through.", gate["out"].as_f64()),
        ("vouchers", "Vouchers that there are.", gate["vouchers"].as_f64()),
    ] {
        add(&mut out, name, false, help, value);
    }
    for (name, help, value) in [
        ("internet_received_bytes", "From the internet, for visitors.", &gate["down"]),
        ("internet_sent_bytes", "To the internet, for visitors.", &gate["up"]),
        ("internet_wrong_tries", "Wrong vouchers and passwords.", &gate["wrong"]),
    ] {
        add(&mut out, name, true, help, value.as_f64());
    }
    out.push_str("# EOF\n");
    out
}

fn add(out: &mut String, name: &str, counts: bool, help: &str, value: Option<f64>) {
    let Some(value) = value else { return };
    let (kind, suffix) = if counts { ("counter", "_total") } else { ("gauge", "") };
    let _ = write!(out, "# TYPE hotspot_{name} {kind}\n# HELP hotspot_{name} {help}\nhotspot_{name}{suffix} {value}\n");
}

/// Does an Authorization header carry this token (RFC 6750, 2.1)? Compared in full, so that time tells nothing.
pub fn allows(header: &str, token: Option<&str>) -> bool {
    let (Some(token), Some(given)) = (token.filter(|t| t.len() >= 16), header.strip_prefix("Bearer ")) else { return false };
    let given = given.trim();
    given.len() == token.len() && given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_known_is_told_and_it_ends_as_it_should() {
        let own = [("requests", true, "Requests answered.", 7), ("connections", false, "Open connections.", 2)];
        let status = json!({"state": "trouble", "uptime_s": 60, "lan": {"leases": 3, "uplink": {"state": "internet"}}, "board": {"undervoltage": true, "temperature_c": null}});
        let text = text(&own, Some(&status), Some(&json!({"out": 4, "down": 5_000_000_000_u64})));
        for line in [
            "# TYPE hotspot_portal_requests counter",
            "hotspot_portal_requests_total 7",
            "hotspot_portal_connections 2",
            "hotspot_well 0",
            "hotspot_uplink_internet 1",
            "hotspot_undervoltage 1",
            "hotspot_internet_phones 4",
            "hotspot_internet_received_bytes_total 5000000000",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
        assert!(!text.contains("temperature") && text.ends_with("# EOF\n"));
        assert!(super::text(&[], None, None) == "# EOF\n");
    }

    #[test]
    fn only_the_whole_token_opens() {
        let token = Some("0123456789abcdef0123456789abcdef");
        assert!(allows("Bearer 0123456789abcdef0123456789abcdef", token));
        for bad in [
            "",
            "Bearer ",
            "Bearer 0123",
            "0123456789abcdef0123456789abcdef",
            "Basic 0123456789abcdef0123456789abcdef",
            "Bearer 0123456789abcdef0123456789abcdeF",
        ] {
            assert!(!allows(bad, token), "{bad}");
        }
        assert!(!allows("Bearer ", Some("")) && !allows("Bearer x", None));
    }
}
