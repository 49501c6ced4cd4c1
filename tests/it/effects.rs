//! What happens outside: the payment page, the money, the letters, and what becomes of them when things go wrong.

use serde_json::{Value, json};
use tests::app::{TestApp, undelivered};
use tests::given::{self, SLOT, day, text};
use tests::wait;
use tests::webhooks;
use time::{Duration, OffsetDateTime};

async fn book(app: &TestApp, name: &str) -> String {
    let booking = given::booking(&app.tenant.agent, given::order(name, &day(0), SLOT)).await;
    text(&booking, "booking_id").to_owned()
}

async fn book_and_pay(app: &TestApp, name: &str) -> String {
    let id = book(app, name).await;
    let url = app.checkout_url(&id).await;
    assert_eq!(app.providers.press(&url, "pay").await, 303);
    app.booking_once(&id, "the booking is confirmed", is("confirmed"))
        .await;
    id
}

fn is(status: &str) -> impl Fn(&Value) -> bool {
    move |booking| booking["status"] == status
}

fn session_id(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

fn subjects(mails: &[Value]) -> Vec<&str> {
    mails.iter().map(|mail| text(mail, "subject")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_made_by_an_agent_is_paid_confirmed_and_told() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let id = book(&app, "Ada").await;
    let url = app.checkout_url(&id).await;
    let mails = app.providers.mails(&id, 1).await;
    let html = text(&mails[0], "html").replace("&#x2f;", "/");
    assert!(
        text(&mails[0], "text").contains(&url) && html.contains(&url),
        "{}",
        mails[0]
    );
    assert!(
        mails[0]["to"].to_string().contains(&given::email("Ada")),
        "{}",
        mails[0]
    );
    assert!(
        text(&mails[0], "from").contains("hello@fire.example"),
        "{}",
        mails[0]
    );
    assert_eq!(app.providers.press(&url, "pay").await, 303);
    let booking = app
        .booking_once(&id, "the booking is confirmed", is("confirmed"))
        .await;
    assert_eq!(booking["paid"]["amount_minor"], 10_000);
    assert_eq!(
        (
            &booking["stripe_checkout_url"],
            &booking["balance"]["amount_minor"]
        ),
        (&Value::Null, &json!(56_500))
    );
    app.settle().await;
    let payments = app
        .tenant
        .owner
        .items(&format!("payments-feed?booking_id={id}"))
        .await;
    assert_eq!(
        (
            payments.len(),
            &payments[0]["provider"],
            &payments[0]["status"]
        ),
        (1, &json!("stripe"), &json!("matched"))
    );
    app.providers.mails(&id, 2).await;
    app.settle().await;
    assert_eq!(app.providers.mails(&id, 2).await.len(), 2);
    assert_eq!(app.providers.count("sessions", &id).await, 1);
    assert_eq!(app.providers.count("charges", &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_booking_gives_the_deposit_back_by_the_policy() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let id = book_and_pay(&app, "Ada").await;
    let cancel = json!({ "booking_id": id, "reason": "It rains" });
    let answer = app.tenant.owner.accepted("cancel-booking", cancel).await;
    assert_eq!(answer["result"]["refund_percent"], 100, "{answer}");
    app.booking_once(&id, "the money is back", |booking| {
        booking["paid"]["amount_minor"] == 0
    })
    .await;
    app.settle().await;
    assert_eq!(app.providers.count("refunds", &id).await, 1);
    let payments = app
        .tenant
        .owner
        .items(&format!("payments-feed?booking_id={id}"))
        .await;
    assert_eq!(payments[0]["status"], "refunded", "{payments:?}");
    let mails = app.providers.mails(&id, 4).await;
    assert_eq!(mails.len(), 4, "{:?}", subjects(&mails));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_hold_ends_in_time_and_frees_the_slot() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let id = book(&app, "Ada").await;
    let url = app.checkout_url(&id).await;
    let expire = json!({ "booking_id": id });
    let early = app
        .command_as_system("expire-booking", expire.clone())
        .await
        .unwrap();
    assert_eq!(
        early["events"],
        json!([]),
        "a timer that comes early decides nothing"
    );
    let tomorrow = OffsetDateTime::now_utc() + Duration::hours(25);
    app.command_at(tomorrow, "expire-booking", expire.clone())
        .await
        .unwrap();
    app.booking_once(&id, "the booking has expired", is("expired"))
        .await;
    let again = app
        .command_at(tomorrow, "expire-booking", expire)
        .await
        .unwrap();
    assert_eq!(again["events"], json!([]));
    app.settle().await;
    assert_eq!(app.providers.press(&url, "pay").await, 410);
    given::booking(
        &app.tenant.agent,
        given::order_without_deposit("Bob", &day(0), SLOT),
    )
    .await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timer_of_a_hold_is_in_the_outbox_from_the_start() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let id = book(&app, "Ada").await;
    app.settle().await;
    let sql = "
        select count(*) from outbox_messages m join outbox_work w using (tenant_id, message_id)
        where m.name = 'expire-hold' and w.run_at between now() + interval '23 hours' and now() + interval '25 hours'";
    assert_eq!(app.count(sql).await, 1);
    let admin = app.admin().await;
    admin
        .execute(
            "update outbox_work set run_at = now() where target = 'timer'",
            &[],
        )
        .await
        .unwrap();
    app.settle().await;
    assert_eq!(
        app.tenant.owner.item(&format!("booking?id={id}")).await["status"],
        "deposit_pending"
    );
}

/// Pays without a word to us; what Stripe would tell is in the session.
async fn pay_in_silence(app: &TestApp, id: &str) -> Value {
    let url = app.checkout_url(id).await;
    app.providers.send_no_webhooks().await;
    assert_eq!(app.providers.press(&url, "pay").await, 303);
    app.providers
        .session(&app.tenant.stripe_key, session_id(&url))
        .await
}

async fn expire(app: &TestApp, id: &str) {
    let tomorrow = OffsetDateTime::now_utc() + Duration::hours(25);
    app.command_at(tomorrow, "expire-booking", json!({ "booking_id": id }))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_after_the_end_takes_the_slot_again_if_it_is_free() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let id = book(&app, "Ada").await;
    let session = pay_in_silence(&app, &id).await;
    expire(&app, &id).await;
    let event = webhooks::event("evt_late", "checkout.session.completed", &session);
    assert_eq!(webhooks::deliver(&app, &event).await.status, 200);
    app.booking_once(&id, "the booking is confirmed after all", is("confirmed"))
        .await;
    app.settle().await;
    assert_eq!(app.providers.count("refunds", &id).await, 0);
    let order = given::order_without_deposit("Bob", &day(0), SLOT);
    app.tenant
        .agent
        .command("create-booking", order)
        .await
        .refused(409, "slot-unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_after_the_slot_is_gone_goes_back_and_is_flagged() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let id = book(&app, "Ada").await;
    let session = pay_in_silence(&app, &id).await;
    expire(&app, &id).await;
    given::booking(
        &app.tenant.agent,
        given::order_without_deposit("Bob", &day(0), SLOT),
    )
    .await;
    let event = webhooks::event("evt_late", "checkout.session.completed", &session);
    assert_eq!(webhooks::deliver(&app, &event).await.status, 200);
    app.booking_once(&id, "the booking is flagged", |booking| {
        booking["flagged"] == true
    })
    .await;
    app.settle().await;
    assert_eq!(
        app.tenant.owner.item(&format!("booking?id={id}")).await["status"],
        "expired"
    );
    assert_eq!(app.providers.count("refunds", &id).await, 1);
    assert_eq!(
        app.tenant.owner.items("bookings?flagged=true").await.len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_effect_makes_no_second_payment_page() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let fault = json!({ "status": "reset", "after_effect": true, "path": "checkout/sessions" });
    app.providers.fault(json!({ "stripe": fault })).await;
    let id = book(&app, "Ada").await;
    app.checkout_url(&id).await;
    app.settle().await;
    assert_eq!(app.providers.count("sessions", &id).await, 1);
    let retried = app
        .count("select count(*) from outbox_attempts where outcome = 'retry'")
        .await;
    assert_eq!(retried, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_refuses_for_good_becomes_a_dead_letter() {
    let app = TestApp::start().await;
    app.claim_undelivered();
    given::chef(&app.tenant.owner, "Kenji").await;
    app.providers
        .fault(json!({ "stripe": { "status": 400, "path": "checkout/sessions" } }))
        .await;
    book(&app, "Ada").await;
    let dead = wait::until("the letter is dead", async || {
        Some(undelivered(&app.admin().await).await).filter(|left| left.dead == 1)
    })
    .await;
    assert_eq!(dead.due, 0);
    assert_eq!(
        app.count("select count(*) from outbox_attempts where outcome = 'dead'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_to_a_person_without_consent() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let mut order = given::order("Ada", &day(0), SLOT);
    order["customer"]["consent_email"] = false.into();
    let booking = given::booking(&app.tenant.agent, order).await;
    let id = text(&booking, "booking_id");
    app.checkout_url(id).await;
    app.settle().await;
    assert_eq!(app.providers.count("mails", id).await, 0);
    assert_eq!(
        app.count("select count(*) from outbox_attempts where outcome = 'withheld'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_or_a_replayed_command_sends_nothing() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let order = given::order("Ada", &day(0), SLOT);
    let first = app
        .tenant
        .agent
        .command_under("key-1", "create-booking", &order)
        .await;
    let id = text(&first.ok()["result"], "booking_id").to_owned();
    app.checkout_url(&id).await;
    app.settle().await;
    let before = app.count("select count(*) from outbox_messages").await;
    app.tenant
        .agent
        .command_under("key-1", "create-booking", &order)
        .await
        .ok();
    for projection in projectors::all(&app.store) {
        projectors::rebuild::rebuild(&app.store, &projection, |_| {})
            .await
            .unwrap();
    }
    app.settle().await;
    assert_eq!(
        app.count("select count(*) from outbox_messages").await,
        before
    );
    assert_eq!(
        (
            app.providers.count("sessions", &id).await,
            app.providers.count("mails", &id).await
        ),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_debit_confirms_when_it_settles_and_not_before() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let id = book(&app, "Ada").await;
    let url = app.checkout_url(&id).await;
    assert_eq!(app.providers.press(&url, "pay?outcome=async").await, 303);
    app.settle().await;
    assert_eq!(
        app.tenant.owner.item(&format!("booking?id={id}")).await["status"],
        "deposit_pending"
    );
    assert_eq!(
        app.providers.press(&url, "settle?outcome=succeeded").await,
        303
    );
    app.booking_once(&id, "the booking is confirmed", is("confirmed"))
        .await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_and_a_dispute_on_the_providers_side_are_noted() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let id = book_and_pay(&app, "Ada").await;
    let admin = app.admin().await;
    let sql = "select payload::json #>> '{PaymentReceived,provider_id}' from events where event_type = 'PaymentReceived'";
    let intent: String = admin.query_one(sql, &[]).await.unwrap().get(0);
    app.providers
        .post(
            "/sandbox/stripe/refunds",
            &json!({ "payment_intent": intent, "amount": 4_000 }),
        )
        .await;
    app.booking_once(&id, "the refund is seen", |booking| {
        booking["paid"]["amount_minor"] == 6_000
    })
    .await;
    app.providers
        .post(
            "/sandbox/stripe/disputes",
            &json!({ "payment_intent": intent }),
        )
        .await;
    wait::until("the dispute is seen", async || {
        let flagged = app.tenant.owner.items("payments-feed?flagged=true").await;
        (flagged.len() == 1).then_some(())
    })
    .await;
    app.settle().await;
}
