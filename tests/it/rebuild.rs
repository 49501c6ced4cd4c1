//! A projection built anew equals the one that followed the log, also while the log goes on.

use serde_json::json;
use tests::app::TestApp;
use tests::given::{self, SLOT, day, text};
use tests::tables;

async fn some_history(app: &TestApp) {
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    given::chef_in(owner, "Luz", &[given::ZONE, given::OTHER_ZONE]).await;
    let paid = given::booking(owner, given::order("Ada", &day(0), SLOT)).await;
    let url = app.checkout_url(text(&paid, "booking_id")).await;
    app.providers.press(&url, "pay").await;
    let confirmed = |booking: &serde_json::Value| booking["status"] == "confirmed";
    app.booking_once(text(&paid, "booking_id"), "it is confirmed", confirmed)
        .await;
    let cancelled = given::booking(owner, given::order_without_deposit("Bob", &day(0), SLOT)).await;
    owner
        .accepted(
            "cancel-booking",
            json!({ "booking_id": cancelled["booking_id"], "reason": "rain" }),
        )
        .await;
    let moved = given::booking(owner, given::order_without_deposit("Cora", &day(1), SLOT)).await;
    let reschedule = json!({ "booking_id": moved["booking_id"], "date": day(2), "slot": "12:00" });
    owner.accepted("reschedule-booking", reschedule).await;
    owner
        .accepted("mark-paid", json!({ "booking_id": moved["booking_id"] }))
        .await;
    let pair = json!({ "survivor_id": paid["customer_id"], "merged_id": cancelled["customer_id"] });
    owner.accepted("merge-customers", pair).await;
    let customer_id = &moved["customer_id"];
    owner
        .accepted(
            "add-note",
            json!({ "customer_id": customer_id, "text": "Rings twice" }),
        )
        .await;
    owner
        .accepted(
            "tag-customer",
            json!({ "customer_id": customer_id, "tag": "vip" }),
        )
        .await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_equals_what_was_there() {
    let app = TestApp::start().await;
    some_history(&app).await;
    app.catch_up().await;
    let admin = app.admin().await;
    let before = tables::fingerprints(&admin).await;
    assert!(
        before
            .values()
            .filter(|print| !print.starts_with("0 "))
            .count()
            >= 8,
        "{before:?}"
    );
    for projection in projectors::all(&app.store) {
        projectors::rebuild::rebuild(&app.store, &projection, |_| {})
            .await
            .unwrap();
    }
    assert_eq!(tables::fingerprints(&admin).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_way_is_not_noticed_by_readers_and_loses_nothing() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let owner = &app.tenant.owner;
    let writing = async {
        for number in 0..30 {
            let name = format!("Guest{number}");
            given::customer(owner, &name).await;
            let found = owner
                .items(&format!("customers?email={}", given::email(&name)))
                .await;
            assert_eq!(found.len(), 1, "{name} is missing during the rebuild");
            assert!(
                owner.items("customers").await.len() > number,
                "the list is cut short during the rebuild"
            );
        }
    };
    let rebuilding = async {
        for _ in 0..3 {
            for projection in projectors::all(&app.store) {
                projectors::rebuild::rebuild(&app.store, &projection, |_| {})
                    .await
                    .unwrap();
            }
        }
    };
    futures_util::future::join(writing, rebuilding).await;
    app.catch_up().await;
    let admin = app.admin().await;
    let live = tables::fingerprints(&admin).await;
    for projection in projectors::all(&app.store) {
        projectors::rebuild::rebuild(&app.store, &projection, |_| {})
            .await
            .unwrap();
    }
    assert_eq!(tables::fingerprints(&admin).await, live);
}
