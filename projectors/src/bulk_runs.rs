//! Bulk runs as they are read: one row a run, with how far it is and what failed.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::bulk_runs::BulkRun;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "bulk_runs";

struct BulkRuns;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(BulkRuns, &["bulk_runs"])
}

rows! {
    struct RunRow {
        tenant_id: String,
        run_id: String,
        command: String,
        standing: String,
        state: Json,
        started_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_BULK_RUNS: &str = "
    select r.tenant_id, r.run_id as id, r.state, r.started_at as created_at, r.updated_at, r.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join bulk_runs r on r.tenant_id = k.tenant_id and r.run_id = k.id";

const UPSERT_BULK_RUNS: &str = "
    insert into bulk_runs (tenant_id, run_id, command, standing, state, started_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[], $6::timestamptz[],
        $7::timestamptz[], $8::bigint[])
    on conflict (tenant_id, run_id) do update set standing = excluded.standing, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_BULK_RUNS: &str = "
    copy twin.bulk_runs (tenant_id, run_id, command, standing, state, started_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for BulkRuns {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[BulkRun::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<BulkRun>(tx, LOAD_BULK_RUNS, batch).await?;
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        RunRow::write(tx, UPSERT_BULK_RUNS, &rows).await
    }
}

#[async_trait]
impl Streams for BulkRuns {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<BulkRun>(streams, &mut poisons);
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_BULK_RUNS, &rows).await?;
        Ok(poisons)
    }
}

fn row(folded: &Folded<BulkRun>) -> Result<RunRow> {
    let run = folded.state.require()?;
    Ok(RunRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        run_id: folded.id.clone(),
        command: run.order.command.clone(),
        standing: wire(&run.standing)?,
        state: folded.state_json()?,
        started_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
