//! Where each subscriber stands. Whoever runs a subscriber holds its lease; every move of the checkpoint must match the
//! lease's fencing token and the position moved from, so that of two runners at most one gets through.

use std::time::Duration;

use deadpool_postgres::{Pool, Transaction};

use crate::{Result, error::Error};

/// How long a lease lasts without renewal.
pub const LEASE: Duration = Duration::from_secs(10);

const ENSURE: &str = "insert into checkpoints (subscriber) values ($1) on conflict do nothing";
/// A lease ends by itself, or with its owner: a process that holds a lock for as long as it lives, and says so by its name,
/// is dead when the lock can be had (see `presence`); it is let go of with this statement.
const ACQUIRE: &str = "
    update checkpoints set lease_owner = $2, lease_until = clock_timestamp() + $3::float8 * interval '1 second',
        fencing_token = fencing_token + 1
    where subscriber = $1 and paused_at is null
      and (lease_until < clock_timestamp()
        or lease_owner like 'process:%' and pg_try_advisory_xact_lock(hashtextextended(lease_owner, 0)))
    returning fencing_token, position";
/// All shards at once.
const SEIZE: &str = "
    update checkpoints set lease_owner = $2, lease_until = clock_timestamp() + $3::float8 * interval '1 second',
        fencing_token = fencing_token + 1
    where projection = $1
    returning subscriber, fencing_token, position";
const RENEW: &str = "
    update checkpoints set lease_until = clock_timestamp() + $3::float8 * interval '1 second'
    where subscriber = $1 and fencing_token = $2";
const RELEASE: &str =
    "update checkpoints set lease_until = '-infinity' where subscriber = $1 and fencing_token = $2";
/// The commit does not wait for the disk: what follows from the log, and the checkpoint with it, is made again if a crash of
/// the server takes it, and whoever builds on it by a commit that waits makes it lasting as well. Each batch of each
/// subscriber that waited would make the writers' commits wait behind it.
const MOVE: &str = "
    update checkpoints set position = $4, failure = null, moved_at = clock_timestamp(),
        lease_until = clock_timestamp() + $5::float8 * interval '1 second'
    from (select set_config('synchronous_commit', 'off', true)) as relaxed
    where subscriber = $1 and fencing_token = $2 and position = $3";
/// Locks the row as well: whoever has got through here is not fenced off before the end of the transaction.
const KEEP: &str = "
    update checkpoints set lease_until = clock_timestamp() + $4::float8 * interval '1 second'
    where subscriber = $1 and fencing_token = $2 and position = $3";
const FAIL: &str =
    "update checkpoints set failure = $3 where subscriber = $1 and fencing_token = $2";
/// A subscriber that has never run has no row, and has passed nothing.
const FIND_POSITION: &str = "
    select case when count(distinct projection) = cardinality($1::text[]) then min(position) else 0 end
    from checkpoints where projection = any ($1)";
const LIST: &str = "
    select subscriber, projection, position, lease_owner, lease_until > clock_timestamp() as leased, failure,
        extract(epoch from clock_timestamp() - moved_at)::float8 as still_seconds,
        (select coalesce(max(position), 0) from events) as newest
    from checkpoints order by subscriber";

/// The right to run one subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub fencing_token: i64,
    pub position: i64,
}

/// A move of a subscriber's checkpoint, from where its lease says.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    pub subscriber: &'a str,
    pub lease: Lease,
    pub until: i64,
}

/// The right to run all shards of a projection, or the one that it is.
#[derive(Clone, Debug)]
pub struct Seized {
    shards: Vec<(String, Lease)>,
}

impl Seized {
    /// Of the shard that is furthest.
    pub fn highest(&self) -> i64 {
        self.positions().max().unwrap_or(0)
    }

    /// What all shards have passed.
    pub fn lowest(&self) -> i64 {
        self.positions().min().unwrap_or(0)
    }

    fn positions(&self) -> impl Iterator<Item = i64> {
        self.shards.iter().map(|(_, lease)| lease.position)
    }
}

/// One checkpoint's standing, for operators.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Standing {
    /// The projection, or a shard of it as `customers/1of4`.
    pub subscriber: String,
    pub projection: String,
    pub position: i64,
    pub newest: i64,
    pub lease_owner: Option<String>,
    pub leased: bool,
    pub failure: Option<String>,
    pub still_seconds: f64,
}

/// What a lost lease is called; see `is_lost`.
pub(crate) const LOST: &str = "lease-lost";

/// Takes the lease if nobody holds it and the subscriber is not paused.
pub async fn acquire(pool: &Pool, subscriber: &str, owner: &str) -> Result<Option<Lease>> {
    let client = pool.get().await?;
    client.execute(ENSURE, &[&subscriber]).await?;
    let row = client
        .query_opt(ACQUIRE, &[&subscriber, &owner, &LEASE.as_secs_f64()])
        .await?;
    Ok(row.map(|row| Lease {
        fencing_token: row.get("fencing_token"),
        position: row.get("position"),
    }))
}

