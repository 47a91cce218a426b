//! `hotspot update`: what the box does about releases; making and checking updates on a computer.

mod channel;
mod inspect;
mod make;
mod on_box;

use super::{Failure, Outcome};

pub const HELP: &str =
    "hotspot update make IMAGE -o FILE --keys FOLDER [--seq N] [--built SECONDS] [--commit NAME] [--boards A,B] [--min N] [--back N]
                    [--data FROM-TO] [--json]
hotspot update inspect FILE [--root root.json] [--json]
hotspot update verify FILE [--root root.json] [--json]
hotspot update channel UPDATE... -o channel.json --keys FOLDER [--prefix ADDRESS] [--edition N] [--json]

On the box, as root:
status     what runs, what is in the other slot, and what is going on
check      looks at the sticks and at update.source now
apply      takes an update from a file and writes the other slot; the box then restarts into it by itself
restart    restarts into what is ready at once, whoever is downloading
rollback   goes back to the release in the other slot
history    what happened to the box's releases, a line each

On a computer:
make       signs a slot's image (out/slot.img) as one file for sticks and web servers
  --keys   the folder with root.json and the release key; hotspot keys new makes one
  --seq    another release sequence than the image's own
  --min    the lowest release that it may replace
  --back   it may replace releases up to this one although it is older
  --data   versions of the box's data: the oldest that it reads, and the one that it writes
inspect    tells what an update is, and by whom
verify     reads it whole and checks every byte; --root says whom to believe (keys/root.json if it is there)
channel    writes a signed list of updates: with it, a plain web server or a stick is an update server
  --prefix what comes before each file's name; without it the files lie beside the list or below
  --json   for programs
";

pub fn run(mut args: lexopt::Parser) -> Outcome {
    use lexopt::prelude::*;
    let word = match args.next()? {
        Some(Value(word)) => word.string()?,
        Some(other) => return Err(other.unexpected().into()),
        None => {
            return Err(Failure::Usage(
                "hotspot update wants status, check, apply, restart, rollback or history; make, inspect, verify or channel".into(),
            ));
        }
    };
    match word.as_str() {
        "status" | "check" | "apply" | "restart" | "rollback" | "history" => on_box::run(&word, args),
        "make" => make::run(args),
        "inspect" => inspect::inspect(args),
        "verify" => inspect::verify(args),
        "channel" => channel::run(args),
        other => Err(Failure::Usage(format!("hotspot update knows no \"{}\"", super::shown(other)))),
    }
}
