//! Which types and versions of events lie in the log. They are noted behind the writers, in bounded steps from where the
//! last look ended, so that a start costs the same however long the log is.

use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use serde::Serialize;
use tokio::sync::watch;

use crate::Result;
use crate::upcast::Upcasters;

/// How many positions one statement looks through.
const STEP_POSITIONS: i64 = 100_000;
/// How long a start may spend on a log that has not been looked through yet; the rest follows while it serves.
const START_PATIENCE: Duration = Duration::from_secs(10);
/// How often the running program notes what is new.
const NOTE_EVERY: Duration = Duration::from_secs(30);
/// The aggregate type of tombstones, which nobody decodes.
const LOG: &str = "$log";

/// Any checkpoint was once a safe position, and what was safe stays safe.
const FIND_SAFE: &str = "
    select n.position as noted, (select coalesce(max(position), 0) from checkpoints) as safe
    from event_versions_noted n";
const NOTE: &str = "
    with fresh as (
        select aggregate_type, event_type, event_version, min(position) as position from events
        where position > $1 and position <= $2 and aggregate_type <> $3
        group by aggregate_type, event_type, event_version),
    noted as (
        insert into event_versions (aggregate_type, event_type, event_version, position)
        select aggregate_type, event_type, event_version, position from fresh
        on conflict do nothing)
    update event_versions_noted set position = greatest(position, $2)";
/// What is noted, and what lies behind that.
const LIST: &str = "
    select aggregate_type, event_type, event_version, min(position) as position
    from (
        select aggregate_type, event_type, event_version, position from event_versions
        union all
        select * from (
            select aggregate_type, event_type, event_version, position from events
            where position > (select position from event_versions_noted) and aggregate_type <> $1
            order by position limit $2) as fresh) as found
    group by aggregate_type, event_type, event_version
    order by position";

/// Events of this type and version cannot be read by this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    pub aggregate_type: String,
    pub event_type: String,
    pub event_version: String,
    /// Where the first of them lies.
    pub position: i64,
    pub why: String,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} version {} (first at position {}): {}",
            self.aggregate_type, self.event_type, self.event_version, self.position, self.why
        )
    }
}

/// Looks the log through as far as it is safe to read and time allows, then answers what this program cannot read.
/// Within one call no more than `STEP_POSITIONS` events behind the safe position are looked at.
pub async fn check_at_start(pool: &Pool) -> Result<Vec<Unreadable>> {
    let row = pool.get().await?.query_one(FIND_SAFE, &[]).await?;
    let (noted, safe) = (row.get("noted"), row.get("safe"));
    let reached = note(pool, noted, safe, START_PATIENCE).await?;
    if reached < safe {
        tracing::warn!(
            reached,
            safe,
            "the log is long and was never looked through; its versions are noted while it is served"
        );
    }
    list_unreadable(pool).await
}

/// What lies in the log, as far as it was looked through, and cannot be read by this program.
pub async fn list_unreadable(pool: &Pool) -> Result<Vec<Unreadable>> {
    let upcasters = Upcasters::domain();
    let rows = pool
        .get()
        .await?
        .query(LIST, &[&LOG, &STEP_POSITIONS])
        .await?;
    let judge = |row: &tokio_postgres::Row| {
        let (aggregate_type, event_type, event_version): (String, String, String) = (
            row.get("aggregate_type"),
            row.get("event_type"),
            row.get("event_version"),
        );
        let why = upcasters.why_unreadable(&aggregate_type, &event_type, &event_version)?;
        Some(Unreadable {
            aggregate_type,
            event_type,
            event_version,
            position: row.get("position"),
            why: why.into_owned(),
        })
    };
    Ok(rows.iter().filter_map(judge).collect())
}

/// Notes what is new for as long as it is polled, and says so once when a newer program has written what this one cannot
/// read.
pub async fn follow(pool: &Pool, safe: watch::Receiver<i64>) {
    let mut known = Vec::new();
    loop {
        let until = *safe.borrow();
        let step = async {
            let row = pool.get().await?.query_one(FIND_SAFE, &[]).await?;
            note(pool, row.get("noted"), until, NOTE_EVERY).await?;
            list_unreadable(pool).await
        };
        match step.await {
            Ok(found) => {
                for unreadable in found.iter().filter(|one| !known.contains(*one)) {
                    tracing::error!(%unreadable, "the log holds events that this binary cannot read: start the newer one");
                }
                known = found;
            }
            Err(error) => tracing::warn!(%error, "the versions of events could not be noted"),
        }
        tokio::time::sleep(NOTE_EVERY).await;
    }
}

/// Answers how far it came.
async fn note(pool: &Pool, noted: i64, until: i64, patience: Duration) -> Result<i64> {
    let started = Instant::now();
    let client = pool.get().await?;
    let mut reached = noted;
    while reached < until && started.elapsed() < patience {
        let next = (reached + STEP_POSITIONS).min(until);
        client.execute(NOTE, &[&reached, &next, &LOG]).await?;
        reached = next;
    }
    Ok(reached)
}
