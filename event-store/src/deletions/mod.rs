//! Deleting a whole tenant. A tombstone says that it has begun, and from then on nothing is done for the tenant any more. Once
//! whoever was still at it has ended, the tenant's key is destroyed, and with it everything that was sealed; then its rows
//! go, batch by batch. Each step may be taken again, by any process, so a deletion that was interrupted goes on.

mod eraser;
mod quiet;
pub mod tables;

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use domain::tenants::deletion::claim_value;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_util::sync::CancellationToken;

use crate::notary::logs;
use crate::store::Store;
use crate::{Result, error::Error};

/// As many tombstones are shown, the newest first.
pub const MAX_LISTED: i64 = 1_000;
/// As many deletions begin in one look.
const MAX_DUE: i64 = 100;
/// A preview counts no further in one table.
pub const MAX_COUNTED: i64 = 1_000_000;
/// How long after its end a deletion looks for rows that came late all the same, from a process that had stood still.
const LATE_DAYS: f64 = 7.0;

const FIND: &str = "
    select d.tenant_id, d.slug, d.begun_by, d.reason, d.begun_at, d.fence, d.newest_position, d.waiting_for,
        d.keys_destroyed_at, d.finished_at, d.audit_size, d.audit_note, d.rows::text as rows
    from tenant_deletions d where d.tenant_id = $1";
const LIST: &str = "
    select d.tenant_id, d.slug, d.begun_by, d.reason, d.begun_at, d.fence, d.newest_position, d.waiting_for,
        d.keys_destroyed_at, d.finished_at, d.audit_size, d.audit_note, d.rows::text as rows
    from tenant_deletions d order by d.begun_at desc, d.tenant_id limit $1";
const LIST_UNFINISHED: &str = "
    select d.tenant_id from tenant_deletions d where d.finished_at is null order by d.begun_at limit $1";
const LIST_LATE: &str = "
    select d.tenant_id from tenant_deletions d
    where d.finished_at > clock_timestamp() - $2::float8 * interval '1 day' order by d.finished_at limit $1";
/// By the index of these claims alone.
const LIST_DUE: &str = "
    select c.tenant_id, t.slug from claims c join tenants t on t.tenant_id = c.tenant_id
    where c.scope = 'tenant-deletion' and c.value <= $1 order by c.value limit $2";
const COUNT: &str = "select count_of_tenant($1::text::regclass, $2, $3)";

/// The tombstone of a tenant: how far its deletion has come, and what stays on record of it.
#[derive(Clone, Debug, Serialize)]
pub struct Deletion {
    pub tenant_id: String,
    /// Free for others once the deletion is over.
    pub slug: String,
    /// Who has let it begin.
    pub begun_by: String,
    pub reason: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub begun_at: OffsetDateTime,
    #[serde(skip)]
    fence: Option<i64>,
    #[serde(skip)]
    newest_position: Option<i64>,
    /// What it waits for, if it does.
    pub waiting_for: Option<String>,
    /// From then on nothing that was sealed can be opened.
    #[serde(with = "time::serde::rfc3339::option")]
    pub keys_destroyed_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
    /// Entries of the tenant's audit log, and its newest signed head, for witnesses that hold it.
    pub audit_size: Option<i64>,
    pub audit_note: Option<String>,
    /// How many rows of which table went.
    pub rows: BTreeMap<String, i64>,
}

/// What lets a deletion begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warrant<'a> {
    /// It was scheduled for this time or earlier, and nobody has taken that back.
    Due(&'a str),
    /// Somebody who may has said so.
    Order,
}

/// What is known of it when it begins.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    pub tenant_id: &'a TenantId,
    pub slug: &'a str,
    pub by: &'a str,
    pub reason: Option<&'a str>,
}

/// How far one go has come.
#[derive(Clone, Debug)]
pub enum Progress {
    /// Somebody may still write for the tenant; ask again in a moment.
    Waiting(String),
    /// It was told to stop, and goes on another time.
    Stopped,
    /// Nothing is left. Whether this go has come to the end, or an earlier one had.
    Finished { now: bool },
}

/// (id, slug) of tenants whose time has come.
pub async fn list_due(
    client: &impl GenericClient,
    now: OffsetDateTime,
) -> Result<Vec<(TenantId, String)>> {
    let rows = client
        .query(LIST_DUE, &[&claim_value(now), &MAX_DUE])
        .await?;
    rows.iter()
        .map(|row| Ok((TenantId::new(row.try_get::<_, String>(0)?), row.try_get(1)?)))
        .collect()
}

/// Those that have begun and are not over.
pub async fn list_unfinished(client: &impl GenericClient) -> Result<Vec<TenantId>> {
    ids(&client.query(LIST_UNFINISHED, &[&MAX_LISTED]).await?)
}

