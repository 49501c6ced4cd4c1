//! Journeys: how each stands, and what its versions say.

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

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
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

async fn journey(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: JourneyParams = params::parse(params)?;
    let statement = ctx.tx.prepare_cached(FIND_JOURNEY).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant(), &params.id])
        .await?;
    let unknown = || Refusal::not_found("journey-not-found", "there is no such journey");
    let (row, state) = read(&row.ok_or_else(unknown)?)?;
    let versions = state.versions.into_iter().rev();
    Found::one(&JourneyItem {
        row,
        versions: versions
            .map(|(version, said)| VersionItem {
                version,
                definition: said.definition,
                defined_by: said.defined_by,
            })
            .collect(),
    })
}

fn read(row: &Row) -> Result<(JourneyRow, Journey)> {
    let state: Journey = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let enabled_version = state.in_force().map(|(number, _)| number);
    let version = state.newest().unwrap_or_default();
    let shown = state.versions.get(&enabled_version.unwrap_or(version));
    let read = JourneyRow {
        journey: row.try_get("journey")?,
        standing: state.standing,
        version,
        enabled_version,
        trigger: shown.map(|shown| shown.trigger.clone()).unwrap_or_default(),
        open_runs: row.try_get("open")?,
        finished_runs: row.try_get("finished")?,
        exited_runs: row.try_get("exited")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
    };
    Ok((read, state))
}
