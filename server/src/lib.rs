//! The program: configuration, HTTP, the command line, the private PostgreSQL, and the tasks that run beside the API.

pub mod access;
pub mod app;
pub mod cli;
pub mod config;
pub mod connections;
pub mod database;
pub mod demo;
pub mod embedded;
pub mod http;
pub mod issuers;
pub mod operations;
pub mod root_key;
pub mod sharding;
pub mod telemetry;
pub mod witnesses;
