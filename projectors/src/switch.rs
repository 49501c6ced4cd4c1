//! Twins take the place of the tables in use. The projection is held for a moment, the twins are brought to its very
//! position, the furthest of its shards', and the names change hands in one transaction.
//!
//! A name is resolved when a statement is planned, and a change of names makes PostgreSQL plan cached statements anew, so
//! readers go over by themselves. But a reader that took its snapshot before the twins' last rows were committed, and
//! looks the name up after the switch, would miss those rows: such readers are waited for first.

use std::time::{Duration, Instant};

use deadpool_postgres::{Object, Transaction};
use event_store::checkpoints::{self, Seized};
use event_store::error::Error;
use event_store::log::BATCH_LIMIT;
use event_store::store::Store;
use event_store::{Result, checkpoints::is_lost};
use tokio_postgres::error::SqlState;

use crate::Projection;
use crate::build::{Build, Progress};

/// How long readers are held up at most, while the switch waits for those before them.
const LIMIT_WAIT: &str = "set local lock_timeout = '200ms'";
/// As `LIMIT_WAIT`, where PostgreSQL's own vacuum is at work on a table, which may take hours: it gives way to whoever has
/// waited for longer than `deadlock_timeout`, a second unless told otherwise.
const OUTLAST_VACUUM: &str = "set local lock_timeout = '1500ms'";
/// How often it is tried, and the waits between, doubled up to the last.
const MAX_ATTEMPTS: u32 = 40;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long older snapshots are waited for in one attempt; the projection stands still meanwhile.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(1);
const SNAPSHOT_POLL: Duration = Duration::from_millis(2);

const SWAP: &str = "select twin.swap($1)";
/// Transactions that are open in this database, by the locks that each holds on itself. Rebuilds of other projections
/// read the log, or tables of their own.
const LIST_OPEN: &str = "
    select array(select l.virtualtransaction from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'virtualxid' and l.granted and a.datname = current_database() and a.usesysid is not null
          and a.pid <> pg_backend_pid() and a.application_name <> 'rapport rebuild')";
const COUNT_STILL_OPEN: &str = "
    select count(*) from pg_locks where locktype = 'virtualxid' and granted and virtualtransaction = any ($1)";
/// Those who are nobody's sessions and hold a lock on one of the tables.
const IS_VACUUMED: &str = "
    select exists (select from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.granted and a.usesysid is null
          and l.relation in (select to_regclass(format('public.%I', t)) from unnest($1::text[]) as t))";
const MARK_TWIN: &str = "
    insert into rebuild.twins (subscriber, state, position) values ($1, $2, $3)
    on conflict (subscriber) do update set state = excluded.state, position = excluded.position,
        changed_at = clock_timestamp()";
const CLEAR_FAILURE: &str = "update checkpoints set failure = null where projection = $1";
/// What is parked changes sides with the tables that it is missing from.
const PUT_ASIDE: [&str; 2] = [
    "update parked_events set side = 'aside' where subscriber = $1 and side = 'live'",
    "update parked_keys set side = 'aside' where subscriber = $1 and side = 'live'",
];
const BRING_IN: [&str; 2] = [
    "update parked_events set side = 'live' where subscriber = $1 and side = 'twin'",
    "update parked_keys set side = 'live' where subscriber = $1 and side = 'twin'",
];
const TAKE_OUT: [&str; 2] = [
    "update parked_events set side = 'twin' where subscriber = $1 and side = 'aside'",
    "update parked_keys set side = 'twin' where subscriber = $1 and side = 'aside'",
];

/// Brings the twins up to the projection and lets them take its tables' place; answers the position of the switch.
pub(crate) async fn switch(
    build: &mut Build<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<i64> {
    let (store, name) = (build.store, build.projection.name());
    let owner = format!("switch of {name}");
    let mut pause = FIRST_PAUSE;
    for _ in 0..MAX_ATTEMPTS {
        // Most of the way without holding anybody up.
        while build.find_highest().await? - build.position > BATCH_LIMIT {
            let until = build.find_highest().await?;
            build.follow(until, progress).await?;
        }
        let seized = checkpoints::seize(&store.pools.engine, name, &owner).await?;
        let outcome = attempt(build, &seized, progress).await;
        checkpoints::release_seized(&store.pools.engine, &seized).await?;
        match outcome {
            Ok(()) => {
                store.moved.send_modify(|moves| *moves += 1);
                return Ok(seized.highest());
            }
            Err(error) if matches!(error, Error::Busy { .. }) || is_lost(&error) => {
                tracing::debug!(projection = name, %error, "the switch is tried again");
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Err(Error::busy(
        "tables-busy",
        format!(
            "the tables of {name} were in use at each of {MAX_ATTEMPTS} attempts; end long transactions and run this again"
        ),
    ))
}

async fn attempt(
    build: &mut Build<'_>,
    seized: &Seized,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<()> {
    build.follow(seized.highest(), progress).await?;
    let mut client = build.store.pools.engine.get().await?;
    outlast_snapshots(&client).await?;
    let tables = build.projection.tables;
    let is_vacuumed = client.query_one(IS_VACUUMED, &[&tables]).await?.get(0);
    let tx = client.transaction().await?;
    tx.batch_execute(if is_vacuumed {
        OUTLAST_VACUUM
    } else {
        LIMIT_WAIT
    })
    .await?;
    swap(&tx, build.projection, seized).await?;
    tx.commit().await?;
    Ok(())
}

async fn swap(tx: &Transaction<'_>, projection: &Projection, seized: &Seized) -> Result<()> {
    let name = projection.name();
    match tx.execute(SWAP, &[&projection.tables]).await {
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            return Err(Error::busy("tables-busy", "somebody reads for long"));
        }
        swapped => swapped?,
    };
    checkpoints::level(tx, seized).await?;
    for statement in PUT_ASIDE.iter().chain(&BRING_IN).chain(&TAKE_OUT) {
        tx.execute(*statement, &[&name]).await?;
    }
    tx.execute(CLEAR_FAILURE, &[&name]).await?;
    // The old tables are where the shards were; what some of them had passed is read again on the way back.
    tx.execute(MARK_TWIN, &[&name, &"old", &seized.lowest()])
        .await?;
    Ok(())
}

/// Waits until every transaction that is open now has ended.
async fn outlast_snapshots(client: &Object) -> Result<()> {
    let open: Vec<String> = client.query_one(LIST_OPEN, &[]).await?.get(0);
    let begun = Instant::now();
    while client
        .query_one(COUNT_STILL_OPEN, &[&open])
        .await?
        .get::<_, i64>(0)
        > 0
    {
        if begun.elapsed() > SNAPSHOT_PATIENCE {
            return Err(Error::busy(
                "transactions-open",
                "a transaction has been open for long",
            ));
        }
        tokio::time::sleep(SNAPSHOT_POLL).await;
    }
    Ok(())
}

/// Notes that the twins hold a finished rebuild that was not switched to.
pub(crate) async fn mark_ready(
    store: &Store,
    projection: &Projection,
    position: i64,
) -> Result<()> {
    let client = store.pools.engine.get().await?;
    client
        .execute(MARK_TWIN, &[&projection.name(), &"ready", &position])
        .await?;
    Ok(())
}
