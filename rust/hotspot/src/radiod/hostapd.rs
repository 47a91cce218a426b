//! hostapd as our child, or as one that an earlier radiod left running: started, followed, ended.
//!
//! It must outlive radiod, so that phones stay associated while radiod is started anew: it writes to a file of its own
//! (a pipe would break with us), and is found again through the kept plan.

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use radio::machine::{Event, Plan};
use sys::pidfd::Process;
use tokio::net::UnixDatagram;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, timeout};
use wire::hostapd::{self as control, Event as Heard, Message};

use super::files;

/// hostapd opens its control socket within this.
const SOCKET: Duration = Duration::from_secs(10);
/// How often it is asked whether it lives, and how long it may take.
const PING: Duration = Duration::from_secs(30);
/// Its log is cut to nothing above this size.
const MAX_LOG: u64 = 64 * 1024;

/// hostapd's folder of control sockets.
pub fn control_folder() -> PathBuf {
    files::run().join("hostapd")
}

/// Makes a folder that no other daemon may enter: who reaches hostapd's socket may change the network.
fn private_folder(path: &Path) -> io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)),
        other => other,
    }
}

fn log_path() -> PathBuf {
    files::run().join("hostapd.log")
}

/// A hostapd that runs.
pub struct Running {
    process: Process,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Writes the configuration, starts hostapd and follows it; what happens goes to `events`.
    pub fn launch(plan: &Plan, events: UnboundedSender<Event>) -> io::Result<Self> {
        let conf = files::run().join("hostapd.conf");
        files::write(&conf, plan.conf.as_bytes())?;
        private_folder(&control_folder())?;
        let _ = std::fs::remove_file(control_folder().join(&plan.interface));
        let log = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(log_path())?;
        log.set_len(0)?;
        let mut child = tokio::process::Command::new("hostapd")
            .arg(&conf)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(|e| io::Error::new(e.kind(), format!("hostapd does not start: {e}")))?;
        let pid = child.id().map(u32::cast_signed).ok_or_else(|| io::Error::other("hostapd ended at once"))?;
        files::keep_plan(plan, pid)?;
        let process = Process::open(pid)?;
        let interface = plan.interface.clone();
        let task = tokio::spawn(async move {
            let sockets = Sockets::of(&interface);
            let why = tokio::select! {
                biased;
                ended = child.wait() => end(&ended),
                why = listen(&sockets, &events, PING) => why,
            };
            let _ = events.send(Event::Failed(why));
        });
        Ok(Self { process, task })
    }

    /// Takes over the hostapd that a plan was kept of, if it lives and answers.
    pub async fn kept() -> Option<(Plan, i32)> {
        let (plan, pid) = files::kept_plan()?;
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        if name.trim() != "hostapd" {
            files::forget_plan();
            return None;
        }
        let process = Process::open(pid).ok()?;
        if let Ok(socket) = Sockets::of(&plan.interface).connect()
            && timeout(Duration::from_secs(1), ask(&socket, control::PING)).await.is_ok_and(|answer| answer.is_ok())
        {
            return Some((plan, pid));
        }
        log::warn!("an old hostapd does not answer: ended");
        let _ = process.kill();
        files::forget_plan();
        None
    }

    /// Follows the hostapd of a kept plan.
    pub fn follow(plan: &Plan, pid: i32, events: UnboundedSender<Event>) -> io::Result<Self> {
        let (process, watched) = (Process::open(pid)?, Process::open(pid)?);
        let interface = plan.interface.clone();
        let task = tokio::spawn(async move {
            let sockets = Sockets::of(&interface);
            let why = tokio::select! {
                biased;
                () = watched.ended() => "hostapd ended".into(),
                why = listen(&sockets, &events, PING) => why,
            };
            let _ = events.send(Event::Failed(why));
        });
        Ok(Self { process, task })
    }

    /// Ends it, within 3 s.
    pub async fn stop(self) {
        self.task.abort();
        let _ = self.process.terminate();
        if timeout(Duration::from_secs(2), self.process.ended()).await.is_err() {
            let _ = self.process.kill();
            let _ = timeout(Duration::from_secs(1), self.process.ended()).await;
        }
        files::forget_plan();
    }
}

/// Why hostapd ended: the signal, or the last thing it said.
fn end(ended: &io::Result<std::process::ExitStatus>) -> String {
    match ended {
        Ok(status) if status.code().is_some() => format!("hostapd ended: {}", last_words().unwrap_or_else(|| status.to_string())),
        Ok(status) => format!("hostapd ended: {status}"),
        Err(e) => format!("hostapd: {e}"),
    }
}

