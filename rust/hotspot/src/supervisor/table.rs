//! What runs, as whom, with which rights and after what: the one table.

use std::time::Duration;

use sys::caps::Capability::{self, NetAdmin, NetBindService, NetRaw, SysTime};

/// The group of all our users.
pub const GROUP: u32 = 100;
/// The user that parses hotspot.toml.
pub const SETTINGS_USER: u32 = 106;
/// The user of the radios, who may also use the LED.
pub const RADIOD_USER: u32 = 101;

/// The user that writes slots.
pub const UPDATED_USER: u32 = 105;

/// One program under the supervisor.
#[derive(Debug)]
pub struct Unit {
    /// Its name, also the argument that `hotspot` runs it by (one-shots are `hotspot supervisor <name>`).
    pub name: &'static str,
    /// Whether it is to live for ever or to do one thing.
    pub kind: Kind,
    /// Units whose one thing must be over, well or not, before this one starts.
    pub after: &'static [&'static str],
    /// Its user; `None` is root.
    pub user: Option<u32>,
    /// All that it may do beyond an ordinary user.
    pub capabilities: &'static [Capability],
    /// Most open files.
    pub files: u64,
    /// Niceness.
    pub nice: i32,
}

/// How long a unit is to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For ever: restarted when it ends.
    Daemon,
    /// Once; killed after this time.
    Once(Duration),
}

/// What the rescue system runs: all that a phone needs to read what is wrong, and what mends it.
pub const IN_RESCUE: &[&str] = &["portald", "data", "coldplug", "settings", "slots", "netd", "radiod", "updated", "repair"];

/// In the order in which they start when nothing keeps them waiting: the portal before all.
pub const UNITS: &[Unit] = &[
    Unit { name: "portald", kind: Kind::Daemon, after: &[], user: Some(103), capabilities: &[NetBindService], files: 4096, nice: 0 },
    Unit { name: "data", kind: Kind::Once(Duration::from_secs(60)), after: &[], user: None, capabilities: &[], files: 1024, nice: 0 },
    Unit { name: "coldplug", kind: Kind::Once(Duration::from_secs(120)), after: &[], user: None, capabilities: &[], files: 1024, nice: 5 },
    Unit {
        name: "settings",
        kind: Kind::Once(Duration::from_secs(10)),
        after: &["data"],
        user: None,
        capabilities: &[],
        files: 1024,
        nice: 0,
    },
    Unit {
        name: "netd",
        kind: Kind::Daemon,
        after: &["settings"],
        user: Some(102),
        capabilities: &[NetAdmin, NetRaw, NetBindService],
        files: 1024,
        nice: 0,
    },
    Unit {
        name: "radiod",
        kind: Kind::Daemon,
        after: &["settings"],
        user: Some(RADIOD_USER),
        capabilities: &[NetAdmin, NetRaw],
        files: 1024,
        nice: 0,
    },
    // What the updater may touch of the card.
    Unit {
        name: "slots",
        kind: Kind::Once(Duration::from_secs(20)),
        after: &["data"],
        user: None,
        capabilities: &[],
        files: 1024,
        nice: 0,
    },
    // Never in the way of those who serve.
    Unit {
        name: "updated",
        kind: Kind::Daemon,
        after: &["slots", "settings"],
        user: Some(UPDATED_USER),
        capabilities: &[],
        files: 256,
        nice: 10,
    },
    // The library: the box works without it.
    Unit { name: "contentd", kind: Kind::Daemon, after: &["data", "settings"], user: Some(104), capabilities: &[], files: 1024, nice: 5 },
    Unit { name: "ownerd", kind: Kind::Daemon, after: &["settings"], user: Some(107), capabilities: &[], files: 256, nice: 0 },
    // What it kept of the time is in /data; what it learns of it comes over the uplink. Whoever runs when the settings are read is told of them,
    // and who is not yet there to hear it ends of it.
    Unit {
        name: "clockd",
        kind: Kind::Daemon,
        after: &["data", "settings"],
        user: Some(108),
        capabilities: &[SysTime],
        files: 64,
        nice: 0,
    },
    Unit { name: "countd", kind: Kind::Daemon, after: &["data", "settings"], user: Some(109), capabilities: &[], files: 64, nice: 10 },
    // Last, and mostly nothing to do: a storage whose repair took too long for the start.
    Unit {
        name: "repair",
        kind: Kind::Once(Duration::from_secs(7 * 3600)),
        after: &["data"],
        user: None,
        capabilities: &[],
        files: 1024,
        nice: 10,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_waits_for_an_earlier_one_shot_only() {
        for (i, unit) in UNITS.iter().enumerate() {
            for name in unit.after {
                let needed = UNITS[..i].iter().find(|u| u.name == *name);
                assert!(needed.is_some_and(|u| matches!(u.kind, Kind::Once(_))), "{} after {name}", unit.name);
            }
        }
        assert!(UNITS[0].name == "portald" && UNITS[0].after.is_empty(), "the portal waits for nothing");
    }
}
