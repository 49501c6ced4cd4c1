//! Payment pages, deposits, late money and refunds.

use super::*;

#[test]
fn the_payment_link_is_mailed_once() {
    let mut booking = given(&[pending()]);
    let events = then(&mut booking, BookingCommand::AttachCheckoutLink(link()));
    assert_eq!(events, [BookingEvent::CheckoutLinkCreated(link())]);
    assert_eq!(
        templates(&booking, &events[0]),
        [EmailTemplate::BookingCreated]
    );
    assert_eq!(
        then(&mut booking, BookingCommand::AttachCheckoutLink(link())),
        []
    );
}

#[test]
fn a_link_that_comes_after_the_end_is_closed_and_not_mailed() {
    let mut booking = given(&[pending(), BookingEvent::BookingExpired {}]);
    let events = then(&mut booking, BookingCommand::AttachCheckoutLink(link()));
    assert!(matches!(
        &calls(&booking, &events[0])[..],
        [Call::ExpireCheckout { .. }]
    ));
}

#[test]
fn a_late_link_is_announced_once_and_only_while_it_is_missing() {
    let mut booking = given(&[pending()]);
    let events = then(&mut booking, BookingCommand::AnnounceWithoutLink);
    assert_eq!(
        templates(&booking, &events[0]),
        [EmailTemplate::BookingCreatedLinkFollows]
    );
    assert_eq!(then(&mut booking, BookingCommand::AnnounceWithoutLink), []);
    let mut linked = given(&[pending(), BookingEvent::CheckoutLinkCreated(link())]);
    assert_eq!(then(&mut linked, BookingCommand::AnnounceWithoutLink), []);
}

#[test]
fn the_deposit_confirms_and_a_repeated_payment_changes_nothing() {
    let mut booking = given(&[pending(), BookingEvent::CheckoutLinkCreated(link())]);
    let events = then(&mut booking, pay("p1", 10_000, LatePayment::Flag));
    let received = BookingEvent::BookingPaymentReceived {
        payment_id: PaymentId::new("p1"),
        amount: usd(10_000),
    };
    assert_eq!(events, [received, confirmed()]);
    // The page was paid on: there is nothing to close.
    assert_eq!(calls(&booking, &events[1]).len(), 1);
    assert_eq!(
        templates(&booking, &events[1]),
        [EmailTemplate::DepositPaid]
    );
    assert_eq!(then(&mut booking, pay("p1", 10_000, LatePayment::Flag)), []);
    assert_eq!(booking.require().unwrap().balance(), usd(56_000));
}

#[test]
fn marking_as_paid_closes_the_payment_page() {
    let mut booking = given(&[pending(), BookingEvent::CheckoutLinkCreated(link())]);
    let BookingCommand::ReceivePayment(mut receive) = pay("p1", 10_000, LatePayment::Keep) else {
        panic!()
    };
    receive.cause = ConfirmationCause::MarkedPaid;
    let events = then(&mut booking, BookingCommand::ReceivePayment(receive));
    assert!(matches!(
        &calls(&booking, &events[1])[..],
        [Call::ExpireCheckout { .. }, Call::SendEmail { .. }]
    ));
}

#[test]
fn part_of_a_deposit_does_not_confirm_until_the_rest_comes() {
    let mut booking = given(&[pending()]);
    assert_eq!(
        then(&mut booking, pay("p1", 4_000, LatePayment::Flag)).len(),
        1
    );
    assert_eq!(booking.require().unwrap().status, Status::DepositPending);
    assert_eq!(
        then(&mut booking, pay("p2", 6_000, LatePayment::Flag))[1],
        confirmed()
    );
}

#[test]
fn money_of_another_currency_is_refused() {
    let BookingCommand::ReceivePayment(mut receive) = pay("p1", 10_000, LatePayment::Flag) else {
        panic!()
    };
    receive.amount.currency = Currency::parse("EUR").unwrap();
    assert_eq!(
        code(
            &given(&[pending()]),
            BookingCommand::ReceivePayment(receive)
        ),
        "payment-currency-mismatch"
    );
}

