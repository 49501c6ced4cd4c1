//! Views as they are read; what they filter by stays sealed.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::views::View;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "views";

struct Views;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Views, &["views"])
}

rows! {
    struct ViewRow {
        tenant_id: String,
        view_id: String,
        standing: String,
        query: String,
        name: String,
        owner: Option<String>,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_VIEWS: &str = "
    select v.tenant_id, v.view_id as id, v.state, v.created_at, v.updated_at, v.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join views v on v.tenant_id = k.tenant_id and v.view_id = k.id";

const UPSERT_VIEWS: &str = "
    insert into views (tenant_id, view_id, standing, query, name, owner, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[],
        $8::timestamptz[], $9::timestamptz[], $10::bigint[])
    on conflict (tenant_id, view_id) do update set standing = excluded.standing, name = excluded.name,
        state = excluded.state, updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_VIEWS: &str = "
    copy twin.views (tenant_id, view_id, standing, query, name, owner, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Views {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[View::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<View>(tx, LOAD_VIEWS, batch).await?;
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        ViewRow::write(tx, UPSERT_VIEWS, &rows).await
    }
}

#[async_trait]
impl Streams for Views {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<View>(streams, &mut poisons);
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_VIEWS, &rows).await?;
        Ok(poisons)
    }
}

fn row(folded: &Folded<View>) -> Result<ViewRow> {
    Ok(ViewRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        view_id: folded.id.clone(),
        standing: wire(&folded.state.standing)?,
        query: folded.state.query.clone(),
        name: folded.state.name.clone(),
        owner: folded.state.owner.clone(),
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
