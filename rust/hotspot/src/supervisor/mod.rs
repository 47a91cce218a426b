//! supervisor: see ARCHITECTURE.md.

/// Runs until told to stop.
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}
