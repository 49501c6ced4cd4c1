//! Confirming, changing and ending a booking.

use super::*;

#[test]
fn an_unpaid_hold_expires_when_it_is_due_and_frees_the_slot() {
    let mut booking = given(&[pending(), BookingEvent::CheckoutLinkCreated(link())]);
    let early = BookingCommand::Expire {
        at: AT + Duration::hours(24) - Duration::MINUTE,
    };
    assert_eq!(then(&mut booking, early), []);
    let due = || BookingCommand::Expire {
        at: AT + Duration::hours(24),
    };
    let events = then(&mut booking, due());
    assert_eq!(events, [BookingEvent::BookingExpired {}]);
    assert_eq!(booking.claims("booking", &events[0]).release, [SLOT_SCOPE]);
    assert!(matches!(
        &calls(&booking, &events[0])[..],
        [Call::ExpireCheckout { .. }]
    ));
    assert_eq!(then(&mut booking, due()), []);
}

#[test]
fn a_late_timer_does_not_touch_a_paid_booking() {
    let mut booking = given(&[pending(), confirmed()]);
    assert_eq!(
        then(
            &mut booking,
            BookingCommand::Expire {
                at: AT + Duration::days(2)
            }
        ),
        []
    );
}

#[test]
fn a_booking_without_a_hold_is_confirmed_by_hand_once() {
    let mut booking = given(&[created(PaymentPreference::Cash)]);
    let by_hand = BookingEvent::BookingConfirmed {
        cause: ConfirmationCause::ConfirmedByHand,
    };
    assert_eq!(then(&mut booking, BookingCommand::Confirm), [by_hand]);
    assert_eq!(then(&mut booking, BookingCommand::Confirm), []);
}

#[test]
fn an_unpaid_deposit_is_not_confirmed_by_hand() {
    assert_eq!(
        code(&given(&[pending()]), BookingCommand::Confirm),
        "booking-deposit-unpaid"
    );
}

#[test]
fn a_cancelled_booking_frees_the_slot_closes_the_page_and_tells_the_customer() {
    let mut booking = given(&[pending(), BookingEvent::CheckoutLinkCreated(link())]);
    let events = then(&mut booking, cancel(100, &[]));
    assert_eq!(booking.claims("booking", &events[0]).release, [SLOT_SCOPE]);
    assert!(matches!(
        &calls(&booking, &events[0])[..],
        [Call::ExpireCheckout { .. }, Call::SendEmail { .. }]
    ));
    assert_eq!(then(&mut booking, cancel(100, &[])), []);
}

#[test]
fn a_rescheduled_booking_moves_its_claim_and_tells_the_customer() {
    let mut booking = given(&[
        pending(),
        BookingEvent::ChefAssigned {
            chef_id: ChefId::new("chef-1"),
            previous_chef_id: None,
        },
    ]);
    let soon = AT + Duration::hours(3);
    let events = then(&mut booking, reschedule(date!(2026 - 03 - 01), soon));
    let changes = booking.claims("booking", &events[0]);
    assert_eq!(changes.release, [SLOT_SCOPE]);
    assert_eq!(
        changes.take,
        [Key::new(SLOT_SCOPE, "chef-2|2026-03-01|18:00")]
    );
    let record = booking.require().unwrap();
    assert_eq!(
        (record.hold_until, record.chef_id.clone()),
        (Some(soon), None)
    );
    let [email, timer] = &booking.effects("booking", &events[0])[..] else {
        panic!("mail and timer")
    };
    assert!(matches!(
        email.call,
        Call::SendEmail {
            template: EmailTemplate::BookingRescheduled,
            ..
        }
    ));
    assert_eq!(timer.due, Some(soon));
}

#[test]
fn rescheduling_to_the_same_slot_changes_nothing_and_to_the_past_is_refused() {
    let booking = given(&[pending()]);
    assert_eq!(
        booking
            .decide(reschedule(date!(2026 - 03 - 14), STARTS_AT))
            .unwrap(),
        []
    );
    assert_eq!(
        code(
            &booking,
            reschedule(date!(2026 - 02 - 14), AT - Duration::days(1))
        ),
        "booking-date-past"
    );
}

