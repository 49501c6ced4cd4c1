//! Events that no command has decided: what operators do, written by the engine in the transaction of the deed itself, so
//! that neither stands without the other.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;

use crate::Result;
use crate::pg::JsonText;

/// The transaction's id is forced before a position is drawn: the log's fence rests on it. The next sequence is found by
/// the same statement; of two writers of one stream the primary key refuses one.
const APPEND: &str = "
    with forced as materialized (select pg_current_xact_id() as id)
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select $1::text, $2::text, $3::text, 1 + coalesce((
            select max(e.sequence) from events e
            where e.tenant_id = $1 and e.aggregate_type = $2 and e.aggregate_id = $3), 0),
        $4::text, $5::text, $6::json, '{}', clock_timestamp(), $3::text, $3::text, $3::text, $7::text
    from forced where forced.id is not null";

/// One event of a stream whose id is also what joins it with others.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    pub tenant_id: &'a TenantId,
    pub aggregate_type: &'static str,
    pub aggregate_id: &'a str,
    pub event_type: &'a str,
    pub event_version: &'a str,
    /// JSON text.
    pub payload: &'a str,
    pub actor: &'a str,
}

/// Appends the event behind the newest of its stream, as the engine; on a transaction it stands or falls with that. Keep
/// such a transaction short: readers of the log wait for its end.
pub async fn append(client: &impl GenericClient, fact: &Fact<'_>) -> Result<()> {
    let statement = client.prepare_cached(APPEND).await?;
    client
        .execute(
            &statement,
            &[
                &fact.tenant_id.as_str(),
                &fact.aggregate_type,
                &fact.aggregate_id,
                &fact.event_type,
                &fact.event_version,
                &JsonText(fact.payload),
                &fact.actor,
            ],
        )
        .await?;
    Ok(())
}

/// As `APPEND`, of streams that begin with these events and end with them.
const APPEND_ALL: &str = "
    with forced as materialized (select pg_current_xact_id() as id)
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select f.tenant_id, f.aggregate_type, f.aggregate_id, 1, f.event_type, f.event_version, f.payload, '{}',
        clock_timestamp(), f.aggregate_id, f.aggregate_id, f.aggregate_id, f.actor
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::text[]) with ordinality
        as f (tenant_id, aggregate_type, aggregate_id, event_type, event_version, payload, actor, place), forced
    where forced.id is not null
    order by f.place";

/// Appends events that are each a stream of its own, all or none.
pub async fn append_streams(client: &impl GenericClient, facts: &[Fact<'_>]) -> Result<()> {
    if facts.is_empty() {
        return Ok(());
    }
    let column = |pick: fn(&Fact<'_>) -> String| facts.iter().map(pick).collect::<Vec<String>>();
    let payloads: Vec<JsonText<'_>> = facts.iter().map(|fact| JsonText(fact.payload)).collect();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] = [
        &column(|fact| fact.tenant_id.as_str().to_owned()),
        &column(|fact| fact.aggregate_type.to_owned()),
        &column(|fact| fact.aggregate_id.to_owned()),
        &column(|fact| fact.event_type.to_owned()),
        &column(|fact| fact.event_version.to_owned()),
        &payloads,
        &column(|fact| fact.actor.to_owned()),
    ];
    let statement = client.prepare_cached(APPEND_ALL).await?;
    client.execute(&statement, &parameters).await?;
    Ok(())
}
