//! Counting: what each event adds to which day.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::bookings::Booking;
use domain::bookings::events::BookingEvent;
use domain::customers::Customer;
use domain::customers::events::CustomerEvent;
use domain::ids::TenantId;
use domain::money::Money;
use domain::payments::Payment;
use domain::payments::events::PaymentEvent;
use domain::tenants::{Tenant, TenantEvent};
use domain::zones::{TimeZoneName, local_date};
use event_store::Result;
use event_store::recorded::Recorded;
use time::{Date, OffsetDateTime};

use super::{
    ADD_FIGURES, ADD_REVENUES, BookingRow, DayRow, RevenueRow, UPSERT_BOOKINGS, UPSERT_ZONES,
    ZoneRow,
};

/// What a batch adds up to, with the facts it takes to count.
#[derive(Default)]
pub(super) struct Count {
    zones: HashMap<TenantId, TimeZoneName>,
    changed_zones: BTreeSet<TenantId>,
    bookings: HashMap<(TenantId, String), Cohort>,
    days: BTreeMap<(TenantId, Date), DayRow>,
    revenues: BTreeMap<(TenantId, Date, String), RevenueRow>,
}

/// The day a booking counts for, and whether it was ever confirmed.
#[derive(Clone, Copy)]
pub(super) struct Cohort {
    pub created_day: Date,
    pub converted: bool,
}

