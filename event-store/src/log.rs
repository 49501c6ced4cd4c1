//! The log's loop. Whatever reacts to events is a subscriber: it is handed batches in order of position, and its
//! checkpoint moves in the transaction of its own writes, so that a batch counts exactly once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use deadpool_postgres::{Client, GenericClient, Pool, Transaction};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::checkpoints::{self, LEASE, Lease, Move};
use crate::parking::{Parking, Side, is_poison, unharmed};
use crate::recent::Recent;
use crate::recorded::Recorded;
use crate::shards::{self, Shard};

/// How many events one batch holds at most.
pub const BATCH_LIMIT: i64 = 5_000;
/// As `BATCH_LIMIT`, for a subscriber that is further behind than that: rows that change often are written less often.
pub const CATCH_UP_LIMIT: i64 = 25_000;
/// How many subscribers of a process may hold such batches in memory at once.
const MAX_CATCHING_UP: usize = 2;
/// How often a runner that is not in possession of a lease tries to get it; a dead owner's is had at once.
const LEASE_RETRY: Duration = Duration::from_millis(500);
/// The same, for a while after the lease was taken away: whoever steers a projection needs it for a moment only.
const SEIZED_RETRY: Duration = Duration::from_millis(20);
const SEIZED_PATIENCE: Duration = Duration::from_secs(5);
/// Waits after a failed batch, doubled each time up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

static CATCHING_UP: Semaphore = Semaphore::const_new(MAX_CATCHING_UP);

/// The aggregate types are a filter on the scan of one index range, not a second index.
const READ: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where position > $1 and position <= $2 and aggregate_type = any ($3)
    order by position limit $4";

/// As `READ`, of one shard's streams alone. Hash partitions rely on the same function, so it stays as it is.
const READ_SHARD: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where position > $1 and position <= $2 and aggregate_type = any ($3)
      and (hashtextextended(tenant_id || '/' || aggregate_id, 0) & 9223372036854775807) % $5::int8 = $6::int8
    order by position limit $4";

/// As `READ`, of these positions.
const READ_SOME: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events where position = any ($1) and aggregate_type = any ($2) order by position";

/// Reacts to events by writing to the database; it never calls out.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// The name of its checkpoint; never changes.
    fn name(&self) -> &'static str;

    /// The aggregate types it wants to see.
    fn aggregate_types(&self) -> &'static [&'static str];

    /// Writes all that follows from the batch into the transaction that also moves the checkpoint.
    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()>;

    /// As `apply`, with the move of the checkpoint, by one statement. `false` says that nothing was written: because the
    /// subscriber does not work so, or cannot this time, or because the lease is lost.
    async fn apply_at_once(&self, _: &Client, _: &[Recorded], _: &Move<'_>) -> Result<bool> {
        Ok(false)
    }

    /// Does its work on a stretch of the log whose events this process has just written, and moves the checkpoint, without
    /// being handed the events; `false` where it has to be, with nothing written. Only for who says so by `needs_events`.
    async fn apply_unread(&self, _: &Client, _: &Recent, _: &Move<'_>) -> Result<bool> {
        Ok(false)
    }

    /// Whether it cannot go without the events themselves.
    fn needs_events(&self) -> bool {
        true
    }

    /// How many events make a batch at once, and how soon after the one before fewer do: what comes by twos and threes costs
    /// the writers less together.
    fn gathers(&self) -> (i64, Duration) {
        (1, Duration::ZERO)
    }

    /// What must be applied in order, within the tenant: when an event fails, those of the same key wait behind it.
    fn key(&self, event: &Recorded) -> String {
        format!("{}/{}", event.aggregate_type, event.aggregate_id)
    }

    /// Its share of the streams; all of them unless it is `Sharded`.
    fn shard(&self) -> Shard {
        Shard::WHOLE
    }
}

