//! Our own store under the suite, through the public interface of `event-store`: load, append, and the log up to where its
//! tail says that nothing is missing.

use std::sync::Arc;

use cqrs_es::{AggregateContext, CqrsFramework, EventStore};
use domain::ids::TenantId;
use event_store::commit::{
    CommandRecord, Commit, NewEvent, Outcome, OwnedKey, OwnedScope, StreamEvents, Violation,
};
use event_store::cqrs::TenantEvents;
use event_store::error::Error;
use event_store::load::Load;
use event_store::log;
use event_store::pg::{PoolSizes, Pools};
use event_store::recorded::{Payload, Recorded};
use event_store::store::Store;
use event_store::vault::Vault;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::app::ROOT_KEY;
use crate::conformance::place::Place;
use crate::conformance::tally::{CountUp, Tally};
use crate::conformance::{
    Append, Appended, Capability, Event, Failure, KIND, Logged, Origin, Page, StoreUnderTest,
    value_of,
};

const POOLS: PoolSizes = PoolSizes {
    request: 16,
    query: 2,
    engine: 6,
};
/// How many events one read of the log shows.
const PAGE: i64 = 500;
const PRINCIPAL: &str = "conformance";
const SCOPE: &str = "conformance-claim";

#[derive(Clone)]
pub struct Ours {
    pub store: Store,
    tenant_id: TenantId,
    running: Arc<Vec<JoinHandle<()>>>,
}

impl StoreUnderTest for Ours {
    const NAME: &'static str = "Rapport";
    const OFFERS: &'static [Capability] = &[
        Capability::Log,
        Capability::Keys,
        Capability::ManyStreams,
        Capability::Claims,
        Capability::Times,
    ];
    const EVENTS: &'static str = "events";

    async fn prepare(_: &Place) {}

    async fn open(place: &Place) -> Self {
        let store = Store::new(
            Pools::new(&place.url, POOLS).unwrap(),
            Vault::new(&ROOT_KEY),
        );
        let (tail, wake) = (store.tail.clone(), store.wake.clone());
        let config = store.pools.config.clone();
        let running = vec![
            tokio::spawn(async move { tail.run().await }),
            tokio::spawn(async move { wake.run(config).await }),
        ];
        Self {
            store,
            tenant_id: TenantId::new("conformance"),
            running: Arc::new(running),
        }
    }

    async fn append(&self, append: &Append) -> Result<Appended, Failure> {
        // The append looks at the key by itself; its answer is only wanted when it has been used.
        let commit = self.commit(append);
        let outcomes = self
            .store
            .append(std::slice::from_ref(&commit))
            .await
            .map_err(unknown)?;
        match outcomes.first() {
            Some(Outcome::Committed { position }) => Ok(Appended {
                answer: commit.command.answer,
                position: Some(*position),
                origin: Origin::Executed,
            }),
            Some(Outcome::Conflict(violation)) => match self.find_answer(append).await? {
                Some(answered) => Ok(answered),
                None if *violation == Violation::Claim => Err(Failure::ClaimHeld),
                None => Err(Failure::Conflict),
            },
            None => Err(Failure::Unknown("no outcome".to_owned())),
        }
    }

    async fn load(&self, streams: &[String]) -> Result<Vec<Vec<Event>>, Failure> {
        let wanted = Load {
            streams: streams
                .iter()
                .map(|stream| (KIND, stream.clone(), 0))
                .collect(),
            ..Load::default()
        };
        let loaded = self.store.load(&self.tenant_id, wanted).await;
        let found = loaded.map_err(unknown)?.streams.into_iter();
        let events = found.map(|stream| {
            let its = stream.events.iter().map(|event| Event {
                sequence: event.sequence,
                value: value(&event.payload),
            });
            its.collect()
        });
        Ok(events.collect())
    }

    async fn read_log(&self, after: i64) -> Result<Page, Failure> {
        let until = *self.store.tail.watch().borrow();
        if until <= after {
            return Ok(Page {
                events: Vec::new(),
                next: after,
            });
        }
        self.page(after, until).await
    }

    async fn count_up(&self, stream: &str, by: usize) -> Result<(), Failure> {
        let framework = CqrsFramework::<Tally, _>::new(self.framework(), Vec::new(), ());
        let done = framework.execute(stream, CountUp { by }).await;
        done.map_err(|error| Failure::Unknown(error.to_string()))
    }

    async fn reload(&self, stream: &str) -> Result<u64, Failure> {
        let loaded = EventStore::<Tally>::load_aggregate(&self.framework(), stream).await;
        let mut loaded = loaded.map_err(|error| Failure::Unknown(error.to_string()))?;
        Ok(AggregateContext::<Tally>::aggregate(&mut loaded).counted)
    }

    async fn close(self) {
        for task in self.running.iter() {
            task.abort();
        }
        self.store.pools.close();
    }
}