/// Those that were over not long ago.
pub async fn list_late(client: &impl GenericClient) -> Result<Vec<TenantId>> {
    ids(&client.query(LIST_LATE, &[&MAX_LISTED, &LATE_DAYS]).await?)
}

/// The tombstones, the newest first; at most `MAX_LISTED`.
pub async fn list(client: &impl GenericClient) -> Result<Vec<Deletion>> {
    let rows = client.query(LIST, &[&MAX_LISTED]).await?;
    rows.iter().map(read).collect()
}

/// The tombstone of a tenant, if it has one.
pub async fn find(client: &impl GenericClient, tenant_id: &TenantId) -> Result<Option<Deletion>> {
    let row = client.query_opt(FIND, &[&tenant_id.as_str()]).await?;
    row.as_ref().map(read).transpose()
}

/// What would go: rows of each table that has some; at most `MAX_COUNTED` of one are counted.
pub async fn preview(
    client: &impl GenericClient,
    tenant_id: &TenantId,
) -> Result<BTreeMap<String, i64>> {
    let statement = client.prepare_cached(COUNT).await?;
    let mut counts = BTreeMap::new();
    for table in tables::TABLES {
        let row = client
            .query_one(&statement, &[table, &tenant_id.as_str(), &MAX_COUNTED])
            .await?;
        let count: i64 = row.try_get(0)?;
        if count > 0 {
            counts.insert((*table).to_owned(), count);
        }
    }
    Ok(counts)
}

/// Sets the tombstone, from where there is no way back. Answers false where it was taken back in the last moment; a deletion
/// that has begun already stays as it is.
pub async fn begin(store: &Store, beginning: Beginning<'_>, warrant: Warrant<'_>) -> Result<bool> {
    let begun = eraser::begin(&store.pools.engine, beginning, warrant).await?;
    store.directory.learn_suspended(&store.vault).await?;
    Ok(begun)
}

/// Goes on with a deletion that has begun, as far as it can. Refused with 404 `tenant-deletion-not-found`.
pub async fn carry_out(
    store: &Store,
    tenant_id: &TenantId,
    stop: &CancellationToken,
) -> Result<Progress> {
    let pool = &store.pools.engine;
    let found = find(&pool.get().await?, tenant_id).await?;
    let Some(found) = found else {
        let detail = format!("no deletion of {tenant_id} has begun");
        return Err(Refusal::not_found("tenant-deletion-not-found", detail).into());
    };
    if found.keys_destroyed_at.is_none() {
        if let Some(reason) = quiet::find_disturbance(pool, &found).await? {
            if found.waiting_for.as_deref() != Some(reason.as_str()) {
                eraser::note_waiting(pool, tenant_id, &reason).await?;
            }
            return Ok(Progress::Waiting(reason));
        }
        let client = pool.get().await?;
        let signed = logs::newest(&client, tenant_id.as_str(), None).await?;
        drop(client);
        let signed = signed.map(|signed| (signed.tree_size, signed.note));
        eraser::destroy_keys(pool, tenant_id, signed).await?;
        store.vault.forget_tenant(tenant_id);
    }
    // The last pass finds nothing: whatever had come in behind an earlier one is gone as well.
    loop {
        let mut gone = 0;
        for table in tables::TABLES {
            loop {
                if stop.is_cancelled() {
                    return Ok(Progress::Stopped);
                }
                let batch = eraser::delete_batch(pool, tenant_id, table).await?;
                gone += batch;
                if batch < eraser::BATCH {
                    break;
                }
            }
        }
        if gone == 0 {
            break;
        }
    }
    let now = found.finished_at.is_none() && eraser::finish(pool, tenant_id).await?;
    Ok(Progress::Finished { now })
}

fn ids(rows: &[Row]) -> Result<Vec<TenantId>> {
    rows.iter()
        .map(|row| Ok(TenantId::new(row.try_get::<_, String>(0)?)))
        .collect()
}

fn read(row: &Row) -> Result<Deletion> {
    let rows: String = row.try_get("rows")?;
    Ok(Deletion {
        tenant_id: row.try_get("tenant_id")?,
        slug: row.try_get("slug")?,
        begun_by: row.try_get("begun_by")?,
        reason: row.try_get("reason")?,
        begun_at: row.try_get("begun_at")?,
        fence: row.try_get("fence")?,
        newest_position: row.try_get("newest_position")?,
        waiting_for: row.try_get("waiting_for")?,
        keys_destroyed_at: row.try_get("keys_destroyed_at")?,
        finished_at: row.try_get("finished_at")?,
        audit_size: row.try_get("audit_size")?,
        audit_note: row.try_get("audit_note")?,
        rows: serde_json::from_str(&rows).map_err(|error| Error::Internal(Box::new(error)))?,
    })
}
