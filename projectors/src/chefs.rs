//! Chefs as they are read, with the name in plain text.

use std::sync::Arc;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::chefs::{Chef, ChefStanding};
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use event_store::store::Store;
use serde_json::Value;
use time::OffsetDateTime;

use crate::columns::rows;
use crate::fold::{Folded, fold};
use crate::subjects::SubjectKeys;
use crate::{Projection, Table};

/// The name of the checkpoint.
pub const NAME: &str = "chefs";

const LOCK: &str = "lock table public.chefs in share row exclusive mode";
const CLEAR_TWIN: &str = "delete from twin.chefs";
const CLEAR: &str = "delete from public.chefs";
const FILL: &str = "insert into public.chefs select * from twin.chefs";

struct Chefs {
    store: Store,
}

pub(crate) fn projection(store: Store) -> Projection {
    Projection {
        subscriber: Arc::new(Chefs { store }),
        tables: &[Table {
            lock: LOCK,
            clear_twin: CLEAR_TWIN,
            clear: CLEAR,
            fill: FILL,
        }],
    }
}

rows! {
    struct ChefRow {
        tenant_id: String,
        chef_id: String,
        name: String,
        zones: Value,
        active: bool,
        state: Value,
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
        let keys = SubjectKeys::of(&self.store, &folded).await?;
        let rows = folded
            .iter()
            .map(|chef| row(chef, &keys))
            .collect::<Result<Vec<_>>>()?;
        ChefRow::write(tx, UPSERT_CHEFS, &rows).await
    }
}

fn row(folded: &Folded<'_, Chef>, keys: &SubjectKeys) -> Result<ChefRow> {
    Ok(ChefRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        chef_id: folded.id.clone(),
        name: keys
            .open(folded, "name", Some(&folded.state.name))
            .unwrap_or_default(),
        zones: serde_json::to_value(&folded.state.zones)?,
        active: folded.state.standing == ChefStanding::Active,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
