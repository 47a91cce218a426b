//! To ownerd and back: bytes that portald cannot read, and the asking address, which ownerd cannot see.

use std::net::Ipv4Addr;
use std::time::Duration;

use portal::{Door, Response};
use serde_json::{Value, json};

use super::service::Shared;
use crate::ipc;

/// Requests on their way at a time; ownerd answers them one by one.
pub const MOST: usize = 16;
/// Who cannot begin by then is told to come again.
const WAIT: Duration = Duration::from_secs(2);

/// Asks ownerd.
pub async fn ask(shared: &Shared, door: Door, ip: Ipv4Addr, body: &[u8]) -> Response {
    let Ok(Ok(_place)) = tokio::time::timeout(WAIT, shared.owner.acquire()).await else { return answer(503, &json!({"error": "busy"})) };
    let body = match door {
        Door::State => None,
        _ => match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(mut map)) => {
                map.insert("ip".into(), ip.to_string().into());
                Some(Value::Object(map))
            }
            _ => return answer(400, &json!({"error": "a JSON object is wanted"})),
        },
    };
    let path = match door {
        Door::State => "/status",
        Door::Login => "/login",
        Door::Sealed => "/sealed",
    };
    match ipc::ask("ownerd", path, body.as_ref()).await {
        // Strangers learn no more than whether the box has an owner.
        Ok(status) if door == Door::State => answer(200, &json!({"setup": status["setup"]})),
        Ok(value) => answer(200, &value),
        Err(ipc::Error::Refused(status, why)) => {
            let wait = why.split(' ').find_map(|word| word.parse::<u64>().ok());
            answer(status, &json!({"error": why, "wait_s": wait}))
        }
        // Not known yet, which is no error of the page that asks.
        Err(ipc::Error::NoAnswer(_)) if door == Door::State => answer(200, &json!({"setup": null})),
        Err(ipc::Error::NoAnswer(why)) => {
            log::debug!("ownerd: {why}");
            answer(503, &json!({"error": "the owner's part of the box does not answer"}))
        }
    }
}

fn answer(status: u16, body: &Value) -> Response {
    Response::new(status, body.to_string())
        .with("content-type", "application/json")
        .with("x-content-type-options", "nosniff")
        .with("cache-control", "no-store")
}
