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
use crate::occurrences::{Occurrence, Step};

/// An aggregate after the batch.
pub(crate) struct Folded<A: Aggregate> {
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
    /// What the batch brought, in order, where it was asked for; a repeated batch brings nothing.
    pub fresh: Vec<Fresh<A::Event>>,
}

/// One new event, decoded.
pub(crate) struct Fresh<E> {
    pub event: E,
    pub sequence: i64,
    pub occurred_at: OffsetDateTime,
}

/// What is wanted beside the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Nothing,
    Events,
}

/// Where a stream cannot be folded further, and why.
#[derive(Debug)]
pub struct Poison {
    /// The index of its event in the batch.
    pub index: usize,
    pub failure: String,
}

impl<A: Aggregate + Serialize> Folded<A> {
    /// The state as the row keeps it.
    pub fn state_json(&self) -> Result<Json> {
        Ok(Json(serde_json::to_string(&self.state)?))
    }
}

impl<A: Aggregate + DeserializeOwned> Folded<A> {
    fn begin(first: Step<'_>) -> Self {
        Self {
            tenant_id: first.tenant_id.clone(),
            id: first.aggregate_id.to_owned(),
            state: A::default(),
            created_at: first.occurred_at,
            updated_at: first.occurred_at,
            sequence: 0,
            sequence_before: 0,
            fresh: Vec::new(),
        }
    }

    fn add(&mut self, next: Step<'_>, beside: Beside) -> Result<()> {
        let (sequence, occurred_at) = (next.sequence, next.occurred_at);
        if sequence <= self.sequence {
            return Ok(());
        }
        let event: A::Event = next.decode()?;
        if beside == Beside::Events {
            self.fresh.push(Fresh {
                event: event.clone(),
                sequence,
                occurred_at,
            });
        }
        self.state.apply(event);
        (self.updated_at, self.sequence) = (occurred_at, sequence);
        Ok(())
    }

    fn has_news(&self) -> bool {
        self.sequence > self.sequence_before
    }
}

/// Applies the batch's events of `A` to the rows that `load` finds. `load` is given tenants and ids and answers
/// `tenant_id, id, state, created_at, updated_at, sequence`. Aggregates without anything new are left out.
pub(crate) async fn fold<A>(
    tx: &Transaction<'_>,
    load: &str,
    batch: &[Recorded],
) -> Result<Vec<Folded<A>>>
where
    A: Aggregate + Serialize + DeserializeOwned,
{
    fold_beside(tx, load, batch, Beside::Nothing).await
}

/// As `fold`, with the batch's events beside the states.
pub(crate) async fn fold_with_events<A>(
    tx: &Transaction<'_>,
    load: &str,
    batch: &[Recorded],
) -> Result<Vec<Folded<A>>>
where
    A: Aggregate + Serialize + DeserializeOwned,
{
    fold_beside(tx, load, batch, Beside::Events).await
}

async fn fold_beside<A>(
    tx: &Transaction<'_>,
    load: &str,
    batch: &[Recorded],
    beside: Beside,
) -> Result<Vec<Folded<A>>>
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
            .or_insert_with(|| Folded::begin(recorded.into()))
            .add(recorded.into(), beside)?;
    }
    Ok(folded.into_values().filter(Folded::has_news).collect())
}

/// Folds whole streams, one after the other, from their first event. A stream with an event that cannot be applied ends
/// before it, and the event is named.
pub(crate) fn fold_streams<A>(streams: &[Occurrence], poisons: &mut Vec<Poison>) -> Vec<Folded<A>>
where
    A: Aggregate + Serialize + DeserializeOwned,
{
    fold_streams_beside(streams, poisons, Beside::Nothing)
}

/// As `fold_streams`, with the streams' events beside the states.
pub(crate) fn fold_streams_with_events<A>(
    streams: &[Occurrence],
    poisons: &mut Vec<Poison>,
) -> Vec<Folded<A>>
where
    A: Aggregate + Serialize + DeserializeOwned,
{
    fold_streams_beside(streams, poisons, Beside::Events)
}

fn fold_streams_beside<A>(
    streams: &[Occurrence],
    poisons: &mut Vec<Poison>,
    beside: Beside,
) -> Vec<Folded<A>>
where
    A: Aggregate + Serialize + DeserializeOwned,
{
    let mut rows: Vec<Folded<A>> = Vec::new();
    let mut is_broken = false;
    for (index, next) in streams.iter().enumerate() {
        let continues = index
            .checked_sub(1)
            .is_some_and(|before| streams[before].is_of_stream(next));
        if !continues {
            rows.push(Folded::begin(next.into()));
            is_broken = false;
        }
        if is_broken {
            continue;
        }
        if let Some(Err(error)) = rows.last_mut().map(|row| row.add(next.into(), beside)) {
            let failure = error.to_string();
            poisons.push(Poison { index, failure });
            is_broken = true;
        }
    }
    rows.retain(Folded::has_news);
    rows
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
) -> Result<BTreeMap<(&'b str, &'b str), Folded<A>>>
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
