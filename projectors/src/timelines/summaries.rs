//! One line in words for each event. Nothing personal: dates, numbers, amounts and names of states only.

use domain::bookings::events::BookingEvent;
use domain::conversations::events::ConversationEvent;
use domain::customers::consents::Purpose;
use domain::customers::events::CustomerEvent;
use domain::payments::events::PaymentEvent;
use serde::Serialize;

use crate::fold::wire;

pub(super) fn of_customer(event: &CustomerEvent) -> String {
    match event {
        CustomerEvent::LeadCreated {
            source, channel, ..
        } => format!("Lead from {} ({channel})", word(source)),
        CustomerEvent::CustomerCorrected { .. } => "Details corrected".to_owned(),
        CustomerEvent::ConsentGranted {
            channel, purpose, ..
        } => {
            format!("Consent to {} by {} granted", word(purpose), word(channel))
        }
        CustomerEvent::ConsentWithdrawn {
            channel, purpose, ..
        } => {
            format!(
                "Consent to {} by {} withdrawn",
                word(purpose),
                word(channel)
            )
        }
        CustomerEvent::ChannelSuspended(suspension) => {
            format!("Cannot be reached by {}", word(&suspension.channel))
        }
        CustomerEvent::NoteAdded { .. } => "Note added".to_owned(),
        CustomerEvent::CustomerTagged { tag } => format!("Tagged {tag}"),
        CustomerEvent::CustomerArchived { .. } => "Archived".to_owned(),
        CustomerEvent::CustomerUnarchived { .. } => "Brought back from the archive".to_owned(),
        CustomerEvent::CustomerUntagged { tag } => format!("Tag {tag} removed"),
        CustomerEvent::CustomersMerged { .. } => {
            "Another customer was merged into this one".to_owned()
        }
        CustomerEvent::CustomerMergedAway { .. } => "Merged into another customer".to_owned(),
        CustomerEvent::CustomersUnmerged { .. } => {
            "A merged customer was taken out again".to_owned()
        }
        CustomerEvent::CustomerRestored { .. } => "Taken out of the merge".to_owned(),
        CustomerEvent::SubjectRestricted { .. } => "Personal data restricted".to_owned(),
        CustomerEvent::RestrictionLifted { .. } => "Restriction lifted".to_owned(),
        CustomerEvent::ErasureRequested { due, .. } => {
            format!("Erasure requested, due on {}", due.date())
        }
        CustomerEvent::ErasureCancelled { .. } => "Erasure cancelled".to_owned(),
        CustomerEvent::SubjectErased { .. } => "Personal data erased".to_owned(),
        CustomerEvent::SubjectHeld { ground, .. } => {
            format!("Held against erasure: {}", word(ground))
        }
        CustomerEvent::SubjectReleased { .. } => "Hold released".to_owned(),
        CustomerEvent::SubjectExported { .. } => "Personal data exported".to_owned(),
    }
}

pub(super) fn of_booking(event: &BookingEvent) -> String {
    match event {
        BookingEvent::BookingCreated(created) => {
            let guests = created.party.guests();
            format!(
                "Booked {} at {} • {guests} guests • {}",
                created.date, created.slot, created.total
            )
        }
        BookingEvent::CheckoutLinkCreated(_) => "Payment page opened".to_owned(),
        BookingEvent::CheckoutLinkExpired { .. } => "Payment page closed unpaid".to_owned(),
        BookingEvent::BookingAnnouncedWithoutLink {} => {
            "Told that the payment link follows".to_owned()
        }
        BookingEvent::BookingPaymentReceived { amount, .. } => format!("Paid {amount}"),
        BookingEvent::BookingPaymentUnlinked { .. } => {
            "A payment turned out to belong elsewhere".to_owned()
        }
        BookingEvent::BookingRefunded { amount, .. } => format!("Booking: {amount} given back"),
        BookingEvent::BookingConfirmed { .. } => "Booking confirmed".to_owned(),
        BookingEvent::BookingPartyChanged { party } => {
            format!(
                "Party changed to {} adults and {} kids",
                party.adults, party.kids
            )
        }
        BookingEvent::BookingMenuChanged { .. } => "Menu changed".to_owned(),
        BookingEvent::BookingAddressChanged { zone, .. } => format!("Address changed, in {zone}"),
        BookingEvent::BookingNotesChanged { .. } => "Booking notes changed".to_owned(),
        BookingEvent::BookingRepriced { total, .. } => format!("New total {total}"),
        BookingEvent::BookingRescheduled(moved) => {
            let (from_date, from_slot) = (moved.previous_date, moved.previous_slot);
            format!(
                "Rescheduled from {from_date} at {from_slot} to {} at {}",
                moved.date, moved.slot
            )
        }
        BookingEvent::ChefAssigned { .. } => "Chef assigned".to_owned(),
        BookingEvent::HeldChefChanged { .. } => "Another chef is held".to_owned(),
        BookingEvent::BookingCancelled(cancelled) => {
            format!(
                "Booking cancelled, {} % given back by policy",
                cancelled.refund_percent
            )
        }
        BookingEvent::BookingExpired { .. } => "Booking expired unpaid".to_owned(),
        BookingEvent::BookingSlotRetaken { .. } => {
            "Paid late; the slot was free and is held again".to_owned()
        }
        BookingEvent::LatePaymentFlagged { amount, .. } => {
            format!("Paid {amount} too late; it goes back")
        }
        BookingEvent::BookingCompleted {} => "Booking completed".to_owned(),
        BookingEvent::BookingNoShow {} => "Nobody was there".to_owned(),
    }
}

