//! Money that comes for a booking which has ended: is its slot free still?

use domain::bookings::commands::LatePayment;
use domain::bookings::{Booking, Status};

use super::chefs;
use crate::Result;
use crate::work::{Loaded, Work};

/// What to do with a payment for `booking` should it have ended: take the slot again, with the chef who was held if
/// possible; else flag it.
pub async fn late_payment(work: &mut Work, booking: &Loaded<Booking>) -> Result<LatePayment> {
    let record = booking.state.require()?;
    if !matches!(record.status, Status::Cancelled | Status::Expired)
        || record.starts_at <= work.ctx.now
    {
        return Ok(LatePayment::Flag);
    }
    let time = (record.date, record.slot);
    let mut serving = chefs::serving(work, &record.zone).await?;
    serving.sort_by_key(|chef| chef.id != record.held_chef_id.as_str());
    let free = chefs::find_free_now(work, &serving, time).await?;
    Ok(free.map_or(LatePayment::Flag, LatePayment::Retake))
}
