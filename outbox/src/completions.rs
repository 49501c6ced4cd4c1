//! What came of deliveries, gathered and written back together: one statement for up to `MAX_FLUSHED` results, or for
//! what has come together within 8 ms. Each is fenced by its lease; a stale one is kept as evidence and changes nothing,
//! except that a success which comes late settles a message that nobody has leased again to send it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use time::OffsetDateTime;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::Result;
use crate::destinations::breaker::{Tally, Verdict};
use crate::leases::{self, Lease, Numbers};
use crate::rules::kind;
use crate::work::Job;

/// Results written by one statement.
const MAX_FLUSHED: usize = 512;
/// How long a result waits for others.
const GATHER: Duration = Duration::from_millis(8);
/// Results that wait to be written before deliveries have to wait for them.
const MAX_WAITING: usize = 2_048;
/// Statements under way at once.
const MAX_FLUSHES: usize = 2;
/// How long to stay away from a database that does not answer; results are kept for as long as their leases hold.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);

/// What is delivered and was ours until now, which is nearly everything: no look at what else could be the case. Rows are
/// taken in the order of the arrays, which is that of their ids, as whoever renews leases takes them. What is not answered
/// was not ours any more, or did not stand alone; `FLUSH` deals with it.
const FINISH: &str = "
    with result as materialized (
        select * from unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) as r (work_id, lease_no, started_at)
    ), gone as (
        delete from outbox_work w using result r where w.work_id = r.work_id and w.lease_no = r.lease_no
        returning r.*, w.tenant_id, w.message_id, w.attempt
    ), attempted as (
        insert into outbox_attempts (tenant_id, message_id, lease_no, attempt, worker, outcome, started_at)
        select g.tenant_id, g.message_id, g.lease_no, g.attempt, $4::text, 'delivered', g.started_at from gone g
    )
    select g.work_id from gone g";

/// Rows are locked in the order of their ids, as whoever renews leases does. They are taken away by id and not by place:
/// a renewal that came between has moved them to a place that this statement does not see yet.
const FLUSH: &str = "
    with result as materialized (
        select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[],
            $8::text[], $9::text[], $10::timestamptz[], $11::float8[], $12::integer[], $13::boolean[])
            as r (work_id, lease_no, tenant_id, message_id, attempt, action, outcome, failure_kind, detail, started_at,
                wait_seconds, given_back, is_uncertain)
        order by work_id
    ), held as materialized (
        select r.work_id, r.action, r.wait_seconds, r.given_back, r.is_uncertain, r.failure_kind, r.detail,
            w.tenant_id, w.message_id, w.target, w.order_key, w.lease_no, w.attempt, w.first_sent_at
        from result r
        cross join lateral (
            select o.tenant_id, o.message_id, o.target, o.order_key, o.lease_no, o.attempt, o.first_sent_at
            from outbox_work o where o.work_id = r.work_id and o.lease_no = r.lease_no
            for update) w
    ), gone as (
        delete from outbox_work where work_id = any (array(select h.work_id from held h where h.action <> 'retry'))
    ), later as (
        update outbox_work w
        set run_at = clock_timestamp() + h.wait_seconds * interval '1 second', lease_until = '-infinity', lease_owner = null,
            attempt = w.attempt - h.given_back, intent_no = 0, is_uncertain = w.is_uncertain or h.is_uncertain,
            is_counted = false
        from held h where h.action = 'retry' and w.work_id = h.work_id
    ), dead as (
        insert into outbox_dead (tenant_id, message_id, work_id, target, order_key, attempt, failure_kind, detail, state,
            lease_no, first_sent_at)
        select h.tenant_id, h.message_id, h.work_id, h.target, h.order_key, h.attempt, coalesce(h.failure_kind, 'unknown'),
            coalesce(h.detail, ''), case h.action when 'park' then 'unknown' else 'dead' end, h.lease_no, h.first_sent_at
        from held h where h.action in ('bury', 'park')
        on conflict (tenant_id, message_id) do nothing
    ), settled as (
        delete from outbox_dead d using result r
        where r.outcome = 'delivered' and not exists (
            select from held h where h.work_id = r.work_id and h.lease_no = r.lease_no)
          and d.tenant_id = r.tenant_id and d.message_id = r.message_id and d.lease_no >= r.lease_no
          and d.state = 'unknown' and d.discarded_at is null
        returning r.work_id, r.lease_no
    ), judged as (
        select r.*, exists (select from held h where h.work_id = r.work_id and h.lease_no = r.lease_no)
            or exists (select from settled s where s.work_id = r.work_id and s.lease_no = r.lease_no) as is_ours
        from result r
    ), attempted as (
        insert into outbox_attempts (tenant_id, message_id, lease_no, attempt, worker, outcome, failure_kind, detail, started_at)
        select j.tenant_id, j.message_id, j.lease_no, j.attempt, $14::text,
            case when j.is_ours then j.outcome else 'stale' end, j.failure_kind,
            case when j.is_ours then j.detail else coalesce(j.outcome || ': ' || j.detail, j.outcome) end, j.started_at
        from judged j
        on conflict (tenant_id, message_id, lease_no, outcome) do nothing
    )
    select j.work_id from judged j where not j.is_ours";

