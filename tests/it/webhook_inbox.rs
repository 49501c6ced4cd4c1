//! The inbox behind every door: believed only by its provider's own scheme, stored once, handled once, kept for a while.

use std::collections::BTreeMap;

use integrations::standard_webhooks::{STANDARD, SVIX, sign};
use integrations::twilio::signatures::{self as twilio, Algorithm, Content, Signed};
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Reply;
use tests::wait;
use time::OffsetDateTime;

const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBkb29ycw==";
const NEXT_SECRET: &str = "whsec_bmV4dCBzZWNyZXQgb2YgYSB0ZXN0IQ==";
const TOKEN: &str = "token_of_a_test";

async fn configure(app: &TestApp, provider: &str, secrets: Value) {
    let body = json!({ "provider": provider, "secrets": secrets });
    app.tenant.owner.accepted("configure-provider", body).await;
}

async fn post(app: &TestApp, path: &str, headers: &BTreeMap<String, String>, body: &str) -> Reply {
    let path = format!("/webhooks/{}/{path}", app.tenant.slug);
    let mut request = app.tenant.owner.anonymous(Method::POST, &path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    app.tenant.owner.send(request.body(body.to_owned())).await
}

fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn signed(id: &str, body: &str, secret: &str) -> BTreeMap<String, String> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let signature = sign(body.as_bytes(), id, now, &[secret]);
    headers(&[
        (STANDARD.id, id),
        (STANDARD.timestamp, &now.to_string()),
        (STANDARD.signature, &signature),
    ])
}

fn lead(first_name: &str) -> String {
    let data = json!({ "first_name": first_name, "email": format!("{}@example.test", first_name.to_lowercase()),
        "source": "web" });
    json!({ "type": "lead.created", "timestamp": "2026-03-14T18:00:00Z", "data": data }).to_string()
}

async fn leads(app: &TestApp) -> i64 {
    app.count("select count(*) from events where event_type = 'LeadCreated'")
        .await
}

async fn outcomes(app: &TestApp, outcome: &str) -> i64 {
    let sql = format!("select count(*) from webhook_inbox where outcome = '{outcome}'");
    app.count(&sql).await
}