/// None for what is a matter of the thread alone, such as who has read it.
pub(super) fn of_conversation(event: &ConversationEvent) -> Option<String> {
    Some(match event {
        ConversationEvent::ThreadOpened(opened) => {
            format!("Conversation by {} begun", word(&opened.channel))
        }
        ConversationEvent::MessageReceived(_) => "Wrote to us".to_owned(),
        ConversationEvent::MessageSent(sent) => match sent.purpose {
            Purpose::Transactional => "We wrote".to_owned(),
            Purpose::Marketing => "We wrote, for marketing".to_owned(),
        },
        ConversationEvent::MessageFailed { failure, .. } => {
            format!("A message was not delivered: {}", word(&failure.reason))
        }
        ConversationEvent::ThreadClosed { .. } => "Conversation closed".to_owned(),
        ConversationEvent::ThreadReopened { .. } => "Conversation opened again".to_owned(),
        ConversationEvent::ThreadMoved { .. } => {
            "A conversation turned out to be this customer's".to_owned()
        }
        ConversationEvent::ThreadClaimed { .. } => {
            "The visitor says to be somebody known".to_owned()
        }
        ConversationEvent::ThreadsMerged(_) => "Two conversations became one".to_owned(),
        ConversationEvent::ThreadOptedOut { .. } => "Stopped our messages".to_owned(),
        ConversationEvent::ThreadOptedIn { .. } => "Wants our messages again".to_owned(),
        ConversationEvent::ThreadRestricted {} => "Conversation restricted".to_owned(),
        ConversationEvent::ThreadRestrictionLifted { .. } => {
            "Conversation readable again".to_owned()
        }
        ConversationEvent::ThreadErased {} => "Conversation erased".to_owned(),
        ConversationEvent::MessageAccepted { .. }
        | ConversationEvent::MessageDelivered { .. }
        | ConversationEvent::MessageRead { .. }
        | ConversationEvent::MessageHeld { .. }
        | ConversationEvent::ThreadAssigned { .. }
        | ConversationEvent::ThreadUnassigned {}
        | ConversationEvent::ThreadSnoozed { .. }
        | ConversationEvent::ThreadMarkedRead {}
        | ConversationEvent::ThreadMergedAway { .. }
        | ConversationEvent::AiModeSet { .. }
        | ConversationEvent::ThreadNoteAdded { .. } => return None,
    })
}

pub(super) fn of_payment(event: &PaymentEvent) -> String {
    match event {
        PaymentEvent::PaymentReceived(received) => {
            format!(
                "Payment of {} received by {}",
                received.amount, received.provider
            )
        }
        PaymentEvent::PaymentMatched { why, .. } => {
            format!("Payment matched to the booking ({})", word(why))
        }
        PaymentEvent::PaymentUnlinked { .. } => "Payment taken off the booking".to_owned(),
        PaymentEvent::RefundRequested { amount, .. } => format!("Refund of {amount} requested"),
        PaymentEvent::PaymentRefunded { amount, .. } => format!("Refund of {amount} paid out"),
        PaymentEvent::RefundFailed { amount, .. } => format!("Refund of {amount} failed"),
        PaymentEvent::PaymentDisputed { amount, .. } => format!("Payment of {amount} disputed"),
        PaymentEvent::PaymentFlagged { flag } => format!("Payment flagged: {}", word(flag)),
    }
}

/// A closed value in words.
fn word(value: &impl Serialize) -> String {
    wire(value).unwrap_or_default().replace('_', " ")
}
