//! Parts of inputs that several booking commands share, and how they are read.

use domain::bookings::{Booking, BookingRecord, Status};
use domain::refusal::{Problems, Refusal};
use domain::slots::{Slot, SlotTime, parse_date};
use domain::tenants::settings::Settings;
use domain::values::{Party, ServiceZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Date;

use crate::Result;
use crate::work::Loaded;

/// Who comes to the table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyInput {
    /// At least one.
    #[schemars(range(min = 1, max = 500))]
    pub adults: u16,
    /// Children at the kids' price.
    #[serde(default)]
    #[schemars(range(min = 0, max = 500))]
    pub kids: u16,
}

impl PartyInput {
    pub fn parse(&self) -> std::result::Result<Party, Refusal> {
        Party::new(self.adults, self.kids)
    }
}

/// How a booking stands after a command.
#[derive(Serialize)]
pub struct BookingSummary {
    pub booking_id: String,
    pub customer_id: String,
    pub status: Status,
    /// `2026-03-14 at 18:00 • 13 guests`.
    pub summary: String,
    /// The chef who was named, if one was.
    pub chef_id: Option<String>,
    pub deposit_due: String,
    pub total_due: String,
    /// What is still to be paid of the total.
    pub balance_due: String,
}

impl BookingSummary {
    pub fn of(booking: &Loaded<Booking>) -> Result<Self> {
        let record = booking.state.require()?;
        Ok(Self {
            booking_id: booking.id.clone(),
            customer_id: record.customer_id.to_string(),
            status: record.status,
            summary: sentence(record),
            chef_id: record.chef_id.as_ref().map(ToString::to_string),
            deposit_due: record.deposit_due().to_string(),
            total_due: record.total.to_string(),
            balance_due: record.balance().to_string(),
        })
    }
}

/// `2026-03-14 at 18:00 • 13 guests`.
pub fn sentence(record: &BookingRecord) -> String {
    let guests = record.party.guests();
    let noun = if guests == 1 { "guest" } else { "guests" };
    format!("{} at {} • {guests} {noun}", record.date, record.slot)
}

/// A date and one of the tenant's slots, as an instant.
pub fn read_time(
    settings: &Settings,
    problems: &mut Problems,
    (date_pointer, date): (&str, &str),
    (slot_pointer, slot): (&str, &str),
) -> Option<(Date, SlotTime)> {
    let date = problems.check(date_pointer, parse_date(date));
    let slot = problems.check(slot_pointer, Slot::parse(slot));
    let (date, slot) = date.zip(slot)?;
    problems
        .check(slot_pointer, settings.slot_on(date, slot))
        .map(|time| (date, time))
}

/// The zone that was named; else the one that the address lies in by its postcode.
pub fn read_zone(
    settings: &Settings,
    problems: &mut Problems,
    pointer: &str,
    (named, address): (Option<&str>, &str),
) -> Option<ServiceZone> {
    let Some(named) = named else {
        let zone = settings.zone_of_address(address).cloned();
        if zone.is_none() {
            let message = format!(
                "no zone has a postcode of this address; name one of {}",
                zone_names(settings)
            );
            problems.add(pointer, "zone-not-derivable", message);
        }
        return zone;
    };
    let zone = problems.check(pointer, ServiceZone::parse(named))?;
    if settings.has_zone(&zone) {
        return Some(zone);
    }
    problems.add(
        pointer,
        "zone-unknown",
        format!("the zones are {}", zone_names(settings)),
    );
    None
}

/// Everything that is wrong with a part, under its place in the whole.
pub fn add_all(problems: &mut Problems, base: &str, refusal: Refusal) {
    if refusal.errors.is_empty() {
        problems.add(base, &refusal.code, refusal.detail);
        return;
    }
    for error in refusal.errors {
        problems.add(
            &format!("{base}{}", error.pointer),
            &error.code,
            error.message,
        );
    }
}

fn zone_names(settings: &Settings) -> String {
    settings
        .zones
        .iter()
        .map(|area| area.zone.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
