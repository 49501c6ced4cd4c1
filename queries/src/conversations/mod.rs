//! Conversations: the inbox, and what every other query shows of a thread.

pub(crate) mod item;
pub(crate) mod stats;
pub(crate) mod thread;

use std::collections::BTreeSet;

use domain::conversations::{AiMode, Conversation, ThreadStatus};
use domain::customers::consents::Channel;
use domain::search::{CONVERSATION_TERM_SCOPE, words};
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;

use self::item::InboxItem;
use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::past::Lived;
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};
use crate::{customers, params};

/// The projection of conversations.
pub(crate) const PROJECTION: &str = "conversations";

/// Words of a search that count.
const MAX_WORDS: usize = 8;
/// Up to so many threads with a word are looked up first; of more of them, walking the list meets enough.
const MAX_FEW: i64 = 1_000;

pub(crate) const INBOX: Entry = Entry {
    name: "inbox",
    title: "Inbox",
    description: "Conversations with customers over every channel, by any of their facts, by customer and by words of \
        their messages; the newest message first unless sorted otherwise.",
    shape: Shape::List,
    permission: Permission::ConversationsRead,
    projections: &[PROJECTION, customers::PROJECTION],
    params: schema_of::<InboxParams>,
    item: schema_of::<InboxItem>,
    run: |ctx, params| Box::pin(inbox(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InboxParams {
    /// Only this thread.
    thread_id: Option<String>,
    /// Only threads of this customer, and of those merged into it.
    customer_id: Option<String>,
    /// Only threads of customers with these beginnings of names.
    customer_name: Option<String>,
    /// Only threads on this channel.
    channel: Option<Channel>,
    /// Only threads in this state.
    status: Option<ThreadStatus>,
    /// Only threads that this person or agent looks after.
    assigned_agent_id: Option<String>,
    /// Only threads that nobody looks after (true), or that somebody does (false).
    unassigned: Option<bool>,
    /// Only threads in this AI mode.
    ai_mode: Option<AiMode>,
    /// Only threads with something unread (true), or without (false).
    unread: Option<bool>,
    /// Only threads with exactly so many unread messages.
    unread_count: Option<i64>,
    /// Only threads with exactly so many messages.
    message_count: Option<i64>,
    /// Only threads whose newest message is of this moment (RFC 3339) or later.
    last_message_from: Option<String>,
    /// Only threads whose newest message is of this moment (RFC 3339) or earlier.
    last_message_to: Option<String>,
    /// Only threads that nobody knows the customer of (true), or that have one (false).
    unknown_customer: Option<bool>,
    /// Words: each is the beginning of one of the customer's names, or a word of a message or note.
    search: Option<String>,
    /// The order of the list; `-` turns it around.
    #[serde(default)]
    sort: InboxSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum InboxSort {
    #[default]
    #[serde(rename = "-last_message_at")]
    NewestFirst,
    #[serde(rename = "last_message_at")]
    OldestFirst,
}

impl InboxSort {
    fn name(self) -> &'static str {
        match self {
            Self::NewestFirst => "-last_message_at",
            Self::OldestFirst => "last_message_at",
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::NewestFirst => LIST_THREADS_NEWEST_FIRST,
            Self::OldestFirst => LIST_THREADS_OLDEST_FIRST,
        }
    }
}

/// Threads that were merged away show within their survivors.
const LIST_THREADS_NEWEST_FIRST: &str = "
    select t.conversation_id, t.customer_id, t.channel, t.status, t.assignee, t.ai_mode, t.last_message_at,
        t.last_message, t.last_direction, t.unread_count, t.message_count, t.address, t.subject, t.snoozed_until,
        t.opted_out, t.candidate_count, t.created_at, t.updated_at, t.sequence, c.first_name, c.last_name
    from conversations t
    left join customers c on c.tenant_id = t.tenant_id and c.customer_id = t.customer_id
    where t.tenant_id = $1 and t.merged_into is null
        and ($2::text is null or t.conversation_id = $2)
        and ($3::text[] is null or t.customer_id = any ($3))
        and ($4::text is null or t.channel = $4)
        and ($5::text is null or t.status = $5)
        and ($6::text is null or t.assignee = $6)
        and ($7::boolean is null or (t.assignee is null) = $7)
        and ($8::text is null or t.ai_mode = $8)
        and ($9::boolean is null or (t.unread_count > 0) = $9)
        and ($10::bigint is null or t.unread_count = $10)
        and ($11::bigint is null or t.message_count = $11)
        and ($12::timestamptz is null or t.last_message_at >= $12)
        and ($13::timestamptz is null or t.last_message_at <= $13)
        and ($14::boolean is null or (t.customer_id is null) = $14)
        and ($15::text[] is null or t.conversation_id = any ($15))
        and not exists (
            select from unnest($16::text[], $17::text[], $18::text[]) as w (low, high, hash)
            where not exists (
                select from customer_terms n
                where n.tenant_id = $1 and n.customer_id = t.customer_id and n.term >= w.low and n.term < w.high)
              and not exists (
                select from conversation_terms m
                where m.tenant_id = $1 and m.conversation_id = t.conversation_id and m.term = w.hash))
        and ($19::timestamptz is null or (t.last_message_at, t.conversation_id) < ($19, $20))
    order by t.last_message_at desc, t.conversation_id desc
    limit $21";

const LIST_THREADS_OLDEST_FIRST: &str = "
    select t.conversation_id, t.customer_id, t.channel, t.status, t.assignee, t.ai_mode, t.last_message_at,
        t.last_message, t.last_direction, t.unread_count, t.message_count, t.address, t.subject, t.snoozed_until,
        t.opted_out, t.candidate_count, t.created_at, t.updated_at, t.sequence, c.first_name, c.last_name
    from conversations t
    left join customers c on c.tenant_id = t.tenant_id and c.customer_id = t.customer_id
    where t.tenant_id = $1 and t.merged_into is null
        and ($2::text is null or t.conversation_id = $2)
        and ($3::text[] is null or t.customer_id = any ($3))
        and ($4::text is null or t.channel = $4)
        and ($5::text is null or t.status = $5)
        and ($6::text is null or t.assignee = $6)
        and ($7::boolean is null or (t.assignee is null) = $7)
        and ($8::text is null or t.ai_mode = $8)
        and ($9::boolean is null or (t.unread_count > 0) = $9)
        and ($10::bigint is null or t.unread_count = $10)
        and ($11::bigint is null or t.message_count = $11)
        and ($12::timestamptz is null or t.last_message_at >= $12)
        and ($13::timestamptz is null or t.last_message_at <= $13)
        and ($14::boolean is null or (t.customer_id is null) = $14)
        and ($15::text[] is null or t.conversation_id = any ($15))
        and not exists (
            select from unnest($16::text[], $17::text[], $18::text[]) as w (low, high, hash)
            where not exists (
                select from customer_terms n
                where n.tenant_id = $1 and n.customer_id = t.customer_id and n.term >= w.low and n.term < w.high)
              and not exists (
                select from conversation_terms m
                where m.tenant_id = $1 and m.conversation_id = t.conversation_id and m.term = w.hash))
        and ($19::timestamptz is null or (t.last_message_at, t.conversation_id) > ($19, $20))
    order by t.last_message_at, t.conversation_id
    limit $21";

/// What a search looks for: every word as a range over the words of names, and as a hash over those of messages. A word
/// that only names may have comes without a hash.
#[derive(Default)]
struct Search {
    low: Vec<String>,
    high: Vec<String>,
    hash: Vec<Option<String>>,
}

async fn inbox(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: InboxParams = params::parse(params)?;
    let sort = (INBOX.name, params.sort.name());
    let page = Page::open(ctx, sort, params.limit, params.cursor.as_deref()).await?;
    let family = match &params.customer_id {
        Some(customer_id) => Some(customers::find_family(ctx, customer_id).await?),
        None => None,
    };
    let Some(search) = read_search(ctx, &params).await? else {
        // Nothing but punctuation: nobody is called so, and no message says so.
        return Found::all::<InboxItem>(&[]);
    };
    let few = find_few(ctx, &search).await?;
    let statement = ctx.tx.prepare_cached(params.sort.sql()).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.thread_id,
                &family,
                &name_of(params.channel.as_ref())?,
                &params.status.map(ThreadStatus::as_str),
                &params.assigned_agent_id,
                &params.unassigned,
                &name_of(params.ai_mode.as_ref())?,
                &params.unread,
                &params.unread_count,
                &params.message_count,
                &instant("last_message_from", params.last_message_from.as_deref())?,
                &instant("last_message_to", params.last_message_to.as_deref())?,
                &params.unknown_customer,
                &few,
                &search.low,
                &search.high,
                &search.hash,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = items(ctx, &rows).await?;
    let next_cursor = page.close(&mut items, |last| {
        let at = last.last_message_at.unwrap_or(last.created_at);
        Cursor::at(params.sort.name(), at, &last.thread_id)
    })?;
    Found::page(&items, next_cursor)
}

/// None when something was asked for that has no word in it.
async fn read_search(ctx: &Ctx<'_>, params: &InboxParams) -> Result<Option<Search>> {
    let keys = ctx.store.keys(&ctx.principal.tenant_id).await?;
    let mut search = Search::default();
    for (text, in_messages) in [
        (params.search.as_deref(), true),
        (params.customer_name.as_deref(), false),
    ] {
        let Some(text) = text else { continue };
        let distinct: BTreeSet<String> = words(text).collect();
        if distinct.is_empty() {
            return Ok(None);
        }
        let mut distinct: Vec<String> = distinct.into_iter().collect();
        // The longest word leads to the fewest threads.
        distinct.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        for word in distinct.into_iter().take(MAX_WORDS) {
            let hash = in_messages.then(|| {
                let hash = keys.blind_index(CONVERSATION_TERM_SCOPE, &word);
                hash.as_str().to_owned()
            });
            search.high.push(format!("{word}{}", char::MAX));
            search.low.push(word);
            search.hash.push(hash);
        }
    }
    Ok(Some(search))
}

const FIND_FEW: &str = "
    (select m.conversation_id from conversation_terms m where m.tenant_id = $1 and m.term = $4 limit $5)
    union
    (select t.conversation_id from customer_terms n
     join conversations t on t.tenant_id = $1 and t.customer_id = n.customer_id
     where n.tenant_id = $1 and n.term >= $2 and n.term < $3 limit $5)";

/// The threads with the leading word when they are few.
async fn find_few(ctx: &Ctx<'_>, search: &Search) -> Result<Option<Vec<String>>> {
    let Some(((low, high), hash)) = search
        .low
        .first()
        .zip(search.high.first())
        .zip(search.hash.first())
    else {
        return Ok(None);
    };
    let statement = ctx.tx.prepare_cached(FIND_FEW).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[&ctx.tenant(), low, high, hash, &(MAX_FEW + 1)],
        )
        .await?;
    let few = rows
        .iter()
        .map(|row| Ok(row.try_get(0)?))
        .collect::<Result<Vec<String>>>()?;
    let is_few = i64::try_from(few.len()).unwrap_or(i64::MAX) <= MAX_FEW;
    Ok(is_few.then_some(few))
}

const LIST_THREADS_OF_CUSTOMERS: &str = "
    select t.conversation_id, t.customer_id, t.channel, t.status, t.assignee, t.ai_mode, t.last_message_at,
        t.last_message, t.last_direction, t.unread_count, t.message_count, t.address, t.subject, t.snoozed_until,
        t.opted_out, t.candidate_count, t.created_at, t.updated_at, t.sequence, c.first_name, c.last_name
    from conversations t
    left join customers c on c.tenant_id = t.tenant_id and c.customer_id = t.customer_id
    where t.tenant_id = $1 and t.customer_id = any ($2::text[]) and t.merged_into is null
    order by t.last_message_at desc, t.conversation_id desc
    limit $3";

/// The threads of some customers, the newest message first.
pub(crate) async fn list_threads_of(
    ctx: &Ctx<'_>,
    customers: &[String],
    limit: i64,
) -> Result<Vec<InboxItem>> {
    let statement = ctx.tx.prepare_cached(LIST_THREADS_OF_CUSTOMERS).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &customers, &limit])
        .await?;
    items(ctx, &rows).await
}

