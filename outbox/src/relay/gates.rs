//! How many calls are under way: to each destination, and in all. What is leased beyond that lies ready, so that a call
//! that ends is followed by the next without asking the database first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::queues::Destination;

/// Destinations whose gates are kept while nobody calls them.
const MAX_IDLE: usize = 1_000;

/// The right to call one destination.
pub(super) struct Pass {
    _destination: OwnedSemaphorePermit,
    _any: OwnedSemaphorePermit,
}

/// The gates of one process.
pub(super) struct Gates {
    any: Arc<Semaphore>,
    destinations: Mutex<HashMap<Destination, Arc<Semaphore>>>,
}

impl Gates {
    pub fn new(most: usize) -> Self {
        Self {
            any: Arc::new(Semaphore::new(most)),
            destinations: Mutex::default(),
        }
    }

    /// The right to call now, if there is one; makes the destination's gate as wide as `concurrency` says.
    pub fn try_pass(
        &self,
        destination: &Destination,
        concurrency: impl FnOnce() -> usize,
    ) -> Option<Pass> {
        let gate = self.gate(destination, concurrency);
        Some(Pass {
            _destination: gate.try_acquire_owned().ok()?,
            _any: self.any.clone().try_acquire_owned().ok()?,
        })
    }

    /// Waits for it: first for the destination, so that one that hangs keeps no others from going.
    pub async fn pass(&self, destination: &Destination) -> Pass {
        let gate = self.gate(destination, || 1);
        loop {
            // Neither is ever closed.
            if let (Ok(ours), Ok(any)) = (
                gate.clone().acquire_owned().await,
                self.any.clone().acquire_owned().await,
            ) {
                return Pass {
                    _destination: ours,
                    _any: any,
                };
            }
        }
    }

    fn gate(
        &self,
        destination: &Destination,
        concurrency: impl FnOnce() -> usize,
    ) -> Arc<Semaphore> {
        let mut gates = lock(&self.destinations);
        if let Some(gate) = gates.get(destination) {
            return gate.clone();
        }
        if gates.len() >= MAX_IDLE {
            // Whoever waits or calls has a hand on it.
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let gate = Arc::new(Semaphore::new(concurrency().max(1)));
        gates.insert(destination.clone(), gate.clone());
        gate
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
