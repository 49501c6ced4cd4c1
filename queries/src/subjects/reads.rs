//! Who has read what is sensitive, the newest first.

use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::registry::{Entry, Shape, schema_of};

pub(crate) const AUDITED_READS: Entry = Entry {
    name: "audited-reads",
    title: "Reads of sensitive data",
    description: "Who has read exports and other sensitive data, by which query and whose, the newest first. Asking this is on \
        record too.",
    shape: Shape::List,
    permission: Permission::PrivacyManage,
    projections: &["customers"],
    params: schema_of::<ReadsParams>,
    item: schema_of::<ReadItem>,
    run: |ctx, params| Box::pin(audited_reads(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadsParams {
    /// Only reads of this person's data.
    customer_id: Option<String>,
    /// The order of the list.
    #[serde(default)]
    sort: ReadSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum ReadSort {
    #[default]
    #[serde(rename = "-read_at")]
    Newest,
}

#[derive(Serialize, JsonSchema)]
struct ReadItem {
    read_id: i64,
    /// Who asked.
    principal: String,
    query: String,
    /// Whose data it was, where the query names somebody.
    customer_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    read_at: OffsetDateTime,
}

const LIST_READS: &str = "
    select r.read_id, r.principal, r.query, r.subject, r.read_at from audited_reads r
    where r.tenant_id = $1 and ($2::text is null or r.subject = $2)
        and ($3::timestamptz is null or (r.read_at, r.read_id) < ($3, $4::text::bigint))
    order by r.read_at desc, r.read_id desc
    limit $5";

async fn audited_reads(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ReadsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        ReadSort::Newest => (LIST_READS, "-read_at"),
    };
    let of = (AUDITED_READS.name, sort);
    let page = Page::open(ctx, of, params.limit, params.cursor.as_deref()).await?;
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.customer_id,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(ReadItem {
            read_id: row.try_get("read_id")?,
            principal: row.try_get("principal")?,
            query: row.try_get("query")?,
            customer_id: row.try_get("subject")?,
            read_at: row.try_get("read_at")?,
        });
    }
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.read_at, &last.read_id.to_string())
    })?;
    Found::page(&items, next_cursor)
}
