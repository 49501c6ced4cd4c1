//! What of a person lies beside the log, and its end: stored answers, messages, webhooks' bodies, files and snapshots. The
//! log's own part ends with the keys, the read tables' with the event.

mod imported;
mod mentions;
mod streams;

use std::time::Duration;

use deadpool_postgres::Transaction;
use domain::customers::privacy::ErasureCounts;
use domain::ids::TenantId;
use event_store::error::Error;
use event_store::store::Store;
use serde_json::{Value, json};
use tokio_postgres::types::ToSql;

use self::mentions::Mentions;
use self::streams::{Found, Streams};
use crate::Result;

/// The read tables that know whose a booking, a thread or a payment is, and what else speaks of a person.
const OWNERS: &[&str] = &[
    "timelines",
    "conversations",
    "assistant_runs",
    "journey_runs",
    "approvals",
    "views",
];
/// How long it may lag behind the log.
const OWNERS_PATIENCE: Duration = Duration::from_secs(10);

const FIND_NEWEST: &str = "select coalesce(max(position), 0) as newest from events";
/// A person is erased rarely and by nobody who waits, so the whole of a tenant's answers may be looked through.
const PURGE_ANSWERS: &str = "
    delete from commands c
    where c.tenant_id = $1 and c.command_id in (
        select e.command_id from unnest($2::text[], $3::text[]) as s (kind, id)
        join events e on e.tenant_id = $1 and e.aggregate_type = s.kind and e.aggregate_id = s.id)";

/// The row stays, so that a repetition is still known.
const PURGE_BODIES: &str = "
    update webhook_inbox w set body = '', body_hash = '', query = ''
    where w.tenant_id = $1 and w.handled_at is not null and length(w.body) > 0 and w.webhook_id in (
        select e.causation_id from unnest($2::text[], $3::text[]) as s (kind, id)
        join events e on e.tenant_id = $1 and e.aggregate_type = s.kind and e.aggregate_id = s.id)";

const PURGE_FILES: &str = "
    delete from message_files f using unnest($2::text[], $3::text[]) as s (kind, id)
    where f.tenant_id = $1 and s.kind = 'conversation' and f.conversation_id = s.id";

const PURGE_SNAPSHOTS: &str = "
    delete from snapshots n using unnest($2::text[], $3::text[]) as s (kind, id)
    where n.tenant_id = $1 and n.aggregate_type = s.kind and n.aggregate_id = s.id";

/// Messages to the person, and those of the past. What is still to be done about money is done.
const LIST_MESSAGES: &str = "
    select m.message_id from unnest($2::text[], $3::text[]) as s (kind, id)
    join outbox_messages m on m.tenant_id = $1 and m.aggregate_id = s.id and m.aggregate_type = s.kind
    where m.message_id <> $4 and (m.call->>'call' in ('send_email', 'send_message') or not exists (
        select from outbox_work w where w.tenant_id = m.tenant_id and w.message_id = m.message_id))";
const PURGE_WORK: &str =
    "delete from outbox_work where tenant_id = $1 and message_id = any ($2::text[])";
const PURGE_DEAD: &str =
    "delete from outbox_dead where tenant_id = $1 and message_id = any ($2::text[])";
const PURGE_ATTEMPTS: &str =
    "delete from outbox_attempts where tenant_id = $1 and message_id = any ($2::text[])";
const PURGE_MESSAGES: &str =
    "delete from outbox_messages where tenant_id = $1 and message_id = any ($2::text[])";

/// What stood in files about the person; how the rows stand is still told.
const PURGE_IMPORT_ROWS: &str = "
    update import_rows set cells = null, note = null
    where tenant_id = $1 and customer_id = any ($2::text[]) and (cells is not null or note is not null)";
/// The same, of rows that name no customer and speak of the person.
const PURGE_UNNAMED_ROWS: &str = "
    update import_rows r set cells = null, note = null
    from unnest($2::text[], $3::bigint[]) as f (import_id, row_no)
    where r.tenant_id = $1 and r.import_id = f.import_id and r.row_no = f.row_no and r.cells is not null";

