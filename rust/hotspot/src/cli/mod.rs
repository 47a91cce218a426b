//! The `hotspot` command: what a person types on the box or on a computer.

/// Runs one command; the exit status is 0, 1 (it failed) or 2 (wrong usage).
pub fn run(_args: &[String]) -> std::process::ExitCode {
    std::process::ExitCode::from(2)
}
