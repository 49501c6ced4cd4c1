//! Changes of a booking that stands: party, menu, address, notes, and when.

use domain::bookings::commands::{
    BookingCommand, NotesChange, RescheduleBooking as Reschedule, UpdateBooking as Update,
};
use domain::bookings::{Booking, BookingRecord};
use domain::chefs::Chef;
use domain::ids::{BookingId, ChefId};
use domain::refusal::{Problems, Refusal};
use domain::sealed::Pii;
use domain::slots::SlotTime;
use domain::tenants::price_book::{MenuChoice, Price};
use domain::values::{
    MAX_ADDRESS_CHARS, MAX_NOTE_CHARS, Party, ServiceZone, bounded_text, free_text,
};
use event_store::load::Load;
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::Deserialize;
use time::Date;

use super::chefs;
use super::inputs::{self, BookingSummary, PartyInput};
use crate::Result;
use crate::customers::nullable;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Update a booking
///
/// Only what is given changes. A new party, menu or zone is priced anew by the present price book; the deposit stays as
/// it was. Use `reschedule-booking` for another time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateBooking {
    pub booking_id: BookingId,
    /// Who comes instead.
    #[serde(default)]
    pub party: Option<PartyInput>,
    /// The whole menu from now on.
    #[serde(default)]
    pub menu: Option<Vec<MenuChoice>>,
    /// Where the party is instead, with its postcode.
    #[serde(default)]
    pub address: Option<Pii<String>>,
    /// A zone of the tenant's; derived from a new address's postcode when absent.
    #[serde(default)]
    pub zone: Option<String>,
    /// The notes from now on; `null` removes them.
    #[serde(default, deserialize_with = "nullable")]
    pub notes: Option<Option<Pii<String>>>,
}

/// # Reschedule a booking
///
/// Moves the booking to another date and slot, with the same chef where possible, and tells the customer. The price
/// stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RescheduleBooking {
    pub booking_id: BookingId,
    /// `YYYY-MM-DD`, in the tenant's time zone.
    #[schemars(extend("format" = "date"))]
    pub date: String,
    /// One of the tenant's slots, `HH:MM`.
    #[schemars(regex(pattern = r"^\d{2}:\d{2}$"))]
    pub slot: String,
}

