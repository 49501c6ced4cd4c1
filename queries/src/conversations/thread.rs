//! One thread: how it stands, who it may be with, and its messages, each with why it was allowed to go.

use domain::assistant_runs::HandOverReason;
use domain::conversations::Conversation;
use domain::conversations::allowance::Decision;
use domain::conversations::canned::CannedUse;
use domain::conversations::messages::MessageFailure;
use domain::refusal::Refusal;
use domain::sealed::Sealed;
use event_store::Result;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_postgres::Row;

use super::item::InboxItem;
use super::{PROJECTION, items};
use crate::ask::{Ctx, Found};
use crate::assistant_runs::RunItem;
use crate::bookings::item::full_name;
use crate::cursors::Cursor;
use crate::page::Page;
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};
use crate::{assistant_runs, customers, params};

/// The order of messages, as cursors name it.
const ORDER: &str = "-written_at";

pub(crate) const THREAD: Entry = Entry {
    name: "thread",
    title: "One thread",
    description: "One conversation with its messages and notes, the newest page of them unless asked for older ones. Each \
        message that we sent says why it was allowed to go, and what became of it.",
    shape: Shape::One,
    permission: Permission::ConversationsRead,
    projections: &[
        PROJECTION,
        customers::PROJECTION,
        assistant_runs::PROJECTION,
    ],
    params: schema_of::<ThreadParams>,
    item: schema_of::<ThreadItem>,
    run: |ctx, params| Box::pin(thread(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ThreadParams {
    /// The thread's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
    /// How many messages to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `older` of the page before.
    before: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct ThreadItem {
    #[serde(flatten)]
    head: InboxItem,
    /// Whose address it may be; in a chat, whom its visitor says to be, which nobody has checked. `move-thread` settles it.
    candidates: Vec<Candidate>,
    /// Threads that were merged into this one.
    merged: Vec<String>,
    /// Since when the customer has waited for an answer.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    waiting_since: Option<OffsetDateTime>,
    /// Why the assistant left the thread to a person; null once one has answered, or when it did not.
    handed_over: Option<HandOverReason>,
    /// The reply that the assistant suggests to the newest message; null when none waits.
    suggestion: Option<RunItem>,
    /// Messages and notes, the newest last.
    messages: Vec<MessageItem>,
    /// For `before`; null when there are none older.
    older: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Candidate {
    customer_id: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct MessageItem {
    message_id: String,
    /// Another than this thread for what was merged into it.
    thread_id: String,
    /// `in`, `out`, or `note` for what our own people wrote to each other.
    direction: String,
    /// `ai`, `human` or `system`.
    sender_type: Option<String>,
    sender_id: Option<String>,
    /// Null without the permission to read personal data.
    content: Option<String>,
    /// Null without the permission to read personal data.
    subject: Option<String>,
    /// Null without the permission to read personal data.
    attachments: Option<Vec<AttachmentItem>>,
    /// `answered`, `missed` or `voicemail` where it was a call; null for what was written.
    call: Option<String>,
    /// `transactional` or `marketing`.
    purpose: Option<String>,
    /// `received`, `queued`, `sent`, `delivered`, `read` or `failed`; null for a note.
    status: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    status_at: OffsetDateTime,
    /// Why it failed.
    failure: Option<MessageFailure>,
    /// Why it was allowed to go.
    why: Option<Decision>,
    canned_reply: Option<CannedUse>,
    /// Quiet hours hold it back until then.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    held_until: Option<OffsetDateTime>,
    provider: Option<String>,
    provider_message_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    written_at: OffsetDateTime,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct AttachmentItem {
    /// An address of the provider's, or a path here (`/files/…`) for what we keep.
    url: String,
    content_type: String,
    name: Option<String>,
    /// Of what we keep; null for what lies elsewhere.
    #[serde(default)]
    size_bytes: Option<u64>,
}

const FIND_THREAD: &str = "
    select t.conversation_id, t.customer_id, t.channel, t.status, t.assignee, t.ai_mode, t.last_message_at,
        t.last_message, t.last_direction, t.unread_count, t.message_count, t.address, t.subject, t.snoozed_until,
        t.opted_out, t.candidate_count, t.created_at, t.updated_at, t.sequence, t.state, t.merged_into, c.first_name,
        c.last_name
    from conversations t
    left join customers c on c.tenant_id = t.tenant_id and c.customer_id = t.customer_id
    where t.tenant_id = $1 and t.conversation_id = $2";

async fn thread(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ThreadParams = params::parse(params)?;
    let order = (THREAD.name, ORDER);
    let page = Page::open(ctx, order, params.limit, params.before.as_deref()).await?;
    let statement = ctx.tx.prepare_cached(FIND_THREAD).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &params.id])
        .await?;
    let unknown = || Refusal::not_found("thread-not-found", "there is no such thread");
    let row = rows.first().ok_or_else(unknown)?;
    if let Some(survivor_id) = row.try_get::<_, Option<String>>("merged_into")? {
        let detail = format!("the thread was merged into {survivor_id}");
        let survivor = json!({ "thread_id": survivor_id });
        let refusal = Refusal::not_found("thread-merged", detail);
        return Err(refusal.with_alternatives(vec![survivor]).into());
    }
    let state: Conversation = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let thread = state.thread.ok_or_else(unknown)?;
    let mut threads: Vec<String> = thread.merged.iter().map(ToString::to_string).collect();
    let merged = threads.clone();
    let newest = thread.recent.last();
    let newest = newest.map(|message| message.message_id.as_str());
    let suggestion = assistant_runs::find_suggestion(ctx, &params.id, newest).await?;
    threads.push(params.id);
    let (messages, older) = list_messages(ctx, &threads, &page).await?;
    let candidates: Vec<String> = thread.candidates.iter().map(ToString::to_string).collect();
    let head = items(ctx, &rows).await?.pop().ok_or_else(unknown)?;
    Found::one(&ThreadItem {
        head,
        candidates: list_candidates(ctx, &candidates).await?,
        merged,
        waiting_since: thread.waiting_since,
        handed_over: thread.handed_over,
        suggestion,
        messages,
        older,
    })
}

const LIST_MESSAGES: &str = "
    select m.conversation_id, m.message_id, m.direction, m.content, m.subject, m.attachments, m.sender_type, m.sender_id,
        m.purpose, m.decision, m.canned_reply, m.status, m.status_at, m.failure_reason, m.failure_code, m.provider,
        m.provider_message_id, m.held_until, m.written_at, m.call
    from conversation_messages m
    where m.tenant_id = $1 and m.conversation_id = any ($2::text[])
        and ($3::timestamptz is null or (m.written_at, m.message_id) < ($3, $4))
    order by m.written_at desc, m.message_id desc
    limit $5";

async fn list_messages(
    ctx: &Ctx<'_>,
    threads: &[String],
    page: &Page,
) -> Result<(Vec<MessageItem>, Option<String>)> {
    let statement = ctx.tx.prepare_cached(LIST_MESSAGES).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &threads,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let plain = Plain::of(ctx, threads.iter().map(String::as_str)).await?;
    let mut messages = rows
        .iter()
        .map(|row| message(row, &plain))
        .collect::<Result<Vec<_>>>()?;
    let older = page.close(&mut messages, |last| {
        Cursor::at(ORDER, last.written_at, &last.message_id)
    })?;
    messages.reverse();
    Ok((messages, older))
}

fn message(row: &Row, plain: &Plain) -> Result<MessageItem> {
    let thread_id: String = row.try_get("conversation_id")?;
    let direction: String = row.try_get("direction")?;
    let open = |field: &str, column: &str| -> Result<Option<String>> {
        let sealed = row.try_get::<_, Option<String>>(column)?.map(Sealed::new);
        Ok(plain.open(&thread_id, field, sealed.as_ref()))
    };
    let json = |column: &str| row.try_get::<_, Option<String>>(column);
    // A note is sealed in a field of its own name.
    let content = match direction.as_str() {
        "note" => "text",
        _ => "content",
    };
    let attachments = open("attachments", "attachments")?;
    let reason: Option<String> = row.try_get("failure_reason")?;
    let code: Option<String> = row.try_get("failure_code")?;
    let failure =
        reason.map(|reason| json!({ "reason": reason, "code": code.unwrap_or_default() }));
    let status: String = row.try_get("status")?;
    Ok(MessageItem {
        message_id: row.try_get("message_id")?,
        sender_type: row.try_get("sender_type")?,
        sender_id: row.try_get("sender_id")?,
        content: open(content, "content")?,
        subject: open("subject", "subject")?,
        attachments: attachments
            .map(|list| serde_json::from_str(&list))
            .transpose()?,
        call: row.try_get("call")?,
        purpose: row.try_get("purpose")?,
        status: (direction != "note").then_some(status),
        status_at: row.try_get("status_at")?,
        failure: failure.map(serde_json::from_value).transpose()?,
        why: json("decision")?
            .map(|why| serde_json::from_str(&why))
            .transpose()?,
        canned_reply: json("canned_reply")?
            .map(|used| serde_json::from_str(&used))
            .transpose()?,
        held_until: row.try_get("held_until")?,
        provider: row.try_get("provider")?,
        provider_message_id: row.try_get("provider_message_id")?,
        written_at: row.try_get("written_at")?,
        thread_id,
        direction,
    })
}

const LIST_CANDIDATES: &str = "
    select c.customer_id, c.first_name, c.last_name
    from customers c
    where c.tenant_id = $1 and c.customer_id = any ($2::text[])
    order by c.last_name, c.first_name, c.customer_id";

async fn list_candidates(ctx: &Ctx<'_>, customers: &[String]) -> Result<Vec<Candidate>> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let statement = ctx.tx.prepare_cached(LIST_CANDIDATES).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &customers])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Candidate {
                customer_id: row.try_get("customer_id")?,
                name: full_name(row.try_get("first_name")?, row.try_get("last_name")?),
            })
        })
        .collect()
}
