//! How each event changes what is known of a booking.

use super::events::{BookingCreated, BookingEvent, BookingRescheduled, ConfirmationCause};
use super::{Announcement, Booking, BookingRecord, Checkout, CheckoutStanding, PaidSoFar, Status};

/// Applies one event. All but the first change a record that is there.
pub(super) fn apply(booking: &mut Booking, event: BookingEvent) {
    match (booking.record.as_deref_mut(), event) {
        (_, BookingEvent::BookingCreated(created)) => {
            booking.record = Some(Box::new(record(*created)))
        }
        (Some(record), event) => change(record, event),
        (None, _) => {}
    }
}

fn change(record: &mut BookingRecord, event: BookingEvent) {
    match event {
        BookingEvent::CheckoutLinkCreated(link) => {
            record.checkout = Some(Checkout {
                link,
                standing: CheckoutStanding::Open,
            });
        }
        BookingEvent::CheckoutLinkExpired { .. } => close_checkout(record),
        BookingEvent::BookingAnnouncedWithoutLink {} => {
            record.announced_without_link = Announcement::Made
        }
        BookingEvent::BookingPartyChanged { party } => record.party = party,
        BookingEvent::BookingMenuChanged { menu } => record.menu = menu,
        BookingEvent::BookingAddressChanged { address, zone } => {
            (record.address, record.zone) = (address, zone)
        }
        BookingEvent::BookingNotesChanged { notes } => record.notes = notes,
        BookingEvent::BookingRepriced { price, total } => {
            (record.price, record.total) = (price, total)
        }
        BookingEvent::BookingRescheduled(moved) => reschedule(record, *moved),
        BookingEvent::ChefAssigned { chef_id, .. } => {
            record.held_chef_id = chef_id.clone();
            record.chef_id = Some(chef_id);
        }
        BookingEvent::HeldChefChanged { held_chef_id }
        | BookingEvent::BookingSlotRetaken { held_chef_id } => {
            // An assignment belongs to the chef who was meant; another one has to be named anew.
            record.chef_id = record
                .chef_id
                .take()
                .filter(|chef_id| *chef_id == held_chef_id);
            record.held_chef_id = held_chef_id;
        }
        BookingEvent::BookingConfirmed { cause } => {
            record.status = Status::Confirmed;
            record.hold_until = None;
            // Paid on the page: the provider has closed it.
            if cause == ConfirmationCause::DepositPaid {
                close_checkout(record);
            }
        }
        BookingEvent::BookingCancelled(cancelled) => {
            record.status = Status::Cancelled;
            record.refund_percent = Some(cancelled.refund_percent);
            record.cancellation_reason = Some(cancelled.reason);
        }
        BookingEvent::BookingExpired {} => record.status = Status::Expired,
        BookingEvent::BookingCompleted {} => record.status = Status::Completed,
        BookingEvent::BookingNoShow {} => record.status = Status::NoShow,
        BookingEvent::BookingPaymentReceived { .. }
        | BookingEvent::BookingPaymentUnlinked { .. }
        | BookingEvent::BookingRefunded { .. }
        | BookingEvent::LatePaymentFlagged { .. } => change_money(record, event),
        BookingEvent::BookingCreated(_) => {}
    }
}

fn change_money(record: &mut BookingRecord, event: BookingEvent) {
    match event {
        BookingEvent::BookingPaymentReceived { payment_id, amount } => {
            let paid = PaidSoFar {
                received_minor: amount.amount_minor,
                ..PaidSoFar::default()
            };
            record.payments.insert(payment_id, paid);
        }
        BookingEvent::BookingPaymentUnlinked { payment_id } => {
            record.payments.remove(&payment_id);
            record.late_payments.remove(&payment_id);
        }
        BookingEvent::BookingRefunded {
            payment_id,
            refund_id,
            amount,
        } => {
            if let Some(paid) = record.payments.get_mut(&payment_id) {
                paid.refunded_minor += amount.amount_minor;
                paid.refund_ids.push(refund_id);
            }
        }
        BookingEvent::LatePaymentFlagged { payment_id, amount } => {
            record.late_payments.insert(payment_id, amount);
        }
        _ => {}
    }
}

fn close_checkout(record: &mut BookingRecord) {
    if let Some(checkout) = &mut record.checkout {
        checkout.standing = CheckoutStanding::Closed;
    }
}

fn reschedule(record: &mut BookingRecord, moved: BookingRescheduled) {
    record.date = moved.date;
    record.slot = moved.slot;
    record.starts_at = moved.starts_at;
    record.ends_at = moved.ends_at;
    record.hold_until = moved.hold_until;
    record.chef_id = record
        .chef_id
        .take()
        .filter(|chef_id| *chef_id == moved.held_chef_id);
    record.held_chef_id = moved.held_chef_id;
}

fn record(created: BookingCreated) -> BookingRecord {
    BookingRecord {
        customer_id: created.customer_id,
        source: created.source,
        status: created.status,
        date: created.date,
        slot: created.slot,
        starts_at: created.starts_at,
        ends_at: created.ends_at,
        zone: created.zone,
        address: created.address,
        party: created.party,
        menu: created.menu,
        notes: created.notes,
        price: created.price,
        total: created.total,
        deposit: created.deposit,
        payment_preference: created.payment_preference,
        held_chef_id: created.held_chef_id,
        chef_id: None,
        hold_until: created.hold_until,
        channel_thread_id: created.channel_thread_id,
        metadata: created.metadata,
        created_at: created.created_at,
        checkout: None,
        announced_without_link: Announcement::NotMade,
        payments: Default::default(),
        late_payments: Default::default(),
        refund_percent: None,
        cancellation_reason: None,
    }
}
