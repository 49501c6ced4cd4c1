//! The projectors: one file a noun, each a subscriber that folds batches of events into read tables. They never call
//! out, so a rebuild is harmless, and nobody else writes their tables.

mod columns;
mod fold;
mod subjects;

pub mod bookings;
pub mod chefs;
pub mod customers;
pub mod figures;
pub mod payments;
pub mod rebuild;
pub mod tenants;
pub mod timelines;

use std::sync::Arc;

use event_store::log::Subscriber;
use event_store::store::Store;

/// A subscriber that fills read tables, with what a rebuild must know of them.
pub struct Projection {
    pub subscriber: Arc<dyn Subscriber>,
    pub tables: &'static [Table],
}

/// One read table and its twin; the statements of a rebuild.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Keeps writers out, and lets readers in, until the transaction ends.
    pub lock: &'static str,
    /// Deletes all rows of the twin.
    pub clear_twin: &'static str,
    /// Deletes all rows of the table itself.
    pub clear: &'static str,
    /// Copies the twin's rows into the table.
    pub fill: &'static str,
}

/// Every projection.
pub fn all(store: &Store) -> Vec<Projection> {
    vec![
        tenants::projection(),
        customers::projection(store.clone()),
        chefs::projection(store.clone()),
        bookings::projection(),
        payments::projection(),
        timelines::projection(),
        figures::projection(),
    ]
}
