//! When a booking may be made, changed, paid, ended. Asking again for what is so already leads to no events.

use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::commands::{
    BookingCommand, CancelBooking, CreateBooking, NotesChange, RescheduleBooking, UpdateBooking,
};
use super::events::{
    BookingCancelled, BookingCreated, BookingEvent, BookingRescheduled, CheckoutLink,
    ConfirmationCause,
};
use super::{
    Announcement, Booking, BookingRecord, CLOCK_TOLERANCE_SECONDS, CheckoutStanding,
    MAX_DAYS_AHEAD, MIN_CHECKOUT_NOTICE_MINUTES, PaymentPreference, Status,
};
use crate::ids::ChefId;
use crate::refusal::Refusal;

type Decision = Result<Vec<BookingEvent>, Refusal>;

impl Booking {
    /// The events that `command` leads to; none when all is as asked already, or when a timer comes too late.
    pub fn decide(&self, command: BookingCommand) -> Decision {
        if let BookingCommand::Create(create) = command {
            if self.record.is_some() {
                return Err(Refusal::conflict(
                    "booking-exists",
                    "the booking exists already",
                ));
            }
            return create_booking(*create);
        }
        let booking = self.require()?;
        match command {
            BookingCommand::Update(update) => booking.update(*update),
            BookingCommand::Confirm => booking.confirm(),
            BookingCommand::Reschedule(reschedule) => booking.reschedule(reschedule),
            BookingCommand::AssignChef { chef_id } => booking.assign_chef(chef_id),
            BookingCommand::HoldChef { chef_id } => booking.hold_chef(chef_id),
            BookingCommand::Cancel(cancel) => booking.cancel(cancel),
            BookingCommand::Complete { at } => {
                booking.end(Status::Completed, BookingEvent::BookingCompleted {}, at)
            }
            BookingCommand::MarkNoShow { at } => {
                booking.end(Status::NoShow, BookingEvent::BookingNoShow {}, at)
            }
            BookingCommand::Expire { at } => Ok(booking.expire(at)),
            BookingCommand::AttachCheckoutLink(link) => Ok(booking.attach_checkout_link(link)),
            BookingCommand::NoteCheckoutExpired { session_id } => {
                Ok(booking.note_checkout_expired(session_id))
            }
            BookingCommand::AnnounceWithoutLink => Ok(booking.announce_without_link()),
            BookingCommand::ReceivePayment(receive) => booking.receive_payment(receive),
            BookingCommand::UnlinkPayment { payment_id } => Ok(booking.unlink_payment(payment_id)),
            BookingCommand::NoteRefund {
                payment_id,
                refund_id,
                amount,
            } => Ok(booking.note_refund(payment_id, refund_id, amount)),
            // Answered above.
            BookingCommand::Create(_) => Ok(Vec::new()),
        }
    }
}

fn create_booking(create: CreateBooking) -> Decision {
    check_start(create.time.starts_at, create.at)?;
    let by_checkout = create.payment_preference == PaymentPreference::StripeCheckout;
    // Without a deposit there is nothing to wait for.
    let held = by_checkout && create.price.deposit.amount_minor > 0;
    if held && create.time.starts_at - create.at < Duration::minutes(MIN_CHECKOUT_NOTICE_MINUTES) {
        let detail = format!(
            "a party that is paid online starts in {MIN_CHECKOUT_NOTICE_MINUTES} minutes at the earliest"
        );
        let without = ["invoice", "cash"].map(|way| json!({ "payment_preference": way }));
        return Err(Refusal::conflict("booking-too-soon", detail).with_alternatives(without.into()));
    }
    let hold_until = create.at + Duration::hours(i64::from(create.hold_hours));
    let created = BookingCreated {
        customer_id: create.customer_id,
        source: create.source,
        status: if held {
            Status::DepositPending
        } else {
            Status::New
        },
        date: create.date,
        slot: create.time.slot,
        starts_at: create.time.starts_at,
        ends_at: create.time.ends_at,
        zone: create.zone,
        address: create.address,
        party: create.party,
        menu: create.price.menu,
        notes: create.notes,
        price: create.price.lines,
        total: create.price.total,
        deposit: create.price.deposit,
        payment_preference: create.payment_preference,
        held_chef_id: create.held_chef_id,
        hold_until: held.then(|| hold_until.min(create.time.starts_at)),
        channel_thread_id: create.channel_thread_id,
        metadata: create.metadata,
        created_at: create.at,
    };
    Ok(vec![BookingEvent::BookingCreated(Box::new(created))])
}

