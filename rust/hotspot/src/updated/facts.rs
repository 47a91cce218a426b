//! What the health gate and the restart ask about: the other daemons, the name server, the portal, the storage.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use serde_json::Value;
use update::health::Facts;

use super::store::Store;
use crate::ipc;

/// For one question.
const WAIT: Duration = Duration::from_secs(3);

/// All of them; asking takes some seconds at most.
pub fn gather(store: &Store, had_radio: bool) -> Facts {
    let status = ipc::ask_blocking("supervisor", "/status", None).unwrap_or_default();
    let daemons = status["daemons"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|d| (d["name"].as_str().unwrap_or_default().to_owned(), d["state"] == "up", d["restarts"].as_u64().unwrap_or(0)));
    Facts {
        radio: status["radio"]["state"].as_str().unwrap_or("silent").into(),
        had_radio,
        dns: dns_answers(),
        lan: (status["lan"]["state"] == "trouble")
            .then(|| status["lan"]["last_error"].as_str().unwrap_or("netd does not say why").to_owned()),
        portal: portal_answers(),
        data: status["data"]["why"].as_str().map(str::to_owned).or_else(|| store.is_writable().err()),
        daemons: daemons.collect(),
    }
}

/// netd's name server, on its door for the box's own programs.
fn dns_answers() -> bool {
    let question = wire::dns::response::ask(0x7032, &wire::dns::name::from_text("p2p.local").unwrap_or_default());
    let ask = || -> std::io::Result<bool> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(WAIT))?;
        socket.connect((Ipv4Addr::LOCALHOST, 53))?;
        socket.send(&question)?;
        let mut answer = [0; 1500];
        let length = socket.recv(&mut answer)?;
        Ok(wire::dns::response::address(&question, &answer[..length]).is_some())
    };
    ask().unwrap_or(false)
}

fn portal_answers() -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), WAIT)?;
        stream.set_read_timeout(Some(WAIT))?;
        stream.set_write_timeout(Some(WAIT))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(&start == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// How many files phones are fetching; `None` when the portal does not say.
pub fn downloads() -> Option<u64> {
    ipc::ask_blocking("portald", "/status", None).ok()?["downloads"].as_u64()
}

/// Whether the box has an access point; `None` when radiod does not say.
pub fn has_radio() -> Option<bool> {
    let status = ipc::ask_blocking("radiod", "/status", None).ok()?;
    match status["state"].as_str() {
        Some("up") => Some(true),
        Some("no-radio") => Some(false),
        _ => None,
    }
}

/// Whether the internet answers, as netd knows it.
pub fn is_online() -> bool {
    ipc::ask_blocking("netd", "/status", None).is_ok_and(|s| s["uplink"]["state"] == "internet")
}

/// Asks the supervisor to restart the box.
pub fn restart(why: &str) -> Result<(), String> {
    let body = serde_json::json!({"step": "reboot", "why": why});
    ipc::ask_blocking("supervisor", "/recover", Some(&body)).map(|_: Value| ()).map_err(|e| e.to_string())
}

/// Shows the update's part on the LED.
pub fn led(updating: bool, refused: bool) {
    let body = serde_json::json!({"updating": updating, "refused": refused});
    if let Err(e) = ipc::ask_blocking("radiod", "/update", Some(&body)) {
        log::debug!("LED: {e}");
    }
}
