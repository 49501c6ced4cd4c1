//! Imports: how each stands. What would become of its rows is told by `preview`, what has become of them by `rows`.

pub(crate) mod preview;
pub(crate) mod rows;

use domain::imports::{Counts, Format, Import, ImportStanding, OnDuplicate};
use event_store::Result;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};

/// The projection of imports.
const PROJECTION: &str = "imports";

pub(crate) const IMPORTS: Entry = Entry {
    name: "imports",
    title: "Imports",
    description: "Files of customers that were uploaded by POST /imports, newest first, with how far each is.",
    shape: Shape::List,
    permission: Permission::CustomersRead,
    projections: &[PROJECTION],
    params: schema_of::<ImportsParams>,
    item: schema_of::<ImportItem>,
    run: |ctx, params| Box::pin(imports(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImportsParams {
    /// Only this import.
    import_id: Option<String>,
    /// Only imports that stand so.
    standing: Option<ImportStanding>,
    /// The order of the list.
    #[serde(default)]
    sort: ImportSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum ImportSort {
    #[default]
    #[serde(rename = "-created_at")]
    CreatedAtDown,
}

#[derive(Serialize, JsonSchema)]
struct ImportItem {
    import_id: String,
    standing: ImportStanding,
    format: Format,
    /// What the bytes were found to be, such as `UTF-8` or `windows-1252`.
    encoding: String,
    size_bytes: u64,
    rows: u32,
    /// How the rows stand, all together.
    counts: Counts,
    /// Null without the permission to read personal data, and once the rows are gone.
    file_name: Option<String>,
    on_duplicate: Option<OnDuplicate>,
    /// Tags that everybody in it gets.
    tags: Vec<String>,
    /// The principal who uploaded it.
    by: String,
    /// The rows are gone; it can neither be run nor undone any more.
    purged: bool,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

const LIST_IMPORTS_BY_CREATED_AT_DOWN: &str = "
    select i.import_id, i.state, i.created_at, i.updated_at, i.sequence
    from customer_imports i
    where i.tenant_id = $1
        and ($2::text is null or i.import_id = $2)
        and ($3::text is null or i.standing = $3)
        and ($4::timestamptz is null or (i.created_at, i.import_id) < ($4, $5))
    order by i.created_at desc, i.import_id desc
    limit $6";

async fn imports(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ImportsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        ImportSort::CreatedAtDown => (LIST_IMPORTS_BY_CREATED_AT_DOWN, "-created_at"),
    };
    let page = Page::open(
        ctx,
        (IMPORTS.name, sort),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.import_id,
                &params.standing.map(ImportStanding::as_str),
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let read = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    let plain = Plain::of(ctx, read.iter().map(|read| read.import_id.as_str())).await?;
    let mut items: Vec<ImportItem> = read.into_iter().map(|read| read.show(&plain)).collect();
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.created_at, &last.import_id)
    })?;
    Found::page(&items, next_cursor)
}

/// A row before its sealed fields are opened.
struct Read {
    import_id: String,
    state: Import,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    sequence: i64,
}

fn read(row: &Row) -> Result<Read> {
    Ok(Read {
        import_id: row.try_get("import_id")?,
        state: serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
    })
}

impl Read {
    fn show(self, plain: &Plain) -> ImportItem {
        let state = self.state;
        let file_name = plain.open(&self.import_id, "file_name", Some(&state.file_name));
        let (on_duplicate, tags) = match state.plan {
            Some(plan) => (Some(plan.on_duplicate), plan.tags),
            None => (None, Vec::new()),
        };
        ImportItem {
            import_id: self.import_id,
            standing: state.standing,
            format: state.format,
            encoding: state.encoding,
            size_bytes: state.size_bytes,
            rows: state.rows,
            counts: state.counts,
            file_name,
            on_duplicate,
            tags,
            by: state.by,
            purged: state.purged,
            created_at: self.created_at,
            updated_at: self.updated_at,
            sequence: self.sequence,
        }
    }
}

const FIND_IMPORT: &str = "
    select i.import_id, i.state, i.created_at, i.updated_at, i.sequence
    from customer_imports i
    where i.tenant_id = $1 and i.import_id = $2";

/// One import as it stands. Refused with 404 `import-not-found`.
async fn find_import(ctx: &Ctx<'_>, import_id: &str) -> Result<Import> {
    let statement = ctx.tx.prepare_cached(FIND_IMPORT).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant(), &import_id])
        .await?;
    let found = row.as_ref().map(read).transpose()?;
    let state = found.map(|found| found.state).unwrap_or_default();
    state.require()?;
    Ok(state)
}
