//! The claim: hands out due messages of several destinations at once, under every gate that a destination has. At most
//! one message of a key is under way, the oldest first. It reads a few times what it is asked for, however much waits.

use std::collections::HashMap;
use std::sync::Arc;
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
pub const MAX_CLAIMED: usize = 2_048;

/// Of a suspended tenant nothing is taken. Destinations under a limit, or with a breaker that is not closed, are locked while they are counted; whoever meets
/// another's lock, or finds that the count has moved on since its own snapshot, takes nothing there this time. Places on
/// a destination's time line are taken for a second ahead at most. Among tenants, and within a tenant among
/// destinations, everybody's first message comes before anybody's second. A dead letter holds its key where the order
/// says so. Rows are found by their places, so no plan rests on how full the tables were when it was made, and nothing
/// that is leased is joined with where it goes: whoever reads the answer knows that by itself.
///
/// Of each queue only the front is looked at, as far as `look` says: where a few keys have much before them, those at the
/// front wait for one another. A destination whose front was all looked at, and that has less than it may be given, is
/// crowded; what can be sent there is then found by its keys (`crate::heads`) and comes in as `heads`, which are taken
/// before the front is looked at. What another claims in the same moment is left to it.
///
/// Behind the messages come the destinations that anything is to be said of, in rows without a message.
const CLAIM: &str = "
    with asked as materialized (
        select a.*, dense_rank() over (order by a.tenant_id) as tenant_no
        from unnest($1::text[], $2::text[], $3::bigint[], $10::bigint[], $4::timestamptz[], $5::text[]) with ordinality
            as a (tenant_id, target, quota, look, floor, ordering, no)
    ), heads as materialized (
        select * from unnest($11::text[], $12::text[], $13::bigint[]) as h (tenant_id, target, work_id)
    ), gated as materialized (
        select a.no, a.tenant_no, a.tenant_id, a.target, a.look, a.floor, a.ordering, d.tenant_id is not null as is_governed,
            coalesce(s.window_failures > 0 or s.breaker_opens > 0, false) as is_troubled, d.breaker_opens > 0 as is_probe,
            d.max_in_flight is not null as is_counted,
            a.ordering = 'fifo' and exists (
                select from outbox_dead dead
                where dead.tenant_id = a.tenant_id and dead.target = a.target and dead.order_key is not null
                  and dead.discarded_at is null) as is_held_by_dead,
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
        select g.no, g.tenant_no, w.* from gated g
        cross join lateral (
            select s.place, s.work_id, s.run_at
            from (
                select w.ctid as place, w.work_id, w.run_at, w.order_key
                from heads h
                cross join lateral (
                    select o.ctid, o.* from outbox_work o
                    where o.work_id = h.work_id and o.run_at <= now() and o.lease_until < now()) w
                where h.tenant_id = g.tenant_id and h.target = g.target
                  and w.tenant_id = g.tenant_id and w.target = g.target
                union all
                (select w.ctid as place, w.work_id, w.run_at, w.order_key
                from outbox_work w
                where w.tenant_id = g.tenant_id and w.target = g.target and w.run_at >= g.floor and w.run_at <= now()
                  and w.lease_until < now()
                  and not exists (select from heads h where h.work_id = w.work_id)
                order by w.run_at, w.work_id limit case when g.allowance > 0 then g.look else 0 end)
            ) s
            where s.order_key is null
               or not exists (
                    select from outbox_work older
                    where older.tenant_id = g.tenant_id and older.target = g.target and older.order_key = s.order_key
                      and older.work_id < s.work_id)
                and (not g.is_held_by_dead or not exists (
                    select from outbox_dead dead
                    where dead.tenant_id = g.tenant_id and dead.target = g.target and dead.order_key = s.order_key
                      and dead.discarded_at is null and dead.work_id < s.work_id))
            limit greatest(g.allowance, 0)) w
    ), chosen as materialized (
        select d.place from due d where (select sum(greatest(g.allowance, 0)) from gated g) <= $6::bigint
        union all
        (select d.place from (
            select d.place, d.run_at, row_number() over (partition by d.tenant_no order by d.nth, d.run_at) as turn
            from (
                select d.*, row_number() over (partition by d.no order by d.run_at, d.work_id) as nth from due d
                where (select sum(greatest(g.allowance, 0)) from gated g) > $6::bigint) d) d
        order by d.turn, d.run_at limit $6::bigint)
    ), locked as materialized (
        select w.ctid as place, w.tenant_id, w.target from outbox_work w
        where w.ctid = any (array(select c.place from chosen c)) and w.run_at <= now() and w.lease_until < now()
        for update skip locked
    ), reserved as (
        update destinations d
        set claim_no = d.claim_no + 1,
            next_slot_at = case when g.pace_seconds is null then d.next_slot_at
                else g.first_slot_at + t.taken * g.pace_seconds * interval '1 second' end,
            probe_until = case when g.is_probe then now() + $7::float8 * interval '1 second' else d.probe_until end
        from gated g
        cross join lateral (
            select count(*) as taken from locked l where l.tenant_id = g.tenant_id and l.target = g.target) t
        where g.is_governed and t.taken > 0 and d.tenant_id = g.tenant_id and d.target = g.target
    ), leased as (
        update outbox_work w
        set lease_until = now() + $7::float8 * interval '1 second', lease_no = w.lease_no + 1, attempt = w.attempt + 1,
            lease_owner = $8::text::uuid, first_sent_at = coalesce(w.first_sent_at, now()),
            is_uncertain = w.is_uncertain or w.lease_owner is not null,
            is_counted = (select bool_or(g.is_counted) from gated g)
                and (w.tenant_id, w.target) in (select g.tenant_id, g.target from gated g where g.is_counted)
        where w.ctid = any (array(select l.place from locked l))
        returning w.work_id, w.lease_no, w.attempt, w.tenant_id, w.target, w.message_id, w.order_key, w.run_at,
            w.first_sent_at, w.expires_at, w.is_uncertain, w.intent_no
    ), noted as materialized (
        select g.tenant_id, g.target, g.is_troubled, g.pace_seconds,
            case when g.pace_seconds is not null then extract(epoch from g.first_slot_at - now()) end::float8 as first_wait_seconds,
            g.allowance > (select count(*) from due d where d.no = g.no) and exists (
                select from outbox_work w
                where w.tenant_id = g.tenant_id and w.target = g.target and w.run_at >= g.floor and w.run_at <= now()
                  and w.lease_until < now()
                order by w.run_at, w.work_id offset g.look limit 1) as is_crowded
        from gated g
    )
    select l.work_id, l.lease_no, l.attempt, l.tenant_id, l.target, l.message_id, m.name, m.call, m.correlation_id,
        m.causation_id, l.run_at, now() as leased_at, l.first_sent_at, l.expires_at, l.is_uncertain,
        l.intent_no > 0 as was_intended,
        (select bool_or(g.ordering = 'latest') from gated g) and l.order_key is not null
            and (l.tenant_id, l.target) in (
                select g.tenant_id, g.target from gated g where g.ordering = 'latest')
            and exists (
                select from outbox_work newer
                where newer.tenant_id = l.tenant_id and newer.target = l.target and newer.order_key = l.order_key
                  and newer.work_id > l.work_id) as is_superseded,
        null::boolean as is_troubled, null::boolean as is_crowded, null::float8 as pace_seconds, null::float8 as first_wait_seconds
    from leased l
    join outbox_messages m on m.tenant_id = l.tenant_id and m.message_id = l.message_id
    union all
    select null, null, null, n.tenant_id, n.target, null, null, null, null, null, null, null, null, null, null, null, null,
        n.is_troubled, n.is_crowded, n.pace_seconds, n.first_wait_seconds
    from noted n
    where n.is_troubled or n.is_crowded or n.pace_seconds is not null";

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
    let (mut jobs, mut notes) = (Vec::with_capacity(rows.len()), HashMap::new());
    let mut destinations = Destinations::default();
    for row in &rows {
        match row.try_get::<_, Option<i64>>(WORK_ID)? {
            Some(work_id) => jobs.push(job(row, work_id, destinations.of(row)?)?),
            None => {
                let note = Note::read(row)?;
                notes.insert(destinations.of(row)?, note);
            }
        }
    }
    let jobs = in_turn(jobs, &notes);
    let crowded = notes.into_iter().filter(|(_, note)| note.is_crowded);
    Ok(Claimed {
        jobs,
        crowded: crowded.map(|(destination, _)| destination).collect(),
        asked_at,
    })
}

