//! The `hotspot` command: what a person types on the box or on a computer.

mod bundle;
mod content;
mod keys;
mod log;
mod progress;
mod settings;
mod status;
mod update;

use std::process::ExitCode;

use crate::shown::shown;

/// What a command ends with.
#[derive(Debug)]
pub enum Failure {
    /// It failed: one line that says why and what to do.
    Failed(String),
    /// Wrong usage: what is wrong.
    Usage(String),
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

type Outcome = Result<(), Failure>;

/// One command: name, its line in the overview, its help, what runs it.
struct Command {
    name: &'static str,
    summary: &'static str,
    help: &'static str,
    run: fn(lexopt::Parser) -> Outcome,
}

const COMMANDS: &[Command] = &[
    Command { name: "bundle", summary: "content in one signed file: make, inspect, verify, extract", help: bundle::HELP, run: bundle::run },
    Command { name: "status", summary: "how the box is", help: status::HELP, run: status::run },
    Command { name: "content", summary: "the library of this box: what is there, waits, arrived", help: content::HELP, run: content::run },
    Command { name: "log", summary: "what its programs said", help: log::HELP, run: log::run },
    Command {
        name: "update",
        summary: "releases: what runs, what is new; making and checking updates",
        help: update::HELP,
        run: update::run,
    },
    Command { name: "keys", summary: "who may release updates", help: keys::HELP, run: keys::run },
    Command { name: "settings", summary: "the template of hotspot.toml, and checking one", help: settings::HELP, run: settings::run },
];

/// Runs one command; the exit status is 0, 1 (it failed) or 2 (wrong usage).
pub fn run(args: &[String]) -> ExitCode {
    match dispatch(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(why)) => {
            eprintln!("hotspot: {why}");
            ExitCode::from(1)
        }
        Err(Failure::Usage(why)) => {
            eprintln!("hotspot: {why}; hotspot --help shows what there is");
            ExitCode::from(2)
        }
    }
}

fn dispatch(args: &[String]) -> Outcome {
    let Some(first) = args.first().map(String::as_str) else {
        return Err(Failure::Usage("a command is missing".into()));
    };
    match first {
        "--help" | "-h" | "help" => print(&overview()),
        "--version" | "-V" => print(concat!("hotspot ", env!("CARGO_PKG_VERSION"), "\n")),
        name => {
            let command = COMMANDS
                .iter()
                .find(|c| c.name == name)
                .ok_or_else(|| Failure::Usage(format!("there is no command \"{}\"", shown(name))))?;
            if args[1..].iter().any(|a| a == "--help" || a == "-h") {
                return print(command.help);
            }
            (command.run)(lexopt::Parser::from_args(&args[1..]))
        }
    }
}

fn overview() -> String {
    let mut text = String::from("hotspot: ask the box how it is.\n\n");
    for command in COMMANDS {
        text.push_str(&format!("  hotspot {:<10} {}\n", command.name, command.summary));
    }
    text.push_str("\nhotspot COMMAND --help tells more; hotspot --version shows the release.\nThe exit status is 0, 1 (it failed) or 2 (wrong usage).\n");
    text
}

/// Text to standard output; who has closed it (`| head`) has seen enough.
fn print(text: &str) -> Outcome {
    use std::io::Write;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Failed(format!("cannot write: {e}"))),
        _ => Ok(()),
    }
}

/// Asks the supervisor.
fn ask(path: &str) -> Result<serde_json::Value, Failure> {
    crate::ipc::ask_blocking("supervisor", path, None)
        .map_err(|e| Failure::Failed(format!("the supervisor gives {e}; this command works on the box, as root, once it has started")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(words: &[&str]) -> Outcome {
        dispatch(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn wrong_usage_is_told_from_failure() {
        for wrong in [
            &[][..],
            &["fly"],
            &["status", "--wat"],
            &["log", "-n", "many"],
            &["settings"],
            &["settings", "check"],
            &["status", "extra"],
            &["update"],
            &["update", "apply"],
            &["update", "status", "x"],
        ] {
            assert!(matches!(outcome(wrong), Err(Failure::Usage(_))), "{wrong:?}");
        }
        assert!(matches!(outcome(&["settings", "check", "/nonexistent"]), Err(Failure::Failed(_))));
    }

    #[test]
    fn every_command_helps() {
        for command in COMMANDS {
            assert!(command.help.contains(&format!("hotspot {}", command.name)) && overview().contains(command.summary));
            assert!(outcome(&[command.name, "--help"]).is_ok());
        }
    }
}
