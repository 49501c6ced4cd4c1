//! Builds a projection's tables anew from the log, beside those in use, and lets them take their place; the old ones are
//! kept, to go back to. Readers and the running worker go on all the while.

use deadpool_postgres::Client;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::error::Error;
use event_store::parking::{Parking, Side};
use event_store::shards::Shard;
use event_store::store::Store;
use serde::Serialize;
use tokio_postgres::{IsolationLevel, Row};

use crate::build::{Build, Progress, TAKE_TIME};
use crate::{Projection, switch};

/// What a rebuild did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    pub events: u64,
    /// Where the projection stood when its tables changed.
    pub position: i64,
    /// Keys that could not be built and are parked.
    pub parked_keys: u64,
}

/// A read table and its twin at the same position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    pub table: &'static str,
    pub rows: i64,
    pub twin_rows: i64,
    /// Whether all rows are the same.
    pub equal: bool,
}

/// One rebuild a projection at a time, whatever process runs it; the lock goes with its connection.
const TRY_LOCK: &str = "select pg_try_advisory_lock(hashtextextended('rebuild of ' || $1, 0))";
const UNLOCK: &str = "select pg_advisory_unlock(hashtextextended('rebuild of ' || $1, 0))";
const CHECKSUM: &str = "
    select l.row_count as row_count, t.row_count as twin_row_count, l.checksum = t.checksum as equal
    from twin.checksum('public', $1) l cross join twin.checksum('twin', $1) t";
const LIST_SHARDS: &str =
    "select shard, shards, position from checkpoints where projection = $1 order by shard";

/// Rebuilds one projection and switches to it. Busy with `rebuild-running` when another rebuild of it runs, with
/// `tables-busy` when readers never let go of the old tables; the twins are then left as they are.
pub async fn rebuild(
    store: &Store,
    projection: &Projection,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt> {
    locked(store, projection, async |build| {
        build.run(&mut progress).await?;
        let position = switch::switch(build, &mut progress).await?;
        Ok(rebuilt(build, position))
    })
    .await
}

/// As `rebuild`, comparing the twins with the tables in use before the switch.
pub async fn rebuild_compared(
    store: &Store,
    projection: &Projection,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<(Rebuilt, Vec<Compared>)> {
    locked(store, projection, async |build| {
        build.run(&mut progress).await?;
        let compared = compare_with(build).await?;
        let position = switch::switch(build, &mut progress).await?;
        Ok((rebuilt(build, position), compared))
    })
    .await
}

/// Builds the twins and compares them with the tables in use, at one position and in one snapshot; changes nothing else.
/// Old tables that were kept to go back to are given up for it.
pub async fn compare(
    store: &Store,
    projection: &Projection,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Vec<Compared>> {
    locked(store, projection, async |build| {
        build.run(&mut progress).await?;
        let compared = compare_with(build).await?;
        switch::mark_ready(store, projection, build.position).await?;
        Ok(compared)
    })
    .await
}

/// Brings the tables that were in use before the last switch up to date and goes back to them; what was in use is kept
/// in turn. Refused with `nothing-to-roll-back-to` when there are none.
pub async fn rollback(
    store: &Store,
    projection: &Projection,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt> {
    locked(store, projection, async |build| {
        if build.resume().await?.as_deref() != Some("old") {
            let detail = format!(
                "there are no old tables of {}; a rebuild keeps them",
                projection.name()
            );
            return Err(Refusal::conflict("nothing-to-roll-back-to", detail).into());
        }
        let position = switch::switch(build, &mut progress).await?;
        Ok(rebuilt(build, position))
    })
    .await
}

/// Does the work while nobody else rebuilds the projection. The lock's connection is taken out of the pool, so that the
/// lock ends with this function however it ends.
async fn locked<T>(
    store: &Store,
    projection: &Projection,
    work: impl AsyncFnOnce(&mut Build<'_>) -> Result<T>,
) -> Result<T> {
    let lock = Client::take(store.pools.engine.get().await?);
    let name = projection.name();
    if !lock.query_one(TRY_LOCK, &[&name]).await?.get::<_, bool>(0) {
        return Err(Error::busy(
            "rebuild-running",
            format!("another rebuild of {name} is running"),
        ));
    }
    let parking = Parking::load(&store.pools.engine.get().await?, name, Side::Twin).await?;
    let mut build = Build::new(store, projection, parking);
    let outcome = work(&mut build).await;
    // The next rebuild need not wait until the server has noticed that the connection is gone.
    lock.execute(UNLOCK, &[&name]).await?;
    outcome
}

fn rebuilt(build: &Build<'_>, position: i64) -> Rebuilt {
    Rebuilt {
        events: build.events,
        position,
        parked_keys: u64::try_from(build.parking.len()).unwrap_or_default(),
    }
}

/// The tables in use are read in the snapshot that also says where they stand, and the twins are brought there first.
async fn compare_with(build: &mut Build<'_>) -> Result<Vec<Compared>> {
    let until = build.find_position().await?;
    build.follow(until, &mut |_| {}).await?;
    let mut client = build.store.pools.engine.get().await?;
    let tx = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .start()
        .await?;
    tx.batch_execute(TAKE_TIME).await?;
    let name = build.projection.name();
    let rows = tx.query(LIST_SHARDS, &[&name]).await?;
    let shard = |row: &Row| Shard::stored(row.get("shard"), row.get("shards"));
    let shards: Vec<(Shard, i64)> = rows
        .iter()
        .map(|row| (shard(row), row.get("position")))
        .collect();
    build.follow_in(&tx, &shards).await?;
    let mut compared = Vec::new();
    for table in build.projection.tables {
        let row = tx.query_one(CHECKSUM, &[table]).await?;
        compared.push(Compared {
            table,
            rows: row.get("row_count"),
            twin_rows: row.get("twin_row_count"),
            equal: row.get("equal"),
        });
    }
    tx.commit().await?;
    Ok(compared)
}
