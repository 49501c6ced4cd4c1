//! The fold that most read tables share: a row carries its aggregate's state, so that a batch is applied by the domain's
//! own `apply` and the columns that queries filter and sort by are derived from the result.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::ids::TenantId;
use event_store::Result;
use event_store::recorded::{Payload, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

/// An aggregate after the batch.
pub(crate) struct Folded<'b, A: Aggregate> {
    pub tenant_id: TenantId,
    pub id: String,
    pub state: A,
    /// When its first and its newest event happened.
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    /// Of the newest event.
    pub sequence: i64,
    /// What the batch brought, in order; a repeated batch brings nothing.
    pub fresh: Vec<Fresh<'b, A::Event>>,
}

/// One new event, decoded.
pub(crate) struct Fresh<'b, E> {
    pub event: E,
    pub recorded: &'b Recorded,
}

impl<A: Aggregate + Serialize> Folded<'_, A> {
    /// The state as the row keeps it.
    pub fn state_json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::to_value(&self.state)?)
    }
}

/// Applies the batch's events of `A` to the rows that `load` finds. `load` is given tenants and ids and answers
/// `tenant_id, id, state, created_at, updated_at, sequence`. Aggregates without anything new are left out.
pub(crate) async fn fold<'b, A>(
    tx: &Transaction<'_>,
    load: &str,
    batch: &'b [Recorded],
) -> Result<Vec<Folded<'b, A>>>
where
    A: Aggregate + Serialize + DeserializeOwned,
{
    let ours = || {
        batch
            .iter()
            .filter(|recorded| recorded.aggregate_type == A::TYPE)
    };
    let mut folded = find(tx, load, ours()).await?;
    for recorded in ours() {
        let key = (recorded.tenant_id.clone(), recorded.aggregate_id.clone());
        let row = folded.entry(key).or_insert_with(|| Folded {
            tenant_id: recorded.tenant_id.clone(),
            id: recorded.aggregate_id.clone(),
            state: A::default(),
            created_at: recorded.occurred_at,
            updated_at: recorded.occurred_at,
            sequence: 0,
            fresh: Vec::new(),
        });
        if recorded.sequence <= row.sequence {
            continue;
        }
        let event: A::Event = recorded.decode()?;
        row.state.apply(event.clone());
        row.updated_at = recorded.occurred_at;
        row.sequence = recorded.sequence;
        row.fresh.push(Fresh { event, recorded });
    }
    Ok(folded
        .into_values()
        .filter(|row| !row.fresh.is_empty())
        .collect())
}

/// A closed value as the wire names it.
pub(crate) fn wire(value: &impl Serialize) -> Result<String> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(name) => Ok(name),
        other => Ok(other.to_string()),
    }
}

async fn find<'b, A>(
    tx: &Transaction<'_>,
    load: &str,
    batch: impl Iterator<Item = &'b Recorded>,
) -> Result<BTreeMap<(TenantId, String), Folded<'b, A>>>
where
    A: Aggregate + DeserializeOwned,
{
    let mut keys: Vec<(&str, &str)> = batch
        .map(|recorded| (recorded.tenant_id.as_str(), recorded.aggregate_id.as_str()))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let (tenants, ids): (Vec<&str>, Vec<&str>) = keys.into_iter().unzip();
    let statement = tx.prepare_cached(load).await?;
    let mut found = BTreeMap::new();
    for row in tx.query(&statement, &[&tenants, &ids]).await? {
        let tenant_id = TenantId::new(row.try_get::<_, String>("tenant_id")?);
        let id: String = row.try_get("id")?;
        let state: Payload = row.try_get("state")?;
        let folded = Folded {
            tenant_id: tenant_id.clone(),
            id: id.clone(),
            state: serde_json::from_str(&state.0)?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            sequence: row.try_get("sequence")?,
            fresh: Vec::new(),
        };
        found.insert((tenant_id, id), folded);
    }
    Ok(found)
}
