//! `create-booking`: the customer is found or created, a chef's slot is claimed, and the booking stands, all in one
//! commit.

use domain::bookings::commands::{BookingCommand, CreateBooking as Create};
use domain::bookings::{Booking, PaymentPreference, Status};
use domain::customers::consents::{Channel, Source};
use domain::refusal::Problems;
use domain::sealed::Pii;
use domain::slots::{Slot, SlotTime, parse_date};
use domain::tenants::price_book::{MenuChoice, Price};
use domain::values::{
    EmailAddress, MAX_ADDRESS_CHARS, MAX_NAME_CHARS, MAX_NOTE_CHARS, Party, PhoneNumber,
    ServiceZone, bounded_text, free_text,
};
use event_store::error::Error;
use event_store::load::Load;
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::Date;

use super::answer_as;
use super::chefs;
use super::inputs::{self, PartyInput};
use crate::Result;
use crate::customers::people::{self, Person, Somebody};
use crate::registry::Input;
use crate::work::{Facts, Work};

/// The largest `metadata`, as JSON text.
const MAX_METADATA_BYTES: usize = 8 * 1024;
/// The longest id of a conversation.
const MAX_THREAD_ID_CHARS: usize = 64;
const SMS_WORDING: &str = "consent_sms was given with a booking: text messages about it";
const EMAIL_WORDING: &str = "consent_email was given with a booking: e-mails about it";
const EVENT: &str = "BookingCreated";

/// # Create a booking
///
/// Books a free chef for a date and slot. The customer is found by e-mail, else by phone, else created. With
/// `stripe_checkout` the booking waits for its deposit, and the payment link follows by e-mail; without a free chef the
/// answer is 409 `slot-unavailable` with the nearest free slots.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBooking {
    /// Where the booking comes from.
    pub source: Source,
    /// Who books.
    pub customer: CustomerInput,
    /// What is booked.
    pub booking: BookingInput,
    /// How the deposit is paid.
    #[serde(default)]
    pub payment_preference: PaymentPreference,
    /// The conversation that the booking was made in.
    #[serde(default)]
    pub channel_thread_id: Option<String>,
    /// Anything that the caller wants to keep with the booking, at most 8 KiB; stored encrypted.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// Who books.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerInput {
    /// At most 100 characters.
    pub first_name: Pii<String>,
    /// At most 100 characters.
    pub last_name: Pii<String>,
    /// Trimmed and lower-cased.
    #[schemars(extend("pattern" = r"^\s*\S+@\S+\.\S+\s*$"))]
    pub email: Pii<String>,
    /// International, or local to the tenant's region.
    #[schemars(extend("pattern" = r"^\s*\+?[0-9(][0-9() ./\-]{4,}\s*$"))]
    pub phone: Pii<String>,
    /// Text messages about this booking are welcome; absent or false changes nothing.
    #[serde(default)]
    pub consent_sms: Option<bool>,
    /// E-mails about this booking are welcome; absent or false changes nothing.
    #[serde(default)]
    pub consent_email: Option<bool>,
}

/// What is booked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BookingInput {
    /// `YYYY-MM-DD`, in the tenant's time zone.
    #[schemars(extend("format" = "date"))]
    pub date: String,
    /// One of the tenant's slots, `HH:MM`.
    #[schemars(regex(pattern = r"^\d{2}:\d{2}$"))]
    pub slot: String,
    /// Where the party is, with its postcode.
    pub address: Pii<String>,
    /// A zone of the tenant's; derived from the address's postcode when absent.
    #[serde(default)]
    pub zone: Option<String>,
    /// Who comes.
    pub party: PartyInput,
    /// What is ordered beyond the price per head.
    #[serde(default)]
    pub menu: Vec<MenuChoice>,
    /// Allergies, parking and the like; at most 4,000 characters.
    #[serde(default)]
    pub notes: Option<Pii<String>>,
}

