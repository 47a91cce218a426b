//! The uplink: what `lan::uplink` decides, done.

use std::future::pending;
use std::io;
use std::net::Ipv4Addr;

use lan::uplink::{Action, Event, Lease, Uplink};
use sys::rtnl::{Link, Rtnl};
use tokio::sync::{mpsc, watch};

use super::check;
use super::client::Client;
use super::state::State;

/// What the uplink works with.
pub struct Shell {
    rtnl: Rtnl,
    state: State,
    core: Uplink,
    port: watch::Receiver<Option<(Link, bool)>>,
    serve_lan: watch::Sender<bool>,
    client: Option<Client>,
    /// The port that leases belong to, and the address that it has from one.
    current: Option<Link>,
    address: Option<(u32, Ipv4Addr)>,
    /// Answers of what runs aside.
    answers: (mpsc::UnboundedSender<Event>, mpsc::UnboundedReceiver<Event>),
}

impl Shell {
    /// An uplink whose port is told by the bridge's follower.
    pub fn new(rtnl: Rtnl, state: State, port: watch::Receiver<Option<(Link, bool)>>, serve_lan: watch::Sender<bool>) -> Self {
        let core = Uplink::new(state.settings.lan.range);
        Self { rtnl, state, core, port, serve_lan, client: None, current: None, address: None, answers: mpsc::unbounded_channel() }
    }

    /// Runs for as long as netd does.
    pub async fn run(mut self) {
        self.resolver(&[]);
        self.take_port().await;
        loop {
            let wait = self.core.deadline().map(|at| at.saturating_sub(self.state.now()));
            let state = self.state.clone();
            let event = tokio::select! {
                changed = self.port.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.take_port().await;
                    continue;
                }
                Some(event) = self.answers.1.recv() => event,
                lease = next(&mut self.client, &state) => Event::Lease(lease),
                () = async { match wait { Some(wait) => tokio::time::sleep(wait).await, None => pending().await } } => Event::Tick,
            };
            self.step(event).await;
        }
    }

    async fn take_port(&mut self) {
        let told = self.port.borrow_and_update().clone();
        let link = told.as_ref().map(|(link, _)| link.clone());
        if self.current.as_ref().map(|l| l.index) != link.as_ref().map(|l| l.index) && self.current.is_some() {
            // Another port than before: as if the old one had been pulled.
            self.step(Event::Port { present: false, carrier: false, only: false }).await;
        }
        self.current = link;
        self.step(Event::Port {
            present: told.is_some(),
            carrier: told.as_ref().is_some_and(|(link, _)| link.carrier),
            only: told.is_some_and(|(_, only)| only),
        })
        .await;
    }

    async fn step(&mut self, event: Event) {
        let actions = self.core.step(event, self.state.now(), random());
        for action in actions {
            if let Err(error) = self.act(action).await {
                log::warn!("uplink: {error}");
                self.state.lock().last_error = Some(format!("uplink: {error}"));
            }
        }
        let mut inner = self.state.lock();
        let uplink = (self.core.state().clone(), self.current.as_ref().map(|l| l.name.clone()), self.core.problem().map(str::to_owned));
        if inner.uplink.as_ref() != Some(&uplink) {
            log::info!(
                "uplink: {}{}",
                super::status::uplink_name(&uplink.0),
                uplink.2.as_ref().map(|p| format!(": {p}")).unwrap_or_default()
            );
            inner.uplink = Some(uplink);
            self.state.poke.notify_one();
        }
    }

    async fn act(&mut self, action: Action) -> io::Result<()> {
        match action {
            Action::Ask(false) => self.client = None,
            Action::Ask(true) => {
                if let Some(link) = &self.current {
                    self.client = Some(Client::open(link.index, link.mac, random())?);
                }
            }
            Action::Use(lease) => self.configure(lease).await?,
            Action::Check => {
                let (sender, state) = (self.answers.0.clone(), self.core.state().clone());
                let (lan::uplink::State::Lease(lease) | lan::uplink::State::Internet(lease)) = state else { return Ok(()) };
                let device = self.current.as_ref().map(|l| l.name.clone()).unwrap_or_default();
                tokio::task::spawn_local(async move {
                    let [id, ..] = random().to_be_bytes();
                    let well = check::internet(&device, &lease.dns, u16::from(id) << 8 | (random() & 0xff) as u16).await;
                    let _ = sender.send(Event::Checked(well));
                });
            }
            Action::AskRadio => {
                let sender = self.answers.0.clone();
                tokio::task::spawn_local(async move {
                    let none = match crate::ipc::ask("radiod", "/status", None).await {
                        Ok(status) if status["state"] == "starting" => None,
                        Ok(status) => Some(status["state"] == "no-radio"),
                        Err(_) => None,
                    };
                    let _ = sender.send(Event::NoRadio(none));
                });
            }
            Action::ServeLan(serve) => {
                let _ = self.serve_lan.send(serve);
            }
        }
        Ok(())
    }

    /// Takes the old address away with its routes, and puts the new one, its route and its name servers in place.
    async fn configure(&mut self, lease: Option<Lease>) -> io::Result<()> {
        if let Some((index, ip)) = self.address.take() {
            // A port that is gone took its address along.
            let _ = self.rtnl.remove_address(index, ip).await;
        }
        let (Some(lease), Some(link)) = (&lease, &self.current) else {
            self.resolver(&[]);
            return Ok(());
        };
        // What an earlier run left there.
        for (ip, _) in self.rtnl.addresses(link.index).await? {
            if ip != lease.address {
                self.rtnl.remove_address(link.index, ip).await?;
            }
        }
        self.rtnl.add_address(link.index, lease.address, lease.prefix).await?;
        self.address = Some((link.index, lease.address));
        if let Some(gateway) = lease.gateway {
            self.rtnl.set_default_route(link.index, gateway).await?;
        }
        self.resolver(&lease.dns);
        Ok(())
    }

    /// `/etc/resolv.conf` is a link to this file.
    fn resolver(&self, servers: &[Ipv4Addr]) {
        let lines: String = servers.iter().map(|server| format!("nameserver {server}\n")).collect();
        let path = crate::ipc::run_dir().join("netd/resolv.conf");
        let new = path.with_extension("new");
        if let Err(error) = std::fs::write(&new, lines).and_then(|()| std::fs::rename(&new, &path)) {
            log::warn!("{}: {error}", path.display());
        }
    }
}

async fn next(client: &mut Option<Client>, state: &State) -> Option<Lease> {
    match client {
        Some(client) => client.next(|| state.now()).await,
        None => pending().await,
    }
}

/// Enough randomness for jitter and transaction numbers: the hasher's own seed, which the kernel gives.
pub fn random() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    let hash = std::collections::hash_map::RandomState::new().build_hasher().finish();
    (hash & 0xffff_ffff) as u32
}
