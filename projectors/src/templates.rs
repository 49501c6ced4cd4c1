//! Templates as they are read; what was published before lies in their streams.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::templates::Template;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "templates";

struct Templates;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Templates, &["templates"])
}

rows! {
    struct TemplateRow {
        tenant_id: String,
        template_id: String,
        name: String,
        channel: String,
        language: String,
        standing: String,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_TEMPLATES: &str = "
    select t.tenant_id, t.template_id as id, t.state, t.created_at, t.updated_at, t.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join templates t on t.tenant_id = k.tenant_id and t.template_id = k.id";

const UPSERT_TEMPLATES: &str = "
    insert into templates (tenant_id, template_id, name, channel, language, standing, state, created_at, updated_at,
        sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[],
        $8::timestamptz[], $9::timestamptz[], $10::bigint[])
    on conflict (tenant_id, template_id) do update set standing = excluded.standing, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_TEMPLATES: &str = "
    copy twin.templates (tenant_id, template_id, name, channel, language, standing, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Templates {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Template::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<Template>(tx, LOAD_TEMPLATES, batch).await?;
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        TemplateRow::write(tx, UPSERT_TEMPLATES, &rows).await
    }
}

#[async_trait]
impl Streams for Templates {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<Template>(streams, &mut poisons);
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_TEMPLATES, &rows).await?;
        Ok(poisons)
    }
}

fn row(folded: &Folded<Template>) -> Result<TemplateRow> {
    let place = folded.state.require()?;
    Ok(TemplateRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        template_id: folded.id.clone(),
        name: place.name.clone(),
        channel: place.channel.as_str().to_owned(),
        language: place.language.clone(),
        standing: wire(&folded.state.standing)?,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
