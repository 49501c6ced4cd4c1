//! Runs of the assistant, and how well it does: what it suggested and said, on what that rests, and what a thread waits for.

pub(crate) mod budget;
pub(crate) mod figures;

use domain::assistant_runs::{AssistantRun, Engine, HandOverReason, RunStanding, ToolOutcome};
use domain::conversations::AiMode;
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
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};

/// The projection of runs.
pub(crate) const PROJECTION: &str = "assistant_runs";

pub(crate) const ASSISTANT_RUNS: Entry = Entry {
    name: "assistant-runs",
    title: "Runs of the assistant",
    description: "What the assistant made of each message that it looked at, the newest first: what it said or suggested, \
        why, what it looked up, and what it cost.",
    shape: Shape::List,
    permission: Permission::ConversationsRead,
    projections: &[PROJECTION],
    params: schema_of::<RunsParams>,
    item: schema_of::<RunItem>,
    run: |ctx, params| Box::pin(assistant_runs(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunsParams {
    /// Only those in this thread.
    thread_id: Option<String>,
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
    #[serde(rename = "-started_at")]
    Newest,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct RunItem {
    /// That of the customer's message.
    run_id: String,
    thread_id: String,
    customer_id: Option<String>,
    ai_mode: AiMode,
    engine: Engine,
    standing: RunStanding,
    /// What it said or suggests; null without the permission to read personal data.
    content: Option<String>,
    /// Why it says that.
    reasons: Vec<String>,
    /// What it looked up and did.
    tools: Vec<ToolItem>,
    /// Commands that make it true, `[{"command", "body"}]`; null without the permission to read personal data.
    actions: Option<Value>,
    /// Why a person had better answer.
    needs_person: Option<HandOverReason>,
    hand_over: Option<HandOverReason>,
    /// Why nothing came of it.
    ended_by: Option<String>,
    /// The message that came of it.
    message_id: Option<String>,
    calls: u32,
    failed_calls: u32,
    input_tokens: u64,
    output_tokens: u64,
    /// In millionths of a US dollar.
    cost_micros: u64,
    latency_ms: u64,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    finished_at: Option<OffsetDateTime>,
}

#[derive(Serialize, JsonSchema)]
struct ToolItem {
    tool: String,
    outcome: ToolOutcome,
    code: Option<String>,
    /// `{"arguments", "result"}`; null without the permission to read personal data.
    detail: Option<Value>,
}

const LIST_RUNS: &str = "
    select r.run_id, r.conversation_id, r.state
    from assistant_runs r
    where r.tenant_id = $1
        and ($2::text is null or r.conversation_id = $2)
        and ($3::text is null or r.standing = $3)
        and ($4::timestamptz is null or (r.started_at, r.run_id) < ($4, $5))
    order by r.started_at desc, r.run_id desc
    limit $6";

async fn assistant_runs(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: RunsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        RunSort::Newest => (LIST_RUNS, "-started_at"),
    };
    let order = (ASSISTANT_RUNS.name, sort);
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
                &params.thread_id,
                &standing,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = items(ctx, &rows).await?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.started_at, &last.run_id)
    })?;
    Found::page(&items, next_cursor)
}

/// A suggestion is of use until somebody has written in its thread.
const FIND_SUGGESTION: &str = "
    select r.run_id, r.conversation_id, r.state
    from assistant_runs r
    where r.tenant_id = $1 and r.conversation_id = $2 and r.standing <> 'ended'
    order by r.started_at desc, r.run_id desc
    limit 1";

/// The suggestion that waits in a thread, if there is one that still fits its newest message.
pub(crate) async fn find_suggestion(
    ctx: &Ctx<'_>,
    thread_id: &str,
    newest_message_id: Option<&str>,
) -> Result<Option<RunItem>> {
    let statement = ctx.tx.prepare_cached(FIND_SUGGESTION).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &thread_id])
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let run = run_of(row)?;
    let after = run.said.as_ref().map(|said| said.after_message_id.as_str());
    let waits = run.standing == RunStanding::Suggested && after == newest_message_id;
    Ok(match waits {
        true => items(ctx, &rows).await?.pop(),
        false => None,
    })
}

fn run_of(row: &Row) -> Result<AssistantRun> {
    Ok(serde_json::from_str(
        &row.try_get::<_, Payload>("state")?.0,
    )?)
}

async fn items(ctx: &Ctx<'_>, rows: &[Row]) -> Result<Vec<RunItem>> {
    let threads: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("conversation_id"))
        .collect::<std::result::Result<_, _>>()?;
    let plain = Plain::of(ctx, threads.iter().map(String::as_str)).await?;
    let pairs = rows.iter().zip(&threads);
    let items = pairs.map(|(row, thread_id)| item(row, thread_id, &plain));
    Ok(items
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

fn item(row: &Row, thread_id: &str, plain: &Plain) -> Result<Option<RunItem>> {
    let run = run_of(row)?;
    let Some(started) = run.started else {
        return Ok(None);
    };
    let said = run.said.as_deref();
    let open = |field: &str, sealed| plain.open(thread_id, field, sealed);
    let json = |text: String| serde_json::from_str::<Value>(&text).ok();
    let tools = said.map(|said| said.tools.as_slice()).unwrap_or_default();
    let tools = tools.iter().map(|used| ToolItem {
        tool: used.tool.clone(),
        outcome: used.outcome,
        code: used.code.clone(),
        detail: open("detail", Some(&used.detail)).and_then(json),
    });
    Ok(Some(RunItem {
        run_id: row.try_get("run_id")?,
        thread_id: thread_id.to_owned(),
        customer_id: started.customer_id.as_ref().map(ToString::to_string),
        ai_mode: started.ai_mode,
        content: open("content", said.map(|said| &said.content)),
        reasons: said.map(|said| said.reasons.clone()).unwrap_or_default(),
        tools: tools.collect(),
        actions: open("actions", said.and_then(|said| said.actions.as_ref())).and_then(json),
        needs_person: said.and_then(|said| said.needs_person),
        started_at: started.at,
        engine: started.engine,
        standing: run.standing,
        hand_over: run.hand_over,
        ended_by: run.ended_by,
        message_id: run.message_id.as_ref().map(ToString::to_string),
        calls: run.calls,
        failed_calls: run.failed_calls,
        input_tokens: run.input_tokens,
        output_tokens: run.output_tokens,
        cost_micros: run.cost_micros,
        latency_ms: run.latency_ms,
        finished_at: run.finished_at,
    }))
}