/// Threads as they were, the newest message first, each with the name of its customer then.
pub(crate) async fn past_threads(
    ctx: &Ctx<'_>,
    named: Vec<(Lived<Conversation>, String)>,
) -> Result<Vec<InboxItem>> {
    let read = named
        .into_iter()
        .filter_map(|(lived, name)| item::Read::from_past(lived, name).transpose())
        .collect::<Result<Vec<_>>>()?;
    let plain = Plain::of(ctx, read.iter().map(item::Read::subject)).await?;
    let mut shown: Vec<InboxItem> = read.into_iter().map(|one| one.show(&plain)).collect();
    shown.sort_by_key(|item| std::cmp::Reverse(item.last_message_at));
    Ok(shown)
}

/// Reads rows as the statements above select them, personal fields opened for those who may see them.
async fn items(ctx: &Ctx<'_>, rows: &[Row]) -> Result<Vec<InboxItem>> {
    let read = rows
        .iter()
        .map(item::Read::from_row)
        .collect::<Result<Vec<_>>>()?;
    let plain = Plain::of(ctx, read.iter().map(item::Read::subject)).await?;
    Ok(read.into_iter().map(|row| row.show(&plain)).collect())
}

/// A closed value as the tables have it.
fn name_of(value: Option<&impl Serialize>) -> Result<Option<String>> {
    let value = value.map(serde_json::to_value).transpose()?;
    Ok(value.and_then(|value| value.as_str().map(str::to_owned)))
}

fn instant(name: &str, text: Option<&str>) -> Result<Option<OffsetDateTime>> {
    let read = |text| {
        OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
            let message = "a time is RFC 3339, such as 2026-03-14T18:00:00Z";
            params::refuse_one(name, "time-invalid", message)
        })
    };
    Ok(text.map(read).transpose()?)
}
