//! The log for operators: one event, a stream also as it was, and pages of what happened. What is sealed stays sealed.

pub mod exports;
pub mod rows;
pub mod states;
pub mod stats;

use cqrs_es::Aggregate;
use domain::access::Access;
use domain::ids::TenantId;
use domain::operations::Operation;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::recorded::Recorded;
use event_store::store::Store;
use queries::past::AsOf;

use super::Scope;

/// The longest stream that is shown; nothing of ours comes near it.
const MAX_SHOWN_EVENTS: i64 = 10_000;
/// The longest page.
pub const MAX_PAGE_EVENTS: i64 = 200;
/// Positions that one page looks through for events that fit; then it says where to go on.
const SCAN_POSITIONS: i64 = 100_000;

const FIND_EVENT: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where position = $1 and ($2::text is null or tenant_id = $2)";

/// One look into the primary key for each tenant and type, so that no index on the id alone is needed.
const LIST_STREAM: &str = "
    select e.position, e.tenant_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload,
        e.metadata, e.occurred_at, e.recorded_at, e.command_id, e.correlation_id, e.causation_id, e.actor
    from (select tenant_id from tenants union all select '$installation') as t
    cross join unnest($2::text[]) as k (aggregate_type)
    join events e on e.tenant_id = t.tenant_id and e.aggregate_type = k.aggregate_type and e.aggregate_id = $3
    where ($1::text is null or t.tenant_id = $1)
      and ($4::bigint is null or e.position <= $4) and ($5::timestamptz is null or e.recorded_at <= $5)
    order by e.position limit $6";

const FIND_NEWEST: &str = "select coalesce(max(position), 0) from events";

/// A bounded stretch of positions, so that a page costs the same whatever it looks for.
const READ_PAGE: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where position < $1 and position >= $2 and aggregate_type <> '$log' and ($3::text is null or tenant_id = $3)
      and ($4::text is null or aggregate_type = $4) and ($5::text is null or event_type = $5)
      and ($6::text is null or correlation_id = $6) and ($7::timestamptz is null or recorded_at <= $7)
    order by position desc limit $8";

/// What a page is to hold; `None` is any.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub aggregate_type: Option<String>,
    pub event_type: Option<String>,
    pub correlation_id: Option<String>,
    pub as_of: Option<AsOf>,
    /// Only events before this position.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page, the newest event first.
#[derive(Debug)]
pub struct Page {
    pub events: Vec<Recorded>,
    /// The `before` of the page that follows; `None` at the beginning of the log.
    pub next: Option<i64>,
}

/// One event; refused with 404 `event-not-found`.
pub async fn find(store: &Store, scope: &Scope, position: i64) -> Result<Recorded> {
    let tenant_id = scope.tenant_id().map(TenantId::as_str);
    let client = store.pools.engine.get().await?;
    let row = client
        .query_opt(FIND_EVENT, &[&position, &tenant_id])
        .await?;
    let missing = || {
        let detail = format!("there is no event at {position}");
        Refusal::not_found("event-not-found", detail)
    };
    Ok(Recorded::from_row(&row.ok_or_else(missing)?))
}

/// All events of an aggregate, or those that the log held then; refused with 404 `aggregate-not-found` where there are
/// none.
pub async fn stream(
    store: &Store,
    scope: &Scope,
    (aggregate_id, as_of): (&str, Option<AsOf>),
) -> Result<Vec<Recorded>> {
    let mut types: Vec<&str> = vec![Operation::TYPE, Access::TYPE];
    for projection in projectors::all(store) {
        types.extend(projection.subscriber.aggregate_types());
    }
    types.sort_unstable();
    types.dedup();
    let tenant_id = scope.tenant_id().map(TenantId::as_str);
    let client = store.pools.engine.get().await?;
    let rows = client
        .query(
            LIST_STREAM,
            &[
                &tenant_id,
                &types,
                &aggregate_id,
                &as_of.and_then(AsOf::position),
                &as_of.and_then(AsOf::time),
                &MAX_SHOWN_EVENTS,
            ],
        )
        .await?;
    if rows.is_empty() {
        let then = if as_of.is_some() { " then" } else { "" };
        let detail = format!("there is no aggregate {aggregate_id}{then}");
        return Err(Refusal::not_found("aggregate-not-found", detail).into());
    }
    Ok(rows.iter().map(Recorded::from_row).collect())
}

/// The newest events that fit. A page may hold few of them, or none, and still say where to go on.
pub async fn page(store: &Store, scope: &Scope, wanted: &Wanted) -> Result<Page> {
    let tenant_id = scope.tenant_id().map(TenantId::as_str);
    let limit = wanted.limit.clamp(1, MAX_PAGE_EVENTS);
    let client = store.pools.engine.get().await?;
    let newest: i64 = client.query_one(FIND_NEWEST, &[]).await?.get(0);
    let until = wanted.as_of.and_then(AsOf::position).unwrap_or(newest);
    let before = wanted
        .before
        .unwrap_or(i64::MAX)
        .min(until.saturating_add(1))
        .min(newest + 1);
    let from = (before - SCAN_POSITIONS).max(0);
    let statement = client.prepare_cached(READ_PAGE).await?;
    let rows = client
        .query(
            &statement,
            &[
                &before,
                &from,
                &tenant_id,
                &wanted.aggregate_type,
                &wanted.event_type,
                &wanted.correlation_id,
                &wanted.as_of.and_then(AsOf::time),
                &limit,
            ],
        )
        .await?;
    let events: Vec<Recorded> = rows.iter().map(Recorded::from_row).collect();
    let is_full = i64::try_from(events.len()).unwrap_or(limit) >= limit;
    let next = match events.last() {
        Some(last) if is_full => Some(last.position),
        _ => (from > 0).then_some(from),
    };
    Ok(Page { events, next })
}
