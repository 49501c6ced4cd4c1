//! What can happen to a conversation. Texts and addresses are ciphertext under the conversation's own key: a thread can
//! move to another customer, and what was said in it moves along.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::allowance::{Decision, Inbound};
use super::canned::CannedUse;
use super::keywords::Keyword;
use super::messages::{CallOutcome, MessageFailure, SenderType};
use super::{AiMode, Conversation, OptOut, ReopenCause};
use crate::assistant_runs::HandOverReason;
use crate::customers::consents::{Channel, Purpose};
use crate::evolution;
use crate::ids::{ConversationId, CustomerId, MessageId, NoteId};
use crate::sealed::{Sealed, SealedKey};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConversationEvent {
    ThreadOpened(Box<ThreadOpened>),
    MessageReceived(Box<MessageReceived>),
    /// Queued, on the decision that it carries.
    MessageSent(Box<MessageSent>),
    /// The provider has taken it.
    MessageAccepted {
        message_id: MessageId,
        provider: String,
        #[serde(default)]
        provider_message_id: Option<String>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    MessageDelivered {
        message_id: MessageId,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    MessageRead {
        message_id: MessageId,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    MessageFailed {
        message_id: MessageId,
        #[serde(flatten)]
        failure: MessageFailure,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Quiet hours had begun when it was to be delivered.
    MessageHeld {
        message_id: MessageId,
        #[serde(with = "time::serde::rfc3339")]
        until: OffsetDateTime,
    },
    ThreadAssigned {
        assignee: String,
    },
    ThreadUnassigned {},
    ThreadSnoozed {
        #[serde(with = "time::serde::rfc3339")]
        until: OffsetDateTime,
    },
    ThreadClosed {
        /// When the customer began to write about what is closed now.
        #[serde(default, with = "time::serde::rfc3339::option")]
        since: Option<OffsetDateTime>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    ThreadReopened {
        cause: ReopenCause,
    },
    /// Everything that was written has been seen.
    ThreadMarkedRead {},
    ThreadMoved {
        customer_id: CustomerId,
        #[serde(default)]
        previous_customer_id: Option<CustomerId>,
    },
    /// A visitor of the chat says to be one of these; nobody has checked that.
    ThreadClaimed {
        candidates: Vec<CustomerId>,
    },
    /// In the stream of the one that stays; it takes the other's address over.
    ThreadsMerged(Box<ThreadsMerged>),
    /// In the stream of the one that goes.
    ThreadMergedAway {
        survivor_id: ConversationId,
    },
    AiModeSet {
        ai_mode: AiMode,
        /// Why the assistant leaves the thread to a person, where that is why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<HandOverReason>,
    },
    ThreadNoteAdded {
        note_id: NoteId,
        text: Sealed,
        /// The principal who wrote it.
        author: String,
    },
    /// STOP.
    ThreadOptedOut {
        message_id: MessageId,
        /// What the customer had consented to until then.
        withdrawn: Vec<Purpose>,
    },
    /// START.
    ThreadOptedIn {
        message_id: MessageId,
    },
    /// Its customer's data rests: nobody reads it or writes in it, and its address is free.
    ThreadRestricted {},
    /// Without its address when another thread has it by now.
    ThreadRestrictionLifted {
        #[serde(default)]
        address: Option<SealedKey>,
    },
    /// Its key is destroyed with this event.
    ThreadErased {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadOpened {
    pub channel: Channel,
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// Who it may be, where several customers share the address, or a visitor of the chat says to be somebody known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<CustomerId>,
    #[serde(default)]
    pub address: Option<SealedKey>,
    /// What an e-mail is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Sealed>,
    #[serde(default)]
    pub ai_mode: AiMode,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageReceived {
    pub message_id: MessageId,
    pub content: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Sealed>,
    /// A list of attachments as JSON, sealed whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Sealed>,
    /// Where it came from, when answers go there from now on and not where they went so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<Keyword>,
    /// Set where it is no text but a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallOutcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageSent {
    pub message_id: MessageId,
    pub content: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Sealed>,
    /// Where it goes.
    pub address: Sealed,
    pub sender_type: SenderType,
    /// Who writes, as the caller says.
    pub sender_id: String,
    pub purpose: Purpose,
    /// Why it may go.
    pub decision: Decision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canned_reply: Option<CannedUse>,
    /// What it answers, when somebody was waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadsMerged {
    pub merged_id: ConversationId,
    #[serde(default)]
    pub address: Option<SealedKey>,
    pub message_count: i64,
    pub unread_count: i64,
    #[serde(default)]
    pub last_inbound: Option<Inbound>,
    /// A STOP over there holds here as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opted_out: Option<OptOut>,
}

/// How long the customer has waited for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// When the customer wrote what nobody had answered.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    pub order: AnswerOrder,
}

/// Whether an answer is the first since the thread was opened or opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerOrder {
    First,
    Later,
}

impl DomainEvent for ConversationEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::ThreadOpened(_) => "ThreadOpened",
            Self::MessageReceived(_) => "MessageReceived",
            Self::MessageSent(_) => "MessageSent",
            Self::MessageAccepted { .. } => "MessageAccepted",
            Self::MessageDelivered { .. } => "MessageDelivered",
            Self::MessageRead { .. } => "MessageRead",
            Self::MessageFailed { .. } => "MessageFailed",
            Self::MessageHeld { .. } => "MessageHeld",
            Self::ThreadAssigned { .. } => "ThreadAssigned",
            Self::ThreadUnassigned {} => "ThreadUnassigned",
            Self::ThreadSnoozed { .. } => "ThreadSnoozed",
            Self::ThreadClosed { .. } => "ThreadClosed",
            Self::ThreadReopened { .. } => "ThreadReopened",
            Self::ThreadMarkedRead {} => "ThreadMarkedRead",
            Self::ThreadMoved { .. } => "ThreadMoved",
            Self::ThreadClaimed { .. } => "ThreadClaimed",
            Self::ThreadsMerged(_) => "ThreadsMerged",
            Self::ThreadMergedAway { .. } => "ThreadMergedAway",
            Self::AiModeSet { .. } => "AiModeSet",
            Self::ThreadNoteAdded { .. } => "ThreadNoteAdded",
            Self::ThreadOptedOut { .. } => "ThreadOptedOut",
            Self::ThreadOptedIn { .. } => "ThreadOptedIn",
            Self::ThreadRestricted {} => "ThreadRestricted",
            Self::ThreadRestrictionLifted { .. } => "ThreadRestrictionLifted",
            Self::ThreadErased {} => "ThreadErased",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Conversation::TYPE, &self.event_type())
    }
}
