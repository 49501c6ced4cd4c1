//! What can happen in a run of the assistant. What was said and looked up is ciphertext under the conversation's key.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{AssistantRun, Engine, HandOverReason, ToolUse};
use crate::conversations::AiMode;
use crate::evolution;
use crate::ids::{ConversationId, CustomerId, MessageId};
use crate::sealed::Sealed;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AssistantRunEvent {
    AssistantRunStarted(Box<RunStarted>),
    /// A model was asked: once for each attempt that may cost money, answered or not.
    AssistantModelCalled(Box<ModelCalled>),
    ReplySuggested(Box<Said>),
    /// It answered the customer by itself.
    AssistantAnswered {
        said: Box<Said>,
        message_id: MessageId,
    },
    AssistantHandedOver {
        reason: HandOverReason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<Box<Said>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_id: Option<MessageId>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Nothing was said: somebody had answered meanwhile, or it was not allowed.
    AssistantRunEnded {
        code: String,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    SuggestionAccepted {
        message_id: MessageId,
        by: String,
    },
    /// Other words were sent in its place.
    SuggestionEdited {
        message_id: MessageId,
        by: String,
    },
    SuggestionDismissed {
        by: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    pub conversation_id: ConversationId,
    /// The customer's message; the run has its id.
    pub message_id: MessageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// How it works in this run; off hours may have made `suggest` of `auto`.
    pub ai_mode: AiMode,
    pub engine: Engine,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelCalled {
    /// 1 for the first of an attempt.
    pub round: u32,
    /// The attempt of the outbox, 1 for the first.
    pub attempt: u32,
    /// Who answered, as the provider says; what was asked for where it did not answer.
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_request_id: Option<String>,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub output_tokens: u64,
    /// In millionths of a US dollar; null where the model's price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    pub latency_ms: u64,
    /// `finished`, `tool_calls` and the like; null where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_kind: Option<String>,
}

/// What the assistant says, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub content: Sealed,
    /// The newest message that it knew of.
    pub after_message_id: MessageId,
    /// Why it says that: short codes such as `slot-free` or `asks-for-party`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolUse>,
    /// What it has understood so far, for the next run; JSON, sealed whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Sealed>,
    /// Commands that a person may send to make it true, `[{"command", "body"}]` as JSON, sealed whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Sealed>,
    /// In `suggest`: a person had better answer in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_person: Option<HandOverReason>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl DomainEvent for AssistantRunEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::AssistantRunStarted(_) => "AssistantRunStarted",
            Self::AssistantModelCalled(_) => "AssistantModelCalled",
            Self::ReplySuggested(_) => "ReplySuggested",
            Self::AssistantAnswered { .. } => "AssistantAnswered",
            Self::AssistantHandedOver { .. } => "AssistantHandedOver",
            Self::AssistantRunEnded { .. } => "AssistantRunEnded",
            Self::SuggestionAccepted { .. } => "SuggestionAccepted",
            Self::SuggestionEdited { .. } => "SuggestionEdited",
            Self::SuggestionDismissed { .. } => "SuggestionDismissed",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(AssistantRun::TYPE, &self.event_type())
    }
}