/// What was booked, and what is to be paid.
#[derive(Serialize)]
pub struct CreatedSummary {
    pub booking_id: String,
    pub customer_id: String,
    pub customer_created: bool,
    pub status: Status,
    /// `2026-03-14 at 18:00 • 13 guests`.
    pub summary: String,
    pub deposit_due: String,
    pub total_due: String,
    /// Null until the payment page is open; then on the booking, in the stream and in the e-mail.
    pub stripe_checkout_url: Option<String>,
}

impl Input for CreateBooking {
    fn wanted(&self, facts: &Facts) -> Load {
        let (email, phone) = (self.customer.email.expose(), self.customer.phone.expose());
        let mut load = people::wanted(facts, Some(email), Some(phone));
        let named = self
            .booking
            .zone
            .as_deref()
            .and_then(|zone| ServiceZone::parse(zone).ok());
        let settings = &facts.tenant.settings;
        let zone = named.or_else(|| {
            settings
                .zone_of_address(self.booking.address.expose())
                .cloned()
        });
        if let Some(zone) = zone {
            let time = parse_date(&self.booking.date)
                .ok()
                .zip(Slot::parse(&self.booking.slot).ok());
            let chefs = chefs::wanted(facts, &zone, time);
            load.claims.extend(chefs.claims);
            load.handles.extend(chefs.handles);
            load.streams.extend(chefs.streams);
        }
        load
    }
}

/// The input, parsed.
struct Order {
    person: Person,
    date: Date,
    time: SlotTime,
    zone: ServiceZone,
    party: Party,
    price: Price,
    notes: Option<String>,
    thread_id: Option<String>,
    metadata: Option<String>,
}

pub async fn create_booking(work: &mut Work, input: CreateBooking) -> Result<CreatedSummary> {
    let order = parse(work, &input)?;
    let serving = chefs::serving(work, &order.zone).await?;
    let time = (order.date, order.time.slot);
    let Some(held_chef_id) = chefs::find_free(work, &serving, &order.zone, time).await? else {
        return Err(
            chefs::refuse_slot(work, &serving, &order.zone, (order.date, order.time))
                .await?
                .into(),
        );
    };
    let phone = input.customer.phone.expose();
    let mut somebody = people::find(work, &order.person, Some(phone)).await?;
    let mut booking = work.create::<Booking>(&work.new_id());
    // The customer is written down first, but it is the booking that answers.
    answer_as(work, &booking)?;
    people::write_down(
        work,
        &mut somebody,
        &order.person,
        (input.source, "booking"),
    )
    .await?;
    grant_consents(work, &mut somebody, &input, &order.person).await?;
    let seal = |key: &SubjectKey, field: &str, plain: &str| key.seal(EVENT, field, plain);
    let create = Create {
        customer_id: domain::ids::CustomerId::new(somebody.customer.id.clone()),
        source: input.source,
        date: order.date,
        time: order.time,
        zone: order.zone,
        address: seal(
            &somebody.key,
            "address",
            order.person.address.as_deref().unwrap_or_default(),
        )?,
        party: order.party,
        notes: order
            .notes
            .map(|notes| seal(&somebody.key, "notes", &notes))
            .transpose()?,
        price: order.price,
        payment_preference: input.payment_preference,
        held_chef_id,
        hold_hours: work.tenant().settings.hold_hours,
        channel_thread_id: order.thread_id,
        metadata: order
            .metadata
            .map(|metadata| seal(&somebody.key, "metadata", &metadata))
            .transpose()?,
        at: work.ctx.now,
    };
    work.execute(&mut booking, BookingCommand::Create(Box::new(create)))
        .await?;
    let record = booking.state.require()?;
    Ok(CreatedSummary {
        customer_id: somebody.customer.id,
        customer_created: somebody.origin.is_new(),
        status: record.status,
        summary: inputs::sentence(record),
        deposit_due: record.deposit_due().to_string(),
        total_due: record.total.to_string(),
        stripe_checkout_url: None,
        booking_id: booking.id,
    })
}

