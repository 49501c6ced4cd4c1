//! The dashboard: each day in figures, in the tenant's own calendar.

use std::collections::HashMap;

use domain::slots::{DateRange, iso_date};
use domain::zones::local_date;
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Date, Duration};

use crate::ask::{Ctx, Found};
use crate::bookings::date;
use crate::cursors::Cursor;
use crate::page::Page;
use crate::registry::{Entry, Shape, schema_of};
use crate::{params, tenants};

/// The projection of figures.
const FIGURES: &str = "figures";
/// Days shown when the caller names none.
const DEFAULT_DAYS: i64 = 30;

pub(crate) const DASHBOARD: Entry = Entry {
    name: "dashboard",
    title: "Dashboard",
    description: "Bookings, revenue and conversion by day, the last 30 days unless a range is given. Every day of the \
        range is there, quiet ones too.",
    shape: Shape::List,
    permission: Permission::FiguresRead,
    projections: &[FIGURES, tenants::PROJECTION],
    params: schema_of::<DashboardParams>,
    item: schema_of::<DayItem>,
    run: |ctx, params| Box::pin(dashboard(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DashboardParams {
    /// The first day (YYYY-MM-DD).
    from: Option<String>,
    /// The last day (YYYY-MM-DD), at most 366 days in all; today when absent.
    to: Option<String>,
    /// How many days to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct DayItem {
    #[serde(with = "iso_date")]
    #[schemars(with = "String")]
    date: Date,
    leads: i64,
    bookings_created: i64,
    bookings_confirmed: i64,
    bookings_cancelled: i64,
    bookings_expired: i64,
    bookings_completed: i64,
    bookings_no_show: i64,
    /// Guests of the bookings created on this day.
    guests: i64,
    /// Of the bookings created on this day, those confirmed since.
    bookings_converted: i64,
    /// `bookings_converted` over `bookings_created`, between 0 and 1; null on a day without bookings.
    conversion: Option<f64>,
    /// The tenant's currency; the amounts beside it are in its minor units.
    currency: String,
    /// Totals of the bookings created on this day.
    booked_minor: i64,
    received_minor: i64,
    refunded_minor: i64,
    /// Received less refunded.
    revenue_minor: i64,
    /// Money in other currencies, if there was any.
    other_currencies: Vec<RevenueItem>,
}

#[derive(Clone, Default, Serialize, JsonSchema)]
struct RevenueItem {
    currency: String,
    booked_minor: i64,
    received_minor: i64,
    refunded_minor: i64,
    revenue_minor: i64,
}

#[derive(Clone, Default)]
struct Counts {
    leads: i64,
    created: i64,
    converted: i64,
    confirmed: i64,
    cancelled: i64,
    expired: i64,
    completed: i64,
    no_show: i64,
    guests: i64,
}

async fn dashboard(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: DashboardParams = params::parse(params)?;
    let settings = tenants::find_settings(ctx).await?;
    let range = range(&params, local_date(&settings.time_zone, ctx.now))?;
    let page = Page::open(
        ctx,
        (DASHBOARD.name, "date"),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let behind = page.date()?;
    let fetch = usize::try_from(page.fetch()).unwrap_or(usize::MAX);
    let mut days: Vec<Date> = range
        .days()
        .filter(|day| behind.is_none_or(|behind| *day > behind))
        .take(fetch)
        .collect();
    let next_cursor = page.close(&mut days, |last| {
        Ok(Cursor {
            sort: "date".to_owned(),
            keys: vec![last.to_string()],
            id: String::new(),
        })
    })?;
    let counts = list_counts(ctx, &days).await?;
    let mut revenues = list_revenues(ctx, &days).await?;
    let items: Vec<DayItem> = days
        .into_iter()
        .map(|day| {
            let counts = counts.get(&day).cloned().unwrap_or_default();
            item(
                day,
                &counts,
                revenues.remove(&day).unwrap_or_default(),
                settings.currency.as_str(),
            )
        })
        .collect();
    Found::page(&items, next_cursor)
}

fn range(params: &DashboardParams, today: Date) -> Result<DateRange> {
    let to = date("to", params.to.as_deref())?.unwrap_or(today);
    let first = to
        .checked_sub(Duration::days(DEFAULT_DAYS - 1))
        .unwrap_or(to);
    let from = date("from", params.from.as_deref())?.unwrap_or(first);
    Ok(DateRange::new(from, to)
        .map_err(|refusal| params::refuse_one("from", &refusal.code, &refusal.detail))?)
}

const LIST_COUNTS: &str = "
    select f.day, f.leads, f.bookings_created, f.bookings_converted, f.bookings_confirmed, f.bookings_cancelled,
        f.bookings_expired, f.bookings_completed, f.bookings_no_show, f.guests
    from daily_figures f
    where f.tenant_id = $1 and f.day = any ($2::date[])";

async fn list_counts(ctx: &Ctx<'_>, days: &[Date]) -> Result<HashMap<Date, Counts>> {
    let statement = ctx.tx.prepare_cached(LIST_COUNTS).await?;
    let rows = ctx.tx.query(&statement, &[&ctx.tenant(), &days]).await?;
    let mut counts = HashMap::new();
    for row in rows {
        let count = Counts {
            leads: row.try_get("leads")?,
            created: row.try_get("bookings_created")?,
            converted: row.try_get("bookings_converted")?,
            confirmed: row.try_get("bookings_confirmed")?,
            cancelled: row.try_get("bookings_cancelled")?,
            expired: row.try_get("bookings_expired")?,
            completed: row.try_get("bookings_completed")?,
            no_show: row.try_get("bookings_no_show")?,
            guests: row.try_get("guests")?,
        };
        counts.insert(row.try_get("day")?, count);
    }
    Ok(counts)
}

const LIST_REVENUES: &str = "
    select r.day, r.currency, r.booked_minor, r.received_minor, r.refunded_minor
    from daily_revenues r
    where r.tenant_id = $1 and r.day = any ($2::date[])
    order by r.day, r.currency";

async fn list_revenues(ctx: &Ctx<'_>, days: &[Date]) -> Result<HashMap<Date, Vec<RevenueItem>>> {
    let statement = ctx.tx.prepare_cached(LIST_REVENUES).await?;
    let rows = ctx.tx.query(&statement, &[&ctx.tenant(), &days]).await?;
    let mut revenues: HashMap<Date, Vec<RevenueItem>> = HashMap::new();
    for row in rows {
        let (received_minor, refunded_minor): (i64, i64) = (
            row.try_get("received_minor")?,
            row.try_get("refunded_minor")?,
        );
        revenues
            .entry(row.try_get("day")?)
            .or_default()
            .push(RevenueItem {
                currency: row.try_get("currency")?,
                booked_minor: row.try_get("booked_minor")?,
                received_minor,
                refunded_minor,
                revenue_minor: received_minor - refunded_minor,
            });
    }
    Ok(revenues)
}

fn item(date: Date, counts: &Counts, revenues: Vec<RevenueItem>, currency: &str) -> DayItem {
    let (own, other_currencies): (Vec<_>, Vec<_>) = revenues
        .into_iter()
        .partition(|revenue| revenue.currency == currency);
    let own = own.into_iter().next().unwrap_or_default();
    DayItem {
        date,
        leads: counts.leads,
        bookings_created: counts.created,
        bookings_confirmed: counts.confirmed,
        bookings_cancelled: counts.cancelled,
        bookings_expired: counts.expired,
        bookings_completed: counts.completed,
        bookings_no_show: counts.no_show,
        guests: counts.guests,
        bookings_converted: counts.converted,
        conversion: conversion(counts),
        currency: currency.to_owned(),
        booked_minor: own.booked_minor,
        received_minor: own.received_minor,
        refunded_minor: own.refunded_minor,
        revenue_minor: own.revenue_minor,
        other_currencies,
    }
}

/// To four digits, which a dashboard can print as a percentage.
fn conversion(counts: &Counts) -> Option<f64> {
    let ten_thousandths = (counts.converted * 10_000).checked_div(counts.created)?;
    i32::try_from(ten_thousandths)
        .ok()
        .map(|value| f64::from(value) / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_is_a_share_and_nothing_where_nothing_was_booked() {
        let counts = |created, converted| Counts {
            created,
            converted,
            ..Counts::default()
        };
        assert_eq!(conversion(&counts(3, 2)), Some(0.6666));
        assert_eq!(conversion(&counts(4, 4)), Some(1.0));
        assert_eq!(conversion(&counts(0, 0)), None);
    }
}
