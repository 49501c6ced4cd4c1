//! Webhook endpoints, and the secrets that sign what is sent to one.

use std::collections::BTreeSet;

use domain::refusal::Refusal;
use domain::webhook_endpoints::{
    DisabledReason, EndpointStanding, Handshake, PayloadStyle, WebhookEndpoint, secret_purpose,
};
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Payload;
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
use crate::past::Past;
use crate::registry::{Entry, Shape, schema_of};

/// The projection of webhook endpoints.
pub(crate) const PROJECTION: &str = "webhook_endpoints";

pub(crate) const WEBHOOK_ENDPOINTS: Entry = Entry {
    name: "webhook-endpoints",
    title: "Webhook endpoints",
    description: "The addresses that hear of events, what each wants, and how each fares. Deleted ones are left out \
        unless they are asked for.",
    shape: Shape::List,
    permission: Permission::WebhooksRead,
    projections: &[PROJECTION],
    params: schema_of::<EndpointsParams>,
    item: schema_of::<EndpointItem>,
    run: |ctx, params| Box::pin(webhook_endpoints(ctx, params)),
};

pub(crate) const WEBHOOK_SECRET: Entry = Entry {
    name: "webhook-secret",
    title: "A webhook endpoint's secrets",
    description: "The secrets that sign what is sent to one endpoint: the newest and, for a day after a rotation, the one \
        before it. For the receiver's configuration; keep them out of logs.",
    shape: Shape::One,
    permission: Permission::WebhooksWrite,
    projections: &[PROJECTION],
    params: schema_of::<SecretParams>,
    item: schema_of::<SecretItem>,
    run: |ctx, params| Box::pin(webhook_secret(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EndpointsParams {
    /// Only this endpoint.
    endpoint_id: Option<String>,
    /// Only endpoints that stand so.
    standing: Option<StandingFilter>,
    /// The order of the list.
    #[serde(default)]
    sort: EndpointSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StandingFilter {
    Enabled,
    Disabled,
    Deleted,
}

impl StandingFilter {
    fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum EndpointSort {
    #[default]
    #[serde(rename = "created_at")]
    CreatedAt,
}

#[derive(Serialize, JsonSchema)]
struct EndpointItem {
    endpoint_id: String,
    url: String,
    event_types: BTreeSet<String>,
    description: String,
    payload: PayloadStyle,
    /// Whether the address has to allow us before anything is sent to it.
    handshake: Handshake,
    standing: EndpointStanding,
    /// Why it is disabled, if it is.
    disabled_reason: Option<DisabledReason>,
    /// Until when two secrets sign; null when only one does.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    previous_secret_until: Option<OffsetDateTime>,
    /// Since when every attempt has failed; null when the newest did not.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    failing_since: Option<OffsetDateTime>,
    /// Attempts that have failed since then.
    failures: i64,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

const LIST_ENDPOINTS: &str = "
    select e.endpoint_id, e.state, e.created_at, e.updated_at, e.sequence, f.since, coalesce(f.attempts, 0) as failures
    from webhook_endpoints e
    left join webhook_failures f on f.tenant_id = e.tenant_id and f.endpoint_id = e.endpoint_id
    where e.tenant_id = $1
        and ($2::text is null or e.endpoint_id = $2)
        and case when $3::text is null then e.standing <> 'deleted' else e.standing = $3 end
        and ($4::timestamptz is null or (e.created_at, e.endpoint_id) > ($4, $5))
    order by e.created_at, e.endpoint_id
    limit $6";

async fn webhook_endpoints(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: EndpointsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        EndpointSort::CreatedAt => (LIST_ENDPOINTS, "created_at"),
    };
    let page = Page::open(
        ctx,
        (WEBHOOK_ENDPOINTS.name, sort),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.endpoint_id,
                &params.standing.map(StandingFilter::as_str),
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let show = |row: &Row| endpoint_item(row, ctx.now);
    let mut items = rows.iter().map(show).collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.created_at, &last.endpoint_id)
    })?;
    Found::page(&items, next_cursor)
}

fn endpoint_item(row: &Row, now: OffsetDateTime) -> Result<EndpointItem> {
    let state: WebhookEndpoint = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let previous = state.previous_secret.map(|previous| previous.until);
    Ok(EndpointItem {
        endpoint_id: row.try_get("endpoint_id")?,
        url: state.url,
        event_types: state.event_types,
        description: state.description,
        payload: state.payload,
        handshake: state.handshake,
        standing: state.standing,
        disabled_reason: state.disabled,
        previous_secret_until: previous.filter(|until| *until > now),
        failing_since: row.try_get("since")?,
        failures: row.try_get("failures")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SecretParams {
    /// The endpoint's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
}

#[derive(Serialize, JsonSchema)]
struct SecretItem {
    endpoint_id: String,
    /// `whsec_` and base64.
    secret: String,
    /// The one before it, while it still signs.
    previous_secret: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    previous_until: Option<OffsetDateTime>,
}

async fn webhook_secret(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: SecretParams = params::parse(params)?;
    // Read tables hold no secret, sealed or not: it is read from the log.
    let found = Past::newest(ctx)
        .find::<WebhookEndpoint>(&params.id)
        .await?;
    let endpoint = found.map(|then| then.state).unwrap_or_default();
    endpoint.require()?;
    let keys = ctx.store.keys(&ctx.principal.tenant_id).await?;
    let purpose = secret_purpose(&params.id);
    let mut opened = endpoint
        .secrets(ctx.now)
        .into_iter()
        .map(|sealed| keys.open_secret(&purpose, sealed));
    let unreadable = || Error::internal("a webhook endpoint's secret cannot be opened");
    let secret = opened.next().flatten().ok_or_else(unreadable)?;
    let previous = opened.next().flatten();
    let until = endpoint.previous_secret.as_ref().map(|one| one.until);
    Found::one(&SecretItem {
        endpoint_id: params.id,
        secret: secret.to_string(),
        previous_until: until.filter(|_| previous.is_some()),
        previous_secret: previous.map(|plain| plain.to_string()),
    })
}

/// The endpoint, or the refusal `webhook-endpoint-not-found`.
pub(crate) async fn find_endpoint(ctx: &Ctx<'_>, id: &str) -> Result<WebhookEndpoint> {
    let statement = ctx.tx.prepare_cached(FIND_ENDPOINT).await?;
    let row = ctx.tx.query_opt(&statement, &[&ctx.tenant(), &id]).await?;
    let missing = || {
        Refusal::not_found(
            "webhook-endpoint-not-found",
            "there is no such webhook endpoint",
        )
    };
    let state: Payload = row.ok_or_else(missing)?.try_get("state")?;
    Ok(serde_json::from_str(&state.0)?)
}

const FIND_ENDPOINT: &str =
    "select e.state from webhook_endpoints e where e.tenant_id = $1 and e.endpoint_id = $2";
