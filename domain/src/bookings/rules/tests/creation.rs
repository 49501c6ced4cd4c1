//! Making a booking.

use super::*;

#[test]
fn a_booking_paid_by_checkout_waits_for_its_deposit() {
    TestFramework::<Booking>::with(())
        .given_no_previous_events()
        .when(BookingCommand::Create(Box::new(create(
            PaymentPreference::StripeCheckout,
        ))))
        .then_expect_events(vec![pending()]);
    let booking = given(&[pending()]);
    let record = booking.require().unwrap();
    assert_eq!(
        (record.status, record.hold_until),
        (Status::DepositPending, Some(AT + Duration::hours(24)))
    );
    assert_eq!(
        (record.total.clone(), record.deposit_due()),
        (usd(66_000), usd(10_000))
    );
}

#[test]
fn a_new_booking_claims_the_chefs_slot() {
    let changes = given(&[pending()]).claims("booking", &pending());
    assert_eq!(
        changes.take,
        [Key::new(SLOT_SCOPE, "chef-1|2026-03-14|18:00")]
    );
}

#[test]
fn a_new_booking_asks_for_a_payment_page_and_sets_both_timers() {
    let effects = given(&[pending()]).effects("booking", &pending());
    let due: Vec<_> = effects
        .iter()
        .map(|effect| (effect.name, effect.due))
        .collect();
    assert_eq!(
        due,
        [
            ("create-checkout", None),
            ("expire-hold", Some(AT + Duration::hours(24))),
            ("announce-without-link", Some(AT + Duration::minutes(10))),
        ]
    );
    assert!(matches!(
        effects[1].call,
        Call::Timer(Timer::ExpireBooking { .. })
    ));
}

#[test]
fn a_booking_by_cash_or_invoice_has_no_hold_and_is_announced_at_once() {
    for preference in [PaymentPreference::Cash, PaymentPreference::Invoice] {
        let booking = given(&[created(preference)]);
        let record = booking.require().unwrap();
        assert_eq!((record.status, record.hold_until), (Status::New, None));
        assert_eq!(calls(&booking, &created(preference)).len(), 1);
        assert_eq!(
            templates(&booking, &created(preference)),
            [EmailTemplate::BookingRequested]
        );
    }
}

#[test]
fn a_booking_without_a_deposit_waits_for_nothing() {
    let mut free = create(PaymentPreference::StripeCheckout);
    free.price.deposit = usd(0);
    let BookingEvent::BookingCreated(created) = create_booking(free).unwrap().remove(0) else {
        panic!()
    };
    assert_eq!((created.status, created.hold_until), (Status::New, None));
}

#[test]
fn a_booking_is_created_once() {
    let again = BookingCommand::Create(Box::new(create(PaymentPreference::Cash)));
    assert_eq!(code(&given(&[pending()]), again), "booking-exists");
}

#[test]
fn a_party_starts_in_the_future_but_not_too_far() {
    let at = |starts_at| {
        let create = CreateBooking {
            time: time(starts_at),
            ..create(PaymentPreference::Cash)
        };
        create_booking(create)
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(at(AT), Err("booking-date-past".to_owned()));
    assert_eq!(
        at(AT + Duration::days(731)),
        Err("booking-date-too-far".to_owned())
    );
    assert_eq!(at(AT + Duration::minutes(1)), Ok(()));
}

#[test]
fn a_party_that_is_paid_online_needs_notice_and_its_hold_ends_when_it_starts() {
    let at = |minutes| {
        let time = time(AT + Duration::minutes(minutes));
        create_booking(CreateBooking {
            time,
            ..create(PaymentPreference::StripeCheckout)
        })
    };
    assert_eq!(at(44).unwrap_err().code, "booking-too-soon");
    let BookingEvent::BookingCreated(created) = at(60).unwrap().remove(0) else {
        panic!()
    };
    assert_eq!(created.hold_until, Some(AT + Duration::minutes(60)));
}

#[test]
fn every_event_and_the_state_survive_being_written_and_read() {
    let mut booking = given(&[pending(), BookingEvent::CheckoutLinkCreated(link())]);
    then(&mut booking, pay("p1", 10_000, LatePayment::Flag));
    then(
        &mut booking,
        reschedule(date!(2026 - 03 - 20), STARTS_AT + Duration::days(5)),
    );
    let events = then(&mut booking, cancel(50, &[("p1", 5_000)]));
    for event in [
        pending(),
        BookingEvent::CheckoutLinkCreated(link()),
        events[0].clone(),
    ] {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<BookingEvent>(&text).unwrap(), event);
    }
    let text = serde_json::to_string(&booking).unwrap();
    assert_eq!(serde_json::from_str::<Booking>(&text).unwrap(), booking);
}
