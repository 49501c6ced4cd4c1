//! What is known of a run when it goes on: the customer, followed to where they were merged, the booking, and the run itself.

use domain::bookings::{Booking, BookingRecord};
use domain::customers::Customer;
use domain::customers::consents::{Channel, Purpose};
use domain::ids::{BookingId, CustomerId};
use domain::journey_runs::RunRecord;
use domain::journeys::facts::{ANSWERS, Facts, Value};
use serde::Serialize;
use time::OffsetDateTime;

use crate::Result;
use crate::conversations::recipients::find_customer;
use crate::work::{Loaded, Work};

const CHANNELS: [(Channel, &str); 5] = [
    (Channel::Email, "email"),
    (Channel::Sms, "sms"),
    (Channel::Phone, "phone"),
    (Channel::Whatsapp, "whatsapp"),
    (Channel::WebChat, "web_chat"),
];
const PURPOSES: [(Purpose, &str); 2] = [
    (Purpose::Transactional, "transactional"),
    (Purpose::Marketing, "marketing"),
];

/// Whom a run is about, and all that may be asked about them.
pub(super) struct Known {
    pub customer: Loaded<Customer>,
    pub facts: Facts,
}

/// What is known before a run has begun.
pub(super) async fn known_of(
    work: &mut Work,
    customer_id: &CustomerId,
    booking_id: Option<&BookingId>,
) -> Result<Known> {
    let customer = find_customer(work, customer_id).await?;
    let mut facts = Facts::default();
    facts.set("now", Value::Moment(work.ctx.now));
    facts.set("run.started_at", Value::Moment(work.ctx.now));
    of_customer(&mut facts, &customer);
    if let Some(booking_id) = booking_id {
        let booking = work.load::<Booking>(booking_id.as_str()).await?;
        if let Some(record) = booking.state.record.as_deref() {
            of_booking(&mut facts, &booking.id, record);
        }
    }
    Ok(Known { customer, facts })
}

/// What is known of a run under way.
pub(super) async fn known(work: &mut Work, run_id: &str, run: &RunRecord) -> Result<Known> {
    let began = &run.began;
    let mut known = known_of(work, &began.customer_id, began.booking_id.as_ref()).await?;
    let facts = &mut known.facts;
    facts.set("run.id", text(run_id));
    facts.set("run.started_at", Value::Moment(began.at));
    facts.set("run.heard", Value::Flag(run.heard));
    for (name, answer) in &run.answers {
        facts.set(format!("{ANSWERS}{name}"), text(answer));
    }
    Ok(known)
}

fn of_customer(facts: &mut Facts, customer: &Loaded<Customer>) {
    let state = &customer.state;
    facts.set("customer.id", text(&customer.id));
    facts.set("customer.source", word(&state.source));
    let tags = state.tags.iter().cloned().collect();
    facts.set("customer.tags", Value::Texts(tags));
    facts.set("customer.has_email", Value::Flag(state.email.is_some()));
    facts.set("customer.has_phone", Value::Flag(state.phone.is_some()));
    for (channel, channel_name) in CHANNELS {
        for (purpose, purpose_name) in PURPOSES {
            let name = format!("customer.consent.{channel_name}.{purpose_name}");
            let allows = state.consents.allows(channel, purpose);
            facts.set(name, Value::Flag(allows));
        }
    }
}

fn of_booking(facts: &mut Facts, booking_id: &str, record: &BookingRecord) {
    let (adults, kids) = (record.party.adults, record.party.kids);
    facts.set("booking.id", text(booking_id));
    facts.set("booking.status", text(record.status.as_str()));
    facts.set("booking.source", word(&record.source));
    facts.set("booking.zone", text(record.zone.as_str()));
    let preference = word(&record.payment_preference);
    facts.set("booking.payment_preference", preference);
    facts.set("booking.starts_at", moment(record.starts_at));
    facts.set("booking.ends_at", moment(record.ends_at));
    facts.set("booking.adults", Value::Number(adults.into()));
    facts.set("booking.kids", Value::Number(kids.into()));
    let guests = i64::from(adults) + i64::from(kids);
    facts.set("booking.guests", Value::Number(guests));
    let total = record.total.amount_minor;
    facts.set("booking.total_minor", Value::Number(total));
    let balance = record.balance().amount_minor;
    facts.set("booking.balance_minor", Value::Number(balance));
    facts.set("booking.has_chef", Value::Flag(record.chef_id.is_some()));
}

fn moment(at: OffsetDateTime) -> Value {
    Value::Moment(at)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A word as it is written on the wire.
fn word(value: &impl Serialize) -> Value {
    let written = serde_json::to_value(value).unwrap_or_default();
    text(written.as_str().unwrap_or_default())
}