async fn handled(app: &TestApp) {
    wait::until("every webhook is handled", async || {
        let waiting = "select count(*) from webhook_inbox where handled_at is null";
        (app.count(waiting).await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_program_signs_what_it_tells_us() {
    let app = TestApp::start().await;
    configure(&app, "app", json!({ "webhook_secret": SECRET })).await;
    let body = lead("Ada");
    for _ in 0..3 {
        let reply = post(&app, "app", &signed("w1", &body, SECRET), &body).await;
        assert_eq!(reply.ok(), json!({ "received": true }));
    }
    post(&app, "app", &signed("w2", &body, NEXT_SECRET), &body)
        .await
        .refused(401, "signature-invalid");
    // While the secret is being rolled both are good.
    configure(
        &app,
        "app",
        json!({ "webhook_secret": NEXT_SECRET, "webhook_secret_previous": SECRET }),
    )
    .await;
    let other = json!({ "type": "order.shipped", "data": {} }).to_string();
    for (id, secret) in [("w3", SECRET), ("w4", NEXT_SECRET)] {
        assert_eq!(
            post(&app, "app", &signed(id, &other, secret), &other)
                .await
                .status,
            200
        );
    }
    handled(&app).await;
    assert_eq!(leads(&app).await, 1);
    assert_eq!(outcomes(&app, "handled").await, 1);
    // Well signed and unknown: kept and acknowledged.
    assert_eq!(outcomes(&app, "ignored").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_may_sign_in_instead_with_a_key_of_its_own_for_each_webhook() {
    let app = TestApp::start().await;
    let another = app.another_tenant("moon-and-tide").await;
    let body = lead("Ada");
    let path = format!("/webhooks/{}/app", app.tenant.slug);
    let send = async |client: &tests::client::Client, key: Option<&str>, body: &str| {
        let mut request = client.request(Method::POST, &path);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        client.send(request.body(body.to_owned())).await
    };
    for _ in 0..2 {
        assert_eq!(send(&app.tenant.owner, Some("k1"), &body).await.status, 200);
    }
    send(&app.tenant.owner, None, &body)
        .await
        .refused(400, "idempotency-key-missing");
    send(&app.tenant.owner, Some("k2"), "[]")
        .await
        .refused(400, "webhook-malformed");
    send(&another.owner, Some("k1"), &body)
        .await
        .refused(404, "webhook-unknown");
    handled(&app).await;
    assert_eq!(leads(&app).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_with_another_body_keeps_the_first_and_flags_it() {
    let app = TestApp::start().await;
    configure(&app, "app", json!({ "webhook_secret": SECRET })).await;
    for name in ["Ada", "Grace"] {
        let body = lead(name);
        assert_eq!(
            post(&app, "app", &signed("w1", &body, SECRET), &body)
                .await
                .status,
            200
        );
    }
    handled(&app).await;
    assert_eq!(leads(&app).await, 1);
    let flagged = "select count(*) from webhook_inbox where conflicting_bodies = 1";
    assert_eq!(app.count(flagged).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_is_believed_by_either_hash_and_answered_in_its_markup() {
    let app = TestApp::start().await;
    configure(
        &app,
        "twilio",
        json!({ "auth_token": TOKEN, "signing_key": "shared" }),
    )
    .await;
    let url = format!(
        "{}/webhooks/{}/twilio?message=m1",
        app.base_url, app.tenant.slug
    );
    let form = |status: &str| format!("MessageSid=SM1&MessageStatus={status}");
    for (status, algorithm, secret, settings) in [
        ("sent", Algorithm::Sha1, TOKEN, None),
        (
            "delivered",
            Algorithm::Sha256,
            "shared",
            Some("key=k,algorithm=HMAC_SHA256"),
        ),
    ] {
        let body = form(status);
        let signature = twilio::sign(
            Signed {
                url: &url,
                body: body.as_bytes(),
                content: Content::Form,
            },
            algorithm,
            secret,
        );
        let mut headers = headers(&[
            ("content-type", "application/x-www-form-urlencoded"),
            (twilio::HEADER, &signature),
        ]);
        if let Some(settings) = settings {
            headers.insert(twilio::SETTINGS_HEADER.to_owned(), settings.to_owned());
        }
        let reply = post(&app, "twilio?message=m1", &headers, &body).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, "<Response/>"));
        // The query is signed too.
        post(&app, "twilio?message=m2", &headers, &body)
            .await
            .refused(401, "signature-invalid");
        post(&app, "twilio?message=m1", &headers, &form("failed"))
            .await
            .refused(401, "signature-invalid");
    }
    let stored =
        "select count(*) from webhook_inbox where provider = 'twilio' and query = 'message=m1'";
    assert_eq!(app.count(stored).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_the_inbox_is_sealed() {
    let app = TestApp::start().await;
    configure(&app, "email", json!({ "webhook_secret": "hunter" })).await;
    let mail = "From: Ada <ada@example.test>\r\nMessage-ID: <a1@example.test>\r\nAuto-Submitted: auto-replied\r\n\r\nAway";
    let bearer = |secret: &str| headers(&[("authorization", &format!("Bearer {secret}"))]);
    post(&app, "email", &bearer("wrong"), mail)
        .await
        .refused(401, "signature-invalid");
    post(&app, "email", &bearer("hunter"), "no mail")
        .await
        .refused(400, "webhook-malformed");
    assert_eq!(
        post(&app, "email", &bearer("hunter"), mail).await.status,
        200
    );
    handled(&app).await;
    // A machine's note is no message of the customer's.
    assert_eq!(outcomes(&app, "ignored").await, 1);
    let in_clear = "select count(*) from webhook_inbox where event_key like '%example%' \
        or position('example'::bytea in body) > 0";
    assert_eq!(app.count(in_clear).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_with_no_secret_of_its_door_is_unknown() {
    let app = TestApp::start().await;
    configure(&app, "twilio", json!({ "other": "x" })).await;
    for path in ["twilio", "resend", "app", "email", "nobody"] {
        let headers = headers(&[(SVIX.id, "m1")]);
        post(&app, path, &headers, "{}")
            .await
            .refused(404, "webhook-unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handled_webhooks_are_forgotten_after_ninety_days_and_others_never() {
    let app = TestApp::start().await;
    configure(&app, "app", json!({ "webhook_secret": SECRET })).await;
    let body = json!({ "type": "order.shipped", "data": {} }).to_string();
    for id in ["old", "recent", "unhandled"] {
        let reply = post(&app, "app", &signed(id, &body, SECRET), &body).await;
        assert_eq!(reply.status, 200);
    }
    handled(&app).await;
    let age = "update webhook_inbox set received_at = received_at - interval '1 day' *
        case event_key when 'recent' then 89 else 91 end";
    let admin = app.admin().await;
    admin.execute(age, &[]).await.unwrap();
    // As one that a worker holds, and has not done with.
    let hold = "update webhook_inbox set handled_at = null, lease_until = 'infinity' where event_key = 'unhandled'";
    admin.execute(hold, &[]).await.unwrap();
    let forgotten = outbox::inbox::retention::sweep(&app.store.pools.engine)
        .await
        .unwrap();
    assert_eq!(forgotten, 1);
    let left = "select count(*) from webhook_inbox where event_key in ('recent', 'unhandled')";
    assert_eq!(app.count(left).await, 2);
}
