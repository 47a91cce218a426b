//! HTTP + JSON on Unix sockets in `/run/hotspot/`, among our own daemons only.
//!
//! `tiny_http` answers: one thread a connection and no limits of its own, which is fine among trusted callers
//! and is why strangers never reach it.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use serde_json::Value;

/// Where the sockets are; `HOTSPOT_RUN` moves them for tests.
pub fn run_dir() -> std::path::PathBuf {
    #[cfg(test)]
    if let Some(dir) = tests::TEST_DIR.get() {
        return dir.clone();
    }
    std::env::var_os("HOTSPOT_RUN").unwrap_or_else(|| "/run/hotspot".into()).into()
}

/// Largest request or answer body, in bytes.
const MAX_BODY: usize = 1 << 20;
/// A daemon that does not answer by then is counted as not answering.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often a socket that nobody listens on is tried.
const AGAIN: Duration = Duration::from_millis(50);

/// A request as a daemon's handler sees it.
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// Path with query, as sent.
    pub path: String,
    /// The parsed JSON body, `Null` when there is none.
    pub body: Value,
}

/// Answers requests on `<run_dir>/<name>.sock` from a thread of its own, for as long as the process lives.
///
/// The handler returns an HTTP status and a JSON body. Errors: the socket cannot be made.
pub fn serve(name: &str, handler: impl Fn(Request) -> (u16, Value) + Send + 'static) -> std::io::Result<()> {
    let path = run_dir().join(format!("{name}.sock"));
    let _ = std::fs::remove_file(&path);
    let server = tiny_http::Server::http_unix(&path).map_err(std::io::Error::other)?;
    set_group_access(&path)?;
    std::thread::Builder::new().name("ipc".into()).stack_size(128 * 1024).spawn(move || {
        for mut request in server.incoming_requests() {
            let (status, value) = match read_body(&mut request) {
                Ok(body) => handler(Request { method: request.method().to_string(), path: request.url().to_owned(), body }),
                Err(why) => (400, serde_json::json!({"v": 1, "error": why})),
            };
            let response = tiny_http::Response::from_string(value.to_string()).with_status_code(status);
            let _ = request.respond(response);
        }
    })?;
    Ok(())
}

fn set_group_access(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
}

fn read_body(request: &mut tiny_http::Request) -> Result<Value, String> {
    let mut body = Vec::new();
    request.as_reader().take(MAX_BODY as u64 + 1).read_to_end(&mut body).map_err(|e| e.to_string())?;
    match body.len() {
        0 => Ok(Value::Null),
        n if n > MAX_BODY => Err(format!("body over {MAX_BODY} bytes")),
        _ => serde_json::from_slice(&body).map_err(|e| e.to_string()),
    }
}

/// What can go wrong when a daemon is asked.
#[derive(Debug)]
pub enum Error {
    /// Nobody listens on the socket, or the talk broke off.
    NoAnswer(String),
    /// The daemon answered with an error status and this text.
    Refused(u16, String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAnswer(why) => write!(f, "no answer: {why}"),
            Self::Refused(status, text) => write!(f, "{text} (status {status})"),
        }
    }
}

/// Asks daemon `name`: a GET when `body` is `None`, else a POST of it as JSON.
pub async fn ask(name: &str, path: &str, body: Option<&Value>) -> Result<Value, Error> {
    ask_when_up(name, path, body, Duration::ZERO).await
}

