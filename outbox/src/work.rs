//! The work table: leases with fencing numbers. Every write-back names the lease it was done under; a stale one changes
//! nothing.

use std::time::Duration;

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use event_store::recorded::Payload;
use time::OffsetDateTime;

use crate::Result;

/// How long a lease lasts. No delivery may take longer than this less the margin, so leases need no renewal.
pub const LEASE: Duration = Duration::from_secs(60);
/// How much sooner than its lease a delivery must end.
pub const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// One leased message.
#[derive(Clone, Debug)]
pub struct Job {
    pub work_id: i64,
    pub lease_no: i64,
    /// 1 for the first.
    pub attempt: i32,
    pub tenant_id: TenantId,
    pub message_id: String,
    pub name: String,
    pub target: String,
    /// JSON text of the call.
    pub call: String,
    pub correlation_id: String,
    pub causation_id: String,
    pub leased_at: OffsetDateTime,
}

/// Hands out due messages, at most one per target and order key, and of each key only the oldest; a dead letter holds
/// its key until an operator has dealt with it, except for letters, which do not build on one another.
const CLAIM: &str = "
    with due as (
        select w.work_id from outbox_work w
        where w.run_at <= clock_timestamp() and w.lease_until < clock_timestamp()
          and (w.order_key is null or (
            not exists (
                select from outbox_work earlier
                where earlier.tenant_id = w.tenant_id and earlier.target = w.target
                  and earlier.order_key = w.order_key and earlier.work_id < w.work_id)
            and (w.target = 'email' or not exists (
                select from outbox_dead dead
                where dead.tenant_id = w.tenant_id and dead.target = w.target
                  and dead.order_key = w.order_key and dead.work_id < w.work_id and dead.discarded_at is null))))
          and not exists (
            select from destinations d
            where d.tenant_id = w.tenant_id and d.target = w.target
              and greatest(d.not_before, d.paused_until) > clock_timestamp())
        order by w.run_at limit $1
        for update of w skip locked
    ), leased as (
        update outbox_work w
        set lease_until = clock_timestamp() + $2::float8 * interval '1 second', lease_no = w.lease_no + 1,
            attempt = w.attempt + 1, first_sent_at = coalesce(w.first_sent_at, clock_timestamp())
        from due where w.work_id = due.work_id
        returning w.work_id, w.lease_no, w.attempt, w.tenant_id, w.message_id
    )
    select l.work_id, l.lease_no, l.attempt, l.tenant_id, l.message_id, m.name, m.target, m.call, m.correlation_id,
        m.causation_id, clock_timestamp() as leased_at
    from leased l join outbox_messages m on m.tenant_id = l.tenant_id and m.message_id = l.message_id
    order by l.work_id";

const FINISH: &str = "
    with gone as (
        delete from outbox_work where work_id = $1 and lease_no = $2
        returning tenant_id, message_id, lease_no, attempt)
    insert into outbox_attempts (tenant_id, message_id, lease_no, attempt, worker, outcome, detail, started_at)
    select tenant_id, message_id, lease_no, attempt, $3::text, $4::text, $5::text, $6::timestamptz from gone";

/// A call that was surely not sent gives its attempt back.
const RETRY: &str = "
    with later as (
        update outbox_work
        set run_at = clock_timestamp() + $7::float8 * interval '1 second', lease_until = '-infinity',
            attempt = attempt - $8::int
        where work_id = $1 and lease_no = $2
        returning tenant_id, message_id, lease_no, attempt + $8::int as attempt)
    insert into outbox_attempts (tenant_id, message_id, lease_no, attempt, worker, outcome, failure_kind, detail, started_at)
    select tenant_id, message_id, lease_no, attempt, $3::text, 'retry', $4::text, $5::text, $6::timestamptz from later";