/// What is to be said of a destination.
#[derive(Debug, Default)]
struct Note {
    is_troubled: bool,
    is_crowded: bool,
    /// How long its rate has each message wait behind the one before, and the first one from now on.
    pace: Option<(f64, f64)>,
}

impl Note {
    fn read(row: &Row) -> Result<Self> {
        let pace: Option<f64> = row.try_get("pace_seconds")?;
        let first: Option<f64> = row.try_get("first_wait_seconds")?;
        Ok(Self {
            is_troubled: row.try_get("is_troubled")?,
            is_crowded: row.try_get("is_crowded")?,
            pace: pace.zip(first),
        })
    }

    /// How long the message in this place, counted from 0, waits until it leaves.
    fn wait(&self, place: u32) -> Duration {
        let wait = self
            .pace
            .map_or(0.0, |(pace, first)| first + f64::from(place) * pace);
        Duration::try_from_secs_f64(wait).unwrap_or_default()
    }
}

/// Puts everybody's first message before anybody's second, each destination's in the order in which they were due.
fn in_turn(mut jobs: Vec<(OffsetDateTime, Job)>, notes: &HashMap<Destination, Note>) -> Vec<Job> {
    jobs.sort_unstable_by_key(|(run_at, job)| (*run_at, job.work_id));
    let mut taken: HashMap<Destination, u32> = HashMap::new();
    let mut placed: Vec<(u32, Job)> = Vec::with_capacity(jobs.len());
    for (_, mut job) in jobs {
        let note = notes.get(&job.destination);
        let next = taken.entry(job.destination.clone()).or_default();
        if let Some(note) = note {
            job.is_troubled = note.is_troubled;
            job.wait = note.wait(*next);
        }
        placed.push((*next, job));
        *next += 1;
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, job)| job).collect()
}

