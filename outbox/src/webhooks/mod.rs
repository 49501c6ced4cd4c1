//! Outgoing webhooks: a subscriber of the log turns each event into one message for every endpoint that wants it, once;
//! past events are queued again where somebody ordered that.

mod queueing;
pub mod replays;
pub mod subscriber;
