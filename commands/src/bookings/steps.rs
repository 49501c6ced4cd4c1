//! The plain steps of a booking: confirm, assign a chef, complete, note that nobody was there.

use domain::bookings::Booking;
use domain::bookings::commands::BookingCommand;
use domain::chefs::{Chef, SLOT_SCOPE, slot_claim};
use domain::ids::{BookingId, ChefId};
use domain::refusal::Refusal;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::chefs;
use super::inputs::BookingSummary;
use super::links::step;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Confirm a booking
///
/// Confirms a booking by cash or invoice without money. One that waits for its deposit is confirmed by payment.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmBooking {
    pub booking_id: BookingId,
}

/// # Assign a chef
///
/// Names the chef who comes. Where that chef is held provisionally for another booking, the two swap.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignChef {
    pub booking_id: BookingId,
    pub chef_id: ChefId,
}

/// # Complete a booking
///
/// The party took place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteBooking {
    pub booking_id: BookingId,
}

/// # Mark as a no-show
///
/// The chef came and nobody was there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkNoShow {
    pub booking_id: BookingId,
}

impl Input for ConfirmBooking {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

impl Input for AssignChef {
    fn wanted(&self, _: &Facts) -> Load {
        use cqrs_es::Aggregate;
        let chef = (Chef::TYPE, self.chef_id.to_string(), 0);
        let mut load = super::load_of(self.booking_id.as_str());
        load.streams.push(chef);
        load
    }
}

impl Input for CompleteBooking {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

impl Input for MarkNoShow {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.booking_id.as_str())
    }
}

pub async fn confirm_booking(work: &mut Work, input: ConfirmBooking) -> Result<BookingSummary> {
    step(work, &input.booking_id, BookingCommand::Confirm).await
}

pub async fn complete_booking(work: &mut Work, input: CompleteBooking) -> Result<BookingSummary> {
    let at = work.ctx.now;
    step(work, &input.booking_id, BookingCommand::Complete { at }).await
}

pub async fn mark_no_show(work: &mut Work, input: MarkNoShow) -> Result<BookingSummary> {
    let at = work.ctx.now;
    step(work, &input.booking_id, BookingCommand::MarkNoShow { at }).await
}

pub async fn assign_chef(work: &mut Work, input: AssignChef) -> Result<BookingSummary> {
    let mut booking = work.find::<Booking>(input.booking_id.as_str()).await?;
    let chef = work.find::<Chef>(input.chef_id.as_str()).await?;
    let record = booking.state.require()?.clone();
    let assign = BookingCommand::AssignChef {
        chef_id: input.chef_id.clone(),
    };
    if record.held_chef_id == input.chef_id || !record.status.is_open() {
        work.execute(&mut booking, assign).await?;
        return BookingSummary::of(&booking);
    }
    let party_minutes = work.tenant().settings.party_minutes;
    if !chef.state.serves(&record.zone)
        || !chef.state.works(record.date, record.slot, party_minutes)
    {
        let detail = format!(
            "the chef does not work in {} on {} at {}",
            record.zone, record.date, record.slot
        );
        let free = chefs::alternative_chefs(work, &record).await?;
        let refusal = Refusal::conflict("chef-unavailable", detail);
        return Err(refusal.with_alternatives(free).into());
    }
    let claim = slot_claim(&input.chef_id, record.date, record.slot);
    let holder = work
        .find_claim(SLOT_SCOPE, &claim)
        .await?
        .filter(|holder| *holder != booking.id);
    work.execute(&mut booking, assign).await?;
    if let Some(holder) = holder {
        give_way(work, &holder, &record.held_chef_id).await?;
    }
    BookingSummary::of(&booking)
}

/// The booking that holds the chef provisionally takes the chef who has just become free, or another one.
async fn give_way(work: &mut Work, holder: &str, freed: &ChefId) -> Result<()> {
    let taken = |detail: &str| Refusal::conflict("chef-unavailable", detail);
    let mut other = work.load::<Booking>(holder).await?;
    let record = match &other.state.record {
        Some(record) if record.chef_id.is_none() && record.status.is_open() => record.clone(),
        Some(_) => {
            let booked = json!({ "booking_id": holder });
            return Err(taken("the chef is assigned to another booking then")
                .with_alternatives(vec![booked])
                .into());
        }
        None => return Err(taken("the chef is off then").into()),
    };
    let freed_chef = work.find::<Chef>(freed.as_str()).await?;
    let party_minutes = work.tenant().settings.party_minutes;
    let fits = freed_chef.state.serves(&record.zone)
        && freed_chef
            .state
            .works(record.date, record.slot, party_minutes);
    let replacement = match fits {
        true => Some(freed.clone()),
        false => {
            let serving: Vec<Loaded<Chef>> = chefs::serving(work, &record.zone).await?;
            chefs::find_free_now(work, &serving, (record.date, record.slot)).await?
        }
    };
    let Some(chef_id) = replacement else {
        let booked = json!({ "booking_id": holder });
        let refusal = taken("the chef is held for another booking that nobody else can take");
        return Err(refusal.with_alternatives(vec![booked]).into());
    };
    work.execute(&mut other, BookingCommand::HoldChef { chef_id })
        .await
}
