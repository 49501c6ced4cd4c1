//! The assistant in figures: how often its suggestions are taken and its threads left to people, and what its models use.

use domain::slots::{DateRange, iso_date};
use domain::zones::{local_date, starts_at};
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Date, Duration, OffsetDateTime};
use tokio_postgres::Row;

use super::PROJECTION;
use crate::ask::{Ctx, Found};
use crate::bookings::date;
use crate::registry::{Entry, Shape, schema_of};
use crate::{params, tenants};

/// Days shown when the caller names none.
const DEFAULT_DAYS: i64 = 30;
/// Rows of one answer; a tenant asks few models.
const MAX_ROWS: i64 = 1_000;

pub(crate) const AGENTS: Entry = Entry {
    name: "agents",
    title: "How the assistant does",
    description: "For each model, and for the rules, over a range of days: runs, what became of them, how often suggestions \
        are taken and threads left to people, and what it cost.",
    shape: Shape::List,
    permission: Permission::FiguresRead,
    projections: &[PROJECTION, tenants::PROJECTION],
    params: schema_of::<FiguresParams>,
    item: schema_of::<AgentItem>,
    run: |ctx, params| Box::pin(agents(ctx, params)),
};

pub(crate) const AI_USAGE: Entry = Entry {
    name: "ai-usage",
    title: "Use of language models",
    description: "Runs, calls, tokens and cost of the assistant over a range of days, by day, model or customer.",
    shape: Shape::List,
    permission: Permission::FiguresRead,
    projections: &[PROJECTION, tenants::PROJECTION],
    params: schema_of::<UsageParams>,
    item: schema_of::<UsageItem>,
    run: |ctx, params| Box::pin(ai_usage(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FiguresParams {
    /// The first day (YYYY-MM-DD), in the tenant's calendar.
    from: Option<String>,
    /// The last day (YYYY-MM-DD), at most 366 days in all; today when absent.
    to: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UsageParams {
    /// The first day (YYYY-MM-DD), in the tenant's calendar.
    from: Option<String>,
    /// The last day (YYYY-MM-DD), at most 366 days in all; today when absent.
    to: Option<String>,
    /// What is summed up: `day` unless given.
    #[serde(default)]
    by: UsageBy,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum UsageBy {
    #[default]
    Day,
    Model,
    Customer,
}

#[derive(Serialize, JsonSchema)]
struct AgentItem {
    /// `rules` or `model`.
    engine: String,
    model: String,
    runs: i64,
    answered: i64,
    handed_over: i64,
    /// Overtaken by a newer message or a person, or not allowed.
    ended: i64,
    /// Suggestions that were made.
    suggested: i64,
    accepted: i64,
    edited: i64,
    dismissed: i64,
    /// Accepted as it was, over all that a person has settled, between 0 and 1; null before any was.
    acceptance_rate: Option<f64>,
    /// Handed over, over all that was answered or handed over; null before any was.
    hand_over_rate: Option<f64>,
    input_tokens: i64,
    output_tokens: i64,
    /// In millionths of a US dollar.
    cost_micros: i64,
    /// Calls whose price is not known; they are not in `cost_micros`.
    unpriced_calls: i64,
}

#[derive(Serialize, JsonSchema)]
struct UsageItem {
    /// Null unless summed up by day.
    #[serde(with = "iso_date::option")]
    #[schemars(with = "Option<String>")]
    date: Option<Date>,
    /// Null unless summed up by model.
    model: Option<String>,
    /// Null unless summed up by customer, and for who is not known yet.
    customer_id: Option<String>,
    runs: i64,
    calls: i64,
    failed_calls: i64,
    input_tokens: i64,
    cached_input_tokens: i64,
    output_tokens: i64,
    /// In millionths of a US dollar.
    cost_micros: i64,
    unpriced_calls: i64,
}

const COUNT_BY_AGENT: &str = "
    select r.engine, r.model, count(*) as runs,
        count(*) filter (where r.standing = 'answered') as answered,
        count(*) filter (where r.standing = 'handed_over') as handed_over,
        count(*) filter (where r.standing = 'ended') as ended,
        count(*) filter (where r.standing in ('suggested', 'accepted', 'edited', 'dismissed')) as suggested,
        count(*) filter (where r.standing = 'accepted') as accepted,
        count(*) filter (where r.standing = 'edited') as edited,
        count(*) filter (where r.standing = 'dismissed') as dismissed,
        coalesce(sum(r.input_tokens), 0)::bigint as input_tokens,
        coalesce(sum(r.output_tokens), 0)::bigint as output_tokens,
        coalesce(sum(r.cost_micros), 0)::bigint as cost_micros,
        coalesce(sum(r.unpriced_calls), 0)::bigint as unpriced_calls
    from assistant_runs r
    where r.tenant_id = $1 and r.started_at >= $2 and r.started_at < $3
    group by r.engine, r.model
    order by runs desc, r.engine, r.model
    limit $4";

async fn agents(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: FiguresParams = params::parse(params)?;
    let (from, until, _) = range(ctx, params.from.as_deref(), params.to.as_deref()).await?;
    let statement = ctx.tx.prepare_cached(COUNT_BY_AGENT).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &from, &until, &MAX_ROWS])
        .await?;
    let items = rows.iter().map(agent).collect::<Result<Vec<_>>>()?;
    Found::all(&items)
}

fn agent(row: &Row) -> Result<AgentItem> {
    let count = |name: &str| row.try_get::<_, i64>(name);
    let (accepted, edited, dismissed) = (count("accepted")?, count("edited")?, count("dismissed")?);
    let (answered, handed_over) = (count("answered")?, count("handed_over")?);
    Ok(AgentItem {
        engine: row.try_get("engine")?,
        model: row.try_get("model")?,
        runs: count("runs")?,
        answered,
        handed_over,
        ended: count("ended")?,
        suggested: count("suggested")?,
        accepted,
        edited,
        dismissed,
        acceptance_rate: rate(accepted, accepted + edited + dismissed),
        hand_over_rate: rate(handed_over, answered + handed_over),
        input_tokens: count("input_tokens")?,
        output_tokens: count("output_tokens")?,
        cost_micros: count("cost_micros")?,
        unpriced_calls: count("unpriced_calls")?,
    })
}

/// Counts stay far below what a float can tell apart.
#[allow(clippy::cast_precision_loss)]
fn rate(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

const SUM_BY_DAY: &str = "
    select (r.started_at at time zone $4::text)::date as date, null::text as model, null::text as customer_id,
        count(*) as runs, coalesce(sum(r.calls), 0)::bigint as calls,
        coalesce(sum(r.failed_calls), 0)::bigint as failed_calls,
        coalesce(sum(r.input_tokens), 0)::bigint as input_tokens,
        coalesce(sum(r.cached_input_tokens), 0)::bigint as cached_input_tokens,
        coalesce(sum(r.output_tokens), 0)::bigint as output_tokens,
        coalesce(sum(r.cost_micros), 0)::bigint as cost_micros,
        coalesce(sum(r.unpriced_calls), 0)::bigint as unpriced_calls
    from assistant_runs r
    where r.tenant_id = $1 and r.started_at >= $2 and r.started_at < $3
    group by 1
    order by 1 desc
    limit $5";

const SUM_BY_MODEL: &str = "
    select null::date as date, r.model, null::text as customer_id, count(*) as runs,
        coalesce(sum(r.calls), 0)::bigint as calls, coalesce(sum(r.failed_calls), 0)::bigint as failed_calls,
        coalesce(sum(r.input_tokens), 0)::bigint as input_tokens,
        coalesce(sum(r.cached_input_tokens), 0)::bigint as cached_input_tokens,
        coalesce(sum(r.output_tokens), 0)::bigint as output_tokens,
        coalesce(sum(r.cost_micros), 0)::bigint as cost_micros,
        coalesce(sum(r.unpriced_calls), 0)::bigint as unpriced_calls
    from assistant_runs r
    where r.tenant_id = $1 and r.started_at >= $2 and r.started_at < $3 and $4::text is not null
    group by r.model
    order by cost_micros desc, runs desc, r.model
    limit $5";

const SUM_BY_CUSTOMER: &str = "
    select null::date as date, null::text as model, r.customer_id, count(*) as runs,
        coalesce(sum(r.calls), 0)::bigint as calls, coalesce(sum(r.failed_calls), 0)::bigint as failed_calls,
        coalesce(sum(r.input_tokens), 0)::bigint as input_tokens,
        coalesce(sum(r.cached_input_tokens), 0)::bigint as cached_input_tokens,
        coalesce(sum(r.output_tokens), 0)::bigint as output_tokens,
        coalesce(sum(r.cost_micros), 0)::bigint as cost_micros,
        coalesce(sum(r.unpriced_calls), 0)::bigint as unpriced_calls
    from assistant_runs r
    where r.tenant_id = $1 and r.started_at >= $2 and r.started_at < $3 and $4::text is not null
    group by r.customer_id
    order by cost_micros desc, runs desc, r.customer_id
    limit $5";

async fn ai_usage(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: UsageParams = params::parse(params)?;
    let (from, until, zone) = range(ctx, params.from.as_deref(), params.to.as_deref()).await?;
    let sql = match params.by {
        UsageBy::Day => SUM_BY_DAY,
        UsageBy::Model => SUM_BY_MODEL,
        UsageBy::Customer => SUM_BY_CUSTOMER,
    };
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[&ctx.tenant(), &from, &until, &zone, &MAX_ROWS],
        )
        .await?;
    let items = rows.iter().map(usage).collect::<Result<Vec<_>>>()?;
    Found::all(&items)
}

fn usage(row: &Row) -> Result<UsageItem> {
    Ok(UsageItem {
        date: row.try_get("date")?,
        model: row.try_get("model")?,
        customer_id: row.try_get("customer_id")?,
        runs: row.try_get("runs")?,
        calls: row.try_get("calls")?,
        failed_calls: row.try_get("failed_calls")?,
        input_tokens: row.try_get("input_tokens")?,
        cached_input_tokens: row.try_get("cached_input_tokens")?,
        output_tokens: row.try_get("output_tokens")?,
        cost_micros: row.try_get("cost_micros")?,
        unpriced_calls: row.try_get("unpriced_calls")?,
    })
}

/// From the beginning of the first day to the end of the last, and the tenant's time zone.
async fn range(
    ctx: &Ctx<'_>,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(OffsetDateTime, OffsetDateTime, String)> {
    let time_zone = tenants::find_settings(ctx).await?.time_zone;
    let to = date("to", to)?.unwrap_or_else(|| local_date(&time_zone, ctx.now));
    let first = to
        .checked_sub(Duration::days(DEFAULT_DAYS - 1))
        .unwrap_or(to);
    let from = date("from", from)?.unwrap_or(first);
    let range = DateRange::new(from, to)
        .map_err(|refusal| params::refuse_one("to", &refusal.code, &refusal.detail))?;
    let midnight = domain::slots::Slot::default();
    let begin = |day: Date| {
        // Where clocks go forward over midnight, the day begins an hour later.
        starts_at(&time_zone, day, midnight).unwrap_or_else(|_| day.midnight().assume_utc())
    };
    let end = range.to.next_day().unwrap_or(range.to);
    Ok((begin(range.from), begin(end), time_zone.as_str().to_owned()))
}
