//! What has become of the rows of an import, for people to look through and to take away as CSV.

use event_store::Result;
use event_store::vault::SubjectKey;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;

use super::{PROJECTION, find_import};
use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::registry::{Entry, Shape, schema_of};

pub(crate) const IMPORT_ROWS: Entry = Entry {
    name: "import-rows",
    title: "Rows of an import",
    description: "What has become of each row of an import, in the order of the file: done, skipped, failed and why. With \
        `Accept: text/csv` as a file.",
    shape: Shape::List,
    permission: Permission::CustomersRead,
    projections: &[PROJECTION],
    params: schema_of::<ImportRowsParams>,
    item: schema_of::<ImportRowItem>,
    run: |ctx, params| Box::pin(import_rows(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImportRowsParams {
    /// The import.
    import_id: String,
    /// Only rows that stand so.
    standing: Option<RowStanding>,
    /// The order of the list.
    #[serde(default)]
    sort: RowSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum RowSort {
    #[default]
    #[serde(rename = "row")]
    Row,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RowStanding {
    Waiting,
    Created,
    Updated,
    Unchanged,
    Skipped,
    Failed,
    Undone,
    Kept,
}

impl RowStanding {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Undone => "undone",
            Self::Kept => "kept",
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct ImportRowItem {
    /// 1 for the first; the header is not counted.
    row: i64,
    /// `waiting`, `created`, `updated`, `unchanged`, `skipped`, `failed`, `undone` or `kept`.
    standing: String,
    /// Why, where it failed or was kept.
    code: Option<String>,
    /// The same in words; null without the permission to read personal data.
    detail: Option<String>,
    customer_id: Option<String>,
    /// What stands in the row; null without the permission to read personal data, and once it is gone.
    cells: Option<Vec<String>>,
}

/// What is kept beside a row, as far as readers care.
#[derive(Deserialize)]
struct Note {
    detail: Option<String>,
}

const LIST_IMPORT_ROWS: &str = "
    select r.row_no, r.cells, r.standing, r.code, r.note, r.customer_id
    from import_rows r
    where r.tenant_id = $1 and r.import_id = $2
        and ($3::text is null or r.standing = $3)
        and ($4::bigint is null or r.row_no > $4)
    order by r.row_no
    limit $5";

async fn import_rows(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ImportRowsParams = params::parse(params)?;
    let sort = match params.sort {
        RowSort::Row => "row",
    };
    find_import(ctx, &params.import_id).await?;
    let page = Page::open(
        ctx,
        (IMPORT_ROWS.name, sort),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let behind: Option<i64> = page.id().and_then(|id| id.parse().ok());
    let statement = ctx.tx.prepare_cached(LIST_IMPORT_ROWS).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.import_id,
                &params.standing.map(RowStanding::as_str),
                &behind,
                &page.fetch(),
            ],
        )
        .await?;
    let key = find_key(ctx, &params.import_id).await?;
    let mut items = rows
        .iter()
        .map(|row| item(row, key.as_ref()))
        .collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Ok(Cursor {
            sort: sort.to_owned(),
            keys: Vec::new(),
            id: last.row.to_string(),
        })
    })?;
    Found::page(&items, next_cursor)
}

/// The key to the rows, for whoever may see them and while there is one.
async fn find_key(ctx: &Ctx<'_>, import_id: &str) -> Result<Option<SubjectKey>> {
    if !ctx.sees_personal_data() {
        return Ok(None);
    }
    let keys = ctx
        .store
        .subject_keys(&ctx.principal.tenant_id, &[import_id])
        .await?;
    Ok(keys.into_iter().next().map(|(_, key)| key))
}

fn item(row: &Row, key: Option<&SubjectKey>) -> Result<ImportRowItem> {
    let number: i64 = row.try_get("row_no")?;
    let sealed: Option<Vec<u8>> = row.try_get("note")?;
    let note = key
        .zip(sealed)
        .and_then(|(key, note)| key.open_file(&domain::imports::note_place(number), &note));
    let note: Option<Note> = note.and_then(|note| serde_json::from_slice(&note).ok());
    Ok(ImportRowItem {
        row: number,
        standing: row.try_get("standing")?,
        code: row.try_get("code")?,
        detail: note.and_then(|note| note.detail),
        customer_id: row.try_get("customer_id")?,
        cells: open_cells(row, key)?,
    })
}

/// What stands in a row.
pub(super) fn open_cells(row: &Row, key: Option<&SubjectKey>) -> Result<Option<Vec<String>>> {
    let number: i64 = row.try_get("row_no")?;
    let sealed: Option<Vec<u8>> = row.try_get("cells")?;
    let plain = key
        .zip(sealed)
        .and_then(|(key, cells)| key.open_file(&domain::imports::cells_place(number), &cells));
    Ok(plain.and_then(|plain| serde_json::from_slice(&plain).ok()))
}
