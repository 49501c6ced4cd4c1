//! How the outbox stands, from a few steps of its indexes: never a full count.

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use serde::Serialize;

use crate::Result;

/// Messages that failed are counted up to here.
const MAX_COUNTED: i64 = 10_000;

const COUNT_FAILED: &str = "
    select split_part(few.target, ':', 1) as target, few.state, count(*) as found,
        coalesce(extract(epoch from clock_timestamp() - min(few.died_at)), 0)::float8 as oldest_seconds
    from (
        select d.target, d.state, d.died_at from outbox_dead d
        where d.discarded_at is null and ($1::text is null or d.tenant_id = $1)
        order by d.died_at, d.message_id limit $2) few
    group by 1, few.state order by 1, few.state";

/// One step of the index for each destination; whatever is due there has its oldest first.
const FIND_OLDEST: &str = "
    with recursive queue as (
        (select w.tenant_id, w.target from outbox_work w order by w.tenant_id, w.target limit 1)
        union all
        select n.tenant_id, n.target from queue q cross join lateral (
            select w.tenant_id, w.target from outbox_work w
            where (w.tenant_id, w.target) > (q.tenant_id, q.target)
            order by w.tenant_id, w.target limit 1) n
    )
    select split_part(q.target, ':', 1) as target, max(greatest(extract(epoch from now() - head.run_at), 0))::float8 as oldest_seconds,
        count(*) filter (where head.run_at <= now()) as waiting,
        coalesce(sum(due.found), 0)::bigint as due
    from queue q
    left join lateral (
        select w.run_at from outbox_work w
        where w.tenant_id = q.tenant_id and w.target = q.target and w.lease_until < now() and w.run_at <= now()
        order by w.run_at limit 1) head on true
    left join lateral (
        select count(*) as found from (
            select from outbox_work w
            where w.tenant_id = q.tenant_id and w.target = q.target and w.lease_until < now() and w.run_at <= now()
            order by w.run_at limit $1) few) due on true
    group by 1 order by 1";

const COUNT_HELD: &str = "
    select split_part(d.target, ':', 1) as target, count(*) filter (where d.breaker_opens > 0) as open_breakers,
        count(*) filter (where greatest(d.paused_until, d.not_before) > now()) as held
    from destinations d group by 1 order by 1";

/// Due messages of one destination are counted up to here.
const MAX_DUE: i64 = 1_000;

/// Messages that wait for an operator.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    pub target: String,
    /// `dead` or `unknown`.
    pub state: String,
    /// Up to 10,000 over all.
    pub count: i64,
    pub oldest_seconds: f64,
}

/// What is due to one target, over all tenants.
#[derive(Clone, Debug, Serialize)]
pub struct Due {
    pub target: String,
    /// Since the oldest could have been sent; the signal to wake somebody by.
    pub oldest_seconds: f64,
    /// Destinations that have something due.
    pub destinations: i64,
    /// Up to 1,000 of each destination.
    pub count: i64,
}

/// Destinations of one target that are kept from being sent to.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    pub target: String,
    pub open_breakers: i64,
    /// Paused, or asked to wait by the provider.
    pub held: i64,
}

/// Dead and unknown messages by target, of one tenant if wanted.
pub async fn count_failed(pool: &Pool, tenant_id: Option<&TenantId>) -> Result<Vec<Failed>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(COUNT_FAILED).await?;
    let tenant_id = tenant_id.map(TenantId::as_str);
    let rows = client
        .query(&statement, &[&tenant_id, &MAX_COUNTED])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Failed {
                target: row.try_get("target")?,
                state: row.try_get("state")?,
                count: row.try_get("found")?,
                oldest_seconds: row.try_get("oldest_seconds")?,
            })
        })
        .collect()
}

/// What is due, by target.
pub async fn find_due(pool: &Pool) -> Result<Vec<Due>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(FIND_OLDEST).await?;
    let rows = client.query(&statement, &[&MAX_DUE]).await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                target: row.try_get("target")?,
                oldest_seconds: row
                    .try_get::<_, Option<f64>>("oldest_seconds")?
                    .unwrap_or(0.0),
                destinations: row.try_get("waiting")?,
                count: row.try_get("due")?,
            })
        })
        .collect()
}

/// Destinations that are kept from being sent to, by target.
pub async fn count_kept(pool: &Pool) -> Result<Vec<Kept>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(COUNT_HELD).await?;
    let rows = client.query(&statement, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Kept {
                target: row.try_get("target")?,
                open_breakers: row.try_get("open_breakers")?,
                held: row.try_get("held")?,
            })
        })
        .collect()
}
