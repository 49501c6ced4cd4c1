//! Replays of webhooks: how far each is, and how many events one would send before it is ordered.

use cqrs_es::Aggregate;
use domain::operations::Operation;
use domain::webhook_endpoints::{EVERY_EVENT, WebhookEndpoint};
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::registry::{Entry, Shape, schema_of};
use crate::webhook_endpoints::{PROJECTION, find_endpoint};

/// The subscriber that turns events into messages, and orders into replays.
const SUBSCRIBER: &str = "webhooks";
/// A preview counts up to here.
const MAX_COUNTED: i64 = 100_000;

pub(crate) const WEBHOOK_REPLAYS: Entry = Entry {
    name: "webhook-replays",
    title: "Replays of webhooks",
    description: "Past events that are sent again to an endpoint, the newest order first, and how far each replay is.",
    shape: Shape::List,
    permission: Permission::WebhooksRead,
    projections: &[SUBSCRIBER],
    params: schema_of::<ReplaysParams>,
    item: schema_of::<ReplayItem>,
    run: |ctx, params| Box::pin(webhook_replays(ctx, params)),
};

pub(crate) const WEBHOOK_REPLAY_PREVIEW: Entry = Entry {
    name: "webhook-replay-preview",
    title: "What a replay would send",
    description: "How many events replay-webhooks would send again to an endpoint, by its present filter.",
    shape: Shape::One,
    permission: Permission::WebhooksRead,
    projections: &[PROJECTION],
    params: schema_of::<PreviewParams>,
    item: schema_of::<PreviewItem>,
    run: |ctx, params| Box::pin(webhook_replay_preview(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReplaysParams {
    /// Only those to this endpoint.
    endpoint_id: Option<String>,
    /// The order of the list.
    #[serde(default)]
    sort: ReplaySort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum ReplaySort {
    #[default]
    #[serde(rename = "-ordered_at")]
    Newest,
}

#[derive(Serialize, JsonSchema)]
struct ReplayItem {
    replay_id: String,
    endpoint_id: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    from: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    until: OffsetDateTime,
    messages_per_second: i32,
    /// Messages queued so far; see `webhook-deliveries` for what came of them.
    queued: i64,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    ordered_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    finished_at: Option<OffsetDateTime>,
    /// Why it ended before everything was queued; null when it did not.
    ended_by: Option<String>,
}

const LIST_REPLAYS: &str = "
    select r.replay_id, r.endpoint_id, r.recorded_from, r.recorded_until, r.messages_per_second, r.queued, r.ordered_at,
        r.finished_at, r.ended_by
    from webhook_replays r
    where r.tenant_id = $1
        and ($2::text is null or r.endpoint_id = $2)
        and ($3::timestamptz is null or (r.ordered_at, r.replay_id) < ($3, $4))
    order by r.ordered_at desc, r.replay_id desc
    limit $5";

async fn webhook_replays(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ReplaysParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        ReplaySort::Newest => (LIST_REPLAYS, "-ordered_at"),
    };
    let page = Page::open(
        ctx,
        (WEBHOOK_REPLAYS.name, sort),
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
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = rows.iter().map(item).collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.ordered_at, &last.replay_id)
    })?;
    Found::page(&items, next_cursor)
}

fn item(row: &Row) -> Result<ReplayItem> {
    Ok(ReplayItem {
        replay_id: row.try_get("replay_id")?,
        endpoint_id: row.try_get("endpoint_id")?,
        from: row.try_get("recorded_from")?,
        until: row.try_get("recorded_until")?,
        messages_per_second: row.try_get("messages_per_second")?,
        queued: row.try_get("queued")?,
        ordered_at: row.try_get("ordered_at")?,
        finished_at: row.try_get("finished_at")?,
        ended_by: row.try_get("ended_by")?,
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PreviewParams {
    /// The endpoint's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
    /// From this time on (RFC 3339).
    from: String,
    /// Before this time (RFC 3339); now unless given.
    until: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct PreviewItem {
    endpoint_id: String,
    /// Events that would be sent, counted up to 100,000.
    events: i64,
}

const COUNT_EVENTS: &str = "
    select count(*) as found from (
        select from events e
        where e.tenant_id = $1 and e.recorded_at >= $2 and e.recorded_at < $3 and e.aggregate_type <> all ($4::text[])
            and ($5::text[] is null or e.event_type = any ($5))
        limit $6) few";

async fn webhook_replay_preview(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: PreviewParams = params::parse(params)?;
    let endpoint = find_endpoint(ctx, &params.id).await?;
    endpoint.require()?;
    let from = parse_time("from", &params.from)?;
    let until = match &params.until {
        Some(until) => parse_time("until", until)?,
        None => ctx.now,
    };
    let is_all = endpoint.event_types.contains(EVERY_EVENT);
    let names: Option<Vec<&String>> = (!is_all).then(|| endpoint.event_types.iter().collect());
    let untold = [WebhookEndpoint::TYPE, Operation::TYPE];
    let statement = ctx.tx.prepare_cached(COUNT_EVENTS).await?;
    let row = ctx
        .tx
        .query_one(
            &statement,
            &[
                &ctx.tenant(),
                &from,
                &until,
                &&untold[..],
                &names,
                &MAX_COUNTED,
            ],
        )
        .await?;
    Found::one(&PreviewItem {
        endpoint_id: params.id,
        events: row.try_get("found")?,
    })
}

fn parse_time(name: &str, text: &str) -> Result<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        let message = "a time such as 2026-05-01T12:00:00Z";
        params::refuse_one(name, "time-invalid", message).into()
    })
}
