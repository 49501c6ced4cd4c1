//! Runs of the assistant as they are read: one row a run, with what its figures are made of in columns.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::assistant_runs::AssistantRun;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "assistant_runs";

struct AssistantRuns;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(AssistantRuns, &["assistant_runs"])
}

rows! {
    struct RunRow {
        tenant_id: String,
        run_id: String,
        conversation_id: String,
        customer_id: Option<String>,
        ai_mode: String,
        standing: String,
        engine: String,
        model: String,
        hand_over: Option<String>,
        calls: i64,
        failed_calls: i64,
        input_tokens: i64,
        cached_input_tokens: i64,
        output_tokens: i64,
        cost_micros: i64,
        unpriced_calls: i64,
        started_at: OffsetDateTime,
        finished_at: Option<OffsetDateTime>,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_RUNS: &str = "
    select r.tenant_id, r.run_id as id, r.state, r.created_at, r.updated_at, r.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join assistant_runs r on r.tenant_id = k.tenant_id and r.run_id = k.id";

const UPSERT_RUNS: &str = "
    insert into assistant_runs (tenant_id, run_id, conversation_id, customer_id, ai_mode, standing, engine, model, hand_over,
        calls, failed_calls, input_tokens, cached_input_tokens, output_tokens, cost_micros, unpriced_calls, started_at,
        finished_at, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
        $17::timestamptz[], $18::timestamptz[], $19::json[], $20::timestamptz[], $21::timestamptz[], $22::bigint[])
    on conflict (tenant_id, run_id) do update set standing = excluded.standing, hand_over = excluded.hand_over,
        calls = excluded.calls, failed_calls = excluded.failed_calls, input_tokens = excluded.input_tokens,
        cached_input_tokens = excluded.cached_input_tokens, output_tokens = excluded.output_tokens,
        cost_micros = excluded.cost_micros, unpriced_calls = excluded.unpriced_calls, finished_at = excluded.finished_at,
        state = excluded.state, updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_RUNS: &str = "
    copy twin.assistant_runs (tenant_id, run_id, conversation_id, customer_id, ai_mode, standing, engine, model, hand_over,
        calls, failed_calls, input_tokens, cached_input_tokens, output_tokens, cost_micros, unpriced_calls, started_at,
        finished_at, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for AssistantRuns {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[AssistantRun::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<AssistantRun>(tx, LOAD_RUNS, batch).await?;
        RunRow::write(tx, UPSERT_RUNS, &rows(&folded)?).await
    }
}

#[async_trait]
impl Streams for AssistantRuns {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<AssistantRun>(streams, &mut poisons);
        copy(tx, COPY_RUNS, &rows(&folded)?).await?;
        Ok(poisons)
    }
}

fn rows(folded: &[Folded<AssistantRun>]) -> Result<Vec<RunRow>> {
    let shown = folded.iter().filter_map(|run| row(run).transpose());
    shown.collect()
}

/// None for a stream that does not begin with a run's start, of which there is nothing to show.
fn row(folded: &Folded<AssistantRun>) -> Result<Option<RunRow>> {
    let run = &folded.state;
    let Some(started) = run.started.as_deref() else {
        return Ok(None);
    };
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Ok(Some(RunRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        run_id: folded.id.clone(),
        conversation_id: started.conversation_id.to_string(),
        customer_id: started.customer_id.as_ref().map(ToString::to_string),
        ai_mode: wire(&started.ai_mode)?,
        standing: wire(&run.standing)?,
        engine: wire(&started.engine.kind)?,
        model: started.engine.model.clone(),
        hand_over: run.hand_over.as_ref().map(wire).transpose()?,
        calls: i64::from(run.calls),
        failed_calls: i64::from(run.failed_calls),
        input_tokens: count(run.input_tokens),
        cached_input_tokens: count(run.cached_input_tokens),
        output_tokens: count(run.output_tokens),
        cost_micros: count(run.cost_micros),
        unpriced_calls: i64::from(run.unpriced_calls),
        started_at: started.at,
        finished_at: run.finished_at,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    }))
}
