//! The projectors: one file a noun, each a subscriber that folds batches of events into read tables. They never call
//! out, so a rebuild is harmless, and nobody else writes their tables.

mod columns;
mod count;
mod fold;
mod ranges;
mod scans;
mod subjects;

pub mod approvals;
pub mod assistant_runs;
pub mod audit;
pub mod bookings;
pub mod build;
pub mod bulk_runs;
pub mod chefs;
pub mod conversations;
pub mod customers;
pub mod facts;
pub mod figures;
pub mod imports;
pub mod journey_runs;
pub mod journeys;
pub mod occurrences;
pub mod payments;
pub mod rebuild;
pub mod switch;
pub mod templates;
pub mod tenants;
pub mod timelines;
pub mod views;
pub mod webhook_endpoints;

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::shards::{MAX_SHARDS, Sharded};
use event_store::store::Store;

use crate::fold::Poison;
use crate::occurrences::Occurrence;

/// A subscriber that fills read tables, with what a rebuild must know of them.
#[derive(Clone)]
pub struct Projection {
    pub subscriber: Arc<dyn Subscriber>,
    /// Its read tables; each has a twin of the same name in the schema `twin`.
    pub tables: &'static [&'static str],
    /// Folds whole streams at once, where a row depends on one stream alone; else a rebuild follows the log, and the
    /// projection cannot be split.
    pub streams: Option<Arc<dyn Streams>>,
    /// Whether reading a part of the log again changes nothing that is there; sums would count twice.
    pub replay: Replay,
}

/// What reading a part of the log again does to the rows that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    Harmless,
    CountsTwice,
}

/// Builds rows from whole streams, without a look at what is there.
#[async_trait]
pub trait Streams: Send + Sync {
    /// Copies the rows of these streams into the twins: every event of each, in order, one stream after the other.
    /// Answers the events that cannot be applied; the rows of their streams end before them.
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>>;
}

impl Projection {
    /// Its name, which is its checkpoint's.
    pub fn name(&self) -> &'static str {
        self.subscriber.name()
    }

    /// What runs it: itself, or as many shards as are wanted. Refused with `shards-out-of-range` for a number that is none,
    /// and with `projection-not-splittable` where rows depend on more than one stream.
    pub fn split(&self, shards: u16) -> std::result::Result<Vec<Arc<dyn Subscriber>>, Refusal> {
        let name = self.name();
        if !(1..=MAX_SHARDS).contains(&shards) {
            let detail = format!("{name} cannot have {shards} shards; name 1 to {MAX_SHARDS}");
            return Err(Refusal::invalid("shards-out-of-range", detail));
        }
        if shards > 1 && self.streams.is_none() {
            let detail = format!(
                "{name} cannot be split, for its rows depend on more than one stream; leave it whole"
            );
            return Err(Refusal::invalid("projection-not-splittable", detail));
        }
        Ok(Sharded::all(&self.subscriber, shards).collect())
    }

    /// Rows that each depend on one stream alone.
    fn of_streams<P: Subscriber + Streams + 'static>(
        projector: P,
        tables: &'static [&'static str],
    ) -> Self {
        let projector = Arc::new(projector);
        Self {
            subscriber: projector.clone(),
            tables,
            streams: Some(projector),
            replay: Replay::Harmless,
        }
    }
}

/// Every projection.
pub fn all(store: &Store) -> Vec<Projection> {
    vec![
        tenants::projection(),
        customers::projection(store.clone()),
        chefs::projection(store.clone()),
        conversations::projection(store.clone()),
        assistant_runs::projection(),
        facts::projection(),
        bookings::projection(),
        payments::projection(),
        timelines::projection(),
        figures::projection(),
        templates::projection(),
        views::projection(),
        imports::projection(),
        bulk_runs::projection(),
        journeys::projection(),
        journey_runs::projection(),
        webhook_endpoints::projection(),
        approvals::projection(),
    ]
}