async fn grant_consents(
    work: &mut Work,
    somebody: &mut Somebody,
    input: &CreateBooking,
    person: &Person,
) -> Result<()> {
    if input.customer.consent_sms == Some(true) {
        let reach = (Channel::Sms, person.phone.as_ref().map(PhoneNumber::as_str));
        people::grant_transactional(work, somebody, reach, (input.source, SMS_WORDING)).await?;
    }
    if input.customer.consent_email == Some(true) {
        let reach = (
            Channel::Email,
            person.email.as_ref().map(EmailAddress::as_str),
        );
        people::grant_transactional(work, somebody, reach, (input.source, EMAIL_WORDING)).await?;
    }
    Ok(())
}

fn parse(work: &Work, input: &CreateBooking) -> Result<Order> {
    let price_book = work.tenant().require_price_book()?;
    let settings = &work.tenant().settings;
    let wish = &input.booking;
    let mut problems = Problems::default();
    let person = read_person(work, &mut problems, input);
    let notes = wish
        .notes
        .as_ref()
        .filter(|notes| !notes.expose().trim().is_empty());
    let notes = notes.and_then(|notes| {
        problems.check("/booking/notes", free_text(notes.expose(), MAX_NOTE_CHARS))
    });
    let (date, slot) = (
        ("/booking/date", wish.date.as_str()),
        ("/booking/slot", wish.slot.as_str()),
    );
    let time = inputs::read_time(settings, &mut problems, date, slot);
    let place = (wish.zone.as_deref(), wish.address.expose().as_str());
    let zone = inputs::read_zone(settings, &mut problems, "/booking/zone", place);
    let party = problems.check("/booking/party", wish.party.parse());
    // The menu is read even where the zone or party could not be, so that all of its mistakes are told.
    let priced_zone = zone.clone().unwrap_or_default();
    let priced_party = party.unwrap_or(Party { adults: 1, kids: 0 });
    let price = price_book.price(priced_party, &wish.menu, &priced_zone, &settings.currency);
    let price = price
        .map_err(|refusal| inputs::add_all(&mut problems, "/booking/menu", refusal))
        .ok();
    let (thread_id, metadata) = read_extras(&mut problems, input);
    problems.finish()?;
    let (Some(person), Some((date, time)), Some(zone), Some(party), Some(price)) =
        (person, time, zone, party, price)
    else {
        return Err(Error::internal("a problem that was not reported"));
    };
    Ok(Order {
        person,
        date,
        time,
        zone,
        party,
        price,
        notes,
        thread_id,
        metadata,
    })
}

fn read_person(work: &Work, problems: &mut Problems, input: &CreateBooking) -> Option<Person> {
    let (customer, region) = (&input.customer, &work.tenant().settings.region);
    let mut text = |pointer: &str, text: &Pii<String>, max_chars| {
        problems.check(pointer, bounded_text(text.expose(), max_chars))
    };
    let first_name = text("/customer/first_name", &customer.first_name, MAX_NAME_CHARS);
    let last_name = text("/customer/last_name", &customer.last_name, MAX_NAME_CHARS);
    let address = text(
        "/booking/address",
        &input.booking.address,
        MAX_ADDRESS_CHARS,
    );
    let email = problems.check(
        "/customer/email",
        EmailAddress::parse(customer.email.expose()),
    );
    let phone = problems.check(
        "/customer/phone",
        PhoneNumber::parse(customer.phone.expose(), region),
    );
    let first_name = first_name?;
    Some(Person {
        first_name,
        last_name,
        email,
        phone,
        address,
        time_zone: None,
    })
}

fn read_extras(problems: &mut Problems, input: &CreateBooking) -> (Option<String>, Option<String>) {
    let thread_id = input.channel_thread_id.as_ref();
    let thread_id = thread_id
        .and_then(|id| problems.check("/channel_thread_id", bounded_text(id, MAX_THREAD_ID_CHARS)));
    let metadata =
        (!input.metadata.is_empty()).then(|| Value::Object(input.metadata.clone()).to_string());
    if metadata
        .as_ref()
        .is_some_and(|metadata| metadata.len() > MAX_METADATA_BYTES)
    {
        problems.add(
            "/metadata",
            "metadata-too-large",
            format!("at most {MAX_METADATA_BYTES} bytes as JSON"),
        );
    }
    (thread_id, metadata)
}
