//! Templates: the tenant's own words, drafted and published, and the letters of ours that they may take the place of.

mod letters;
mod preview;
pub mod shown;

use cqrs_es::Aggregate;
use domain::templates::catalogue::{self, About};
use domain::templates::content::Content;
use domain::templates::events::TemplateEvent;
use domain::templates::{Template, TemplateChannel, TemplateStanding};
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;

pub(crate) use self::letters::{KnownItem, LETTERS};
pub(crate) use self::preview::PREVIEW;
use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::params;
use crate::registry::{Entry, Shape, schema_of};

/// The projection of templates.
const PROJECTION: &str = "templates";
/// Versions that are shown with a template.
const MAX_VERSIONS: i64 = 20;

pub(crate) const TEMPLATES: Entry = Entry {
    name: "templates",
    title: "Templates",
    description: "Templates of letters and texts by name, channel and language, with how each stands. For what one says, ask \
        template by its id.",
    shape: Shape::List,
    permission: Permission::TenantsRead,
    projections: &[PROJECTION],
    params: schema_of::<TemplatesParams>,
    item: schema_of::<TemplateRow>,
    run: |ctx, params| Box::pin(templates(ctx, params)),
};

pub(crate) const TEMPLATE: Entry = Entry {
    name: "template",
    title: "A template",
    description: "What one template says: its draft, its newest versions with who published them, and the values that fill in \
        by themselves.",
    shape: Shape::One,
    permission: Permission::TenantsRead,
    projections: &[PROJECTION],
    params: schema_of::<TemplateParams>,
    item: schema_of::<TemplateItem>,
    run: |ctx, params| Box::pin(template(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TemplatesParams {
    /// Only of this name.
    name: Option<String>,
    /// Only for this channel.
    channel: Option<TemplateChannel>,
    /// Only in this language, as `en` or `pt-BR`.
    language: Option<String>,
    /// Only those that stand so.
    standing: Option<TemplateStanding>,
    /// The order of the list.
    #[serde(default)]
    sort: TemplateSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum TemplateSort {
    #[default]
    #[serde(rename = "template_id")]
    Id,
}

#[derive(Serialize, JsonSchema)]
struct TemplateRow {
    template_id: String,
    name: String,
    channel: TemplateChannel,
    language: String,
    about: About,
    standing: TemplateStanding,
    /// Of the newest version; null before the first.
    version: Option<u32>,
    digest: Option<String>,
    /// Whether there is a draft that is not published.
    has_draft: bool,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TemplateParams {
    /// The template's id, such as `deposit-paid.email.en`.
    #[schemars(length(min = 1, max = 64))]
    id: String,
}

#[derive(Serialize, JsonSchema)]
struct TemplateItem {
    #[serde(flatten)]
    row: TemplateRow,
    draft: Option<Content>,
    /// The newest first; the first is sent while the template is published.
    versions: Vec<VersionItem>,
    /// What fills in by itself.
    known: Vec<KnownItem>,
}

#[derive(Serialize, JsonSchema)]
struct VersionItem {
    version: u32,
    digest: String,
    content: Content,
    /// The principal.
    published_by: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    published_at: OffsetDateTime,
}

const LIST_TEMPLATES: &str = "
    select t.template_id, t.state, t.updated_at, t.sequence
    from templates t
    where t.tenant_id = $1
        and ($2::text is null or t.name = $2)
        and ($3::text is null or t.channel = $3)
        and ($4::text is null or t.language = $4)
        and ($5::text is null or t.standing = $5)
        and ($6::text is null or t.template_id > $6)
    order by t.template_id
    limit $7";

const FIND_TEMPLATE: &str = "
    select t.template_id, t.state, t.updated_at, t.sequence
    from templates t
    where t.tenant_id = $1 and t.template_id = $2";

const LIST_VERSIONS: &str = "
    select e.payload, e.actor, e.occurred_at
    from events e
    where e.tenant_id = $1 and e.aggregate_type = $2 and e.aggregate_id = $3 and e.event_type = 'TemplatePublished'
        and e.sequence <= $4
    order by e.sequence desc
    limit $5";

async fn templates(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: TemplatesParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        TemplateSort::Id => (LIST_TEMPLATES, "template_id"),
    };
    let page = Page::open(
        ctx,
        (TEMPLATES.name, sort),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let standing = params.standing.map(serde_json::to_value).transpose()?;
    let standing = standing.as_ref().and_then(Value::as_str);
    let channel = params.channel.map(TemplateChannel::as_str);
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.name,
                &channel,
                &params.language,
                &standing,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = rows
        .iter()
        .map(|row| Ok(read(row)?.0))
        .collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Ok(Cursor {
            sort: sort.to_owned(),
            keys: Vec::new(),
            id: last.template_id.clone(),
        })
    })?;
    Found::page(&items, next_cursor)
}

async fn template(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: TemplateParams = params::parse(params)?;
    let (row, state) = find(ctx, &params.id).await?;
    let versions = list_versions(ctx, &row).await?;
    let known = catalogue::known(&row.name, row.about);
    Found::one(&TemplateItem {
        draft: state.draft,
        versions,
        known: known.iter().map(KnownItem::of).collect(),
        row,
    })
}

/// One template, or the refusal that there is none.
async fn find(ctx: &Ctx<'_>, template_id: &str) -> Result<(TemplateRow, Template)> {
    let statement = ctx.tx.prepare_cached(FIND_TEMPLATE).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant(), &template_id])
        .await?;
    read(&row.ok_or_else(shown::unknown)?)
}

async fn list_versions(ctx: &Ctx<'_>, row: &TemplateRow) -> Result<Vec<VersionItem>> {
    let statement = ctx.tx.prepare_cached(LIST_VERSIONS).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &Template::TYPE,
                &row.template_id,
                &row.sequence,
                &MAX_VERSIONS,
            ],
        )
        .await?;
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        let event = serde_json::from_str(&row.try_get::<_, Payload>("payload")?.0)?;
        let TemplateEvent::TemplatePublished {
            version,
            digest,
            content,
        } = event
        else {
            return Err(Error::internal("a version that was not published"));
        };
        versions.push(VersionItem {
            version,
            digest,
            content: *content,
            published_by: row.try_get("actor")?,
            published_at: row.try_get("occurred_at")?,
        });
    }
    Ok(versions)
}

fn read(row: &Row) -> Result<(TemplateRow, Template)> {
    let state: Template = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let place = state.require()?.clone();
    let published = state.published.as_ref();
    let row = TemplateRow {
        template_id: row.try_get("template_id")?,
        name: place.name,
        channel: place.channel,
        language: place.language,
        about: state.about,
        standing: state.standing,
        version: published.map(|last| last.version),
        digest: published.map(|last| last.digest.clone()),
        has_draft: state.draft.is_some(),
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
    };
    Ok((row, state))
}
