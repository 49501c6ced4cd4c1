//! Conversations: one thread for each address of a customer on each channel, with messages in and out. A thread remembers
//! which messages there were of late and what became of them; what they say stands in its events.

pub mod allowance;
pub mod canned;
pub mod commands;
pub mod events;
pub mod keywords;
pub mod messages;
mod rules;
mod state;

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use self::allowance::{Inbound, ThreadStanding};
use self::commands::ConversationCommand;
use self::events::{ConversationEvent, MessageReceived};
use self::messages::RecentMessage;
use crate::assistant_runs::HandOverReason;
use crate::customers::consents::{Channel, Purpose};
use crate::customers::privacy;
use crate::effects::{Call, Effect, Timer};
use crate::facts;
use crate::ids::{ConversationId, CustomerId, MessageId};
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::sealed::{Sealed, SealedKey};

/// Claim: the blind index of channel and address; one thread has it.
pub const ADDRESS_SCOPE: &str = "conversation-address";
/// Claim: a provider's id of a message; one thread has it, so that no message comes twice.
pub const MESSAGE_SCOPE: &str = "provider-message";
/// Handle: the customer whom a thread belongs to. Whoever erases a customer finds the threads by it.
pub const CUSTOMER_SCOPE: &str = "conversation-customer";
/// The most customers that one address may belong to for all that a thread keeps.
pub const MAX_CANDIDATES: usize = 20;
/// The most threads that one may have swallowed.
pub const MAX_MERGED_THREADS: usize = 50;
pub const MAX_THREAD_NOTES: u32 = 1_000;
/// The furthest that a thread can be snoozed.
pub const MAX_SNOOZE_DAYS: i64 = 366;
pub const MAX_ASSIGNEE_CHARS: usize = 100;
/// Who sends what the assistant says; whoever else a thread is assigned to takes it over.
pub const ASSISTANT: &str = "ai_system";

/// Where a thread stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThreadStatus {
    /// Somebody of ours has to do something.
    #[default]
    Open,
    /// We have answered; it is the customer's turn.
    Pending,
    /// Out of sight until a moment, or until the customer writes.
    Snoozed,
    Closed,
}

/// What the AI does in a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AiMode {
    /// It answers.
    Auto,
    /// It suggests answers to a person.
    Suggest,
    #[default]
    Off,
}

/// Why a thread is open again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReopenCause {
    /// Somebody asked for it.
    ByHand,
    CustomerWrote,
    WeWrote,
    SnoozeEnded,
}

/// A conversation; nothing is known of it before it is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conversation {
    pub thread: Option<Box<Thread>>,
}

/// A conversation as its events tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    pub channel: Channel,
    pub customer_id: Option<CustomerId>,
    pub candidates: Vec<CustomerId>,
    /// Where answers go.
    pub address: Option<Sealed>,
    pub subject: Option<Sealed>,
    pub status: ThreadStatus,
    #[serde(with = "time::serde::rfc3339::option")]
    pub snoozed_until: Option<OffsetDateTime>,
    pub assignee: Option<String>,
    pub ai_mode: AiMode,
    /// Why the assistant left the thread to a person, until one has answered.
    #[serde(default)]
    pub handed_over: Option<HandOverReason>,
    /// STOP holds; with what the customer had consented to before.
    pub opted_out: Option<OptOut>,
    pub unread_count: i64,
    pub message_count: i64,
    pub note_count: u32,
    pub recent: Vec<RecentMessage>,
    pub last_inbound: Option<Inbound>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_message_at: Option<OffsetDateTime>,
    /// Since when nobody has answered.
    #[serde(with = "time::serde::rfc3339::option")]
    pub waiting_since: Option<OffsetDateTime>,
    /// When the customer began to write about what is open.
    #[serde(with = "time::serde::rfc3339::option")]
    pub asked_at: Option<OffsetDateTime>,
    /// Answers since then.
    pub answer_count: u32,
    pub merged: BTreeSet<ConversationId>,
    pub merged_into: Option<ConversationId>,
    /// How many events there were, which is the sequence of the newest.
    pub sequence: i64,
    #[serde(default, skip_serializing_if = "ThreadPrivacy::is_open")]
    pub privacy: ThreadPrivacy,
}

