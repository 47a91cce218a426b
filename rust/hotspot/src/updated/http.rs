//! A file on a web server, read at any offset: by ranges where the server knows them, else by reading on.
//!
//! TLS only carries: what comes is judged by its signatures. So a box whose clock was never set, for which every certificate is one
//! from the future, does not verify them; with a clock it does.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use update::Source;
use ureq::tls::TlsConfig;

/// To reach the server, and until its answer begins.
const PATIENCE: Duration = Duration::from_secs(30);
/// A server that sends nothing for so long is gone.
const STALLED: Duration = Duration::from_secs(45);
/// What is asked for first.
const HEAD: u64 = 64 << 10;
/// Tries for one read, with a pause that grows in between.
const TRIES: u32 = 4;
/// Until this year (2024-01-01), the clock was never set.
const CLOCK_IS_SET: u64 = 1_704_067_200;

/// Makes requests.
pub fn agent() -> ureq::Agent {
    let clock = crate::clockd::shown();
    ureq::Agent::config_builder()
        .user_agent("p2p-hotspot")
        .http_status_as_error(false)
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(STALLED))
        .max_redirects(5)
        .max_response_header_size(16 << 10)
        .tls_config(TlsConfig::builder().disable_verification(clock < CLOCK_IS_SET).build())
        .build()
        .into()
}

/// Ends a body that comes at less than a kilobyte a second: a server that sends a byte now and then never stalls, and never ends.
pub struct Slow<R> {
    inner: R,
    waited: Duration,
    bytes: u64,
    borne: Duration,
}

/// How long slowness is borne, counted while it is waited for; and how little is slow.
const BORNE: Duration = Duration::from_secs(30);
const LITTLE: u64 = 30 << 10;

impl<R: Read> Slow<R> {
    /// Over this body.
    pub fn new(inner: R) -> Self {
        Self { inner, waited: Duration::ZERO, bytes: 0, borne: BORNE }
    }
}

impl<R: Read> Read for Slow<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let start = Instant::now();
        let n = self.inner.read(buf)?;
        self.waited += start.elapsed();
        self.bytes += n as u64;
        if self.bytes >= LITTLE {
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        } else if self.waited >= self.borne {
            return Err(io::Error::other("it sends too slowly"));
        }
        Ok(n)
    }
}

/// One file.
pub struct Web {
    agent: ureq::Agent,
    url: String,
    /// Its length as the server says; 0 when it does not.
    length: u64,
    /// Its first bytes: most of what is asked before the decision.
    head: Vec<u8>,
    /// The server knows no ranges: what comes after the byte at this offset.
    stream: Option<(Box<dyn Read + Send + Sync>, u64)>,
    ranges: bool,
}

impl Web {
    /// Asks for its beginning. Errors: in words, for the history.
    pub fn open(agent: &ureq::Agent, url: &str) -> Result<Self, String> {
        let mut web = Self { agent: agent.clone(), url: url.to_owned(), length: 0, head: Vec::new(), stream: None, ranges: true };
        let mut head = Vec::new();
        web.ask(0, HEAD).and_then(|reader| reader.take(HEAD).read_to_end(&mut head)).map_err(|e| e.to_string())?;
        web.head = head;
        if let Some((_, at)) = &mut web.stream {
            *at = web.head.len() as u64;
        }
        Ok(web)
    }

    /// A reader whose next byte is the one at `offset`: of so many bytes, or of the whole file where the server knows no ranges.
    fn ask(&mut self, offset: u64, length: u64) -> io::Result<Box<dyn Read + Send + Sync + '_>> {
        self.stream = None;
        let range = format!("bytes={offset}-{}", offset.saturating_add(length).saturating_sub(1));
        let answer = self.agent.get(&self.url).header("range", range).header("accept-encoding", "identity").call();
        let answer = answer.map_err(|e| io::Error::other(format!("{}: {e}", self.url)))?;
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok());
        let status = answer.status().as_u16();
        self.length = match status {
            206 => {
                let (start, whole) = content_range(header("content-range").unwrap_or_default())
                    .ok_or_else(|| io::Error::other("its range makes no sense"))?;
                if start != offset {
                    return Err(io::Error::other("it sends another range than was asked for"));
                }
                whole
            }
            200 => header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0),
            416 => return Err(io::ErrorKind::UnexpectedEof.into()),
            status => return Err(io::Error::other(format!("{} answers with status {status}", self.url))),
        };
        self.ranges = status == 206;
        let body = Box::new(Slow::new(answer.into_body().into_with_config().limit(u64::MAX).reader()));
        if self.ranges {
            return Ok(body);
        }
        let (reader, at) = self.stream.insert((body, 0));
        let skipped = io::copy(&mut reader.take(offset), &mut io::sink())?;
        *at = skipped;
        Ok(Box::new(reader))
    }

    fn fill(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let inside = usize::try_from(offset).ok().and_then(|at| self.head.get(at..at.checked_add(buf.len())?));
        if let Some(bytes) = inside {
            buf.copy_from_slice(bytes);
            return Ok(());
        }
        let length = buf.len() as u64;
        if self.ranges || self.stream.as_ref().is_none_or(|(_, at)| *at > offset) {
            self.ask(offset, length)?.read_exact(buf)?;
        } else if let Some((reader, at)) = &mut self.stream {
            io::copy(&mut reader.take(offset - *at), &mut io::sink())?;
            reader.read_exact(buf)?;
        }
        if let Some((_, at)) = &mut self.stream {
            *at = offset + length;
        }
        Ok(())
    }

    /// All of a small file. Errors: it is larger, or does not come.
    pub fn whole(mut self, limit: usize) -> Result<Vec<u8>, String> {
        let mut bytes = std::mem::take(&mut self.head);
        let rest = (limit as u64 + 1).saturating_sub(bytes.len() as u64);
        if let Some((reader, _)) = self.stream.take() {
            reader.take(rest).read_to_end(&mut bytes).map_err(|e| format!("{}: {e}", self.url))?;
        } else if self.length > bytes.len() as u64 {
            let from = bytes.len() as u64;
            self.ask(from, rest).and_then(|reader| reader.take(rest).read_to_end(&mut bytes)).map_err(|e| e.to_string())?;
        }
        if bytes.len() > limit { Err(format!("{}: it is neither an update nor a list of updates", self.url)) } else { Ok(bytes) }
    }
}