const FIND_RECORD: &str = "select counts::text as counts from erasures where tenant_id = $1 and customer_id = $2 for update";
const WRITE_RECORD: &str = "
    insert into erasures (tenant_id, customer_id, subjects, counts) values ($1, $2, $3, $4::text::json)
    on conflict (tenant_id, customer_id) do update set subjects = excluded.subjects, counts = excluded.counts,
        purged_at = clock_timestamp()";

/// What a purge has found of a person.
pub struct Purged {
    /// Their payments, whose memos have keys of their own.
    pub payments: Vec<String>,
    /// Threads of somebody who can only be them.
    pub threads: Vec<String>,
    /// What agents have asked for about them.
    pub approvals: Vec<String>,
    /// Saved views that look for them.
    pub views: Vec<String>,
    /// All that went, by this purge and those before it.
    pub counts: ErasureCounts,
}

impl Purged {
    /// As `complete-erasure` takes it.
    pub fn body(&self, customer_id: &str) -> Value {
        json!({
            "customer_id": customer_id, "payments": self.payments, "threads": self.threads, "approvals": self.approvals,
            "views": self.views, "counts": self.counts,
        })
    }
}

/// Purges what lies beside the log of these customers, of whom the last is the one that the others were merged into. The
/// message `own` is spared: it is the timer that asks for this. Busy with `projection-behind` while it is not known yet what is
/// theirs.
pub async fn purge(
    store: &Store,
    tenant_id: &TenantId,
    family: &[String],
    own: &str,
) -> Result<Purged> {
    let client = store.pools.engine.get().await?;
    let newest: i64 = client.query_one(FIND_NEWEST, &[]).await?.get("newest");
    if !store.wait_for(OWNERS, newest, OWNERS_PATIENCE).await? {
        let detail = "it is not known yet what belongs to the person; this is tried again";
        return Err(Error::busy("projection-behind", detail));
    }
    drop(client);
    purge_now(store, tenant_id, family, own).await
}

/// As `purge`, by what is known now.
pub async fn purge_now(
    store: &Store,
    tenant_id: &TenantId,
    family: &[String],
    own: &str,
) -> Result<Purged> {
    let (found, mentions) = look(store, tenant_id, family).await?;
    let mut client = store.pools.engine.get().await?;
    let tx = client.transaction().await?;
    let before = FoundBefore::read(&tx, tenant_id, family).await?;
    let mut counts = ErasureCounts {
        streams: count(found.streams.ids.len()),
        approvals: count(mentions.approvals.len()),
        views: count(mentions.views.len()),
        ..before.counts
    };
    purge_streams(&tx, (tenant_id, &found.streams, own), &mut counts).await?;
    let mut subjects = found.streams.subjects();
    subjects.extend(mentions.approvals.iter().chain(&mentions.views).cloned());
    let rows = &mentions.rows;
    let unnamed: [&(dyn ToSql + Sync); 3] = [&tenant_id.as_str(), &rows.imports, &rows.numbers];
    counts.import_rows += execute(&tx, PURGE_IMPORT_ROWS, &[&tenant_id.as_str(), &family]).await?;
    counts.import_rows += execute(&tx, PURGE_UNNAMED_ROWS, &unnamed).await?;
    let told = serde_json::to_string(&counts)?;
    let record: [&(dyn ToSql + Sync); 4] = [&tenant_id.as_str(), &family.last(), &subjects, &told];
    execute(&tx, WRITE_RECORD, &record).await?;
    tx.commit().await?;
    Ok(Purged {
        payments: found.payments,
        threads: found.claimed_threads,
        approvals: mentions.approvals,
        views: mentions.views,
        counts,
    })
}

