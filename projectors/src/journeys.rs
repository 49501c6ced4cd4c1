//! Journeys as they are read: one row a journey, with every version as it was written.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::journeys::Journey;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "journeys";

struct Journeys;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Journeys, &["journeys"])
}

rows! {
    struct JourneyRow {
        tenant_id: String,
        journey: String,
        standing: String,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_JOURNEYS: &str = "
    select j.tenant_id, j.journey as id, j.state, j.created_at, j.updated_at, j.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join journeys j on j.tenant_id = k.tenant_id and j.journey = k.id";

const UPSERT_JOURNEYS: &str = "
    insert into journeys (tenant_id, journey, standing, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::timestamptz[], $6::timestamptz[], $7::bigint[])
    on conflict (tenant_id, journey) do update set standing = excluded.standing, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_JOURNEYS: &str = "
    copy twin.journeys (tenant_id, journey, standing, state, created_at, updated_at, sequence) from stdin (format binary)";

#[async_trait]
impl Subscriber for Journeys {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Journey::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<Journey>(tx, LOAD_JOURNEYS, batch).await?;
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        JourneyRow::write(tx, UPSERT_JOURNEYS, &rows).await
    }
}

#[async_trait]
impl Streams for Journeys {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<Journey>(streams, &mut poisons);
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_JOURNEYS, &rows).await?;
        Ok(poisons)
    }
}

fn row(folded: &Folded<Journey>) -> Result<JourneyRow> {
    Ok(JourneyRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        journey: folded.id.clone(),
        standing: wire(&folded.state.standing)?,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
