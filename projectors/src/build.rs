//! Builds a projection's twins from the log. Where a row depends on one stream alone, whole streams are folded in memory,
//! several ranges of them at once, and copied; else the log is followed in large batches. Pages and ranges bound what is
//! held in memory.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Object, Pool, Transaction};
use event_store::Result;
use event_store::error::Error;
use event_store::log::{CATCH_UP_LIMIT, Page};
use event_store::parking::{Parking, is_poison};
use event_store::shards::Shard;
use event_store::store::Store;
use tokio::task::JoinSet;

use crate::ranges::{self, Sink};
use crate::{Projection, Streams, count};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

const CLEAR: &str = "select twin.clear($1)";
const FINISH: &str = "select twin.finish($1)";
const BEGIN_TWIN: &str = "
    insert into rebuild.twins (subscriber, state) values ($1, 'building')
    on conflict (subscriber) do update set state = 'building', position = 0, changed_at = clock_timestamp()";
const MOVE_TWIN: &str =
    "update rebuild.twins set position = $2, changed_at = clock_timestamp() where subscriber = $1";
const FIND_TWIN: &str = "select state, position from rebuild.twins where subscriber = $1";
const FIND_POSITION: &str =
    "select coalesce(min(position), 0) from checkpoints where projection = $1";
const FIND_HIGHEST: &str =
    "select coalesce(max(position), 0) from checkpoints where projection = $1";
/// The same unqualified statements then reach the twins, and only what has no twin in public.
const TURN_TO_TWIN: &str = "set local search_path = twin, public";
/// Indexes and checksums of large tables take their time. By its name the switch of another projection knows that it
/// need not wait for the transaction.
pub(crate) const TAKE_TIME: &str =
    "set local statement_timeout = 0; set local application_name = 'rapport rebuild'";
/// What building one index may take of the database's memory.
const SORT_IN_MEMORY: &str = "set local maintenance_work_mem = '256MB'";

/// How far a rebuild is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub events: u64,
    /// About how many there are.
    pub expected: u64,
    pub elapsed: Duration,
}

impl Progress {
    /// Events a second.
    pub fn rate(&self) -> f64 {
        whole(self.events) / self.elapsed.as_secs_f64().max(0.001)
    }

    /// Seconds that the rest takes at this rate.
    pub fn left_seconds(&self) -> f64 {
        whole(self.expected.saturating_sub(self.events)) / self.rate().max(1.0)
    }
}

/// A rebuild under way.
pub(crate) struct Build<'a> {
    pub store: &'a Store,
    pub projection: &'a Projection,
    pub parking: Parking,
    /// Where the twins stand.
    pub position: i64,
    pub events: u64,
    expected: u64,
    begun: Instant,
}

impl<'a> Build<'a> {
    pub fn new(store: &'a Store, projection: &'a Projection, parking: Parking) -> Self {
        Self {
            store,
            projection,
            parking,
            position: 0,
            events: 0,
            expected: 0,
            begun: Instant::now(),
        }
    }

    /// Takes the twins up where they stand; answers their state, `None` when they hold nothing.
    pub async fn resume(&mut self) -> Result<Option<String>> {
        let client = self.store.pools.engine.get().await?;
        let found = client
            .query_opt(FIND_TWIN, &[&self.projection.name()])
            .await?;
        Ok(found.map(|row| {
            self.position = row.get("position");
            row.get("state")
        }))
    }

