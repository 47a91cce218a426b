//! The community's certificate for HTTPS: portald judges and keeps it, since nobody else ever needs its key.

use serde_json::Value;

use super::api::pass_on;

/// `GET /tls`: how it is.
pub fn show() -> (u16, Value) {
    pass_on("portald", "/tls", None)
}

/// `POST /tls {chain, key}`, both PEM.
pub fn keep(body: &Value) -> (u16, Value) {
    let (status, mut answer) = pass_on("portald", "/tls", Some(body));
    match answer["no"].take() {
        Value::Null => (status, answer),
        no => (422, no),
    }
}

/// `POST /tls/remove`.
pub fn remove() -> (u16, Value) {
    pass_on("portald", "/tls/remove", Some(&Value::Null))
}
