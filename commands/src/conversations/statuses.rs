//! What providers, and our own delivery, say of a message: `record-message-status`, in any order and any number.

use domain::conversations::Conversation;
use domain::conversations::commands::{ConversationCommand, Outcome, StatusReport};
use domain::conversations::messages::{FailureReason, MessageFailure, MessageStatus};
use domain::conversations::{MESSAGE_SCOPE, message_value};
use domain::ids::{ConversationId, MessageId};
use domain::refusal::Refusal;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Result;
use crate::bookings::answer_as;
use crate::command;
use crate::customers::people::not_after_now;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// The longest code of a failure that is kept.
const MAX_CODE_CHARS: usize = 64;

/// The commands of this file; only the system sends them.
pub fn commands() -> Vec<Command> {
    vec![
        command!(
            "record-message-status",
            record_message_status,
            RecordMessageStatus,
            Permission::ConversationsWrite,
            Risk::Write,
            internal
        ),
        command!(
            "hold-message",
            hold_message,
            HoldMessage,
            Permission::ConversationsWrite,
            Risk::Write,
            internal
        ),
    ]
}

/// # Record a message's status
///
/// Names the message by its own ids, or by the provider's.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordMessageStatus {
    /// With `message_id`.
    #[serde(default)]
    pub thread_id: Option<ConversationId>,
    #[serde(default)]
    pub message_id: Option<MessageId>,
    /// With `provider_message_id`.
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub provider_message_id: Option<String>,
    pub status: ReportedStatus,
    /// Why it failed.
    #[serde(default)]
    pub reason: Option<FailureReason>,
    /// The provider's code of the failure.
    #[serde(default)]
    pub code: Option<String>,
    /// When (RFC 3339), where that was before now.
    #[serde(default)]
    pub at: Option<String>,
}

/// What can be said of a message.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedStatus {
    /// The provider has taken it.
    Sent,
    Delivered,
    Read,
    Failed,
}

/// # Hold a message
///
/// Quiet hours have begun before it could be delivered; it goes out when they end.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldMessage {
    pub thread_id: ConversationId,
    pub message_id: MessageId,
    /// When quiet hours end (RFC 3339).
    pub until: String,
}

/// How the message stands now; no status for one that is remembered no more.
#[derive(Serialize)]
pub struct MessageStatusSummary {
    pub thread_id: String,
    pub message_id: Option<String>,
    pub status: Option<MessageStatus>,
}

impl Input for RecordMessageStatus {
    fn wanted(&self, _: &Facts) -> Load {
        match &self.thread_id {
            Some(thread_id) => super::load_of(thread_id.as_str()),
            None => Load::default(),
        }
    }
}

impl Input for HoldMessage {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.thread_id.as_str())
    }
}

pub async fn record_message_status(
    work: &mut Work,
    input: RecordMessageStatus,
) -> Result<MessageStatusSummary> {
    let (mut conversation, message_id) = find_message(work, &input).await?;
    let Some(message_id) = message_id else {
        answer_as(work, &conversation)?;
        return Ok(summary(&conversation, None));
    };
    let at = input.at.as_deref().map(parse_time).transpose()?;
    let at = at.filter(|at| not_after_now(*at, work.ctx.now));
    let report = StatusReport {
        message_id: message_id.clone(),
        outcome: outcome(&input),
        at: at.unwrap_or(work.ctx.now),
    };
    let command = ConversationCommand::RecordStatus(Box::new(report));
    work.execute(&mut conversation, command).await?;
    Ok(summary(&conversation, Some(&message_id)))
}

pub async fn hold_message(work: &mut Work, input: HoldMessage) -> Result<MessageStatusSummary> {
    let thread_id = input.thread_id.as_str();
    let mut conversation = work.load::<Conversation>(thread_id).await?;
    let command = ConversationCommand::Hold {
        message_id: input.message_id.clone(),
        until: parse_time(&input.until)?,
    };
    work.execute(&mut conversation, command).await?;
    Ok(summary(&conversation, Some(&input.message_id)))
}

/// The thread and its message; none when the thread does not remember it any more.
async fn find_message(
    work: &mut Work,
    input: &RecordMessageStatus,
) -> Result<(Loaded<Conversation>, Option<MessageId>)> {
    if let (Some(thread_id), Some(message_id)) = (&input.thread_id, &input.message_id) {
        let conversation = work.load::<Conversation>(thread_id.as_str()).await?;
        conversation.state.require_known()?;
        return Ok((conversation, Some(message_id.clone())));
    }
    let (Some(provider), Some(id)) = (&input.provider, &input.provider_message_id) else {
        let detail =
            "name the message by thread_id and message_id, or by provider and provider_message_id";
        return Err(Refusal::invalid("message-unnamed", detail).into());
    };
    let owner = work
        .find_claim(MESSAGE_SCOPE, &message_value(provider, id))
        .await?;
    let unknown = || {
        let detail = format!("no message of ours is known to {provider} by this id");
        Refusal::not_found("message-unknown", detail)
    };
    let conversation = work
        .load::<Conversation>(&owner.ok_or_else(unknown)?)
        .await?;
    let thread = conversation.state.require_known()?;
    let is_it = |message: &&domain::conversations::messages::RecentMessage| {
        message.provider_message_id.as_ref() == Some(id)
    };
    let message_id = thread
        .recent
        .iter()
        .rev()
        .find(is_it)
        .map(|message| message.message_id.clone());
    Ok((conversation, message_id))
}

fn outcome(input: &RecordMessageStatus) -> Outcome {
    match input.status {
        ReportedStatus::Sent => Outcome::Sent {
            provider: input.provider.clone().unwrap_or_default(),
            provider_message_id: input.provider_message_id.clone(),
        },
        ReportedStatus::Delivered => Outcome::Delivered,
        ReportedStatus::Read => Outcome::Read,
        ReportedStatus::Failed => Outcome::Failed(MessageFailure {
            reason: input.reason.unwrap_or(FailureReason::Undelivered),
            code: kept_code(input.code.as_deref()),
        }),
    }
}

/// A provider's code as it is kept.
pub(super) fn kept_code(code: Option<&str>) -> String {
    let shown = code.unwrap_or("unknown").chars();
    shown
        .filter(|letter| !letter.is_control())
        .take(MAX_CODE_CHARS)
        .collect()
}

fn parse_time(text: &str) -> Result<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        let detail = "a time is RFC 3339, such as 2026-03-14T18:00:00Z";
        Refusal::invalid("time-invalid", detail).into()
    })
}

fn summary(
    conversation: &Loaded<Conversation>,
    message_id: Option<&MessageId>,
) -> MessageStatusSummary {
    let thread = conversation.state.thread.as_deref();
    let message = thread
        .zip(message_id)
        .and_then(|(thread, message_id)| thread.find_message(message_id));
    MessageStatusSummary {
        thread_id: conversation.id.clone(),
        message_id: message_id.map(MessageId::to_string),
        status: message.map(|message| message.progress.status),
    }
}
