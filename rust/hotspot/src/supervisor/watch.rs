//! The hardware watchdog: armed once the box was seen alive (on trial: at once), fed from then on by the main loop alone.

use std::time::Duration;

use sys::watchdog::Watchdog;

/// Daemons that have lived so long count as alive.
pub const SETTLED: Duration = Duration::from_secs(60);
/// The Pi's watchdog has at most 15 s.
const TIMEOUT_SECONDS: u8 = 15;
const FEED_EVERY: Duration = Duration::from_secs(5);

/// The watchdog's state.
#[derive(Default)]
pub enum Watch {
    /// Waits for the box to be well.
    #[default]
    Unarmed,
    /// Fed next at this time.
    Armed(Watchdog, Duration),
    /// There is none.
    Absent,
}

impl Watch {
    /// Arms, feeds or does nothing.
    pub fn turn(&mut self, now: Duration, well: bool) {
        match self {
            Self::Unarmed if well => {
                *self = match Watchdog::arm(TIMEOUT_SECONDS) {
                    Ok(dog) => {
                        log::info!("the hardware watchdog is armed");
                        Self::Armed(dog, now)
                    }
                    Err(e) => {
                        log::info!("no hardware watchdog: {e}");
                        Self::Absent
                    }
                };
            }
            Self::Armed(dog, next) if now >= *next => {
                super::board::look();
                if let Err(e) = dog.feed() {
                    log::error!("the watchdog cannot be fed: {e}");
                }
                *next = now + FEED_EVERY;
            }
            _ => {}
        }
    }

    /// When to be called next.
    pub fn next(&self) -> Option<Duration> {
        match self {
            // Health has no event of its own: looked at every few seconds until it is there.
            Self::Unarmed => Some(sys::process::uptime() + FEED_EVERY),
            Self::Armed(_, next) => Some(*next),
            Self::Absent => None,
        }
    }

    /// Disarms before an orderly end.
    pub fn end(self) {
        if let Self::Armed(dog, _) = self {
            dog.disarm();
        }
    }
}
