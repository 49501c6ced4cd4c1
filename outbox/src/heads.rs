//! The heads of keys: what can be sent from a queue whose front waits for itself. One step of the index for each key,
//! however much waits behind it, and so many keys at a time; the next look goes on where this one ended. What keeps no
//! order comes along, the oldest first.

use std::sync::Arc;

use deadpool_postgres::Pool;

use crate::Result;
use crate::queues::Destination;

/// Keys that one look visits in one queue.
const MAX_VISITED: i64 = 1_024;
/// Messages without a key that one look finds in one queue.
const MAX_FREE: i64 = 64;

const FIND: &str = "
    select q.tenant_id, q.target, free.work_ids || seen.work_ids as work_ids, case when seen.visited < $4 then '' else seen.newest end as cursor
    from unnest($1::text[], $2::text[], $3::text[]) as q (tenant_id, target, cursor)
    cross join lateral (
        with recursive head as (
            (select w.order_key, w.work_id, w.run_at, w.lease_until from outbox_work w
            where w.tenant_id = q.tenant_id and w.target = q.target and w.order_key > q.cursor
            order by w.order_key, w.work_id limit 1)
            union all
            select n.* from head h cross join lateral (
                select w.order_key, w.work_id, w.run_at, w.lease_until from outbox_work w
                where w.tenant_id = q.tenant_id and w.target = q.target and w.order_key > h.order_key
                order by w.order_key, w.work_id limit 1) n
        )
        select count(*) as visited, max(h.order_key) as newest,
            coalesce(array_agg(h.work_id) filter (where h.run_at <= now() and h.lease_until < now()), '{}') as work_ids
        from (select * from head limit $4) h
    ) seen
    cross join lateral (
        select coalesce(array_agg(f.work_id), '{}') as work_ids
        from (
            select w.work_id from outbox_work w
            where w.tenant_id = q.tenant_id and w.target = q.target and w.order_key is null and w.run_at <= now()
              and w.lease_until < now()
            order by w.run_at, w.work_id limit $5) f
    ) free";

/// What one look into a queue found.
#[derive(Debug)]
pub struct Found {
    pub destination: Destination,
    /// Due, not leased, and the oldest of their keys, if they have one; some may be another's by the time they are claimed.
    pub work_ids: Vec<i64>,
    /// The key to go on behind; empty when the last one was reached.
    pub cursor: String,
}

/// Looks into queues, into each behind its cursor.
pub async fn find(pool: &Pool, queues: &[(Destination, String)]) -> Result<Vec<Found>> {
    let column = |pick: fn(&(Destination, String)) -> &str| queues.iter().map(pick).collect();
    let tenants: Vec<&str> = column(|(destination, _)| &destination.0);
    let targets: Vec<&str> = column(|(destination, _)| &destination.1);
    let cursors: Vec<&str> = column(|(_, cursor)| cursor);
    let client = pool.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let rows = client
        .query(
            &statement,
            &[&tenants, &targets, &cursors, &MAX_VISITED, &MAX_FREE],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Found {
                destination: Arc::new((row.try_get("tenant_id")?, row.try_get("target")?)),
                work_ids: row.try_get("work_ids")?,
                cursor: row.try_get("cursor")?,
            })
        })
        .collect()
}
