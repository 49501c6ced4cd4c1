//! Conversations as they are read: the inbox, the messages of each thread, the words they are searched by, and how long
//! customers waited.

mod messages;
mod parts;
mod privacy;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::conversations::Conversation;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use event_store::store::Store;
use time::OffsetDateTime;

use self::messages::{Changes, changes};
use self::parts::{last_message, terms, waits};
use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold_streams_with_events, fold_with_events, wire};
use crate::occurrences::Occurrence;
use crate::subjects::SubjectKeys;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "conversations";

struct Conversations {
    store: Store,
}

pub(crate) fn projection(store: Store) -> Projection {
    let tables = &[
        "conversations",
        "conversation_messages",
        "conversation_terms",
        "conversation_waits",
    ];
    Projection::of_streams(Conversations { store }, tables)
}

rows! {
    struct ConversationRow {
        tenant_id: String,
        conversation_id: String,
        customer_id: Option<String>,
        channel: String,
        status: String,
        assignee: Option<String>,
        ai_mode: String,
        last_message_at: OffsetDateTime,
        last_message: Option<String>,
        last_direction: Option<String>,
        unread_count: i64,
        message_count: i64,
        address: Option<String>,
        subject: Option<String>,
        snoozed_until: Option<OffsetDateTime>,
        opted_out: bool,
        candidate_count: i64,
        merged_into: Option<String>,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

rows! {
    struct MessageRow {
        tenant_id: String,
        conversation_id: String,
        sequence: i64,
        message_id: String,
        direction: String,
        content: String,
        subject: Option<String>,
        attachments: Option<String>,
        sender_type: Option<String>,
        sender_id: Option<String>,
        purpose: Option<String>,
        decision: Option<String>,
        canned_reply: Option<String>,
        status: String,
        status_rank: i64,
        status_at: OffsetDateTime,
        failure_reason: Option<String>,
        failure_code: Option<String>,
        provider: Option<String>,
        provider_message_id: Option<String>,
        held_until: Option<OffsetDateTime>,
        written_at: OffsetDateTime,
        call: Option<String>,
    }
}

rows! {
    /// What became of a message that is there already.
    struct StatusRow {
        tenant_id: String,
        conversation_id: String,
        message_id: String,
        status: String,
        status_rank: i64,
        status_at: OffsetDateTime,
        failure_reason: Option<String>,
        failure_code: Option<String>,
        provider: Option<String>,
        provider_message_id: Option<String>,
        held_until: Option<OffsetDateTime>,
    }
}

rows! {
    struct TermRow {
        tenant_id: String,
        term: String,
        conversation_id: String,
    }
}

rows! {
    struct WaitRow {
        tenant_id: String,
        conversation_id: String,
        sequence: i64,
        kind: String,
        channel: String,
        sender_type: Option<String>,
        began_at: OffsetDateTime,
        ended_at: OffsetDateTime,
    }
}

const LOAD_CONVERSATIONS: &str = "
    select c.tenant_id, c.conversation_id as id, c.state, c.created_at, c.updated_at, c.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join conversations c on c.tenant_id = k.tenant_id and c.conversation_id = k.id";

const UPSERT_CONVERSATIONS: &str = "
    insert into conversations (tenant_id, conversation_id, customer_id, channel, status, assignee, ai_mode,
        last_message_at, last_message, last_direction, unread_count, message_count, address, subject, snoozed_until,
        opted_out, candidate_count, merged_into, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::timestamptz[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::text[], $14::text[],
        $15::timestamptz[], $16::boolean[], $17::bigint[], $18::text[], $19::json[], $20::timestamptz[],
        $21::timestamptz[], $22::bigint[])
    on conflict (tenant_id, conversation_id) do update set customer_id = excluded.customer_id,
        channel = excluded.channel, status = excluded.status, assignee = excluded.assignee, ai_mode = excluded.ai_mode,
        last_message_at = excluded.last_message_at,
        last_message = coalesce(excluded.last_message, conversations.last_message),
        last_direction = coalesce(excluded.last_direction, conversations.last_direction),
        unread_count = excluded.unread_count, message_count = excluded.message_count, address = excluded.address,
        subject = excluded.subject, snoozed_until = excluded.snoozed_until, opted_out = excluded.opted_out,
        candidate_count = excluded.candidate_count, merged_into = excluded.merged_into, state = excluded.state, updated_at = excluded.updated_at,
        sequence = excluded.sequence";

const INSERT_MESSAGES: &str = "
    insert into conversation_messages (tenant_id, conversation_id, sequence, message_id, direction, content, subject,
        attachments, sender_type, sender_id, purpose, decision, canned_reply, status, status_rank, status_at,
        failure_reason, failure_code, provider, provider_message_id, held_until, written_at, call)
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::timestamptz[],
        $17::text[], $18::text[], $19::text[], $20::text[], $21::timestamptz[], $22::timestamptz[],
        $23::text[])
    on conflict do nothing";

/// What is known for sure stays known: a status of a lower rank changes nothing.
const UPDATE_STATUSES: &str = "
    update conversation_messages m set
        status = case when r.status_rank >= m.status_rank then r.status else m.status end,
        status_at = case when r.status_rank >= m.status_rank then r.status_at else m.status_at end,
        failure_reason = case when r.status_rank >= m.status_rank then r.failure_reason else m.failure_reason end,
        failure_code = case when r.status_rank >= m.status_rank then r.failure_code else m.failure_code end,
        status_rank = greatest(r.status_rank, m.status_rank),
        provider = coalesce(r.provider, m.provider),
        provider_message_id = coalesce(r.provider_message_id, m.provider_message_id),
        held_until = coalesce(r.held_until, m.held_until)
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::timestamptz[])
        as r (tenant_id, conversation_id, message_id, status, status_rank, status_at, failure_reason, failure_code,
            provider, provider_message_id, held_until)
    where m.tenant_id = r.tenant_id and m.conversation_id = r.conversation_id and m.message_id = r.message_id";

const INSERT_TERMS: &str = "
    insert into conversation_terms (tenant_id, term, conversation_id)
    select * from unnest($1::text[], $2::text[], $3::text[])
    on conflict do nothing";

const INSERT_WAITS: &str = "
    insert into conversation_waits (tenant_id, conversation_id, sequence, kind, channel, sender_type, began_at, ended_at)
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
        $8::timestamptz[])
    on conflict do nothing";

