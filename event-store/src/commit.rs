//! What one command writes, all or nothing.

use std::borrow::Cow;

use domain::customers::consents::Channel;
use domain::effects::Call;
use domain::ids::TenantId;
use domain::webhook_endpoints::messages;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::era::Era;

/// The namespace of message ids; any fixed UUID of our own will do, but it must never change.
const MESSAGE_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_6f75_7462_6f78_0001);

/// One command's writes. Nothing in it is written unless all of it is.
#[derive(Clone, Debug)]
pub struct Commit {
    pub tenant_id: TenantId,
    pub command: CommandRecord,
    pub streams: Vec<StreamEvents>,
    pub take: Vec<OwnedKey>,
    pub release: Vec<OwnedScope>,
    pub handles: Vec<OwnedKey>,
    pub drop_handles: Vec<OwnedScope>,
    pub effects: Vec<OutboxMessage>,
    pub subject_keys: Vec<NewSubjectKey>,
    /// Data keys that change their state with it.
    pub key_changes: Vec<KeyChange>,
    /// What of the principal's budgets this takes; the commit does not stand if there is not enough left.
    pub usage: Usage,
    /// When its streams were read: as long as that era lasts, whoever moves a written stream or uses its key meets a unique
    /// key, so neither is looked up first. `None` where nobody knows.
    pub read_in: Option<Era>,
}

/// What a commit takes of its principal's budgets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub counts: Vec<Count>,
    pub meetings: Vec<Meeting>,
}

/// So much of one budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Which budget, for example `writes-per-hour`.
    pub counter: String,
    /// When its window began.
    pub period: OffsetDateTime,
    pub used: i64,
    /// The most that all commits of the window may take together.
    pub allowed: i64,
}

/// A customer, who counts once in a window however often they are met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    pub counter: String,
    pub period: OffsetDateTime,
    pub customer_id: String,
    /// The most customers of the window.
    pub allowed: i64,
}

impl Usage {
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.meetings.is_empty()
    }
}

/// Who asked for what under which key, and the answer that every repetition gets.
#[derive(Clone, Debug)]
pub struct CommandRecord {
    pub command_id: String,
    pub name: String,
    pub principal: String,
    pub key: String,
    /// Keyed hash of the command's name and canonical body; tells a repetition from a reuse of the key.
    pub fingerprint: Vec<u8>,
    /// The answer without its position, as JSON text; holds ids, never personal data.
    pub answer: String,
    /// The position to answer with when no event is appended: that of the newest event read.
    pub position_floor: i64,
    pub correlation_id: String,
    pub causation_id: String,
    pub occurred_at: OffsetDateTime,
    /// Where the command came from, sealed under the tenant's ingest key.
    pub source_address: Option<Vec<u8>>,
    /// JSON text: the agent's model and the like; no personal data.
    pub metadata: String,
}

/// Fresh events of one stream; none for a stream that the decision has only read, which must not have moved either.
#[derive(Clone, Debug)]
pub struct StreamEvents {
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// The sequence of the newest event that the decision was based on; 0 for a new stream.
    pub expected: i64,
    pub events: Vec<NewEvent>,
}

#[derive(Clone, Debug)]
pub struct NewEvent {
    pub event_type: String,
    pub event_version: String,
    /// JSON text.
    pub payload: String,
}

/// A claim or handle together with its owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnedKey {
    pub scope: String,
    pub value: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
}

/// All claims (or handles) of one owner under one scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnedScope {
    pub scope: String,
    pub aggregate_id: String,
}

/// An effect of a fresh event, addressed.
#[derive(Clone, Debug)]
pub struct OutboxMessage {
    pub message_id: String,
    pub name: String,
    pub target: String,
    /// JSON text of the `Call`.
    pub call: String,
    pub order_key: Option<String>,
    pub due: Option<OffsetDateTime>,
    /// Not sent after this moment.
    pub expires_at: Option<OffsetDateTime>,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
}