/// How what was said in a thread stands; it follows the customer's wish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadPrivacy {
    #[default]
    Open,
    Restricted,
    Erased,
}

/// A customer's STOP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOut {
    pub message_id: MessageId,
    pub withdrawn: Vec<Purpose>,
}

impl ThreadPrivacy {
    pub fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

impl ThreadStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Snoozed => "snoozed",
            Self::Closed => "closed",
        }
    }
}

impl Conversation {
    /// The thread, or a refusal when it was never opened, has become part of another one, or must not be used.
    pub fn require(&self) -> Result<&Thread, Refusal> {
        let thread = self.require_known()?;
        match thread.privacy {
            ThreadPrivacy::Open => {}
            ThreadPrivacy::Restricted => return Err(privacy::restricted()),
            ThreadPrivacy::Erased => return Err(privacy::erased()),
        }
        match &thread.merged_into {
            None => Ok(thread),
            Some(survivor_id) => {
                let detail = format!("the thread was merged into {survivor_id}");
                let survivor = serde_json::json!({ "thread_id": survivor_id });
                Err(Refusal::conflict("thread-merged", detail).with_alternatives(vec![survivor]))
            }
        }
    }

    /// The thread, merged away or not.
    pub fn require_known(&self) -> Result<&Thread, Refusal> {
        self.thread
            .as_deref()
            .ok_or_else(|| Refusal::not_found("thread-not-found", "there is no such thread"))
    }
}

impl Thread {
    /// The message, as long as it is remembered.
    pub fn find_message(&self, message_id: &MessageId) -> Option<&RecentMessage> {
        self.recent
            .iter()
            .rev()
            .find(|message| message.message_id == *message_id)
    }

    pub fn standing(&self) -> ThreadStanding {
        match self.opted_out {
            Some(_) => ThreadStanding::OptedOut,
            None => ThreadStanding::Open,
        }
    }
}

/// The assistant looks at what is more than a keyword, one message of a thread after the other.
fn look_at(thread: &Thread, id: &str, received: &MessageReceived) -> Option<Effect> {
    let is_wanted = thread.ai_mode != AiMode::Off && thread.channel != Channel::Phone;
    (is_wanted && received.keyword.is_none()).then(|| Effect {
        name: "run-assistant",
        call: Call::RunAssistant {
            conversation_id: ConversationId::new(id),
            message_id: received.message_id.clone(),
        },
        due: None,
        order_key: Some(id.to_owned()),
        expires_at: None,
    })
}

/// The value that an address is claimed by, before it is hashed.
pub fn address_value(channel: Channel, address: &str) -> String {
    let channel = match channel {
        Channel::Email => "email",
        Channel::Sms => "sms",
        Channel::Phone => "phone",
        Channel::Whatsapp => "whatsapp",
        Channel::WebChat => "web_chat",
    };
    format!("{channel}|{address}")
}

/// The value that a provider's message is claimed by.
pub fn message_value(provider: &str, provider_message_id: &str) -> String {
    format!("{provider}|{provider_message_id}")
}

impl Aggregate for Conversation {
    const TYPE: &'static str = "conversation";
    type Command = ConversationCommand;
    type Event = ConversationEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: ConversationCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ConversationEvent) {
        state::apply(self, event);
    }
}

