//! What a payment does, told as given events, a command, and the events or the refusal that follow.

use super::*;
use crate::effects::Call;
use crate::ids::{CustomerId, PaymentId};
use crate::money::Currency;
use crate::noun::{Key, Noun};
use crate::payments::{Flag, MANUAL, MatchReason, PROVIDER_ID_SCOPE, PaymentStatus, STRIPE};
use cqrs_es::Aggregate;
use time::OffsetDateTime;
use time::macros::datetime;

const AT: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn usd(amount_minor: i64) -> Money {
    Money::new(amount_minor, Currency::default())
}

fn received(provider: &str) -> PaymentEvent {
    PaymentEvent::PaymentReceived(Box::new(PaymentReceived {
        provider: provider.to_owned(),
        provider_id: "pi_1".to_owned(),
        method: "card".to_owned(),
        amount: usd(10_000),
        memo: None,
        received_at: AT,
        raw: None,
        session_id: None,
    }))
}

fn given(events: &[PaymentEvent]) -> Payment {
    let mut payment = Payment::default();
    events
        .iter()
        .cloned()
        .for_each(|event| payment.apply(event));
    payment
}

fn then(payment: &mut Payment, command: PaymentCommand) -> Vec<PaymentEvent> {
    let events = payment.decide(command).unwrap();
    events
        .iter()
        .cloned()
        .for_each(|event| payment.apply(event));
    events
}

fn request(refund_id: &str, amount_minor: i64) -> PaymentCommand {
    let (refund_id, amount) = (refund_id.to_owned(), usd(amount_minor));
    PaymentCommand::RequestRefund {
        refund_id,
        amount,
        reason: RefundReason::ByHand,
    }
}

fn settle(
    refund_id: Option<&str>,
    provider_refund_id: Option<&str>,
    amount_minor: i64,
) -> PaymentCommand {
    PaymentCommand::SettleRefund(SettleRefund {
        refund_id: refund_id.map(str::to_owned),
        provider_refund_id: provider_refund_id.map(str::to_owned),
        amount: usd(amount_minor),
        at: AT,
    })
}

fn match_to(booking_id: &str) -> PaymentCommand {
    PaymentCommand::Match {
        booking_id: BookingId::new(booking_id),
        customer_id: CustomerId::new("c1"),
        why: MatchReason::Checkout,
    }
}

#[test]
fn a_providers_payment_is_claimed_by_its_id() {
    let payment = given(&[received(STRIPE)]);
    let claims = payment.claims("p1", &received(STRIPE));
    assert_eq!(claims.take, [Key::new(PROVIDER_ID_SCOPE, "stripe|pi_1")]);
}

#[test]
fn a_payment_belongs_to_one_booking_until_it_is_unlinked() {
    let mut payment = given(&[received(STRIPE)]);
    assert_eq!(then(&mut payment, match_to("b1")).len(), 1);
    assert_eq!(then(&mut payment, match_to("b1")), []);
    assert_eq!(
        payment.decide(match_to("b2")).unwrap_err().code,
        "payment-already-matched"
    );
    assert_eq!(payment.require().unwrap().status(), PaymentStatus::Matched);
    assert_eq!(
        then(&mut payment, PaymentCommand::Unlink { reason: None }).len(),
        1
    );
    assert_eq!(
        then(&mut payment, PaymentCommand::Unlink { reason: None }),
        []
    );
    assert_eq!(then(&mut payment, match_to("b2")).len(), 1);
}

#[test]
fn partial_refunds_never_exceed_what_came_in() {
    let mut payment = given(&[received(STRIPE)]);
    assert_eq!(then(&mut payment, request("r1", 6_000)).len(), 1);
    assert_eq!(then(&mut payment, request("r1", 6_000)), []);
    let refusal = payment.decide(request("r2", 4_001)).unwrap_err();
    assert_eq!(refusal.code, "refund-exceeds-payment");
    assert_eq!(refusal.alternatives[0]["amount_minor"], 4_000);
    assert_eq!(then(&mut payment, request("r2", 4_000)).len(), 1);
    then(&mut payment, settle(Some("r1"), Some("re_1"), 6_000));
    assert_eq!(payment.require().unwrap().status(), PaymentStatus::Received);
    then(&mut payment, settle(Some("r2"), Some("re_2"), 4_000));
    assert_eq!(payment.require().unwrap().status(), PaymentStatus::Refunded);
    assert_eq!(
        payment.decide(request("r3", 1)).unwrap_err().code,
        "refund-exceeds-payment"
    );
}

#[test]
fn a_refund_of_nothing_or_of_another_currency_is_refused() {
    let payment = given(&[received(STRIPE)]);
    assert_eq!(
        payment.decide(request("r1", 0)).unwrap_err().code,
        "refund-amount-invalid"
    );
    let euros = PaymentCommand::RequestRefund {
        refund_id: "r1".to_owned(),
        amount: Money::new(100, Currency::parse("EUR").unwrap()),
        reason: RefundReason::ByHand,
    };
    assert_eq!(
        payment.decide(euros).unwrap_err().code,
        "refund-currency-mismatch"
    );
}