/// Purges what lies beside the log of threads that have been erased by themselves.
pub async fn purge_threads(
    store: &Store,
    tenant_id: &TenantId,
    threads: &[String],
) -> Result<ErasureCounts> {
    let mut client = store.pools.engine.get().await?;
    let tx = client.transaction().await?;
    let streams = Streams::of_threads(&tx, tenant_id, threads).await?;
    let mut counts = ErasureCounts {
        streams: count(streams.ids.len()),
        ..ErasureCounts::default()
    };
    purge_streams(&tx, (tenant_id, &streams, ""), &mut counts).await?;
    tx.commit().await?;
    Ok(counts)
}

/// What must not go while these customers' data is held.
#[derive(Default)]
pub(crate) struct Kept {
    pub streams: Streams,
    pub approvals: Vec<String>,
}

pub(crate) async fn kept_for(
    store: &Store,
    tenant_id: &TenantId,
    family: &[String],
) -> Result<Kept> {
    let (found, mentions) = look(store, tenant_id, family).await?;
    Ok(Kept {
        streams: found.streams,
        approvals: mentions.approvals,
    })
}

/// Forgets messages with all their history; answers how many.
pub(crate) async fn purge_messages(
    tx: &Transaction<'_>,
    tenant_id: &TenantId,
    messages: &[String],
) -> Result<u32> {
    let scope: [&(dyn ToSql + Sync); 2] = [&tenant_id.as_str(), &messages];
    for sql in [PURGE_WORK, PURGE_DEAD, PURGE_ATTEMPTS] {
        execute(tx, sql, &scope).await?;
    }
    execute(tx, PURGE_MESSAGES, &scope).await
}

/// What there is of the person, before anything is taken away.
async fn look(store: &Store, tenant_id: &TenantId, family: &[String]) -> Result<(Found, Mentions)> {
    let mut client = store.pools.engine.get().await?;
    let tx = client.transaction().await?;
    let found = streams::list(&tx, tenant_id, family).await?;
    tx.commit().await?;
    drop(client);
    let mentions = mentions::find(store, tenant_id, (family, &found.streams)).await?;
    Ok((found, mentions))
}

async fn purge_streams(
    tx: &Transaction<'_>,
    (tenant_id, streams, own): (&TenantId, &Streams, &str),
    counts: &mut ErasureCounts,
) -> Result<()> {
    let scope: [&(dyn ToSql + Sync); 3] = [&tenant_id.as_str(), &streams.kinds, &streams.ids];
    let messages = list_messages(tx, &scope, own).await?;
    counts.stored_answers += execute(tx, PURGE_ANSWERS, &scope).await?;
    counts.webhook_bodies += execute(tx, PURGE_BODIES, &scope).await?;
    counts.snapshots += execute(tx, PURGE_SNAPSHOTS, &scope).await?;
    counts.files += execute(tx, PURGE_FILES, &scope).await?;
    counts.outbox_messages += purge_messages(tx, tenant_id, &messages).await?;
    Ok(())
}

/// What an earlier purge, whose process ended too soon, has done already.
struct FoundBefore {
    counts: ErasureCounts,
}

impl FoundBefore {
    async fn read(tx: &Transaction<'_>, tenant_id: &TenantId, family: &[String]) -> Result<Self> {
        let statement = tx.prepare_cached(FIND_RECORD).await?;
        let row = tx
            .query_opt(&statement, &[&tenant_id.as_str(), &family.last()])
            .await?;
        let counts = match row {
            Some(row) => serde_json::from_str(row.get("counts"))?,
            None => ErasureCounts::default(),
        };
        Ok(Self { counts })
    }
}

async fn list_messages(
    tx: &Transaction<'_>,
    scope: &[&(dyn ToSql + Sync); 3],
    own: &str,
) -> Result<Vec<String>> {
    let statement = tx.prepare_cached(LIST_MESSAGES).await?;
    let [tenant_id, kinds, ids] = *scope;
    let rows = tx.query(&statement, &[tenant_id, kinds, ids, &own]).await?;
    Ok(rows.iter().map(|row| row.get("message_id")).collect())
}

async fn execute(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<u32> {
    let statement = tx.prepare_cached(sql).await?;
    let rows = tx.execute(&statement, parameters).await?;
    Ok(u32::try_from(rows).unwrap_or(u32::MAX))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