/// A subject's data key, wrapped, which travels in the commit of the first event that is sealed under it.
#[derive(Clone, Debug)]
pub struct NewSubjectKey {
    pub subject_id: String,
    pub wrapped_key: Vec<u8>,
}

/// What becomes of a subject's data key. A destroyed one leaves a tombstone, and nothing brings it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChange {
    Restrict(String),
    Lift(String),
    Destroy(String),
}

impl KeyChange {
    pub fn subject(&self) -> &str {
        match self {
            Self::Restrict(subject) | Self::Lift(subject) | Self::Destroy(subject) => subject,
        }
    }
}

impl Commit {
    /// The streams that it adds to.
    pub fn written(&self) -> impl Iterator<Item = &StreamEvents> {
        self.streams
            .iter()
            .filter(|stream| !stream.events.is_empty())
    }

    /// Whether there is nothing beside its events and its answer.
    pub fn is_plain(&self) -> bool {
        self.take.is_empty()
            && self.release.is_empty()
            && self.handles.is_empty()
            && self.drop_handles.is_empty()
            && self.effects.is_empty()
            && self.subject_keys.is_empty()
            && self.usage.is_empty()
    }
}

impl OutboxMessage {
    /// The message of one effect of one event. Its id follows from the event, so a replay can never make a second one.
    pub fn of_event(
        tenant_id: &TenantId,
        (aggregate_type, aggregate_id, sequence): (&str, &str, i64),
        effect: &domain::effects::Effect,
    ) -> serde_json::Result<Self> {
        let name = format!(
            "{tenant_id}\n{aggregate_type}\n{aggregate_id}\n{sequence}\n{}",
            effect.name
        );
        Ok(Self {
            message_id: Uuid::new_v5(&MESSAGE_NAMESPACE, name.as_bytes()).to_string(),
            name: effect.name.to_owned(),
            target: target(&effect.call).into_owned(),
            call: serde_json::to_string(&effect.call)?,
            order_key: effect.order_key.clone(),
            due: effect.due,
            expires_at: effect.expires_at,
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: aggregate_id.to_owned(),
            sequence,
        })
    }
}

/// The destination that a call goes to; limits, pauses and order are kept per destination.
fn target(call: &Call) -> Cow<'static, str> {
    match call {
        Call::CreateCheckout { .. } | Call::ExpireCheckout { .. } | Call::RefundPayment { .. } => {
            "stripe".into()
        }
        Call::SendEmail { .. } | Call::SendAccountLetter { .. } | Call::SendEndLetter(_) => {
            "email".into()
        }
        Call::SendMessage { channel, .. } => match channel {
            Channel::Email => "email".into(),
            Channel::Sms | Channel::Phone => "sms".into(),
            Channel::Whatsapp => "whatsapp".into(),
            Channel::WebChat => "web_chat".into(),
        },
        Call::SendWebhook { endpoint_id, .. } => messages::target(endpoint_id.as_str()).into(),
        Call::RunAssistant { .. }
        | Call::SendPaymentLink { .. }
        | Call::FollowApproval { .. }
        | Call::ExtractFacts { .. }
        | Call::AskForJourney { .. } => "assistant".into(),
        Call::RunImport { .. } => "import".into(),
        // Of its own, so that a destination which is held can be tested.
        Call::TestProvider { .. } => "provider_test".into(),
        Call::Timer(_) | Call::TellOwners(_) => "timer".into(),
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written; the position of its last event, or the floor when it has none.
    Committed { position: i64 },
    /// Nothing was written: somebody else was first. Load again and decide anew.
    Conflict(Violation),
}

/// What somebody else was first with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A stream has moved on, or the key has been used; the load tells which.
    Stale,
    /// A claim is held by another owner.
    Claim,
    /// Another command of the same principal and key got in between.
    Key,
    /// The subject's key was made by another command.
    SubjectKey,
    /// The log gave our position up as lost while we were writing.
    Position,
    /// The tenant's slug is taken.
    Slug,
    /// A budget of the principal's has not enough left.
    Budget,
    /// PostgreSQL ended a circle of writers that waited for each other, and chose us.
    Deadlock,
}