#[test]
fn assigning_a_chef_moves_the_claim_to_that_chef() {
    let mut booking = given(&[pending()]);
    let assign = |chef: &str| BookingCommand::AssignChef {
        chef_id: ChefId::new(chef),
    };
    let events = then(&mut booking, assign("chef-2"));
    assert_eq!(
        booking.claims("booking", &events[0]).take,
        [Key::new(SLOT_SCOPE, "chef-2|2026-03-14|18:00")]
    );
    assert_eq!(then(&mut booking, assign("chef-2")), []);
    let hold = BookingCommand::HoldChef {
        chef_id: ChefId::new("chef-3"),
    };
    assert_eq!(code(&booking, hold), "booking-chef-assigned");
}

#[test]
fn naming_the_chef_who_is_held_already_is_an_event_too() {
    let mut booking = given(&[pending()]);
    assert_eq!(
        then(
            &mut booking,
            BookingCommand::AssignChef {
                chef_id: ChefId::new("chef-1")
            }
        )
        .len(),
        1
    );
    assert_eq!(
        booking.require().unwrap().chef_id,
        Some(ChefId::new("chef-1"))
    );
}

#[test]
fn an_update_says_exactly_what_changed() {
    let mut booking = given(&[pending()]);
    let update = || {
        BookingCommand::Update(Box::new(UpdateBooking {
            party: Some(Party::new(14, 0).unwrap()),
            notes: NotesChange::Remove,
            price: Some(price(14)),
            ..UpdateBooking::default()
        }))
    };
    let events = then(&mut booking, update());
    assert!(matches!(
        &events[..],
        [BookingEvent::BookingPartyChanged { .. }, BookingEvent::BookingRepriced { total, .. }] if *total == usd(77_000)
    ));
    assert_eq!(booking.require().unwrap().deposit, usd(10_000));
    assert_eq!(then(&mut booking, update()), []);
}

#[test]
fn the_total_never_falls_below_the_deposit() {
    let update = UpdateBooking {
        party: Some(Party::new(1, 0).unwrap()),
        price: Some(price(1)),
        ..UpdateBooking::default()
    };
    let update = BookingCommand::Update(Box::new(update));
    assert_eq!(
        code(&given(&[pending()]), update),
        "booking-total-below-deposit"
    );
}

#[test]
fn only_a_confirmed_party_that_has_started_takes_place() {
    type End = fn(OffsetDateTime) -> BookingCommand;
    let ends: [End; 2] = [
        |at| BookingCommand::Complete { at },
        |at| BookingCommand::MarkNoShow { at },
    ];
    for end in ends {
        let mut booking = given(&[pending(), confirmed()]);
        assert_eq!(
            code(&given(&[pending()]), end(STARTS_AT)),
            "booking-not-confirmed"
        );
        assert_eq!(
            code(&booking, end(STARTS_AT - Duration::SECOND)),
            "booking-not-started"
        );
        let events = then(&mut booking, end(STARTS_AT));
        assert_eq!(events.len(), 1);
        // The slot was used: it stays claimed.
        assert_eq!(booking.claims("booking", &events[0]), Default::default());
        assert_eq!(then(&mut booking, end(STARTS_AT)), []);
    }
}

#[test]
fn what_has_ended_is_not_changed_any_more() {
    let BookingEvent::BookingCancelled(cancelled) = given(&[pending()])
        .decide(cancel(0, &[]))
        .unwrap()
        .remove(0)
    else {
        panic!()
    };
    let ends = [
        (
            BookingEvent::BookingCancelled(cancelled),
            "booking-cancelled",
        ),
        (BookingEvent::BookingExpired {}, "booking-expired"),
        (BookingEvent::BookingCompleted {}, "booking-completed"),
        (BookingEvent::BookingNoShow {}, "booking-no-show"),
    ];
    for (end, refusal) in ends {
        let booking = given(&[pending(), end]);
        assert_eq!(
            code(
                &booking,
                reschedule(date!(2026 - 03 - 20), STARTS_AT + Duration::days(5))
            ),
            refusal
        );
        assert_eq!(code(&booking, BookingCommand::Confirm), refusal);
        assert_eq!(
            code(
                &booking,
                BookingCommand::AssignChef {
                    chef_id: ChefId::new("chef-2")
                }
            ),
            refusal
        );
        assert_eq!(
            code(&booking, BookingCommand::Update(Box::default())),
            refusal
        );
    }
}

#[test]
fn nothing_is_asked_of_a_booking_that_does_not_exist() {
    assert_eq!(
        code(&given(&[]), BookingCommand::Confirm),
        "booking-not-found"
    );
}
