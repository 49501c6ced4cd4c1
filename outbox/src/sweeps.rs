//! What a relay does beside delivering: it takes blocked messages out of the claims' way, drops those that a newer one
//! replaces, sends dead letters again where an operator asked for it, takes limits away whose time is over, and forgets what was finished long ago.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use event_store::store::Store;
use tokio::sync::watch;

use crate::Result;
use crate::deliver::Deliver;
use crate::destinations;
use crate::queues::Destination;
use crate::redrives;
use crate::work::Ordering;

/// How often queues are looked after.
const SWEEP: Duration = Duration::from_secs(1);
/// How often old history is looked for: every so many sweeps.
const PURGE_EVERY: u32 = 60;
/// Blocked messages that one sweep moves out of the way, of each destination.
const MAX_DEFERRED: i64 = 2_000;
/// How long a blocked message is out of the way at most; whoever frees its key brings it back at once.
const DEFER_SECONDS: f64 = 60.0;
/// Rows that one round forgets of each table.
const MAX_PURGED: i64 = 5_000;
/// How long the history of a message is kept after its end.
pub const KEPT_DAYS: i32 = 90;

/// Due messages whose key waits behind one that is tried again later, or behind a dead one, come after it and not before:
/// claims would step over them again and again. Only they are locked, so that claims find the others.
const DEFER: &str = "
    with blocked as materialized (
        select w.place,
            least(case when head.work_id < w.work_id then head.run_at end, now() + $4::float8 * interval '1 second') as run_at
        from unnest($1::text[], $2::text[], $3::text[]) as q (tenant_id, target, ordering)
        cross join lateral (
            select o.ctid as place, o.work_id, o.order_key from outbox_work o
            where o.tenant_id = q.tenant_id and o.target = q.target and o.run_at <= now() and o.order_key is not null
              and o.lease_until < now() and o.lease_owner is null
            order by o.run_at limit $5) w
        cross join lateral (
            select h.work_id, h.run_at from outbox_work h
            where h.tenant_id = q.tenant_id and h.target = q.target and h.order_key = w.order_key
            order by h.work_id limit 1) head
        where head.work_id < w.work_id and head.run_at > now() + interval '1 second'
           or q.ordering = 'fifo' and exists (
            select from outbox_dead d
            where d.tenant_id = q.tenant_id and d.target = q.target and d.order_key = w.order_key
              and d.discarded_at is null and d.work_id < w.work_id)
    ), locked as materialized (
        select w.work_id, b.run_at from blocked b
        cross join lateral (
            select o.work_id from outbox_work o
            where o.ctid = b.place and o.lease_until < now() and o.lease_owner is null
            for update skip locked) w
    )
    update outbox_work w set run_at = l.run_at from locked l where w.work_id = l.work_id";

const SUPERSEDE: &str = "
    with old as materialized (
        select w.place, w.work_id
        from unnest($1::text[], $2::text[]) as q (tenant_id, target)
        cross join lateral (
            select o.ctid as place, o.work_id from outbox_work o
            where o.tenant_id = q.tenant_id and o.target = q.target and o.order_key is not null and o.lease_owner is null
              and exists (
                select from outbox_work newer
                where newer.tenant_id = o.tenant_id and newer.target = o.target and newer.order_key = o.order_key
                  and newer.work_id > o.work_id)
            order by o.run_at limit $3
            for update skip locked) w
    ), gone as (
        delete from outbox_work where ctid = any (array(select old.place from old))
        returning tenant_id, message_id, lease_no, attempt
    )
    insert into outbox_attempts (tenant_id, message_id, lease_no, attempt, worker, outcome, detail, started_at)
    select tenant_id, message_id, lease_no, attempt, 'relay', 'superseded', 'a newer one of its key takes its place',
        clock_timestamp() from gone
    on conflict (tenant_id, message_id, lease_no, outcome) do nothing";

const PURGE_ATTEMPTS: &str = "
    delete from outbox_attempts where ctid = any (array(
        select a.ctid from outbox_attempts a
        where a.finished_at < now() - $1::integer * interval '1 day'
          and not exists (select from outbox_work w where w.tenant_id = a.tenant_id and w.message_id = a.message_id)
          and not exists (
            select from outbox_dead d
            where d.tenant_id = a.tenant_id and d.message_id = a.message_id and d.discarded_at is null)
        limit $2))";

