//! A name that leads to another machine of the network: the portal asks it in the visitor's place, and passes on what it says. Bodies
//! flow through, both ways; nothing of them is kept.

use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Requests on their way to other machines at a time.
pub const MOST: usize = 64;
/// To reach the machine.
const CONNECT: Duration = Duration::from_secs(5);
/// Until it begins to answer.
const WAIT: Duration = Duration::from_secs(60);
/// The largest head of an answer, in bytes.
const MAX_HEAD: usize = 32 * 1024;
/// What we are called in `Via` (RFC 9110, 7.6.3).
const VIA: &str = "1.1 p2p-hotspot";

/// What belongs to one connection and is not passed on (RFC 9110, 7.6.1).
const HOPS: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Asks `machine`. Errors: it is not there, what it says is no HTTP, or the question came from ourselves.
pub async fn ask(machine: SocketAddrV4, parts: &Parts, body: Incoming) -> Result<hyper::Response<Incoming>, String> {
    if parts.headers.get_all(header::VIA).iter().any(|via| via.as_bytes().windows(VIA.len()).any(|w| w == VIA.as_bytes())) {
        return Err("that machine is this box, or another that asks it back".into());
    }
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(SocketAddr::V4(machine))).await.map_err(|_| "it does not answer")?;
    let stream = stream.map_err(|e| e.to_string())?;
    let client = hyper::client::conn::http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream));
    let (mut sender, connection) = client.await.map_err(|e| e.to_string())?;
    // Ends with the answer's body, or with the visitor who reads it no further.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            log::debug!("{machine}: {error}");
        }
    });
    let mut request = hyper::Request::new(body);
    *request.method_mut() = parts.method.clone();
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    *request.uri_mut() = path.parse().map_err(|_| "its address makes no sense")?;
    *request.headers_mut() = passed_on(&parts.headers);
    // Where the request line names the host, it is that one (RFC 9112, 3.2.2).
    if let Some(host) = parts.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
    request.headers_mut().append(header::VIA, HeaderValue::from_static(VIA));
    let answer = tokio::time::timeout(WAIT, sender.send_request(request)).await.map_err(|_| "it takes too long")?;
    let mut response = answer.map_err(|e| e.to_string())?;
    *response.headers_mut() = passed_on(response.headers());
    // Another protocol cannot be spoken through us.
    if response.status() == hyper::StatusCode::SWITCHING_PROTOCOLS { Err("it wants another protocol".into()) } else { Ok(response) }
}

fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut out = headers.clone();
    // Headers that Connection names belong to the connection too.
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| *name != header::HOST)
        .collect();
    for name in HOPS.iter().chain(&named) {
        out.remove(name);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_connection_is_not_passed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("connection", "close, X-Secret, Host"), ("x-secret", "1"), ("upgrade", "websocket"), ("host", "wiki.p2p"), ("cookie", "a=b")]
        {
            headers.insert(name, value.parse().unwrap());
        }
        let out = passed_on(&headers);
        assert_eq!((out.len(), out["host"].as_bytes(), out["cookie"].as_bytes()), (2, &b"wiki.p2p"[..], &b"a=b"[..]));
    }
}