/// Start and whole length of `bytes 5-9/10` (RFC 9110, 14.4); a length of `*` is 0.
fn content_range(text: &str) -> Option<(u64, u64)> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-')?.0.parse().ok()?;
    Some((start, if length == "*" { 0 } else { length.parse().ok()? }))
}

impl Source for Web {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let mut tries = 1;
        loop {
            let result = self.fill(offset, buf);
            let Err(error) = result else { return Ok(()) };
            self.stream = None;
            // A file that ends is no matter of trying again, unless the connection broke: then a new one tells.
            if tries == TRIES {
                return Err(error);
            }
            log::debug!("{}: {error}; trying again", self.url);
            std::thread::sleep(Duration::from_secs(1 << tries));
            tries += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    /// A byte every few milliseconds.
    struct Trickle;
    impl Read for Trickle {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_millis(5));
            buf[0] = 7;
            Ok(1)
        }
    }

    #[test]
    fn a_byte_now_and_then_is_not_borne_for_ever() {
        let mut slow = Slow { borne: Duration::from_millis(60), ..Slow::new(Trickle) };
        let error = slow.read_exact(&mut [0; 4096]).unwrap_err();
        assert!(error.to_string().contains("too slowly") && slow.bytes < 20, "{error}, {} bytes", slow.bytes);
        let mut quick = Slow { borne: Duration::from_millis(40), ..Slow::new(io::repeat(1)) };
        for _ in 0..3 {
            quick.read_exact(&mut [0; 100]).unwrap();
            // Who takes its time is the reader.
            std::thread::sleep(Duration::from_millis(30));
        }
        quick.read_exact(&mut [0; 100]).unwrap();
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, 10)));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, 0)));
        assert!(content_range("5-9/10").is_none() && content_range("bytes x-9/10").is_none() && content_range("").is_none());
    }

    fn value_at(n: usize) -> u8 {
        u8::try_from(n % 251).unwrap()
    }

    /// A server of 1000 bytes, which knows ranges or not; some of its answers break off.
    fn server(ranges: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut served = 0;
            for mut stream in listener.incoming().flatten() {
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
                    request.push(byte[0]);
                }
                let text = String::from_utf8_lossy(&request).to_lowercase();
                let range = text.split("bytes=").nth(1).and_then(|t| t.split("\r\n").next()?.split_once('-')).filter(|_| ranges);
                let (from, to): (usize, usize) = range.map_or((0, 999), |(from, to)| (from.parse().unwrap(), to.parse().unwrap()));
                let body: Vec<u8> = (from..=to.min(999)).map(value_at).collect();
                let head = if ranges {
                    format!("HTTP/1.1 206 x\r\ncontent-range: bytes {from}-{to}/1000\r\ncontent-length: {}\r\n\r\n", body.len())
                } else {
                    "HTTP/1.1 200 x\r\ncontent-length: 1000\r\n\r\n".to_owned()
                };
                // The second and third answer with ranges break off.
                served += 1;
                let sent = if ranges && (2..4).contains(&served) { body.len() / 2 } else { body.len() };
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..sent]));
            }
        });
        format!("http://{address}/x")
    }

    #[test]
    fn a_cut_connection_is_opened_again_where_it_ended() {
        for ranges in [true, false] {
            let mut web = Web::open(&agent(), &server(ranges)).unwrap();
            assert_eq!(web.len(), 1000);
            web.head.truncate(10);
            for (offset, length) in [(0, 100), (100, 150), (700, 300), (10, 5)] {
                let mut buf = vec![0; length];
                web.read_at(offset, &mut buf).unwrap();
                assert!(buf.iter().zip(usize::try_from(offset).unwrap()..).all(|(b, n)| *b == value_at(n)), "{offset} {ranges}");
            }
        }
    }
}
