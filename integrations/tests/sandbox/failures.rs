//! Lost answers, repeated keys, doubled webhooks and crashes: one effect each all the same.

use std::time::Duration;

use integrations::outcome::FailureKind;
use integrations::secret::Secret;
use integrations::stripe::Stripe;
use integrations::stripe::objects::NewCheckoutSession;
use serde_json::json;

use crate::given::{KEY, bench, bench_on, mail, new_session, receiver, smtp};

#[tokio::test]
async fn the_same_key_makes_one_session_and_other_parameters_are_refused() {
    let bench = bench().await;
    let new = new_session("b1");
    let first = bench
        .stripe
        .create_checkout_session(&new, "k")
        .await
        .unwrap();
    let second = bench
        .stripe
        .create_checkout_session(&new, "k")
        .await
        .unwrap();
    assert_eq!(first, second);
    let other = NewCheckoutSession { amount: 5, ..new };
    let failure = bench
        .stripe
        .create_checkout_session(&other, "k")
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.detail.contains("idempotency_error"), "{failure}");
    assert_eq!(bench.counts("b1").await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_key_in_use_is_a_conflict() {
    let bench = bench().await;
    bench
        .fault(json!({"stripe": {"status": "hang", "hang_ms": 1500}}))
        .await;
    let new = new_session("b1");
    let (first, second) = tokio::join!(
        bench.stripe.create_checkout_session(&new, "k"),
        bench.stripe.create_checkout_session(&new, "k"),
    );
    let failures: Vec<_> = [first, second]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].kind, FailureKind::Transient);
    assert!(failures[0].detail.contains("idempotency_key_in_use"));
}

#[tokio::test]
async fn an_answer_lost_after_the_effect_is_found_again_with_the_same_key() {
    let bench = bench().await;
    let new = new_session("b1");
    for (status, kind) in [
        (json!("reset"), FailureKind::Unknown),
        (json!(503), FailureKind::Transient),
    ] {
        let order = json!({"stripe": {"status": status, "after_effect": true, "account": KEY}});
        bench.fault(order).await;
        let failure = bench
            .stripe
            .create_checkout_session(&new, "k")
            .await
            .unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
    }
    bench
        .stripe
        .create_checkout_session(&new, "k")
        .await
        .unwrap();
    assert_eq!(bench.counts("b1").await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_rate_limit_carries_its_wait_and_has_no_effect() {
    let bench = bench().await;
    bench
        .fault(json!({"stripe": {"status": 429, "retry_after_seconds": 7}}))
        .await;
    let new = new_session("b1");
    let failure = bench
        .stripe
        .create_checkout_session(&new, "k")
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotSent);
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(bench.counts("b1").await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn webhooks_can_be_doubled_and_shuffled() {
    let bench = bench().await;
    let receiver = receiver(0).await;
    bench.register(&receiver).await;
    bench
        .fault(json!({"webhooks": {"duplicate": true, "shuffle": true}}))
        .await;
    bench.paid_session("b1").await;
    let completed = receiver.wait_for("checkout.session.completed", 2).await;
    assert_eq!(completed[0].id, completed[1].id);
}

#[tokio::test]
async fn a_restart_remembers_everything() {
    let receiver = receiver(u32::MAX).await;
    let before = bench().await;
    before.register(&receiver).await;
    let new = new_session("b1");
    let session = before
        .stripe
        .create_checkout_session(&new, "k")
        .await
        .unwrap();
    before.press(&session, "pay").await;
    smtp(&before).send(&mail("b1")).await.unwrap();
    let ledger = before.ledger.clone();
    before.running.stop().await.unwrap();
    // A crash in the middle of the next line.
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&ledger)
        .unwrap();
    std::io::Write::write_all(&mut file, br#"{"number":99,"at":1,"entr"#).unwrap();
    *receiver.inbox.refusals_left.lock().unwrap() = 0;
    let after = bench_on(ledger).await;
    receiver.wait_for("checkout.session.completed", 1).await;
    let replayed = after
        .stripe
        .create_checkout_session(&new, "k")
        .await
        .unwrap();
    assert_eq!(replayed.id, session.id);
    let paid = after
        .stripe
        .retrieve_checkout_session(&session.id)
        .await
        .unwrap();
    assert_eq!(paid.payment_status, "paid");
    assert_eq!(after.counts("b1").await, [1, 1, 0, 1]);
}

#[tokio::test]
async fn a_call_without_a_key_is_an_auth_failure() {
    let bench = bench().await;
    let url = format!("http://{}/stripe", bench.running.http);
    let stripe = Stripe::new(bench.http.clone(), url, Secret::new("nonsense"));
    let failure = stripe
        .retrieve_checkout_session("cs_test_1")
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Auth);
    let other = bench
        .stripe
        .retrieve_checkout_session("cs_test_1")
        .await
        .unwrap_err();
    assert_eq!(other.kind, FailureKind::Refused);
}
