//! What a visitor of the web chat may see: the messages of their own thread and how they stand. Notes, reasons, other
//! channels and other people's threads are not theirs; what has not been delivered has not been said yet.

use std::collections::BTreeMap;

use deadpool_postgres::Transaction;
use domain::conversations::{ADDRESS_SCOPE, Conversation, address_value};
use domain::customers::consents::Channel;
use domain::ids::TenantId;
use domain::sealed::Sealed;
use event_store::pg::begin_read;
use event_store::recorded::Payload;
use event_store::store::Store;
use event_store::vault::SubjectKey;
use event_store::{Result, checkpoints};
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::conversations::PROJECTION;

/// Messages of one page of the history.
pub const PAGE_MESSAGES: usize = 50;
/// Messages that one look for changes finds at most.
const MAX_CHANGED: i64 = 100;

/// Who asks: one browser at one tenant.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub tenant_id: TenantId,
    /// The address of the thread.
    pub name: String,
}

/// One message as its visitor sees it.
#[derive(Clone, Debug, Serialize)]
pub struct VisitorMessage {
    pub message_id: String,
    /// `in` from the visitor, `out` from us.
    pub direction: String,
    /// `ai`, `human` or `system`; null for the visitor's own.
    pub sender_type: Option<String>,
    /// Null once it has been erased.
    pub content: Option<String>,
    /// `[{url, content_type, name}]`.
    pub attachments: Option<serde_json::Value>,
    /// `received`, `sent`, `delivered` or `read`.
    pub status: String,
    #[serde(with = "time::serde::rfc3339")]
    pub written_at: OffsetDateTime,
}

/// A page of the visitor's thread.
#[derive(Debug, Serialize)]
pub struct History {
    /// The newest last.
    pub messages: Vec<VisitorMessage>,
    /// Whether there are messages before these.
    pub has_older: bool,
    /// Behind which changes follow that this page does not show.
    #[serde(skip)]
    pub position: i64,
}

/// What has changed since.
#[derive(Debug)]
pub struct Changes {
    /// Each message once, as it stands, with the position of its newest change; in order.
    pub messages: Vec<(i64, VisitorMessage)>,
    /// Behind which to look next.
    pub position: i64,
}

const LIST_MESSAGES: &str = "
    select m.conversation_id, m.message_id, m.direction, m.content, m.attachments, m.sender_type, m.status, m.written_at
    from conversation_messages m
    where m.tenant_id = $1 and m.conversation_id = any ($2::text[])
        and (m.direction = 'in' or m.direction = 'out' and m.status in ('sent', 'delivered', 'read'))
        and ($3::text is null or (m.written_at, m.message_id) < (
            select b.written_at, b.message_id from conversation_messages b
            where b.tenant_id = $1 and b.conversation_id = any ($2::text[]) and b.message_id = $3))
    order by m.written_at desc, m.message_id desc
    limit $4";

/// The newest messages of the visitor's thread, or those before the message `before`; none where there is no thread yet.
pub async fn history(store: &Store, visitor: &Visitor, before: Option<&str>) -> Result<History> {
    let mut client = store.pools.query.get().await?;
    let tx = begin_read(&mut client, visitor.tenant_id.as_str()).await?;
    let position = checkpoints::position(&tx, &[PROJECTION]).await?;
    let threads = list_threads(&tx, store, visitor).await?;
    let limit = i64::try_from(PAGE_MESSAGES + 1).unwrap_or(i64::MAX);
    let statement = tx.prepare_cached(LIST_MESSAGES).await?;
    let tenant_id = visitor.tenant_id.as_str();
    let rows = tx
        .query(&statement, &[&tenant_id, &threads, &before, &limit])
        .await?;
    let mut messages = open(store, visitor, &threads, &rows).await?;
    let has_older = messages.len() > PAGE_MESSAGES;
    messages.truncate(PAGE_MESSAGES);
    messages.reverse();
    Ok(History {
        messages,
        has_older,
        position,
    })
}

const LIST_CHANGED: &str = "
    select max(e.position) as position, e.payload->e.event_type->>'message_id' as message_id
    from events e
    where e.tenant_id = $1 and e.aggregate_type = 'conversation' and e.aggregate_id = any ($2::text[])
        and e.position > $3 and e.position <= $4 and e.payload->e.event_type->>'message_id' is not null
    group by e.payload->e.event_type->>'message_id'
    order by 1
    limit $5";

const LIST_NAMED: &str = "
    select m.conversation_id, m.message_id, m.direction, m.content, m.attachments, m.sender_type, m.status, m.written_at
    from conversation_messages m
    where m.tenant_id = $1 and m.conversation_id = any ($2::text[]) and m.message_id = any ($3::text[])
        and (m.direction = 'in' or m.direction = 'out' and m.status in ('sent', 'delivered', 'read'))";

