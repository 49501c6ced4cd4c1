//! A booking as it is shown.

use domain::bookings::{Booking, BookingRecord, PaymentPreference, Status};
use domain::customers::consents::Source;
use domain::money::Money;
use domain::slots::iso_date;
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Payload;
use schemars::JsonSchema;
use serde::Serialize;
use time::{Date, OffsetDateTime};
use tokio_postgres::Row;

use crate::past::Then;
use crate::plain::Plain;

#[derive(Serialize, JsonSchema)]
pub(crate) struct BookingItem {
    pub booking_id: String,
    pub customer_id: String,
    pub customer_name: String,
    pub status: Status,
    #[serde(with = "iso_date")]
    #[schemars(with = "String")]
    pub date: Date,
    /// A time of day in the tenant's zone (HH:MM).
    pub slot: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub starts_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub ends_at: OffsetDateTime,
    pub zone: String,
    /// Null without the permission to read personal data.
    pub address: Option<String>,
    pub party: PartyItem,
    pub guests: u32,
    pub menu: Vec<MenuLine>,
    /// Null without the permission to read personal data.
    pub notes: Option<String>,
    /// Null until a chef is assigned, although one is held from the start.
    pub chef: Option<ChefOfBooking>,
    /// How the total comes about.
    pub price: Vec<PriceLineItem>,
    pub total: Money,
    pub deposit: Money,
    /// Received and not given back.
    pub paid: Money,
    /// Still to be paid of the total.
    pub balance: Money,
    pub payment_preference: PaymentPreference,
    /// The payment page that can be paid on now; null while the outbox has none yet, and once it is closed.
    pub stripe_checkout_url: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    pub hold_until: Option<OffsetDateTime>,
    pub payments: Vec<PaymentOfBooking>,
    /// What the policy gave back at cancellation, in percent.
    pub refund_percent: Option<u8>,
    /// Null without the permission to read personal data.
    pub cancellation_reason: Option<String>,
    /// A person should look: money came too late.
    pub flagged: bool,
    pub source: Source,
    pub channel_thread_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub updated_at: OffsetDateTime,
    /// For `If-Match`.
    pub sequence: i64,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct PartyItem {
    adults: u16,
    kids: u16,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct MenuLine {
    item: String,
    quantity: u32,
    /// Per piece, as it was when booked.
    upcharge_minor: i64,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ChefOfBooking {
    pub chef_id: String,
    pub name: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct PriceLineItem {
    /// `adults`, `kids`, `menu_item`, `travel` or `minimum_top_up`.
    kind: String,
    label: Option<String>,
    quantity: u32,
    unit_minor: i64,
    amount_minor: i64,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct PaymentOfBooking {
    payment_id: String,
    received_minor: i64,
    refunded_minor: i64,
}

/// The names of a booking's customer and chef.
pub(crate) type Names = (String, Option<String>);

/// A row as it was read, before its personal fields are opened.
pub(super) struct Read {
    booking_id: String,
    customer_name: String,
    chef_name: Option<String>,
    flagged: bool,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    sequence: i64,
    booking: BookingRecord,
}

impl Read {
    pub fn from_row(row: &Row) -> Result<Self> {
        let booking_id: String = row.try_get("booking_id")?;
        let state: Booking = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
        let record = state
            .record
            .ok_or_else(|| Error::internal(format!("the row of booking {booking_id} is empty")))?;
        let first: Option<String> = row.try_get("first_name")?;
        let last: Option<String> = row.try_get("last_name")?;
        Ok(Self {
            booking_id,
            customer_name: full_name(&first.unwrap_or_default(), &last.unwrap_or_default()),
            chef_name: row.try_get("chef_name")?,
            flagged: row.try_get("flagged")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            sequence: row.try_get("sequence")?,
            booking: *record,
        })
    }

    /// A booking folded from its stream, with the names of its customer and chef; `None` for one that never began.
    pub fn from_past(
        booking_id: &str,
        then: Then<Booking>,
        (customer_name, chef_name): Names,
    ) -> Option<Self> {
        let booking = *then.state.record?;
        Some(Self {
            booking_id: booking_id.to_owned(),
            customer_name,
            chef_name,
            flagged: !booking.late_payments.is_empty(),
            created_at: booking.created_at,
            updated_at: then.updated_at,
            sequence: then.sequence,
            booking,
        })
    }

    /// Whose key its personal fields are sealed under.
    pub fn subject(&self) -> &str {
        self.booking.customer_id.as_str()
    }

    pub fn show(self, plain: &Plain) -> BookingItem {
        let chef_name = self.chef_name.clone().unwrap_or_default();
        let (booking, subject) = (&self.booking, self.subject());
        let paid = Money::new(booking.paid_minor(), booking.total.currency.clone());
        let chef = booking.chef_id.as_ref();
        let open_url = booking
            .open_session_id()
            .and(booking.checkout.as_ref())
            .map(|open| open.link.url.clone());
        BookingItem {
            booking_id: self.booking_id.clone(),
            customer_id: subject.to_owned(),
            customer_name: self.customer_name.clone(),
            status: booking.status,
            date: booking.date,
            slot: booking.slot.to_string(),
            starts_at: booking.starts_at,
            ends_at: booking.ends_at,
            zone: booking.zone.as_str().to_owned(),
            address: plain.open(subject, "address", Some(&booking.address)),
            party: PartyItem {
                adults: booking.party.adults,
                kids: booking.party.kids,
            },
            guests: booking.party.guests(),
            menu: menu(booking),
            notes: plain.open(subject, "notes", booking.notes.as_ref()),
            chef: chef.map(|chef_id| ChefOfBooking {
                chef_id: chef_id.to_string(),
                name: chef_name,
            }),
            price: price(booking),
            total: booking.total.clone(),
            deposit: booking.deposit.clone(),
            paid,
            balance: booking.balance(),
            payment_preference: booking.payment_preference,
            stripe_checkout_url: open_url,
            hold_until: booking.hold_until,
            payments: payments(booking),
            refund_percent: booking.refund_percent,
            cancellation_reason: plain.open(
                subject,
                "reason",
                booking.cancellation_reason.as_ref(),
            ),
            flagged: self.flagged,
            source: booking.source,
            channel_thread_id: booking.channel_thread_id.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            sequence: self.sequence,
        }
    }
}

/// First and last name as one text.
pub(crate) fn full_name(first: &str, last: &str) -> String {
    format!("{first} {last}").trim().to_owned()
}

fn menu(booking: &BookingRecord) -> Vec<MenuLine> {
    let line = |item: &domain::tenants::price_book::MenuItem| MenuLine {
        item: item.item.clone(),
        quantity: item.quantity,
        upcharge_minor: item.upcharge_minor,
    };
    booking.menu.iter().map(line).collect()
}

fn price(booking: &BookingRecord) -> Vec<PriceLineItem> {
    let line = |line: &domain::tenants::price_book::PriceLine| PriceLineItem {
        kind: serde_json::to_value(line.kind)
            .ok()
            .and_then(|kind| kind.as_str().map(str::to_owned))
            .unwrap_or_default(),
        label: line.label.clone(),
        quantity: line.quantity,
        unit_minor: line.unit_minor,
        amount_minor: line.amount_minor,
    };
    booking.price.iter().map(line).collect()
}

fn payments(booking: &BookingRecord) -> Vec<PaymentOfBooking> {
    let payment = |(payment_id, paid): (&domain::ids::PaymentId, &domain::bookings::PaidSoFar)| {
        PaymentOfBooking {
            payment_id: payment_id.to_string(),
            received_minor: paid.received_minor,
            refunded_minor: paid.refunded_minor,
        }
    };
    booking.payments.iter().map(payment).collect()
}
