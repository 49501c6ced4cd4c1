//! Journeys: how each stands, and what its versions say.

use cqrs_es::Aggregate;
use domain::journey_runs::JourneyRun;
use domain::journeys::{Journey, JourneyStanding};
use domain::refusal::Refusal;
use event_store::Result;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::past::{Past, Then};
use crate::registry::{Entry, Shape, schema_of};

/// The projection of journeys.
const PROJECTION: &str = "journeys";

pub(crate) const JOURNEYS: Entry = Entry {
    name: "journeys",
    title: "Journeys",
    description: "What is done by itself after something has happened: journeys by name, how each stands, and how many are on \
        their way. For what one says, ask journey by its name.",
    shape: Shape::List,
    permission: Permission::TenantsRead,
    projections: &[PROJECTION, crate::journey_runs::PROJECTION],
    params: schema_of::<JourneysParams>,
    item: schema_of::<JourneyRow>,
    run: |ctx, params| Box::pin(journeys(ctx, params)),
};

pub(crate) const JOURNEY: Entry = Entry {
    name: "journey",
    title: "A journey",
    description: "One journey with each of its versions as it was written, the newest first.",
    shape: Shape::One,
    permission: Permission::TenantsRead,
    projections: &[PROJECTION, crate::journey_runs::PROJECTION],
    params: schema_of::<JourneyParams>,
    item: schema_of::<JourneyItem>,
    run: |ctx, params| Box::pin(journey(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct JourneysParams {
    /// Only those that stand so.
    standing: Option<JourneyStanding>,
    /// The order of the list.
    #[serde(default)]
    sort: JourneySort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum JourneySort {
    #[default]
    #[serde(rename = "journey")]
    Name,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct JourneyParams {
    /// The journey's name.
    #[schemars(length(min = 1, max = 32))]
    id: String,
    /// As it was at this position, or at this time (RFC 3339) by when it was written down; now unless given.
    #[schemars(length(min = 1, max = 40))]
    as_of: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct JourneyRow {
    /// Its name, which is its id.
    journey: String,
    standing: JourneyStanding,
    /// The newest version.
    version: u32,
    /// The version that new runs begin with; null while none do.
    enabled_version: Option<u32>,
    /// The event that begins a run of the enabled version, or of the newest.
    trigger: String,
    /// Runs under way.
    open_runs: i64,
    finished_runs: i64,
    /// Runs that ended before the last step.
    exited_runs: i64,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

#[derive(Serialize, JsonSchema)]
struct JourneyItem {
    #[serde(flatten)]
    row: JourneyRow,
    /// The newest first.
    versions: Vec<VersionItem>,
}

#[derive(Serialize, JsonSchema)]
struct VersionItem {
    version: u32,
    /// YAML, as it was written.
    definition: String,
    /// The principal.
    defined_by: String,
}

const LIST_JOURNEYS: &str = "
    select j.journey, j.state, j.updated_at, j.sequence, r.open, r.finished, r.exited
    from journeys j
    cross join lateral (
        select count(*) filter (where r.standing in ('running', 'waiting')) as open,
            count(*) filter (where r.standing = 'finished') as finished,
            count(*) filter (where r.standing = 'exited') as exited
        from journey_runs r where r.tenant_id = j.tenant_id and r.journey = j.journey
    ) r
    where j.tenant_id = $1
        and ($2::text is null or j.standing = $2)
        and ($3::text is null or j.journey > $3)
    order by j.journey
    limit $4";

const FIND_JOURNEY: &str = "
    select j.journey, j.state, j.updated_at, j.sequence, r.open, r.finished, r.exited
    from journeys j
    cross join lateral (
        select count(*) filter (where r.standing in ('running', 'waiting')) as open,
            count(*) filter (where r.standing = 'finished') as finished,
            count(*) filter (where r.standing = 'exited') as exited
        from journey_runs r where r.tenant_id = j.tenant_id and r.journey = j.journey
    ) r
    where j.tenant_id = $1 and j.journey = $2";

async fn journeys(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: JourneysParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        JourneySort::Name => (LIST_JOURNEYS, "journey"),
    };
    let order = (JOURNEYS.name, sort);
    let page = Page::open(ctx, order, params.limit, params.cursor.as_deref()).await?;
    let standing = params.standing.map(serde_json::to_value).transpose()?;
    let standing = standing.as_ref().and_then(Value::as_str);
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[&ctx.tenant(), &standing, &page.id(), &page.fetch()],
        )
        .await?;
    let mut items = rows
        .iter()
        .map(|row| Ok(read(row)?.0))
        .collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Ok(Cursor {
            sort: sort.to_owned(),
            keys: Vec::new(),
            id: last.journey.clone(),
        })
    })?;
    Found::page(&items, next_cursor)
}

/// How its runs stood then: each began with its first event, and what is over ended with its last.
const COUNT_PAST_RUNS: &str = "
    select count(*) filter (where ended.position is null) as open,
        count(*) filter (where ended.position is not null and r.standing = 'finished') as finished,
        count(*) filter (where ended.position is not null and r.standing = 'exited') as exited
    from journey_runs r
    join events began on began.tenant_id = r.tenant_id and began.aggregate_type = $3 and began.aggregate_id = r.run_id
        and began.sequence = 1
    left join events ended on ended.tenant_id = r.tenant_id and ended.aggregate_type = $3 and ended.aggregate_id = r.run_id
        and ended.sequence = r.sequence and r.standing in ('finished', 'exited')
        and ($4::bigint is null or ended.position <= $4) and ($5::timestamptz is null or ended.recorded_at <= $5)
    where r.tenant_id = $1 and r.journey = $2
        and ($4::bigint is null or began.position <= $4) and ($5::timestamptz is null or began.recorded_at <= $5)";

async fn journey(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: JourneyParams = params::parse(params)?;
    if let Some(past) = Past::of(ctx, params.as_of.as_deref())? {
        return past_journey(ctx, &past, params.id).await;
    }
    let statement = ctx.tx.prepare_cached(FIND_JOURNEY).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant(), &params.id])
        .await?;
    let (row, state) = read(&row.ok_or_else(unknown)?)?;
    Found::one(&JourneyItem::of(row, state))
}

async fn past_journey(ctx: &Ctx<'_>, past: &Past<'_, '_>, id: String) -> Result<Found> {
    let then: Then<Journey> = past.find(&id).await?.ok_or_else(unknown)?;
    let (position, time) = (past.as_of().position(), past.as_of().time());
    let statement = ctx.tx.prepare_cached(COUNT_PAST_RUNS).await?;
    let parameters: [&(dyn ToSql + Sync); 5] =
        [&ctx.tenant(), &id, &JourneyRun::TYPE, &position, &time];
    let counted = ctx.tx.query_one(&statement, &parameters).await?;
    let seen = (then.updated_at, then.sequence);
    let row = JourneyRow::of(id, &then.state, &counted, seen)?;
    Found::one(&JourneyItem::of(row, then.state))
}

fn unknown() -> Refusal {
    Refusal::not_found("journey-not-found", "there is no such journey")
}

fn read(row: &Row) -> Result<(JourneyRow, Journey)> {
    let state: Journey = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let seen = (row.try_get("updated_at")?, row.try_get("sequence")?);
    let read = JourneyRow::of(row.try_get("journey")?, &state, row, seen)?;
    Ok((read, state))
}

impl JourneyRow {
    /// Of the row `counted` only what it says of runs.
    fn of(
        journey: String,
        state: &Journey,
        counted: &Row,
        (updated_at, sequence): (OffsetDateTime, i64),
    ) -> Result<Self> {
        let enabled_version = state.in_force().map(|(number, _)| number);
        let version = state.newest().unwrap_or_default();
        let shown = state.versions.get(&enabled_version.unwrap_or(version));
        Ok(Self {
            journey,
            standing: state.standing,
            version,
            enabled_version,
            trigger: shown.map(|shown| shown.trigger.clone()).unwrap_or_default(),
            open_runs: counted.try_get("open")?,
            finished_runs: counted.try_get("finished")?,
            exited_runs: counted.try_get("exited")?,
            updated_at,
            sequence,
        })
    }
}

impl JourneyItem {
    fn of(row: JourneyRow, state: Journey) -> Self {
        let versions = state.versions.into_iter().rev();
        Self {
            row,
            versions: versions
                .map(|(version, said)| VersionItem {
                    version,
                    definition: said.definition,
                    defined_by: said.defined_by,
                })
                .collect(),
        }
    }
}
