//! The harness of the integration tests: one PostgreSQL a run, a database of its own and the whole program for every
//! test, and a client that speaks to it over real HTTP.

// All of this is test code; what goes wrong here fails a test by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod app;
pub mod client;
pub mod cluster;
pub mod conformance;
pub mod documents;
pub mod forger;
pub mod given;
pub mod inbox;
pub mod logs;
pub mod neighbour;
pub mod openid;
pub mod operator;
pub mod oracles;
pub mod people;
pub mod programs;
pub mod programs_asking;
pub mod providers;
pub mod receivers;
pub mod relay;
pub mod retrying;
pub mod scale;
pub mod served;
pub mod sinks;
pub mod sources;
pub mod sql;
pub mod stream;
pub mod tables;
pub mod tenants;
pub mod tls;
pub mod wait;
pub mod webhooks;
pub mod workers;