const COPY_CONVERSATIONS: &str = "
    copy twin.conversations (tenant_id, conversation_id, customer_id, channel, status, assignee, ai_mode, last_message_at,
        last_message, last_direction, unread_count, message_count, address, subject, snoozed_until, opted_out,
        candidate_count, merged_into, state, created_at, updated_at, sequence)
    from stdin (format binary)";

const COPY_MESSAGES: &str = "
    copy twin.conversation_messages (tenant_id, conversation_id, sequence, message_id, direction, content, subject,
        attachments, sender_type, sender_id, purpose, decision, canned_reply, status, status_rank, status_at,
        failure_reason, failure_code, provider, provider_message_id, held_until, written_at, call)
    from stdin (format binary)";

const COPY_TERMS: &str =
    "copy twin.conversation_terms (tenant_id, term, conversation_id) from stdin (format binary)";

const COPY_WAITS: &str = "
    copy twin.conversation_waits (tenant_id, conversation_id, sequence, kind, channel, sender_type, began_at, ended_at)
    from stdin (format binary)";

/// All that a batch brings.
#[derive(Default)]
struct Rows {
    conversations: Vec<ConversationRow>,
    messages: Vec<MessageRow>,
    statuses: Vec<StatusRow>,
    terms: Vec<TermRow>,
    waits: Vec<WaitRow>,
}

#[async_trait]
impl Subscriber for Conversations {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Conversation::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold_with_events::<Conversation>(tx, LOAD_CONVERSATIONS, batch).await?;
        let rows = self.rows(&folded).await?;
        ConversationRow::write(tx, UPSERT_CONVERSATIONS, &rows.conversations).await?;
        privacy::clear(tx, &folded).await?;
        MessageRow::write(tx, INSERT_MESSAGES, &rows.messages).await?;
        StatusRow::write(tx, UPDATE_STATUSES, &rows.statuses).await?;
        TermRow::write(tx, INSERT_TERMS, &rows.terms).await?;
        let lifted = privacy::terms_again(tx, &self.store, &folded).await?;
        TermRow::write(tx, INSERT_TERMS, &lifted).await?;
        WaitRow::write(tx, INSERT_WAITS, &rows.waits).await
    }
}

#[async_trait]
impl Streams for Conversations {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams_with_events::<Conversation>(streams, &mut poisons);
        // Whole streams hold every message that their statuses speak of.
        let rows = self.rows(&folded).await?;
        copy(tx, COPY_CONVERSATIONS, &rows.conversations).await?;
        copy(tx, COPY_MESSAGES, &rows.messages).await?;
        copy(tx, COPY_TERMS, &rows.terms).await?;
        copy(tx, COPY_WAITS, &rows.waits).await?;
        Ok(poisons)
    }
}

impl Conversations {
    async fn rows(&self, folded: &[Folded<Conversation>]) -> Result<Rows> {
        let keys = SubjectKeys::of(&self.store, folded).await?;
        let mut rows = Rows::default();
        for conversation in folded {
            let Some(row) = row(conversation)? else {
                continue;
            };
            let tenant = self.store.keys(&conversation.tenant_id).await?;
            rows.conversations.push(row);
            if privacy::is_readable(conversation) {
                rows.terms.extend(terms(conversation, &tenant, &keys));
            }
            if !privacy::is_erased(conversation) {
                let Changes { messages, statuses } = changes(conversation)?;
                rows.messages.extend(messages);
                rows.statuses.extend(statuses);
            }
            rows.waits.extend(waits(conversation)?);
        }
        Ok(rows)
    }
}

/// None for a stream that does not begin with a thread's opening, of which there is nothing to show.
fn row(folded: &Folded<Conversation>) -> Result<Option<ConversationRow>> {
    let Some(thread) = folded.state.thread.as_deref() else {
        return Ok(None);
    };
    let newest = last_message(folded).filter(|_| !privacy::is_erased(folded));
    let (last_message, last_direction) = newest.unzip();
    Ok(Some(ConversationRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        conversation_id: folded.id.clone(),
        customer_id: thread
            .customer_id
            .as_ref()
            .map(|customer_id| customer_id.as_str().to_owned()),
        channel: wire(&thread.channel)?,
        status: thread.status.as_str().to_owned(),
        assignee: thread.assignee.clone(),
        ai_mode: wire(&thread.ai_mode)?,
        last_message_at: thread.last_message_at.unwrap_or(folded.created_at),
        last_message,
        last_direction: last_direction.map(str::to_owned),
        unread_count: thread.unread_count,
        message_count: thread.message_count,
        address: thread
            .address
            .as_ref()
            .map(|address| address.as_str().to_owned()),
        subject: thread
            .subject
            .as_ref()
            .map(|subject| subject.as_str().to_owned()),
        snoozed_until: thread.snoozed_until,
        opted_out: thread.opted_out.is_some(),
        candidate_count: i64::try_from(thread.candidates.len()).unwrap_or(i64::MAX),
        merged_into: thread
            .merged_into
            .as_ref()
            .map(|survivor_id| survivor_id.as_str().to_owned()),
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    }))
}