/// Takes the leases of a projection's shards away from whoever holds them: what they have not committed by now is refused.
pub async fn seize(pool: &Pool, projection: &str, owner: &str) -> Result<Seized> {
    let client = pool.get().await?;
    client.execute(ENSURE, &[&projection]).await?;
    let rows = client
        .query(SEIZE, &[&projection, &owner, &LEASE.as_secs_f64()])
        .await?;
    if rows.is_empty() {
        return Err(lost(projection));
    }
    let lease = |row: &tokio_postgres::Row| Lease {
        fencing_token: row.get("fencing_token"),
        position: row.get("position"),
    };
    let mut shards: Vec<(String, Lease)> = rows
        .iter()
        .map(|row| (row.get("subscriber"), lease(row)))
        .collect();
    shards.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Seized { shards })
}

/// Keeps the lease until the end of a transaction that does not move the checkpoint; an error means that it was lost and
/// the transaction must not commit.
pub async fn keep(tx: &Transaction<'_>, subscriber: &str, lease: Lease) -> Result<()> {
    let kept = tx
        .execute(
            KEEP,
            &[
                &subscriber,
                &lease.fencing_token,
                &lease.position,
                &LEASE.as_secs_f64(),
            ],
        )
        .await?;
    match kept {
        1 => Ok(()),
        _ => Err(lost(subscriber)),
    }
}

/// As `keep`, of all shards.
pub async fn keep_seized(tx: &Transaction<'_>, seized: &Seized) -> Result<()> {
    for (subscriber, lease) in &seized.shards {
        keep(tx, subscriber, *lease).await?;
    }
    Ok(())
}

/// Moves all shards to where the furthest stands, within the transaction that makes up for what the others lack; an error
/// means that a lease was lost.
pub async fn level(tx: &Transaction<'_>, seized: &Seized) -> Result<()> {
    let highest = seized.highest();
    for (subscriber, lease) in &seized.shards {
        match lease.position < highest {
            true => advance(tx, subscriber, *lease, highest).await?,
            false => keep(tx, subscriber, *lease).await?,
        }
    }
    Ok(())
}

/// Whether the error says that another process holds the lease.
pub fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Busy { code, .. } if *code == LOST)
}

fn lost(subscriber: &str) -> Error {
    Error::busy(LOST, format!("another process runs {subscriber} now"))
}

/// Keeps the lease; answers whether it was still ours.
pub async fn renew(pool: &Pool, subscriber: &str, lease: Lease) -> Result<bool> {
    let renewed = pool
        .get()
        .await?
        .execute(
            RENEW,
            &[&subscriber, &lease.fencing_token, &LEASE.as_secs_f64()],
        )
        .await?;
    Ok(renewed == 1)
}

/// Gives the lease back, so that the next runner need not wait for its end.
pub async fn release(pool: &Pool, subscriber: &str, lease: Lease) -> Result<()> {
    pool.get()
        .await?
        .execute(RELEASE, &[&subscriber, &lease.fencing_token])
        .await?;
    Ok(())
}

/// Gives all shards' leases back.
pub async fn release_seized(pool: &Pool, seized: &Seized) -> Result<()> {
    let client = pool.get().await?;
    for (subscriber, lease) in &seized.shards {
        client
            .execute(RELEASE, &[subscriber, &lease.fencing_token])
            .await?;
    }
    Ok(())
}

/// Moves the checkpoint within the transaction of the subscriber's own writes; an error means that the lease was lost
/// and the transaction must not commit.
pub async fn advance(
    tx: &Transaction<'_>,
    subscriber: &str,
    lease: Lease,
    position: i64,
) -> Result<()> {
    let statement = tx.prepare_cached(MOVE).await?;
    let moved = tx
        .execute(
            &statement,
            &[
                &subscriber,
                &lease.fencing_token,
                &lease.position,
                &position,
                &LEASE.as_secs_f64(),
            ],
        )
        .await?;
    match moved {
        1 => Ok(()),
        _ => Err(lost(subscriber)),
    }
}

/// Notes why the subscriber cannot go on; the next successful move clears it.
pub async fn fail(pool: &Pool, subscriber: &str, lease: Lease, failure: &str) -> Result<()> {
    pool.get()
        .await?
        .execute(FAIL, &[&subscriber, &lease.fencing_token, &failure])
        .await?;
    Ok(())
}

/// The position that all of these projections have passed, with all of their shards.
pub async fn position(
    client: &impl deadpool_postgres::GenericClient,
    projections: &[&str],
) -> Result<i64> {
    let statement = client.prepare_cached(FIND_POSITION).await?;
    Ok(client.query_one(&statement, &[&projections]).await?.get(0))
}

/// Where every subscriber stands.
pub async fn list(pool: &Pool) -> Result<Vec<Standing>> {
    let rows = pool.get().await?.query(LIST, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| Standing {
            subscriber: row.get("subscriber"),
            projection: row.get("projection"),
            position: row.get("position"),
            newest: row.get("newest"),
            lease_owner: row.get("lease_owner"),
            leased: row.get("leased"),
            failure: row.get("failure"),
            still_seconds: row.get("still_seconds"),
        })
        .collect())
}
