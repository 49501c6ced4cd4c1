//! Positions that are missing from the log. One that lies before the safe end was skipped: its writer is certainly gone.
//! One behind it is open: it is still being written, or not yet judged. One that was given up after a wait is filled with
//! a tombstone.

use deadpool_postgres::{GenericClient, Pool, Transaction};
use serde::Serialize;
use time::OffsetDateTime;

use crate::Result;

/// How many stretches of missing positions one look tells of.
pub const MAX_HOLES: i64 = 1_000;
/// How many tombstones one look tells of, the newest first.
pub const MAX_TOMBSTONES: i64 = 100;

const FIND_ENDS: &str = "
    select (select coalesce(max(position), 0) from checkpoints) as safe, (select coalesce(max(position), 0) from events) as newest";
/// A position is drawn in the statement that writes its event, so the event behind a hole tells how old the hole is.
const LIST_HOLES: &str = "
    select g.before + 1 as first, g.position - 1 as last,
        extract(epoch from clock_timestamp() - e.recorded_at)::float8 as seconds
    from (
        select position, before from (
            select position, lag(position, 1, $1) over (order by position) as before
            from events where position > $1 and position <= $2) as steps
        where position > before + 1 order by position limit $3) as g
    join events e on e.position = g.position
    order by g.position";
const COUNT_DELETED: &str =
    "select coalesce(sum((d.rows->>'events')::bigint), 0)::bigint from tenant_deletions d";
const LIST_TOMBSTONES: &str = "
    select position, recorded_at, count(*) over () as total
    from events where tenant_id = '$log' and aggregate_type = '$log' order by position desc limit $1";
/// Sessions are shown whole only to the role that opened them.
const BECOME_LOGIN: &str = "set local role none";
/// Whoever has a transaction id holds a lock on it, which everybody may see; of the session, strangers see only that it is
/// there. The oldest id holds back the judgement of every hole.
const FIND_HOLDER: &str = "
    select l.pid, l.transactionid::text as transaction_id, a.datname::text as database, a.usename::text as login,
        a.application_name as application, a.state, extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds
    from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted and l.pid is distinct from pg_backend_pid()
    order by age(l.transactionid) desc limit 1";

/// A stretch of missing positions, both ends included.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hole {
    pub first: i64,
    pub last: i64,
    /// Since about when it has been there.
    pub seconds: f64,
}

/// A position that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tombstone {
    pub position: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub filled_at: OffsetDateTime,
}

/// What is missing between two positions.
#[derive(Clone, Debug, Serialize)]
pub struct Holes {
    /// Up to where the log has certainly been read.
    pub safe: i64,
    pub newest: i64,
    pub open: Vec<Hole>,
    pub skipped: Vec<Hole>,
    /// Events of tenants that were deleted, in the whole log: their positions are among those that are shown as skipped.
    pub deleted: i64,
    /// The newest tombstones, and how many there are.
    pub filled: Vec<Tombstone>,
    pub filled_total: i64,
    /// Whoever holds the oldest transaction id.
    pub holder: Option<Holder>,
}

/// The oldest transaction that may write; no hole behind its beginning is judged before it ends.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holder {
    /// None for a prepared transaction.
    pub pid: Option<i32>,
    pub transaction_id: String,
    pub database: Option<String>,
    pub login: Option<String>,
    pub application: Option<String>,
    pub state: Option<String>,
    /// None where another login's session hides it.
    pub seconds: Option<f64>,
}

/// (safe, newest): up to where the log was certainly read, and where it ends.
pub async fn ends(client: &impl GenericClient) -> Result<(i64, i64)> {
    let row = client.query_one(FIND_ENDS, &[]).await?;
    Ok((row.get("safe"), row.get("newest")))
}

/// The stretches that are missing after one position and up to another; at most `MAX_HOLES`.
pub async fn list(client: &impl GenericClient, after: i64, until: i64) -> Result<Vec<Hole>> {
    let statement = client.prepare_cached(LIST_HOLES).await?;
    let rows = client
        .query(&statement, &[&after, &until, &MAX_HOLES])
        .await?;
    Ok(rows
        .iter()
        .map(|row| Hole {
            first: row.get("first"),
            last: row.get("last"),
            seconds: row.get("seconds"),
        })
        .collect())
}

/// Whoever holds the oldest transaction id in the whole cluster; asked as the login role.
pub async fn find_holder(pool: &Pool) -> Result<Option<Holder>> {
    let mut client = pool.get().await?;
    let tx: Transaction<'_> = client.transaction().await?;
    tx.batch_execute(BECOME_LOGIN).await?;
    let row = tx.query_opt(FIND_HOLDER, &[]).await?;
    let holder = row.map(|row| Holder {
        pid: row.get("pid"),
        transaction_id: row.get("transaction_id"),
        database: row.get("database"),
        login: row.get("login"),
        application: row.get("application"),
        state: row.get("state"),
        seconds: row.get("seconds"),
    });
    tx.rollback().await?;
    Ok(holder)
}

/// Everything that is missing after a position.
pub async fn survey(pool: &Pool, after: i64) -> Result<Holes> {
    let client = pool.get().await?;
    let (safe, newest) = ends(&client).await?;
    // One after the other: of what lies before the safe end there may be much, where tenants were deleted.
    let open = list(&client, after.max(safe), newest).await?;
    let skipped = list(&client, after, safe).await?;
    let deleted = client.query_one(COUNT_DELETED, &[]).await?.try_get(0)?;
    let rows = client.query(LIST_TOMBSTONES, &[&MAX_TOMBSTONES]).await?;
    drop(client);
    Ok(Holes {
        safe,
        newest,
        open,
        skipped,
        deleted,
        filled_total: rows.first().map_or(0, |row| row.get("total")),
        filled: rows
            .iter()
            .map(|row| Tombstone {
                position: row.get("position"),
                filled_at: row.get("recorded_at"),
            })
            .collect(),
        holder: find_holder(pool).await?,
    })
}
