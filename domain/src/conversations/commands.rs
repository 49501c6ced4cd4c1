//! What can be asked of a conversation; everything personal arrives sealed.

use time::OffsetDateTime;

use super::AiMode;
use super::allowance::Recipient;
use super::canned::CannedUse;
use super::events::{MessageReceived, ThreadOpened, ThreadsMerged};
use super::keywords::Keyword;
use super::messages::{MessageFailure, SenderType};
use crate::assistant_runs::HandOverReason;
use crate::customers::consents::Purpose;
use crate::ids::{ConversationId, CustomerId, MessageId, NoteId};
use crate::sealed::{Sealed, SealedKey};

#[derive(Clone, Debug, PartialEq)]
pub enum ConversationCommand {
    Open(Box<ThreadOpened>),
    Receive(Box<Receive>),
    Send(Box<Send>),
    RecordStatus(Box<StatusReport>),
    /// At delivery it turned out that quiet hours have begun.
    Hold {
        message_id: MessageId,
        until: OffsetDateTime,
    },
    Assign {
        assignee: String,
    },
    Unassign,
    Snooze {
        until: OffsetDateTime,
        at: OffsetDateTime,
    },
    /// The snooze's timer; a late one decides nothing.
    Wake {
        at: OffsetDateTime,
    },
    Close {
        at: OffsetDateTime,
    },
    Reopen,
    MarkRead,
    Move {
        customer_id: CustomerId,
    },
    /// On a thread that nobody knows the customer of.
    Claim {
        candidates: Vec<CustomerId>,
    },
    /// On the one that stays.
    Absorb(Box<ThreadsMerged>),
    /// On the one that goes.
    MergeInto {
        survivor_id: ConversationId,
    },
    SetAiMode {
        ai_mode: AiMode,
    },
    /// The assistant, or somebody for it, leaves the thread to a person.
    HandOver {
        reason: HandOverReason,
    },
    AddNote {
        note_id: NoteId,
        text: Sealed,
        author: String,
    },
    /// Its customer's data rests.
    Restrict,
    /// With its address indexed anew; none where another thread has it by now.
    LiftRestriction {
        address: Option<SealedKey>,
    },
    Erase,
}

/// A message from the customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Receive {
    pub message: MessageReceived,
    /// What the customer had consented to on this channel, for a STOP to withdraw and a START to restore.
    pub granted: Vec<Purpose>,
}

/// A message to the customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    pub message_id: MessageId,
    pub content: Sealed,
    pub subject: Option<Sealed>,
    pub attachments: Option<Sealed>,
    pub address: Sealed,
    pub sender_type: SenderType,
    pub sender_id: String,
    pub purpose: Purpose,
    pub canned_reply: Option<CannedUse>,
    /// The newest message that the sender has seen; refused when there are newer ones.
    pub after_message_id: Option<MessageId>,
    /// Set where the message answers a keyword, which needs no consent.
    pub owed_to: Option<(MessageId, Keyword)>,
    pub recipient: Recipient,
    pub at: OffsetDateTime,
}

/// What a provider, or our own delivery, says of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusReport {
    pub message_id: MessageId,
    pub outcome: Outcome,
    pub at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Sent {
        provider: String,
        provider_message_id: Option<String>,
    },
    Delivered,
    Read,
    Failed(MessageFailure),
}
