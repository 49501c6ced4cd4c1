//! The outbox for operators: what waits, what was tried, what died, and of what nobody knows what became of it.

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::recorded::Payload;
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::Result;

/// The longest list.
pub const MAX_LISTED: i64 = 1_000;

/// Whatever state they are in.
const LIST: &str = "
    select m.tenant_id, m.message_id, m.name, m.target, m.order_key, m.aggregate_type, m.aggregate_id, m.sequence, m.created_at,
        case when d.discarded_at is not null then 'discarded'
             when d.message_id is not null then d.state
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
    where ($1::text is null or m.tenant_id = $1) and ($2::text is null or m.target = $2)
      and ($4::text is null or m.aggregate_id = $4)
    order by m.created_at desc, m.message_id limit $3";

/// Those that wait or are under way, from the table of work alone.
const LIST_WORK: &str = "
    select m.tenant_id, m.message_id, m.name, m.target, m.order_key, m.aggregate_type, m.aggregate_id, m.sequence, m.created_at,
        case when w.lease_until > clock_timestamp() then 'leased' else 'waiting' end as state, w.attempt, w.run_at,
        (select a.failure_kind from outbox_attempts a
            where a.tenant_id = m.tenant_id and a.message_id = m.message_id order by a.lease_no desc limit 1) as failure_kind
    from (
        select o.* from outbox_work o
        where ($1::text is null or o.tenant_id = $1) and ($2::text is null or o.target = $2)
          and (o.lease_until > clock_timestamp()) = ($4::text = 'leased')
        order by o.run_at, o.work_id limit $3) w
    join outbox_messages m on m.tenant_id = w.tenant_id and m.message_id = w.message_id
    order by w.run_at, w.work_id";

/// Those that are dead, unknown or discarded, from the table of the dead alone.
const LIST_DEAD: &str = "
    select m.tenant_id, m.message_id, m.name, m.target, m.order_key, m.aggregate_type, m.aggregate_id, m.sequence, m.created_at,
        case when d.discarded_at is not null then 'discarded' else d.state end as state, d.attempt,
        null::timestamptz as run_at, d.failure_kind
    from (
        select o.* from outbox_dead o
        where ($1::text is null or o.tenant_id = $1) and ($2::text is null or o.target = $2)
          and $4::text = case when o.discarded_at is not null then 'discarded' else o.state end
        order by o.died_at desc, o.message_id limit $3) d
    join outbox_messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id
    order by d.died_at desc, d.message_id";

/// Those that are over, the newest first.
const LIST_DONE: &str = "
    select m.tenant_id, m.message_id, m.name, m.target, m.order_key, m.aggregate_type, m.aggregate_id, m.sequence, m.created_at,
        'done' as state, coalesce((select max(a.attempt) from outbox_attempts a
            where a.tenant_id = m.tenant_id and a.message_id = m.message_id), 0) as attempt,
        null::timestamptz as run_at, null::text as failure_kind
    from outbox_messages m
    where ($1::text is null or m.tenant_id = $1) and ($2::text is null or m.target = $2)
      and not exists (select from outbox_work w where w.tenant_id = m.tenant_id and w.message_id = m.message_id)
      and not exists (select from outbox_dead d where d.tenant_id = m.tenant_id and d.message_id = m.message_id)
    order by m.created_at desc, m.message_id limit $3";

const SHOW: &str = "
    select tenant_id, message_id, name, target, order_key, aggregate_type, aggregate_id, sequence, call, created_at, due_at,
        expires_at
    from outbox_messages where message_id = $1 and ($2::text is null or tenant_id = $2) limit 1";

const LIST_ATTEMPTS: &str = "
    select lease_no, attempt, worker, outcome, failure_kind, detail, started_at, finished_at
    from outbox_attempts where tenant_id = $1 and message_id = $2 order by lease_no, finished_at";

/// The states that a message can be in.
pub const STATES: [&str; 6] = ["waiting", "leased", "done", "dead", "unknown", "discarded"];

/// Which messages to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listing<'a> {
    pub tenant_id: Option<&'a TenantId>,
    /// One of [`STATES`].
    pub state: Option<&'a str>,
    pub target: Option<&'a str>,
    /// Only messages that events of this aggregate have caused; of any state.
    pub aggregate_id: Option<&'a str>,
    pub limit: i64,
}

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
    /// Of the event that caused it, within its aggregate.
    pub sequence: i64,
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
    #[serde(with = "time::serde::rfc3339::option")]
    pub due_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
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

/// Messages, the newest first; those that wait or are under way in the order in which they are due.
pub async fn list_messages(pool: &Pool, listing: Listing<'_>) -> Result<Vec<MessageSummary>> {
    let (tenant_id, target) = (listing.tenant_id.map(TenantId::as_str), listing.target);
    let limit = listing.limit.clamp(1, MAX_LISTED);
    let client = pool.get().await?;
    let chosen: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&tenant_id, &target, &limit];
    let rows = match listing.state {
        None => {
            client
                .query(LIST, &[&tenant_id, &target, &limit, &listing.aggregate_id])
                .await?
        }
        Some("done") => client.query(LIST_DONE, &chosen).await?,
        Some(state) => {
            let sql = match state {
                "waiting" | "leased" => LIST_WORK,
                _ => LIST_DEAD,
            };
            client
                .query(sql, &[&tenant_id, &target, &limit, &state])
                .await?
        }
    };
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
            sequence: row.get("sequence"),
            failure_kind: row.get("failure_kind"),
            run_at: row.get("run_at"),
            created_at: row.get("created_at"),
        })
        .collect())
}

/// One message and everything that was tried; with a tenant, another's is not found.
pub async fn find_message(
    pool: &Pool,
    tenant_id: Option<&TenantId>,
    message_id: &str,
) -> Result<MessageDetail> {
    let client = pool.get().await?;
    let owner = tenant_id.map(TenantId::as_str);
    let row = client
        .query_opt(SHOW, &[&message_id, &owner])
        .await?
        .ok_or_else(|| unknown_message(message_id))?;
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
        due_at: row.get("due_at"),
        expires_at: row.get("expires_at"),
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

/// There is no such message.
pub(crate) fn unknown_message(message_id: &str) -> Refusal {
    Refusal::not_found(
        "message-not-found",
        format!("there is no message {message_id}"),
    )
}
