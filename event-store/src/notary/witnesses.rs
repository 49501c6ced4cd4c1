//! How far each witness has been told, and what it is to be told next: of every tenant that has moved the newest
//! checkpoint, and the anchor's. One process at a time tells a witness.

use std::time::Duration;

use deadpool_postgres::GenericClient;
use serde::Serialize;
use time::OffsetDateTime;

use crate::Result;

/// How long one telling may take; then another process may try.
pub const LEASE: Duration = Duration::from_secs(60);
/// Checkpoints of one telling.
pub const MAX_TOLD: i64 = 1_000;
/// How far back a new witness is told.
const MAX_BACKLOG: i64 = 10_000;

const REGISTER: &str = "
    insert into audit_witnesses (witness, told)
    select $1, greatest(0, coalesce((select size from audit_heads where tenant_id = '$anchor'), 0) - $2)
    on conflict do nothing";

const ACQUIRE: &str = "
    update audit_witnesses set lease_until = clock_timestamp() + $2::float8 * interval '1 second', lease_no = lease_no + 1
    where witness = $1 and lease_until < clock_timestamp()
        and (told_at is null or told_at < clock_timestamp() - $3::float8 * interval '1 second')
        and told < coalesce((select signed_size from audit_heads where tenant_id = '$anchor'), 0)
    returning lease_no, told";

/// The newest checkpoint of each tenant within a stretch of the anchor's log.
const READ: &str = "
    select distinct on (c.tenant_id) c.tenant_id, c.note from audit_checkpoints c
    where c.anchor_index >= $1 and c.anchor_index < $2
    order by c.tenant_id, c.anchor_index desc";

const FIND_ANCHOR: &str = "
    select tree_size, note from audit_checkpoints
    where tenant_id = '$anchor' and tree_size > $1 order by tree_size desc limit 1";

const DONE: &str = "
    update audit_witnesses set told = $3, told_at = clock_timestamp(), failure = null, lease_until = '-infinity'
    where witness = $1 and lease_no = $2";

/// The lease stays: it is the pause before the next try.
const FAILED: &str = "update audit_witnesses set failure = $3 where witness = $1 and lease_no = $2";

const LIST: &str = "
    select w.witness, w.told, w.told_at, w.failure,
        coalesce((select signed_size from audit_heads where tenant_id = '$anchor'), 0) - w.told as behind
    from audit_witnesses w order by w.witness";

/// What a witness is to be told.
#[derive(Clone, Debug)]
pub struct Telling {
    lease_no: i64,
    until: i64,
    /// Signed notes, the anchor's last.
    pub notes: Vec<String>,
}

/// How a witness stands.
#[derive(Clone, Debug, Serialize)]
pub struct WitnessStanding {
    pub witness: String,
    /// Checkpoints that it has not been told of.
    pub behind: i64,
    #[serde(with = "time::serde::rfc3339::option")]
    pub told_at: Option<OffsetDateTime>,
    /// Why the newest telling failed.
    pub failure: Option<String>,
}

/// Notes that there is such a witness; it is told what is new, and no more than `MAX_BACKLOG` checkpoints before that.
pub async fn register(client: &impl GenericClient, witness: &str) -> Result<()> {
    client.execute(REGISTER, &[&witness, &MAX_BACKLOG]).await?;
    Ok(())
}

/// What to tell the witness now; `None` while there is nothing new, its pause lasts, or another process tells it.
pub async fn next(
    client: &impl GenericClient,
    (witness, pause): (&str, Duration),
) -> Result<Option<Telling>> {
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&witness, &LEASE.as_secs_f64(), &pause.as_secs_f64()];
    let Some(lease) = client.query_opt(ACQUIRE, &parameters).await? else {
        return Ok(None);
    };
    let (lease_no, told): (i64, i64) = (lease.try_get("lease_no")?, lease.try_get("told")?);
    let anchor = client.query_opt(FIND_ANCHOR, &[&told]).await?;
    let Some(anchor) = anchor else {
        return Ok(None);
    };
    let size: i64 = anchor.try_get("tree_size")?;
    let until = size.min(told + MAX_TOLD);
    let rows = client.query(READ, &[&told, &until]).await?;
    let notes = rows.iter().map(|row| Ok(row.try_get("note")?));
    let mut notes = notes.collect::<Result<Vec<String>>>()?;
    notes.push(anchor.try_get("note")?);
    Ok(Some(Telling {
        lease_no,
        until,
        notes,
    }))
}

/// Notes that the witness has it.
pub async fn done(client: &impl GenericClient, witness: &str, telling: &Telling) -> Result<()> {
    let told = client
        .execute(DONE, &[&witness, &telling.lease_no, &telling.until])
        .await?;
    metrics::counter!("rapport_audit_witness_tellings_total", "outcome" => "told").increment(told);
    Ok(())
}

/// Notes why it has not.
pub async fn failed(
    client: &impl GenericClient,
    witness: &str,
    (telling, failure): (&Telling, &str),
) -> Result<()> {
    let noted = client
        .execute(FAILED, &[&witness, &telling.lease_no, &failure])
        .await?;
    metrics::counter!("rapport_audit_witness_tellings_total", "outcome" => "failed")
        .increment(noted);
    Ok(())
}

/// How the witnesses stand.
pub async fn list(client: &impl GenericClient) -> Result<Vec<WitnessStanding>> {
    let rows = client.query(LIST, &[]).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok(WitnessStanding {
            witness: row.try_get("witness")?,
            behind: row.try_get("behind")?,
            told_at: row.try_get("told_at")?,
            failure: row.try_get("failure")?,
        })
    };
    rows.iter().map(read).collect()
}
