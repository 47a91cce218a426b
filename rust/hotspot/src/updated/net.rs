//! Updates from the network: `[update] source` is asked now and then while the internet is there, or when somebody wants it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use config::Settings;
use update::{Channel, Refusal, Source};

use super::candidate::{Judge, Place};
use super::http::{self, Web};
use super::{Message, Offer, facts};

/// The first look after the internet is there.
const FIRST: Duration = Duration::from_secs(60);
/// Between two looks.
const USUAL: Duration = Duration::from_secs(6 * 3600);
/// After one that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(900);
/// How often the internet is looked for.
const ROUND: Duration = Duration::from_secs(30);
/// Newest list of releases that was seen, in the store.
pub const SEEN: &str = "channel-seen.json";

/// What the main loop wants of it.
pub enum Want {
    /// Other settings.
    Settings(Box<Settings>),
    /// A look at once, whoever is online.
    Now,
    /// The bundle did not come to its end: again soon, once the internet is there.
    Soon,
}

/// Runs for ever; offers what it finds. `judge` gives the box's present state.
pub fn run(wants: &Receiver<Want>, offers: &Sender<Message>, judge: &dyn Fn() -> Result<Judge, String>) {
    let mut settings = Settings::default();
    let mut next: Option<Instant> = None;
    let mut online = false;
    loop {
        let asked = match wants.recv_timeout(ROUND) {
            Ok(Want::Settings(new)) => {
                let changed = new.update != settings.update;
                settings = *new;
                if changed {
                    next = online.then(|| Instant::now() + jitter(FIRST));
                }
                false
            }
            Ok(Want::Now) => true,
            Ok(Want::Soon) => {
                next = next.map(|at| at.min(Instant::now() + jitter(FIRST)));
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if settings.update.source.is_empty() {
            if asked {
                let _ = offers.send(Message::Checked("no address is set: update.source names one, and sticks always work".into()));
            }
            continue;
        }
        if !asked {
            online = facts::is_online();
            match next {
                None if online => next = Some(Instant::now() + jitter(FIRST)),
                _ if !online => next = None,
                _ => {}
            }
            if next.is_none_or(|at| Instant::now() < at) {
                continue;
            }
        }
        let found = check(&settings, judge);
        next = Some(Instant::now() + jitter(if found.is_ok() { USUAL } else { AFTER_FAILURE }));
        let offer = match found {
            Ok(offer) => offer,
            Err(why) => Some(Offer::failed(format!("{}: {why}", settings.update.source))),
        };
        let text = match &offer {
            Some(Offer { best: Some(candidate), .. }) => format!("release {} is there", candidate.release.seq),
            Some(Offer { refused: Some((text, _)), .. }) => text.clone(),
            _ => "nothing new".into(),
        };
        if let Some(offer) = offer {
            let _ = offers.send(Message::Offer(Box::new(offer)));
        }
        let _ = offers.send(Message::Checked(text));
    }
}

/// Half to one and a half times as long, so that a thousand boxes do not ask in the same second.
fn jitter(about: Duration) -> Duration {
    let mut random = [0; 2];
    let _ = std::fs::File::open("/dev/urandom").and_then(|mut f| std::io::Read::read_exact(&mut f, &mut random));
    about / 2 + about.mul_f64(f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX))
}

/// One look: `Ok(None)` when there is nothing new.
fn check(settings: &Settings, judge: &dyn Fn() -> Result<Judge, String>) -> Result<Option<Offer>, String> {
    let agent = http::agent();
    let judge = judge()?;
    let mut place = open(&agent, settings, &settings.update.source)?;
    let mut from = settings.update.source.clone();
    if !begins_as_bundle(&mut place)? {
        let Place::Web(web) = place else { return Err("it is no web address".into()) };
        drop(web);
        let Place::Web(web) = open(&agent, settings, &settings.update.source)? else { return Err("it is no web address".into()) };
        let Some(url) = newest(&judge, &web.whole(Channel::MAX_BYTES)?, &settings.update.source)? else { return Ok(None) };
        place = open(&agent, settings, &url)?;
        from = url;
    }
    match judge.judge(place, from.clone(), false) {
        Ok(candidate) => Ok(Some(Offer { best: Some(candidate), refused: None, quiet: true })),
        // What it has already, every time that it asks: no news.
        Err(Refusal::Replay(_)) => Ok(None),
        Err(refusal) => Ok(Some(Offer { best: None, refused: Some((format!("{from}: {refusal}"), refusal.code())), quiet: true })),
    }
}

fn begins_as_bundle(place: &mut Place) -> Result<bool, String> {
    let mut start = [0; 8];
    match place.read_at(0, &mut start) {
        Ok(()) => Ok(&start == super::MAGIC),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e.to_string()),
    }
}

/// The address of the release that a list names for this box.
fn newest(judge: &Judge, bytes: &[u8], address: &str) -> Result<Option<String>, String> {
    let (channel, chain) = Channel::open(bytes, judge.chain(), judge.seen()).map_err(|e| e.to_string())?;
    judge.has_seen(channel.version, &chain);
    let state = judge.state();
    let Some(entry) = channel.newest(&state.board, state.running, state.pin) else { return Ok(None) };
    update::resolve(address, &entry.url).map(Some).ok_or_else(|| format!("the list names an address that leads elsewhere: {}", entry.url))
}

/// A web address as it is; a content address through each gateway in turn.
fn open(agent: &ureq::Agent, settings: &Settings, url: &str) -> Result<Place, String> {
    let web = |url: &str| Web::open(agent, url).map(|web| Place::Web(Box::new(web)));
    let Some((scheme, path)) = url.split_once("://").filter(|(scheme, _)| ["ipfs", "ipns"].contains(scheme)) else { return web(url) };
    let mut last = "no gateway is set: content.gateways names some".to_owned();
    for gateway in &settings.content.gateways {
        match web(&format!("{}/{scheme}/{path}", gateway.trim_end_matches('/'))) {
            Ok(place) => return Ok(place),
            Err(why) => last = why,
        }
    }
    Err(last)
}
