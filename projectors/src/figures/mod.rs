//! The figures of each day of a tenant's own calendar. They are sums, added to batch by batch: the checkpoint, which
//! moves in the same transaction, is what makes every event count once.

mod count;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::bookings::Booking;
use domain::customers::Customer;
use domain::ids::TenantId;
use domain::payments::Payment;
use domain::tenants::Tenant;
use domain::zones::TimeZoneName;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::Date;

use self::count::{Cohort, Count};
use crate::columns::rows;
use crate::{Projection, Replay};

/// The name of the checkpoint.
pub const NAME: &str = "figures";

struct Figures;

pub(crate) fn projection() -> Projection {
    Projection {
        subscriber: Arc::new(Figures),
        tables: &[
            "daily_figures",
            "daily_revenues",
            "figure_zones",
            "figure_bookings",
        ],
        streams: None,
        replay: Replay::CountsTwice,
    }
}

rows! {
    /// What a batch adds to one day.
    struct DayRow {
        tenant_id: String,
        day: Date,
        leads: i64,
        bookings_created: i64,
        bookings_converted: i64,
        bookings_confirmed: i64,
        bookings_cancelled: i64,
        bookings_expired: i64,
        bookings_completed: i64,
        bookings_no_show: i64,
        guests: i64,
    }
}

rows! {
    /// What a batch adds to one day's money of one currency.
    struct RevenueRow {
        tenant_id: String,
        day: Date,
        currency: String,
        booked_minor: i64,
        received_minor: i64,
        refunded_minor: i64,
    }
}

rows! {
    struct ZoneRow {
        tenant_id: String,
        time_zone: String,
    }
}

rows! {
    struct BookingRow {
        tenant_id: String,
        booking_id: String,
        created_day: Date,
        converted: bool,
    }
}

const LOAD_ZONES: &str = "
    select z.tenant_id, z.time_zone from unnest($1::text[]) as k (tenant_id)
    join figure_zones z on z.tenant_id = k.tenant_id";

const UPSERT_ZONES: &str = "
    insert into figure_zones (tenant_id, time_zone) select * from unnest($1::text[], $2::text[])
    on conflict (tenant_id) do update set time_zone = excluded.time_zone";

const LOAD_BOOKINGS: &str = "
    select b.tenant_id, b.booking_id, b.created_day, b.converted
    from unnest($1::text[], $2::text[]) as k (tenant_id, booking_id)
    join figure_bookings b on b.tenant_id = k.tenant_id and b.booking_id = k.booking_id";

const UPSERT_BOOKINGS: &str = "
    insert into figure_bookings (tenant_id, booking_id, created_day, converted)
    select * from unnest($1::text[], $2::text[], $3::date[], $4::boolean[])
    on conflict (tenant_id, booking_id) do update set converted = excluded.converted";

const ADD_FIGURES: &str = "
    insert into daily_figures (tenant_id, day, leads, bookings_created, bookings_converted, bookings_confirmed,
        bookings_cancelled, bookings_expired, bookings_completed, bookings_no_show, guests)
    select * from unnest($1::text[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
    on conflict (tenant_id, day) do update set leads = daily_figures.leads + excluded.leads,
        bookings_created = daily_figures.bookings_created + excluded.bookings_created,
        bookings_converted = daily_figures.bookings_converted + excluded.bookings_converted,
        bookings_confirmed = daily_figures.bookings_confirmed + excluded.bookings_confirmed,
        bookings_cancelled = daily_figures.bookings_cancelled + excluded.bookings_cancelled,
        bookings_expired = daily_figures.bookings_expired + excluded.bookings_expired,
        bookings_completed = daily_figures.bookings_completed + excluded.bookings_completed,
        bookings_no_show = daily_figures.bookings_no_show + excluded.bookings_no_show,
        guests = daily_figures.guests + excluded.guests";

const ADD_REVENUES: &str = "
    insert into daily_revenues (tenant_id, day, currency, booked_minor, received_minor, refunded_minor)
    select * from unnest($1::text[], $2::date[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
    on conflict (tenant_id, day, currency) do update set
        booked_minor = daily_revenues.booked_minor + excluded.booked_minor,
        received_minor = daily_revenues.received_minor + excluded.received_minor,
        refunded_minor = daily_revenues.refunded_minor + excluded.refunded_minor";

#[async_trait]
impl Subscriber for Figures {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Tenant::TYPE, Customer::TYPE, Booking::TYPE, Payment::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let mut count = Count::new(
            load_zones(tx, batch).await?,
            load_bookings(tx, batch).await?,
        );
        for recorded in batch {
            count.add(recorded)?;
        }
        count.write(tx).await
    }
}

async fn load_zones(
    tx: &Transaction<'_>,
    batch: &[Recorded],
) -> Result<HashMap<TenantId, TimeZoneName>> {
    let tenants: BTreeSet<&str> = batch
        .iter()
        .map(|recorded| recorded.tenant_id.as_str())
        .collect();
    let statement = tx.prepare_cached(LOAD_ZONES).await?;
    let rows = tx
        .query(&statement, &[&tenants.into_iter().collect::<Vec<_>>()])
        .await?;
    let mut zones = HashMap::new();
    for row in rows {
        zones.insert(
            TenantId::new(row.try_get::<_, String>(0)?),
            TimeZoneName::parse(row.try_get(1)?)?,
        );
    }
    Ok(zones)
}

/// The bookings that the batch confirms; those it creates are known from the batch.
async fn load_bookings(
    tx: &Transaction<'_>,
    batch: &[Recorded],
) -> Result<HashMap<(TenantId, String), Cohort>> {
    let confirmed: BTreeSet<(&str, &str)> = batch
        .iter()
        .filter(|recorded| recorded.event_type == "BookingConfirmed")
        .map(|recorded| (recorded.tenant_id.as_str(), recorded.aggregate_id.as_str()))
        .collect();
    let (tenants, ids): (Vec<&str>, Vec<&str>) = confirmed.into_iter().unzip();
    let statement = tx.prepare_cached(LOAD_BOOKINGS).await?;
    let mut cohorts = HashMap::new();
    for row in tx.query(&statement, &[&tenants, &ids]).await? {
        let key = (TenantId::new(row.try_get::<_, String>(0)?), row.try_get(1)?);
        cohorts.insert(
            key,
            Cohort {
                created_day: row.try_get(2)?,
                converted: row.try_get(3)?,
            },
        );
    }
    Ok(cohorts)
}
