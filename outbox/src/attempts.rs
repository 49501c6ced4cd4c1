//! The outbox for operators: what waits, what was tried, what died; retry and discard.

use deadpool_postgres::Pool;
use domain::refusal::Refusal;
use event_store::recorded::Payload;
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::Result;

/// The longest list.
pub const MAX_LISTED: i64 = 1_000;

const LIST: &str = "
    select m.tenant_id, m.message_id, m.name, m.target, m.order_key, m.aggregate_type, m.aggregate_id, m.created_at,
        case when d.message_id is not null and d.discarded_at is null then 'dead'
             when d.message_id is not null then 'discarded'
             when w.work_id is null then 'done'
             when w.lease_until > clock_timestamp() then 'leased'
             else 'waiting' end as state,
        coalesce(w.attempt, d.attempt, (select max(a.attempt) from outbox_attempts a
            where a.tenant_id = m.tenant_id and a.message_id = m.message_id), 0) as attempt,
        w.run_at, coalesce(d.failure_kind, (select a.failure_kind from outbox_attempts a
            where a.tenant_id = m.tenant_id and a.message_id = m.message_id order by a.lease_no desc limit 1)) as failure_kind
    from outbox_messages m
    left join outbox_work w on w.tenant_id = m.tenant_id and w.message_id = m.message_id
    left join outbox_dead d on d.tenant_id = m.tenant_id and d.message_id = m.message_id
    where ($1::text is null or m.tenant_id = $1)
      and ($2::text is null or $2 = case when d.message_id is not null and d.discarded_at is null then 'dead'
             when d.message_id is not null then 'discarded' when w.work_id is null then 'done'
             when w.lease_until > clock_timestamp() then 'leased' else 'waiting' end)
    order by m.created_at desc, m.message_id limit $3";

const SHOW: &str = "
    select tenant_id, message_id, name, target, order_key, aggregate_type, aggregate_id, sequence, call, created_at
    from outbox_messages where message_id = $1";

const LIST_ATTEMPTS: &str = "
    select lease_no, attempt, worker, outcome, failure_kind, detail, started_at, finished_at
    from outbox_attempts where tenant_id = $1 and message_id = $2 order by lease_no, finished_at";

const REVIVE: &str = "
    with risen as (
        delete from outbox_dead where message_id = $1 and discarded_at is null
        returning tenant_id, message_id, work_id, target, order_key)
    insert into outbox_work (work_id, tenant_id, message_id, target, order_key, run_at, lease_no)
    select r.work_id, r.tenant_id, r.message_id, r.target, r.order_key, clock_timestamp(),
        (select coalesce(max(a.lease_no), 0) from outbox_attempts a
         where a.tenant_id = r.tenant_id and a.message_id = r.message_id)
    from risen r";
const HASTEN: &str = "
    update outbox_work set run_at = clock_timestamp() where message_id = $1 and lease_until < clock_timestamp()";
const DISCARD: &str = "
    update outbox_dead set discarded_at = clock_timestamp(), discarded_by = $2, discard_reason = $3
    where message_id = $1 and discarded_at is null";

/// One message in a list.
#[derive(Clone, Debug, Serialize)]
pub struct MessageSummary {
    pub tenant_id: String,
    pub message_id: String,
    pub name: String,
    pub target: String,
    pub state: String,
    pub attempt: i32,
    pub order_key: Option<String>,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub failure_kind: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub run_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// One message with its history.
#[derive(Debug, Serialize)]
pub struct MessageDetail {
    pub tenant_id: String,
    pub message_id: String,
    pub name: String,
    pub target: String,
    pub order_key: Option<String>,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub call: Box<RawValue>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    pub attempts: Vec<Attempt>,
}

/// One attempt at a delivery.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    pub lease_no: i64,
    pub attempt: i32,
    pub worker: String,
    pub outcome: String,
    pub failure_kind: Option<String>,
    pub detail: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub finished_at: OffsetDateTime,
}

/// The newest messages, of one tenant or state if wanted.
pub async fn list_messages(
    pool: &Pool,
    tenant_id: Option<&str>,
    state: Option<&str>,
    limit: i64,
) -> Result<Vec<MessageSummary>> {
    let rows = pool
        .get()
        .await?
        .query(LIST, &[&tenant_id, &state, &limit.clamp(1, MAX_LISTED)])
        .await?;
    Ok(rows
        .iter()
        .map(|row| MessageSummary {
            tenant_id: row.get("tenant_id"),
            message_id: row.get("message_id"),
            name: row.get("name"),
            target: row.get("target"),
            state: row.get("state"),
            attempt: row.get("attempt"),
            order_key: row.get("order_key"),
            aggregate_type: row.get("aggregate_type"),
            aggregate_id: row.get("aggregate_id"),
            failure_kind: row.get("failure_kind"),
            run_at: row.get("run_at"),
            created_at: row.get("created_at"),
        })
        .collect())
}

/// One message and everything that was tried.
pub async fn find_message(pool: &Pool, message_id: &str) -> Result<MessageDetail> {
    let client = pool.get().await?;
    let row = client
        .query_opt(SHOW, &[&message_id])
        .await?
        .ok_or_else(|| unknown(message_id))?;
    let tenant_id: String = row.get("tenant_id");
    let attempts = client
        .query(LIST_ATTEMPTS, &[&tenant_id, &message_id])
        .await?;
    Ok(MessageDetail {
        message_id: row.get("message_id"),
        name: row.get("name"),
        target: row.get("target"),
        order_key: row.get("order_key"),
        aggregate_type: row.get("aggregate_type"),
        aggregate_id: row.get("aggregate_id"),
        sequence: row.get("sequence"),
        call: RawValue::from_string(row.get::<_, Payload>("call").0)?,
        created_at: row.get("created_at"),
        attempts: attempts
            .iter()
            .map(|row| Attempt {
                lease_no: row.get("lease_no"),
                attempt: row.get("attempt"),
                worker: row.get("worker"),
                outcome: row.get("outcome"),
                failure_kind: row.get("failure_kind"),
                detail: row.get("detail"),
                started_at: row.get("started_at"),
                finished_at: row.get("finished_at"),
            })
            .collect(),
        tenant_id,
    })
}

/// Tries a dead or waiting message again now. Its id, and so the provider's key, stays the same.
pub async fn retry_message(pool: &Pool, message_id: &str) -> Result<()> {
    let client = pool.get().await?;
    if client.execute(REVIVE, &[&message_id]).await?
        + client.execute(HASTEN, &[&message_id]).await?
        > 0
    {
        return Ok(());
    }
    let detail = "only a dead or waiting message can be retried; this one is done, under way, discarded or unknown";
    Err(Refusal::conflict("message-not-retriable", detail).into())
}

/// Gives a dead message up for good; what waits behind it goes on.
pub async fn discard_message(pool: &Pool, message_id: &str, by: &str, reason: &str) -> Result<()> {
    if pool
        .get()
        .await?
        .execute(DISCARD, &[&message_id, &by, &reason])
        .await?
        == 1
    {
        return Ok(());
    }
    Err(Refusal::conflict("message-not-dead", "only a dead message can be discarded").into())
}

fn unknown(message_id: &str) -> Refusal {
    Refusal::not_found(
        "message-not-found",
        format!("there is no message {message_id}"),
    )
}