/// Columns are read by their numbers: thousands of rows a second are looked through for nothing else.
const WORK_ID: usize = 0;
const TENANT_ID: usize = 3;
const TARGET: usize = 4;

/// The destinations of an answer, each made once.
#[derive(Default)]
struct Destinations(Vec<Destination>);

impl Destinations {
    fn of(&mut self, row: &Row) -> Result<Destination> {
        let (tenant_id, target): (&str, &str) = (row.try_get(TENANT_ID)?, row.try_get(TARGET)?);
        // The newest first: rows of one destination mostly follow each other.
        let known = self.0.iter().rev();
        let known = known
            .filter(|one| one.1 == target)
            .find(|one| one.0 == tenant_id);
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let made = Arc::new((tenant_id.to_owned(), target.to_owned()));
        self.0.push(made.clone());
        Ok(made)
    }
}

fn job(row: &Row, work_id: i64, destination: Destination) -> Result<(OffsetDateTime, Job)> {
    let (run_at, leased_at): (OffsetDateTime, OffsetDateTime) =
        (row.try_get(10)?, row.try_get(11)?);
    let job = Job {
        work_id,
        lease_no: row.try_get(1)?,
        attempt: row.try_get(2)?,
        tenant_id: TenantId::new(destination.0.clone()),
        target: destination.1.clone(),
        destination,
        message_id: row.try_get(5)?,
        name: row.try_get(6)?,
        call: row.try_get::<_, Payload>(7)?.0,
        correlation_id: row.try_get(8)?,
        causation_id: row.try_get(9)?,
        leased_at,
        first_sent_at: row.try_get(12)?,
        expires_at: row.try_get(13)?,
        is_uncertain: row.try_get(14)?,
        was_intended: row.try_get(15)?,
        is_superseded: row.try_get(16)?,
        is_troubled: false,
        late: Duration::try_from(leased_at - run_at).unwrap_or_default(),
        wait: Duration::ZERO,
    };
    Ok((run_at, job))
}
