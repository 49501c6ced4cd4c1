//! Commands about bookings.

mod cancellation;
mod changes;
mod chefs;
pub mod creation;
pub(crate) mod inputs;
pub(crate) mod late;
mod links;
mod steps;

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::noun::Noun;
use event_store::load::Load;
use identity::permissions::Permission;

use crate::Result;
use crate::command;
use crate::kept::check_if_match;
use crate::registry::{Command, Risk};
use crate::work::{Loaded, Work};

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    let mut all = vec![
        command!(
            "create-booking",
            creation::create_booking,
            creation::CreateBooking,
            Permission::BookingsWrite,
            Risk::Outward
        ),
        command!(
            "update-booking",
            changes::update_booking,
            changes::UpdateBooking,
            Permission::BookingsWrite,
            Risk::Write
        ),
        command!(
            "confirm-booking",
            steps::confirm_booking,
            steps::ConfirmBooking,
            Permission::BookingsWrite,
            Risk::Write
        ),
        command!(
            "reschedule-booking",
            changes::reschedule_booking,
            changes::RescheduleBooking,
            Permission::BookingsWrite,
            Risk::Outward
        ),
        command!(
            "assign-chef",
            steps::assign_chef,
            steps::AssignChef,
            Permission::BookingsWrite,
            Risk::Write
        ),
        command!(
            "cancel-booking",
            cancellation::cancel_booking,
            cancellation::CancelBooking,
            Permission::BookingsCancel,
            Risk::Destructive
        ),
        command!(
            "complete-booking",
            steps::complete_booking,
            steps::CompleteBooking,
            Permission::BookingsWrite,
            Risk::Write
        ),
        command!(
            "mark-no-show",
            steps::mark_no_show,
            steps::MarkNoShow,
            Permission::BookingsCancel,
            Risk::Write
        ),
    ];
    all.extend(links::commands());
    all
}

/// Lets `loaded` answer the command although another aggregate is executed first, so that events stand in the order in
/// which they make sense.
pub(crate) fn answer_as<N: Noun>(work: &mut Work, loaded: &Loaded<N>) -> Result<()> {
    check_if_match(&work.ctx, loaded.sequence)?;
    work.decided = Some((N::TYPE, loaded.id.clone(), loaded.sequence));
    Ok(())
}

fn load_of(booking_id: &str) -> Load {
    Load {
        streams: vec![(Booking::TYPE, booking_id.to_owned(), 0)],
        ..Load::default()
    }
}
