//! How long customers wait: for the first answer, for any answer, and until their thread is closed.

use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Date, Duration};
use tokio_postgres::Row;

use super::{PROJECTION, name_of};
use crate::ask::{Ctx, Found};
use crate::registry::{Entry, Shape, schema_of};
use crate::{bookings, params, tenants};

/// How far back it looks unless told, in days.
const DEFAULT_DAYS: i64 = 30;
/// The longest range of days.
const MAX_DAYS: i64 = 366;

pub(crate) const CONVERSATION_STATS: Entry = Entry {
    name: "conversation-stats",
    title: "Conversation figures",
    description: "How long customers waited for a first answer, for any answer, and until their thread was closed, over a \
        range of days: as a whole, by day, by channel, or by who answered.",
    shape: Shape::List,
    permission: Permission::ConversationsRead,
    projections: &[PROJECTION, tenants::PROJECTION],
    params: schema_of::<StatsParams>,
    item: schema_of::<StatsItem>,
    run: |ctx, params| Box::pin(conversation_stats(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatsParams {
    /// Waits that ended on this day or later (YYYY-MM-DD); 30 days ago unless given.
    from: Option<String>,
    /// Waits that ended on this day or earlier (YYYY-MM-DD); today unless given.
    to: Option<String>,
    /// Only threads on this channel.
    channel: Option<domain::customers::consents::Channel>,
    /// What there is a row for each of.
    #[serde(default)]
    by: Grouping,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Grouping {
    #[default]
    Total,
    Day,
    Channel,
    SenderType,
}

#[derive(Serialize, JsonSchema)]
struct StatsItem {
    /// The day, channel or type of sender; `total` for all of it. Threads are closed by nobody in particular: `none`.
    group: String,
    /// Until the first answer since a thread was opened, or opened again.
    first_response: Waits,
    /// Until any answer, the first included.
    response: Waits,
    /// From the customer's first message until the thread was closed.
    resolution: Waits,
}

#[derive(Serialize, JsonSchema)]
struct Waits {
    count: i64,
    /// Null when there are none.
    mean_seconds: Option<f64>,
    median_seconds: Option<f64>,
    /// Nine of ten waited no longer.
    p90_seconds: Option<f64>,
}

const LIST_WAITS: &str = "
    with waits as (
        select w.kind, extract(epoch from w.ended_at - w.began_at)::float8 as seconds,
            case $6::text when 'day' then to_char(w.ended_at at time zone $5, 'YYYY-MM-DD')
                when 'channel' then w.channel when 'sender_type' then coalesce(w.sender_type, 'none')
                else 'total' end as part
        from conversation_waits w
        where w.tenant_id = $1
            and w.ended_at >= $2::date::timestamp at time zone $5
            and w.ended_at < ($3::date + 1)::timestamp at time zone $5
            and ($4::text is null or w.channel = $4)
    )
    select part,
        count(*) filter (where kind = 'first_response') as first_response_count,
        avg(seconds) filter (where kind = 'first_response') as first_response_mean,
        percentile_cont(array[0.5, 0.9]) within group (order by seconds)
            filter (where kind = 'first_response') as first_response_points,
        count(*) filter (where kind in ('first_response', 'response')) as response_count,
        avg(seconds) filter (where kind in ('first_response', 'response')) as response_mean,
        percentile_cont(array[0.5, 0.9]) within group (order by seconds)
            filter (where kind in ('first_response', 'response')) as response_points,
        count(*) filter (where kind = 'resolution') as resolution_count,
        avg(seconds) filter (where kind = 'resolution') as resolution_mean,
        percentile_cont(array[0.5, 0.9]) within group (order by seconds)
            filter (where kind = 'resolution') as resolution_points
    from waits group by part order by part";

async fn conversation_stats(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: StatsParams = params::parse(params)?;
    let time_zone = tenants::find_settings(ctx).await?.time_zone;
    let today = domain::zones::local_date(&time_zone, ctx.now);
    let until = bookings::date("to", params.to.as_deref())?.unwrap_or(today);
    let from = bookings::date("from", params.from.as_deref())?
        .unwrap_or(until.saturating_sub(Duration::days(DEFAULT_DAYS)));
    check_range(from, until)?;
    let statement = ctx.tx.prepare_cached(LIST_WAITS).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &from,
                &until,
                &name_of(params.channel.as_ref())?,
                &time_zone.as_str(),
                &name_of(Some(&params.by))?,
            ],
        )
        .await?;
    let items = rows.iter().map(item).collect::<Result<Vec<_>>>()?;
    Found::all(&items)
}

fn check_range(from: Date, until: Date) -> Result<()> {
    if (0..MAX_DAYS).contains(&(until - from).whole_days()) {
        return Ok(());
    }
    let message = format!("to is not before from, and at most {MAX_DAYS} days after it");
    Err(params::refuse_one("to", "range-invalid", &message).into())
}

fn item(row: &Row) -> Result<StatsItem> {
    let waits = |count: &str, mean: &str, points: &str| -> Result<Waits> {
        let points: Option<Vec<f64>> = row.try_get(points)?;
        let point = |place: usize| {
            points
                .as_ref()
                .and_then(|points| points.get(place).copied())
        };
        Ok(Waits {
            count: row.try_get(count)?,
            mean_seconds: row.try_get(mean)?,
            median_seconds: point(0),
            p90_seconds: point(1),
        })
    };
    Ok(StatsItem {
        group: row.try_get("part")?,
        first_response: waits(
            "first_response_count",
            "first_response_mean",
            "first_response_points",
        )?,
        response: waits("response_count", "response_mean", "response_points")?,
        resolution: waits("resolution_count", "resolution_mean", "resolution_points")?,
    })
}
