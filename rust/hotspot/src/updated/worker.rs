//! The writer: one bundle at a time goes into the other slot, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use update::machine::Event;
use update::{Apply, Failure, Options, Phase};

use super::Message;
use super::candidate::Candidate;
use super::device::Device;
use super::store::Store;

/// A writer at work.
pub struct Writer {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Writer {
    /// Begins, or goes on from the checkpoint. `number` marks its news, so that those of a writer that was stopped are known.
    pub fn start(candidate: Candidate, device: Device, store: Store, news: Sender<Message>, number: u64) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("writer".into()).stack_size(256 << 10).spawn(move || {
            let last = match write(candidate, &device, store, &|event| drop(news.send(Message::Writer(number, event))), &told) {
                Ok(()) => Some(Event::Verified),
                Err(_) if told.load(Ordering::Relaxed) => None,
                Err(Failure::Source(why)) => Some(Event::Interrupted(format!("the update cannot be read any further ({why})"))),
                Err(failure) => Some(Event::Broken(failure.to_string())),
            };
            if let Some(last) = last {
                drop(news.send(Message::Writer(number, last)));
            }
        })?;
        Ok(Self { stop, thread })
    }

    /// Stops it between two steps and waits for that.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
    }
}

fn write(candidate: Candidate, device: &Device, store: Store, tell: &dyn Fn(Event), stop: &AtomicBool) -> Result<(), Failure> {
    let slots = device.open_slots(store).map_err(Failure::Card)?;
    let mut apply = Apply::new(candidate.bundle, slots, Options { reuse: candidate.dear, ..Options::default() });
    let mut told = u32::MAX;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Source(std::io::ErrorKind::Interrupted.into()));
        }
        let progress = apply.step()?;
        if progress.phase == Phase::Done {
            return Ok(());
        }
        let per_mille = progress.per_mille();
        if per_mille != told {
            told = per_mille;
            tell(Event::Wrote(per_mille.into(), 1000));
        }
    }
}
