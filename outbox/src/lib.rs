//! The one door out, and the inbox of webhooks. The relay leases messages that commands have written, delivers them, and
//! brings the results back as commands; a crash at any point is answered by the message's effect class.

pub mod attempts;
pub mod delivery;
pub mod inbox;
pub mod letters;
pub mod relay;
pub mod schedule;
pub mod senders;
pub mod work;

/// What every fallible call here answers.
pub type Result<T> = event_store::Result<T>;
