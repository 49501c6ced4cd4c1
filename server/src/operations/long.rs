//! Acts that take longer than anybody waits for an answer over HTTP: they run beside the requests, few at a time, and their
//! record tells how they end.

use std::sync::Arc;
use std::time::Duration;

use domain::refusal::{Kind, Refusal};
use event_store::Result;
use event_store::error::Error;
use event_store::store::Store;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::acts::{self, Underway};

/// How many run at once in one process; each may read the whole log.
pub const MAX_LONG_ACTS: u32 = 2;

/// Runs them.
#[derive(Clone)]
pub struct LongActs {
    runtime: Handle,
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

impl LongActs {
    /// Within the runtime that they are to run on.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            runtime: Handle::current(),
            places: Arc::new(Semaphore::new(MAX_LONG_ACTS as usize)),
            stop,
        }
    }

    /// A place for one more; refused with 429 `operations-exhausted` where there is none.
    pub fn take_place(&self) -> std::result::Result<OwnedSemaphorePermit, Refusal> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            let detail =
                format!("{MAX_LONG_ACTS} long operations run in this process; wait for one to end");
            Refusal::new(Kind::TooMany, "operations-exhausted", detail)
        })
    }

    /// Runs what was begun, on a thread of its own, so that no request waits behind it.
    pub fn run<F, W, T>(
        &self,
        store: Store,
        underway: Underway,
        place: OwnedSemaphorePermit,
        work: F,
    ) where
        F: FnOnce(Store) -> W + Send + 'static,
        W: Future<Output = Result<T>>,
        T: Serialize,
    {
        let (runtime, stop) = (self.runtime.clone(), self.stop.clone());
        self.runtime.spawn_blocking(move || {
            runtime.block_on(async move {
                let outcome = stop.run_until_cancelled(work(store.clone())).await;
                let outcome = outcome.unwrap_or_else(|| {
                    Err(Error::busy(
                        "operation-interrupted",
                        "the process was stopped",
                    ))
                });
                let operation = underway.begun.operation_id.clone();
                if let Err(error) = acts::end(&store, underway, outcome).await {
                    tracing::warn!(%error, operation, "a long operation failed");
                }
                drop(place);
            });
        });
    }

    /// Waits until none runs any more.
    pub async fn ended(&self, patience: Duration) {
        let all = self.places.acquire_many(MAX_LONG_ACTS);
        let _ = tokio::time::timeout(patience, all).await;
    }
}
