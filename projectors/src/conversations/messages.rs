//! The rows of messages and notes, with what has become of them. A status may come in the batch of its message or later.

use std::collections::BTreeMap;

use domain::conversations::Conversation;
use domain::conversations::events::{ConversationEvent, MessageReceived, MessageSent};
use domain::conversations::messages::MessageStatus;
use domain::sealed::Sealed;
use event_store::Result;
use time::OffsetDateTime;

use super::{MessageRow, StatusRow};
use crate::fold::{Folded, Fresh, wire};

/// A status that says nothing of its own yet ranks below all.
const NO_RANK: i64 = -1;

/// New messages, and what became of older ones.
#[derive(Default)]
pub(super) struct Changes {
    pub messages: Vec<MessageRow>,
    pub statuses: Vec<StatusRow>,
}

/// What one event says of a message.
struct Report<'e> {
    message_id: &'e str,
    status: Option<MessageStatus>,
    at: OffsetDateTime,
    failure: Option<(String, String)>,
    provider: Option<&'e String>,
    provider_message_id: Option<&'e String>,
    held_until: Option<OffsetDateTime>,
}

/// What the fresh events of one conversation bring.
pub(super) fn changes(folded: &Folded<Conversation>) -> Result<Changes> {
    let mut messages: Vec<MessageRow> = Vec::new();
    let mut statuses: BTreeMap<String, StatusRow> = BTreeMap::new();
    for fresh in &folded.fresh {
        if let Some(row) = message(folded, fresh)? {
            messages.push(row);
        } else if let Some(report) = report(fresh)? {
            let mut newest_first = messages.iter_mut().rev();
            match newest_first.find(|row| row.message_id == report.message_id) {
                Some(row) => take_in(row, &report),
                None => {
                    let row = statuses
                        .entry(report.message_id.to_owned())
                        .or_insert_with(|| unknown_yet(folded, &report));
                    take_in(row, &report);
                }
            }
        }
    }
    let statuses = statuses.into_values().collect();
    Ok(Changes { messages, statuses })
}

/// Both kinds of row hold a status; what is known for sure stays.
trait HasStatus {
    fn parts(&mut self) -> Parts<'_>;
}

struct Parts<'r> {
    status: &'r mut String,
    status_rank: &'r mut i64,
    status_at: &'r mut OffsetDateTime,
    failure_reason: &'r mut Option<String>,
    failure_code: &'r mut Option<String>,
    provider: &'r mut Option<String>,
    provider_message_id: &'r mut Option<String>,
    held_until: &'r mut Option<OffsetDateTime>,
}

macro_rules! has_status {
    ($($row:ty),+) => {
        $(impl HasStatus for $row {
            fn parts(&mut self) -> Parts<'_> {
                Parts {
                    status: &mut self.status,
                    status_rank: &mut self.status_rank,
                    status_at: &mut self.status_at,
                    failure_reason: &mut self.failure_reason,
                    failure_code: &mut self.failure_code,
                    provider: &mut self.provider,
                    provider_message_id: &mut self.provider_message_id,
                    held_until: &mut self.held_until,
                }
            }
        })+
    };
}

has_status!(MessageRow, StatusRow);

fn take_in(row: &mut impl HasStatus, report: &Report<'_>) {
    let parts = row.parts();
    if let Some(status) = report.status
        && status.rank() >= *parts.status_rank
    {
        *parts.status = status.as_str().to_owned();
        *parts.status_rank = status.rank();
        *parts.status_at = report.at;
        (*parts.failure_reason, *parts.failure_code) = report.failure.clone().unzip();
    }
    let keep = |old: &mut Option<String>, new: Option<&String>| {
        if let Some(new) = new {
            *old = Some(new.clone());
        }
    };
    keep(parts.provider, report.provider);
    keep(parts.provider_message_id, report.provider_message_id);
    *parts.held_until = report.held_until.or(*parts.held_until);
}

fn unknown_yet(folded: &Folded<Conversation>, report: &Report<'_>) -> StatusRow {
    StatusRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        conversation_id: folded.id.clone(),
        message_id: report.message_id.to_owned(),
        status: String::new(),
        status_rank: NO_RANK,
        status_at: report.at,
        failure_reason: None,
        failure_code: None,
        provider: None,
        provider_message_id: None,
        held_until: None,
    }
}