const BURY: &str = "
    with gone as (
        delete from outbox_work where work_id = $1 and lease_no = $2
        returning tenant_id, message_id, work_id, target, order_key, lease_no, attempt
    ), dead as (
        insert into outbox_dead (tenant_id, message_id, work_id, target, order_key, attempt, failure_kind, detail)
        select tenant_id, message_id, work_id, target, order_key, attempt, $4::text, $5::text from gone
    )
    insert into outbox_attempts (tenant_id, message_id, lease_no, attempt, worker, outcome, failure_kind, detail, started_at)
    select tenant_id, message_id, lease_no, attempt, $3::text, 'dead', $4::text, $5::text, $6::timestamptz from gone";

const HOLD_DESTINATION: &str = "
    insert into destinations (tenant_id, target, not_before)
    values ($1, $2, clock_timestamp() + $3::float8 * interval '1 second')
    on conflict (tenant_id, target) do update set not_before = greatest(destinations.not_before, excluded.not_before)";

const NEXT_DUE: &str =
    "select extract(epoch from min(run_at) - clock_timestamp())::float8 from outbox_work";

/// Leases up to `limit` due messages.
pub async fn claim(pool: &Pool, limit: i64) -> Result<Vec<Job>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(CLAIM).await?;
    let rows = client
        .query(&statement, &[&limit, &LEASE.as_secs_f64()])
        .await?;
    Ok(rows
        .iter()
        .map(|row| Job {
            work_id: row.get("work_id"),
            lease_no: row.get("lease_no"),
            attempt: row.get("attempt"),
            tenant_id: TenantId::new(row.get::<_, String>("tenant_id")),
            message_id: row.get("message_id"),
            name: row.get("name"),
            target: row.get("target"),
            call: row.get::<_, Payload>("call").0,
            correlation_id: row.get("correlation_id"),
            causation_id: row.get("causation_id"),
            leased_at: row.get("leased_at"),
        })
        .collect())
}

/// How long until the next message is due, in seconds; `None` when there is none.
pub async fn next_due_seconds(pool: &Pool) -> Result<Option<f64>> {
    Ok(pool.get().await?.query_one(NEXT_DUE, &[]).await?.get(0))
}

/// The message is done with. Answers whether the lease was still ours.
pub async fn finish(
    pool: &Pool,
    job: &Job,
    worker: &str,
    outcome: &str,
    detail: Option<&str>,
) -> Result<bool> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(FINISH).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &job.work_id,
        &job.lease_no,
        &worker,
        &outcome,
        &detail,
        &job.leased_at,
    ];
    Ok(client.execute(&statement, &parameters).await? == 1)
}

/// The message is tried again after `wait`.
pub async fn retry(
    pool: &Pool,
    job: &Job,
    worker: &str,
    failure: &Failed<'_>,
    wait: Duration,
) -> Result<bool> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(RETRY).await?;
    let given_back = i32::from(failure.kind == "not_sent");
    let seconds = wait.as_secs_f64();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 8] = [
        &job.work_id,
        &job.lease_no,
        &worker,
        &failure.kind,
        &failure.detail,
        &job.leased_at,
        &seconds,
        &given_back,
    ];
    Ok(client.execute(&statement, &parameters).await? == 1)
}

/// The message becomes a dead letter.
pub async fn bury(pool: &Pool, job: &Job, worker: &str, failure: &Failed<'_>) -> Result<bool> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(BURY).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &job.work_id,
        &job.lease_no,
        &worker,
        &failure.kind,
        &failure.detail,
        &job.leased_at,
    ];
    Ok(client.execute(&statement, &parameters).await? == 1)
}

/// Nothing goes to this destination of this tenant for a while: its provider asked for it.
pub async fn hold_destination(pool: &Pool, job: &Job, wait: Duration) -> Result<()> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(HOLD_DESTINATION).await?;
    client
        .execute(
            &statement,
            &[&job.tenant_id.as_str(), &job.target, &wait.as_secs_f64()],
        )
        .await?;
    Ok(())
}

/// Why an attempt failed, as it is recorded: no personal data, no secrets.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    pub kind: &'a str,
    pub detail: &'a str,
}
