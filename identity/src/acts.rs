//! The record of administrative acts: what was done beside commands, by whom, and why. Each act is an event of the log, or
//! two where it takes its time, so that it is exported, backed up and looked back at as everything else.

use cqrs_es::{Aggregate, DomainEvent};
use deadpool_postgres::{Client, ClientWrapper, GenericClient};
use domain::ids::TenantId;
use domain::operations::{self, Operation, OperationEvent, Standing};
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Recorded as RecordedEvent;
use event_store::recording::{self, Fact};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// The longest list.
pub const MAX_LISTED: i64 = 200;
/// Why an act failed whose process is gone.
pub const ABANDONED: &str = "operation-abandoned";
/// An act has two events; a few more do no harm.
const MAX_EVENTS: i64 = 10;

/// Ids are made in order of time, so the newest acts are the last of the primary key.
const LIST: &str = "
    select e.position, e.tenant_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload,
        e.metadata, e.occurred_at, e.recorded_at, e.command_id, e.correlation_id, e.causation_id, e.actor
    from (
        select o.tenant_id, o.aggregate_id from events o
        where o.tenant_id = any ($1) and o.aggregate_type = 'operation' and o.sequence = 1
          and ($2::text is null or o.aggregate_id < $2)
        order by o.aggregate_id desc limit $3) as page
    join events e on e.tenant_id = page.tenant_id and e.aggregate_type = 'operation' and e.aggregate_id = page.aggregate_id
    order by e.aggregate_id desc, e.sequence";

const FIND: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where tenant_id = any ($1) and aggregate_type = 'operation' and aggregate_id = $2
    order by sequence limit $3";

/// For as long as its connection lives, so that everybody can see whether somebody is still at it.
const HOLD: &str = "select pg_advisory_lock(hashtextextended('operation ' || $1, 0))";
const TRY_HOLD: &str = "select pg_try_advisory_xact_lock(hashtextextended('operation ' || $1, 0))";

/// One act to be recorded. Neither subject nor details may hold personal data.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// `installation()` for what concerns all tenants at once.
    pub tenant_id: &'a TenantId,
    /// The principal's id, or `operator:<account>` for the command line.
    pub principal: &'a str,
    /// Kebab-case and imperative: `export-events`, `retry-message`.
    pub action: &'static str,
    pub subject: &'a str,
    pub reason: Option<&'a str>,
    pub details: &'a Value,
}

/// An act that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    pub tenant_id: TenantId,
    pub principal: String,
    pub operation_id: String,
}

/// An act as it is shown.
#[derive(Debug, Serialize)]
pub struct Recorded {
    pub operation_id: String,
    /// `$installation` for what concerns all tenants at once.
    pub tenant_id: String,
    pub principal: String,
    #[serde(flatten)]
    pub operation: Operation,
    #[serde(with = "time::serde::rfc3339")]
    pub acted_at: OffsetDateTime,
    /// When it ended; for what was done at once the same.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    /// Of its newest event.
    pub position: i64,
}

/// Whose acts those are that concern all tenants at once.
pub fn installation() -> TenantId {
    TenantId::new(operations::INSTALLATION)
}

/// Writes an act down that is done with it; on a transaction it stands or falls with what was done.
pub async fn record(client: &impl GenericClient, act: Act<'_>) -> Result<()> {
    let begun = Begun::of(&act);
    append(
        client,
        &begun,
        &OperationEvent::OperationPerformed(act.into()),
    )
    .await
}

/// Writes down that an act begins; `complete` or `fail` tells how it ended. The connection `life` must be the act's own and
/// live as long as it does: when it ends before the act does, the act counts as abandoned.
pub async fn begin(
    life: &ClientWrapper,
    client: &impl GenericClient,
    act: Act<'_>,
) -> Result<Begun> {
    let begun = Begun::of(&act);
    life.query_one(HOLD, &[&begun.operation_id]).await?;
    append(client, &begun, &OperationEvent::OperationBegun(act.into())).await?;
    Ok(begun)
}

/// Writes down what came of it.
pub async fn complete(client: &impl GenericClient, begun: &Begun, result: Value) -> Result<()> {
    append(
        client,
        begun,
        &OperationEvent::OperationCompleted { result },
    )
    .await
}

/// Writes down why it came to nothing.
pub async fn fail(client: &impl GenericClient, begun: &Begun, error: &Error) -> Result<()> {
    let code = match error {
        Error::Refused(refusal) => refusal.code.clone(),
        Error::Busy { code, .. } => (*code).to_owned(),
        Error::Internal(_) => "internal-error".to_owned(),
    };
    let detail = error.to_string();
    append(
        client,
        begun,
        &OperationEvent::OperationFailed { code, detail },
    )
    .await
}

