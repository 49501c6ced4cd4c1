//! Chefs: who can be booked, where and when.

use domain::chefs::Chef;
use domain::chefs::hours::WeeklyHours;
use domain::slots::DateRange;
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

/// The projection of chefs.
pub(crate) const PROJECTION: &str = "chefs";

pub(crate) const CHEFS: Entry = Entry {
    name: "chefs",
    title: "Chefs",
    description: "The chefs with their zones, weekly hours and days off.",
    shape: Shape::List,
    permission: Permission::ChefsRead,
    projections: &[PROJECTION],
    params: schema_of::<ChefsParams>,
    item: schema_of::<ChefItem>,
    run: |ctx, params| Box::pin(chefs(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChefsParams {
    /// Only chefs who serve this zone.
    zone: Option<String>,
    /// Only chefs who take bookings (true), or who do not (false).
    active: Option<bool>,
    /// Only this chef.
    chef_id: Option<String>,
    /// The order of the list.
    #[serde(default)]
    sort: ChefSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum ChefSort {
    #[default]
    #[serde(rename = "name")]
    Name,
}

#[derive(Serialize, JsonSchema)]
struct ChefItem {
    chef_id: String,
    name: String,
    zones: Vec<String>,
    active: bool,
    weekly_hours: WeeklyHours,
    #[schemars(with = "Vec<DateRangeItem>")]
    days_off: Vec<DateRange>,
    /// Null without the permission to read personal data.
    calendar_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

/// Both days included.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct DateRangeItem {
    from: String,
    to: String,
}

const LIST_CHEFS_BY_NAME: &str = "
    select c.chef_id, c.name, c.zones, c.active, c.state, c.created_at, c.updated_at, c.sequence
    from chefs c
    where c.tenant_id = $1
        and ($2::text is null or $2 = any (c.zones))
        and ($3::boolean is null or c.active = $3)
        and ($4::text is null or c.chef_id = $4)
        and ($5::text is null or (c.name, c.chef_id) > ($5, $6))
    order by c.name, c.chef_id
    limit $7";

async fn chefs(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: ChefsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        ChefSort::Name => (LIST_CHEFS_BY_NAME, "name"),
    };
    let page = Page::open(
        ctx,
        (CHEFS.name, sort),
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
                &params.zone,
                &params.active,
                &params.chef_id,
                &page.text(0)?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let plain = Plain::of(ctx, rows.iter().map(|row| row.get::<_, &str>("chef_id"))).await?;
    let mut items = rows
        .iter()
        .map(|row| item(row, &plain))
        .collect::<Result<Vec<_>>>()?;
    let next_cursor = page.close(&mut items, |last| {
        Ok(Cursor {
            sort: sort.to_owned(),
            keys: vec![last.name.clone()],
            id: last.chef_id.clone(),
        })
    })?;
    Found::page(&items, next_cursor)
}

fn item(row: &Row, plain: &Plain) -> Result<ChefItem> {
    let state: Chef = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let chef_id: String = row.try_get("chef_id")?;
    Ok(ChefItem {
        name: row.try_get("name")?,
        zones: row.try_get("zones")?,
        active: row.try_get("active")?,
        weekly_hours: state.hours,
        days_off: state.days_off,
        calendar_id: plain.open(&chef_id, "calendar_id", state.calendar_id.as_ref()),
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
        chef_id,
    })
}

/// A chef as availability and the board need one.
pub(crate) struct KnownChef {
    pub chef_id: String,
    pub name: String,
    pub active: bool,
    pub state: Chef,
}

const LIST_CHEFS_OF_ZONE: &str = "
    select c.chef_id, c.name, c.active, c.state
    from chefs c
    where c.tenant_id = $1 and c.active and ($2::text is null or $2 = any (c.zones))
    order by c.name, c.chef_id
    limit $3";

/// Active chefs who serve a zone, by name.
pub(crate) async fn list_chefs_of_zone(
    ctx: &Ctx<'_>,
    zone: Option<&str>,
    limit: i64,
) -> Result<Vec<KnownChef>> {
    let statement = ctx.tx.prepare_cached(LIST_CHEFS_OF_ZONE).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &zone, &limit])
        .await?;
    rows.iter().map(known).collect()
}

const LIST_CHEFS_OF_BOARD: &str = "
    select c.chef_id, c.name, c.active, c.state
    from chefs c
    where c.tenant_id = $1
        and ($2::text is null or $2 = any (c.zones))
        and ($3::text is null or (c.name, c.chef_id) > ($3, $4))
    order by c.name, c.chef_id
    limit $5";

/// A page of chefs by name, those who take no bookings too: they may have some still.
pub(crate) async fn list_chefs_of_board(
    ctx: &Ctx<'_>,
    zone: Option<&str>,
    page: &Page,
) -> Result<Vec<KnownChef>> {
    let statement = ctx.tx.prepare_cached(LIST_CHEFS_OF_BOARD).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &zone,
                &page.text(0)?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    rows.iter().map(known).collect()
}

fn known(row: &Row) -> Result<KnownChef> {
    Ok(KnownChef {
        chef_id: row.try_get("chef_id")?,
        name: row.try_get("name")?,
        active: row.try_get("active")?,
        state: serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?,
    })
}
