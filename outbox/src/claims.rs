//! The claim: hands out due messages of several destinations at once, under every gate that a destination has. At most
//! one message of a key is under way, the oldest first. It reads a few times what it is asked for, however much waits.

use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use event_store::recorded::Payload;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::Result;
use crate::leases::Leases;
use crate::queues::{Asked, Destination};
use crate::work::{Job, Settings};

/// The share of a rate that is used, so that a call that was quick on its way is not one too many at the other end.
const RATE_USED: f64 = 0.98;
/// Messages leased by one statement.
pub const MAX_CLAIMED: usize = 256;

/// Of a suspended tenant nothing is taken. Destinations under a limit, or with a breaker that is not closed, are locked while they are counted; whoever meets
/// another's lock, or finds that the count has moved on since its own snapshot, takes nothing there this time. Places on
/// a destination's time line are taken for a second ahead at most. Among tenants, and within a tenant among
/// destinations, everybody's first message comes before anybody's second. A dead letter holds its key where the order
/// says so. Rows are found by their places, so no plan rests on how full the tables were when it was made, and nothing
/// that is chosen is joined again: what a destination is given is its first so many, which can be counted anew.
///
/// Of each queue only the front is looked at, as far as `look` says: where a few keys have much before them, those at the
/// front wait for one another. A destination whose front was all looked at, and that was given less than it may have, is
/// named in a row of its own, without a message; what can be sent there is then found by its keys (`crate::heads`) and
/// comes in as `heads`, which are taken before the front is looked at.
const CLAIM: &str = "
    with asked as materialized (
        select a.tenant_id, a.target, a.quota, a.look, a.floor, a.ordering
        from unnest($1::text[], $2::text[], $3::bigint[], $10::bigint[], $4::timestamptz[], $5::text[])
            as a (tenant_id, target, quota, look, floor, ordering)
    ), heads as materialized (
        select * from unnest($11::text[], $12::text[], $13::bigint[]) as h (tenant_id, target, work_id)
    ), gated as materialized (
        select a.tenant_id, a.target, a.look, a.floor, a.ordering, d.tenant_id is not null as is_governed,
            s.window_failures > 0 or s.breaker_opens > 0 as is_troubled, d.breaker_opens > 0 as is_probe,
            d.max_in_flight is not null as is_counted,
            case when d.rate_per_second is not null then 1 / (d.rate_per_second * $9::float8) end as pace_seconds,
            greatest(d.next_slot_at, now() - (d.burst - 1) / d.rate_per_second * interval '1 second') as first_slot_at,
            least(a.quota,
                case when d.breaker_opens > 0 then 1 end,
                case when d.max_in_flight is not null then d.max_in_flight - (
                    select count(*) from outbox_work w
                    where w.tenant_id = a.tenant_id and w.target = a.target and w.is_counted and w.lease_until > now())
                end,
                case when d.rate_per_second is not null then 1 + floor(d.rate_per_second * $9::float8 * extract(epoch from
                    now() + interval '1 second'
                    - greatest(d.next_slot_at, now() - (d.burst - 1) / d.rate_per_second * interval '1 second')))
                end)::bigint as allowance
        from asked a
        left join destinations s on s.tenant_id = a.tenant_id and s.target = a.target
        left join lateral (
            select d.* from destinations d
            where d.tenant_id = a.tenant_id and d.target = a.target
              and (s.rate_per_second is not null or s.max_in_flight is not null or s.breaker_opens > 0)
            for update skip locked) d on true
        where not exists (
            select from claims c
            where c.tenant_id = a.tenant_id and c.scope = 'tenant-suspended' and c.value = 'tenant-suspended')
          and (s.tenant_id is null or greatest(s.not_before, s.paused_until, s.breaker_until, s.probe_until) <= now())
          and (coalesce(s.rate_per_second is null and s.max_in_flight is null and s.breaker_opens = 0, true)
            or d.claim_no = s.claim_no)
    ), due as materialized (
        select g.tenant_id, g.target, w.*, row_number() over (partition by g.tenant_id, g.target order by w.run_at, w.work_id) as nth
        from gated g
        cross join lateral (
            select w.place, w.work_id, w.run_at
            from (
                select w.ctid as place, w.work_id, w.order_key
                from heads h
                cross join lateral (select o.ctid, o.* from outbox_work o where o.work_id = h.work_id) w
                where h.tenant_id = g.tenant_id and h.target = g.target
                  and w.tenant_id = g.tenant_id and w.target = g.target
                union all
                (select w.ctid as place, w.work_id, w.order_key
                from outbox_work w
                where w.tenant_id = g.tenant_id and w.target = g.target and w.run_at >= g.floor and w.run_at <= now()
                  and w.lease_until < now()
                  and not exists (select from heads h where h.work_id = w.work_id)
                order by w.run_at, w.work_id limit case when g.allowance > 0 then g.look else 0 end)
            ) s
            cross join lateral (
                select w.ctid as place, w.work_id, w.run_at from outbox_work w
                where w.ctid = s.place and w.run_at <= now() and w.lease_until < now()
                for update skip locked) w
            where s.order_key is null
               or not exists (
                    select from outbox_work older
                    where older.tenant_id = g.tenant_id and older.target = g.target and older.order_key = s.order_key
                      and older.work_id < s.work_id)
                and (g.ordering <> 'fifo' or not exists (
                    select from outbox_dead dead
                    where dead.tenant_id = g.tenant_id and dead.target = g.target and dead.order_key = s.order_key
                      and dead.discarded_at is null and dead.work_id < s.work_id))
            limit greatest(g.allowance, 0)) w
    ), crowded as materialized (
        select g.tenant_id, g.target from gated g
        where g.allowance > (select count(*) from due d where d.tenant_id = g.tenant_id and d.target = g.target)
          and exists (
            select from outbox_work w
            where w.tenant_id = g.tenant_id and w.target = g.target and w.run_at >= g.floor and w.run_at <= now()
              and w.lease_until < now()
            order by w.run_at, w.work_id offset g.look limit 1)
    ), chosen as materialized (
        select * from (
            select d.*, row_number() over (partition by d.tenant_id order by d.nth, d.run_at) as turn from due d) d
        order by d.turn, d.run_at limit $6
    ), reserved as (
        update destinations d
        set claim_no = d.claim_no + 1,
            next_slot_at = case when g.pace_seconds is null then d.next_slot_at
                else g.first_slot_at + t.taken * g.pace_seconds * interval '1 second' end,
            probe_until = case when g.is_probe then now() + $7::float8 * interval '1 second' else d.probe_until end
        from (select c.tenant_id, c.target, count(*) as taken from chosen c group by c.tenant_id, c.target) t
        join gated g on g.tenant_id = t.tenant_id and g.target = t.target and g.is_governed
        where d.tenant_id = t.tenant_id and d.target = t.target
    ), leased as (
        update outbox_work w
        set lease_until = now() + $7::float8 * interval '1 second', lease_no = w.lease_no + 1, attempt = w.attempt + 1,
            lease_owner = $8::text::uuid, first_sent_at = coalesce(w.first_sent_at, now()),
            is_uncertain = w.is_uncertain or w.lease_owner is not null,
            is_counted = exists (
                select from gated g where g.tenant_id = w.tenant_id and g.target = w.target and g.is_counted)
        where w.ctid = any (array(select c.place from chosen c))
        returning w.work_id, w.lease_no, w.attempt, w.tenant_id, w.target, w.message_id, w.order_key, w.run_at,
            w.first_sent_at, w.expires_at, w.is_uncertain, w.intent_no
    ), placed as (
        select l.*, row_number() over (partition by l.tenant_id, l.target order by l.run_at, l.work_id) as nth from leased l
    )
    select l.nth, l.work_id, l.lease_no, l.attempt, l.tenant_id, l.message_id, m.name, l.target, m.call, m.correlation_id,
        m.causation_id, now() as leased_at, l.first_sent_at, l.expires_at, l.is_uncertain,
        l.intent_no > 0 as was_intended, extract(epoch from now() - l.run_at)::float8 as late_seconds, coalesce(g.is_troubled, false) as is_troubled,
        g.ordering = 'latest' and l.order_key is not null and exists (
            select from outbox_work newer
            where newer.tenant_id = l.tenant_id and newer.target = l.target and newer.order_key = l.order_key
              and newer.work_id > l.work_id) as is_superseded,
        case when g.pace_seconds is null then 0
            else greatest(extract(epoch from g.first_slot_at - now()) + (l.nth - 1) * g.pace_seconds, 0)
        end::float8 as wait_seconds
    from placed l
    join gated g on g.tenant_id = l.tenant_id and g.target = l.target
    join outbox_messages m on m.tenant_id = l.tenant_id and m.message_id = l.message_id
    union all
    select null, null, null, null, c.tenant_id, null, null, c.target, null, null, null, null, null, null, null, null, null, null,
        null, null
    from crowded c
    order by nth, work_id";