impl Input for UpdateBooking {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

impl Input for RescheduleBooking {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

pub async fn reschedule_booking(
    work: &mut Work,
    input: RescheduleBooking,
) -> Result<BookingSummary> {
    let mut booking = work.find::<Booking>(input.booking_id.as_str()).await?;
    let record = booking.state.require()?.clone();
    record.require_open()?;
    let mut problems = Problems::default();
    let (date, slot) = (
        ("/date", input.date.as_str()),
        ("/slot", input.slot.as_str()),
    );
    let read = inputs::read_time(&work.tenant().settings, &mut problems, date, slot);
    problems.finish()?;
    let Some((date, time)) = read else {
        return Err(event_store::error::Error::internal(
            "a problem that was not reported",
        ));
    };
    let same = (date, time.slot) == (record.date, record.slot);
    let held_chef_id = match same {
        true => record.held_chef_id.clone(),
        false => choose_chef(work, &record, &record.zone, (date, time)).await?,
    };
    let at = work.ctx.now;
    let reschedule = Reschedule {
        date,
        time,
        held_chef_id,
        at,
    };
    work.execute(&mut booking, BookingCommand::Reschedule(reschedule))
        .await?;
    BookingSummary::of(&booking)
}

pub async fn update_booking(work: &mut Work, input: UpdateBooking) -> Result<BookingSummary> {
    let mut booking = work.find::<Booking>(input.booking_id.as_str()).await?;
    let record = booking.state.require()?.clone();
    record.require_open()?;
    let key = work.subject(record.customer_id.as_str()).await?;
    let wishes = parse(work, &input, &record, &key)?;
    let held_chef_id = match &wishes.place {
        Some((_, zone)) if *zone != record.zone => Some(chef_for_zone(work, &record, zone).await?),
        _ => None,
    };
    let seal = |event: &str, field: &str, plain: &str| key.seal(event, field, plain);
    let address = match wishes.place {
        Some((address, zone)) => Some((seal("BookingAddressChanged", "address", &address)?, zone)),
        None => None,
    };
    let notes = match wishes.notes {
        Some(Some(notes)) => NotesChange::Replace(seal("BookingNotesChanged", "notes", &notes)?),
        Some(None) => NotesChange::Remove,
        None => NotesChange::Keep,
    };
    let update = Update {
        party: wishes.party,
        address,
        notes,
        price: wishes.price,
        held_chef_id,
    };
    work.execute(&mut booking, BookingCommand::Update(Box::new(update)))
        .await?;
    BookingSummary::of(&booking)
}

/// What really changes, parsed.
struct Wishes {
    party: Option<Party>,
    price: Option<Price>,
    place: Option<(String, ServiceZone)>,
    /// `Some(None)` removes them.
    notes: Option<Option<String>>,
}

fn parse(
    work: &Work,
    input: &UpdateBooking,
    record: &BookingRecord,
    key: &SubjectKey,
) -> Result<Wishes> {
    let mut problems = Problems::default();
    let party = input
        .party
        .as_ref()
        .and_then(|party| problems.check("/party", party.parse()));
    let place = read_place(work, input, record, key, &mut problems);
    let known_notes = record
        .notes
        .as_ref()
        .and_then(|notes| key.open("notes", notes));
    let notes = input.notes.as_ref().map(|notes| {
        let notes = notes
            .as_ref()
            .filter(|notes| !notes.expose().trim().is_empty());
        notes.and_then(|notes| problems.check("/notes", free_text(notes.expose(), MAX_NOTE_CHARS)))
    });
    let known_menu: Vec<MenuChoice> = record
        .menu
        .iter()
        .map(|item| MenuChoice {
            item: item.item.clone(),
            quantity: item.quantity,
        })
        .collect();
    let menu = input.menu.as_ref().filter(|menu| **menu != known_menu);
    let party = party.filter(|party| *party != record.party);
    let zone = place
        .as_ref()
        .map(|(_, zone)| zone)
        .filter(|zone| **zone != record.zone);
    let mut price = None;
    // The price that the customer saw stands until something that it depends on changes.
    if party.is_some() || menu.is_some() || zone.is_some() {
        let (party, menu) = (party.unwrap_or(record.party), menu.unwrap_or(&known_menu));
        let price_book = work.tenant().require_price_book()?;
        match price_book.price(
            party,
            menu,
            zone.unwrap_or(&record.zone),
            &record.total.currency,
        ) {
            Ok(new) => price = Some(new),
            Err(refusal) => inputs::add_all(&mut problems, "/menu", refusal),
        }
    }
    problems.finish()?;
    Ok(Wishes {
        party,
        price,
        place,
        notes: notes.filter(|notes| *notes != known_notes),
    })
}

/// The new address and zone, if either is new.
fn read_place(
    work: &Work,
    input: &UpdateBooking,
    record: &BookingRecord,
    key: &SubjectKey,
    problems: &mut Problems,
) -> Option<(String, ServiceZone)> {
    let known = key.open("address", &record.address).unwrap_or_default();
    let address = match &input.address {
        Some(address) => problems.check(
            "/address",
            bounded_text(address.expose(), MAX_ADDRESS_CHARS),
        )?,
        None => known.clone(),
    };
    let settings = &work.tenant().settings;
    let zone = match (&input.zone, &input.address) {
        (None, None) => return None,
        (Some(zone), _) => inputs::read_zone(settings, problems, "/zone", (Some(zone), &address))?,
        (None, Some(_)) if address == known => record.zone.clone(),
        (None, Some(_)) => inputs::read_zone(settings, problems, "/zone", (None, &address))?,
    };
    ((&address, &zone) != (&known, &record.zone)).then_some((address, zone))
}

/// The chef to hold when the party moves to `zone`: the one held, if that one serves it too.
async fn chef_for_zone(
    work: &mut Work,
    record: &BookingRecord,
    zone: &ServiceZone,
) -> Result<ChefId> {
    let held = work.find::<Chef>(record.held_chef_id.as_str()).await?;
    if held.state.serves(zone) {
        return Ok(record.held_chef_id.clone());
    }
    if record.chef_id.is_some() {
        let detail =
            format!("the chef who is assigned does not serve {zone}; assign one who does first");
        let mut free = chefs::alternative_chefs(work, record).await?;
        let serving: Vec<String> = chefs::serving(work, zone)
            .await?
            .into_iter()
            .map(|chef| chef.id)
            .collect();
        free.retain(|chef| serving.iter().any(|id| chef["chef_id"] == id.as_str()));
        for chef in &mut free {
            chef["first"] = "assign-chef".into();
        }
        let refusal = Refusal::conflict("chef-zone-mismatch", detail);
        return Err(refusal.with_alternatives(free).into());
    }
    let time = SlotTime {
        slot: record.slot,
        starts_at: record.starts_at,
        ends_at: record.ends_at,
    };
    choose_chef(work, record, zone, (record.date, time)).await
}

/// A free chef for another time or zone, the one held so far first.
async fn choose_chef(
    work: &mut Work,
    record: &BookingRecord,
    zone: &ServiceZone,
    (date, time): (Date, SlotTime),
) -> Result<ChefId> {
    let mut serving: Vec<Loaded<Chef>> = chefs::serving(work, zone).await?;
    serving.sort_by_key(|chef| chef.id != record.held_chef_id.as_str());
    if let Some(chef_id) = chefs::find_free_now(work, &serving, (date, time.slot)).await? {
        return Ok(chef_id);
    }
    Err(chefs::refuse_slot(work, &serving, zone, (date, time))
        .await?
        .into())
}