impl Ours {
    /// The events between two positions, and where to read on.
    pub(super) async fn page(&self, after: i64, until: i64) -> Result<Page, Failure> {
        let pool = &self.store.pools.engine;
        let client = pool.get().await.map_err(|error| unknown(error.into()))?;
        let events = log::read(&client, &[KIND], (after, until), PAGE)
            .await
            .map_err(unknown)?;
        let full = i64::try_from(events.len()).unwrap_or(PAGE) >= PAGE;
        let next = match events.last() {
            Some(last) if full => last.position,
            _ => until,
        };
        let events = events.iter().map(logged).collect();
        Ok(Page { events, next })
    }

    fn framework(&self) -> TenantEvents {
        TenantEvents {
            store: self.store.clone(),
            tenant_id: self.tenant_id.clone(),
            principal: PRINCIPAL.to_owned(),
        }
    }

    /// The answer that the key has got already.
    async fn find_answer(&self, append: &Append) -> Result<Option<Appended>, Failure> {
        let wanted = Load {
            answered: Some((PRINCIPAL.to_owned(), append.key.clone())),
            ..Load::default()
        };
        let loaded = self.store.load(&self.tenant_id, wanted).await;
        match loaded.map_err(unknown)?.answered {
            None => Ok(None),
            Some(stored) if stored.fingerprint != append.body().into_bytes() => {
                Err(Failure::KeyReused)
            }
            Some(stored) => Ok(Some(Appended {
                answer: stored.answer,
                position: Some(stored.position),
                origin: Origin::Replayed,
            })),
        }
    }

    fn commit(&self, append: &Append) -> Commit {
        let command_id = Uuid::now_v7().to_string();
        let fingerprint = append.body().into_bytes();
        let streams = append.streams.iter().map(|fresh| StreamEvents {
            aggregate_type: KIND.to_owned(),
            aggregate_id: fresh.stream.clone(),
            expected: fresh.expected,
            events: fresh
                .events
                .iter()
                .map(|event| NewEvent {
                    event_type: "Marked".to_owned(),
                    event_version: "1".to_owned(),
                    payload: event.payload(),
                })
                .collect(),
        });
        let take = append.take.iter().map(|claim| OwnedKey {
            scope: SCOPE.to_owned(),
            value: claim.value.clone(),
            aggregate_type: KIND.to_owned(),
            aggregate_id: claim.owner.clone(),
        });
        let release = append.release.iter().map(|owner| OwnedScope {
            scope: SCOPE.to_owned(),
            aggregate_id: owner.clone(),
        });
        Commit {
            tenant_id: self.tenant_id.clone(),
            streams: streams.collect(),
            take: take.collect(),
            release: release.collect(),
            handles: Vec::new(),
            drop_handles: Vec::new(),
            usage: Default::default(),
            read_in: self.store.pools.era(),
            effects: Vec::new(),
            subject_keys: Vec::new(),
            key_changes: Vec::new(),
            command: CommandRecord {
                name: "conformance".to_owned(),
                principal: PRINCIPAL.to_owned(),
                key: append.key.clone(),
                fingerprint,
                answer: serde_json::json!({ "command_id": command_id }).to_string(),
                position_floor: 0,
                correlation_id: command_id.clone(),
                causation_id: command_id.clone(),
                occurred_at: append.occurred_at,
                source_address: None,
                metadata: "{}".to_owned(),
                command_id,
            },
        }
    }
}

fn logged(event: &Recorded) -> Logged {
    Logged {
        position: event.position,
        stream: event.aggregate_id.clone(),
        sequence: event.sequence,
        value: value(&event.payload),
        occurred_at: event.occurred_at,
    }
}

fn value(payload: &Payload) -> u64 {
    serde_json::from_str(&payload.0).map_or(0, |payload| value_of(&payload))
}

/// Even "busy" may come after the commit, when the wire broke before the answer.
fn unknown(error: Error) -> Failure {
    Failure::Unknown(error.to_string())
}
