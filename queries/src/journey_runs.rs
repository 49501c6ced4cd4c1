//! Runs of journeys: who is on which journey, where they stand, and every step that was taken with what came of it.

use domain::journey_runs::{EndCause, Happened, JourneyRun, RunStanding, Taken};
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
use crate::past::Past;
use crate::registry::{Entry, Shape, schema_of};

/// The projection of runs.
pub(crate) const PROJECTION: &str = "journey_runs";

pub(crate) const JOURNEY_RUNS: Entry = Entry {
    name: "journey-runs",
    title: "Journey runs",
    description: "Who is on which journey, the newest first: where each stands, what it waits for, and every step that was \
        taken with what came of it.",
    shape: Shape::List,
    permission: Permission::CustomersRead,
    projections: &[PROJECTION],
    params: schema_of::<RunsParams>,
    item: schema_of::<RunItem>,
    run: |ctx, params| Box::pin(journey_runs(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunsParams {
    /// Only this run.
    run_id: Option<String>,
    /// Only of this journey.
    journey: Option<String>,
    /// Only of this customer.
    customer_id: Option<String>,
    /// Only about this booking.
    booking_id: Option<String>,
    /// Only those that stand so.
    standing: Option<RunStanding>,
    /// The order of the list.
    #[serde(default)]
    sort: RunSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum RunSort {
    #[default]
    #[serde(rename = "-began_at")]
    Newest,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct RunItem {
    run_id: String,
    journey: String,
    /// The version that it goes through to the end.
    version: u32,
    customer_id: String,
    booking_id: Option<String>,
    /// What began it; null where a person did.
    trigger: Option<Happened>,
    standing: RunStanding,
    /// The step that is next, or that it waits at.
    step: Option<String>,
    /// When it goes on at the latest, while it waits.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    wakes_at: Option<OffsetDateTime>,
    /// The event that it waits for, if it does.
    waits_for: Option<String>,
    /// Steps that were taken, in order.
    steps: Vec<Taken>,
    /// Why it is over.
    ended: Option<EndCause>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    began_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
}

const LIST_RUNS: &str = "
    select r.run_id, r.state, r.began_at, r.updated_at
    from journey_runs r
    where r.tenant_id = $1
        and ($2::text is null or r.run_id = $2)
        and ($3::text is null or r.journey = $3)
        and ($4::text is null or r.customer_id = $4)
        and ($5::text is null or r.booking_id = $5)
        and ($6::text is null or r.standing = $6)
        and ($7::timestamptz is null or (r.began_at, r.run_id) < ($7, $8))
    order by r.began_at desc, r.run_id desc
    limit $9";

/// Runs of all these customers.
const LIST_RUNS_OF: &str = "
    select r.run_id, r.state, r.began_at, r.updated_at
    from journey_runs r
    where r.tenant_id = $1 and r.customer_id = any ($2::text[])
    order by r.began_at desc, r.run_id desc
    limit $3";

async fn journey_runs(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: RunsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        RunSort::Newest => (LIST_RUNS, "-began_at"),
    };
    let order = (JOURNEY_RUNS.name, sort);
    let page = Page::open(ctx, order, params.limit, params.cursor.as_deref()).await?;
    let standing = params.standing.map(serde_json::to_value).transpose()?;
    let standing = standing.as_ref().and_then(Value::as_str);
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.run_id,
                &params.journey,
                &params.customer_id,
                &params.booking_id,
                &standing,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.began_at, &last.run_id)
    })?;
    Found::page(&items, next_cursor)
}

/// The newest runs of some customers.
pub(crate) async fn list_runs_of(
    ctx: &Ctx<'_>,
    family: &[String],
    limit: i64,
) -> Result<Vec<RunItem>> {
    let statement = ctx.tx.prepare_cached(LIST_RUNS_OF).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &family, &limit])
        .await?;
    rows.iter().map(read).collect()
}

/// Which runs these customers were ever on, the newest first.
const LIST_RUN_IDS_OF: &str = "
    select r.run_id
    from journey_runs r
    where r.tenant_id = $1 and r.customer_id = any ($2::text[])
    order by r.began_at desc, r.run_id desc
    limit $3";

/// The newest runs of some customers as they stood then, folded from their streams; `folded` at most.
pub(crate) async fn past_runs_of(
    ctx: &Ctx<'_>,
    past: &Past<'_, '_>,
    family: &[String],
    folded: i64,
) -> Result<Vec<RunItem>> {
    let statement = ctx.tx.prepare_cached(LIST_RUN_IDS_OF).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &family, &folded])
        .await?;
    let ids = rows.iter().map(|row| row.try_get("run_id"));
    let ids: Vec<String> = ids.collect::<std::result::Result<_, _>>()?;
    let lived = past.find_all::<JourneyRun>(&ids).await?;
    let runs = lived.into_iter().map(|run| {
        RunItem::of(
            run.id,
            &run.then.state,
            (run.then.created_at, run.then.updated_at),
        )
    });
    let mut runs = runs.collect::<Result<Vec<_>>>()?;
    runs.sort_by(|one, other| (other.began_at, &other.run_id).cmp(&(one.began_at, &one.run_id)));
    Ok(runs)
}

fn read(row: &Row) -> Result<RunItem> {
    let state: JourneyRun = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let seen = (row.try_get("began_at")?, row.try_get("updated_at")?);
    RunItem::of(row.try_get("run_id")?, &state, seen)
}

impl RunItem {
    fn of(
        run_id: String,
        state: &JourneyRun,
        (began_at, updated_at): (OffsetDateTime, OffsetDateTime),
    ) -> Result<Self> {
        let run = state.require()?.clone();
        let began = run.began;
        let (wakes_at, waits_for) = match run.waiting {
            Some(waiting) => (Some(waiting.until), waiting.event),
            None => (None, None),
        };
        Ok(Self {
            run_id,
            journey: began.journey,
            version: began.version,
            customer_id: began.customer_id.to_string(),
            booking_id: began.booking_id.map(|id| id.to_string()),
            trigger: began.trigger,
            standing: run.standing,
            step: run.place,
            wakes_at,
            waits_for,
            steps: run.history,
            ended: run.ended.map(|ended| ended.cause),
            began_at,
            updated_at,
        })
    }
}
