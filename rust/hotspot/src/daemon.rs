//! What daemons do alike.

use std::process::ExitCode;

/// Runs a daemon's work on this thread until it ends; what ended it goes to the log.
pub fn run(runtime: &mut tokio::runtime::Builder, work: impl Future<Output = Result<(), String>>) -> ExitCode {
    match runtime.enable_all().build().map_err(|e| e.to_string()).and_then(|runtime| runtime.block_on(work)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log::error!("{why}");
            ExitCode::FAILURE
        }
    }
}
