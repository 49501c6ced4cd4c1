//! Chefs as they are read, with the name in plain text.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::chefs::{Chef, ChefStanding};
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use event_store::store::Store;
use time::OffsetDateTime;

use crate::columns::{Json, Words, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams};
use crate::occurrences::Occurrence;
use crate::subjects::SubjectKeys;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "chefs";

struct Chefs {
    store: Store,
}

pub(crate) fn projection(store: Store) -> Projection {
    Projection::of_streams(Chefs { store }, &["chefs"])
}

rows! {
    struct ChefRow {
        tenant_id: String,
        chef_id: String,
        name: String,
        zones: Words,
        active: bool,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_CHEFS: &str = "
    select c.tenant_id, c.chef_id as id, c.state, c.created_at, c.updated_at, c.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join chefs c on c.tenant_id = k.tenant_id and c.chef_id = k.id";

const UPSERT_CHEFS: &str = "
    insert into chefs (tenant_id, chef_id, name, zones, active, state, created_at, updated_at, sequence)
    select r.tenant_id, r.chef_id, r.name, array(select json_array_elements_text(r.zones)), r.active, r.state,
        r.created_at, r.updated_at, r.sequence
    from unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::boolean[], $6::json[], $7::timestamptz[],
        $8::timestamptz[], $9::bigint[])
        as r (tenant_id, chef_id, name, zones, active, state, created_at, updated_at, sequence)
    on conflict (tenant_id, chef_id) do update set name = excluded.name, zones = excluded.zones,
        active = excluded.active, state = excluded.state, updated_at = excluded.updated_at,
        sequence = excluded.sequence";

const COPY_CHEFS: &str = "
    copy twin.chefs (tenant_id, chef_id, name, zones, active, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Chefs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Chef::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<Chef>(tx, LOAD_CHEFS, batch).await?;
        ChefRow::write(tx, UPSERT_CHEFS, &self.rows(&folded).await?).await
    }
}

#[async_trait]
impl Streams for Chefs {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<Chef>(streams, &mut poisons);
        copy(tx, COPY_CHEFS, &self.rows(&folded).await?).await?;
        Ok(poisons)
    }
}

impl Chefs {
    /// The rows with their names opened.
    async fn rows(&self, folded: &[Folded<Chef>]) -> Result<Vec<ChefRow>> {
        let keys = SubjectKeys::of(&self.store, folded).await?;
        folded.iter().map(|chef| row(chef, &keys)).collect()
    }
}

fn row(folded: &Folded<Chef>, keys: &SubjectKeys) -> Result<ChefRow> {
    Ok(ChefRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        chef_id: folded.id.clone(),
        name: keys
            .open(folded, "name", Some(&folded.state.name))
            .unwrap_or_default(),
        zones: Words(zones(folded)),
        active: folded.state.standing == ChefStanding::Active,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}

fn zones(folded: &Folded<Chef>) -> Vec<String> {
    let zones = folded.state.zones.iter();
    zones.map(|zone| zone.as_str().to_owned()).collect()
}
