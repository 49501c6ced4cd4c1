//! Bookings: created with a chef's slot, changed, assigned, moved, cancelled, completed.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, SLOT, day};

async fn status(client: &Client, booking_id: &str) -> Value {
    client.item(&format!("booking?id={booking_id}")).await["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_booking_answers_with_what_the_customer_must_know() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let booking = given::booking(&app.tenant.agent, given::order("Ada", &day(0), SLOT)).await;
    assert_eq!(booking["status"], "deposit_pending");
    assert_eq!(
        booking["summary"],
        format!("{} at 18:00 • 13 guests", day(0))
    );
    assert_eq!(
        (&booking["deposit_due"], &booking["total_due"]),
        (&json!("$100.00"), &json!("$665.00"))
    );
    assert_eq!(
        (
            &booking["customer_created"],
            &booking["stripe_checkout_url"]
        ),
        (&json!(true), &Value::Null)
    );
    let item = app
        .tenant
        .agent
        .query(&format!(
            "booking?id={}",
            given::text(&booking, "booking_id")
        ))
        .await
        .ok();
    assert_eq!(item["item"]["chef"], Value::Null);
    assert_eq!(item["item"]["zone"], given::ZONE);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_slot_is_refused_with_the_nearest_free_ones() {
    let app = TestApp::start().await;
    let agent = &app.tenant.agent;
    given::chef(&app.tenant.owner, "Kenji").await;
    given::booking(agent, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let refusal = agent
        .command("create-booking", given::order("Bob", &day(0), SLOT))
        .await;
    let refusal = refusal.refused(409, "slot-unavailable");
    let alternatives = refusal["alternatives"].as_array().unwrap();
    assert!(!alternatives.is_empty(), "{refusal}");
    let (date, slot) = (
        given::text(&alternatives[0], "date"),
        given::text(&alternatives[0], "slot"),
    );
    given::booking(agent, given::order_without_deposit("Bob", date, slot)).await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_no_order_is_said_at_once() {
    let app = TestApp::start().await;
    let mut order = given::order("Ada", "2026-02-30", "six");
    order["customer"]["email"] = "nobody".into();
    order["customer"]["phone"] = "12".into();
    order["booking"]["party"]["adults"] = 0.into();
    let reply = app.tenant.agent.command("create-booking", order).await;
    reply.refused(422, "validation-failed");
    let expected = [
        "/booking/date",
        "/booking/party/adults",
        "/booking/slot",
        "/customer/email",
        "/customer/phone",
    ];
    assert_eq!(reply.pointers(), expected, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_this_business_cannot_do_is_said_at_once() {
    let app = TestApp::start().await;
    let mut order = given::order("Ada", &day(0), "18:30");
    order["booking"]["address"] = "Nowhere".into();
    order["booking"]["menu"] = json!([{ "item": "unicorn", "quantity": 1 }]);
    let reply = app.tenant.agent.command("create-booking", order).await;
    reply.refused(422, "validation-failed");
    let pointers = reply.pointers();
    for pointer in ["/booking/slot", "/booking/zone", "/booking/menu/0/item"] {
        assert!(
            pointers.iter().any(|known| known == pointer),
            "{pointer} is missing: {}",
            reply.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_in_the_past_cannot_be_booked() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let order = given::order("Ada", &given::day(-40), SLOT);
    let reply = app.tenant.agent.command("create-booking", order).await;
    assert!([409, 422].contains(&reply.status), "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bigger_party_is_priced_anew_and_the_deposit_stays() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let id = given::text(&booking, "booking_id");
    let body = json!({
        "booking_id": id, "party": { "adults": 20, "kids": 0 }, "menu": [{ "item": "filet-mignon", "quantity": 3 }],
        "notes": "Ring twice",
    });
    owner.accepted("update-booking", body).await;
    let item = owner.item(&format!("booking?id={id}")).await;
    assert_eq!(item["total"]["amount_minor"], 20 * 5_500 + 3 * 1_000);
    assert_eq!(
        (&item["guests"], &item["notes"]),
        (&json!(20), &json!("Ring twice"))
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_by_invoice_is_confirmed_by_hand_and_completed_after_the_party_only() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let id = given::text(&booking, "booking_id");
    assert_eq!(booking["status"], "new");
    owner
        .accepted("confirm-booking", json!({ "booking_id": id }))
        .await;
    assert_eq!(status(owner, id).await, "confirmed");
    let again = owner
        .accepted("confirm-booking", json!({ "booking_id": id }))
        .await;
    assert_eq!(again["events"], json!([]));
    let early = owner
        .command("complete-booking", json!({ "booking_id": id }))
        .await;
    early.refused(409, "booking-not-started");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_waits_for_its_deposit_is_not_confirmed_by_hand() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order("Ada", &day(0), SLOT)).await;
    let body = json!({ "booking_id": booking["booking_id"] });
    owner
        .command("confirm-booking", body)
        .await
        .refused(409, "booking-deposit-unpaid");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assigned_chef_swaps_with_the_booking_that_held_them_provisionally() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    given::chef(owner, "Luz").await;
    let mut ids = Vec::new();
    for name in ["Ada", "Bob"] {
        let booking =
            given::booking(owner, given::order_without_deposit(name, &day(0), SLOT)).await;
        ids.push(given::text(&booking, "booking_id").to_owned());
    }
    // The second booking holds the chef whom the first one is given now.
    let wanted = owner.items("chefs?sort=name").await;
    for chef in &wanted {
        let body = json!({ "booking_id": ids[0], "chef_id": chef["chef_id"] });
        owner.accepted("assign-chef", body).await;
        let item = owner.item(&format!("booking?id={}", ids[0])).await;
        assert_eq!(item["chef"]["chef_id"], chef["chef_id"]);
    }
    let order = given::order_without_deposit("Cora", &day(0), SLOT);
    owner
        .command("create-booking", order)
        .await
        .refused(409, "slot-unavailable");
    assert_eq!(
        app.count("select count(*) from claims where scope = 'chef-slot'")
            .await,
        2
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescheduled_booking_frees_its_old_slot() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let id = given::text(&booking, "booking_id");
    owner
        .accepted(
            "reschedule-booking",
            json!({ "booking_id": id, "date": day(1), "slot": "12:00" }),
        )
        .await;
    given::booking(owner, given::order_without_deposit("Bob", &day(0), SLOT)).await;
    let item = owner.item(&format!("booking?id={id}")).await;
    assert_eq!(
        (&item["date"], &item["slot"]),
        (&json!(day(1)), &json!("12:00"))
    );
    let body = json!({ "booking_id": id, "date": day(0), "slot": SLOT });
    owner
        .command("reschedule-booking", body)
        .await
        .refused(409, "slot-unavailable");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_booking_frees_its_slot_and_stays_cancelled() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let id = given::text(&booking, "booking_id");
    let cancel = json!({ "booking_id": id, "reason": "It rains" });
    app.tenant
        .agent
        .command("cancel-booking", cancel.clone())
        .await
        .refused(403, "approval-required");
    owner.accepted("cancel-booking", cancel.clone()).await;
    assert_eq!(status(owner, id).await, "cancelled");
    let again = owner.accepted("cancel-booking", cancel).await;
    assert_eq!(again["events"], json!([]));
    owner
        .command("confirm-booking", json!({ "booking_id": id }))
        .await
        .refused(409, "booking-cancelled");
    given::booking(owner, given::order_without_deposit("Bob", &day(0), SLOT)).await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_shows_chefs_by_days_and_slots() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let board = owner
        .items(&format!("schedule-board?from={}&to={}", day(0), day(1)))
        .await;
    assert_eq!(board.len(), 1, "{board:?}");
    assert_eq!(board[0]["days"].as_array().unwrap().len(), 2);
    assert!(
        board[0]["days"][0]
            .to_string()
            .contains(given::text(&booking, "booking_id")),
        "{}",
        board[0]
    );
    app.settle().await;
}