/// What is to become of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It is done with.
    Finish,
    /// It is tried again after a wait.
    Retry {
        wait: Duration,
        /// Surely nothing was sent, so it costs no attempt.
        is_given_back: bool,
        /// It may have had its effect.
        is_uncertain: bool,
    },
    /// It becomes a dead letter.
    Bury,
    /// Nobody knows whether it had its effect, and it must not be sent again: an operator resolves it.
    Park,
}

/// What came of one delivery. Its lease is renewed until it is written back.
pub struct Completion {
    pub job: Job,
    pub lease: Lease,
    pub action: Action,
    /// As recorded: `delivered`, `withheld`, `retry`, `dead`, `unknown`, `expired` or `superseded`.
    pub outcome: &'static str,
    /// Holds neither personal data nor secrets.
    pub failure_kind: Option<&'static str>,
    pub detail: Option<String>,
    /// What it says about its destination.
    pub verdict: Verdict,
}

impl Completion {
    /// It is delivered, and that is all there is to say.
    fn is_plain(&self) -> bool {
        let is_delivered = self.action == Action::Finish && self.outcome == "delivered";
        is_delivered && self.failure_kind.is_none() && self.detail.is_none()
    }
}

/// Where deliveries leave what came of them.
#[derive(Clone)]
pub struct Completions {
    sender: mpsc::Sender<Box<Completion>>,
}

impl Completions {
    /// The place to leave results at, and who writes them back.
    pub fn new(pool: Pool, worker: String, freed: Arc<Notify>) -> (Self, Gatherer) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        let flusher = Flusher {
            pool,
            worker,
            tally: Tally::default(),
            freed,
        };
        let gatherer = Gatherer {
            receiver,
            flusher: Arc::new(flusher),
        };
        (Self { sender }, gatherer)
    }

    /// Leaves a result.
    pub async fn leave(&self, completion: Box<Completion>) {
        // Nobody is left to write it only when the process ends in haste; then its lease ends by itself.
        let _ = self.sender.send(completion).await;
    }
}

/// Writes results back until nobody leaves any more.
pub struct Gatherer {
    receiver: mpsc::Receiver<Box<Completion>>,
    flusher: Arc<Flusher>,
}

struct Flusher {
    pool: Pool,
    worker: String,
    tally: Tally,
    freed: Arc<Notify>,
}

impl Gatherer {
    pub async fn run(mut self) {
        let flushes = Arc::new(Semaphore::new(MAX_FLUSHES));
        let mut under_way = JoinSet::new();
        loop {
            let mut batch = Vec::with_capacity(MAX_FLUSHED);
            if self.receiver.recv_many(&mut batch, MAX_FLUSHED).await == 0 {
                break;
            }
            let until = tokio::time::Instant::now() + GATHER;
            while batch.len() < MAX_FLUSHED {
                let room = MAX_FLUSHED - batch.len();
                let more =
                    tokio::time::timeout_at(until, self.receiver.recv_many(&mut batch, room));
                if !matches!(more.await, Ok(1..)) {
                    break;
                }
            }
            let Ok(turn) = flushes.clone().acquire_owned().await else {
                break;
            };
            let flusher = self.flusher.clone();
            let batch = batch.into_iter().map(|completion| *completion).collect();
            under_way.spawn(async move {
                flusher.write(batch).await;
                drop(turn);
            });
            while under_way.try_join_next().is_some() {}
        }
        while under_way.join_next().await.is_some() {}
    }
}

