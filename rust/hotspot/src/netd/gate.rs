//! Loading the rule set: `nft -f -`, all of it or nothing.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use config::Settings;

use super::state::State;

/// The longest pause before the gate is tried again.
const PAUSE: Duration = Duration::from_secs(60);

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
    });
}

/// Loads it once, and keeps why it does not stand.
async fn load(settings: &Settings, state: &State) {
    let error = nft(&lan::gate::ruleset(settings.lan.range, config::CAPTURE_ADDRESS)).await.err();
    if let Some(error) = &error {
        log::error!("the gate does not stand, and nothing is forwarded anyway: {error}");
    }
    state.lock().gate_error = error;
}

async fn nft(rules: &str) -> Result<(), String> {
    let mut child = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("nft cannot be started: {e}"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(rules.as_bytes()).await.map_err(|e| format!("nft: {e}"))?;
    }
    let output = child.wait_with_output().await.map_err(|e| format!("nft: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("nft refused the rules: {}", said.lines().next().unwrap_or("no reason given")))
}
