//! Bulk runs: how far each is, what failed and why.

use domain::bulk_runs::{BulkRun, BulkStanding, FailedRecord};
use domain::refusal::Refusal;
use event_store::Result;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::registry::{Entry, Shape, schema_of};

/// Records that failed which one answer names; there may be more.
const MAX_FAILED: usize = 200;

pub(crate) const BULK_RUN: Entry = Entry {
    name: "bulk-run",
    title: "Bulk run",
    description: "How far one bulk run is, how many failed for each reason, and the first 200 of them.",
    shape: Shape::One,
    permission: Permission::CustomersRead,
    projections: &["bulk_runs"],
    params: schema_of::<RunParams>,
    item: schema_of::<RunDetail>,
    run: |ctx, params| Box::pin(bulk_run(ctx, params)),
};

pub(crate) const BULK_RUNS: Entry = Entry {
    name: "bulk-runs",
    title: "Bulk runs",
    description: "Commands that were sent for many in the background, the newest first: how far each is and what came of it.",
    shape: Shape::List,
    permission: Permission::CustomersRead,
    projections: &["bulk_runs"],
    params: schema_of::<RunsParams>,
    item: schema_of::<RunItem>,
    run: |ctx, params| Box::pin(bulk_runs(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunParams {
    /// The run.
    id: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunsParams {
    /// Only those that stand so.
    standing: Option<BulkStanding>,
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
    #[serde(rename = "-started_at")]
    Newest,
}

#[derive(Serialize, JsonSchema)]
struct RunItem {
    run_id: String,
    /// Such as `tag-customer`.
    command: String,
    /// What the command has beside the id.
    body: Map<String, Value>,
    standing: BulkStanding,
    total: usize,
    done: usize,
    /// All was as asked already.
    skipped: usize,
    failed: usize,
    /// Not seen to yet.
    remaining: usize,
    /// The principal who began it.
    started_by: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// Of its newest event, for `If-Match`.
    sequence: i64,
}

#[derive(Serialize, JsonSchema)]
struct RunDetail {
    #[serde(flatten)]
    run: RunItem,
    /// How many failed for each reason.
    reasons: Vec<Reason>,
    /// The first 200 that failed.
    failures: Vec<FailedRecord>,
}

#[derive(Serialize, JsonSchema)]
struct Reason {
    /// The code of the refusal.
    code: String,
    count: usize,
}

const FIND_BULK_RUN: &str = "
    select r.run_id, r.state, r.started_at, r.updated_at, r.sequence
    from bulk_runs r
    where r.tenant_id = $1 and r.run_id = $2";

const LIST_BULK_RUNS: &str = "
    select r.run_id, r.state, r.started_at, r.updated_at, r.sequence
    from bulk_runs r
    where r.tenant_id = $1
        and ($2::text is null or r.standing = $2)
        and ($3::timestamptz is null or (r.started_at, r.run_id) < ($3, $4))
    order by r.started_at desc, r.run_id desc
    limit $5";

async fn bulk_run(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: RunParams = params::parse(params)?;
    let statement = ctx.tx.prepare_cached(FIND_BULK_RUN).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant(), &params.id])
        .await?;
    let unknown = || Refusal::not_found("bulk-run-not-found", "there is no such run");
    let row = row.ok_or_else(unknown)?;
    let (run, state) = read(&row)?;
    let record = state.require()?;
    let reason = |(code, count): (&str, usize)| Reason {
        code: code.to_owned(),
        count,
    };
    let detail = RunDetail {
        run,
        reasons: record.failed_by_code().into_iter().map(reason).collect(),
        failures: record.failed.iter().take(MAX_FAILED).cloned().collect(),
    };
    Found::one(&detail)
}

async fn bulk_runs(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: RunsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        RunSort::Newest => (LIST_BULK_RUNS, "-started_at"),
    };
    let order = (BULK_RUNS.name, sort);
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
                &standing,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let items = rows.iter().map(|row| Ok(read(row)?.0));
    let mut items = items.collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.started_at, &last.run_id)
    })?;
    Found::page(&items, next_cursor)
}

fn read(row: &Row) -> Result<(RunItem, BulkRun)> {
    let state: BulkRun = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let record = state.require()?;
    let item = RunItem {
        run_id: row.try_get("run_id")?,
        command: record.order.command.clone(),
        body: record.order.body.clone(),
        standing: record.standing,
        total: record.total,
        done: record.done,
        skipped: record.skipped,
        failed: record.failed.len(),
        remaining: record.remaining.len(),
        started_by: record.started_by.clone(),
        started_at: row.try_get("started_at")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
    };
    Ok((item, state))
}
