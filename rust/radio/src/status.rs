//! What `GET /status` and `GET /stations` answer (ARCHITECTURE.md, sockets).

use std::time::Duration;

use serde::Serialize;
use wire::nl80211::{Combination, mode};

use crate::machine::{Machine, State};
use crate::stations::Row;
use crate::{Bus, Radio};

/// The answer to `GET /status`.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct Status {
    pub v: u32,
    pub state: &'static str,
    pub phy: Option<String>,
    pub interface: Option<String>,
    pub driver: Option<String>,
    pub ssid: String,
    pub channel: Option<u8>,
    pub freq_mhz: Option<u32>,
    pub country: String,
    pub security: &'static str,
    pub stations: usize,
    pub limit: u32,
    pub full: bool,
    pub last_error: Option<String>,
    pub led: &'static str,
    /// What was set and could not be had.
    pub problems: Vec<String>,
    /// Why this radio and this channel.
    pub why: Vec<String>,
    pub radios: Vec<RadioStatus>,
}

/// One radio in it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct RadioStatus {
    pub phy: u32,
    pub name: String,
    pub driver: String,
    pub bus: Bus,
    pub ap: bool,
    pub ap_and_station: bool,
    pub bands: Vec<&'static str>,
    pub combinations: Vec<String>,
}

/// The answer to `GET /stations`.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct StationsStatus {
    pub v: u32,
    pub limit: u32,
    pub stations: Vec<Row>,
}

impl RadioStatus {
    fn new(radio: &Radio) -> Self {
        let band = |id: u16| match id {
            0 => "2.4",
            1 => "5",
            2 => "60",
            3 => "6",
            _ => "other",
        };
        Self {
            phy: radio.wiphy.id,
            name: radio.wiphy.name.clone(),
            driver: radio.driver.clone(),
            bus: radio.bus,
            ap: radio.can_ap(),
            ap_and_station: radio.can_ap_and_station(),
            bands: radio.wiphy.bands.iter().map(|b| band(b.id)).collect(),
            combinations: radio.wiphy.combinations.iter().map(describe).collect(),
        }
    }
}

/// `1x station, 1x ap; 2 in all on 1 channel`.
fn describe(combination: &Combination) -> String {
    let modes = |bits: u32| {
        let names = [(mode::STATION, "station"), (mode::AP, "ap"), (7, "mesh"), (8, "p2p-client"), (9, "p2p-go"), (10, "p2p-device")];
        let known: Vec<&str> = names.iter().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, name)| *name).collect();
        if known.is_empty() { "other".into() } else { known.join("/") }
    };
    let limits: Vec<String> = combination.limits.iter().map(|l| format!("{}x {}", l.max, modes(l.modes))).collect();
    let plural = if combination.channels == 1 { "" } else { "s" };
    format!("{}; {} in all on {} channel{plural}", limits.join(", "), combination.max, combination.channels)
}

impl Machine {
    /// The answer to `GET /status`; `led` is the code that is shown.
    pub fn status(&self, led: &'static str) -> Status {
        let plan = self.plan.as_ref();
        let radio = plan.and_then(|p| self.radios.iter().find(|r| r.wiphy.id == p.phy));
        Status {
            v: 1,
            state: match self.state {
                State::Up { .. } => "up",
                State::NoRadio => "no-radio",
                _ if self.failures() > 1 => "failed",
                _ => "starting",
            },
            phy: radio.map(|r| r.wiphy.name.clone()),
            interface: plan.map(|p| p.interface.clone()),
            driver: radio.map(|r| r.driver.clone()),
            ssid: self.wish.ssid.clone(),
            channel: plan.map(|p| p.channel),
            freq_mhz: plan.map(|p| p.mhz),
            country: self.wish.country.clone(),
            security: if self.wish.password.is_empty() { "open" } else { "wpa2" },
            stations: self.stations.len(),
            limit: self.stations.limit(),
            full: self.stations.full(),
            last_error: self.last_error.clone(),
            led,
            problems: self.country_problem.iter().chain(plan.and_then(|p| p.problem.as_ref())).cloned().collect(),
            why: plan.map(|p| vec![self.radio_why.clone(), format!("channel {}: {}", p.channel, p.channel_why)]).unwrap_or_default(),
            radios: self.radios.iter().map(RadioStatus::new).collect(),
        }
    }

    /// The answer to `GET /stations`.
    pub fn stations_status(&self, now: Duration) -> StationsStatus {
        StationsStatus { v: 1, limit: self.stations.limit(), stations: self.stations.rows(now) }
    }
}
