//! `hotspot update apply FILE`: the command hands over the open file, so that it may lie wherever its owner can read it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::Sender;
use std::time::Duration;

use serde_json::{Value, json};

use super::candidate::{Judge, Place};
use super::{Message, Offer};
use crate::ipc::run_dir;

/// The socket's name in `/run/hotspot`.
const SOCKET: &str = "updated-file.sock";
/// Longest name that comes with a file.
const MAX_NAME: usize = 200;
/// Who does not say what it wants by then is not heard.
const WAIT: Duration = Duration::from_secs(5);

/// Serves for ever on a thread of its own.
pub fn serve(offers: Sender<Message>, judge: impl Fn() -> Result<Judge, String> + Send + 'static) -> std::io::Result<()> {
    let path = run_dir().join(SOCKET);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    // Root alone: the owner's command. A daemon of ours has no file to hand over.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    std::thread::Builder::new().name("inbox".into()).stack_size(256 << 10).spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = take(&stream, &offers, &judge).map_or_else(|why| json!({"v": 1, "error": why}), |seq| json!({"v": 1, "seq": seq}));
            let _ = stream.write_all(answer.to_string().as_bytes());
        }
    })?;
    Ok(())
}

fn take(stream: &UnixStream, offers: &Sender<Message>, judge: &dyn Fn() -> Result<Judge, String>) -> Result<u64, String> {
    let _ = stream.set_read_timeout(Some(WAIT));
    let (name, file) = sys::fdpass::receive(stream, MAX_NAME).map_err(|e| e.to_string())?;
    let name = format!("the file {}", String::from_utf8_lossy(&name));
    let place = Place::file(file.ok_or("no file came")?).map_err(|e| e.to_string())?;
    let refuse = |why: &dyn std::fmt::Display, code| {
        let text = format!("{name}: {why}");
        let refused = Some((text.clone(), code));
        let _ = offers.send(Message::Offer(Box::new(Offer { best: None, refused, quiet: false })));
        text
    };
    let judge = judge().map_err(|why| refuse(&why, "no-roots"))?;
    let candidate = judge.judge(place, name.clone(), true).map_err(|refusal| refuse(&refusal, refusal.code()))?;
    let seq = candidate.release.seq;
    let offer = Offer { best: Some(candidate), refused: None, quiet: false };
    offers.send(Message::Offer(Box::new(offer))).map_err(|_| "the updater is stopping".to_owned())?;
    Ok(seq)
}

/// The command's side: hands a file over; the release that was taken.
pub fn hand_over(file: &std::fs::File, name: &str) -> Result<u64, String> {
    let stream = UnixStream::connect(run_dir().join(SOCKET))
        .map_err(|e| format!("the updater does not answer ({e}); this command works on the box, as root"))?;
    let name: String = name.chars().rev().take(100).collect::<Vec<_>>().into_iter().rev().collect();
    sys::fdpass::send(&stream, file, name.as_bytes()).map_err(|e| e.to_string())?;
    let answer: Value = serde_json::from_reader(&stream).map_err(|e| format!("the updater broke off: {e}"))?;
    answer["seq"].as_u64().ok_or_else(|| answer["error"].as_str().unwrap_or("it was refused").to_owned())
}