impl Flusher {
    async fn write(&self, mut batch: Vec<Completion>) {
        let mut finished = HashSet::new();
        while !batch.is_empty() {
            match flush(&self.pool, &self.worker, &batch, &mut finished).await {
                Ok(written) => return self.written(batch, written).await,
                Err(error) => {
                    tracing::warn!(%error, results = batch.len(), "results could not be written back");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                    // The others are delivered again when their lease is taken over, under the same key.
                    batch.retain(|completion| completion.lease.holds());
                }
            }
        }
    }

    async fn written(&self, batch: Vec<Completion>, written: Written) {
        let mut unserved = Numbers::default();
        let mut verdicts = Vec::with_capacity(batch.len());
        let (now, mut meters) = (OffsetDateTime::now_utc(), Meters::default());
        for (completion, lease_no) in batch.into_iter().zip(written.lease_nos) {
            let Completion {
                job,
                lease,
                outcome,
                verdict,
                ..
            } = completion;
            if let Some(newer) = lease.end(lease_no) {
                unserved.push(job.work_id, newer);
            }
            if written.stale.contains(&job.work_id) {
                metrics::counter!("rapport_outbox_stale_write_backs_total").increment(1);
                tracing::warn!(
                    message = job.message_id,
                    lease = lease_no,
                    "a stale delivery changed nothing"
                );
            }
            let took = now - job.leased_at;
            let meters = meters.of(&job.target, outcome);
            meters.attempts.increment(1);
            meters
                .delivery_seconds
                .record(took.as_seconds_f64().max(0.0));
            verdicts.push((job, verdict));
        }
        if let Err(error) = leases::give_back(&self.pool, &unserved).await {
            tracing::warn!(%error, "leases could not be given back; they end by themselves");
        }
        // Behind each of them another of its key may wait.
        self.freed.notify_one();
        let verdicts = verdicts.iter().map(|(job, verdict)| (job, verdict));
        if let Err(error) = self.tally.report(&self.pool, verdicts).await {
            tracing::warn!(%error, "what destinations answered could not be noted");
        }
    }
}

/// The meters that one batch needs, looked up once: a batch has few targets and outcomes.
#[derive(Default)]
struct Meters {
    known: Vec<Metered>,
}

struct Metered {
    kind: String,
    outcome: &'static str,
    attempts: metrics::Counter,
    delivery_seconds: metrics::Histogram,
}

impl Meters {
    fn of(&mut self, target: &str, outcome: &'static str) -> &Metered {
        let kind = kind(target);
        let is_same = |one: &Metered| one.kind == kind && one.outcome == outcome;
        let place = self.known.iter().position(is_same).unwrap_or_else(|| {
            self.known.push(Metered {
                attempts: metrics::counter!("rapport_outbox_attempts_total", "target" => kind.to_owned(), "outcome" => outcome),
                delivery_seconds: metrics::histogram!("rapport_outbox_delivery_seconds", "target" => kind.to_owned()),
                kind: kind.to_owned(),
                outcome,
            });
            self.known.len() - 1
        });
        &self.known[place]
    }
}

/// Under which leases results were written back, in their order, and the work ids of those that were stale.
struct Written {
    lease_nos: Vec<i64>,
    stale: HashSet<i64>,
}

