//! Every integration test: one binary, so that all of them share one PostgreSQL. A noun's behaviour lies in the file of
//! that name; the rest are promises that hold for all.

// What goes wrong here fails a test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bookings;
mod canary;
mod chefs;
mod commands;
mod cqrs;
mod crash;
mod customers;
mod effects;
mod events_forever;
mod idempotency;
mod log;
mod openapi;
mod payments;
mod queries;
mod race;
mod readme;
mod rebuild;
mod signatures;
mod sql;
mod stream;
mod tenancy;
mod tenants;
mod tidy;
mod together;
mod webhooks;
mod wire;
