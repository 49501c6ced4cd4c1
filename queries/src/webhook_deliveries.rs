//! What was sent to webhook endpoints: each attempt with its answer.

use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::registry::{Entry, Shape, schema_of};
use crate::webhook_endpoints::PROJECTION;

pub(crate) const WEBHOOK_DELIVERIES: Entry = Entry {
    name: "webhook-deliveries",
    title: "Webhook deliveries",
    description: "Every attempt at a webhook of the last 90 days, the newest first: when, what was answered, how long it \
        took, and why it failed.",
    shape: Shape::List,
    permission: Permission::WebhooksRead,
    projections: &[PROJECTION],
    params: schema_of::<DeliveriesParams>,
    item: schema_of::<DeliveryItem>,
    run: |ctx, params| Box::pin(webhook_deliveries(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeliveriesParams {
    /// Only those to this endpoint.
    endpoint_id: Option<String>,
    /// Only those of this `webhook-id`.
    webhook_id: Option<String>,
    /// Only those that tell of this type of event.
    event_type: Option<String>,
    /// Only those that ended so.
    outcome: Option<Outcome>,
    /// The order of the list.
    #[serde(default)]
    sort: DeliverySort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum DeliverySort {
    #[default]
    #[serde(rename = "-attempted_at")]
    Newest,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Accepted,
    Failed,
}

#[derive(Serialize, JsonSchema)]
struct DeliveryItem {
    delivery_id: String,
    endpoint_id: String,
    /// The receiver's id for it, the same for every attempt.
    webhook_id: String,
    /// The outbox's message.
    message_id: String,
    event_type: String,
    /// Whose event it is: aggregate type and id.
    subject: String,
    /// 1 for the first.
    attempt: i32,
    outcome: Outcome,
    /// The answer's HTTP status; null when there was none.
    status: Option<i32>,
    latency_ms: i64,
    /// `not_sent`, `transient`, `refused` or `unknown`; null when it was accepted.
    failure_kind: Option<String>,
    /// Why it failed.
    error: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    attempted_at: OffsetDateTime,
}

const LIST_DELIVERIES: &str = "
    select d.delivery_id, d.endpoint_id, d.webhook_id, d.message_id, d.event_type, d.subject, d.attempt, d.status,
        d.latency_ms, d.failure_kind, d.detail, d.attempted_at
    from webhook_deliveries d
    where d.tenant_id = $1
        and ($2::text is null or d.endpoint_id = $2)
        and ($3::text is null or d.webhook_id = $3)
        and ($4::text is null or d.event_type = $4)
        and ($5::boolean is null or (d.failure_kind is null) = $5)
        and ($6::text is null or d.delivery_id < $6::text::bigint)
    order by d.delivery_id desc
    limit $7";

async fn webhook_deliveries(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: DeliveriesParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        DeliverySort::Newest => (LIST_DELIVERIES, "-attempted_at"),
    };
    let page = Page::open(
        ctx,
        (WEBHOOK_DELIVERIES.name, sort),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let is_accepted = params.outcome.map(|outcome| outcome == Outcome::Accepted);
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.endpoint_id,
                &params.webhook_id,
                &params.event_type,
                &is_accepted,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = rows.iter().map(item).collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.attempted_at, &last.delivery_id)
    })?;
    Found::page(&items, next_cursor)
}

fn item(row: &Row) -> Result<DeliveryItem> {
    let delivery_id: i64 = row.try_get("delivery_id")?;
    let failure_kind: Option<String> = row.try_get("failure_kind")?;
    Ok(DeliveryItem {
        delivery_id: delivery_id.to_string(),
        endpoint_id: row.try_get("endpoint_id")?,
        webhook_id: row.try_get("webhook_id")?,
        message_id: row.try_get("message_id")?,
        event_type: row.try_get("event_type")?,
        subject: row.try_get("subject")?,
        attempt: row.try_get("attempt")?,
        outcome: match failure_kind {
            None => Outcome::Accepted,
            Some(_) => Outcome::Failed,
        },
        status: row.try_get("status")?,
        latency_ms: row.try_get("latency_ms")?,
        error: row.try_get("detail")?,
        attempted_at: row.try_get("attempted_at")?,
        failure_kind,
    })
}