/// Messages that were written, or whose status has moved, behind the position; as far as they can be read.
pub async fn changes(store: &Store, visitor: &Visitor, after: i64) -> Result<Changes> {
    let mut client = store.pools.query.get().await?;
    let tx = begin_read(&mut client, visitor.tenant_id.as_str()).await?;
    let until = checkpoints::position(&tx, &[PROJECTION]).await?;
    let nothing = Changes {
        messages: Vec::new(),
        position: until.max(after),
    };
    if until <= after {
        return Ok(nothing);
    }
    let threads = list_threads(&tx, store, visitor).await?;
    if threads.is_empty() {
        return Ok(nothing);
    }
    let tenant_id = visitor.tenant_id.as_str();
    let statement = tx.prepare_cached(LIST_CHANGED).await?;
    let changed = tx
        .query(
            &statement,
            &[&tenant_id, &threads, &after, &until, &MAX_CHANGED],
        )
        .await?;
    if changed.is_empty() {
        return Ok(nothing);
    }
    let positions: BTreeMap<String, i64> = changed
        .iter()
        .map(|row| (row.get("message_id"), row.get("position")))
        .collect();
    let named: Vec<&String> = positions.keys().collect();
    let statement = tx.prepare_cached(LIST_NAMED).await?;
    let rows = tx
        .query(&statement, &[&tenant_id, &threads, &named])
        .await?;
    let messages = open(store, visitor, &threads, &rows).await?;
    let placed = messages
        .into_iter()
        .filter_map(|message| Some((*positions.get(&message.message_id)?, message)));
    let mut messages: Vec<(i64, VisitorMessage)> = placed.collect();
    messages.sort_by_key(|(position, _)| *position);
    let is_full = i64::try_from(changed.len()).unwrap_or(MAX_CHANGED) >= MAX_CHANGED;
    let last = positions.values().max().copied().unwrap_or(until);
    Ok(Changes {
        messages,
        position: if is_full { last } else { until },
    })
}

/// The thread that the message of ours lies in; `None` where the visitor has no such message.
pub async fn find_answer(
    store: &Store,
    visitor: &Visitor,
    message_id: &str,
) -> Result<Option<String>> {
    let mut client = store.pools.query.get().await?;
    let tx = begin_read(&mut client, visitor.tenant_id.as_str()).await?;
    let threads = list_threads(&tx, store, visitor).await?;
    let statement = tx.prepare_cached(LIST_NAMED).await?;
    let tenant_id = visitor.tenant_id.as_str();
    let rows = tx
        .query(&statement, &[&tenant_id, &threads, &vec![message_id]])
        .await?;
    let mut answers = rows
        .iter()
        .filter(|row| row.get::<_, &str>("direction") == "out");
    Ok(answers.next().map(|row| row.get("conversation_id")))
}

const FIND_THREAD: &str = "
    select c.aggregate_id, t.state from claims c
    left join conversations t on t.tenant_id = c.tenant_id and t.conversation_id = c.aggregate_id
    where c.tenant_id = $1 and c.scope = $2 and c.value = $3";

/// The thread that the visitor's address leads to, with those that were merged into it.
async fn list_threads(
    tx: &Transaction<'_>,
    store: &Store,
    visitor: &Visitor,
) -> Result<Vec<String>> {
    let keys = store.keys(&visitor.tenant_id).await?;
    let address = address_value(Channel::WebChat, &visitor.name);
    let index = keys.blind_index(ADDRESS_SCOPE, &address);
    let statement = tx.prepare_cached(FIND_THREAD).await?;
    let tenant_id = visitor.tenant_id.as_str();
    let row = tx
        .query_opt(&statement, &[&tenant_id, &ADDRESS_SCOPE, &index.as_str()])
        .await?;
    let Some(row) = row else {
        return Ok(Vec::new());
    };
    let mut threads = vec![row.try_get("aggregate_id")?];
    if let Some(state) = row.try_get::<_, Option<Payload>>("state")? {
        let state: Conversation = serde_json::from_str(&state.0)?;
        let merged = state.thread.map(|thread| thread.merged).unwrap_or_default();
        threads.extend(merged.iter().map(ToString::to_string));
    }
    Ok(threads)
}

async fn open(
    store: &Store,
    visitor: &Visitor,
    threads: &[String],
    rows: &[Row],
) -> Result<Vec<VisitorMessage>> {
    let threads: Vec<&str> = threads.iter().map(String::as_str).collect();
    let keys = store.subject_keys(&visitor.tenant_id, &threads).await?;
    let keys: BTreeMap<String, SubjectKey> = keys.into_iter().collect();
    rows.iter().map(|row| message(row, &keys)).collect()
}

fn message(row: &Row, keys: &BTreeMap<String, SubjectKey>) -> Result<VisitorMessage> {
    let thread_id: &str = row.try_get("conversation_id")?;
    let open = |field: &str| -> Result<Option<String>> {
        let sealed = row.try_get::<_, Option<String>>(field)?.map(Sealed::new);
        let opened = keys.get(thread_id).zip(sealed);
        Ok(opened.and_then(|(key, sealed)| key.open(field, &sealed)))
    };
    let attachments = open("attachments")?;
    Ok(VisitorMessage {
        message_id: row.try_get("message_id")?,
        direction: row.try_get("direction")?,
        sender_type: row.try_get("sender_type")?,
        content: open("content")?,
        attachments: attachments
            .map(|list| serde_json::from_str(&list))
            .transpose()?,
        status: row.try_get("status")?,
        written_at: row.try_get("written_at")?,
    })
}
