//! Bookings: the list, one of them, and what every other query shows of a booking.

pub(crate) mod item;

use domain::bookings::{Booking, Status};
use domain::customers::consents::Source;
use domain::refusal::Refusal;
use domain::slots::parse_date;
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::Date;
use tokio_postgres::Row;

use self::item::BookingItem;
use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::past::{Lived, Past};
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};
use crate::{chefs, customers, params};

/// The projection of bookings.
pub(crate) const PROJECTION: &str = "bookings";

pub(crate) const BOOKINGS: Entry = Entry {
    name: "bookings",
    title: "Bookings",
    description: "Bookings by any of their facts, newest first unless sorted otherwise.",
    shape: Shape::List,
    permission: Permission::BookingsRead,
    projections: &[PROJECTION, customers::PROJECTION, chefs::PROJECTION],
    params: schema_of::<BookingsParams>,
    item: schema_of::<BookingItem>,
    run: |ctx, params| Box::pin(bookings(ctx, params)),
};

pub(crate) const BOOKING: Entry = Entry {
    name: "booking",
    title: "One booking",
    description: "Everything about one booking: customer, party, price, payments and the open payment link.",
    shape: Shape::One,
    permission: Permission::BookingsRead,
    projections: &[PROJECTION, customers::PROJECTION, chefs::PROJECTION],
    params: schema_of::<BookingParams>,
    item: schema_of::<BookingItem>,
    run: |ctx, params| Box::pin(booking(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BookingsParams {
    /// Only bookings in this state.
    status: Option<Status>,
    /// Only bookings of this customer, and of those merged into it.
    customer_id: Option<String>,
    /// Only bookings that this chef is assigned to or held for.
    chef_id: Option<String>,
    /// Only bookings in this zone.
    zone: Option<String>,
    /// Only bookings that came in this way.
    source: Option<Source>,
    /// Only bookings that a person should look at (true), or the others (false).
    flagged: Option<bool>,
    /// Only bookings for this day (YYYY-MM-DD).
    date: Option<String>,
    /// Only bookings for this day or later (YYYY-MM-DD).
    date_from: Option<String>,
    /// Only bookings for this day or earlier (YYYY-MM-DD).
    date_to: Option<String>,
    /// Only bookings at this slot (HH:MM).
    slot: Option<String>,
    /// The order of the list; `-` turns it around.
    #[serde(default)]
    sort: BookingSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BookingParams {
    /// The booking's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
    /// As it was at this position, or at this time (RFC 3339) by when it was written down; now unless given.
    #[schemars(length(min = 1, max = 40))]
    as_of: Option<String>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
enum BookingSort {
    #[default]
    #[serde(rename = "-created_at")]
    CreatedAtDown,
    #[serde(rename = "created_at")]
    CreatedAt,
    #[serde(rename = "starts_at")]
    StartsAt,
    #[serde(rename = "-starts_at")]
    StartsAtDown,
}

impl BookingSort {
    fn name(self) -> &'static str {
        match self {
            Self::CreatedAtDown => "-created_at",
            Self::CreatedAt => "created_at",
            Self::StartsAt => "starts_at",
            Self::StartsAtDown => "-starts_at",
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::CreatedAtDown => LIST_BOOKINGS_BY_CREATED_AT_DOWN,
            Self::CreatedAt => LIST_BOOKINGS_BY_CREATED_AT,
            Self::StartsAt => LIST_BOOKINGS_BY_STARTS_AT,
            Self::StartsAtDown => LIST_BOOKINGS_BY_STARTS_AT_DOWN,
        }
    }

    fn cursor(self, last: &BookingItem) -> Result<Cursor> {
        let key = match self {
            Self::CreatedAtDown | Self::CreatedAt => last.created_at,
            Self::StartsAt | Self::StartsAtDown => last.starts_at,
        };
        Cursor::at(self.name(), key, &last.booking_id)
    }
}

const LIST_BOOKINGS_BY_CREATED_AT: &str = "
    select b.booking_id, b.state, b.flagged, b.created_at, b.updated_at, b.sequence,
        c.first_name, c.last_name, f.name as chef_name
    from bookings b
    left join customers c on c.tenant_id = b.tenant_id and c.customer_id = b.customer_id
    left join chefs f on f.tenant_id = b.tenant_id and f.chef_id = b.chef_id
    where b.tenant_id = $1
        and ($2::text is null or b.status = $2)
        and ($3::text[] is null or b.customer_id = any ($3))
        and ($4::text is null or b.chef_id = $4 or b.held_chef_id = $4)
        and ($5::text is null or b.zone = $5)
        and ($6::text is null or b.source = $6)
        and ($7::boolean is null or b.flagged = $7)
        and ($8::date is null or b.date = $8)
        and ($9::date is null or b.date >= $9)
        and ($10::date is null or b.date <= $10)
        and ($11::text is null or b.slot = $11)
        and ($12::timestamptz is null or (b.created_at, b.booking_id) > ($12, $13))
    order by b.created_at, b.booking_id
    limit $14";

const LIST_BOOKINGS_BY_CREATED_AT_DOWN: &str = "
    select b.booking_id, b.state, b.flagged, b.created_at, b.updated_at, b.sequence,
        c.first_name, c.last_name, f.name as chef_name
    from bookings b
    left join customers c on c.tenant_id = b.tenant_id and c.customer_id = b.customer_id
    left join chefs f on f.tenant_id = b.tenant_id and f.chef_id = b.chef_id
    where b.tenant_id = $1
        and ($2::text is null or b.status = $2)
        and ($3::text[] is null or b.customer_id = any ($3))
        and ($4::text is null or b.chef_id = $4 or b.held_chef_id = $4)
        and ($5::text is null or b.zone = $5)
        and ($6::text is null or b.source = $6)
        and ($7::boolean is null or b.flagged = $7)
        and ($8::date is null or b.date = $8)
        and ($9::date is null or b.date >= $9)
        and ($10::date is null or b.date <= $10)
        and ($11::text is null or b.slot = $11)
        and ($12::timestamptz is null or (b.created_at, b.booking_id) < ($12, $13))
    order by b.created_at desc, b.booking_id desc
    limit $14";

const LIST_BOOKINGS_BY_STARTS_AT: &str = "
    select b.booking_id, b.state, b.flagged, b.created_at, b.updated_at, b.sequence,
        c.first_name, c.last_name, f.name as chef_name
    from bookings b
    left join customers c on c.tenant_id = b.tenant_id and c.customer_id = b.customer_id
    left join chefs f on f.tenant_id = b.tenant_id and f.chef_id = b.chef_id
    where b.tenant_id = $1
        and ($2::text is null or b.status = $2)
        and ($3::text[] is null or b.customer_id = any ($3))
        and ($4::text is null or b.chef_id = $4 or b.held_chef_id = $4)
        and ($5::text is null or b.zone = $5)
        and ($6::text is null or b.source = $6)
        and ($7::boolean is null or b.flagged = $7)
        and ($8::date is null or b.date = $8)
        and ($9::date is null or b.date >= $9)
        and ($10::date is null or b.date <= $10)
        and ($11::text is null or b.slot = $11)
        and ($12::timestamptz is null or (b.starts_at, b.booking_id) > ($12, $13))
    order by b.starts_at, b.booking_id
    limit $14";

const LIST_BOOKINGS_BY_STARTS_AT_DOWN: &str = "
    select b.booking_id, b.state, b.flagged, b.created_at, b.updated_at, b.sequence,
        c.first_name, c.last_name, f.name as chef_name
    from bookings b
    left join customers c on c.tenant_id = b.tenant_id and c.customer_id = b.customer_id
    left join chefs f on f.tenant_id = b.tenant_id and f.chef_id = b.chef_id
    where b.tenant_id = $1
        and ($2::text is null or b.status = $2)
        and ($3::text[] is null or b.customer_id = any ($3))
        and ($4::text is null or b.chef_id = $4 or b.held_chef_id = $4)
        and ($5::text is null or b.zone = $5)
        and ($6::text is null or b.source = $6)
        and ($7::boolean is null or b.flagged = $7)
        and ($8::date is null or b.date = $8)
        and ($9::date is null or b.date >= $9)
        and ($10::date is null or b.date <= $10)
        and ($11::text is null or b.slot = $11)
        and ($12::timestamptz is null or (b.starts_at, b.booking_id) < ($12, $13))
    order by b.starts_at desc, b.booking_id desc
    limit $14";

async fn bookings(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: BookingsParams = params::parse(params)?;
    let page = Page::open(
        ctx,
        (BOOKINGS.name, params.sort.name()),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let family = match &params.customer_id {
        Some(customer_id) => Some(customers::find_family(ctx, customer_id).await?),
        None => None,
    };
    let source = params.source.map(serde_json::to_value).transpose()?;
    let statement = ctx.tx.prepare_cached(params.sort.sql()).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.status.map(Status::as_str),
                &family,
                &params.chef_id,
                &params.zone,
                &source.as_ref().and_then(Value::as_str),
                &params.flagged,
                &date("date", params.date.as_deref())?,
                &date("date_from", params.date_from.as_deref())?,
                &date("date_to", params.date_to.as_deref())?,
                &params.slot,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = items(ctx, &rows).await?;
    let next_cursor = page.close(&mut items, |last| params.sort.cursor(last))?;
    Found::page(&items, next_cursor)
}

const FIND_BOOKING: &str = "
    select b.booking_id, b.state, b.flagged, b.created_at, b.updated_at, b.sequence,
        c.first_name, c.last_name, f.name as chef_name
    from bookings b
    left join customers c on c.tenant_id = b.tenant_id and c.customer_id = b.customer_id
    left join chefs f on f.tenant_id = b.tenant_id and f.chef_id = b.chef_id
    where b.tenant_id = $1 and b.booking_id = $2";

async fn booking(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: BookingParams = params::parse(params)?;
    if let Some(past) = Past::of(ctx, params.as_of.as_deref())? {
        return past_booking(ctx, &past, &params.id).await;
    }
    let statement = ctx.tx.prepare_cached(FIND_BOOKING).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &params.id])
        .await?;
    match items(ctx, &rows).await?.first() {
        Some(item) => Found::one(item),
        None => Err(Refusal::not_found("booking-not-found", "there is no such booking").into()),
    }
}

/// Folded from the streams of booking, customer and chef.
async fn past_booking(ctx: &Ctx<'_>, past: &Past<'_, '_>, booking_id: &str) -> Result<Found> {
    let missing = || Refusal::not_found("booking-not-found", "there was no such booking then");
    let then = past
        .find::<Booking>(booking_id)
        .await?
        .ok_or_else(missing)?;
    let record = then.state.record.as_deref().ok_or_else(missing)?;
    let customer_name = past.customer_name(record.customer_id.as_str()).await?;
    let chef_name = match &record.chef_id {
        Some(chef_id) => past.chef_name(chef_id.as_str()).await?,
        None => None,
    };
    let read =
        item::Read::from_past(booking_id, then, (customer_name, chef_name)).ok_or_else(missing)?;
    let plain = Plain::of(ctx, [read.subject()]).await?;
    Found::one(&read.show(&plain))
}

/// Bookings as they were, each with the names of its customer and chef, the newest first.
pub(crate) async fn past_bookings(
    ctx: &Ctx<'_>,
    lived: Vec<(Lived<Booking>, item::Names)>,
) -> Result<Vec<BookingItem>> {
    let read: Vec<item::Read> = lived
        .into_iter()
        .filter_map(|(lived, names)| item::Read::from_past(&lived.id, lived.then, names))
        .collect();
    let plain = Plain::of(ctx, read.iter().map(item::Read::subject)).await?;
    let mut items: Vec<BookingItem> = read.into_iter().map(|row| row.show(&plain)).collect();
    items.sort_by(|one, other| {
        let key = |item: &BookingItem| (item.starts_at, item.booking_id.clone());
        key(other).cmp(&key(one))
    });
    Ok(items)
}

const LIST_BOOKINGS_OF_CUSTOMERS: &str = "
    select b.booking_id, b.state, b.flagged, b.created_at, b.updated_at, b.sequence,
        c.first_name, c.last_name, f.name as chef_name
    from bookings b
    left join customers c on c.tenant_id = b.tenant_id and c.customer_id = b.customer_id
    left join chefs f on f.tenant_id = b.tenant_id and f.chef_id = b.chef_id
    where b.tenant_id = $1 and b.customer_id = any ($2::text[])
    order by b.starts_at desc, b.booking_id desc
    limit $3";

/// The newest bookings of some customers.
pub(crate) async fn list_bookings_of(
    ctx: &Ctx<'_>,
    customers: &[String],
    limit: i64,
) -> Result<Vec<BookingItem>> {
    let statement = ctx.tx.prepare_cached(LIST_BOOKINGS_OF_CUSTOMERS).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &customers, &limit])
        .await?;
    items(ctx, &rows).await
}

/// Reads rows as the statements above select them, personal fields opened for those who may see them.
async fn items(ctx: &Ctx<'_>, rows: &[Row]) -> Result<Vec<BookingItem>> {
    let read = rows
        .iter()
        .map(item::Read::from_row)
        .collect::<Result<Vec<_>>>()?;
    let plain = Plain::of(ctx, read.iter().map(item::Read::subject)).await?;
    Ok(read.into_iter().map(|row| row.show(&plain)).collect())
}

/// A date parameter, if given.
pub(crate) fn date(name: &str, text: Option<&str>) -> std::result::Result<Option<Date>, Refusal> {
    let read = |text| {
        parse_date(text)
            .map_err(|refusal| params::refuse_one(name, "date-invalid", &refusal.detail))
    };
    text.map(read).transpose()
}