#[test]
fn late_money_takes_the_slot_again_when_it_is_free() {
    let expired = [pending(), BookingEvent::BookingExpired {}];
    let mut booking = given(&expired);
    let events = then(
        &mut booking,
        pay("p1", 10_000, LatePayment::Retake(ChefId::new("chef-2"))),
    );
    assert_eq!(
        events[1],
        BookingEvent::BookingSlotRetaken {
            held_chef_id: ChefId::new("chef-2")
        }
    );
    assert_eq!(events[2], confirmed());
    let changes = booking.claims("booking", &events[1]);
    assert_eq!(
        changes.take,
        [Key::new(SLOT_SCOPE, "chef-2|2026-03-14|18:00")]
    );
    assert_eq!(booking.require().unwrap().status, Status::Confirmed);
}

#[test]
fn late_money_is_flagged_when_the_slot_is_gone() {
    let mut booking = given(&[pending(), BookingEvent::BookingExpired {}]);
    let flagged = BookingEvent::LatePaymentFlagged {
        payment_id: PaymentId::new("p1"),
        amount: usd(10_000),
    };
    assert_eq!(
        then(&mut booking, pay("p1", 10_000, LatePayment::Flag)),
        [flagged]
    );
    assert_eq!(then(&mut booking, pay("p1", 10_000, LatePayment::Flag)), []);
    assert_eq!(booking.require().unwrap().status, Status::Expired);
    assert_eq!(booking.require().unwrap().paid_minor(), 0);
}

#[test]
fn late_money_that_is_too_little_does_not_bring_a_booking_back() {
    let mut booking = given(&[pending(), BookingEvent::BookingExpired {}]);
    let events = then(
        &mut booking,
        pay("p1", 9_999, LatePayment::Retake(ChefId::new("chef-2"))),
    );
    assert!(matches!(
        &events[..],
        [BookingEvent::LatePaymentFlagged { .. }]
    ));
}

#[test]
fn a_payment_linked_by_hand_to_an_ended_booking_is_only_written_down() {
    let mut booking = given(&[pending(), BookingEvent::BookingExpired {}]);
    let events = then(&mut booking, pay("p1", 10_000, LatePayment::Keep));
    assert!(matches!(
        &events[..],
        [BookingEvent::BookingPaymentReceived { .. }]
    ));
    assert_eq!(
        then(
            &mut booking,
            BookingCommand::UnlinkPayment {
                payment_id: PaymentId::new("p1")
            }
        )
        .len(),
        1
    );
    assert_eq!(
        then(
            &mut booking,
            BookingCommand::UnlinkPayment {
                payment_id: PaymentId::new("p1")
            }
        ),
        []
    );
}

#[test]
fn a_cancellation_says_what_goes_back_and_only_of_its_own_payments() {
    let mut booking = given(&[pending()]);
    then(&mut booking, pay("p1", 10_000, LatePayment::Flag));
    assert_eq!(
        code(&booking, cancel(50, &[("p2", 5_000)])),
        "payment-not-matched"
    );
    let events = then(&mut booking, cancel(50, &[("p1", 5_000)]));
    let BookingEvent::BookingCancelled(cancelled) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (
            cancelled.refund_percent,
            cancelled.refunds[0].amount.amount_minor
        ),
        (50, 5_000)
    );
}

#[test]
fn a_refund_counts_once() {
    let mut booking = given(&[pending()]);
    then(&mut booking, pay("p1", 10_000, LatePayment::Flag));
    let refund = || BookingCommand::NoteRefund {
        payment_id: PaymentId::new("p1"),
        refund_id: "r1".to_owned(),
        amount: usd(2_500),
    };
    assert_eq!(then(&mut booking, refund()).len(), 1);
    assert_eq!(then(&mut booking, refund()), []);
    assert_eq!(booking.require().unwrap().paid_minor(), 7_500);
}

#[test]
fn a_checkout_that_expires_is_noted_once_and_only_for_its_own_session() {
    let mut booking = given(&[pending(), BookingEvent::CheckoutLinkCreated(link())]);
    let note = |session: &str| BookingCommand::NoteCheckoutExpired {
        session_id: session.to_owned(),
    };
    assert_eq!(then(&mut booking, note("cs_other")), []);
    assert_eq!(then(&mut booking, note("cs_1")).len(), 1);
    assert_eq!(then(&mut booking, note("cs_1")), []);
}