impl Count {
    /// Begins with what earlier batches left: the tenants' time zones and the bookings that may be confirmed now.
    pub(super) fn new(
        zones: HashMap<TenantId, TimeZoneName>,
        bookings: HashMap<(TenantId, String), Cohort>,
    ) -> Self {
        Self {
            zones,
            bookings,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, recorded: &Recorded) -> Result<()> {
        match recorded.aggregate_type.as_str() {
            Tenant::TYPE => self.add_tenant(recorded, recorded.decode()?),
            Customer::TYPE => self.add_customer(recorded, &recorded.decode()?),
            Booking::TYPE => self.add_booking(recorded, &recorded.decode()?),
            Payment::TYPE => self.add_payment(recorded, &recorded.decode()?),
            _ => {}
        }
        Ok(())
    }

    /// A new time zone counts from here on; days that were counted stay as they were.
    fn add_tenant(&mut self, recorded: &Recorded, event: TenantEvent) {
        if let TenantEvent::TenantCreated { settings, .. }
        | TenantEvent::SettingsUpdated { settings } = event
        {
            self.zones
                .insert(recorded.tenant_id.clone(), settings.time_zone);
            self.changed_zones.insert(recorded.tenant_id.clone());
        }
    }

    fn add_customer(&mut self, recorded: &Recorded, event: &CustomerEvent) {
        if let CustomerEvent::LeadCreated { .. } = event {
            self.today(recorded).leads += 1;
        }
    }

    fn add_booking(&mut self, recorded: &Recorded, event: &BookingEvent) {
        match event {
            BookingEvent::BookingCreated(created) => {
                let day = self.today(recorded);
                day.bookings_created += 1;
                day.guests += i64::from(created.party.guests());
                let created_day = day.day;
                let booked = self.revenue(recorded, recorded.occurred_at, &created.total);
                booked.booked_minor += created.total.amount_minor;
                self.bookings.insert(
                    key(recorded),
                    Cohort {
                        created_day,
                        converted: false,
                    },
                );
            }
            BookingEvent::BookingConfirmed { .. } => {
                self.today(recorded).bookings_confirmed += 1;
                self.convert(recorded);
            }
            BookingEvent::BookingCancelled(_) => self.today(recorded).bookings_cancelled += 1,
            BookingEvent::BookingExpired { .. } => self.today(recorded).bookings_expired += 1,
            BookingEvent::BookingCompleted {} => self.today(recorded).bookings_completed += 1,
            BookingEvent::BookingNoShow {} => self.today(recorded).bookings_no_show += 1,
            _ => {}
        }
    }

    fn add_payment(&mut self, recorded: &Recorded, event: &PaymentEvent) {
        match event {
            PaymentEvent::PaymentReceived(received) => {
                let received_at = received.received_at;
                self.revenue(recorded, received_at, &received.amount)
                    .received_minor += received.amount.amount_minor;
            }
            PaymentEvent::PaymentRefunded {
                amount,
                refunded_at,
                ..
            } => {
                self.revenue(recorded, *refunded_at, amount).refunded_minor += amount.amount_minor;
            }
            _ => {}
        }
    }

    /// The first confirmation counts for the day on which the booking was made.
    fn convert(&mut self, recorded: &Recorded) {
        let Some(cohort) = self
            .bookings
            .get_mut(&key(recorded))
            .filter(|cohort| !cohort.converted)
        else {
            return;
        };
        cohort.converted = true;
        let created_day = cohort.created_day;
        self.day(&recorded.tenant_id, created_day)
            .bookings_converted += 1;
    }

    fn today(&mut self, recorded: &Recorded) -> &mut DayRow {
        let date = self.date_of(&recorded.tenant_id, recorded.occurred_at);
        self.day(&recorded.tenant_id, date)
    }

    fn date_of(&self, tenant_id: &TenantId, instant: OffsetDateTime) -> Date {
        let default = TimeZoneName::default();
        local_date(self.zones.get(tenant_id).unwrap_or(&default), instant)
    }

    fn day(&mut self, tenant_id: &TenantId, day: Date) -> &mut DayRow {
        self.days
            .entry((tenant_id.clone(), day))
            .or_insert_with(|| DayRow {
                tenant_id: tenant_id.as_str().to_owned(),
                day,
                leads: 0,
                bookings_created: 0,
                bookings_converted: 0,
                bookings_confirmed: 0,
                bookings_cancelled: 0,
                bookings_expired: 0,
                bookings_completed: 0,
                bookings_no_show: 0,
                guests: 0,
            })
    }

    fn revenue(
        &mut self,
        recorded: &Recorded,
        at: OffsetDateTime,
        money: &Money,
    ) -> &mut RevenueRow {
        let day = self.date_of(&recorded.tenant_id, at);
        let currency = money.currency.as_str().to_owned();
        self.revenues
            .entry((recorded.tenant_id.clone(), day, currency.clone()))
            .or_insert_with(|| RevenueRow {
                tenant_id: recorded.tenant_id.as_str().to_owned(),
                day,
                currency,
                booked_minor: 0,
                received_minor: 0,
                refunded_minor: 0,
            })
    }

    pub(super) async fn write(self, tx: &Transaction<'_>) -> Result<()> {
        let zone = |tenant_id: &TenantId| {
            let time_zone = self.zones.get(tenant_id)?.as_str().to_owned();
            Some(ZoneRow {
                tenant_id: tenant_id.as_str().to_owned(),
                time_zone,
            })
        };
        let zones: Vec<ZoneRow> = self.changed_zones.iter().filter_map(zone).collect();
        let booking =
            |((tenant_id, booking_id), cohort): ((TenantId, String), Cohort)| BookingRow {
                tenant_id: tenant_id.as_str().to_owned(),
                booking_id,
                created_day: cohort.created_day,
                converted: cohort.converted,
            };
        let bookings: Vec<BookingRow> = self.bookings.into_iter().map(booking).collect();
        ZoneRow::write(tx, UPSERT_ZONES, &zones).await?;
        BookingRow::write(tx, UPSERT_BOOKINGS, &bookings).await?;
        DayRow::write(
            tx,
            ADD_FIGURES,
            &self.days.into_values().collect::<Vec<_>>(),
        )
        .await?;
        RevenueRow::write(
            tx,
            ADD_REVENUES,
            &self.revenues.into_values().collect::<Vec<_>>(),
        )
        .await
    }
}

fn key(recorded: &Recorded) -> (TenantId, String) {
    (recorded.tenant_id.clone(), recorded.aggregate_id.clone())
}
