//! cqrs-es on this store: `EventStore<A>` for its framework, and `PersistedEventRepository` as the drop-in. Both are thin
//! over `load` and `append`. Only the plain event-store mode of cqrs-es 0.5 is sound: its snapshot modes apply events
//! twice, so no snapshots are offered here.

use std::collections::HashMap;

use cqrs_es::persist::{
    PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent, SerializedSnapshot,
};
use cqrs_es::{
    Aggregate, AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore,
};
use domain::ids::TenantId;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::commit::{CommandRecord, Commit, NewEvent, Outcome, StreamEvents};
use crate::error::Error;
use crate::recorded::Recorded;
use crate::store::Store;
use crate::{Result, log};

/// The metadata key under which a caller of the framework names its idempotency key; one is made up when it is absent.
pub const IDEMPOTENCY_KEY: &str = "idempotency_key";
/// How many events one page of a replay holds.
const REPLAY_PAGE: i64 = 1_000;

/// One tenant's events as cqrs-es sees them.
#[derive(Clone)]
pub struct TenantEvents {
    pub store: Store,
    pub tenant_id: TenantId,
    /// Who the events are written by.
    pub principal: String,
}

/// An aggregate as it was loaded.
pub struct LoadedAggregate<A> {
    aggregate_id: String,
    aggregate: A,
    sequence: i64,
}

impl<A: Aggregate> AggregateContext<A> for LoadedAggregate<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl<A: Aggregate> EventStore<A> for TenantEvents {
    type AC = LoadedAggregate<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> std::result::Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let events = self.read::<A>(aggregate_id, 0).await.map_err(persistence)?;
        events
            .iter()
            .map(|event| {
                Ok(EventEnvelope {
                    aggregate_id: event.aggregate_id.clone(),
                    sequence: to_usize(event.sequence),
                    payload: event.decode().map_err(persistence)?,
                    metadata: serde_json::from_str(&event.metadata.0).unwrap_or_default(),
                })
            })
            .collect()
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> std::result::Result<Self::AC, AggregateError<A::Error>> {
        let events = EventStore::<A>::load_events(self, aggregate_id).await?;
        let mut loaded = LoadedAggregate {
            aggregate_id: aggregate_id.to_owned(),
            aggregate: A::default(),
            sequence: 0,
        };
        for event in events {
            loaded.sequence = i64::try_from(event.sequence).unwrap_or(i64::MAX);
            loaded.aggregate.apply(event.payload);
        }
        Ok(loaded)
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> std::result::Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let fresh = events
            .iter()
            .map(|event| {
                Ok(NewEvent {
                    event_type: event.event_type(),
                    event_version: event.event_version(),
                    payload: serde_json::to_string(event)?,
                })
            })
            .collect::<std::result::Result<Vec<_>, serde_json::Error>>()
            .map_err(|error| persistence(error.into()))?;
        let stream = StreamEvents {
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: context.aggregate_id.clone(),
            expected: context.sequence,
            events: fresh,
        };
        let key = metadata.get(IDEMPOTENCY_KEY).cloned();
        let text = serde_json::to_string(&metadata).map_err(|error| persistence(error.into()))?;
        self.write(stream, key, text)
            .await
            .map_err(AggregateError::<A::Error>::from)?;
        let envelopes =
            events
                .into_iter()
                .zip(context.sequence + 1..)
                .map(|(payload, sequence)| EventEnvelope {
                    aggregate_id: context.aggregate_id.clone(),
                    sequence: to_usize(sequence),
                    payload,
                    metadata: metadata.clone(),
                });
        Ok(envelopes.collect())
    }
}

