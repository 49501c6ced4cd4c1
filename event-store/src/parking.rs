//! Events that cannot be applied. Such an event parks its key: it and what comes after it for the same key wait, in
//! order, while everything else goes on. Nothing is passed over in silence: what waits and what was given up stands in
//! tables of its own.

use std::collections::HashSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use deadpool_postgres::{GenericClient, Transaction};
use domain::ids::TenantId;
use futures_util::FutureExt;

use crate::log::Subscriber;
use crate::recorded::Recorded;
use crate::{Result, error::Error};

/// So many keys that fail in one batch mean that the projector or the database is at fault, not the events.
pub const MAX_PARKED_PER_BATCH: usize = 100;
/// So many parked keys and the projection stops instead: it would only hide what is wrong.
pub const MAX_PARKED_KEYS: usize = 10_000;
/// Who gave an event up, where the policy says so.
const BY_POLICY: &str = "policy skip";

const FIND_POLICY: &str = "select policy from checkpoints where projection = $1 limit 1";
const LIST_KEYS: &str =
    "select tenant_id, key from parked_keys where subscriber = $1 and side = $2";
const PARK_KEY: &str = "
    insert into parked_keys (tenant_id, subscriber, side, key, position, failure) values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant_id, subscriber, side, key) do update set position = excluded.position,
        failure = excluded.failure, attempts = parked_keys.attempts + 1, tried_at = clock_timestamp()";
const PARK_EVENTS: &str = "
    insert into parked_events (tenant_id, subscriber, side, key, position)
    select e.tenant_id, $1, $2, e.key, e.position
    from unnest($3::text[], $4::text[], $5::bigint[]) as e (tenant_id, key, position)
    on conflict do nothing";
const DROP_EVENT: &str = "
    insert into dropped_events (tenant_id, subscriber, position, key, failure, reason, dropped_by)
    values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing";
const CLEAR_EVENTS: &str = "delete from parked_events where subscriber = $1 and side = $2";
const CLEAR_KEYS: &str = "delete from parked_keys where subscriber = $1 and side = $2";

/// What to do with an event that cannot be applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Its key waits, everything else goes on.
    #[default]
    Park,
    /// The projection stops before it and tries again from time to time.
    Pause,
    /// The event is given up, on record; what comes after it goes on.
    Skip,
}

impl Policy {
    pub const NAMES: [&'static str; 3] = ["park", "pause", "skip"];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Park => "park",
            Self::Pause => "pause",
            Self::Skip => "skip",
        }
    }

    /// From its name; anything unknown is the default.
    pub fn of(name: &str) -> Self {
        match name {
            "pause" => Self::Pause,
            "skip" => Self::Skip,
            _ => Self::Park,
        }
    }
}

/// Which tables are meant: those in use, or their twins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Live,
    Twin,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Twin => "twin",
        }
    }
}

/// A tenant's key within a projection.
pub type Key = (TenantId, String);

/// The event that a projection stops before, as its policy says, and why.
#[derive(Debug)]
pub struct Stopped {
    pub position: i64,
    pub error: Error,
}

/// What was found out while a batch was applied piece by piece.
#[derive(Default)]
struct Trial {
    failed: usize,
    stopped: Option<Stopped>,
}

/// What a projection does with events that fail, and which of its keys are parked.
#[derive(Clone, Debug)]
pub struct Parking {
    subscriber: &'static str,
    side: Side,
    pub policy: Policy,
    keys: HashSet<Key>,
}

impl Parking {
    /// As it stands in the database. Only the holder of the projection's lease, or of the lock of its rebuild, may rely
    /// on it.
    pub async fn load(
        client: &impl GenericClient,
        subscriber: &'static str,
        side: Side,
    ) -> Result<Self> {
        let policy = client.query_opt(FIND_POLICY, &[&subscriber]).await?;
        let policy = policy.map(|row| row.get::<_, String>(0));
        let rows = client
            .query(LIST_KEYS, &[&subscriber, &side.as_str()])
            .await?;
        let key = |row: tokio_postgres::Row| (TenantId::new(row.get::<_, String>(0)), row.get(1));
        Ok(Self {
            subscriber,
            side,
            policy: policy.as_deref().map(Policy::of).unwrap_or_default(),
            keys: rows.into_iter().map(key).collect(),
        })
    }

    pub fn side(&self) -> Side {
        self.side
    }

    /// How many keys are parked.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub fn contains(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    /// Forgets a key that is about to be tried again.
    pub fn release(&mut self, key: &Key) {
        self.keys.remove(key);
    }

    /// Whether none of these waits behind one that is parked.
    pub fn is_open(&self, subscriber: &dyn Subscriber, batch: &[Recorded]) -> bool {
        !batch.iter().any(|event| self.holds(subscriber, event))
    }

    fn holds(&self, subscriber: &dyn Subscriber, event: &Recorded) -> bool {
        !self.keys.is_empty()
            && self
                .keys
                .contains(&(event.tenant_id.clone(), subscriber.key(event)))
    }

    /// Forgets everything that is parked on this side, for tables that are built anew.
    pub async fn clear(&mut self, tx: &Transaction<'_>) -> Result<()> {
        let side = self.side.as_str();
        tx.execute(CLEAR_EVENTS, &[&self.subscriber, &side]).await?;
        tx.execute(CLEAR_KEYS, &[&self.subscriber, &side]).await?;
        self.keys.clear();
        Ok(())
    }

