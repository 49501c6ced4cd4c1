//! Checkouts: paid, settled, expired, refunded and disputed, with the webhooks that tell of it.

use integrations::outcome::FailureKind;
use integrations::stripe::events::EventObject;
use integrations::stripe::objects::NewRefund;
use serde_json::json;

use crate::given::{bench, new_session, receiver};

#[tokio::test]
async fn paying_twice_charges_once_and_tells_the_merchant() {
    let bench = bench().await;
    let receiver = receiver(2).await;
    bench.register(&receiver).await;
    let session = bench
        .stripe
        .create_checkout_session(&new_session("b1"), "key-1")
        .await
        .unwrap();
    let page = bench
        .http
        .get(session.url.clone().unwrap())
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(
        page.contains("$100.00") && page.contains("Hibachi &amp; Sons"),
        "{page}"
    );
    assert!(page.contains("Deposit &lt;b&gt;"), "{page}");
    assert_eq!(bench.press(&session, "pay").await, 303);
    assert_eq!(bench.press(&session, "pay").await, 303);
    assert_eq!(bench.counts("b1").await, [1, 1, 0, 0]);
    let events = receiver.wait_for("checkout.session.completed", 1).await;
    let EventObject::CheckoutSessionCompleted(completed) = &events[0].object else {
        panic!("{events:?}");
    };
    assert_eq!(completed.payment_status, "paid");
    assert_eq!(completed.metadata["booking_id"], "b1");
    receiver.wait_for("payment_intent.succeeded", 1).await;
    receiver.wait_for("charge.succeeded", 1).await;
    bench.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_session_ends_by_the_clock_and_cannot_be_paid_then() {
    let bench = bench().await;
    let receiver = receiver(0).await;
    bench.register(&receiver).await;
    let session = bench
        .stripe
        .create_checkout_session(&new_session("b1"), "k")
        .await
        .unwrap();
    bench
        .post("/sandbox/clock", &json!({"advance_seconds": 3601}))
        .await;
    receiver.wait_for("checkout.session.expired", 1).await;
    assert_eq!(bench.press(&session, "pay").await, 410);
    assert_eq!(bench.counts("b1").await, [1, 0, 0, 0]);
    // What is born after the clock was moved lives its full life.
    bench
        .stripe
        .create_checkout_session(&new_session("b2"), "k2")
        .await
        .unwrap();
    assert_eq!(bench.paid_session("b3").await.payment_status, "paid");
}

#[tokio::test]
async fn a_session_expired_by_the_merchant_stays_expired() {
    let bench = bench().await;
    let session = bench
        .stripe
        .create_checkout_session(&new_session("b1"), "k")
        .await
        .unwrap();
    let expired = bench
        .stripe
        .expire_checkout_session(&session.id, "x")
        .await
        .unwrap();
    assert_eq!(expired.status.as_deref(), Some("expired"));
    assert_eq!(expired.url, None);
    let again = bench.stripe.expire_checkout_session(&session.id, "y").await;
    assert_eq!(again.unwrap_err().kind, FailureKind::Refused);
}

#[tokio::test]
async fn a_bank_debit_settles_later_or_fails() {
    let bench = bench().await;
    let receiver = receiver(0).await;
    bench.register(&receiver).await;
    for (booking, end, kind, charges) in [
        (
            "b1",
            "succeeded",
            "checkout.session.async_payment_succeeded",
            1,
        ),
        ("b2", "failed", "checkout.session.async_payment_failed", 0),
    ] {
        let session = bench
            .stripe
            .create_checkout_session(&new_session(booking), booking)
            .await
            .unwrap();
        assert_eq!(bench.press(&session, "pay?outcome=async").await, 303);
        assert_eq!(bench.counts(booking).await[1], 0);
        assert_eq!(
            bench
                .press(&session, &format!("settle?outcome={end}"))
                .await,
            303
        );
        receiver.wait_for(kind, 1).await;
        assert_eq!(bench.counts(booking).await[1], charges);
    }
    let completed = receiver.wait_for("checkout.session.completed", 2).await;
    for event in completed {
        let EventObject::CheckoutSessionCompleted(session) = event.object else {
            panic!("not a session");
        };
        assert_eq!(session.payment_status, "unpaid");
    }
}

#[tokio::test]
async fn refunds_and_disputes_are_told() {
    let bench = bench().await;
    let receiver = receiver(0).await;
    bench.register(&receiver).await;
    let intent = bench.paid_session("b1").await.payment_intent.unwrap();
    let part = NewRefund {
        amount: Some(2_500),
        ..NewRefund::whole(&intent)
    };
    let refund = bench.stripe.create_refund(&part, "r1").await.unwrap();
    assert_eq!(refund.amount, 2_500);
    assert_eq!(
        bench.stripe.create_refund(&part, "r1").await.unwrap().id,
        refund.id
    );
    let order = json!({ "payment_intent": intent });
    bench.post("/sandbox/stripe/refunds", &order).await;
    let failure = bench.stripe.create_refund(&part, "r2").await.unwrap_err();
    assert!(
        failure.detail.contains("charge_already_refunded"),
        "{failure}"
    );
    bench.post("/sandbox/stripe/disputes", &order).await;
    let refunded = receiver.wait_for("charge.refunded", 2).await;
    assert!(refunded.iter().any(|event| matches!(&event.object,
        EventObject::ChargeRefunded(charge) if charge.refunded && charge.amount_refunded == 10_000)));
    receiver.wait_for("refund.updated", 2).await;
    receiver.wait_for("charge.dispute.created", 1).await;
    assert_eq!(bench.counts("b1").await, [1, 1, 2, 0]);
}
