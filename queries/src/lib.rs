//! The reads: one file a noun, one entry a query, one way in (`ask`). Queries change nothing and say how fresh they are.

pub mod ask;
pub mod bound;
pub mod cursors;
pub mod files;
pub mod imports;
pub mod params;
pub mod past;
pub mod registry;
pub mod schema_errors;
pub mod subjects;
pub mod untrusted;
pub mod visitors;

mod approvals;
mod assistant_runs;
mod audit;
mod availability;
mod bookings;
mod bulk_runs;
mod chefs;
mod conversations;
mod customer_360;
mod customers;
mod dashboard;
mod facts;
mod journey_runs;
mod journeys;
mod page;
mod payments;
mod plain;
mod schedule_board;
pub mod templates;
mod tenants;
mod views;
mod webhook_deliveries;
mod webhook_endpoints;
mod webhook_replays;