fn report<'e>(fresh: &'e Fresh<ConversationEvent>) -> Result<Option<Report<'e>>> {
    let said = |message_id: &'e domain::ids::MessageId, status, at: &OffsetDateTime| Report {
        message_id: message_id.as_str(),
        status: Some(status),
        at: *at,
        failure: None,
        provider: None,
        provider_message_id: None,
        held_until: None,
    };
    Ok(Some(match &fresh.event {
        ConversationEvent::MessageAccepted {
            message_id,
            provider,
            provider_message_id,
            at,
        } => Report {
            provider: Some(provider),
            provider_message_id: provider_message_id.as_ref(),
            ..said(message_id, MessageStatus::Sent, at)
        },
        ConversationEvent::MessageDelivered { message_id, at } => {
            said(message_id, MessageStatus::Delivered, at)
        }
        ConversationEvent::MessageRead { message_id, at } => {
            said(message_id, MessageStatus::Read, at)
        }
        ConversationEvent::MessageFailed {
            message_id,
            failure,
            at,
        } => Report {
            failure: Some((wire(&failure.reason)?, failure.code.clone())),
            ..said(message_id, MessageStatus::Failed, at)
        },
        ConversationEvent::MessageHeld { message_id, until } => Report {
            status: None,
            held_until: Some(*until),
            ..said(message_id, MessageStatus::Queued, &fresh.occurred_at)
        },
        _ => return Ok(None),
    }))
}

fn message(
    folded: &Folded<Conversation>,
    fresh: &Fresh<ConversationEvent>,
) -> Result<Option<MessageRow>> {
    Ok(match &fresh.event {
        ConversationEvent::MessageReceived(received) => {
            Some(received_row(blank(folded, fresh), received)?)
        }
        ConversationEvent::MessageSent(sent) => Some(sent_row(blank(folded, fresh), sent)?),
        ConversationEvent::ThreadNoteAdded {
            note_id,
            text,
            author,
        } => Some(MessageRow {
            message_id: note_id.as_str().to_owned(),
            direction: "note".to_owned(),
            content: text.as_str().to_owned(),
            sender_id: Some(author.clone()),
            ..blank(folded, fresh)
        }),
        _ => None,
    })
}

fn received_row(blank: MessageRow, received: &MessageReceived) -> Result<MessageRow> {
    Ok(MessageRow {
        call: received.call.as_ref().map(wire).transpose()?,
        message_id: received.message_id.as_str().to_owned(),
        direction: "in".to_owned(),
        content: received.content.as_str().to_owned(),
        subject: text(received.subject.as_ref()),
        attachments: text(received.attachments.as_ref()),
        provider: received.provider.clone(),
        provider_message_id: received.provider_message_id.clone(),
        status_at: received.at,
        written_at: received.at,
        ..blank
    })
}

fn sent_row(blank: MessageRow, sent: &MessageSent) -> Result<MessageRow> {
    let canned_reply = sent.canned_reply.as_ref().map(serde_json::to_string);
    Ok(MessageRow {
        message_id: sent.message_id.as_str().to_owned(),
        direction: "out".to_owned(),
        content: sent.content.as_str().to_owned(),
        subject: text(sent.subject.as_ref()),
        attachments: text(sent.attachments.as_ref()),
        sender_type: Some(wire(&sent.sender_type)?),
        sender_id: Some(sent.sender_id.clone()),
        purpose: Some(wire(&sent.purpose)?),
        decision: Some(serde_json::to_string(&sent.decision)?),
        canned_reply: canned_reply.transpose()?,
        status: MessageStatus::Queued.as_str().to_owned(),
        status_rank: MessageStatus::Queued.rank(),
        status_at: sent.at,
        held_until: sent.decision.held_until,
        written_at: sent.at,
        ..blank
    })
}

/// A row of which only its place is known.
fn blank(folded: &Folded<Conversation>, fresh: &Fresh<ConversationEvent>) -> MessageRow {
    let at = fresh.occurred_at;
    MessageRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        conversation_id: folded.id.clone(),
        sequence: fresh.sequence,
        message_id: String::new(),
        direction: String::new(),
        content: String::new(),
        subject: None,
        attachments: None,
        sender_type: None,
        sender_id: None,
        purpose: None,
        decision: None,
        canned_reply: None,
        status: MessageStatus::Received.as_str().to_owned(),
        status_rank: MessageStatus::Received.rank(),
        status_at: at,
        failure_reason: None,
        failure_code: None,
        provider: None,
        provider_message_id: None,
        held_until: None,
        written_at: at,
        call: None,
    }
}

fn text(sealed: Option<&Sealed>) -> Option<String> {
    sealed.map(|sealed| sealed.as_str().to_owned())
}
