//! Snapshots of long streams: written now and then beside the log, read by the load in the place of the events that they
//! stand for. A snapshot is exact as of its sequence; one that other rules have folded is as good as absent.

use deadpool_postgres::Pool;
use domain::ids::TenantId;

use crate::Result;
use crate::pg::JsonText;
use crate::recorded::Payload;

/// A stream from whose end this many events had to be folded gets a snapshot.
pub const SNAPSHOT_AFTER: usize = 256;

/// The rules of this binary.
pub const RULES: &str = domain::RULES_FINGERPRINT;

/// A folded state, as JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSnapshot {
    pub sequence: i64,
    /// The position of the event of that sequence.
    pub position: i64,
    pub state: Payload,
}

/// Only ever forward, except over another binary's.
const SAVE: &str = "
    insert into snapshots as known (tenant_id, aggregate_type, aggregate_id, sequence, position, fingerprint, state)
    select tenant.id, $2, $3, $4, $5, $6, $7
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    on conflict on constraint snapshots_pkey do update
    set sequence = excluded.sequence, position = excluded.position, fingerprint = excluded.fingerprint,
        state = excluded.state, taken_at = excluded.taken_at
    where known.sequence < excluded.sequence or known.fingerprint <> excluded.fingerprint";

/// Keeps a snapshot of a committed state.
pub(crate) async fn save(
    pool: &Pool,
    tenant_id: &TenantId,
    (aggregate_type, aggregate_id): (&str, &str),
    snapshot: &StoredSnapshot,
) -> Result<()> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(SAVE).await?;
    client
        .execute(
            &statement,
            &[
                &tenant_id.as_str(),
                &aggregate_type,
                &aggregate_id,
                &snapshot.sequence,
                &snapshot.position,
                &RULES,
                &JsonText(&snapshot.state.0),
            ],
        )
        .await?;
    metrics::counter!("rapport_snapshots_taken_total").increment(1);
    Ok(())
}