/// The same of a daemon that may be starting: somebody listening is waited for that long.
async fn ask_when_up(name: &str, path: &str, body: Option<&Value>, patience: Duration) -> Result<Value, Error> {
    let socket = run_dir().join(format!("{name}.sock"));
    let talk = async {
        let stream = connect(&socket, patience).await.map_err(|e| e.to_string())?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        let task = tokio::spawn(connection);
        let request = hyper::Request::builder()
            .method(if body.is_some() { "POST" } else { "GET" })
            .uri(path)
            .header("host", "localhost")
            .header("connection", "close")
            .body(Full::new(Bytes::from(body.map(Value::to_string).unwrap_or_default())))
            .map_err(|e| e.to_string())?;
        let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let bytes = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(|e| e.to_string())?.to_bytes();
        task.abort();
        let value: Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
        Ok::<_, String>((status, value))
    };
    match tokio::time::timeout(TIMEOUT, talk).await {
        Err(_) => Err(Error::NoAnswer(format!("{} is silent", socket.display()))),
        Ok(Err(why)) => Err(Error::NoAnswer(format!("{}: {why}", socket.display()))),
        Ok(Ok((status, value))) if status < 400 => Ok(value),
        Ok(Ok((status, value))) => Err(Error::Refused(status, value["error"].as_str().unwrap_or("refused").to_owned())),
    }
}

async fn connect(socket: &Path, patience: Duration) -> std::io::Result<tokio::net::UnixStream> {
    let end = tokio::time::Instant::now() + patience;
    loop {
        match tokio::net::UnixStream::connect(socket).await {
            Err(_) if tokio::time::Instant::now() < end => tokio::time::sleep(AGAIN).await,
            done => return done,
        }
    }
}

/// Asks several daemons for `path` at once; one that does not answer within `limit` counts as silent.
pub fn ask_each<const N: usize>(names: [Option<&str>; N], path: &str, limit: Duration) -> [Option<Value>; N] {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return names.map(|_| None) };
    runtime.block_on(async {
        let path = path.to_owned();
        let tasks = names.map(|name| {
            let (name, path) = (name.map(str::to_owned), path.clone());
            tokio::spawn(async move { tokio::time::timeout(limit, ask(&name?, &path, None)).await.ok()?.ok() })
        });
        let mut answers = [const { None }; N];
        for (answer, task) in answers.iter_mut().zip(tasks) {
            *answer = task.await.ok().flatten();
        }
        answers
    })
}

/// [`ask`] for callers without an event loop.
pub fn ask_blocking(name: &str, path: &str, body: Option<&Value>) -> Result<Value, Error> {
    ask_patiently(name, path, body, Duration::ZERO)
}

/// [`ask_blocking`] of a daemon that may be starting: somebody listening is waited for that long.
pub fn ask_patiently(name: &str, path: &str, body: Option<&Value>, patience: Duration) -> Result<Value, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::NoAnswer(e.to_string()))?
        .block_on(ask_when_up(name, path, body, patience))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_asked_and_answers() {
        let dir = std::env::temp_dir().join(format!("hotspot-ipc-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        TEST_DIR.set(dir.clone()).unwrap();
        let _mute = std::os::unix::net::UnixListener::bind(dir.join("mute.sock")).unwrap();
        serve("t", |r| {
            if r.path == "/no" { (404, serde_json::json!({"error": "no such thing"})) } else { (200, serde_json::json!({"got": r.body})) }
        })
        .unwrap();
        let answer = ask_blocking("t", "/x", Some(&serde_json::json!({"a": 1}))).unwrap();
        assert_eq!(answer["got"]["a"], 1);
        assert!(matches!(ask_blocking("t", "/no", None), Err(Error::Refused(404, _))));
        assert!(matches!(ask_blocking("nobody", "/", None), Err(Error::NoAnswer(_))));
        let late = std::thread::spawn(|| ask_patiently("late", "/", None, Duration::from_secs(60)));
        std::thread::sleep(3 * AGAIN);
        serve("late", |_| (200, Value::Bool(true))).unwrap();
        assert_eq!(late.join().unwrap().unwrap(), Value::Bool(true), "one that is starting is waited for");
        let [silent, up, unasked] = ask_each([Some("mute"), Some("t"), None], "/x", Duration::from_millis(300));
        assert!(silent.is_none() && up.is_some() && unasked.is_none());
        std::fs::remove_dir_all(&dir).unwrap();
    }

    pub(super) static TEST_DIR: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
}
