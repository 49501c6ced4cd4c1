//! The answer to a command. What is stored lacks the position, which is a column; one `render` serves the first answer
//! and every replay, so that both are the same byte for byte.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Result;

/// One appended event, as callers see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventSummary {
    #[serde(rename = "type")]
    pub event_type: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
}

/// What is stored with the idempotency key; holds ids, never personal data.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredBody {
    pub command_id: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub events: Vec<EventSummary>,
    pub result: Box<RawValue>,
}

#[derive(Serialize)]
struct RenderedBody<'a> {
    command_id: &'a str,
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    sequence: i64,
    position: Option<String>,
    events: &'a [EventSummary],
    result: &'a RawValue,
}

/// A command's answer, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// JSON text.
    pub body: String,
    pub command_id: String,
    pub aggregate_id: String,
    /// The sequence of the aggregate that decided, after the command; for `ETag`.
    pub sequence: i64,
    /// `None` for a dry run, which has no place in the log.
    pub position: Option<i64>,
    pub replayed: bool,
}

/// The token for a position; opaque to callers.
pub fn position_token(position: i64) -> String {
    position.to_string()
}

/// The position that a token stands for.
pub fn parse_position(token: &str) -> Option<i64> {
    token.parse().ok().filter(|position| *position >= 0)
}

/// Turns a stored body and its position into the answer.
pub fn render(stored: &str, position: Option<i64>, replay: Replay) -> Result<Answer> {
    let stored: StoredBody = serde_json::from_str(stored)?;
    let body = serde_json::to_string(&RenderedBody {
        command_id: &stored.command_id,
        aggregate_type: &stored.aggregate_type,
        aggregate_id: &stored.aggregate_id,
        sequence: stored.sequence,
        position: position.map(position_token),
        events: &stored.events,
        result: &stored.result,
    })?;
    Ok(Answer {
        body,
        command_id: stored.command_id,
        aggregate_id: stored.aggregate_id,
        sequence: stored.sequence,
        position,
        replayed: replay == Replay::Yes,
    })
}

/// Whether an answer is given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    No,
    Yes,
}
