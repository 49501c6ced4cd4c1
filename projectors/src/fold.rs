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

use crate::columns::Json;

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
    /// Of the row that was there before the batch; 0 for none.
    pub sequence_before: i64,
    /// What the batch brought, in order; a repeated batch brings nothing.
    pub fresh: Vec<Fresh<'b, A::Event>>,
}

/// One new event, decoded.
pub(crate) struct Fresh<'b, E> {
    pub event: E,
    pub recorded: &'b Recorded,
}

/// Where a stream cannot be folded further, and why.
#[derive(Debug)]
pub struct Poison {
    /// The index of its event in the batch.
    pub index: usize,
    pub failure: String,
}

impl<A: Aggregate + Serialize> Folded<'_, A> {
    /// The state as the row keeps it.
    pub fn state_json(&self) -> Result<Json> {
        Ok(Json(serde_json::to_string(&self.state)?))
    }
}

impl<'b, A: Aggregate + DeserializeOwned> Folded<'b, A> {
    fn begin(recorded: &Recorded) -> Self {
        Self {
            tenant_id: recorded.tenant_id.clone(),
            id: recorded.aggregate_id.clone(),
            state: A::default(),
            created_at: recorded.occurred_at,
            updated_at: recorded.occurred_at,
            sequence: 0,
            sequence_before: 0,
            fresh: Vec::new(),
        }
    }

    fn add(&mut self, recorded: &'b Recorded) -> Result<()> {
        if recorded.sequence <= self.sequence {
            return Ok(());
        }
        let event: A::Event = recorded.decode()?;
        self.state.apply(event.clone());
        self.updated_at = recorded.occurred_at;
        self.sequence = recorded.sequence;
        self.fresh.push(Fresh { event, recorded });
        Ok(())
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
        let key = (recorded.tenant_id.as_str(), recorded.aggregate_id.as_str());
        folded
            .entry(key)
            .or_insert_with(|| Folded::begin(recorded))
            .add(recorded)?;
    }
    Ok(folded
        .into_values()
        .filter(|row| !row.fresh.is_empty())
        .collect())
}

/// Folds whole streams, one after the other, from their first event. A stream with an event that cannot be applied ends
/// before it, and the event is named.
pub(crate) fn fold_streams<'b, A>(
    batch: &'b [Recorded],
    poisons: &mut Vec<Poison>,
) -> Vec<Folded<'b, A>>
where
    A: Aggregate + Serialize + DeserializeOwned,
{
    let mut streams: Vec<Folded<'b, A>> = Vec::new();
    let mut is_broken = false;
    for (index, recorded) in batch.iter().enumerate() {
        let continues = streams.last().is_some_and(|last| {
            last.tenant_id == recorded.tenant_id && last.id == recorded.aggregate_id
        });
        if !continues {
            streams.push(Folded::begin(recorded));
            is_broken = false;
        }
        if is_broken {
            continue;
        }
        if let Some(Err(error)) = streams.last_mut().map(|stream| stream.add(recorded)) {
            let failure = error.to_string();
            poisons.push(Poison { index, failure });
            is_broken = true;
        }
    }
    streams.retain(|stream| !stream.fresh.is_empty());
    streams
}

/// A closed value as the wire names it.
pub(crate) fn wire(value: &impl Serialize) -> Result<String> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(name) => Ok(name),
        other => Ok(other.to_string()),
    }
}

/// Rows by tenant and id, with the texts of the batch as keys: thousands of events need no copies of them.
async fn find<'b, A>(
    tx: &Transaction<'_>,
    load: &str,
    batch: impl Iterator<Item = &'b Recorded>,
) -> Result<BTreeMap<(&'b str, &'b str), Folded<'b, A>>>
where
    A: Aggregate + DeserializeOwned,
{
    let mut keys: Vec<(&str, &str)> = batch
        .map(|recorded| (recorded.tenant_id.as_str(), recorded.aggregate_id.as_str()))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let (tenants, ids): (Vec<&str>, Vec<&str>) = keys.iter().copied().unzip();
    let statement = tx.prepare_cached(load).await?;
    let mut found = BTreeMap::new();
    for row in tx.query(&statement, &[&tenants, &ids]).await? {
        let (tenant_id, id): (&str, &str) = (row.try_get("tenant_id")?, row.try_get("id")?);
        let Ok(index) = keys.binary_search(&(tenant_id, id)) else {
            continue;
        };
        let state: Payload = row.try_get("state")?;
        let sequence = row.try_get("sequence")?;
        let folded = Folded {
            tenant_id: TenantId::new(tenant_id.to_owned()),
            id: id.to_owned(),
            state: serde_json::from_str(&state.0)?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            sequence,
            sequence_before: sequence,
            fresh: Vec::new(),
        };
        found.insert(keys[index], folded);
    }
    Ok(found)
}
