//! Load on an HTTP server on this computer.
//!
//! - `load probes PORT PHONES ROUNDS HOST PATH`: all phones connect at the same moment, each from its own address, ask once, and
//!   read to the end. Prints `p50 p99 max failed`, times in milliseconds over all rounds.
//! - `load seeks PORT CLIENTS PATH BYTES PIECES`: all fetch so many stretches of 1 MiB of a file of so many bytes, each from another
//!   place. Prints `seconds failed`.
//! - `load files PORT CLIENTS PATH BYTES`: all fetch a file at once. Prints `seconds failed`.
#![forbid(unsafe_code)]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// An answer that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{text} is not a number"));
    match args[..] {
        ["probes", port, phones, rounds, host, path] => {
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Dalvik/2.1.0 (Linux; U; Android 13)\r\nConnection: close\r\n\r\n"
            );
            let (mut times, mut failed) = (Vec::new(), 0);
            for _ in 0..number(rounds)? {
                runtime.block_on(round(number(port)?, number(phones)?, &request, &mut times, &mut failed));
            }
            times.sort_by(f64::total_cmp);
            let at = |part: f64| {
                times.get(((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
            };
            println!("{:.3} {:.3} {:.3} {failed}", at(0.5), at(0.99), at(1.0));
        }
        ["seeks", port, clients, path, bytes, pieces] => {
            let (port, bytes, pieces) = (number(port)?, number(bytes)?, number(pieces)?);
            let start = Instant::now();
            let failed = runtime.block_on(async {
                let tasks: Vec<_> = (0..number(clients)?).map(|n| tokio::spawn(seek(port, n, path.to_owned(), bytes, pieces))).collect();
                let mut failed = 0;
                for task in tasks {
                    failed += task.await.unwrap_or(1);
                }
                Ok::<_, String>(failed)
            })?;
            println!("{:.3} {failed}", start.elapsed().as_secs_f64());
        }
        ["files", port, clients, path, bytes] => {
            let request = format!("GET {path} HTTP/1.1\r\nHost: p2p.local\r\nConnection: close\r\n\r\n");
            let start = Instant::now();
            let bytes = number(bytes)?;
            let failed = runtime.block_on(async {
                let tasks: Vec<_> =
                    (0..number(clients)?).map(|n| tokio::spawn(ask(number(port).unwrap_or(0), n, request.clone()))).collect();
                let mut failed = 0;
                for task in tasks {
                    // The head comes on top of the file's bytes.
                    failed += u32::from(!matches!(task.await, Ok(Ok(got)) if got > bytes && got < bytes + 2000));
                }
                Ok::<_, String>(failed)
            })?;
            println!("{:.3} {failed}", start.elapsed().as_secs_f64());
        }
        _ => return Err("usage: load seeks PORT CLIENTS PATH BYTES PIECES | load probes PORT PHONES ROUNDS HOST PATH | load files PORT CLIENTS PATH BYTES".into()),
    }
    Ok(())
}

async fn round(port: usize, phones: usize, request: &str, times: &mut Vec<f64>, failed: &mut u32) {
    let tasks: Vec<_> = (0..phones)
        .map(|n| {
            let request = request.to_owned();
            tokio::spawn(async move {
                let start = Instant::now();
                ask(port, n, request).await.map(|got| (got, start.elapsed()))
            })
        })
        .collect();
    for task in tasks {
        match task.await {
            Ok(Ok((got, time))) if got > 20 => times.push(time.as_secs_f64() * 1000.0),
            _ => *failed += 1,
        }
    }
}

/// One request on a fresh connection from the `n`-th address; how many bytes came.
async fn ask(port: usize, n: usize, request: String) -> io::Result<usize> {
    let talk = async {
        let mut stream = connect(port, n).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut buffer = vec![0; 64 * 1024];
        let mut got = 0;
        loop {
            match stream.read(&mut buffer).await? {
                0 => return Ok(got),
                n => got += n,
            }
        }
    };
    tokio::time::timeout(LIMIT, talk).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

async fn connect(port: usize, n: usize) -> io::Result<TcpStream> {
    let source = Ipv4Addr::from(0x7f01_0001 + u32::try_from(n).unwrap_or(0));
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((source, 0)))?;
    socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap_or(0)))).await
}

/// One client's stretches; gives how many failed.
async fn seek(port: usize, n: usize, path: String, bytes: usize, pieces: usize) -> u32 {
    const PIECE: usize = 1 << 20;
    let (mut failed, mut random) = (0, n as u64 * 7919 + 1);
    for _ in 0..pieces {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let from = (random >> 33) as usize % bytes.saturating_sub(PIECE).max(1);
        let range = format!("bytes={from}-{}", from + PIECE - 1);
        let request = format!("GET {path} HTTP/1.1\r\nHost: p2p.local\r\nRange: {range}\r\nConnection: close\r\n\r\n");
        failed += u32::from(!matches!(ask(port, n, request).await, Ok(got) if got > PIECE && got < PIECE + 2000));
    }
    failed
}
