//! What is done in the role of its own, `rapport_eraser`: row-level security shows it tenants with a tombstone alone, and only
//! it may set one. Each transaction takes the role for itself and gives it back with its end.

use deadpool_postgres::{Pool, Transaction};
use domain::ids::TenantId;

use super::{Beginning, Warrant};
use crate::Result;

/// Rows that go in one transaction.
pub const BATCH: i64 = 2_000;

const BECOME: &str = "set local role rapport_eraser";
const INSERT: &str = "
    insert into tenant_deletions (tenant_id, slug, begun_by, reason) values ($1, $2, $3, $4) on conflict do nothing";
/// Whoever takes the deletion back releases the same row: one of the two comes first.
const TAKE_CLAIM: &str = "
    delete from claims where tenant_id = $1 and scope = 'tenant-deletion' and ($2::text is null or value <= $2)";
const NOTE_WAITING: &str = "
    update tenant_deletions set waiting_for = $2 where tenant_id = $1 and keys_destroyed_at is null";
/// The transaction that sets the fence is the newest there is at that moment. A restored database counts its transactions anew.
const SET_FENCE: &str = "
    update tenant_deletions set fence = pg_current_xact_id()::text::bigint
    where tenant_id = $1 and (fence is null or fence > pg_current_xact_id()::text::bigint)";
const SET_NEWEST: &str = "update tenant_deletions set newest_position = $2 where tenant_id = $1 and newest_position is null";
const LOCK: &str = "select d.keys_destroyed_at is not null as is_done from tenant_deletions d where d.tenant_id = $1 for update";
const DESTROYED: &str = "
    update tenant_deletions set keys_destroyed_at = clock_timestamp(), waiting_for = null, audit_size = $2, audit_note = $3
    where tenant_id = $1";
const DELETE_BATCH: &str = "select delete_of_tenant($1::text::regclass, $2, $3)";
const ADD_ROWS: &str = "
    update tenant_deletions set rows = jsonb_set(rows, array[$2::text], to_jsonb(coalesce((rows->>$2)::bigint, 0) + $3::bigint))
    where tenant_id = $1";
const FINISH: &str = "
    update tenant_deletions set finished_at = clock_timestamp() where tenant_id = $1 and finished_at is null";

/// Every key that opens another, from the first to be destroyed.
const KEYS: [&str; 2] = ["tenants", "tenant_wrap_keys"];

pub async fn begin(pool: &Pool, beginning: Beginning<'_>, warrant: Warrant<'_>) -> Result<bool> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(BECOME).await?;
    let Beginning {
        tenant_id,
        slug,
        by,
        reason,
    } = beginning;
    let tenant_id = tenant_id.as_str();
    if tx
        .execute(INSERT, &[&tenant_id, &slug, &by, &reason])
        .await?
        == 0
    {
        return Ok(true);
    }
    let until = match warrant {
        Warrant::Due(until) => Some(until),
        Warrant::Order => None,
    };
    let taken = tx.execute(TAKE_CLAIM, &[&tenant_id, &until]).await?;
    if until.is_some() && taken == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

pub async fn note_waiting(pool: &Pool, tenant_id: &TenantId, reason: &str) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(BECOME).await?;
    tx.execute(NOTE_WAITING, &[&tenant_id.as_str(), &reason])
        .await?;
    Ok(tx.commit().await?)
}

/// Fences off whoever began before now.
pub async fn set_fence(pool: &Pool, tenant_id: &TenantId) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(BECOME).await?;
    tx.execute(SET_FENCE, &[&tenant_id.as_str()]).await?;
    Ok(tx.commit().await?)
}

/// Says up to where the tenant may have events.
pub async fn set_newest(pool: &Pool, tenant_id: &TenantId, newest: i64) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(BECOME).await?;
    tx.execute(SET_NEWEST, &[&tenant_id.as_str(), &newest])
        .await?;
    Ok(tx.commit().await?)
}

/// Destroys the tenant's key and those under it that wrap data keys, and writes down what its audit log came to.
pub async fn destroy_keys(
    pool: &Pool,
    tenant_id: &TenantId,
    signed: Option<(i64, String)>,
) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(BECOME).await?;
    let row = tx.query_one(LOCK, &[&tenant_id.as_str()]).await?;
    if row.try_get("is_done")? {
        return Ok(());
    }
    for table in KEYS {
        let gone = delete(&tx, tenant_id, table, i64::MAX).await?;
        note_rows(&tx, tenant_id, table, gone).await?;
    }
    let (size, note) = signed.unzip();
    tx.execute(DESTROYED, &[&tenant_id.as_str(), &size, &note])
        .await?;
    Ok(tx.commit().await?)
}

/// Deletes some rows of a table, and counts them in the same transaction; answers how many.
pub async fn delete_batch(pool: &Pool, tenant_id: &TenantId, table: &str) -> Result<i64> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(BECOME).await?;
    let gone = delete(&tx, tenant_id, table, BATCH).await?;
    note_rows(&tx, tenant_id, table, gone).await?;
    tx.commit().await?;
    Ok(gone)
}

/// Answers whether it was not over before.
pub async fn finish(pool: &Pool, tenant_id: &TenantId) -> Result<bool> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(BECOME).await?;
    let finished = tx.execute(FINISH, &[&tenant_id.as_str()]).await?;
    tx.commit().await?;
    Ok(finished > 0)
}

async fn delete(tx: &Transaction<'_>, tenant_id: &TenantId, table: &str, most: i64) -> Result<i64> {
    let statement = tx.prepare_cached(DELETE_BATCH).await?;
    let row = tx
        .query_one(&statement, &[&table, &tenant_id.as_str(), &most])
        .await?;
    Ok(row.try_get(0)?)
}

async fn note_rows(
    tx: &Transaction<'_>,
    tenant_id: &TenantId,
    table: &str,
    gone: i64,
) -> Result<()> {
    if gone > 0 {
        tx.execute(ADD_ROWS, &[&tenant_id.as_str(), &table, &gone])
            .await?;
    }
    Ok(())
}
