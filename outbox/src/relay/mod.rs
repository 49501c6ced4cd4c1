//! The relay: leases due messages, delivers them side by side, and writes back what came of each. Several relays may run;
//! leases keep them apart.

use std::sync::Arc;
use std::time::Duration;

use commands::dispatch::Dispatcher;
use event_store::error::Error;
use integrations::outcome::{Failure, FailureKind};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::delivery::{Delivered, Delivery, Undelivered};
use crate::schedule::{wait_after, wait_unsent};
use crate::work::{self, Failed, Job, LEASE, LEASE_MARGIN};

/// Deliveries under way at once in one process.
const MAX_IN_FLIGHT: usize = 32;
/// The longest wait before due messages are looked for again.
const POLL_IDLE: Duration = Duration::from_millis(500);
/// How long to stay away from a database that does not answer.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long a graceful stop waits for deliveries under way; what is left is delivered again when its lease ends.
const STOP_PATIENCE: Duration = Duration::from_secs(25);

pub struct Relay {
    pub dispatcher: Dispatcher,
    pub delivery: Arc<Delivery>,
    /// This process, as attempts name it.
    pub worker: String,
}

impl Relay {
    /// Delivers until told to stop, then waits for what is under way.
    pub async fn run(self, stop: CancellationToken) {
        let relay = Arc::new(self);
        let slots = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        let mut safe = relay.dispatcher.store.tail.watch();
        let mut under_way = JoinSet::new();
        while !stop.is_cancelled() {
            while under_way.try_join_next().is_some() {}
            let free = slots.available_permits();
            let claimed = match free {
                0 => Ok(Vec::new()),
                free => {
                    work::claim(
                        &relay.dispatcher.store.pools.engine,
                        i64::try_from(free).unwrap_or(1),
                    )
                    .await
                }
            };
            let jobs = match claimed {
                Ok(jobs) => jobs,
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read");
                    pause(&stop, PAUSE_AFTER_ERROR).await;
                    continue;
                }
            };
            let found = jobs.len();
            for job in jobs {
                let Ok(slot) = slots.clone().acquire_owned().await else {
                    return;
                };
                let relay = relay.clone();
                under_way.spawn(async move {
                    relay.handle(&job).await;
                    drop(slot);
                });
            }
            if found > 0 && found == free {
                continue;
            }
            // A commit may have brought work; a finished delivery may have freed a key.
            tokio::select! {
                _ = safe.changed() => {}
                Some(_) = under_way.join_next() => {}
                () = tokio::time::sleep(relay.idle_time().await) => {}
                () = stop.cancelled() => {}
            }
        }
        let _ = tokio::time::timeout(STOP_PATIENCE, async {
            while under_way.join_next().await.is_some() {}
        })
        .await;
    }

    /// Until the next message is due, within limits.
    async fn idle_time(&self) -> Duration {
        match work::next_due_seconds(&self.dispatcher.store.pools.engine).await {
            Ok(Some(seconds)) if seconds > 0.0 => {
                Duration::from_secs_f64(seconds.min(POLL_IDLE.as_secs_f64()))
            }
            // Something is due that cannot be claimed yet: leased, behind another, or held.
            _ => POLL_IDLE,
        }
    }

    async fn handle(&self, job: &Job) {
        // The delivery must be over before the lease is, so that never two are under way.
        let outcome = tokio::time::timeout(LEASE - LEASE_MARGIN, self.delivery.deliver(job)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Undelivered::Failed(Failure::new(
                FailureKind::Unknown,
                "no verdict before the lease ended",
            )))
        });
        let label = match &outcome {
            Ok(Delivered::Done) => "done",
            Ok(Delivered::Withheld(_)) => "withheld",
            Err(_) => "failed",
        };
        metrics::counter!("rapport_outbox_attempts_total", "target" => job.target.clone(), "outcome" => label).increment(1);
        match self.write_back(job, outcome).await {
            Ok(true) => {}
            Ok(false) => {
                metrics::counter!("rapport_outbox_stale_write_backs_total").increment(1);
                tracing::warn!(message = job.message_id, "a stale delivery changed nothing");
            }
            // The lease ends by itself and the message is delivered again, under the same key.
            Err(error) => {
                tracing::warn!(message = job.message_id, %error, "a delivery could not be written back")
            }
        }
    }

    async fn write_back(
        &self,
        job: &Job,
        outcome: std::result::Result<Delivered, Undelivered>,
    ) -> Result<bool> {
        let pool = &self.dispatcher.store.pools.engine;
        match outcome {
            Ok(Delivered::Done) => work::finish(pool, job, &self.worker, "delivered", None).await,
            Ok(Delivered::Withheld(why)) => {
                work::finish(pool, job, &self.worker, "withheld", Some(why)).await
            }
            Err(Undelivered::Failed(failure)) => self.write_failure(job, &failure).await,
            Err(Undelivered::Refused(error)) => self.write_refusal(job, &error).await,
        }
    }

    async fn write_failure(&self, job: &Job, failure: &Failure) -> Result<bool> {
        let pool = &self.dispatcher.store.pools.engine;
        let failed = Failed {
            kind: failure.kind.as_str(),
            detail: &failure.detail,
        };
        tracing::info!(
            message = job.message_id,
            target = job.target,
            kind = failed.kind,
            detail = failed.detail,
            "delivery failed"
        );
        if let Some(wait) = failure.retry_after {
            work::hold_destination(pool, job, wait).await?;
        }
        let wait = match failure.kind {
            FailureKind::Refused => None,
            FailureKind::NotSent => Some(wait_unsent(job.attempt)),
            FailureKind::Transient | FailureKind::Unknown | FailureKind::Auth => {
                wait_after(&job.target, job.attempt)
            }
        };
        match wait {
            Some(wait) => {
                let wait = failure.retry_after.map_or(wait, |floor| wait.max(floor));
                work::retry(pool, job, &self.worker, &failed, wait).await
            }
            None => {
                self.delivery.give_up(job, &failure.detail).await?;
                work::bury(pool, job, &self.worker, &failed).await
            }
        }
    }

    /// Our own command that carries a timer or a result did not go through.
    async fn write_refusal(&self, job: &Job, error: &Error) -> Result<bool> {
        let pool = &self.dispatcher.store.pools.engine;
        let detail = error.to_string();
        let busy = matches!(error, Error::Busy { .. });
        let failed = Failed {
            kind: if busy { "transient" } else { "refused" },
            detail: &detail,
        };
        tracing::warn!(
            message = job.message_id,
            target = job.target,
            detail,
            "the result could not be brought back"
        );
        match wait_after(&job.target, job.attempt) {
            Some(wait) if busy => work::retry(pool, job, &self.worker, &failed, wait).await,
            _ => work::bury(pool, job, &self.worker, &failed).await,
        }
    }
}

async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
