//! Snapshots as they lie in the database, for whoever checks or drops them. They are a shortcut only: what is dropped is
//! taken anew when a long stream is loaded again.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use serde::Serialize;
use time::OffsetDateTime;

use crate::Result;
use crate::recorded::Payload;
use crate::snapshots::RULES;

/// The longest list; the next goes on behind its last.
pub const MAX_LISTED: i64 = 1_000;

const LIST: &str = "
    select tenant_id, aggregate_type, aggregate_id, sequence, position, fingerprint, taken_at,
        octet_length(state::text)::bigint as bytes
    from snapshots
    where ($1::text is null or tenant_id = $1) and ($2::text is null or aggregate_type = $2)
      and ($3::text is null or aggregate_id = $3)
      and ($4::text is null or (tenant_id, aggregate_type, aggregate_id) > ($4, $5::text, $6::text))
    order by tenant_id, aggregate_type, aggregate_id limit $7";
const FIND_STATE: &str = "
    select state from snapshots
    where tenant_id = $1 and aggregate_type = $2 and aggregate_id = $3 and sequence = $4";
const DROP: &str = "
    delete from snapshots
    where ($1::text is null or tenant_id = $1) and ($2::text is null or aggregate_type = $2)
      and ($3::text is null or aggregate_id = $3)";

/// A snapshot, without the state that it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    pub tenant_id: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// Of the newest event that is folded into it.
    pub sequence: i64,
    pub position: i64,
    /// Whether this binary's rules have folded it; others take no notice of it.
    pub of_these_rules: bool,
    pub bytes: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub taken_at: OffsetDateTime,
}

/// Which snapshots are meant; `None` is any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    pub tenant_id: Option<&'a TenantId>,
    pub aggregate_type: Option<&'a str>,
    pub aggregate_id: Option<&'a str>,
}

/// Snapshots in the order of their streams, behind one of them; at most `MAX_LISTED`.
pub async fn list(
    client: &impl GenericClient,
    choice: Choice<'_>,
    behind: Option<&Listed>,
) -> Result<Vec<Listed>> {
    let tenant_id = choice.tenant_id.map(TenantId::as_str);
    let rows = client
        .query(
            LIST,
            &[
                &tenant_id,
                &choice.aggregate_type,
                &choice.aggregate_id,
                &behind.map(|last| last.tenant_id.as_str()),
                &behind.map(|last| last.aggregate_type.as_str()),
                &behind.map(|last| last.aggregate_id.as_str()),
                &MAX_LISTED,
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                tenant_id: row.try_get("tenant_id")?,
                aggregate_type: row.try_get("aggregate_type")?,
                aggregate_id: row.try_get("aggregate_id")?,
                sequence: row.try_get("sequence")?,
                position: row.try_get("position")?,
                of_these_rules: row.try_get::<_, &str>("fingerprint")? == RULES,
                bytes: row.try_get("bytes")?,
                taken_at: row.try_get("taken_at")?,
            })
        })
        .collect()
}

/// What a snapshot holds, as JSON text; `None` when another has taken its place.
pub async fn find_state(client: &impl GenericClient, of: &Listed) -> Result<Option<String>> {
    let row = client
        .query_opt(
            FIND_STATE,
            &[
                &of.tenant_id,
                &of.aggregate_type,
                &of.aggregate_id,
                &of.sequence,
            ],
        )
        .await?;
    Ok(row.map(|row| row.get::<_, Payload>("state").0))
}

/// Drops them; answers how many.
pub async fn drop(client: &impl GenericClient, choice: Choice<'_>) -> Result<u64> {
    let tenant_id = choice.tenant_id.map(TenantId::as_str);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&tenant_id, &choice.aggregate_type, &choice.aggregate_id];
    Ok(client.execute(DROP, &parameters).await?)
}
