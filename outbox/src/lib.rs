//! The one door out, and the inbox of webhooks. The relay leases messages that commands have written, delivers them, and
//! brings the results back as commands; a crash at any point is answered by the message's effect class.

mod assistant;
pub mod attempts;
pub mod blocked;
mod claims;
mod completions;
pub mod deletions;
pub mod deliver;
pub mod delivery;
pub mod destinations;
pub mod erasures;
mod heads;
pub mod imports;
pub mod inbox;
pub mod journeys;
mod leases;
mod news;
pub mod operators;
mod queues;
pub mod redrives;
pub mod relay;
pub mod retention;
pub mod rules;
pub mod schedule;
pub mod senders;
pub mod stats;
pub mod sweeps;
pub mod webhooks;
pub mod work;

/// What every fallible call here answers.
pub type Result<T> = event_store::Result<T>;
