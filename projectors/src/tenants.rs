//! Tenants as they are read: settings, price book, and which providers and secrets are there, never a secret itself.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::sealed::Sealed;
use domain::tenants::Tenant;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "tenants";

struct Tenants;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Tenants, &["tenant_profiles"])
}

rows! {
    struct ProfileRow {
        tenant_id: String,
        slug: String,
        name: String,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_TENANTS: &str = "
    select t.tenant_id, t.tenant_id as id, t.state, t.created_at, t.updated_at, t.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join tenant_profiles t on t.tenant_id = k.tenant_id and t.tenant_id = k.id";

const UPSERT_TENANTS: &str = "
    insert into tenant_profiles (tenant_id, slug, name, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::timestamptz[], $6::timestamptz[],
        $7::bigint[])
    on conflict (tenant_id) do update set slug = excluded.slug, name = excluded.name, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_PROFILES: &str = "
    copy twin.tenant_profiles (tenant_id, slug, name, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Tenants {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Tenant::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<Tenant>(tx, LOAD_TENANTS, batch).await?;
        let rows = folded.into_iter().map(row).collect::<Result<Vec<_>>>()?;
        ProfileRow::write(tx, UPSERT_TENANTS, &rows).await
    }
}

#[async_trait]
impl Streams for Tenants {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<Tenant>(streams, &mut poisons);
        let rows = folded.into_iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_PROFILES, &rows).await?;
        Ok(poisons)
    }
}

fn row(mut folded: Folded<Tenant>) -> Result<ProfileRow> {
    // A read table needs to know that a secret is set, not the secret, sealed or not.
    for provider in folded.state.providers.values_mut() {
        provider
            .secrets
            .values_mut()
            .for_each(|secret| *secret = Sealed::default());
    }
    Ok(ProfileRow {
        tenant_id: folded.id.clone(),
        slug: folded.state.slug.clone(),
        name: folded.state.name.clone(),
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
