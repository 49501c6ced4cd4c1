//! Webhooks in: believed only when well signed, stored once and sealed, handled once in whatever order they come.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, SLOT, day, text};
use tests::webhooks::{self, event, paid_session};
use time::OffsetDateTime;

async fn inbox(app: &TestApp) -> i64 {
    app.count("select count(*) from webhook_inbox").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badly_signed_webhook_is_turned_away_and_leaves_nothing() {
    let app = TestApp::start().await;
    let body = event("evt_1", "checkout.session.completed", &json!({})).to_string();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let (good, forged) = (app.tenant.webhook_secret.as_str(), "whsec_forged");
    // Time goes on until it arrives: what is barely too far ahead now may not be then.
    for (secret, at) in [(forged, now), (good, now - 301), (good, now + 330)] {
        let reply = webhooks::deliver_signed(&app, &body, secret, at).await;
        reply.refused(401, "signature-invalid");
    }
    let path = format!("/webhooks/{}/stripe", app.tenant.slug);
    let unsigned = app
        .tenant
        .owner
        .anonymous(reqwest::Method::POST, &path)
        .body(body);
    app.tenant
        .owner
        .send(unsigned)
        .await
        .refused(401, "signature-invalid");
    assert_eq!(inbox(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_changed_on_the_way_is_turned_away() {
    let app = TestApp::start().await;
    let body = event("evt_1", "charge.refunded", &json!({ "id": "ch_1" })).to_string();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let header =
        integrations::stripe::signatures::sign(body.as_bytes(), &app.tenant.webhook_secret, now);
    let path = format!("/webhooks/{}/stripe", app.tenant.slug);
    let request = app
        .tenant
        .owner
        .anonymous(reqwest::Method::POST, &path)
        .header("stripe-signature", header);
    let reply = app
        .tenant
        .owner
        .send(request.body(body.replace("ch_1", "ch_2")))
        .await;
    reply.refused(401, "signature-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_which_tenants_or_providers_exist() {
    let app = TestApp::start().await;
    for path in [
        "/webhooks/nobody/stripe",
        "/webhooks/fire-and-rice/paypal",
        "/webhooks/fire-and-rice/smtp",
    ] {
        let request = app
            .tenant
            .owner
            .anonymous(reqwest::Method::POST, path)
            .body("{}");
        app.tenant
            .owner
            .send(request)
            .await
            .refused(404, "webhook-unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_delivered_many_times_at_once_counts_once() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let booking = given::booking(&app.tenant.agent, given::order("Ada", &day(0), SLOT)).await;
    let id = text(&booking, "booking_id");
    app.checkout_url(id).await;
    let event = event(
        "evt_1",
        "checkout.session.completed",
        &paid_session(id, "cs_1", "pi_1"),
    );
    let deliveries = (0..10).map(|_| webhooks::deliver(&app, &event));
    for reply in futures_util::future::join_all(deliveries).await {
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    app.booking_once(id, "it is confirmed", |booking| {
        booking["status"] == "confirmed"
    })
    .await;
    // The same news under another id, as Stripe may send it too.
    let mut twin = event.clone();
    twin["id"] = "evt_2".into();
    assert_eq!(webhooks::deliver(&app, &twin).await.status, 200);
    app.settle().await;
    assert_eq!(
        app.count("select count(*) from events where event_type = 'PaymentReceived'")
            .await,
        1
    );
    assert_eq!(
        app.tenant.owner.item(&format!("booking?id={id}")).await["paid"]["amount_minor"],
        10_000
    );
    assert_eq!(inbox(&app).await, 2 + sandbox_events(&app).await);
}

/// How many of the stored webhooks the sandbox itself has sent.
async fn sandbox_events(app: &TestApp) -> i64 {
    app.count("select count(*) from webhook_inbox where event_key not in ('evt_1', 'evt_2')")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn news_in_any_order_leads_to_the_same_end() {
    for order in [
        ["paid", "expired", "refund"],
        ["refund", "expired", "paid"],
        ["expired", "refund", "paid"],
    ] {
        let app = TestApp::start().await;
        given::chef(&app.tenant.owner, "Kenji").await;
        let booking = given::booking(&app.tenant.agent, given::order("Ada", &day(0), SLOT)).await;
        let id = text(&booking, "booking_id");
        app.checkout_url(id).await;
        let paid = event(
            "evt_paid",
            "checkout.session.completed",
            &paid_session(id, "cs_1", "pi_1"),
        );
        let mut closed = paid_session(id, "cs_1", "pi_1");
        (closed["status"], closed["payment_status"]) = ("expired".into(), "unpaid".into());
        closed["payment_intent"] = Value::Null;
        let expired = event("evt_expired", "checkout.session.expired", &closed);
        let refund = json!({
            "id": "re_1", "object": "refund", "amount": 4_000, "currency": "usd", "payment_intent": "pi_1",
            "status": "succeeded", "metadata": {}, "created": 1,
        });
        let refund = event("evt_refund", "refund.updated", &refund);
        for name in order {
            let event = match name {
                "paid" => &paid,
                "expired" => &expired,
                _ => &refund,
            };
            assert_eq!(webhooks::deliver(&app, event).await.status, 200);
            // A refund of money that we have not heard of waits until we have.
            if name != "refund" {
                let handled = format!(
                    "select count(*) from webhook_inbox where event_key = 'evt_{name}' and handled_at is null"
                );
                tests::wait::until("it is handled", async || {
                    (app.count(&handled).await == 0).then_some(())
                })
                .await;
            }
        }
        let is_so = |booking: &Value| {
            booking["status"] == "confirmed" && booking["paid"]["amount_minor"] == 6_000
        };
        app.booking_once(
            id,
            &format!("{order:?} has led to confirmation and refund"),
            is_so,
        )
        .await;
        app.settle().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_well_signed_event_of_an_unknown_type_is_kept_and_acknowledged() {
    let app = TestApp::start().await;
    let event = event(
        "evt_1",
        "balance.available",
        &json!({ "object": "balance" }),
    );
    assert_eq!(
        webhooks::deliver(&app, &event).await.ok(),
        json!({ "received": true })
    );
    app.settle().await;
    assert_eq!(
        app.count("select count(*) from webhook_inbox where outcome = 'ignored'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_doubled_and_shuffled_by_the_provider_change_nothing_twice() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    app.providers
        .fault(json!({ "webhooks": { "duplicate": true, "shuffle": true } }))
        .await;
    let booking = given::booking(&app.tenant.agent, given::order("Ada", &day(0), SLOT)).await;
    let id = text(&booking, "booking_id");
    let url = app.checkout_url(id).await;
    assert_eq!(app.providers.press(&url, "pay").await, 303);
    app.booking_once(id, "it is confirmed", |booking| {
        booking["status"] == "confirmed"
    })
    .await;
    app.tenant
        .owner
        .accepted(
            "cancel-booking",
            json!({ "booking_id": id, "reason": "It rains" }),
        )
        .await;
    app.settle().await;
    assert_eq!(
        (
            app.providers.count("charges", id).await,
            app.providers.count("refunds", id).await
        ),
        (1, 1)
    );
    assert_eq!(
        app.count("select count(*) from events where event_type = 'PaymentRefunded'")
            .await,
        1
    );
}
