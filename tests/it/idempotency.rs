//! The contract of idempotency keys: a success is answered again, byte for byte, for as long as it is kept; a refusal frees
//! the key.

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, SLOT, day};
use tests::neighbour::Neighbour;

fn lead(name: &str) -> Value {
    json!({ "source": "web", "first_name": name, "email": given::email(name) })
}

async fn count_events(app: &TestApp) -> i64 {
    app.count("select count(*) from events").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_and_body_answer_the_same_byte_for_byte() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let first = owner
        .command_under("key-1", "create-lead", &lead("Ada"))
        .await;
    first.ok();
    let events = count_events(&app).await;
    for _ in 0..3 {
        let again = owner
            .command_under("key-1", "create-lead", &lead("Ada"))
            .await;
        assert_eq!((again.status, &again.text), (200, &first.text));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        for header in ["etag", "x-position"] {
            assert_eq!(again.header(header), first.header(header));
        }
    }
    // The order of keys is no difference.
    let text = format!(
        "{{\"email\":\"{}\",\"first_name\":\"Ada\",\"source\":\"web\"}}",
        given::email("Ada")
    );
    let request = owner
        .request(Method::POST, "/commands/create-lead")
        .header("idempotency-key", "key-1");
    let turned = owner
        .send(
            request
                .header("content-type", "application/json")
                .body(text),
        )
        .await;
    assert_eq!(turned.text, first.text);
    assert_eq!(count_events(&app).await, events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_without_events_is_replayed_too() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    let tag = json!({ "customer_id": id, "tag": "vip" });
    owner.accepted("tag-customer", tag.clone()).await;
    let nothing = owner.command_under("key-1", "tag-customer", &tag).await;
    assert_eq!(nothing.ok()["events"], json!([]));
    owner.accepted("untag-customer", tag.clone()).await;
    let again = owner.command_under("key-1", "tag-customer", &tag).await;
    assert_eq!(again.text, nothing.text);
    assert!(owner.items("customers?tag=vip").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_refused_for_another_body_or_command() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    owner
        .command_under("key-1", "create-lead", &lead("Ada"))
        .await
        .ok();
    let other_body = owner
        .command_under("key-1", "create-lead", &lead("Bob"))
        .await;
    other_body.refused(422, "idempotency-key-reused");
    let other_command = owner
        .command_under(
            "key-1",
            "tag-customer",
            &json!({ "customer_id": "x", "tag": "y" }),
        )
        .await;
    other_command.refused(422, "idempotency-key-reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_principal_and_tenant() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    let first = app
        .tenant
        .owner
        .command_under("key-1", "create-lead", &lead("Ada"))
        .await;
    for client in [&app.tenant.agent, &other.owner] {
        let reply = client
            .command_under("key-1", "create-lead", &lead("Ada"))
            .await;
        assert_ne!(reply.ok()["command_id"], first.ok()["command_id"]);
        assert_eq!(reply.header("idempotency-replayed"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_must_be_given_and_must_be_sound() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let request = owner
        .request(Method::POST, "/commands/create-lead")
        .json(&lead("Ada"));
    owner
        .send(request)
        .await
        .refused(400, "idempotency-key-missing");
    for key in ["with space", &"x".repeat(256)] {
        owner
            .command_under(key, "create-lead", &lead("Ada"))
            .await
            .refused(400, "idempotency-key-invalid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_frees_the_key() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let order = given::order_without_deposit("Ada", &day(0), SLOT);
    owner
        .command_under("key-1", "create-booking", &order)
        .await
        .refused(409, "slot-unavailable");
    given::chef(owner, "Kenji").await;
    owner
        .command_under("key-1", "create-booking", &order)
        .await
        .ok();
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_answer_outlives_new_rules() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let order = given::order_without_deposit("Ada", &day(0), SLOT);
    let first = owner.command_under("key-1", "create-booking", &order).await;
    first.ok();
    owner
        .accepted("update-settings", json!({ "slots": ["12:00"] }))
        .await;
    assert_eq!(
        owner
            .command_under("key-1", "create-booking", &order)
            .await
            .text,
        first.text
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_keys_outlive_a_restart() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let first = owner
        .command_under("key-1", "create-lead", &lead("Ada"))
        .await;
    first.ok();
    let neighbour = Neighbour::start(&app).await;
    let again = neighbour
        .client_for(owner)
        .command_under("key-1", "create-lead", &lead("Ada"))
        .await;
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    neighbour.stop().await;
}
