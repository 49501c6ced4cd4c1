//! Webhook endpoints as they are read, without their secrets.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::sealed::Sealed;
use domain::webhook_endpoints::WebhookEndpoint;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "webhook_endpoints";

struct WebhookEndpoints;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(WebhookEndpoints, &["webhook_endpoints"])
}

rows! {
    struct EndpointRow {
        tenant_id: String,
        endpoint_id: String,
        standing: String,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_ENDPOINTS: &str = "
    select e.tenant_id, e.endpoint_id as id, e.state, e.created_at, e.updated_at, e.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join webhook_endpoints e on e.tenant_id = k.tenant_id and e.endpoint_id = k.id";

const UPSERT_ENDPOINTS: &str = "
    insert into webhook_endpoints (tenant_id, endpoint_id, standing, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::timestamptz[], $6::timestamptz[],
        $7::bigint[])
    on conflict (tenant_id, endpoint_id) do update set standing = excluded.standing, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_ENDPOINTS: &str = "
    copy twin.webhook_endpoints (tenant_id, endpoint_id, standing, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for WebhookEndpoints {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[WebhookEndpoint::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<WebhookEndpoint>(tx, LOAD_ENDPOINTS, batch).await?;
        let rows = folded.into_iter().map(row).collect::<Result<Vec<_>>>()?;
        EndpointRow::write(tx, UPSERT_ENDPOINTS, &rows).await
    }
}

#[async_trait]
impl Streams for WebhookEndpoints {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<WebhookEndpoint>(streams, &mut poisons);
        let rows = folded.into_iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_ENDPOINTS, &rows).await?;
        Ok(poisons)
    }
}

fn row(mut folded: Folded<WebhookEndpoint>) -> Result<EndpointRow> {
    // A read table needs to know how long two secrets sign, not the secrets, sealed or not.
    folded.state.secret = Sealed::default();
    if let Some(previous) = &mut folded.state.previous_secret {
        previous.secret = Sealed::default();
    }
    Ok(EndpointRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        endpoint_id: folded.id.clone(),
        standing: wire(&folded.state.standing)?,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
