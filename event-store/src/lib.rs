//! The event store: one primitive to append, one loop to read the log, and what must share their transaction (claims,
//! handles, idempotency, the outbox's rows, subject keys).

pub mod ages;
pub mod append;
pub mod checkpoints;
pub mod coalescer;
pub mod commit;
pub mod cqrs;
pub mod deletions;
pub mod era;
pub mod error;
pub mod holes;
pub mod key_backups;
pub mod load;
pub mod log;
pub mod notary;
pub mod parked;
pub mod parking;
pub mod pg;
pub mod presence;
pub mod read_audit;
pub mod readings;
pub mod recent;
pub mod recorded;
pub mod recording;
pub mod root_rotation;
pub mod rotation;
pub mod shards;
pub mod snapshots;
pub mod steering;
pub mod store;
pub mod stored_snapshots;
pub mod subject_keys;
pub mod tail;
pub mod tenants;
pub mod upcast;
pub mod usage;
pub mod vacuum;
pub mod vault;
pub mod versions;
pub mod wake;

/// What every fallible call of the crates with I/O answers.
pub type Result<T> = std::result::Result<T, error::Error>;
