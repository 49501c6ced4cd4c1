//! postgres-es 0.5 under the suite, on the tables that its documentation gives. It is asked for what it offers: streams
//! with a version check, and snapshots.

use std::str::FromStr;

use cqrs_es::persist::{
    PersistedEventRepository, PersistedEventStore, PersistenceError, SerializedEvent,
};
use cqrs_es::{AggregateContext, CqrsFramework, EventStore};
use postgres_es::PostgresEventRepository;
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::conformance::place::Place;
use crate::conformance::tally::{CountUp, Tally};
use crate::conformance::{
    Append, Appended, Capability, Event, Failure, Fresh, KIND, Origin, Page, StoreUnderTest,
    value_of,
};

/// As its own documentation has them.
const CREATE_TABLES: &str = "
    create schema peer;
    create table peer.events (
        aggregate_type text not null, aggregate_id text not null, sequence bigint check (sequence >= 0) not null,
        event_type text not null, event_version text not null, payload json not null, metadata json not null,
        primary key (aggregate_type, aggregate_id, sequence));
    create table peer.snapshots (
        aggregate_type text not null, aggregate_id text not null,
        last_sequence bigint check (last_sequence >= 0) not null,
        current_snapshot bigint check (current_snapshot >= 0) not null, payload json not null,
        primary key (aggregate_type, aggregate_id, last_sequence))";
const CONNECTIONS: u32 = 16;
/// A snapshot is taken after so many events.
const SNAPSHOT_EVERY: usize = 4;

#[derive(Clone)]
pub struct PostgresEs {
    pool: PgPool,
}

impl StoreUnderTest for PostgresEs {
    const NAME: &'static str = "postgres-es 0.5";
    const OFFERS: &'static [Capability] = &[];
    const EVENTS: &'static str = "peer.events";

    async fn prepare(place: &Place) {
        let admin = place.admin().await;
        admin.batch_execute(CREATE_TABLES).await.unwrap();
    }

    async fn open(place: &Place) -> Self {
        let options = PgConnectOptions::from_str(&place.admin_url)
            .unwrap()
            .options([("search_path", "peer")]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_lazy_with(options);
        Self { pool }
    }

    /// One stream, one or more events; there is no key to be replayed by.
    async fn append(&self, append: &Append) -> Result<Appended, Failure> {
        let [fresh] = append.streams.as_slice() else {
            return Err(Failure::Unknown("one stream an append".to_owned()));
        };
        let events = serialized(fresh);
        self.repository()
            .persist::<Tally>(&events, None)
            .await
            .map_err(failure)?;
        Ok(Appended {
            answer: String::new(),
            position: None,
            origin: Origin::Executed,
        })
    }

    async fn load(&self, streams: &[String]) -> Result<Vec<Vec<Event>>, Failure> {
        let mut loaded = Vec::with_capacity(streams.len());
        for stream in streams {
            let events = self.repository().get_events::<Tally>(stream).await;
            let events = events.map_err(failure)?.into_iter().map(|event| Event {
                sequence: i64::try_from(event.sequence).unwrap_or(i64::MAX),
                value: value_of(&event.payload),
            });
            loaded.push(events.collect());
        }
        Ok(loaded)
    }

    async fn read_log(&self, _: i64) -> Result<Page, Failure> {
        Err(Failure::Unknown("there is no log".to_owned()))
    }

    async fn count_up(&self, stream: &str, by: usize) -> Result<(), Failure> {
        let framework = CqrsFramework::new(self.snapshots(), Vec::new(), ());
        let done = framework.execute(stream, CountUp { by }).await;
        done.map_err(|error| Failure::Unknown(error.to_string()))
    }

    async fn reload(&self, stream: &str) -> Result<u64, Failure> {
        let loaded = self.snapshots().load_aggregate(stream).await;
        let mut loaded = loaded.map_err(|error| Failure::Unknown(error.to_string()))?;
        Ok(loaded.aggregate().counted)
    }

    async fn close(self) {
        self.pool.close().await;
    }
}

impl PostgresEs {
    fn repository(&self) -> PostgresEventRepository {
        PostgresEventRepository::new(self.pool.clone())
    }

    fn snapshots(&self) -> PersistedEventStore<PostgresEventRepository, Tally> {
        PersistedEventStore::new_snapshot_store(self.repository(), SNAPSHOT_EVERY)
    }
}

fn serialized(fresh: &Fresh) -> Vec<SerializedEvent> {
    let first = usize::try_from(fresh.expected).unwrap_or(0) + 1;
    let numbered = fresh.events.iter().zip(first..);
    numbered
        .map(|(event, sequence)| SerializedEvent {
            aggregate_id: fresh.stream.clone(),
            sequence,
            aggregate_type: KIND.to_owned(),
            event_type: "Marked".to_owned(),
            event_version: "1".to_owned(),
            payload: serde_json::from_str(&event.payload()).unwrap_or(Value::Null),
            metadata: serde_json::json!({}),
        })
        .collect()
}

fn failure(error: PersistenceError) -> Failure {
    match error {
        PersistenceError::OptimisticLockError => Failure::Conflict,
        other => Failure::Unknown(other.to_string()),
    }
}
