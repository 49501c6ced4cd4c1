//! Payments by hand: recorded, linked and unlinked, marked as paid, given back.

use serde_json::json;
use tests::app::TestApp;
use tests::given::{self, SLOT, day, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_marked_as_paid_is_confirmed() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let id = text(&booking, "booking_id");
    let paid = owner
        .accepted("mark-paid", json!({ "booking_id": id, "method": "cash" }))
        .await;
    assert_eq!(paid["result"]["status"], "confirmed");
    assert_eq!(paid["result"]["balance_due"], "$0.00");
    let item = owner.item(&format!("booking?id={id}")).await;
    assert_eq!(item["paid"]["amount_minor"], 66_500);
    let feed = owner.items(&format!("payments-feed?booking_id={id}")).await;
    assert_eq!((feed.len(), &feed[0]["provider"]), (1, &json!("manual")));
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipts_number_is_recorded_once() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let body = json!({ "amount_minor": 5_000, "method": "check", "reference": "check 17", "memo": "for Saturday" });
    let payment = owner.accepted("record-payment", body.clone()).await;
    let refusal = owner
        .command("record-payment", body)
        .await
        .refused(409, "payment-reference-taken");
    assert_eq!(
        refusal["alternatives"][0]["payment_id"],
        payment["result"]["payment_id"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_linked_to_its_booking_and_unlinked_again() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let booking_id = text(&booking, "booking_id");
    let payment = owner
        .accepted("record-payment", json!({ "amount_minor": 20_000 }))
        .await;
    let payment_id = text(&payment["result"], "payment_id");
    let both = json!({ "payment_id": payment_id, "booking_id": booking_id });
    owner.accepted("link-payment-to-booking", both).await;
    let item = owner.item(&format!("booking?id={booking_id}")).await;
    assert_eq!(
        (
            &item["paid"]["amount_minor"],
            &item["balance"]["amount_minor"]
        ),
        (&json!(20_000), &json!(46_500))
    );
    owner
        .accepted(
            "unlink-payment",
            json!({ "payment_id": payment_id, "reason": "wrong party" }),
        )
        .await;
    let item = owner.item(&format!("booking?id={booking_id}")).await;
    assert_eq!(item["paid"]["amount_minor"], 0);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_goes_back_than_came_in() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let payment = owner
        .accepted("record-payment", json!({ "amount_minor": 20_000 }))
        .await;
    let id = text(&payment["result"], "payment_id");
    owner
        .accepted(
            "refund-payment",
            json!({ "payment_id": id, "amount_minor": 15_000 }),
        )
        .await;
    let reply = owner
        .command(
            "refund-payment",
            json!({ "payment_id": id, "amount_minor": 5_001 }),
        )
        .await;
    assert!([409, 422].contains(&reply.status), "{}", reply.text);
    assert_eq!(
        reply.json()["code"],
        "refund-exceeds-payment",
        "{}",
        reply.text
    );
    owner
        .accepted("refund-payment", json!({ "payment_id": id }))
        .await;
    let feed = owner.items("payments-feed").await;
    assert_eq!(feed[0]["status"], "refunded", "{feed:?}");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_gives_no_money_back_by_itself() {
    let app = TestApp::start().await;
    let paid = json!({ "amount_minor": 20_000 });
    let payment = app.tenant.owner.accepted("record-payment", paid).await;
    let body = json!({ "payment_id": payment["result"]["payment_id"] });
    app.tenant
        .agent
        .command("refund-payment", body)
        .await
        .refused(403, "approval-required");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_counts_the_days_bookings_and_money() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    owner
        .accepted("mark-paid", json!({ "booking_id": booking["booking_id"] }))
        .await;
    let days = owner.items("dashboard").await;
    let created: i64 = days
        .iter()
        .filter_map(|day| day["bookings_created"].as_i64())
        .sum();
    let confirmed: i64 = days
        .iter()
        .filter_map(|day| day["bookings_confirmed"].as_i64())
        .sum();
    assert_eq!((created, confirmed), (1, 1), "{days:?}");
    assert!(
        days.iter().any(|day| day.to_string().contains("66500")),
        "{days:?}"
    );
    app.settle().await;
}
