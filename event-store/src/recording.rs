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
