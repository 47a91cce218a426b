//! The owner's view of the gate: netd's own, and vouchers with what is printed beside them.

use portal::qr;
use serde_json::{Value, json};

use super::api::pass_on;
use super::edit;

/// Vouchers of one answer: a printed page has room for them, and their pictures take some 2 KB each.
const PAGE: usize = 24;

/// `GET /vouchers?batch=N&from=M`: a page of them, each with the picture that leads a phone to the form.
pub fn page(query: &str) -> (u16, Value) {
    let number = |name: &str| query.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('=')).and_then(|n| n.parse::<usize>().ok());
    let (Some(batch), from) = (number("batch"), number("from").unwrap_or(0)) else { return (400, json!({"error": "which batch?"})) };
    let (status, mut body) = pass_on("netd", &format!("/gate/batch?id={batch}"), None);
    let Some(Value::Array(all)) = body.get_mut("vouchers").map(Value::take).filter(|_| status == 200) else { return (status, body) };
    let settings = edit::current();
    let address = settings.lan.range.own();
    let vouchers: Vec<Value> = all
        .iter()
        .skip(from)
        .take(PAGE)
        .map(|voucher| {
            let picture = qr::code(&format!("http://{address}/V/{}", voucher["code"].as_str().unwrap_or_default()));
            let mut voucher = voucher.clone();
            voucher["qr"] = json!({"size": picture.size, "path": picture.path});
            voucher
        })
        .collect();
    body["next"] = if from + PAGE < all.len() { (from + PAGE).into() } else { Value::Null };
    body["vouchers"] = vouchers.into();
    body["address"] = format!("http://{address}/internet").into();
    body["ssid"] = settings.wifi.ssid.into();
    (200, body)
}