impl PersistedEventRepository for TenantEvents {
    async fn get_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> std::result::Result<Vec<SerializedEvent>, PersistenceError> {
        self.get_last_events::<A>(aggregate_id, 0).await
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> std::result::Result<Vec<SerializedEvent>, PersistenceError> {
        let after = i64::try_from(last_sequence).unwrap_or(i64::MAX);
        let events = self
            .read::<A>(aggregate_id, after)
            .await
            .map_err(persistence)?;
        events.iter().map(serialized).collect()
    }

    async fn get_snapshot<A: Aggregate>(
        &self,
        _aggregate_id: &str,
    ) -> std::result::Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        _snapshot_update: Option<(String, Value, usize)>,
    ) -> std::result::Result<(), PersistenceError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let stream = StreamEvents {
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: first.aggregate_id.clone(),
            expected: i64::try_from(first.sequence).unwrap_or(i64::MAX) - 1,
            events: events
                .iter()
                .map(|event| NewEvent {
                    event_type: event.event_type.clone(),
                    event_version: event.event_version.clone(),
                    payload: event.payload.to_string(),
                })
                .collect(),
        };
        let key = first
            .metadata
            .get(IDEMPOTENCY_KEY)
            .and_then(Value::as_str)
            .map(str::to_owned);
        self.write(stream, key, first.metadata.to_string()).await
    }

    async fn stream_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> std::result::Result<ReplayStream, PersistenceError> {
        let events = self.read::<A>(aggregate_id, 0).await.map_err(persistence)?;
        let (mut feed, stream) = ReplayStream::new(events.len().max(1));
        for event in &events {
            feed.push(serialized(event)).await?;
        }
        Ok(stream)
    }

    async fn stream_all_events<A: Aggregate>(
        &self,
    ) -> std::result::Result<ReplayStream, PersistenceError> {
        let (mut feed, stream) = ReplayStream::new(to_usize(REPLAY_PAGE));
        let events = self.clone();
        tokio::spawn(async move {
            let until = *events.store.tail.watch().borrow();
            let mut after = 0;
            while after < until {
                let page = match events.page::<A>(after, until).await {
                    Ok(page) => page,
                    // A replay that fails says so; it must not look finished.
                    Err(error) => return drop(feed.push(Err(persistence(error))).await),
                };
                let Some(last) = page.last().map(|event| event.position) else {
                    return;
                };
                after = last;
                for event in page
                    .iter()
                    .filter(|event| event.tenant_id == events.tenant_id)
                {
                    if feed.push(serialized(event)).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(stream)
    }
}

impl TenantEvents {
    async fn read<A: Aggregate>(&self, aggregate_id: &str, after: i64) -> Result<Vec<Recorded>> {
        let stream = (A::TYPE, aggregate_id);
        self.store.read_stream(&self.tenant_id, stream, after).await
    }

    async fn page<A: Aggregate>(&self, after: i64, until: i64) -> Result<Vec<Recorded>> {
        let client = self.store.pools.engine.get().await?;
        log::read(&client, &[A::TYPE], (after, until), REPLAY_PAGE).await
    }

    async fn write(
        &self,
        stream: StreamEvents,
        key: Option<String>,
        metadata: String,
    ) -> std::result::Result<(), PersistenceError> {
        let command_id = Uuid::now_v7().to_string();
        let commit = Commit {
            tenant_id: self.tenant_id.clone(),
            command: CommandRecord {
                name: "cqrs-es".to_owned(),
                principal: self.principal.clone(),
                key: key.unwrap_or_else(|| command_id.clone()),
                fingerprint: Vec::new(),
                answer: "{}".to_owned(),
                position_floor: 0,
                correlation_id: command_id.clone(),
                causation_id: command_id.clone(),
                occurred_at: OffsetDateTime::now_utc(),
                source_address: None,
                metadata,
                command_id,
            },
            streams: vec![stream],
            take: Vec::new(),
            release: Vec::new(),
            handles: Vec::new(),
            drop_handles: Vec::new(),
            usage: Default::default(),
            read_in: None,
            effects: Vec::new(),
            subject_keys: Vec::new(),
            key_changes: Vec::new(),
        };
        match self
            .store
            .append(&[commit])
            .await
            .map_err(persistence)?
            .first()
        {
            Some(Outcome::Committed { .. }) => Ok(()),
            _ => Err(PersistenceError::OptimisticLockError),
        }
    }
}

fn serialized(event: &Recorded) -> std::result::Result<SerializedEvent, PersistenceError> {
    let parse = |text: &str| {
        serde_json::from_str(text)
            .map_err(|error| PersistenceError::DeserializationError(Box::new(error)))
    };
    Ok(SerializedEvent {
        aggregate_id: event.aggregate_id.clone(),
        sequence: to_usize(event.sequence),
        aggregate_type: event.aggregate_type.clone(),
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload: parse(&event.payload.0)?,
        metadata: parse(&event.metadata.0)?,
    })
}

fn persistence(error: Error) -> PersistenceError {
    match error {
        Error::Busy { .. } => PersistenceError::ConnectionError(Box::new(error)),
        other => PersistenceError::UnknownError(Box::new(other)),
    }
}

fn to_usize(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
