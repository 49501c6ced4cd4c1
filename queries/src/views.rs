//! Views: the caller's own and those that everybody shares, of lists that the caller may see.

use std::collections::HashMap;

use domain::views::{DEFINITION_FIELD, View, definition_purpose};
use event_store::Result;
use event_store::recorded::Payload;
use event_store::vault::{SubjectKey, TenantKeys};
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::registry::{ALL, Entry, Shape, schema_of};

/// The projection of views.
const PROJECTION: &str = "views";

pub(crate) const VIEWS: Entry = Entry {
    name: "views",
    title: "Saved views",
    description: "Lists with their filters, order and columns that the caller has saved, and those that everybody of the \
        tenant shares. To see one, ask its query with its filters and its sort.",
    shape: Shape::List,
    permission: Permission::TenantsRead,
    projections: &[PROJECTION],
    params: schema_of::<ViewsParams>,
    item: schema_of::<ViewItem>,
    run: |ctx, params| Box::pin(views(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ViewsParams {
    /// Only views of this query.
    query: Option<String>,
    /// Only this view.
    view_id: Option<String>,
    /// Only what everybody shares (true), or only the caller's own (false).
    shared: Option<bool>,
    /// The order of the list.
    #[serde(default)]
    sort: ViewSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum ViewSort {
    #[default]
    #[serde(rename = "name")]
    Name,
}

#[derive(Serialize, JsonSchema)]
struct ViewItem {
    view_id: String,
    /// The query that it is a view of.
    query: String,
    name: String,
    /// Whether everybody of the tenant has it.
    shared: bool,
    /// Parameters of the query by name.
    filters: Map<String, Value>,
    sort: Option<String>,
    /// Fields in the order to show them; none for the list's own.
    columns: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

/// As it was sealed.
#[derive(Default, Deserialize)]
struct Definition {
    filters: Map<String, Value>,
    sort: Option<String>,
    columns: Vec<String>,
}

const LIST_VIEWS_BY_NAME: &str = "
    select v.view_id, v.query, v.name, v.owner, v.state, v.created_at, v.updated_at, v.sequence
    from views v
    where v.tenant_id = $1 and v.standing = 'kept' and (v.owner is null or v.owner = $2) and v.query = any ($3::text[])
        and ($4::text is null or v.query = $4)
        and ($5::text is null or v.view_id = $5)
        and ($6::boolean is null or (v.owner is null) = $6)
        and ($7::text is null or (v.name, v.view_id) > ($7, $8))
    order by v.name, v.view_id
    limit $9";

async fn views(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ViewsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        ViewSort::Name => (LIST_VIEWS_BY_NAME, "name"),
    };
    let page = Page::open(
        ctx,
        (VIEWS.name, sort),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let lists = ALL.iter().filter(|list| ctx.principal.may(list.permission));
    let lists: Vec<&str> = lists.map(|list| list.name).collect();
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &ctx.principal.id,
                &lists,
                &params.query,
                &params.view_id,
                &params.shared,
                &page.text(0)?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let tenant_id = &ctx.principal.tenant_id;
    let ids: Vec<&str> = rows.iter().map(|row| row.get("view_id")).collect();
    let own: HashMap<String, SubjectKey> = ctx
        .store
        .subject_keys(tenant_id, &ids)
        .await?
        .into_iter()
        .collect();
    let keys = ctx.store.keys(tenant_id).await?;
    let mut items = rows
        .iter()
        .map(|row| item(row, (&own, &keys)))
        .collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Ok(Cursor {
            sort: sort.to_owned(),
            keys: vec![last.name.clone()],
            id: last.view_id.clone(),
        })
    })?;
    Found::page(&items, next_cursor)
}

fn item(row: &Row, (own, keys): (&HashMap<String, SubjectKey>, &TenantKeys)) -> Result<ViewItem> {
    let state: View = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let view_id: String = row.try_get("view_id")?;
    let key = own.get(&view_id);
    let opened = key.and_then(|key| key.open(DEFINITION_FIELD, &state.definition));
    // A view of earlier days lies under the tenant's own key; one whose key was destroyed a moment ago has nothing to say.
    let definition: Definition = match opened {
        Some(opened) => serde_json::from_str(&opened)?,
        None => match keys.open_secret(&definition_purpose(&view_id), &state.definition) {
            Some(opened) => serde_json::from_str(&opened)?,
            None => Definition::default(),
        },
    };
    Ok(ViewItem {
        query: row.try_get("query")?,
        name: row.try_get("name")?,
        shared: state.owner.is_none(),
        filters: definition.filters,
        sort: definition.sort,
        columns: definition.columns,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
        view_id,
    })
}
