//! What agents are asked for every day, by the official client: to find, to book, to move, to answer, and to give back. None
//! of it takes more than four calls, and each call is made of what the ones before have answered.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, ADDRESS, SLOT, ZONE, day, text};
use tests::oracles;

/// The most calls that a task may take.
const MAX_CALLS: usize = 4;

/// Lets the client do these, one after the other; answers what the last one was answered.
async fn task(app: &TestApp, steps: Vec<Value>) -> Value {
    assert!(steps.len() <= MAX_CALLS);
    let agent = &app.tenant.agent;
    let url = format!("{}/mcp", app.base_url);
    let asked = json!({ "url": url, "key": agent.key, "steps": steps });
    let said = oracles::ask("mcp_client.py", &["auto"], asked.to_string()).await;
    app.settle().await;
    let answers: Vec<Value> = said
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(answers.len(), steps.len());
    for answer in &answers[..answers.len() - 1] {
        assert_ne!(answer["isError"], true, "{answer}");
    }
    answers.last().expect("a step")["structuredContent"].clone()
}

fn step(name: &str, arguments: Value) -> Value {
    json!({ "name": name, "arguments": arguments })
}

/// What an earlier step has answered there.
fn from(index: usize, path: &str) -> Value {
    json!({ "$from": [index, path] })
}

#[tokio::test(flavor = "multi_thread")]
async fn five_everyday_tasks_take_four_calls_at_most() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let paid = json!({ "amount_minor": 20_000, "booking_id": booking["booking_id"] });
    owner.accepted("record-payment", paid).await;
    app.settle().await;
    let ada = || step("find_customer", json!({ "email": given::email("Ada") }));
    let hers = from(0, "items/0/customer_id");

    let found = task(
        &app,
        vec![
            ada(),
            step("customer_summary", json!({ "customer_id": hers })),
        ],
    )
    .await;
    assert_eq!(
        found["item"]["bookings"][0]["booking_id"],
        booking["booking_id"]
    );

    let order = json!({
        "customer_first_name": "Grace", "customer_last_name": "Tester", "customer_email": given::email("Grace"),
        "customer_phone": "+12135550199", "booking_date": day(1), "booking_slot": from(0, "items/0/slot"),
        "address": ADDRESS, "party_adults": 11, "party_kids": 0, "idempotency_key": "task-book",
    });
    let free = step(
        "check_availability",
        json!({ "date": day(1), "zone": ZONE }),
    );
    let booked = task(&app, vec![free, step("create_booking", order)]).await;
    assert_eq!(booked["result"]["status"], "deposit_pending", "{booked}");

    let moved = json!({ "booking_id": from(1, "items/0/booking_id"), "date": day(3), "slot": from(2, "items/0/slot"),
        "idempotency_key": "task-move" });
    let free = step(
        "check_availability",
        json!({ "date": day(3), "zone": ZONE }),
    );
    let steps = vec![
        ada(),
        step("bookings", json!({ "customer_id": hers })),
        free,
        step("reschedule_booking", moved),
    ];
    task(&app, steps).await;
    let query = format!("booking?id={}", text(&booking, "booking_id"));
    assert_eq!(owner.item(&query).await["date"], day(3).as_str());

    given::message(owner, "web_chat", "visitor-1", "Do you bring the grill?").await;
    app.settle().await;
    let said = json!({ "thread_id": from(0, "items/0/thread_id"), "content": "We bring everything.",
        "sender_type": "ai", "sender_id": "ai_system", "idempotency_key": "task-answer" });
    let shown = json!({ "id": from(0, "items/0/thread_id") });
    let steps = vec![
        step("inbox", json!({})),
        step("thread", shown),
        step("send_message", said),
    ];
    let answered = task(&app, steps).await;
    assert!(answered["result"]["message_id"].is_string(), "{answered}");

    let refund =
        json!({ "payment_id": from(1, "items/0/payment_id"), "idempotency_key": "task-refund" });
    let payments = step("payments_feed", json!({ "customer_id": hers }));
    let asked = task(&app, vec![ada(), payments, step("refund_payment", refund)]).await;
    assert_eq!(asked["code"], "approval-required", "{asked}");
    let waiting = owner.items("approvals?standing=proposed").await;
    assert_eq!(
        waiting[0]["approval_id"],
        asked["alternatives"][0]["approval_id"]
    );
}
