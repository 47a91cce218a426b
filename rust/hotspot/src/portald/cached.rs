//! A value that somebody else knows: asked for when wanted, kept for a moment, never waited for long.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// How long to trust and how long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Younger than this it is not asked for again, whether the last answer was good or not.
    pub fresh: Duration,
    /// Younger than this it is used while it is asked for again.
    pub usable: Duration,
    /// Else the answer is awaited for so long; then the old value, if any, must do.
    pub wait: Duration,
}

#[derive(Debug)]
struct State<T> {
    value: Option<(Arc<T>, Instant)>,
    asked: Option<Instant>,
    asking: bool,
}

/// The value.
#[derive(Debug)]
pub struct Cached<T> {
    state: Mutex<State<T>>,
    answered: watch::Sender<()>,
}

impl<T: Send + Sync + 'static> Cached<T> {
    /// Nothing known yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { value: None, asked: None, asking: false }), answered: watch::Sender::new(()) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last value, whatever its age.
    fn last(&self) -> Option<Arc<T>> {
        self.lock().value.as_ref().map(|(value, _)| value.clone())
    }

    /// The value; `ask` is run in the background when the one at hand is no longer fresh, by one caller at a time.
    pub async fn get<F>(self: &Arc<Self>, patience: Patience, ask: impl FnOnce() -> F) -> Option<Arc<T>>
    where
        F: Future<Output = Option<T>> + Send + 'static,
    {
        let mut answered = self.answered.subscribe();
        let must_ask = {
            let mut state = self.lock();
            let now = Instant::now();
            if state.asked.is_some_and(|at| now - at < patience.fresh) && !state.asking {
                return state.value.as_ref().map(|(value, _)| value.clone());
            }
            !std::mem::replace(&mut state.asking, true)
        };
        if must_ask {
            let this = self.clone();
            let answer = ask();
            tokio::spawn(async move {
                let value = answer.await;
                let mut state = this.lock();
                let now = Instant::now();
                state.asking = false;
                state.asked = Some(now);
                if let Some(value) = value {
                    state.value = Some((Arc::new(value), now));
                }
                drop(state);
                this.answered.send_replace(());
            });
        }
        let usable = self.lock().value.as_ref().filter(|(_, at)| at.elapsed() < patience.usable).map(|(value, _)| value.clone());
        if usable.is_some() {
            return usable;
        }
        // A time-out or an answer: either way the last value is the best there is.
        let _ = tokio::time::timeout(patience.wait, answered.changed()).await;
        self.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience =
        Patience { fresh: Duration::from_millis(50), usable: Duration::from_millis(100), wait: Duration::from_millis(50) };

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn asked_once_while_fresh() {
        run(async {
            let cached = Cached::new();
            assert_eq!(cached.get(PATIENCE, || async { Some(1) }).await.as_deref(), Some(&1));
            assert_eq!(cached.get(PATIENCE, || async { Some(2) }).await.as_deref(), Some(&1));
            tokio::time::sleep(Duration::from_millis(120)).await;
            assert_eq!(cached.get(PATIENCE, || async { Some(3) }).await.as_deref(), Some(&3));
        });
    }

    #[test]
    fn silence_costs_little_and_the_old_value_stays() {
        run(async {
            let cached = Cached::<u8>::new();
            let start = Instant::now();
            let never = std::future::pending;
            assert_eq!(cached.get(PATIENCE, never).await, None);
            assert!(start.elapsed() < Duration::from_millis(500));
            let cached = Cached::new();
            cached.get(PATIENCE, || async { Some(7) }).await;
            tokio::time::sleep(Duration::from_millis(60)).await;
            assert_eq!(cached.get(PATIENCE, || async { None }).await.as_deref(), Some(&7));
        });
    }
}