/// Writes a batch back. Most of it is delivered, and goes by the shorter statement; the rest, and what that one did not take,
/// by the one that can do everything. What is `finished` stays so, if the second fails and all of it is tried again.
async fn flush(
    pool: &Pool,
    worker: &str,
    batch: &[Completion],
    finished: &mut HashSet<i64>,
) -> Result<Written> {
    let client = pool.get().await?;
    let lease_nos = batch.iter().map(|completion| completion.lease.number());
    let lease_nos: Vec<i64> = lease_nos.collect();
    let fenced = batch.iter().zip(lease_nos.iter().copied());
    let mut results: Vec<Fenced<'_>> = fenced.collect();
    results.retain(|(one, _)| !finished.contains(&one.job.work_id));
    results.sort_unstable_by_key(|(one, _)| one.job.work_id);
    let (plain, mut rest): (Vec<_>, Vec<_>) =
        results.into_iter().partition(|(one, _)| one.is_plain());
    finished.extend(finish(&client, worker, &plain).await?);
    let is_left = |(one, _): &Fenced<'_>| !finished.contains(&one.job.work_id);
    rest.extend(plain.into_iter().filter(is_left));
    let mut stale = HashSet::new();
    if !rest.is_empty() {
        let statement = client.prepare_cached(FLUSH).await?;
        let columns = Columns::of(&rest);
        let parameters: [&(dyn ToSql + Sync); 14] = [
            &columns.work_ids,
            &columns.lease_nos,
            &columns.tenants,
            &columns.messages,
            &columns.attempts,
            &columns.actions,
            &columns.outcomes,
            &columns.kinds,
            &columns.details,
            &columns.started,
            &columns.waits,
            &columns.given_back,
            &columns.uncertain,
            &worker,
        ];
        let rows = client.query(&statement, &parameters).await?;
        let work_ids = rows.iter().map(|row| row.try_get("work_id"));
        stale = work_ids.collect::<std::result::Result<_, _>>()?;
    }
    Ok(Written { lease_nos, stale })
}

/// Those of these that are over now.
async fn finish(client: &Object, worker: &str, plain: &[Fenced<'_>]) -> Result<Vec<i64>> {
    if plain.is_empty() {
        return Ok(Vec::new());
    }
    let statement = client.prepare_cached(FINISH).await?;
    let numbers = plain
        .iter()
        .map(|(one, lease_no)| (one.job.work_id, *lease_no));
    let (work_ids, lease_nos): (Vec<i64>, Vec<i64>) = numbers.unzip();
    let started = plain.iter().map(|(one, _)| one.job.leased_at);
    let started: Vec<OffsetDateTime> = started.collect();
    let parameters: [&(dyn ToSql + Sync); 4] = [&work_ids, &lease_nos, &started, &worker];
    match client.query(&statement, &parameters).await {
        Ok(rows) => {
            let work_ids = rows.iter().map(|row| row.try_get(0));
            Ok(work_ids.collect::<std::result::Result<_, _>>()?)
        }
        // One of them is on record already, so none of them was written.
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// A result, and the number of the lease that it is written back under.
type Fenced<'a> = (&'a Completion, i64);

#[derive(Default)]
struct Columns<'a> {
    work_ids: Vec<i64>,
    lease_nos: Vec<i64>,
    tenants: Vec<&'a str>,
    messages: Vec<&'a str>,
    attempts: Vec<i32>,
    actions: Vec<&'static str>,
    outcomes: Vec<&'static str>,
    kinds: Vec<Option<&'static str>>,
    details: Vec<Option<&'a str>>,
    started: Vec<OffsetDateTime>,
    waits: Vec<f64>,
    given_back: Vec<i32>,
    uncertain: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(results: &[Fenced<'a>]) -> Self {
        let mut columns = Self::default();
        for (completion, lease_no) in results {
            let Completion {
                job,
                action,
                outcome,
                failure_kind,
                detail,
                ..
            } = completion;
            columns.work_ids.push(job.work_id);
            columns.lease_nos.push(*lease_no);
            columns.tenants.push(job.tenant_id.as_str());
            columns.messages.push(&job.message_id);
            columns.attempts.push(job.attempt);
            columns.outcomes.push(outcome);
            columns.kinds.push(*failure_kind);
            columns.details.push(detail.as_deref());
            columns.started.push(job.leased_at);
            let (name, wait, given_back, uncertain) = match action {
                Action::Finish => ("finish", Duration::ZERO, false, false),
                Action::Bury => ("bury", Duration::ZERO, false, false),
                Action::Park => ("park", Duration::ZERO, false, false),
                Action::Retry {
                    wait,
                    is_given_back,
                    is_uncertain,
                } => ("retry", *wait, *is_given_back, *is_uncertain),
            };
            columns.actions.push(name);
            columns.waits.push(wait.as_secs_f64());
            columns.given_back.push(i32::from(given_back));
            columns.uncertain.push(uncertain);
        }
        columns
    }
}
