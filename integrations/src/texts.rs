//! A short message to one phone, whichever provider carries it, and how far it has come.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One text message. `Debug` shows the identity alone: the rest is personal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewText {
    /// Ours; the same for every attempt. Sent along where the provider has a place for it.
    pub message_id: String,
    /// E.164.
    pub to: String,
    pub body: String,
    /// Where the provider reports how far the message has come.
    pub status_callback: Option<String>,
}

impl fmt::Debug for NewText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewText")
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

/// The provider took a message on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The provider's own id, which its webhooks repeat.
    pub provider_message_id: String,
}

/// How far a message has come. Later states win over earlier ones, in whatever order they are heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextState {
    Queued,
    Sent,
    Delivered,
    Read,
    /// Will not arrive; never followed by another state.
    Failed,
}

impl TextState {
    /// The stable name, the same as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            TextState::Queued => "queued",
            TextState::Sent => "sent",
            TextState::Delivered => "delivered",
            TextState::Read => "read",
            TextState::Failed => "failed",
        }
    }
}

/// What a provider's webhook says about texts, in the words of no provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextNews {
    Received(ReceivedText),
    State(StateOfText),
}

/// Somebody wrote to one of the business's numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedText {
    pub provider_message_id: String,
    /// E.164, as in `to`.
    pub from: String,
    pub to: String,
    pub body: String,
    /// Addresses of pictures and files, as the provider keeps them.
    pub media: Vec<String>,
    /// Unix seconds, where the provider says when.
    pub sent_at: Option<i64>,
}

impl fmt::Debug for ReceivedText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReceivedText")
            .field("provider_message_id", &self.provider_message_id)
            .finish_non_exhaustive()
    }
}

/// News of a message that the business sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateOfText {
    pub provider_message_id: String,
    /// Ours, where the provider repeats it.
    pub message_id: Option<String>,
    pub state: TextState,
    /// The provider's code of what went wrong.
    pub error_code: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{NewText, TextState};

    #[test]
    fn later_states_are_greater() {
        let all = [
            TextState::Queued,
            TextState::Sent,
            TextState::Delivered,
            TextState::Read,
            TextState::Failed,
        ];
        assert!(all.is_sorted());
        for state in all {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }

    #[test]
    fn a_text_prints_without_what_it_says() {
        let text = NewText {
            message_id: "m1".into(),
            to: "+15551230001".into(),
            body: "Dear Ada".into(),
            status_callback: None,
        };
        let printed = format!("{text:?}");
        assert!(
            !printed.contains("Ada") && !printed.contains("555"),
            "{printed}"
        );
    }
}
