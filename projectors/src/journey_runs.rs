//! Runs of journeys as they are read: one row a run, with all the steps it has taken.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::journey_runs::JourneyRun;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "journey_runs";

struct JourneyRuns;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(JourneyRuns, &["journey_runs"])
}

rows! {
    struct RunRow {
        tenant_id: String,
        run_id: String,
        journey: String,
        version: i64,
        customer_id: String,
        booking_id: Option<String>,
        standing: String,
        wakes_at: Option<OffsetDateTime>,
        state: Json,
        began_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_RUNS: &str = "
    select r.tenant_id, r.run_id as id, r.state, r.began_at as created_at, r.updated_at, r.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join journey_runs r on r.tenant_id = k.tenant_id and r.run_id = k.id";

const UPSERT_RUNS: &str = "
    insert into journey_runs (tenant_id, run_id, journey, version, customer_id, booking_id, standing, wakes_at, state,
        began_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
        $8::timestamptz[], $9::json[], $10::timestamptz[], $11::timestamptz[], $12::bigint[])
    on conflict (tenant_id, run_id) do update set standing = excluded.standing, wakes_at = excluded.wakes_at,
        state = excluded.state, updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_RUNS: &str = "
    copy twin.journey_runs (tenant_id, run_id, journey, version, customer_id, booking_id, standing, wakes_at, state,
        began_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for JourneyRuns {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[JourneyRun::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<JourneyRun>(tx, LOAD_RUNS, batch).await?;
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        RunRow::write(tx, UPSERT_RUNS, &rows).await
    }
}

#[async_trait]
impl Streams for JourneyRuns {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<JourneyRun>(streams, &mut poisons);
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_RUNS, &rows).await?;
        Ok(poisons)
    }
}

fn row(folded: &Folded<JourneyRun>) -> Result<RunRow> {
    let run = folded.state.require()?;
    let began = &run.began;
    let waiting = run.waiting.as_ref();
    Ok(RunRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        run_id: folded.id.clone(),
        journey: began.journey.clone(),
        version: began.version.into(),
        customer_id: began.customer_id.to_string(),
        booking_id: began.booking_id.as_ref().map(ToString::to_string),
        standing: wire(&run.standing)?,
        wakes_at: waiting.map(|waiting| waiting.until),
        state: folded.state_json()?,
        began_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
