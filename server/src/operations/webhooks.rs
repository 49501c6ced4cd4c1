//! Webhooks that were received: when, what became of each, and what was tried. Their bodies stay sealed.

use domain::ids::TenantId;
use event_store::Result;
use event_store::store::Store;
use serde::Serialize;
use time::OffsetDateTime;

use super::Scope;

/// The longest list.
pub const MAX_LISTED: i64 = 200;

const LIST: &str = "
    select tenant_id, provider, event_key, webhook_id, received_at, run_at, attempt, handled_at, detail, conflicting_bodies,
        case when handled_at is null then 'pending' else outcome end as state
    from webhook_inbox
    where ($1::text is null or tenant_id = $1) and ($2::text is null or provider = $2)
      and ($3::text is null or $3 = case when handled_at is null then 'pending' else outcome end)
      and ($4::timestamptz is null or received_at < $4)
    order by received_at desc, event_key limit $5";

/// One webhook, without what it says.
#[derive(Clone, Debug, Serialize)]
pub struct Webhook {
    pub tenant_id: String,
    pub provider: String,
    /// The provider's own id of the event.
    pub event_key: String,
    pub webhook_id: String,
    /// `pending`, `handled`, `ignored`, `refused` or `failed`.
    pub state: String,
    pub attempt: i32,
    pub detail: Option<String>,
    /// How often it came again with another body.
    pub conflicting_bodies: i32,
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// When it is turned into a command next, while it is pending.
    #[serde(with = "time::serde::rfc3339")]
    pub run_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub handled_at: Option<OffsetDateTime>,
}

/// Which webhooks are meant; `None` is any.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub provider: Option<String>,
    pub state: Option<String>,
    /// Received before then.
    pub before: Option<OffsetDateTime>,
    pub limit: Option<i64>,
}

/// The newest webhooks; at most `MAX_LISTED`.
pub async fn list(store: &Store, scope: &Scope, wanted: &Wanted) -> Result<Vec<Webhook>> {
    let tenant_id = scope.tenant_id().map(TenantId::as_str);
    let limit = wanted.limit.unwrap_or(MAX_LISTED).clamp(1, MAX_LISTED);
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(LIST).await?;
    let rows = client
        .query(
            &statement,
            &[
                &tenant_id,
                &wanted.provider,
                &wanted.state,
                &wanted.before,
                &limit,
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Webhook {
                tenant_id: row.try_get("tenant_id")?,
                provider: row.try_get("provider")?,
                event_key: row.try_get("event_key")?,
                webhook_id: row.try_get("webhook_id")?,
                state: row
                    .try_get::<_, Option<String>>("state")?
                    .unwrap_or_default(),
                attempt: row.try_get("attempt")?,
                detail: row.try_get("detail")?,
                conflicting_bodies: row.try_get("conflicting_bodies")?,
                received_at: row.try_get("received_at")?,
                run_at: row.try_get("run_at")?,
                handled_at: row.try_get("handled_at")?,
            })
        })
        .collect()
}
