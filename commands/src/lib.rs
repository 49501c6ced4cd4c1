//! Everything that changes anything: one file a noun with its inputs, look-ups and unit of work; the registry of all
//! commands; and `dispatch`, the one way in.

pub mod approvals;
pub mod assistant_runs;
pub mod bookings;
pub mod bulk_runs;
pub mod chefs;
pub mod conversations;
pub mod customers;
pub mod facts;
pub mod imports;
mod journeys;
pub mod payments;
pub mod subjects;
pub mod system;
pub mod templates;
pub mod tenants;
pub mod views;
pub mod webhook_endpoints;

pub mod answer;
pub mod canonical;
pub mod context;
pub mod dispatch;
mod inner;
mod kept;
mod known;
mod records;
pub mod registry;
pub mod work;

/// What every fallible call here answers.
pub type Result<T> = event_store::Result<T>;
