//! The nouns of Rapport: their state, commands, events and rules. Nothing here does I/O, reads a clock or makes an id:
//! whatever a decision needs comes in with the command.

pub mod access;
pub mod approvals;
pub mod assistant_runs;
pub mod bookings;
pub mod bulk_runs;
pub mod card_numbers;
pub mod chefs;
pub mod conversations;
pub mod customers;
pub mod facts;
pub mod payments;
pub mod templates;
pub mod tenants;
pub mod views;
pub mod webhook_endpoints;

pub mod booking_talk;
pub mod effects;
pub mod evolution;
pub mod ids;
pub mod imports;
pub mod journey_runs;
pub mod journeys;
pub mod letters;
pub mod money;
pub mod noun;
pub mod operations;
pub mod refusal;
pub mod sealed;
pub mod search;
pub mod slots;
pub mod values;
pub mod zones;

/// A hash of this crate's sources: states that were folded under another one may differ from what these rules make.
pub const RULES_FINGERPRINT: &str = env!("RULES_FINGERPRINT");