/// Refuses a start that is past or too far ahead.
fn check_start(starts_at: OffsetDateTime, at: OffsetDateTime) -> Result<(), Refusal> {
    if starts_at <= at {
        let detail = "the party would have started already";
        let later = json!({ "after": written(at) });
        return Err(Refusal::invalid("booking-date-past", detail).with_alternatives(vec![later]));
    }
    if starts_at - at > Duration::days(MAX_DAYS_AHEAD) {
        let detail = format!("a party is booked at most {MAX_DAYS_AHEAD} days ahead");
        let latest = json!({ "until": written(at + Duration::days(MAX_DAYS_AHEAD)) });
        return Err(
            Refusal::invalid("booking-date-too-far", detail).with_alternatives(vec![latest])
        );
    }
    Ok(())
}

fn written(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

impl BookingRecord {
    /// Refuses to change what has ended, by the way it ended.
    pub fn require_open(&self) -> Result<(), Refusal> {
        let (code, detail) = match self.status {
            Status::DepositPending | Status::New | Status::Confirmed => return Ok(()),
            Status::Completed => ("booking-completed", "the booking is completed"),
            Status::Cancelled => ("booking-cancelled", "the booking is cancelled"),
            Status::Expired => (
                "booking-expired",
                "the booking expired because its deposit was not paid in time",
            ),
            Status::NoShow => ("booking-no-show", "nobody was there for the booking"),
        };
        Err(Refusal::conflict(code, detail))
    }

    fn update(&self, update: UpdateBooking) -> Decision {
        self.require_open()?;
        let mut events = Vec::new();
        let party = update.party.filter(|party| *party != self.party);
        events.extend(party.map(|party| BookingEvent::BookingPartyChanged { party }));
        if let Some(price) = &update.price
            && price.menu != self.menu
        {
            events.push(BookingEvent::BookingMenuChanged {
                menu: price.menu.clone(),
            });
        }
        events.extend(
            update
                .address
                .map(|(address, zone)| BookingEvent::BookingAddressChanged { address, zone }),
        );
        match update.notes {
            NotesChange::Keep => {}
            NotesChange::Replace(notes) => {
                events.push(BookingEvent::BookingNotesChanged { notes: Some(notes) })
            }
            NotesChange::Remove if self.notes.is_none() => {}
            NotesChange::Remove => events.push(BookingEvent::BookingNotesChanged { notes: None }),
        }
        if let Some(price) = update.price
            && (price.total != self.total || price.lines != self.price)
        {
            // The payment page is open for the deposit as it was; it is never changed under the customer.
            if price.total.amount_minor < self.deposit.amount_minor {
                let detail = format!(
                    "the total would fall to {}, below the deposit of {}",
                    price.total, self.deposit
                );
                return Err(Refusal::conflict("booking-total-below-deposit", detail));
            }
            events.push(BookingEvent::BookingRepriced {
                price: price.lines,
                total: price.total,
            });
        }
        let held = update
            .held_chef_id
            .filter(|held_chef_id| *held_chef_id != self.held_chef_id);
        events.extend(held.map(|held_chef_id| BookingEvent::HeldChefChanged { held_chef_id }));
        Ok(events)
    }

    fn confirm(&self) -> Decision {
        if self.status == Status::Confirmed {
            return Ok(Vec::new());
        }
        self.require_open()?;
        if self.status == Status::DepositPending {
            let detail = format!(
                "the deposit of {} is not paid; mark it as paid or wait for it",
                self.deposit_due()
            );
            let due = self.deposit_due();
            let paid = json!({ "first": "mark-paid", "amount_minor": due.amount_minor });
            return Err(
                Refusal::conflict("booking-deposit-unpaid", detail).with_alternatives(vec![paid])
            );
        }
        Ok(vec![BookingEvent::BookingConfirmed {
            cause: ConfirmationCause::ConfirmedByHand,
        }])
    }

    fn reschedule(&self, reschedule: RescheduleBooking) -> Decision {
        self.require_open()?;
        let RescheduleBooking {
            date,
            time,
            held_chef_id,
            at,
        } = reschedule;
        if (date, time.slot) == (self.date, self.slot) {
            return Ok(Vec::new());
        }
        check_start(time.starts_at, at)?;
        let moved = BookingRescheduled {
            date,
            slot: time.slot,
            starts_at: time.starts_at,
            ends_at: time.ends_at,
            held_chef_id,
            previous_date: self.date,
            previous_slot: self.slot,
            hold_until: self
                .hold_until
                .map(|hold_until| hold_until.min(time.starts_at)),
        };
        Ok(vec![BookingEvent::BookingRescheduled(Box::new(moved))])
    }

    fn assign_chef(&self, chef_id: ChefId) -> Decision {
        self.require_open()?;
        if self.chef_id.as_ref() == Some(&chef_id) {
            return Ok(Vec::new());
        }
        Ok(vec![BookingEvent::ChefAssigned {
            chef_id,
            previous_chef_id: self.chef_id.clone(),
        }])
    }

    fn hold_chef(&self, chef_id: ChefId) -> Decision {
        self.require_open()?;
        if self.held_chef_id == chef_id {
            return Ok(Vec::new());
        }
        if self.chef_id.is_some() {
            let detail = "a chef is assigned to the booking; assign another one instead";
            return Err(Refusal::conflict("booking-chef-assigned", detail));
        }
        Ok(vec![BookingEvent::HeldChefChanged {
            held_chef_id: chef_id,
        }])
    }

    fn cancel(&self, cancel: CancelBooking) -> Decision {
        if self.status == Status::Cancelled {
            return Ok(Vec::new());
        }
        self.require_open()?;
        let stranger = cancel
            .refunds
            .iter()
            .find(|refund| !self.payments.contains_key(&refund.payment_id));
        if let Some(stranger) = stranger {
            let detail = format!(
                "payment {} does not belong to the booking",
                stranger.payment_id
            );
            return Err(Refusal::conflict("payment-not-matched", detail));
        }
        let cancelled = BookingCancelled {
            reason: cancel.reason,
            refund_percent: cancel.refund_percent,
            refunds: cancel.refunds,
            cancelled_at: cancel.at,
        };
        Ok(vec![BookingEvent::BookingCancelled(Box::new(cancelled))])
    }

    fn end(&self, status: Status, event: BookingEvent, at: OffsetDateTime) -> Decision {
        if self.status == status {
            return Ok(Vec::new());
        }
        self.require_open()?;
        if self.status != Status::Confirmed {
            let detail = "only a confirmed booking can take place";
            let confirm = json!({ "first": "confirm-booking" });
            return Err(
                Refusal::conflict("booking-not-confirmed", detail).with_alternatives(vec![confirm])
            );
        }
        if at < self.starts_at {
            let detail = "the party has not started yet";
            let then = json!({ "again_at": written(self.starts_at) });
            return Err(
                Refusal::conflict("booking-not-started", detail).with_alternatives(vec![then])
            );
        }
        Ok(vec![event])
    }

    fn expire(&self, at: OffsetDateTime) -> Vec<BookingEvent> {
        let clock = at + Duration::seconds(CLOCK_TOLERANCE_SECONDS);
        let due = self.status == Status::DepositPending
            && self.hold_until.is_none_or(|hold_until| clock >= hold_until);
        due.then_some(BookingEvent::BookingExpired {})
            .into_iter()
            .collect()
    }

    fn attach_checkout_link(&self, link: CheckoutLink) -> Vec<BookingEvent> {
        let known = self
            .checkout
            .as_ref()
            .is_some_and(|checkout| checkout.link.session_id == link.session_id);
        (!known)
            .then_some(BookingEvent::CheckoutLinkCreated(link))
            .into_iter()
            .collect()
    }

    fn note_checkout_expired(&self, session_id: String) -> Vec<BookingEvent> {
        let open = self.checkout.as_ref().is_some_and(|checkout| {
            checkout.standing == CheckoutStanding::Open && checkout.link.session_id == session_id
        });
        open.then_some(BookingEvent::CheckoutLinkExpired { session_id })
            .into_iter()
            .collect()
    }

    fn announce_without_link(&self) -> Vec<BookingEvent> {
        let silent = self.status == Status::DepositPending
            && self.checkout.is_none()
            && self.announced_without_link == Announcement::NotMade;
        silent
            .then_some(BookingEvent::BookingAnnouncedWithoutLink {})
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests;