/// What one claim brought.
#[derive(Debug)]
pub struct Claimed {
    pub jobs: Vec<Job>,
    /// Where the front of the queue was looked at in vain, or nearly so.
    pub crowded: Vec<Destination>,
    /// Before the statement was sent; leases are counted from here.
    pub asked_at: Instant,
}

/// Leases up to `limit` due messages of these destinations; none while a lease of our own has ended and what came of it
/// is not written back, for that message would be the first.
pub async fn claim(
    pool: &Pool,
    (worker, settings, leases): (&str, &Settings, &Leases),
    asked: &Asked,
    limit: usize,
) -> Result<Claimed> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(CLAIM).await?;
    let limit = i64::try_from(limit.min(MAX_CLAIMED)).unwrap_or(1);
    let lease_seconds = settings.lease.as_secs_f64();
    let asked_at = Instant::now();
    if leases.are_overdue() {
        return Ok(Claimed {
            jobs: Vec::new(),
            crowded: Vec::new(),
            asked_at,
        });
    }
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 13] = [
        &asked.tenants,
        &asked.targets,
        &asked.quotas,
        &asked.floors,
        &asked.orderings,
        &limit,
        &lease_seconds,
        &worker,
        &RATE_USED,
        &asked.looks,
        &asked.heads.tenants,
        &asked.heads.targets,
        &asked.heads.work_ids,
    ];
    let rows = client.query(&statement, &parameters).await?;
    let mut claimed = Claimed {
        jobs: Vec::with_capacity(rows.len()),
        crowded: Vec::new(),
        asked_at,
    };
    for row in &rows {
        match row.try_get::<_, Option<i64>>("work_id")? {
            Some(_) => claimed.jobs.push(job(row)?),
            None => claimed
                .crowded
                .push((row.try_get("tenant_id")?, row.try_get("target")?)),
        }
    }
    Ok(claimed)
}

fn job(row: &Row) -> Result<Job> {
    let late_seconds: f64 = row.try_get("late_seconds")?;
    let wait_seconds: f64 = row.try_get("wait_seconds")?;
    let first_sent_at: OffsetDateTime = row.try_get("first_sent_at")?;
    Ok(Job {
        work_id: row.try_get("work_id")?,
        lease_no: row.try_get("lease_no")?,
        attempt: row.try_get("attempt")?,
        tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
        message_id: row.try_get("message_id")?,
        name: row.try_get("name")?,
        target: row.try_get("target")?,
        call: row.try_get::<_, Payload>("call")?.0,
        correlation_id: row.try_get("correlation_id")?,
        causation_id: row.try_get("causation_id")?,
        leased_at: row.try_get("leased_at")?,
        first_sent_at,
        expires_at: row.try_get("expires_at")?,
        is_uncertain: row.try_get("is_uncertain")?,
        was_intended: row.try_get("was_intended")?,
        is_superseded: row.try_get("is_superseded")?,
        is_troubled: row.try_get("is_troubled")?,
        late: Duration::try_from_secs_f64(late_seconds).unwrap_or_default(),
        wait: Duration::try_from_secs_f64(wait_seconds).unwrap_or_default(),
    })
}
