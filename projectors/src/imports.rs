//! Imports as they are read; what their files were called stays sealed.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::imports::Import;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "imports";

struct Imports;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Imports, &["customer_imports"])
}

rows! {
    struct ImportRow {
        tenant_id: String,
        import_id: String,
        standing: String,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_IMPORTS: &str = "
    select i.tenant_id, i.import_id as id, i.state, i.created_at, i.updated_at, i.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join customer_imports i on i.tenant_id = k.tenant_id and i.import_id = k.id";

const UPSERT_IMPORTS: &str = "
    insert into customer_imports (tenant_id, import_id, standing, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::timestamptz[], $6::timestamptz[],
        $7::bigint[])
    on conflict (tenant_id, import_id) do update set standing = excluded.standing, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_IMPORTS: &str = "
    copy twin.customer_imports (tenant_id, import_id, standing, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Imports {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Import::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<Import>(tx, LOAD_IMPORTS, batch).await?;
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        ImportRow::write(tx, UPSERT_IMPORTS, &rows).await
    }
}

#[async_trait]
impl Streams for Imports {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<Import>(streams, &mut poisons);
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_IMPORTS, &rows).await?;
        Ok(poisons)
    }
}

fn row(folded: &Folded<Import>) -> Result<ImportRow> {
    Ok(ImportRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        import_id: folded.id.clone(),
        standing: wire(&folded.state.standing)?,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
