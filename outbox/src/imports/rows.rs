//! The rows of imports at rest: put away when the file comes, marked as they are seen to, deleted when their term is over.

use std::collections::BTreeSet;

use domain::ids::TenantId;
use domain::imports::{Counts, Pass, cells_place, note_place};
use event_store::error::Error;
use event_store::store::Store;
use event_store::vault::SubjectKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;

use crate::Result;

/// Rows that one statement writes.
const ROWS_AT_ONCE: usize = 1_000;

const KEEP_ROWS: &str = "
    insert into import_rows (tenant_id, import_id, row_no, cells)
    select $1::text, $2::text, r.row_no, r.cells from unnest($3::bigint[], $4::bytea[]) as r (row_no, cells)
    on conflict (tenant_id, import_id, row_no) do nothing";

const LIST_NEXT: &str = "
    select r.row_no, r.cells, r.standing, r.note, r.customer_id from import_rows r
    where r.tenant_id = $1 and r.import_id = $2 and r.standing = any ($3::text[]) and r.row_no > $4
    order by r.row_no limit $5";

/// All that is to be taken back of these customers.
const LIST_OF_CUSTOMERS: &str = "
    select r.row_no, r.cells, r.standing, r.note, r.customer_id from import_rows r
    where r.tenant_id = $1 and r.import_id = $2 and r.customer_id = any ($3::text[])
        and r.standing in ('created', 'updated')
    order by r.row_no";

const MARK_ROWS: &str = "
    update import_rows i set standing = r.standing, code = r.code, note = r.note,
        customer_id = coalesce(r.customer_id, i.customer_id)
    from unnest($3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::text[])
        as r (row_no, standing, code, note, customer_id)
    where i.tenant_id = $1 and i.import_id = $2 and i.row_no = r.row_no";

const COUNT_ROWS: &str = "
    select r.standing, count(*) as rows from import_rows r
    where r.tenant_id = $1 and r.import_id = $2 group by r.standing";

const DELETE_ROWS: &str = "delete from import_rows where tenant_id = $1 and import_id = $2";

/// A row that is to be seen to.
pub(super) struct NextRow {
    pub number: i64,
    /// None where the person was erased meanwhile.
    pub cells: Option<Vec<String>>,
    pub standing: String,
    pub note: Note,
    pub customer_id: Option<String>,
}

/// What has become of one.
pub(super) struct Mark {
    pub number: i64,
    pub standing: &'static str,
    pub code: Option<String>,
    pub note: Note,
    pub customer_id: Option<String>,
}

/// What is kept beside a row, sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    /// What went wrong, in words.
    pub detail: Option<String>,
    /// What it takes to take the row back.
    pub undo: Option<Value>,
    /// The customer's sequence after the row.
    pub sequence: i64,
    /// Events of the customer that the row has made.
    pub wrote: i64,
}

/// Puts the rows of a file away, sealed under the import's key; once, however often it is tried.
///
/// # Errors
/// When the import has no key, or the database fails.
pub async fn keep(
    store: &Store,
    (tenant_id, import_id): (&TenantId, &str),
    rows: &[Vec<String>],
) -> Result<()> {
    let key = key(store, tenant_id, import_id).await?;
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(KEEP_ROWS).await?;
    let mut number = 0_i64;
    for chunk in rows.chunks(ROWS_AT_ONCE) {
        let (mut numbers, mut sealed) = (Vec::new(), Vec::new());
        for cells in chunk {
            number += 1;
            let plain = serde_json::to_vec(cells)?;
            numbers.push(number);
            sealed.push(key.seal_file(&cells_place(number), &plain)?);
        }
        client
            .execute(
                &statement,
                &[&tenant_id.as_str(), &import_id, &numbers, &sealed],
            )
            .await?;
    }
    Ok(())
}

/// The key of an import that was not purged.
pub(super) async fn key(
    store: &Store,
    tenant_id: &TenantId,
    import_id: &str,
) -> Result<SubjectKey> {
    let keys = store.subject_keys(tenant_id, &[import_id]).await?;
    let key = keys.into_iter().next().map(|(_, key)| key);
    key.ok_or_else(|| Error::internal("an import without a key has no rows"))
}