/// Reads the log from one position to another, both known to be safe; at most `limit` events.
pub async fn read(
    client: &impl GenericClient,
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

/// The events at these positions.
pub async fn read_some(
    client: &impl GenericClient,
    aggregate_types: &[&str],
    positions: &[i64],
) -> Result<Vec<Recorded>> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let statement = client.prepare_cached(READ_SOME).await?;
    let rows = client
        .query(&statement, &[&positions, &aggregate_types])
        .await?;
    Ok(rows.iter().map(Recorded::from_row).collect())
}

async fn read_shard(
    client: &impl GenericClient,
    (aggregate_types, shard): (&[&str], Shard),
    (after, until): (i64, i64),
    limit: i64,
) -> Result<Vec<Recorded>> {
    let statement = client.prepare_cached(READ_SHARD).await?;
    let (remainder, divisor) = shard.modulus();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &after,
        &until,
        &aggregate_types,
        &limit,
        &divisor,
        &remainder,
    ];
    let rows = client.query(&statement, &parameters).await?;
    Ok(rows.iter().map(Recorded::from_row).collect())
}

/// A batch, and the stretch of the log that it is all there is of.
#[derive(Debug)]
pub struct Page {
    pub after: i64,
    pub until: i64,
    pub events: Vec<Recorded>,
}

impl Page {
    /// Reads the shard's next batch after a position, up to a safe one.
    pub async fn read(
        client: &impl GenericClient,
        (aggregate_types, shard): (&[&str], Shard),
        (after, safe): (i64, i64),
        limit: i64,
    ) -> Result<Self> {
        let events = match shard.is_whole() {
            true => read(client, aggregate_types, (after, safe), limit).await?,
            false => read_shard(client, (aggregate_types, shard), (after, safe), limit).await?,
        };
        let is_full = i64::try_from(events.len()).unwrap_or(limit) >= limit;
        let until = match events.last() {
            Some(last) if is_full => last.position,
            _ => safe,
        };
        Ok(Self {
            after,
            until,
            events,
        })
    }
}

/// Runs one subscriber until told to stop.
pub struct Runner {
    pub pool: Pool,
    /// What need not be read, because it has just been written here.
    pub recent: Arc<Recent>,
    pub subscriber: Arc<dyn Subscriber>,
    /// This process, as leases name it; see `presence`.
    pub owner: String,
    /// The safe end of the log.
    pub safe: watch::Receiver<i64>,
    /// Told after every move, for those who wait to read their own writes.
    pub moved: watch::Sender<u64>,
}

