//! The paths that existing clients call: their own manners, the same commands and queries, and nobody let in unasked.

use integrations::stripe::signatures;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, SLOT, day};
use tests::webhooks::event;
use time::OffsetDateTime;

/// What a form of theirs sends: with fields that are none of ours.
fn sloppy(order: Value) -> Value {
    let mut order = order;
    order["utm_source"] = json!("newsletter");
    order["customer"]["nickname"] = json!("Ace");
    order["booking"]["party"]["pets"] = json!(1);
    order
}

async fn bind(app: &TestApp, openings: &[&str]) {
    let settings = json!({ "webhook_alias": "grill", "open_to": openings });
    app.tenant.owner.accepted("update-settings", settings).await;
    app.catch_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sloppy_order_is_booked_and_answered_flat() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let order = sloppy(given::order("Ada", &day(0), SLOT));
    let strict = owner.command("create-booking", order.clone()).await;
    assert_eq!(strict.status, 422, "{}", strict.text);
    let posted = owner.anonymous(Method::POST, "/api/commands/create-booking");
    let reply = owner
        .send(posted.header("x-api-key", &owner.key).json(&order))
        .await;
    let answer = reply.ok();
    assert_eq!(answer["status"], "deposit_pending", "{answer}");
    assert_eq!(answer["booking_id"], answer["result"]["booking_id"]);
    assert_eq!(answer["aggregate_type"], "booking");
    let booking_id = answer["booking_id"].as_str().unwrap();
    let booking = owner.item(&format!("booking?id={booking_id}")).await;
    assert_eq!(booking["booking_id"], booking_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_free_comes_as_a_bare_list() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    app.catch_up().await;
    let path = format!("/api/queries/availability?date={}&cachebust=1", day(0));
    let slots = owner.get(&path).await.ok();
    assert!(!slots.as_array().unwrap().is_empty(), "{slots}");
    assert_eq!(slots[0]["free_chefs"], 1);
    let other = owner.get("/api/queries/customers").await;
    assert_eq!(
        other.status, 404,
        "only what stands in the table: {}",
        other.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_credential_only_those_get_in_whom_the_tenant_lets_in() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let order = given::order("Ada", &day(0), SLOT);
    let post = || owner.anonymous(Method::POST, "/api/commands/create-booking");
    assert_eq!(owner.send(post().json(&order)).await.status, 401);
    bind(&app, &["192.0.2.0/24", "https://book.example"]).await;
    let elsewhere = owner.send(post().json(&order)).await;
    assert_eq!(elsewhere.status, 401, "{}", elsewhere.text);
    let evil = post().header("origin", "https://evil.example");
    assert_eq!(owner.send(evil.json(&order)).await.status, 401);
    let page = post().header("origin", "https://book.example");
    let booked = owner.send(page.json(&order)).await;
    assert_eq!(booked.status, 200, "{}", booked.text);
    assert_eq!(
        booked.headers["access-control-allow-origin"],
        "https://book.example"
    );
    bind(&app, &["127.0.0.0/8"]).await;
    let order = given::order("Bob", &day(1), SLOT);
    let page = post().header("origin", "https://evil.example");
    assert_eq!(owner.send(page.json(&order)).await.status, 401);
    let forwarded = post().header("x-forwarded-for", "127.0.0.1");
    assert_eq!(owner.send(forwarded.json(&order)).await.status, 401);
    assert_eq!(owner.send(post().json(&order)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_door_leads_to_bookings_only() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    bind(&app, &["127.0.0.0/8"]).await;
    let post = owner.anonymous(Method::POST, "/commands/create-booking");
    assert_eq!(owner.send(post.json(&json!({}))).await.status, 401);
    let preflight = owner
        .anonymous(Method::OPTIONS, "/api/commands/create-booking")
        .header("origin", "https://book.example");
    let reply = owner.send(preflight).await;
    assert_eq!(reply.status, 204);
    assert!(!reply.headers.contains_key("access-control-allow-origin"));
    let wrong = json!({ "open_to": ["everybody"] });
    let refused = owner.command("update-settings", wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/open_to/0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_names_no_tenant_goes_to_the_one_that_is_bound() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let body = event("evt_1", "invoice.paid", &json!({ "id": "in_1" })).to_string();
    let post = |secret: &str| {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let signature = signatures::sign(body.as_bytes(), secret, now);
        let request = owner.anonymous(Method::POST, "/webhooks/stripe");
        let request = request.header("stripe-signature", signature);
        owner.send(request.body(body.clone()))
    };
    let secret = app.tenant.webhook_secret.as_str();
    post(secret).await.refused(404, "webhook-unbound");
    bind(&app, &[]).await;
    post("whsec_forged").await.refused(401, "signature-invalid");
    assert_eq!(post(secret).await.ok(), json!({ "received": true }));
    let kept = "select count(*) from webhook_inbox where provider = 'stripe'";
    assert_eq!(app.count(kept).await, 1);
    let elsewhere = owner.anonymous(Method::POST, "/webhooks/twilio");
    owner.send(elsewhere).await.refused(404, "path-unknown");
}