pub(super) async fn list_next(
    store: &Store,
    (tenant_id, import_id, key): (&TenantId, &str, &SubjectKey),
    (pass, after, limit): (Pass, u32, i64),
) -> Result<Vec<NextRow>> {
    let standings: &[&str] = match pass {
        Pass::Run => &["waiting"],
        Pass::Retry => &["failed"],
        Pass::Undo => &["created", "updated"],
    };
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(LIST_NEXT).await?;
    let rows = client
        .query(
            &statement,
            &[
                &tenant_id.as_str(),
                &import_id,
                &standings,
                &i64::from(after),
                &limit,
            ],
        )
        .await?;
    rows.iter().map(|row| read(row, key)).collect()
}

/// The rows that an undo is to take back with `rows`: all of the same customers, wherever in the file they stand. A file's
/// limit is theirs.
pub(super) async fn list_together(
    store: &Store,
    (tenant_id, import_id, key): (&TenantId, &str, &SubjectKey),
    rows: &[NextRow],
) -> Result<Vec<NextRow>> {
    let customers: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.customer_id.as_deref())
        .collect();
    let customers: Vec<&str> = customers.into_iter().collect();
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(LIST_OF_CUSTOMERS).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &import_id, &customers])
        .await?;
    rows.iter().map(|row| read(row, key)).collect()
}

fn read(row: &Row, key: &SubjectKey) -> Result<NextRow> {
    let number: i64 = row.try_get("row_no")?;
    let cells: Option<Vec<u8>> = row.try_get("cells")?;
    let cells = cells.and_then(|cells| key.open_file(&cells_place(number), &cells));
    let note: Option<Vec<u8>> = row.try_get("note")?;
    let note = note.and_then(|note| key.open_file(&note_place(number), &note));
    Ok(NextRow {
        number,
        cells: cells.and_then(|cells| serde_json::from_slice(&cells).ok()),
        standing: row.try_get("standing")?,
        note: note
            .and_then(|note| serde_json::from_slice(&note).ok())
            .unwrap_or_default(),
        customer_id: row.try_get("customer_id")?,
    })
}

pub(super) async fn mark(
    store: &Store,
    (tenant_id, import_id, key): (&TenantId, &str, &SubjectKey),
    marks: &[Mark],
) -> Result<()> {
    let mut notes = Vec::with_capacity(marks.len());
    for mark in marks {
        let plain = serde_json::to_vec(&mark.note)?;
        notes.push(key.seal_file(&note_place(mark.number), &plain)?);
    }
    let numbers: Vec<i64> = marks.iter().map(|mark| mark.number).collect();
    let standings: Vec<&str> = marks.iter().map(|mark| mark.standing).collect();
    let codes: Vec<Option<&str>> = marks.iter().map(|mark| mark.code.as_deref()).collect();
    let customers: Vec<Option<&str>> = marks
        .iter()
        .map(|mark| mark.customer_id.as_deref())
        .collect();
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(MARK_ROWS).await?;
    client
        .execute(
            &statement,
            &[
                &tenant_id.as_str(),
                &import_id,
                &numbers,
                &standings,
                &codes,
                &notes,
                &customers,
            ],
        )
        .await?;
    Ok(())
}

pub(super) async fn count(store: &Store, tenant_id: &TenantId, import_id: &str) -> Result<Counts> {
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(COUNT_ROWS).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &import_id])
        .await?;
    let mut counts = Counts::default();
    for row in rows {
        let rows = u32::try_from(row.try_get::<_, i64>("rows")?).unwrap_or(u32::MAX);
        let count = match row.try_get("standing")? {
            "waiting" => &mut counts.waiting,
            "created" => &mut counts.created,
            "updated" => &mut counts.updated,
            "unchanged" => &mut counts.unchanged,
            "skipped" => &mut counts.skipped,
            "failed" => &mut counts.failed,
            "undone" => &mut counts.undone,
            "kept" => &mut counts.kept,
            _ => continue,
        };
        *count = rows;
    }
    Ok(counts)
}

pub(super) async fn delete(store: &Store, tenant_id: &TenantId, import_id: &str) -> Result<()> {
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(DELETE_ROWS).await?;
    client
        .execute(&statement, &[&tenant_id.as_str(), &import_id])
        .await?;
    Ok(())
}
