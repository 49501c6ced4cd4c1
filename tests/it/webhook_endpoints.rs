//! Webhook endpoints: added, changed and removed by those who may; told of events, signed, with nothing personal.

use commands::dispatch::Dispatcher;
use identity::principals::{Principal, PrincipalKind};
use identity::roles::Role;
use serde_json::{Value, json};
use tests::app::{TestApp, request};
use tests::receivers::{Got, Receiver};
use tests::stream::Listener;
use tests::{given, oracles, wait};

async fn secret(app: &TestApp, endpoint_id: &str) -> Value {
    let query = format!("webhook-secret?id={endpoint_id}");
    app.tenant.owner.item(&query).await
}

async fn deliveries(app: &TestApp, count: usize) -> Vec<Value> {
    wait::until("the deliveries are written down", async || {
        let items = app.tenant.owner.items("webhook-deliveries").await;
        (items.len() >= count).then_some(items)
    })
    .await
}

fn types(got: &[Got]) -> Vec<Value> {
    got.iter().map(|one| one.json()["type"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_told_signed_once_and_without_anything_personal() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(owner, &["ChefAdded"]).await;
    given::customer(owner, "Ada").await;
    let chef_id = given::chef(owner, "Kenji").await;
    let got = receiver.got_at_least(1).await;
    let body = got[0].json();
    assert_eq!(
        got[0].header("content-type"),
        "application/cloudevents+json"
    );
    assert_eq!(
        (&body["specversion"], &body["type"], &body["subject"]),
        (
            &json!("1.0"),
            &json!("ChefAdded"),
            &json!(format!("chef/{chef_id}"))
        )
    );
    assert_eq!(body["data"]["payload"]["zones"], json!([given::ZONE]));
    let told = &got[0].body;
    assert!(!told.contains("Kenji") && !told.contains("v1:"), "{told}");
    let secret = secret(&app, &endpoint_id).await;
    let secret = given::text(&secret, "secret");
    let forged = "whsec_Zm9yZ2VkIHNlY3JldCBvZiBub2JvZHkgYXQgYWxs";
    let said = oracles::webhook_receivers(&[got[0].signed(secret), got[0].signed(forged)]).await;
    assert_eq!(said, ["ok ok", "err err"]);
    let log = deliveries(&app, 1).await;
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!(
        (&log[0]["outcome"], &log[0]["status"], &log[0]["attempt"]),
        (&json!("accepted"), &json!(204), &json!(1))
    );
    assert_eq!(log[0]["webhook_id"], got[0].header("webhook-id"));
    app.settle().await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_sign_after_a_rotation_and_the_older_ones_do_not() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(owner, &["*"]).await;
    let rotate = async || {
        let body = json!({ "endpoint_id": endpoint_id });
        owner.accepted("rotate-webhook-secret", body).await
    };
    let first = secret(&app, &endpoint_id).await;
    rotate().await;
    let second = secret(&app, &endpoint_id).await;
    let rotated = rotate().await;
    let third = secret(&app, &endpoint_id).await;
    assert!(!rotated.to_string().contains("whsec_"), "{rotated}");
    assert_eq!(third["previous_secret"], second["secret"]);
    given::chef(owner, "Kenji").await;
    let got = receiver.got_at_least(1).await;
    assert_eq!(got[0].header("webhook-signature").split(' ').count(), 2);
    let signed = |one: &Value| got[0].signed(given::text(one, "secret"));
    let said = oracles::webhook_receivers(&[signed(&third), signed(&second), signed(&first)]).await;
    assert_eq!(said, ["ok ok", "ok ok", "err err"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_what_it_wants_while_it_wants_it() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(owner, &["LeadCreated"]).await;
    let of_one = json!({ "endpoint_id": endpoint_id });
    let mut change = of_one.clone();
    change["event_types"] = json!(["ChefAdded"]);
    change["payload"] = json!("thin");
    owner.accepted("update-webhook-endpoint", change).await;
    given::customer(owner, "Ada").await;
    given::chef(owner, "Kenji").await;
    let got = receiver.got_at_least(1).await;
    assert_eq!(types(&got), ["ChefAdded"]);
    assert!(got[0].json()["data"].get("payload").is_none());
    owner
        .accepted("disable-webhook-endpoint", of_one.clone())
        .await;
    given::chef(owner, "Mei").await;
    owner
        .accepted("ping-webhook-endpoint", of_one.clone())
        .await;
    let got = receiver.got_at_least(2).await;
    assert_eq!(types(&got), ["ChefAdded", "WebhookEndpointPinged"]);
    owner
        .accepted("enable-webhook-endpoint", of_one.clone())
        .await;
    let chef_id = given::chef(owner, "Aiko").await;
    let got = receiver.got_at_least(3).await;
    assert_eq!(got[2].json()["data"]["aggregate_id"], json!(chef_id));
    owner.accepted("delete-webhook-endpoint", of_one).await;
    given::chef(owner, "Yuki").await;
    app.settle().await;
    assert_eq!(receiver.got().len(), 3);
    assert!(owner.items("webhook-endpoints").await.is_empty());
    let gone = owner
        .query(&format!("webhook-secret?id={endpoint_id}"))
        .await;
    assert_eq!(gone.status, 404, "{}", gone.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_to_is_refused() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for (url, event_type, pointer) in [
        ("https://10.0.0.1/hooks", "*", "/url"),
        ("https://169.254.169.254/latest", "*", "/url"),
        ("http://example.com/hooks", "*", "/url"),
        ("https://user:word@example.com/", "*", "/url"),
        ("https://example.com/hooks", "BookingDreamt", "/event_types"),
    ] {
        let body = json!({ "url": url, "event_types": [event_type] });
        let reply = owner.command("create-webhook-endpoint", body).await;
        assert_eq!(
            (reply.status, reply.pointers()),
            (422, vec![pointer.to_owned()]),
            "{url}"
        );
    }
    // Without the operator's leave this machine is closed as well.
    let closed = Dispatcher::new(app.store.clone());
    let body = json!({ "url": "http://127.0.0.1:9/", "event_types": ["*"] });
    let request = request(
        Principal::system(app.tenant.id.clone()),
        "create-webhook-endpoint",
        body,
    );
    let refused = closed.dispatch(&request).await.unwrap_err().to_string();
    assert!(
        refused.contains("url-not-https") || refused.contains("https"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_with_the_right_see_and_change_endpoints_of_their_own_tenant() {
    let app = TestApp::start().await;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(&app.tenant.owner, &["*"]).await;
    let staff = app.client(PrincipalKind::Person, Role::Staff).await;
    let body = json!({ "url": "https://example.com/", "event_types": ["*"] });
    for client in [&staff, &app.tenant.agent] {
        let reply = client
            .command("create-webhook-endpoint", body.clone())
            .await;
        assert_eq!(reply.status, 403, "{}", reply.text);
        for query in [
            "webhook-endpoints",
            "webhook-deliveries",
            "webhook-secret?id=x",
        ] {
            assert_eq!(client.query(query).await.status, 403, "{query}");
        }
    }
    let other = app.another_tenant("sushi-to-go").await;
    given::chef(&other.owner, "Kenji").await;
    let foreign = json!({ "endpoint_id": endpoint_id });
    let reply = other.owner.command("ping-webhook-endpoint", foreign).await;
    assert_eq!(reply.status, 404, "{}", reply.text);
    assert!(other.owner.items("webhook-endpoints").await.is_empty());
    let secret = other
        .owner
        .query(&format!("webhook-secret?id={endpoint_id}"))
        .await;
    assert_eq!(secret.status, 404, "{}", secret.text);
    app.settle().await;
    assert!(receiver.got().is_empty(), "{:?}", receiver.got());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_endpoints_are_told_on_the_stream() {
    let app = TestApp::start().await;
    let mut listener = Listener::open(&app.tenant.owner, "webhooks", None).await;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(&app.tenant.owner, &["*"]).await;
    let change = listener.next().await;
    assert_eq!(
        (
            change.topic.as_str(),
            &change.data["type"],
            &change.data["aggregate_id"]
        ),
        (
            "webhooks",
            &json!("WebhookEndpointCreated"),
            &json!(endpoint_id)
        )
    );
}