const PURGE_DEAD: &str = "
    delete from outbox_dead where ctid = any (array(
        select d.ctid from outbox_dead d
        where d.discarded_at < now() - $1::integer * interval '1 day' limit $2))";

const PURGE_MESSAGES: &str = "
    delete from outbox_messages where ctid = any (array(
        select m.ctid from outbox_messages m
        where m.created_at < now() - $1::integer * interval '1 day'
          and not exists (select from outbox_work w where w.tenant_id = m.tenant_id and w.message_id = m.message_id)
          and not exists (select from outbox_dead d where d.tenant_id = m.tenant_id and d.message_id = m.message_id)
          and not exists (select from outbox_attempts a where a.tenant_id = m.tenant_id and a.message_id = m.message_id)
        limit $2))";

const PURGE_REDRIVES: &str = "
    delete from outbox_redrives where finished_at < now() - $1::integer * interval '1 day'";

pub(crate) struct Sweeps<D> {
    pub store: Store,
    pub deliver: Arc<D>,
}

impl<D: Deliver> Sweeps<D> {
    /// Looks after the queues that the relay tells of, for as long as it is polled.
    pub async fn run(self, seen: watch::Receiver<Vec<Destination>>) {
        let mut ticks = tokio::time::interval(SWEEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for number in 0_u32.. {
            ticks.tick().await;
            let destinations = seen.borrow().clone();
            if let Err(error) = self.sweep(&destinations).await {
                tracing::warn!(%error, "queues could not be looked after");
            }
            if let Err(error) = redrives::step(&self.store.pools.engine).await {
                tracing::warn!(%error, "dead letters could not be sent again");
            }
            if let Err(error) = destinations::end_limits(&self.store.pools.engine).await {
                tracing::warn!(%error, "limits that are over could not be taken away");
            }
            if number % PURGE_EVERY == PURGE_EVERY - 1
                && let Err(error) = purge(&self.store.pools.engine, KEPT_DAYS).await
            {
                tracing::warn!(%error, "old messages could not be forgotten");
            }
        }
    }

    async fn sweep(&self, destinations: &[Destination]) -> Result<()> {
        if destinations.is_empty() {
            return Ok(());
        }
        let (mut tenants, mut targets, mut orderings) = (Vec::new(), Vec::new(), Vec::new());
        let (mut latest_tenants, mut latest_targets) = (Vec::new(), Vec::new());
        for destination in destinations {
            let (tenant_id, target) = &**destination;
            let ordering = self.deliver.ordering(target);
            tenants.push(tenant_id);
            targets.push(target);
            orderings.push(ordering.as_str());
            if ordering == Ordering::Latest {
                latest_tenants.push(tenant_id);
                latest_targets.push(target);
            }
        }
        let client = self.store.pools.relay.get().await?;
        if !latest_tenants.is_empty() {
            let statement = client.prepare_cached(SUPERSEDE).await?;
            client
                .execute(
                    &statement,
                    &[&latest_tenants, &latest_targets, &MAX_DEFERRED],
                )
                .await?;
        }
        let statement = client.prepare_cached(DEFER).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] = [
            &tenants,
            &targets,
            &orderings,
            &DEFER_SECONDS,
            &MAX_DEFERRED,
        ];
        client.execute(&statement, &parameters).await?;
        Ok(())
    }
}

/// Forgets, within limits, what was finished more than `kept_days` ago; answers how many rows. What waits, is dead or is
/// unknown is kept with all its history.
pub async fn purge(pool: &Pool, kept_days: i32) -> Result<u64> {
    let client = pool.get().await?;
    let mut forgotten = 0;
    for sql in [PURGE_ATTEMPTS, PURGE_DEAD, PURGE_MESSAGES] {
        let statement = client.prepare_cached(sql).await?;
        forgotten += client
            .execute(&statement, &[&kept_days, &MAX_PURGED])
            .await?;
    }
    forgotten += client.execute(PURGE_REDRIVES, &[&kept_days]).await?;
    Ok(forgotten)
}
