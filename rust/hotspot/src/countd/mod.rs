//! countd: statistics. What the other daemons count becomes days (the `counts` crate), and days become a file a month.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use counts::{Counter, Day, Seen};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use wire::hostapd::parse_mac;

use crate::{ipc, logging, record};

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(60);
/// Looks between two writes: a power cut costs a quarter of an hour.
const KEEP: u32 = 15;
/// A larger file is not ours.
const MAX: u64 = 1 << 20;
/// Before 2025 the clock was never set: no release is older.
const FIRST_YEAR: i32 = 2025;

type Handle = Arc<Mutex<Counter>>;

fn lock(counter: &Handle) -> MutexGuard<'_, Counter> {
    counter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs until told to stop.
pub fn run() -> ExitCode {
    logging::init();
    crate::daemon::run(&mut tokio::runtime::Builder::new_current_thread(), serve())
}

async fn serve() -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let mut hangup = signal(SignalKind::hangup()).map_err(|e| e.to_string())?;
    let (date, _) = now();
    let counter: Handle = Arc::new(Mutex::new(Counter::new(saved(&date).unwrap_or_else(|| Day::new(&date)))));
    let handler = counter.clone();
    ipc::serve("countd", move |request| answer(&handler, &request)).map_err(|e| format!("no socket: {e}"))?;
    let mut tick = tokio::time::interval(LOOK);
    let (mut looks, mut minutes) = (0, 0);
    loop {
        // The time zone, by which days end, may be another when settings changed: it comes with a new start.
        let over = tokio::select! {
            _ = terminate.recv() => true,
            _ = hangup.recv() => true,
            _ = tick.tick() => false,
        };
        if over {
            keep(&lock(&counter).today);
            return Ok(());
        }
        let seen = look(minutes).await;
        minutes = 1;
        let ended = lock(&counter).look(&seen, saved);
        if let Some(day) = &ended {
            keep(day);
            forget_old();
        }
        looks += 1;
        if ended.is_some() || looks % KEEP == 0 {
            let today = lock(&counter).today.clone();
            keep(&today);
        }
    }
}

/// The date and the hour by the clock on the wall.
fn now() -> (String, u8) {
    match sys::process::local_date() {
        Some((year, month, day, hour)) if year >= FIRST_YEAR => (format!("{year:04}-{month:02}-{day:02}"), hour),
        Some((.., hour)) => ("undated".into(), hour),
        None => ("undated".into(), 0),
    }
}

async fn look(minutes: u32) -> Seen {
    let ask = |daemon: &'static str, path: &'static str| async move { ipc::ask(daemon, path, None).await.unwrap_or_default() };
    let (leases, gate, portal) = tokio::join!(ask("netd", "/leases"), ask("netd", "/gate"), ask("portald", "/counts"));
    let (date, hour) = now();
    let macs = leases["leases"].as_array().into_iter().flatten().filter_map(|l| parse_mac(l["mac"].as_str()?));
    let reads = portal["reads"].as_object().into_iter().flatten().filter_map(|(root, n)| Some((root.clone(), n.as_u64()?)));
    Seen {
        date,
        hour,
        minutes,
        phones: macs.collect(),
        served: portal["served"].as_u64(),
        internet: gate["down"].as_u64().zip(gate["up"].as_u64()),
        reads: reads.collect(),
    }
}

fn folder() -> PathBuf {
    record::folder("countd")
}

fn month(name: &str) -> Vec<Day> {
    let path = folder().join(name);
    let small = fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= MAX);
    counts::read(&small.then(|| fs::read_to_string(path).ok()).flatten().unwrap_or_default())
}

fn saved(date: &str) -> Option<Day> {
    month(Day::new(date).month()).into_iter().find(|day| day.date == date)
}

/// Puts a day into its month's file.
fn keep(day: &Day) {
    let mut days = month(day.month());
    days.retain(|known| known.date != day.date);
    days.push(day.clone());
    days.sort_by(|a, b| a.date.cmp(&b.date));
    let text: String = days.iter().map(Day::line).collect();
    let path = folder().join(day.month());
    if let Err(e) = record::replace(&path, text.as_bytes(), 0o640, None) {
        log::warn!("{}: {e}", path.display());
    }
}

/// Names of the months that there are, oldest first.
fn months() -> Vec<String> {
    let is_month = |name: &String| name == "undated" || (name.len() == 7 && name.as_bytes()[4] == b'-');
    let mut names: Vec<String> =
        fs::read_dir(folder()).into_iter().flatten().flatten().filter_map(|e| e.file_name().into_string().ok()).filter(is_month).collect();
    names.sort();
    names
}

fn forget_old() {
    let names = months();
    for name in names.iter().filter(|n| *n != "undated").rev().skip(counts::MONTHS) {
        let _ = fs::remove_file(folder().join(name));
    }
}

/// `GET /days?n=N`: the last N days, oldest first; of each the five bundles that were read most.
fn answer(counter: &Handle, request: &ipc::Request) -> (u16, Value) {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    match (request.method.as_str(), path) {
        ("GET", "/status") => (200, json!({"v": 1, "state": "up", "date": lock(counter).today.date})),
        ("GET", "/days") => {
            let n = query.strip_prefix("n=").and_then(|n| n.parse().ok()).unwrap_or(30_usize).min(1200);
            keep(&lock(counter).today);
            let mut days: Vec<Day> = months().iter().flat_map(|name| month(name)).collect();
            let from = days.len().saturating_sub(n);
            let days: Vec<Value> = days.drain(from..).map(|day| json_of(&day)).collect();
            (200, json!({"v": 1, "days": days}))
        }
        _ => (404, json!({"v": 1, "error": "countd answers /status and /days?n=N"})),
    }
}

fn json_of(day: &Day) -> Value {
    let mut reads: Vec<_> = day.reads.iter().collect();
    reads.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let reads: serde_json::Map<String, Value> = reads.into_iter().take(5).map(|(root, n)| (root.clone(), (*n).into())).collect();
    json!({"date": day.date, "phones": day.phones, "hours": day.hours, "served": day.served, "down": day.internet.0, "up": day.internet.1,
        "minutes": day.minutes, "reads": reads})
}

/// The day that [`json_of`] told.
pub fn day_of(value: &Value) -> Option<Day> {
    let number = |name: &str| value[name].as_u64().unwrap_or(0);
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let mut day = Day::new(value["date"].as_str()?);
    (day.phones, day.served, day.internet, day.minutes) =
        (small(number("phones")), number("served"), (number("down"), number("up")), small(number("minutes")));
    for (hour, n) in day.hours.iter_mut().zip(value["hours"].as_array()?) {
        *hour = small(n.as_u64().unwrap_or(0));
    }
    day.reads = value["reads"].as_object()?.iter().filter_map(|(root, n)| Some((root.clone(), small(n.as_u64()?)))).collect();
    Some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_whole() {
        let mut day = Day { phones: 3, served: 5, internet: (6, 7), minutes: 8, ..Day::new("2026-11-30") };
        day.hours[7] = 2;
        day.reads.insert("bafyA".into(), 4);
        assert_eq!(day_of(&json_of(&day)), Some(day));
        assert_eq!(day_of(&Value::Null), None);
    }
}
