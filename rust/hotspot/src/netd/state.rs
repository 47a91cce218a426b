//! What the status tells, shared with the thread that answers it.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use config::Settings;
use lan::leases::Leases;

/// Cheap to clone: one state behind it.
#[derive(Clone)]
pub struct State(Arc<Shared>);

/// What is shared.
pub struct Shared {
    /// Since when time is counted.
    start: Instant,
    /// The settings in force.
    pub settings: Settings,
    /// DNS questions over UDP, over TCP, and those that got silence.
    pub dns: [AtomicU64; 3],
    inner: Mutex<Inner>,
    /// Held while what the gate decided is carried out, so that two changes do not overtake each other.
    pub hands: Mutex<()>,
    /// Something happened that the gate wants to hear of before its next turn.
    pub poke: tokio::sync::Notify,
}

/// What changes.
#[derive(Default)]
pub struct Inner {
    /// Set once the DHCP server is open.
    pub leases: Option<Leases>,
    /// What keeps the gate from standing.
    pub gate_error: Option<String>,
    /// What else went wrong last.
    pub last_error: Option<String>,
    /// The uplink's state, its interface, and why what it is offered is not used.
    pub uplink: Option<(lan::uplink::State, Option<String>, Option<String>)>,
    /// Who may use the internet.
    pub gate: Option<gate::Gate>,
    /// The packet filter and the gate disagree: it must be loaded anew.
    pub reload: bool,
    /// Phones that have met the portal, with the hardware address that they had.
    pub greeted: std::collections::HashMap<std::net::Ipv4Addr, gate::Mac>,
    /// How each device asked for its lease.
    pub prints: lan::prints::Prints,
    /// Hardware addresses in whose name another device asked since the gate's last turn.
    pub twins: std::collections::HashSet<gate::Mac>,
    /// Names of the bridge's ports.
    pub ports: Vec<String>,
}

impl State {
    pub fn new(settings: &Settings) -> Self {
        Self(Arc::new(Shared {
            start: Instant::now(),
            settings: settings.clone(),
            dns: Default::default(),
            inner: Mutex::default(),
            hands: Mutex::default(),
            poke: tokio::sync::Notify::new(),
        }))
    }

    /// Time since netd began; leases are counted in it.
    pub fn now(&self) -> Duration {
        self.0.start.elapsed()
    }

    /// A panic while this was held has ended the process.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::ops::Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
