//! The record of administrative acts: what was done beside commands, by whom, and why. It is only ever added to.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use event_store::Result;
use event_store::pg::JsonText;
use event_store::recorded::Payload;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use uuid::Uuid;

/// The longest list.
pub const MAX_LISTED: i64 = 200;

const RECORD: &str = "
    insert into administrative_acts (tenant_id, act_id, principal, action, subject, reason, details)
    values ($1, $2, $3, $4, $5, $6, $7)";

const LIST: &str = "
    select act_id, principal, action, subject, reason, details, acted_at from administrative_acts
    where tenant_id = $1 order by acted_at desc, act_id desc limit $2";

/// One act to be recorded. Neither subject nor details may hold personal data.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    pub tenant_id: &'a TenantId,
    /// The principal's id, or `operator:<account>` for the command line.
    pub principal: &'a str,
    /// Kebab-case and imperative: `export-events`, `retry-message`.
    pub action: &'static str,
    pub subject: &'a str,
    pub reason: Option<&'a str>,
    pub details: &'a Value,
}

/// An act as it is shown.
#[derive(Debug, Serialize)]
pub struct Recorded {
    pub act_id: String,
    pub principal: String,
    pub action: String,
    pub subject: String,
    pub reason: Option<String>,
    pub details: Box<RawValue>,
    #[serde(with = "time::serde::rfc3339")]
    pub acted_at: OffsetDateTime,
}

/// Writes an act down; on a transaction it stands or falls with what was done.
pub async fn record(client: &impl GenericClient, act: Act<'_>) -> Result<()> {
    let (act_id, details) = (Uuid::now_v7().to_string(), act.details.to_string());
    let statement = client.prepare_cached(RECORD).await?;
    client
        .execute(
            &statement,
            &[
                &act.tenant_id.as_str(),
                &act_id,
                &act.principal,
                &act.action,
                &act.subject,
                &act.reason,
                &JsonText(&details),
            ],
        )
        .await?;
    Ok(())
}

/// A tenant's newest acts.
pub async fn list(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    limit: i64,
) -> Result<Vec<Recorded>> {
    let statement = client.prepare_cached(LIST).await?;
    let rows = client
        .query(
            &statement,
            &[&tenant_id.as_str(), &limit.clamp(1, MAX_LISTED)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Recorded {
                act_id: row.try_get("act_id")?,
                principal: row.try_get("principal")?,
                action: row.try_get("action")?,
                subject: row.try_get("subject")?,
                reason: row.try_get("reason")?,
                details: RawValue::from_string(row.try_get::<_, Payload>("details")?.0)?,
                acted_at: row.try_get("acted_at")?,
            })
        })
        .collect()
}