/// Writes down that an act has failed whose process is gone, and answers the act as it then is; others are answered as they
/// are. A process that only lost its connection may still tell how the act ended, and the last word counts.
pub async fn settle(client: &mut Client, act: Recorded) -> Result<Recorded> {
    if act.operation.standing != Standing::Running {
        return Ok(act);
    }
    let tx = client.transaction().await?;
    let row = tx.query_one(TRY_HOLD, &[&act.operation_id]).await?;
    if !row.get::<_, bool>(0) {
        return Ok(act);
    }
    // It may have ended a moment ago: whoever lets go has told how by then.
    let tenants = [act.tenant_id.as_str()];
    let now = find(&tx, &tenants, &act.operation_id).await?;
    if let Some(now) = now.filter(|now| now.operation.standing != Standing::Running) {
        return Ok(now);
    }
    let begun = Begun {
        tenant_id: TenantId::new(act.tenant_id.clone()),
        principal: act.principal.clone(),
        operation_id: act.operation_id.clone(),
    };
    let gone = Error::busy(ABANDONED, "its process ended before it did");
    fail(&tx, &begun, &gone).await?;
    let settled = find(&tx, &tenants, &act.operation_id).await?;
    tx.commit().await?;
    Ok(settled.unwrap_or(act))
}

/// The newest acts of these tenants, before one of them if named; at most `MAX_LISTED`.
pub async fn list(
    client: &impl GenericClient,
    tenants: &[&str],
    (before, limit): (Option<&str>, i64),
) -> Result<Vec<Recorded>> {
    let statement = client.prepare_cached(LIST).await?;
    let limit = limit.clamp(1, MAX_LISTED);
    let rows = client
        .query(&statement, &[&tenants, &before, &limit])
        .await?;
    let events: Vec<RecordedEvent> = rows.iter().map(RecordedEvent::from_row).collect();
    let streams = events.chunk_by(|one, next| one.aggregate_id == next.aggregate_id);
    streams
        .filter_map(|stream| fold(stream).transpose())
        .collect()
}

/// One act of one of these tenants.
pub async fn find(
    client: &impl GenericClient,
    tenants: &[&str],
    operation_id: &str,
) -> Result<Option<Recorded>> {
    let statement = client.prepare_cached(FIND).await?;
    let rows = client
        .query(&statement, &[&tenants, &operation_id, &MAX_EVENTS])
        .await?;
    let events: Vec<RecordedEvent> = rows.iter().map(RecordedEvent::from_row).collect();
    fold(&events)
}

fn fold(stream: &[RecordedEvent]) -> Result<Option<Recorded>> {
    let (Some(first), Some(last)) = (stream.first(), stream.last()) else {
        return Ok(None);
    };
    let mut operation = Operation::default();
    for event in stream {
        operation.apply(event.decode()?);
    }
    let is_over = operation.standing != Standing::Running;
    Ok(Some(Recorded {
        operation_id: first.aggregate_id.clone(),
        tenant_id: first.tenant_id.as_str().to_owned(),
        principal: first.actor.clone(),
        operation,
        acted_at: first.occurred_at,
        ended_at: is_over.then_some(last.occurred_at),
        position: last.position,
    }))
}

async fn append(client: &impl GenericClient, begun: &Begun, event: &OperationEvent) -> Result<()> {
    let (event_type, event_version) = (event.event_type(), event.event_version());
    let payload = serde_json::to_string(event)?;
    let fact = Fact {
        tenant_id: &begun.tenant_id,
        aggregate_type: Operation::TYPE,
        aggregate_id: &begun.operation_id,
        event_type: &event_type,
        event_version: &event_version,
        payload: &payload,
        actor: &begun.principal,
    };
    recording::append(client, &fact).await
}

impl Begun {
    fn of(act: &Act<'_>) -> Self {
        Self {
            tenant_id: act.tenant_id.clone(),
            principal: act.principal.to_owned(),
            operation_id: Uuid::now_v7().to_string(),
        }
    }
}

impl From<Act<'_>> for operations::Act {
    fn from(act: Act<'_>) -> Self {
        Self {
            action: act.action.to_owned(),
            subject: act.subject.to_owned(),
            reason: act.reason.map(str::to_owned),
            details: act.details.clone(),
        }
    }
}