impl Noun for Conversation {
    fn claims(&self, _id: &str, event: &ConversationEvent) -> ClaimChanges {
        let address = |address: &Option<SealedKey>| -> Vec<Key> {
            let indexes = address.iter().map(|address| address.index.as_str());
            indexes
                .map(|index| Key::new(ADDRESS_SCOPE, index))
                .collect()
        };
        let message = |provider: Option<&String>, id: &Option<String>| -> Vec<Key> {
            let value = provider.zip(id.as_ref());
            value
                .map(|(provider, id)| Key::new(MESSAGE_SCOPE, message_value(provider, id)))
                .into_iter()
                .collect()
        };
        let customer = |customer_id: &CustomerId| Key::new(CUSTOMER_SCOPE, customer_id.as_str());
        match event {
            ConversationEvent::ThreadOpened(opened) => ClaimChanges {
                take: address(&opened.address),
                handles: opened.customer_id.iter().map(customer).collect(),
                ..ClaimChanges::default()
            },
            ConversationEvent::MessageReceived(received) => ClaimChanges::taking(message(
                received.provider.as_ref(),
                &received.provider_message_id,
            )),
            ConversationEvent::MessageAccepted {
                provider,
                provider_message_id,
                ..
            } => ClaimChanges {
                take: message(Some(provider), provider_message_id),
                ..ClaimChanges::default()
            },
            ConversationEvent::ThreadMoved { customer_id, .. } => ClaimChanges {
                drop_handles: vec![CUSTOMER_SCOPE],
                handles: vec![customer(customer_id)],
                ..ClaimChanges::default()
            },
            // Its handle stays: its key is still one of that customer's. So does that of one that rests.
            ConversationEvent::ThreadMergedAway { .. } | ConversationEvent::ThreadRestricted {} => {
                ClaimChanges::releasing(ADDRESS_SCOPE)
            }
            ConversationEvent::ThreadsMerged(merged) => {
                ClaimChanges::taking(address(&merged.address))
            }
            ConversationEvent::ThreadRestrictionLifted { address: lifted } => {
                ClaimChanges::taking(address(lifted))
            }
            ConversationEvent::ThreadErased {} => ClaimChanges {
                release: vec![ADDRESS_SCOPE, MESSAGE_SCOPE],
                drop_handles: vec![CUSTOMER_SCOPE],
                ..ClaimChanges::default()
            },
            ConversationEvent::MessageSent(_)
            | ConversationEvent::MessageDelivered { .. }
            | ConversationEvent::MessageRead { .. }
            | ConversationEvent::MessageFailed { .. }
            | ConversationEvent::MessageHeld { .. }
            | ConversationEvent::ThreadAssigned { .. }
            | ConversationEvent::ThreadUnassigned {}
            | ConversationEvent::ThreadSnoozed { .. }
            | ConversationEvent::ThreadClosed { .. }
            | ConversationEvent::ThreadReopened { .. }
            | ConversationEvent::ThreadMarkedRead {}
            | ConversationEvent::AiModeSet { .. }
            | ConversationEvent::ThreadNoteAdded { .. }
            | ConversationEvent::ThreadOptedOut { .. }
            | ConversationEvent::ThreadOptedIn { .. }
            | ConversationEvent::ThreadClaimed { .. } => ClaimChanges::default(),
        }
    }

    fn effects(&self, id: &str, event: &ConversationEvent) -> Vec<Effect> {
        let Some(thread) = self.thread.as_deref() else {
            return Vec::new();
        };
        let send = |message_id: &MessageId, due: Option<OffsetDateTime>| {
            let call = Call::SendMessage {
                conversation_id: ConversationId::new(id),
                message_id: message_id.clone(),
                channel: thread.channel,
            };
            vec![Effect::of_message(id, call, due)]
        };
        match event {
            ConversationEvent::MessageSent(sent) => {
                send(&sent.message_id, sent.decision.held_until)
            }
            ConversationEvent::MessageReceived(received) => {
                look_at(thread, id, received).into_iter().collect()
            }
            ConversationEvent::ThreadClosed { .. } => vec![facts::look(id)],
            ConversationEvent::MessageHeld { message_id, until } => send(message_id, Some(*until)),
            ConversationEvent::ThreadSnoozed { until } => {
                let conversation_id = ConversationId::new(id);
                let wake = Timer::WakeThread { conversation_id };
                vec![Effect::timer("wake-thread", *until, wake)]
            }
            _ => Vec::new(),
        }
    }
}