/// Both ends of a control connection.
struct Sockets {
    hostapd: PathBuf,
    own: PathBuf,
}

impl Sockets {
    /// The connection on which events are heard.
    fn of(interface: &str) -> Self {
        Self { hostapd: control_folder().join(interface), own: files::run().join("control.sock") }
    }

    fn connect(&self) -> io::Result<UnixDatagram> {
        let _ = std::fs::remove_file(&self.own);
        let socket = UnixDatagram::bind(&self.own)?;
        socket.connect(&self.hostapd)?;
        Ok(socket)
    }
}

/// Gives hostapd one command, on a connection of its own.
pub async fn command(interface: &str, command: &[u8]) -> io::Result<()> {
    let socket = Sockets { own: files::run().join("command.sock"), ..Sockets::of(interface) }.connect()?;
    timeout(Duration::from_secs(2), ask(&socket, command)).await.unwrap_or_else(|e| Err(e.into())).map(|_| ())
}

/// Sends a command and waits for its answer, passing over events.
async fn ask(socket: &UnixDatagram, command: &[u8]) -> io::Result<String> {
    socket.send(command).await?;
    let mut buffer = [0; control::MAX_DATAGRAM + 1];
    loop {
        let n = socket.recv(&mut buffer).await?;
        match Message::parse(&buffer[..n]) {
            Ok(Message::Event(_)) | Err(_) => {}
            Ok(Message::Text(text)) => return Ok(text.to_owned()),
            Ok(answer @ (Message::Fail | Message::Unknown)) => return Err(io::Error::other(format!("{answer:?}"))),
            Ok(Message::Ok | Message::Pong) => return Ok(String::new()),
        }
    }
}

