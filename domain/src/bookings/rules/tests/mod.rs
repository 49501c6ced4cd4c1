//! What a booking does, told as given events, a command, and the events or the refusal that follow.

mod changes;
mod creation;
mod money;

use super::*;
use crate::bookings::commands::{LatePayment, ReceivePayment};
use crate::bookings::events::PlannedRefund;
use crate::chefs::SLOT_SCOPE;
use crate::customers::consents::Source;
use crate::effects::{Call, EmailTemplate, Timer};
use crate::ids::{CustomerId, PaymentId};
use crate::money::{Currency, Money};
use crate::noun::{Key, Noun};
use crate::sealed::Sealed;
use crate::slots::{Slot, SlotTime};
use crate::tenants::price_book::{Price, PriceBook};
use crate::values::{Party, ServiceZone};
use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;
use time::macros::{date, datetime};

const AT: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const STARTS_AT: OffsetDateTime = datetime!(2026-03-15 01:00 UTC);

fn usd(amount_minor: i64) -> Money {
    Money::new(amount_minor, Currency::default())
}

fn price(adults: u16) -> Price {
    let book = PriceBook {
        adult_minor: 5_500,
        deposit_minor: 10_000,
        ..PriceBook::default()
    };
    book.price(
        Party::new(adults, 0).unwrap(),
        &[],
        &ServiceZone::default(),
        &Currency::default(),
    )
    .unwrap()
}

fn time(starts_at: OffsetDateTime) -> SlotTime {
    SlotTime {
        slot: Slot::parse("18:00").unwrap(),
        starts_at,
        ends_at: starts_at + Duration::hours(2),
    }
}

fn create(payment_preference: PaymentPreference) -> CreateBooking {
    CreateBooking {
        customer_id: CustomerId::new("customer"),
        source: Source::AiChat,
        date: date!(2026 - 03 - 14),
        time: time(STARTS_AT),
        zone: ServiceZone::parse("bay").unwrap(),
        address: Sealed::new("address".to_owned()),
        party: Party::new(12, 0).unwrap(),
        notes: None,
        price: price(12),
        payment_preference,
        held_chef_id: ChefId::new("chef-1"),
        hold_hours: 24,
        channel_thread_id: None,
        metadata: None,
        at: AT,
    }
}

fn created(payment_preference: PaymentPreference) -> BookingEvent {
    create_booking(create(payment_preference))
        .unwrap()
        .remove(0)
}

fn pending() -> BookingEvent {
    created(PaymentPreference::StripeCheckout)
}

fn link() -> CheckoutLink {
    CheckoutLink {
        provider: "stripe".to_owned(),
        session_id: "cs_1".to_owned(),
        url: "https://pay.example/cs_1".to_owned(),
        expires_at: AT + Duration::hours(24),
    }
}

fn confirmed() -> BookingEvent {
    BookingEvent::BookingConfirmed {
        cause: ConfirmationCause::DepositPaid,
    }
}

fn given(events: &[BookingEvent]) -> Booking {
    let mut booking = Booking::default();
    events
        .iter()
        .cloned()
        .for_each(|event| booking.apply(event));
    booking
}

fn then(booking: &mut Booking, command: BookingCommand) -> Vec<BookingEvent> {
    let events = booking.decide(command).unwrap();
    events
        .iter()
        .cloned()
        .for_each(|event| booking.apply(event));
    events
}

fn code(booking: &Booking, command: BookingCommand) -> String {
    booking.decide(command).unwrap_err().code
}

fn pay(payment_id: &str, amount_minor: i64, late: LatePayment) -> BookingCommand {
    BookingCommand::ReceivePayment(ReceivePayment {
        payment_id: PaymentId::new(payment_id),
        amount: usd(amount_minor),
        cause: ConfirmationCause::DepositPaid,
        late,
        at: AT + Duration::hours(1),
    })
}

fn cancel(refund_percent: u8, refunds: &[(&str, i64)]) -> BookingCommand {
    let planned = |(payment_id, amount_minor): &(&str, i64)| PlannedRefund {
        payment_id: PaymentId::new(*payment_id),
        refund_id: "r1".to_owned(),
        amount: usd(*amount_minor),
    };
    BookingCommand::Cancel(CancelBooking {
        reason: Sealed::new("reason".to_owned()),
        refund_percent,
        refunds: refunds.iter().map(planned).collect(),
        at: AT + Duration::hours(2),
    })
}

fn reschedule(date: time::Date, starts_at: OffsetDateTime) -> BookingCommand {
    let held_chef_id = ChefId::new("chef-2");
    BookingCommand::Reschedule(RescheduleBooking {
        date,
        time: time(starts_at),
        held_chef_id,
        at: AT,
    })
}

fn calls(booking: &Booking, event: &BookingEvent) -> Vec<Call> {
    booking
        .effects("booking", event)
        .into_iter()
        .map(|effect| effect.call)
        .collect()
}

fn templates(booking: &Booking, event: &BookingEvent) -> Vec<EmailTemplate> {
    let template = |call| match call {
        Call::SendEmail { template, .. } => Some(template),
        _ => None,
    };
    calls(booking, event)
        .into_iter()
        .filter_map(template)
        .collect()
}
