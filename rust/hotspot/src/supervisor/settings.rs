//! The step that reads hotspot.toml: a child without any rights parses, root compares and writes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use config::{Document, Problem, Secrets, Settings};
use serde::{Deserialize, Serialize};
use sys::process::Rights;

use super::owner_file;
use super::start::DATA;
use super::table::{GROUP, SETTINGS_USER};
use crate::ipc::run_dir;
use crate::ownerd::{KEEP, TRIAL};
use crate::record::replace;

const PARSE_TIME: Duration = Duration::from_secs(5);
const MAX_ANSWER: u64 = 1 << 20;

/// The texts that make the settings, as bytes.
#[derive(Default)]
struct Texts {
    /// The settings of record.
    record: Vec<u8>,
    /// The card's file.
    now: Vec<u8>,
    /// The card's file as it was read last, without the owner's password.
    last: Vec<u8>,
    /// What the owner wants kept.
    keep: Vec<u8>,
    /// What the owner tries out: it holds, and is not kept.
    trial: Vec<u8>,
}

/// What the parsing child answers, as JSON.
#[derive(Serialize, Deserialize)]
struct Parsed {
    settings: Settings,
    secrets: Secrets,
    problems: Vec<Problem>,
    record: String,
    /// The card's file without the owner's password, if it differs.
    last: Option<Vec<u8>>,
}

/// `settings.json`
#[derive(Serialize)]
struct Published<'a> {
    v: u32,
    #[serde(flatten)]
    settings: &'a Settings,
    problems: &'a [Problem],
}

/// Reads, merges, keeps and publishes the settings.
pub fn run() -> Result<(), String> {
    let directory = Path::new(DATA).join("settings");
    let _ = fs::create_dir(&directory);
    let record = directory.join("settings.toml");
    let last = directory.join("hotspot.toml");
    let file = read(Path::new("/boot/hotspot.toml"));
    let (keep, trial) = (run_dir().join(KEEP), run_dir().join(TRIAL));
    let mut texts = Texts {
        record: read(&record).unwrap_or_default(),
        last: read(&last).unwrap_or_default(),
        now: Vec::new(),
        keep: read(&keep).unwrap_or_default(),
        trial: read(&trial).unwrap_or_default(),
    };
    // Without a file nothing in it has changed.
    texts.now = file.clone().unwrap_or_else(|| texts.last.clone());
    let parsed = parse_apart(&texts).or_else(|why| {
        log::error!("hotspot.toml cannot be parsed ({why}); going on without it");
        texts.now.clone_from(&texts.last);
        let mut parsed = parse_apart(&Texts { record: texts.record.clone(), ..Texts::default() })?;
        parsed.problems =
            vec![Problem { line: 0, key: String::new(), reason: "the file cannot be read; start again from the template".into() }];
        Ok::<_, String>(parsed)
    })?;
    for problem in &parsed.problems {
        log::warn!("hotspot.toml line {}: {} {}", problem.line, problem.key, problem.reason);
    }
    // The record first: after a cut between the two, the file is merged once more, with the same result.
    if parsed.record.as_bytes() != texts.record {
        replace(&record, parsed.record.as_bytes(), 0o600, Some(0)).map_err(|e| format!("{}: {e}", record.display()))?;
    }
    let now = parsed.last.as_ref().unwrap_or(&texts.now);
    if *now != texts.last {
        replace(&last, now, 0o600, Some(0)).map_err(|e| format!("{}: {e}", last.display()))?;
    }
    publish(&parsed)?;
    if !texts.keep.is_empty() {
        // Last: ownerd takes its absence as the word that all is written.
        fs::remove_file(&keep).map_err(|e| format!("{}: {e}", keep.display()))?;
    }
    Ok(())
}

/// `secrets.json`
#[derive(Serialize)]
struct PublishedSecrets<'a> {
    #[serde(flatten)]
    secrets: &'a Secrets,
    /// Which `new-owner.txt` stands on the card; empty: none.
    new_owner: String,
}

