//! Facts as they are read: one row a conversation, what was read in it as ciphertext.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::facts::FactSheet;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "facts";

struct Facts;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Facts, &["fact_sheets"])
}

rows! {
    struct SheetRow {
        tenant_id: String,
        conversation_id: String,
        in_review: i64,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_SHEETS: &str = "
    select f.tenant_id, f.conversation_id as id, f.state, f.created_at, f.updated_at, f.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join fact_sheets f on f.tenant_id = k.tenant_id and f.conversation_id = k.id";

const UPSERT_SHEETS: &str = "
    insert into fact_sheets (tenant_id, conversation_id, in_review, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::json[], $5::timestamptz[], $6::timestamptz[],
        $7::bigint[])
    on conflict (tenant_id, conversation_id) do update set in_review = excluded.in_review, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_SHEETS: &str = "
    copy twin.fact_sheets (tenant_id, conversation_id, in_review, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Facts {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[FactSheet::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<FactSheet>(tx, LOAD_SHEETS, batch).await?;
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        SheetRow::write(tx, UPSERT_SHEETS, &rows).await
    }
}

#[async_trait]
impl Streams for Facts {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<FactSheet>(streams, &mut poisons);
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_SHEETS, &rows).await?;
        Ok(poisons)
    }
}

fn row(folded: &Folded<FactSheet>) -> Result<SheetRow> {
    Ok(SheetRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        conversation_id: folded.id.clone(),
        in_review: i64::try_from(folded.state.in_review()).unwrap_or(i64::MAX),
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