/// Follows hostapd's events for as long as it answers to a ping within the time that is given; returns why no longer.
async fn listen(sockets: &Sockets, events: &UnboundedSender<Event>, ping: Duration) -> String {
    let opened = async {
        loop {
            match sockets.connect() {
                Ok(socket) => return socket,
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let Ok(socket) = timeout(SOCKET, opened).await else { return "hostapd opens no control socket".into() };
    if let Err(e) = timeout(SOCKET, ask(&socket, control::ATTACH)).await.unwrap_or_else(|e| Err(e.into())) {
        return format!("hostapd does not let us listen: {e}");
    }
    // It may have been enabled before we listened.
    match timeout(SOCKET, ask(&socket, b"STATUS")).await {
        Ok(Ok(status)) if status.lines().any(|l| l == "state=ENABLED") => _ = events.send(Event::Enabled),
        Ok(Ok(_)) => {}
        _ => return "hostapd does not tell its state".into(),
    }
    let mut buffer = [0; control::MAX_DATAGRAM + 1];
    let (mut answered, mut next) = (true, Instant::now() + ping);
    let mut quota = Quota { left: QUOTA, since: Instant::now() };
    loop {
        let n = match tokio::time::timeout_at(next, socket.recv(&mut buffer)).await {
            Ok(Ok(n)) => n,
            Ok(Err(e)) => return format!("hostapd's control socket: {e}"),
            Err(_) if !answered => return "hostapd does not answer".into(),
            Err(_) => {
                (answered, next) = (false, Instant::now() + ping);
                cut_log();
                if let Err(e) = socket.send(control::PING).await {
                    return format!("hostapd's control socket: {e}");
                }
                continue;
            }
        };
        match Message::parse(&buffer[..n]) {
            Ok(Message::Event(heard)) => {
                tell(&heard, &mut quota);
                if let Some(event) = meaning(&heard) {
                    let _ = events.send(event);
                }
            }
            Ok(_) => answered = true,
            Err(e) => log::warn!("{e}"),
        }
    }
}

/// What an event of hostapd's means to the machine.
fn meaning(heard: &Heard) -> Option<Event> {
    match heard {
        Heard::Enabled => Some(Event::Enabled),
        Heard::Disabled => Some(Event::Failed("hostapd lost its interface".into())),
        Heard::Connected(phone) => Some(Event::Joined(*phone)),
        Heard::Disconnected(phone) => Some(Event::Left(*phone)),
        Heard::Full(_) | Heard::WrongPassword(_) | Heard::Terminating | Heard::Other(_) => None,
    }
}

/// Lines about phones that may still be written within this minute: a noisy one must not push the rest out of the log.
struct Quota {
    left: u32,
    since: Instant,
}

/// Lines about phones in a minute.
const QUOTA: u32 = 20;

/// Writes to the log what an event says about a phone.
fn tell(heard: &Heard, quota: &mut Quota) {
    let (phone, what) = match heard {
        Heard::Connected(phone) => (phone, "is in"),
        Heard::Disconnected(phone) => (phone, "is out"),
        Heard::Full(phone) => (phone, "was turned away: the box is full"),
        Heard::WrongPassword(phone) => (phone, "has the wrong password"),
        Heard::Other(text) => return log::debug!("hostapd: {text}"),
        Heard::Enabled | Heard::Disabled | Heard::Terminating => return,
    };
    if quota.since.elapsed() >= Duration::from_secs(60) {
        *quota = Quota { left: QUOTA, since: Instant::now() };
    }
    match quota.left {
        0 => return,
        1 => log::info!("more phones came and went within this minute"),
        _ => log::info!("{} {what}", control::format_mac(*phone)),
    }
    quota.left -= 1;
}

/// The last line that hostapd wrote before it ended that says something.
fn last_words() -> Option<String> {
    let mut text = String::new();
    let file = std::fs::File::open(log_path()).ok()?;
    io::Read::read_to_string(&mut io::Read::take(file, MAX_LOG), &mut text).ok()?;
    let dull = |line: &&str| {
        !line.is_empty() && !["AP-DISABLED", "CTRL-EVENT-TERMINATING", "hostapd_free_hapd_data"].iter().any(|w| line.contains(w))
    };
    text.lines().map(str::trim).rfind(dull).map(|line| line.chars().take(200).collect())
}

/// Keeps hostapd's log from filling the memory; it appends, so that a cut leaves no hole.
fn cut_log() {
    let path: &Path = &log_path();
    if std::fs::metadata(path).is_ok_and(|m| m.len() > MAX_LOG)
        && let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(path)
    {
        let _ = file.set_len(0);
        let _ = file.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    /// Lets `listen` talk to a hostapd that gives these answers, then sends these events and falls silent.
    fn heard(answers: &[&str], then: &[&str]) -> (Vec<String>, Option<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = std::env::temp_dir().join(format!("hotspot-hostapd-{}-{:?}", std::process::id(), std::thread::current().id()));
        std::fs::create_dir_all(&folder).unwrap();
        let sockets = Sockets { hostapd: folder.join("wlan0"), own: folder.join("own") };
        let result = runtime.block_on(async {
            let hostapd = UnixDatagram::bind(&sockets.hostapd).unwrap();
            let (sender, mut events) = unbounded_channel();
            let own = sockets.own.clone();
            let task = tokio::spawn(async move { listen(&sockets, &sender, Duration::from_millis(100)).await });
            let mut buffer = [0; 64];
            for answer in answers {
                hostapd.recv(&mut buffer).await.unwrap();
                hostapd.send_to(answer.as_bytes(), &own).await.unwrap();
            }
            for event in then {
                hostapd.send_to(event.as_bytes(), &own).await.unwrap();
            }
            let why = timeout(Duration::from_secs(5), task).await.ok().map(Result::unwrap);
            let mut all = vec![];
            while let Ok(event) = events.try_recv() {
                all.push(format!("{event:?}"));
            }
            (all, why)
        });
        std::fs::remove_dir_all(&folder).unwrap();
        result
    }

    #[test]
    fn events_are_heard_until_hostapd_falls_silent() {
        let (events, why) =
            heard(&["OK\n", "state=ENABLED\n"], &["<3>AP-STA-CONNECTED 02:00:00:00:01:00", "<3>AP-STA-CONNECTED junk", "<3>AP-DISABLED "]);
        assert_eq!(events, ["Enabled", "Joined([2, 0, 0, 0, 1, 0])", "Failed(\"hostapd lost its interface\")"]);
        assert_eq!(why.as_deref(), Some("hostapd does not answer"));
    }

    #[test]
    fn events_between_the_answers_do_no_harm() {
        let (events, why) = heard(&["OK\n", "<3>AP-ENABLED "], &["state=COUNTRY_UPDATE\n", "<3>AP-ENABLED "]);
        assert_eq!((events, why.as_deref()), (vec!["Enabled".into()], Some("hostapd does not answer")));
    }

    #[test]
    fn refusals_are_told() {
        let (_, why) = heard(&["FAIL\n"], &[]);
        assert!(why.unwrap().starts_with("hostapd does not let us listen"));
        let (_, why) = heard(&["OK\n", "UNKNOWN COMMAND\n"], &[]);
        assert_eq!(why.as_deref(), Some("hostapd does not tell its state"));
    }
}
