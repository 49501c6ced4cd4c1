//! Builds a projection's tables anew from the log, in their twins, while readers go on reading; then swaps the contents
//! in one transaction. A worker that is at it meanwhile loses its lease and takes the new tables up where they stand.

use deadpool_postgres::{Client, GenericClient, Transaction};
use event_store::Result;
use event_store::error::Error;
use event_store::log::{self, BATCH_LIMIT};
use event_store::store::Store;

use crate::Projection;

/// How far a rebuild is: the position folded so far and the one it must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub position: i64,
    pub until: i64,
}

/// What a rebuild did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    pub events: u64,
    /// Where the projection stands now.
    pub position: i64,
}

/// One rebuild a projection at a time, whatever process runs it; the lock goes with its connection.
const TRY_LOCK: &str = "select pg_try_advisory_lock(hashtextextended('rebuild of ' || $1, 0))";
const FIND_POSITION: &str =
    "select coalesce(max(position), 0) from checkpoints where subscriber = $1";
/// The same unqualified statements then reach the twins, and only what has no twin in public.
const TURN_TO_TWIN: &str = "set local search_path = twin, public";
/// A higher token makes whoever holds the lease start over, and with it whatever was read from the old tables.
const FENCE: &str = "
    update checkpoints set fencing_token = fencing_token + 1, lease_until = '-infinity'
    where subscriber = $1
    returning position";

/// Rebuilds one projection up to where it stands. Busy with `rebuild-running` when another rebuild of it runs.
pub async fn rebuild(
    store: &Store,
    projection: &Projection,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt> {
    // Taken out of the pool, so that the lock ends with this function however it ends.
    let lock = Client::take(store.pools.engine.get().await?);
    let name = projection.subscriber.name();
    if !lock.query_one(TRY_LOCK, &[&name]).await?.get::<_, bool>(0) {
        return Err(Error::busy(
            "rebuild-running",
            format!("another rebuild of {name} is running"),
        ));
    }
    let mut client = store.pools.engine.get().await?;
    for table in projection.tables {
        client.execute(table.clear_twin, &[]).await?;
    }
    let mut rebuilt = Rebuilt::default();
    loop {
        let until: i64 = client.query_one(FIND_POSITION, &[&name]).await?.get(0);
        let tx = client.transaction().await?;
        let events = fold_batch(&tx, projection, &mut rebuilt, until).await?;
        tx.commit().await?;
        progress(Progress {
            position: rebuilt.position,
            until,
        });
        if events < batch_limit() {
            break;
        }
    }
    let tx = client.transaction().await?;
    swap(&tx, projection, &mut rebuilt).await?;
    tx.commit().await?;
    progress(Progress {
        position: rebuilt.position,
        until: rebuilt.position,
    });
    drop(lock);
    Ok(rebuilt)
}

/// Tables are locked before the checkpoint, as a worker's own transaction touches them in this order too.
async fn swap(tx: &Transaction<'_>, projection: &Projection, rebuilt: &mut Rebuilt) -> Result<()> {
    for table in projection.tables {
        tx.execute(table.lock, &[]).await?;
    }
    let fenced = tx
        .query_opt(FENCE, &[&projection.subscriber.name()])
        .await?;
    let until = fenced.map_or(0, |row| row.get("position"));
    while fold_batch(tx, projection, rebuilt, until).await? == batch_limit() {}
    for table in projection.tables {
        tx.execute(table.clear, &[]).await?;
        tx.execute(table.fill, &[]).await?;
        tx.execute(table.clear_twin, &[]).await?;
    }
    Ok(())
}

/// Applies the next batch to the twins; answers how many events it held.
async fn fold_batch(
    tx: &Transaction<'_>,
    projection: &Projection,
    rebuilt: &mut Rebuilt,
    until: i64,
) -> Result<u64> {
    tx.batch_execute(TURN_TO_TWIN).await?;
    let types = projection.subscriber.aggregate_types();
    let batch = log::read(tx, types, (rebuilt.position, until), BATCH_LIMIT).await?;
    let events = u64::try_from(batch.len()).unwrap_or(u64::MAX);
    if !batch.is_empty() {
        projection.subscriber.apply(tx, &batch).await?;
    }
    rebuilt.position = match batch.last() {
        Some(last) if events == batch_limit() => last.position,
        _ => until,
    };
    rebuilt.events += events;
    Ok(events)
}

fn batch_limit() -> u64 {
    BATCH_LIMIT.unsigned_abs()
}