    /// Applies the batch where nothing in it fails; events of parked keys wait behind them. An error leaves the
    /// transaction unusable.
    pub async fn apply_whole(
        &self,
        tx: &Transaction<'_>,
        subscriber: &dyn Subscriber,
        batch: &[Recorded],
    ) -> Result<()> {
        if self.is_open(subscriber, batch) {
            return apply(tx, subscriber, batch).await;
        }
        let (waiting, open): (Vec<_>, Vec<_>) = batch
            .iter()
            .cloned()
            .partition(|event| self.holds(subscriber, event));
        self.queue(tx, subscriber, &waiting).await?;
        match open.is_empty() {
            true => Ok(()),
            false => apply(tx, subscriber, &open).await,
        }
    }

    /// Applies the batch piece by piece, so that what fails is found and parked or given up. It never fails for an
    /// event's sake unless too many fail. Where the policy is to pause it answers the event that fails: all before it is
    /// applied, and nothing from there on.
    pub async fn apply_apart(
        &mut self,
        tx: &mut Transaction<'_>,
        subscriber: &dyn Subscriber,
        batch: &[Recorded],
    ) -> Result<Option<Stopped>> {
        let mut trial = Trial::default();
        self.split(tx, subscriber, batch, &mut trial).await?;
        Ok(trial.stopped)
    }

    /// Halves what fails until the one event is found. The first half is done before the second is begun, so that the
    /// order of each key is kept.
    fn split<'a>(
        &'a mut self,
        tx: &'a mut Transaction<'_>,
        subscriber: &'a dyn Subscriber,
        batch: &'a [Recorded],
        trial: &'a mut Trial,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(async move {
            if trial.stopped.is_some() {
                return Ok(());
            }
            let piece = tx.transaction().await?;
            let error = match self.apply_whole(&piece, subscriber, batch).await {
                Ok(()) => return Ok(piece.commit().await?),
                Err(error) => error,
            };
            piece.rollback().await?;
            if !is_poison(&error) {
                return Err(error);
            }
            if let [event] = batch {
                return self.fail(tx, subscriber, event, (error, trial)).await;
            }
            let (first, second) = batch.split_at(batch.len() / 2);
            self.split(tx, subscriber, first, trial).await?;
            self.split(tx, subscriber, second, trial).await
        })
    }

    /// Parks the event's key, gives the event up or stops before it, as the policy says.
    async fn fail(
        &mut self,
        tx: &Transaction<'_>,
        subscriber: &dyn Subscriber,
        event: &Recorded,
        (error, trial): (Error, &mut Trial),
    ) -> Result<()> {
        if self.policy == Policy::Pause {
            let position = event.position;
            trial.stopped = Some(Stopped { position, error });
            return Ok(());
        }
        trial.failed += 1;
        let failed = trial.failed;
        if failed > MAX_PARKED_PER_BATCH || self.keys.len() >= MAX_PARKED_KEYS {
            return Err(Error::internal(format!(
                "{failed} keys fail in one batch and {} are parked, which is no fault of single events; the last: {error}",
                self.keys.len()
            )));
        }
        self.give_way(tx, subscriber, event, &error.to_string())
            .await
    }

    /// Puts on record that this event cannot be applied, and parks its key unless the policy is to skip.
    pub async fn give_way(
        &mut self,
        tx: &Transaction<'_>,
        subscriber: &dyn Subscriber,
        event: &Recorded,
        failure: &str,
    ) -> Result<()> {
        let (tenant_id, name) = (event.tenant_id.as_str(), self.subscriber);
        let key = subscriber.key(event);
        let side = self.side.as_str();
        tracing::error!(subscriber = name, position = event.position, policy = ?self.policy, failure, "an event cannot be applied");
        if self.policy == Policy::Skip {
            metrics::counter!("rapport_projection_dropped_events_total", "projection" => name)
                .increment(1);
            tx.execute(
                DROP_EVENT,
                &[
                    &tenant_id,
                    &name,
                    &event.position,
                    &key,
                    &failure,
                    &BY_POLICY,
                ],
            )
            .await?;
            return Ok(());
        }
        tx.execute(
            PARK_KEY,
            &[&tenant_id, &name, &side, &key, &event.position, &failure],
        )
        .await?;
        self.queue(tx, subscriber, std::slice::from_ref(event))
            .await?;
        self.keys.insert((event.tenant_id.clone(), key));
        Ok(())
    }

    /// Lets events wait behind their keys.
    pub async fn queue(
        &self,
        tx: &Transaction<'_>,
        subscriber: &dyn Subscriber,
        waiting: &[Recorded],
    ) -> Result<()> {
        let tenants: Vec<&str> = waiting.iter().map(|one| one.tenant_id.as_str()).collect();
        let keys: Vec<String> = waiting.iter().map(|one| subscriber.key(one)).collect();
        let positions: Vec<i64> = waiting.iter().map(|one| one.position).collect();
        let side = self.side.as_str();
        tx.execute(
            PARK_EVENTS,
            &[&self.subscriber, &side, &tenants, &keys, &positions],
        )
        .await?;
        Ok(())
    }
}

async fn apply(
    tx: &Transaction<'_>,
    subscriber: &dyn Subscriber,
    batch: &[Recorded],
) -> Result<()> {
    unharmed(subscriber.name(), subscriber.apply(tx, batch)).await
}

/// A projector that panics is as one that fails: the event is at fault, and the process goes on. The panic's own words are
/// not kept, as they may quote what was opened; they stand in the process's log.
pub async fn unharmed<T>(name: &str, applied: impl Future<Output = Result<T>>) -> Result<T> {
    let applied = AssertUnwindSafe(applied).catch_unwind().await;
    applied.unwrap_or_else(|_| {
        Err(Error::internal(format!(
            "the projector {name} panicked; its process's log says where"
        )))
    })
}

/// Whether the event is at fault: what is busy may well succeed in a moment.
pub fn is_poison(error: &Error) -> bool {
    !matches!(error, Error::Busy { .. })
}
