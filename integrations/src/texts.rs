//! A short message to one phone, whichever provider carries it, and how far it has come.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::form::Form;

/// One text message. `Debug` shows the identity alone: the rest is personal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewText {
    /// Ours; the same for every attempt. Sent along where the provider has a place for it.
    pub message_id: String,
    /// E.164.
    pub to: String,
    pub body: String,
    /// Where the provider reports how far the message has come: an address without a query.
    pub status_callback: Option<String>,
    /// What the provider repeats with every report, by name, beside `message`: the message's own id.
    pub context: BTreeMap<String, String>,
}

/// The name under which every report repeats [`NewText::message_id`].
pub const MESSAGE_PARAMETER: &str = "message";

impl NewText {
    /// What is sent along, as a query.
    pub fn callback_data(&self) -> String {
        let mut query = Form::default();
        query.add(MESSAGE_PARAMETER, &self.message_id);
        for (name, value) in &self.context {
            query.add(name, value);
        }
        query.encode()
    }

    /// Where the provider reports, with what it repeats.
    pub fn callback_url(&self) -> Option<String> {
        let address = self.status_callback.as_ref()?;
        Some(format!("{address}?{}", self.callback_data()))
    }
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

/// How far a message has come. Greater states win over lesser ones, in whatever order they are heard of: a message that
/// was reported as failed and as delivered has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextState {
    Queued,
    Sent,
    /// The provider gave it up.
    Failed,
    Delivered,
    Read,
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
    /// What we gave along with the message, where the provider repeats it: the query of a status callback.
    pub context: BTreeMap<String, String>,
    pub state: TextState,
    /// The provider's code of what went wrong.
    pub error_code: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{NewText, TextState};

    #[test]
    fn what_is_known_for_sure_is_greater() {
        let all = [
            TextState::Queued,
            TextState::Sent,
            TextState::Failed,
            TextState::Delivered,
            TextState::Read,
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
            status_callback: Some("https://crm.example/hook".into()),
            context: BTreeMap::from([("thread_id".into(), "t&1".into())]),
        };
        assert_eq!(
            text.callback_url().as_deref(),
            Some("https://crm.example/hook?message=m1&thread_id=t%261")
        );
        let printed = format!("{text:?}");
        assert!(
            !printed.contains("Ada") && !printed.contains("555"),
            "{printed}"
        );
    }
}
