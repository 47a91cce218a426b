//! The programs and the `hotspot` command, in one binary: the first argument (or the name it is called by) says which.
#![forbid(unsafe_code)]

use std::process::ExitCode;

mod bootrecord;
mod bundle_file;
mod cli;
mod clockd;
mod cmdline;
mod contentd;
mod countd;
mod daemon;
mod ipc;
mod loan;
mod logging;
mod netd;
mod ownerd;
mod portald;
mod radiod;
mod record;
mod shown;
mod supervisor;
mod updated;

fn main() -> ExitCode {
    let mut args = std::env::args();
    let _name = args.next();
    let args: Vec<String> = args.collect();
    match args.first().map(String::as_str) {
        Some("supervisor") => supervisor::run(&args[1..]),
        Some("radiod") => radiod::run(),
        Some("netd") => netd::run(),
        Some("contentd") => contentd::run(),
        Some("portald") => portald::run(),
        Some("updated") => updated::run(),
        Some("countd") => countd::run(),
        Some("clockd") => clockd::run(),
        Some("ownerd") => ownerd::run(&args[1..]),
        _ => cli::run(&args),
    }
}
