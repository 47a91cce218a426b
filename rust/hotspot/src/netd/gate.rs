//! Loading the rule set: `nft -f -`, all of it or nothing.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use config::{Access, Settings};
use lan::gate::Way;

use super::state::State;

/// The longest pause before the gate is tried again.
const PAUSE: Duration = Duration::from_secs(60);

/// The way out that the owner wants; `None`: nothing is forwarded at all.
pub fn way(settings: &Settings) -> Option<Way> {
    let internet = &settings.internet;
    let wanted = internet.access != Access::Blocked || !internet.walled_garden.is_empty();
    wanted.then_some(Way { speed: internet.speed, speed_total: internet.speed_total })
}

/// Loads the gate; if it does not stand, tries on for as long as it takes, while visitors are served anyway.
pub async fn stand(settings: Settings, state: State) {
    load(&settings, &state).await;
    if state.lock().gate_error.is_none() {
        return;
    }
    tokio::task::spawn_local(async move {
        let mut pause = Duration::from_secs(1);
        while state.lock().gate_error.is_some() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
            load(&settings, &state).await;
        }
        log::info!("the gate stands");
        state.poke.notify_one();
    });
}

/// Loads it once, and keeps why it does not stand.
async fn load(settings: &Settings, state: &State) {
    let (settings, state) = (settings.clone(), state.clone());
    let loading = tokio::task::spawn_blocking(move || load_now(&settings, &state));
    if let Err(error) = loading.await {
        log::error!("loading the gate: {error}");
    }
}

/// The same; waits for nft.
pub fn load_now(settings: &Settings, state: &State) {
    let way = way(settings);
    if way.is_none() {
        forward(false);
    }
    let (lan, machines) = (&settings.lan, super::settings::machines(settings));
    let rules = lan::gate::ruleset(lan.range, config::CAPTURE_ADDRESS, way, &machines, !lan.domain.is_empty());
    let error = nft(&["-f", "-"], &rules).err();
    match &error {
        Some(error) => {
            // Never without rules that hold it back.
            forward(false);
            log::error!("the gate does not stand, and nothing is forwarded anyway: {error}");
        }
        None if way.is_some() => forward(true),
        None => {}
    }
    let mut inner = state.lock();
    inner.reload = false;
    inner.gate_error = error;
}

fn forward(on: bool) {
    let path = "/proc/sys/net/ipv4/ip_forward";
    if let Err(error) = std::fs::write(path, if on { "1" } else { "0" }) {
        log::warn!("{path}: {error}");
    }
}

/// Runs nft with this for its input: what it printed, or its first line of complaint.
pub fn nft(args: &[&str], input: &str) -> Result<String, String> {
    let mut child = Command::new("nft")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("nft cannot be started: {e}"))?;
    // It reads all before it says anything, so nothing can wait for the other; and it ends early only with a complaint.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(|e| format!("nft: {e}"))?;
    if output.status.success() {
        if let Some(Err(e)) = written {
            return Err(format!("nft: {e}"));
        }
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("nft refused the rules: {}", said.lines().next().unwrap_or("no reason given")))
}
