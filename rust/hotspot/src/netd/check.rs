//! Whether the real internet answers: one small request over the uplink, answered the way that a captive network would not.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use wire::dns::{name, response};

/// Any of the world's many such hosts would do; its answer is 204 and nothing in it.
const HOST: &str = "connectivitycheck.gstatic.com";
const PATH: &str = "/generate_204";
/// For all of it.
const TIMEOUT: Duration = Duration::from_secs(8);
/// For one name server.
const DNS_TIMEOUT: Duration = Duration::from_secs(2);
/// What is read of the answer.
const MAX: usize = 512;

/// Asks; every failure is just "no", and the log has the reason.
pub async fn internet(device: &str, servers: &[Ipv4Addr], id: u16) -> bool {
    match tokio::time::timeout(TIMEOUT, ask(device, servers, id)).await {
        Ok(Ok(well)) => well,
        Ok(Err(error)) => {
            log::debug!("the internet does not answer: {error}");
            false
        }
        Err(_) => false,
    }
}

async fn ask(device: &str, servers: &[Ipv4Addr], id: u16) -> std::io::Result<bool> {
    let ip = resolve(device, servers, id).await?;
    let socket = TcpSocket::new_v4()?;
    sys::sockets::bind_to_device(&socket, device)?;
    let mut stream = socket.connect(SocketAddr::V4(SocketAddrV4::new(ip, 80))).await?;
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: p2p-hotspot\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX as u64).read_to_end(&mut answer).await?;
    Ok(is_204(&answer))
}

/// A captive network answers with its own page or a redirect, never with 204.
fn is_204(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.1 204") || answer.starts_with(b"HTTP/1.0 204")
}

async fn resolve(device: &str, servers: &[Ipv4Addr], id: u16) -> std::io::Result<Ipv4Addr> {
    let question = response::ask(id, &name::from_text(HOST).unwrap_or_default());
    for server in servers {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        sys::sockets::bind_to_device(&socket, device)?;
        socket.connect((*server, 53)).await?;
        socket.send(&question).await?;
        let mut answer = [0; 1500];
        if let Ok(Ok(length)) = tokio::time::timeout(DNS_TIMEOUT, socket.recv(&mut answer)).await
            && let Some(ip) = response::address(&question, &answer[..length])
        {
            return Ok(ip);
        }
    }
    Err(std::io::Error::other(format!("no name server said where {HOST} is")))
}

#[cfg(test)]
mod tests {
    use super::is_204;

    #[test]
    fn only_204_is_the_internet() {
        assert!(is_204(b"HTTP/1.1 204 No Content\r\n"));
        for other in [&b"HTTP/1.1 302 Found\r\n"[..], b"HTTP/1.1 200 OK\r\n", b"", b"204"] {
            assert!(!is_204(other));
        }
    }
}