    /// From nothing to where the projection stands now.
    pub async fn run(&mut self, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<()> {
        let until = self.find_position().await?;
        self.expected = self.expect(until).await?;
        self.clear().await?;
        if let Some(streams) = self.projection.streams.clone() {
            match self.fill(&streams, until, progress).await {
                Ok(()) => return self.follow(until, progress).await,
                // A copy that fails does not say why, and takes a page of streams with it. Event by event it can be told.
                Err(error) => {
                    tracing::warn!(projection = self.projection.name(), %error, "whole streams cannot be copied; the log is followed instead");
                    self.clear().await?;
                    self.events = 0;
                }
            }
        }
        self.finish().await?;
        self.follow(until, progress).await
    }

    /// Copies whole streams into the twins, and gives these their indexes afterwards.
    async fn fill(
        &mut self,
        streams: &Arc<dyn Streams>,
        until: i64,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<()> {
        self.copy_streams(streams, until, progress).await?;
        self.finish().await
    }

    /// What all shards of the projection have passed.
    pub async fn find_position(&self) -> Result<i64> {
        let client = self.store.pools.engine.get().await?;
        let name = self.projection.name();
        Ok(client.query_one(FIND_POSITION, &[&name]).await?.get(0))
    }

    /// Where the furthest shard of the projection stands.
    pub async fn find_highest(&self) -> Result<i64> {
        let client = self.store.pools.engine.get().await?;
        let name = self.projection.name();
        Ok(client.query_one(FIND_HIGHEST, &[&name]).await?.get(0))
    }

    /// Applies what lies between the twins' position and `until`.
    pub async fn follow(
        &mut self,
        until: i64,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<()> {
        let mut client = self.store.pools.engine.get().await?;
        while self.position < until {
            let tx = client.transaction().await?;
            let page = self
                .read_page(&tx, Shard::WHOLE, (self.position, until))
                .await?;
            match self.write_page(&tx, &page).await {
                Ok(()) => {
                    self.note(&tx, page.until).await?;
                    tx.commit().await?;
                }
                Err(error) if is_poison(&error) => {
                    tx.rollback().await?;
                    self.write_apart(&mut client, &page).await?;
                }
                Err(error) => return Err(error),
            }
            self.position = page.until;
            self.events += u64::try_from(page.events.len()).unwrap_or_default();
            progress(self.progress());
        }
        Ok(())
    }

    /// As `follow`, all of it in the caller's transaction, and each shard as far as its own position. What lies after the
    /// lowest of them is read again when the twins are followed on.
    pub async fn follow_in(&mut self, tx: &Transaction<'_>, shards: &[(Shard, i64)]) -> Result<()> {
        for (shard, until) in shards {
            let mut position = self.position;
            while position < *until {
                let page = self.read_page(tx, *shard, (position, *until)).await?;
                self.write_page(tx, &page).await?;
                position = page.until;
            }
        }
        let passed = shards.iter().map(|(_, until)| *until).min().unwrap_or(0);
        self.position = self.position.max(passed);
        self.note(tx, self.position).await
    }

    async fn read_page(
        &self,
        tx: &Transaction<'_>,
        shard: Shard,
        range: (i64, i64),
    ) -> Result<Page> {
        tx.batch_execute(TURN_TO_TWIN).await?;
        let types = self.projection.subscriber.aggregate_types();
        Page::read(tx, (types, shard), range, CATCH_UP_LIMIT).await
    }

    async fn write_page(&self, tx: &Transaction<'_>, page: &Page) -> Result<()> {
        if !page.events.is_empty() {
            self.parking
                .apply_whole(tx, self.projection.subscriber.as_ref(), &page.events)
                .await?;
        }
        Ok(())
    }

    async fn write_apart(&mut self, client: &mut Object, page: &Page) -> Result<()> {
        let mut tried = self.parking.clone();
        let mut tx = client.transaction().await?;
        tx.batch_execute(TURN_TO_TWIN).await?;
        let stopped = tried
            .apply_apart(&mut tx, self.projection.subscriber.as_ref(), &page.events)
            .await?;
        // Half a table takes nobody's place.
        if let Some(stopped) = stopped {
            return Err(stopped.error);
        }
        self.note(&tx, page.until).await?;
        tx.commit().await?;
        self.parking = tried;
        Ok(())
    }

    /// Moves the twins' position in the transaction of their rows.
    async fn note(&self, tx: &Transaction<'_>, position: i64) -> Result<()> {
        let name = self.projection.name();
        tx.execute(MOVE_TWIN, &[&name, &position]).await?;
        Ok(())
    }

    async fn clear(&mut self) -> Result<()> {
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        tx.execute(CLEAR, &[&self.projection.tables]).await?;
        tx.execute(BEGIN_TWIN, &[&self.projection.name()]).await?;
        self.parking.clear(&tx).await?;
        tx.commit().await?;
        self.position = 0;
        Ok(())
    }

    /// Gives the twins their indexes, several tables at a time.
    async fn finish(&self) -> Result<()> {
        let pool = &self.store.pools.engine;
        let tables = self.projection.tables.iter();
        side_by_side(tables.map(|table| finish(pool.clone(), table))).await
    }

    /// Folds every stream up to `until`, in ranges side by side.
    async fn copy_streams(
        &mut self,
        streams: &Arc<dyn Streams>,
        until: i64,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<()> {
        let done = Arc::new(AtomicU64::new(0));
        let pool = &self.store.pools.engine;
        let ranges = ranges::find(pool, self.projection, until).await?;
        let fold = |range| {
            let sink = Sink {
                projection: self.projection.clone(),
                streams: streams.clone(),
                parking: self.parking.clone(),
                until,
                done: done.clone(),
            };
            ranges::fold(pool.clone(), range, sink)
        };
        let folds: Vec<_> = ranges.into_iter().map(fold).collect();
        let mut folding = pin!(side_by_side(folds));
        let mut ticks = tokio::time::interval(TELL_EVERY);
        loop {
            tokio::select! {
                ended = &mut folding => break ended?,
                _ = ticks.tick() => {
                    self.events = done.load(Ordering::Relaxed);
                    progress(self.progress());
                }
            }
        }
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        self.note(&tx, until).await?;
        tx.commit().await?;
        self.parking = Parking::load(&client, self.projection.name(), self.parking.side()).await?;
        (self.position, self.events) = (until, done.load(Ordering::Relaxed));
        progress(self.progress());
        Ok(())
    }

    async fn expect(&self, until: i64) -> Result<u64> {
        let client = self.store.pools.engine.get().await?;
        let types = self.projection.subscriber.aggregate_types();
        count::events(&client, types, until).await
    }

    fn progress(&self) -> Progress {
        Progress {
            events: self.events,
            expected: self.expected.max(self.events),
            elapsed: self.begun.elapsed(),
        }
    }
}

/// Does so many jobs at a time as there are workers; ends with the first that fails, and the others with it.
async fn side_by_side<J>(jobs: impl IntoIterator<Item = J>) -> Result<()>
where
    J: Future<Output = Result<()>> + Send + 'static,
{
    let mut jobs = jobs.into_iter();
    let mut workers = JoinSet::new();
    for job in jobs.by_ref().take(ranges::WORKERS) {
        workers.spawn(job);
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(|error| Error::Internal(Box::new(error)))??;
        if let Some(job) = jobs.next() {
            workers.spawn(job);
        }
    }
    Ok(())
}

async fn finish(pool: Pool, table: &'static str) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(TAKE_TIME).await?;
    tx.batch_execute(SORT_IN_MEMORY).await?;
    tx.execute(FINISH, &[&[table].as_slice()]).await?;
    Ok(tx.commit().await?)
}

/// Far below 2^53 here.
#[allow(clippy::cast_precision_loss)]
fn whole(number: u64) -> f64 {
    number as f64
}
