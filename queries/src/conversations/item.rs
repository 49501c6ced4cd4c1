//! A thread as lists show it.

use domain::conversations::Conversation;
use domain::conversations::events::ConversationEvent;
use domain::sealed::Sealed;
use event_store::Result;
use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;

use super::name_of;
use crate::bookings::item::full_name;
use crate::past::Lived;
use crate::plain::Plain;

/// How much of the newest message a list shows.
const PREVIEW_CHARS: usize = 500;

#[derive(Serialize, JsonSchema)]
pub(crate) struct InboxItem {
    pub thread_id: String,
    /// Null while nobody knows whose address it is.
    pub customer_id: Option<String>,
    /// Empty for somebody who has not said their name.
    pub customer_name: String,
    /// The number or e-mail address that answers go to; null without the permission to read personal data.
    pub address: Option<String>,
    /// `sms`, `whatsapp`, `phone`, `email` or `web_chat`.
    pub channel: String,
    /// `open`, `pending`, `snoozed` or `closed`.
    pub status: String,
    pub assigned_agent_id: Option<String>,
    /// `auto`, `suggest` or `off`.
    pub ai_mode: String,
    /// Null while there is no message.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    pub last_message_at: Option<OffsetDateTime>,
    /// Its first 500 characters; null without the permission to read personal data.
    pub last_message: Option<String>,
    /// `in` or `out`.
    pub last_direction: Option<String>,
    pub unread_count: i64,
    pub message_count: i64,
    /// What an e-mail is about; null without the permission to read personal data.
    pub subject: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    pub snoozed_until: Option<OffsetDateTime>,
    /// STOP holds: nothing but the answer to it goes out.
    pub opted_out: bool,
    /// How many customers share the address; move the thread to the one who writes.
    pub candidate_count: i64,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub updated_at: OffsetDateTime,
    /// For `If-Match`.
    pub sequence: i64,
}

/// A row as it was read, before its personal fields are opened.
pub(super) struct Read {
    item: InboxItem,
    /// As lists are sorted by it: of the thread's opening while there is no message.
    address: Option<Sealed>,
    subject: Option<Sealed>,
    last_message: Option<Sealed>,
}

impl Read {
    pub fn from_row(row: &Row) -> Result<Self> {
        let sealed = |column: &str| -> Result<Option<Sealed>> {
            Ok(row.try_get::<_, Option<String>>(column)?.map(Sealed::new))
        };
        let first: Option<String> = row.try_get("first_name")?;
        let last: Option<String> = row.try_get("last_name")?;
        let message_count: i64 = row.try_get("message_count")?;
        let last_message_at: OffsetDateTime = row.try_get("last_message_at")?;
        Ok(Self {
            address: sealed("address")?,
            subject: sealed("subject")?,
            last_message: sealed("last_message")?,
            item: InboxItem {
                thread_id: row.try_get("conversation_id")?,
                customer_id: row.try_get("customer_id")?,
                customer_name: full_name(&first.unwrap_or_default(), &last.unwrap_or_default()),
                address: None,
                channel: row.try_get("channel")?,
                status: row.try_get("status")?,
                assigned_agent_id: row.try_get("assignee")?,
                ai_mode: row.try_get("ai_mode")?,
                last_message_at: (message_count > 0).then_some(last_message_at),
                last_message: None,
                last_direction: row.try_get("last_direction")?,
                unread_count: row.try_get("unread_count")?,
                message_count,
                subject: None,
                snoozed_until: row.try_get("snoozed_until")?,
                opted_out: row.try_get("opted_out")?,
                candidate_count: row.try_get("candidate_count")?,
                created_at: row.try_get("created_at")?,
                updated_at: row.try_get("updated_at")?,
                sequence: row.try_get("sequence")?,
            },
        })
    }

    /// A thread folded from its stream; `None` for one that never began, or was part of another one by then.
    pub fn from_past(lived: Lived<Conversation>, customer_name: String) -> Result<Option<Self>> {
        let Some(thread) = lived.then.state.thread else {
            return Ok(None);
        };
        if thread.merged_into.is_some() {
            return Ok(None);
        }
        let mut newest_first = lived.events.into_iter().rev();
        let last = newest_first.find_map(|(event, _)| match event {
            ConversationEvent::MessageReceived(received) => Some((received.content, "in")),
            ConversationEvent::MessageSent(sent) => Some((sent.content, "out")),
            _ => None,
        });
        let (last_message, last_direction) = last.unzip();
        Ok(Some(Self {
            address: thread.address,
            subject: thread.subject,
            last_message,
            item: InboxItem {
                thread_id: lived.id,
                customer_id: thread
                    .customer_id
                    .map(|customer_id| customer_id.to_string()),
                customer_name,
                address: None,
                channel: name_of(Some(&thread.channel))?.unwrap_or_default(),
                status: thread.status.as_str().to_owned(),
                assigned_agent_id: thread.assignee,
                ai_mode: name_of(Some(&thread.ai_mode))?.unwrap_or_default(),
                last_message_at: thread.last_message_at,
                last_message: None,
                last_direction: last_direction.map(str::to_owned),
                unread_count: thread.unread_count,
                message_count: thread.message_count,
                subject: None,
                snoozed_until: thread.snoozed_until,
                opted_out: thread.opted_out.is_some(),
                candidate_count: i64::try_from(thread.candidates.len()).unwrap_or(i64::MAX),
                created_at: lived.then.created_at,
                updated_at: lived.then.updated_at,
                sequence: lived.then.sequence,
            },
        }))
    }

    /// Whose key its personal fields are sealed under.
    pub fn subject(&self) -> &str {
        &self.item.thread_id
    }

    pub fn show(self, plain: &Plain) -> InboxItem {
        let thread_id = &self.item.thread_id;
        let open =
            |field: &str, sealed: &Option<Sealed>| plain.open(thread_id, field, sealed.as_ref());
        let preview = |text: String| text.chars().take(PREVIEW_CHARS).collect();
        InboxItem {
            address: open("address", &self.address),
            subject: open("subject", &self.subject),
            last_message: open("content", &self.last_message).map(preview),
            ..self.item
        }
    }
}