impl Runner {
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        let mut seized: Option<Instant> = None;
        let mut standby = Standby::default();
        let name = self.checkpoint();
        while !stop.is_cancelled() {
            match self.take(&name, &mut standby).await {
                Ok(Some(lease)) => {
                    seized = None;
                    match self.hold(lease, &stop, &mut pause).await {
                        Ok(Held::Stopped) => {}
                        Ok(Held::Lost) => seized = Some(Instant::now()),
                        Err(error) => {
                            tracing::warn!(subscriber = &name, %error, "a batch failed; it will be tried again");
                            wait(&stop, pause).await;
                            pause = (pause * 2).min(LONGEST_PAUSE);
                        }
                    }
                }
                Ok(None) => {
                    let is_short = seized.is_some_and(|since| since.elapsed() < SEIZED_PATIENCE);
                    wait(&stop, if is_short { SEIZED_RETRY } else { LEASE_RETRY }).await;
                }
                Err(error) => {
                    tracing::warn!(subscriber = &name, %error, "the lease cannot be had");
                    wait(&stop, LEASE_RETRY).await;
                }
            }
        }
    }

    /// The name of what it moves.
    fn checkpoint(&self) -> String {
        let subscriber = &self.subscriber;
        subscriber.shard().checkpoint(subscriber.name())
    }

    /// Takes the lease if it can be had. The split that was started last is the one in use: others stand by, and take over
    /// when nobody runs it any more.
    async fn take(&self, name: &str, standby: &mut Standby) -> Result<Option<Lease>> {
        let (projection, shard) = (self.subscriber.name(), self.subscriber.shard());
        if !standby.is_laid_out {
            shards::lay_out(&self.pool, projection, shard).await?;
            (standby.is_laid_out, standby.abandoned) = (true, None);
        }
        let lease = checkpoints::acquire(&self.pool, name, &self.owner).await?;
        if lease.is_some() || !shards::is_abandoned(&self.pool, projection, shard).await? {
            standby.abandoned = None;
            return Ok(lease);
        }
        let since = *standby.abandoned.get_or_insert_with(Instant::now);
        standby.is_laid_out = since.elapsed() < LEASE;
        Ok(None)
    }

    /// Applies batches for as long as the lease is ours.
    async fn hold(
        &mut self,
        mut lease: Lease,
        stop: &CancellationToken,
        pause: &mut Duration,
    ) -> Result<Held> {
        let name = &self.checkpoint();
        let projection = self.subscriber.name();
        let mut parking = Parking::load(&self.pool.get().await?, projection, Side::Live).await?;
        let (enough, patience) = self.subscriber.gathers();
        let mut stepped = Instant::now();
        let mut renewed = Instant::now();
        let mut ahead: Option<Page> = None;
        loop {
            if stop.is_cancelled() {
                checkpoints::release(&self.pool, name, lease).await?;
                return Ok(Held::Stopped);
            }
            let safe = *self.safe.borrow_and_update();
            let behind = safe - lease.position;
            if behind >= enough || behind > 0 && stepped.elapsed() >= patience {
                stepped = Instant::now();
                match self.step(lease, safe, &mut parking, ahead.take()).await {
                    Ok((position, next)) => {
                        (lease.position, ahead) = (position, next);
                        renewed = Instant::now();
                        *pause = FIRST_PAUSE;
                        self.moved.send_modify(|moves| *moves += 1);
                    }
                    Err(error) if checkpoints::is_lost(&error) => return Ok(Held::Lost),
                    Err(error) => {
                        // It may have come as far as the event that fails.
                        self.moved.send_modify(|moves| *moves += 1);
                        checkpoints::fail(&self.pool, name, lease, &error.to_string()).await?;
                        checkpoints::release(&self.pool, name, lease).await?;
                        return Err(error);
                    }
                }
                continue;
            }
            if renewed.elapsed() > LEASE / 3 {
                if !checkpoints::renew(&self.pool, name, lease).await? {
                    return Ok(Held::Lost);
                }
                renewed = Instant::now();
            }
            let rest = match behind {
                1.. => patience.saturating_sub(stepped.elapsed()),
                _ => LEASE / 3,
            };
            tokio::select! {
                _ = self.safe.changed() => {}
                () = tokio::time::sleep(rest) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One batch, one transaction; answers the new position. While the batch is written, the next is read, if this one
    /// was not the last.
    async fn step(
        &self,
        lease: Lease,
        safe: i64,
        parking: &mut Parking,
        ahead: Option<Page>,
    ) -> Result<(i64, Option<Page>)> {
        if ahead.is_none() && self.skip_reading(lease, safe, parking).await? {
            return Ok((safe, None));
        }
        let (limit, permit) = batch_limit(safe - lease.position);
        let page = match ahead {
            Some(page) if page.after == lease.position => page,
            _ => self.page((lease.position, safe), limit).await?,
        };
        let reading = async {
            if permit.is_none() || page.until >= safe {
                return Ok(None);
            }
            self.page((page.until, safe), limit).await.map(Some)
        };
        let (written, next) = tokio::join!(self.write(lease, &page, parking), reading);
        written?;
        Ok((page.until, next?))
    }

    async fn page(&self, range: (i64, i64), limit: i64) -> Result<Page> {
        let client = self.pool.get().await?;
        let (types, shard) = (self.subscriber.aggregate_types(), self.subscriber.shard());
        // How streams are split the database alone knows.
        let is_near = shard.is_whole() && range.1 - range.0 <= limit;
        let recent = match is_near && self.subscriber.needs_events() {
            true => self.recent.events(types, range),
            false => None,
        };
        let Some(stretch) = recent else {
            metrics::counter!("rapport_log_pages_total", "from" => "log").increment(1);
            return Page::read(&client, (types, shard), range, limit).await;
        };
        metrics::counter!("rapport_log_pages_total", "from" => "memory").increment(1);
        let others = read_some(&client, types, &stretch.missing).await?;
        Ok(Page {
            after: range.0,
            until: range.1,
            events: stretch.complete(others, |event| event.position),
        })
    }

    /// Has the subscriber work without the events; answers whether it did.
    async fn skip_reading(&self, lease: Lease, safe: i64, parking: &Parking) -> Result<bool> {
        let subscriber = self.subscriber.as_ref();
        if subscriber.needs_events() || !parking.is_empty() || safe - lease.position > BATCH_LIMIT {
            return Ok(false);
        }
        let (name, client) = (&self.checkpoint(), self.pool.get().await?);
        let step = Move {
            subscriber: name,
            lease,
            until: safe,
        };
        let applied = unharmed(name, subscriber.apply_unread(&client, &self.recent, &step)).await;
        match applied {
            Ok(true) => {
                metrics::counter!("rapport_log_pages_total", "from" => "hashes").increment(1);
                Ok(true)
            }
            Err(error) if !is_poison(&error) => Err(error),
            // The batch is tried again with the events at hand.
            Ok(false) | Err(_) => Ok(false),
        }
    }

    /// Writes the batch as a whole; if an event of it is at fault, piece by piece.
    async fn write(&self, lease: Lease, page: &Page, parking: &mut Parking) -> Result<()> {
        let (subscriber, name) = (self.subscriber.as_ref(), &self.checkpoint());
        let mut client = self.pool.get().await?;
        let step = Move {
            subscriber: name,
            lease,
            until: page.until,
        };
        if parking.is_open(subscriber, &page.events) {
            let applied = subscriber.apply_at_once(&client, &page.events, &step);
            match unharmed(name, applied).await {
                Ok(true) => return Ok(()),
                Err(error) if !is_poison(&error) => return Err(error),
                Ok(false) | Err(_) => {}
            }
        }
        let tx = client.transaction().await?;
        let applied: Result<()> = match page.events.is_empty() {
            true => Ok(()),
            false => parking.apply_whole(&tx, subscriber, &page.events).await,
        };
        match applied {
            Ok(()) => {
                checkpoints::advance(&tx, name, lease, page.until).await?;
                return Ok(tx.commit().await?);
            }
            Err(error) if !is_poison(&error) => return Err(error),
            Err(_) => tx.rollback().await?,
        }
        let mut tried = parking.clone();
        let mut tx = client.transaction().await?;
        let stopped = tried.apply_apart(&mut tx, subscriber, &page.events).await?;
        match stopped
            .as_ref()
            .map_or(page.until, |stopped| stopped.position - 1)
        {
            reached if reached > lease.position => {
                checkpoints::advance(&tx, name, lease, reached).await?;
            }
            _ => checkpoints::keep(&tx, name, lease).await?,
        }
        tx.commit().await?;
        *parking = tried;
        stopped.map_or(Ok(()), |stopped| Err(stopped.error))
    }
}

/// What a runner without a lease knows of the split that is in use.
#[derive(Default)]
struct Standby {
    /// Its own was seen to be the one in use, once.
    is_laid_out: bool,
    /// Since when nobody runs another split that is in use.
    abandoned: Option<Instant>,
}

/// How holding a lease ended.
enum Held {
    Stopped,
    /// Somebody else has it now.
    Lost,
}

/// How much to read at once: more, for as long as the permit is kept, when far behind.
fn batch_limit(behind: i64) -> (i64, Option<SemaphorePermit<'static>>) {
    if behind <= BATCH_LIMIT {
        return (BATCH_LIMIT, None);
    }
    match CATCHING_UP.try_acquire() {
        Ok(permit) => (CATCH_UP_LIMIT, Some(permit)),
        Err(_) => (BATCH_LIMIT, None),
    }
}

async fn wait(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
