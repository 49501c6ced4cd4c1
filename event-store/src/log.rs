//! The log's loop. Whatever reacts to events is a subscriber: it is handed batches in order of position, and its
//! checkpoint moves in the transaction of its own writes, so that a batch counts exactly once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use deadpool_postgres::{Pool, Transaction};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::checkpoints::{self, LEASE, Lease};
use crate::recorded::Recorded;

/// How many events one batch holds at most.
pub const BATCH_LIMIT: i64 = 5_000;
/// How often a runner that is not in possession of a lease tries to get it.
const LEASE_RETRY: Duration = Duration::from_secs(2);
/// Waits after a failed batch, doubled each time up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The aggregate types are a filter on the scan of one index range, not a second index.
const READ: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where position > $1 and position <= $2 and aggregate_type = any ($3)
    order by position limit $4";

/// Reacts to events by writing to the database; it never calls out.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// The name of its checkpoint; never changes.
    fn name(&self) -> &'static str;

    /// The aggregate types it wants to see.
    fn aggregate_types(&self) -> &'static [&'static str];

    /// Writes all that follows from the batch into the transaction that also moves the checkpoint.
    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()>;
}

/// Reads the log from one position to another, both known to be safe; at most `limit` events.
pub async fn read(
    client: &impl deadpool_postgres::GenericClient,
    aggregate_types: &[&str],
    (after, until): (i64, i64),
    limit: i64,
) -> Result<Vec<Recorded>> {
    let statement = client.prepare_cached(READ).await?;
    let rows = client
        .query(&statement, &[&after, &until, &aggregate_types, &limit])
        .await?;
    Ok(rows.iter().map(Recorded::from_row).collect())
}

/// Runs one subscriber until told to stop.
pub struct Runner {
    pub pool: Pool,
    pub subscriber: Arc<dyn Subscriber>,
    /// This process, as leases name it.
    pub owner: String,
    /// The safe end of the log.
    pub safe: watch::Receiver<i64>,
    /// Told after every move, for those who wait to read their own writes.
    pub moved: watch::Sender<u64>,
}

impl Runner {
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        while !stop.is_cancelled() {
            match checkpoints::acquire(&self.pool, self.subscriber.name(), &self.owner).await {
                Ok(Some(lease)) => {
                    if let Err(error) = self.hold(lease, &stop, &mut pause).await {
                        tracing::warn!(subscriber = self.subscriber.name(), %error, "a batch failed; it will be tried again");
                        wait(&stop, pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
                Ok(None) => wait(&stop, LEASE_RETRY).await,
                Err(error) => {
                    tracing::warn!(subscriber = self.subscriber.name(), %error, "the lease cannot be had");
                    wait(&stop, LEASE_RETRY).await;
                }
            }
        }
    }

    /// Applies batches for as long as the lease is ours.
    async fn hold(
        &mut self,
        mut lease: Lease,
        stop: &CancellationToken,
        pause: &mut Duration,
    ) -> Result<()> {
        let mut renewed = Instant::now();
        loop {
            if stop.is_cancelled() {
                return checkpoints::release(&self.pool, self.subscriber.name(), lease).await;
            }
            let safe = *self.safe.borrow_and_update();
            if lease.position < safe {
                match self.step(lease, safe).await {
                    Ok(position) => {
                        lease.position = position;
                        renewed = Instant::now();
                        *pause = FIRST_PAUSE;
                        self.moved.send_modify(|moves| *moves += 1);
                    }
                    Err(error) => {
                        checkpoints::fail(
                            &self.pool,
                            self.subscriber.name(),
                            lease,
                            &error.to_string(),
                        )
                        .await?;
                        checkpoints::release(&self.pool, self.subscriber.name(), lease).await?;
                        return Err(error);
                    }
                }
                continue;
            }
            if renewed.elapsed() > LEASE / 3 {
                if !checkpoints::renew(&self.pool, self.subscriber.name(), lease).await? {
                    return Ok(());
                }
                renewed = Instant::now();
            }
            tokio::select! {
                _ = self.safe.changed() => {}
                () = tokio::time::sleep(LEASE / 3) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One batch, one transaction; answers the new position.
    async fn step(&self, lease: Lease, safe: i64) -> Result<i64> {
        let mut client = self.pool.get().await?;
        let batch = read(
            &client,
            self.subscriber.aggregate_types(),
            (lease.position, safe),
            BATCH_LIMIT,
        )
        .await?;
        let full = i64::try_from(batch.len()).unwrap_or(BATCH_LIMIT) >= BATCH_LIMIT;
        let position = match batch.last() {
            Some(last) if full => last.position,
            _ => safe,
        };
        let tx = client.transaction().await?;
        if !batch.is_empty() {
            self.subscriber.apply(&tx, &batch).await?;
        }
        checkpoints::advance(&tx, self.subscriber.name(), lease, position).await?;
        tx.commit().await?;
        Ok(position)
    }
}

async fn wait(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