fn publish(parsed: &Parsed) -> Result<(), String> {
    let write = |name: &str, json: serde_json::Result<Vec<u8>>| {
        let path = run_dir().join(name);
        replace(&path, &json.map_err(|e| e.to_string())?, 0o640, Some(GROUP)).map_err(|e| format!("{}: {e}", path.display()))
    };
    write("secrets.json", serde_json::to_vec(&PublishedSecrets { secrets: &parsed.secrets, new_owner: owner_file::new_owner() }))?;
    write("settings.json", serde_json::to_vec(&Published { v: 1, settings: &parsed.settings, problems: &parsed.problems }))?;
    sys::process::set_host_name(&parsed.settings.device.name).map_err(|e| format!("host name: {e}"))
}

/// At most so much of a file that its being too large can be told.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // Not through a link: some of these lie where a daemon may write.
    let file = File::options().read(true).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK).open(path).ok()?;
    file.take(config::MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Has a child without rights parse.
fn parse_apart(texts: &Texts) -> Result<Parsed, String> {
    let mut command = Command::new(std::env::current_exe().map_err(|e| e.to_string())?);
    command.args(["supervisor", "parse-settings"]).stdin(Stdio::piped()).stdout(Stdio::piped()).env_clear();
    let rights = Rights { user: Some((SETTINGS_USER, GROUP)), capabilities: Vec::new(), files: 16, oom_score: 500, nice: 0 };
    let mut child = sys::process::spawn(&mut command, &rights).map_err(|e| e.to_string())?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let deadline = Instant::now() + PARSE_TIME;
    let watcher = std::thread::spawn(move || {
        while Instant::now() < deadline && child.try_wait().is_ok_and(|status| status.is_none()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        child.wait()
    });
    // The child reads all before it answers, so writing and then reading cannot lock up.
    let mut answer = Vec::new();
    let sent = input.ok_or("no pipe")?.write_all(&encode(texts));
    let got = output.ok_or("no pipe")?.take(MAX_ANSWER).read_to_end(&mut answer);
    let status = watcher.join().map_err(|_| "the watcher died")?.map_err(|e| e.to_string())?;
    sent.and(got.map(|_| ())).map_err(|e| e.to_string())?;
    if !status.success() {
        return Err(format!("the parser ended: {status}"));
    }
    serde_json::from_slice(&answer).map_err(|e| e.to_string())
}

/// Each text with its length before it: 4 bytes, little-endian.
fn encode(texts: &Texts) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in [&texts.record, &texts.now, &texts.last, &texts.keep, &texts.trial] {
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(text);
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Texts> {
    let mut next = || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = rest;
        Some(text.to_vec())
    };
    Some(Texts { record: next()?, now: next()?, last: next()?, keep: next()?, trial: next()? })
}

/// The child: texts on standard input, [`Parsed`] on standard output.
pub fn parse() -> Result<(), String> {
    let mut bytes = Vec::new();
    let limit = 5 * (config::MAX_FILE_BYTES as u64 + 16);
    std::io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    let texts = decode(&bytes).ok_or("half of it is missing")?;
    let answer = serde_json::to_vec(&merge(&texts)).map_err(|e| e.to_string())?;
    std::io::stdout().lock().write_all(&answer).map_err(|e| e.to_string())
}

/// The owner's password is told once and never kept: ownerd makes a verifier of it, and the file is wiped.
const PASSWORD: &str = "admin.password";

fn merge(texts: &Texts) -> Parsed {
    let [record, now, last, keep, trial] = [&texts.record, &texts.now, &texts.last, &texts.keep, &texts.trial].map(|t| Document::parse(t));
    let from_file = config::merge(&record, &now, &last);
    let kept: Vec<_> = config::overlay(&from_file, &keep.entries).into_iter().filter(|e| e.key != PASSWORD).collect();
    let shown = config::overlay(&kept, &trial.entries);
    let mut settings = config::read(config::render(&shown).as_bytes()).settings;
    let password = from_file.into_iter().filter(|e| e.key == PASSWORD && now.get(PASSWORD) == Some(&e.value)).collect::<Vec<_>>();
    settings.admin.password = config::read(config::render(&password).as_bytes()).settings.admin.password;
    let last = config::blank::without(&texts.now, PASSWORD);
    Parsed {
        secrets: settings.secrets(),
        settings: settings.without_secrets(),
        problems: config::read_document(&now).problems,
        record: config::render(&kept),
        last: (last != texts.now).then_some(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cross_the_pipe() {
        let texts = Texts { record: b"a".to_vec(), now: vec![0xff; 70_000], last: Vec::new(), keep: b"k".to_vec(), trial: Vec::new() };
        let back = decode(&encode(&texts)).unwrap();
        assert_eq!((back.record, back.now, back.last, back.keep), (texts.record, texts.now, texts.last, texts.keep));
        assert!(decode(&[1, 0, 0, 0]).is_none() && decode(&[]).is_none());
    }

    #[test]
    fn the_file_is_merged_and_its_problems_told() {
        let now = b"[wifi]\nssid = \"Vila\"\npassword = \"short\"\n[admin]\npassword = \"long enough\"\n".to_vec();
        let parsed = merge(&Texts { record: b"[device]\ncountry = \"BR\"\n".to_vec(), now: now.clone(), ..Texts::default() });
        assert_eq!((parsed.settings.wifi.ssid.as_str(), parsed.settings.device.country.as_str()), ("Vila", "BR"));
        assert_eq!((parsed.settings.admin.password.as_str(), parsed.secrets.admin_password.as_str()), ("", "long enough"));
        assert_eq!((parsed.problems.len(), parsed.problems[0].line), (1, 3));
        // The password is nowhere but in the one file in memory, until the card is wiped; then it is not there either.
        let last = parsed.last.clone().unwrap();
        assert!(!parsed.record.contains("long enough") && !String::from_utf8_lossy(&last).contains("long enough"));
        let again = merge(&Texts { record: parsed.record.clone().into_bytes(), now, last: last.clone(), ..Texts::default() });
        assert_eq!((again.record.as_str(), again.secrets.admin_password.as_str()), (parsed.record.as_str(), "long enough"));
        let wiped = merge(&Texts { record: parsed.record.clone().into_bytes(), now: last.clone(), last, ..Texts::default() });
        assert_eq!((wiped.record, wiped.secrets.admin_password.as_str()), (parsed.record, ""));
    }

    #[test]
    fn what_the_owner_keeps_is_kept_and_what_is_tried_only_holds() {
        let texts = Texts {
            record: b"[wifi]\nssid = \"Old\"\n".to_vec(),
            keep: b"[community]\nname = \"Vila\"\n[wifi]\nchannel = 6\n".to_vec(),
            trial: b"[wifi]\nssid = \"New\"\npassword = \"pao de queijo\"\n".to_vec(),
            ..Texts::default()
        };
        let parsed = merge(&texts);
        assert_eq!((parsed.settings.wifi.ssid.as_str(), parsed.settings.wifi.channel), ("New", Some(6)));
        assert_eq!(parsed.secrets.wifi_password, "pao de queijo");
        assert!(parsed.record.contains("Old") && parsed.record.contains("Vila") && !parsed.record.contains("New"));
        let undone = merge(&Texts { record: parsed.record.into_bytes(), ..Texts::default() });
        assert_eq!((undone.settings.wifi.ssid.as_str(), undone.secrets.wifi_password.as_str()), ("Old", ""));
    }

    #[test]
    fn a_file_changed_on_a_computer_wins_over_the_page() {
        let record = b"[wifi]\nssid = \"Page\"\n".to_vec();
        let file = b"[wifi]\nssid = \"File\"\n".to_vec();
        let same = merge(&Texts { record: record.clone(), now: file.clone(), last: file.clone(), ..Texts::default() });
        assert_eq!(same.settings.wifi.ssid, "Page");
        let changed = merge(&Texts { record, now: file, ..Texts::default() });
        assert_eq!(changed.settings.wifi.ssid, "File");
    }

    #[test]
    fn a_file_is_replaced_with_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("hotspot-replace-{}.json", std::process::id()));
        let group = fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::gid(&m)).unwrap();
        for text in ["one", "two"] {
            replace(&path, text.as_bytes(), 0o640, Some(group)).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        fs::remove_file(&path).unwrap();
    }
}
