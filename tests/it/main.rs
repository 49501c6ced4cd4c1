//! Every integration test: one binary, so that all of them share one PostgreSQL. A noun's behaviour lies in the file of
//! that name; the rest are promises that hold for all.

// What goes wrong here fails a test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod as_of;
mod backup;
mod bookings;
mod canary;
mod chefs;
mod commands;
mod conformance;
mod conversation_consents;
mod conversation_inbox;
mod conversation_threads;
mod conversations;
mod cqrs;
mod crash;
mod customers;
mod delivery_engine;
mod doctor;
mod effects;
mod events_forever;
mod evolution;
mod export;
mod facade;
mod histories;
mod idempotency;
mod log;
mod openapi;
mod operations;
mod outages;
mod outbox_destinations;
mod outbox_operators;
mod outbox_order;
mod payments;
mod poison;
mod projections;
mod providers_chosen;
mod providers_judged;
mod providers_talk;
mod queries;
mod race;
mod readme;
mod rebuild;
mod signatures;
mod snapshots;
mod sql;
mod store;
mod stream;
mod tenancy;
mod tenants;
mod tidy;
mod together;
mod webhook_inbox;
mod webhooks;
mod wire;