#[test]
fn the_answer_and_the_webhook_of_a_refund_count_once_in_any_order() {
    let answer = || settle(Some("r1"), Some("re_1"), 4_000);
    let webhook = || settle(None, Some("re_1"), 4_000);
    for order in [
        [answer(), webhook()],
        [webhook(), answer()],
        [webhook(), webhook()],
        [answer(), answer()],
    ] {
        let mut payment = given(&[received(STRIPE)]);
        then(&mut payment, request("r1", 4_000));
        let [first, second] = order;
        assert_eq!(then(&mut payment, first).len(), 1);
        assert_eq!(then(&mut payment, second), []);
        assert_eq!(payment.require().unwrap().refunded_minor(), 4_000);
    }
}

#[test]
fn a_refund_made_at_the_provider_is_written_down() {
    let mut payment = given(&[received(STRIPE)]);
    let events = then(&mut payment, settle(None, Some("re_9"), 2_500));
    assert!(
        matches!(&events[..], [PaymentEvent::PaymentRefunded { refund_id, .. }] if refund_id == "re_9")
    );
    assert_eq!(payment.require().unwrap().refundable(), usd(7_500));
}

#[test]
fn a_refund_that_nobody_knows_is_not_found() {
    let payment = given(&[received(MANUAL)]);
    assert_eq!(
        payment
            .decide(settle(Some("r1"), None, 100))
            .unwrap_err()
            .code,
        "refund-not-found"
    );
}

#[test]
fn a_failed_refund_can_be_asked_for_again() {
    let mut payment = given(&[received(STRIPE)]);
    then(&mut payment, request("r1", 10_000));
    let fail = || PaymentCommand::FailRefund {
        refund_id: "r1".to_owned(),
        code: "insufficient_funds".to_owned(),
    };
    assert_eq!(then(&mut payment, fail()).len(), 1);
    assert_eq!(then(&mut payment, fail()), []);
    assert!(
        payment
            .require()
            .unwrap()
            .flags
            .contains(&Flag::RefundFailed)
    );
    assert_eq!(then(&mut payment, request("r2", 10_000)).len(), 1);
}

#[test]
fn only_stripe_is_called_for_a_refund_and_the_customer_is_told_when_it_is_done() {
    let mut stripe = given(&[received(STRIPE)]);
    then(&mut stripe, match_to("b1"));
    let asked = then(&mut stripe, request("r1", 10_000));
    let [refund] = &stripe.effects("p1", &asked[0])[..] else {
        panic!("one call")
    };
    let call = Call::RefundPayment {
        payment_id: PaymentId::new("p1"),
        refund_id: "r1".to_owned(),
    };
    assert_eq!(
        (&refund.call, refund.order_key.as_deref()),
        (&call, Some("b1"))
    );
    let done = then(&mut stripe, settle(Some("r1"), Some("re_1"), 10_000));
    assert!(matches!(
        stripe.effects("p1", &done[0])[0].call,
        Call::SendEmail { .. }
    ));

    let mut manual = given(&[received(MANUAL)]);
    let asked = then(&mut manual, request("r1", 10_000));
    assert_eq!(manual.effects("p1", &asked[0]), []);
}

#[test]
fn a_dispute_is_noted_once() {
    let mut payment = given(&[received(STRIPE)]);
    let note = || PaymentCommand::NoteDispute {
        dispute_id: "dp_1".to_owned(),
        amount: usd(10_000),
        reason: "fraudulent".to_owned(),
    };
    assert_eq!(then(&mut payment, note()).len(), 1);
    assert_eq!(then(&mut payment, note()), []);
}

#[test]
fn a_payment_of_nothing_is_refused() {
    let PaymentEvent::PaymentReceived(mut nothing) = received(STRIPE) else {
        panic!()
    };
    nothing.amount = usd(0);
    let refusal = given(&[])
        .decide(PaymentCommand::Receive(nothing))
        .unwrap_err();
    assert_eq!(refusal.errors[0].pointer, "/amount_minor");
}

#[test]
fn a_policy_gives_back_its_share_of_what_came_in_less_what_is_under_way() {
    let mut payment = given(&[received(STRIPE)]);
    assert_eq!(payment.require().unwrap().policy_refund(50), usd(5_000));
    assert_eq!(payment.require().unwrap().policy_refund(33), usd(3_300));
    then(&mut payment, request("r1", 4_000));
    assert_eq!(payment.require().unwrap().policy_refund(50), usd(1_000));
    assert_eq!(payment.require().unwrap().policy_refund(25), usd(0));
    assert_eq!(payment.require().unwrap().policy_refund(100), usd(6_000));
}
