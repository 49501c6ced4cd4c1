//! The contract of commands: answers, If-Match, dry run, batches, and refusals that say all there is to say.

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given;

fn lead(name: &str) -> Value {
    json!({ "source": "web", "first_name": name, "email": given::email(name) })
}

async fn count_events(app: &TestApp) -> i64 {
    app.count("select count(*) from events").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_answers_with_its_events_and_where_they_stand() {
    let app = TestApp::start().await;
    let reply = app.tenant.owner.command("create-lead", lead("Ada")).await;
    let body = reply.ok();
    let events = json!([{
        "type": "LeadCreated", "aggregate_type": "customer", "aggregate_id": body["aggregate_id"], "sequence": 1,
    }]);
    assert_eq!(
        (&body["events"], &body["aggregate_type"]),
        (&events, &json!("customer"))
    );
    assert_eq!(reply.header("etag"), Some("\"1\""));
    assert_eq!(reply.header("x-position"), body["position"].as_str());
    assert_eq!(reply.header("idempotency-replayed"), None);
    assert!(body["command_id"].is_string() && body["result"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn if_match_lets_only_the_expected_sequence_pass() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    let tag = |client: &Client, sequence: &str, key: &str| {
        let request = client
            .request(Method::POST, "/commands/tag-customer")
            .header("if-match", sequence);
        request
            .header("idempotency-key", key)
            .json(&json!({ "customer_id": id, "tag": "vip" }))
    };
    owner
        .send(tag(owner, "\"7\"", "key-1"))
        .await
        .refused(412, "sequence-mismatch");
    assert_eq!(
        owner.send(tag(owner, "\"1\"", "key-1")).await.ok()["sequence"],
        2
    );
    owner
        .send(tag(owner, "1", "key-2"))
        .await
        .refused(400, "header-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_events_and_writes_nothing() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let events = count_events(&app).await;
    let path = "/commands/create-lead?dry_run=true";
    let reply = owner
        .send(owner.request(Method::POST, path).json(&lead("Ada")))
        .await;
    let body = reply.ok();
    assert_eq!(
        (&body["events"][0]["type"], &body["position"]),
        (&json!("LeadCreated"), &Value::Null)
    );
    assert_eq!(count_events(&app).await, events);
    let request = owner
        .request(Method::POST, path)
        .header("idempotency-key", "key-1");
    owner.send(request.json(&lead("Ada"))).await.ok();
    let real = owner
        .command_under("key-1", "create-lead", &lead("Bob"))
        .await;
    assert_eq!(
        real.header("idempotency-replayed"),
        None,
        "a dry run must not keep the key: {}",
        real.text
    );
    let odd = owner
        .request(Method::POST, "/commands/create-lead?dry=1")
        .json(&lead("Ada"));
    owner.send(odd).await.refused(400, "parameter-unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_and_missing_ones_are_all_named() {
    let app = TestApp::start().await;
    let body = json!({ "source": "carrier_pigeon", "surname": "Lovelace", "email": 7 });
    let reply = app.tenant.owner.command("create-lead", body).await;
    let refusal = reply.refused(422, "validation-failed");
    let errors = refusal["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 4, "{refusal}");
    assert!(refusal.to_string().contains("surname"), "{refusal}");
    assert!(
        reply.pointers().contains(&"/email".to_owned())
            && reply.pointers().contains(&"/source".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_never_repeats_personal_data() {
    let app = TestApp::start().await;
    // Wrong by the schema, then wrong by the rules.
    for email in ["secret", "secret@@example.test"] {
        let body = json!({ "source": "web", "first_name": "Ada", "email": email, "last_name": "secret".repeat(20) });
        let reply = app.tenant.owner.command("create-lead", body).await;
        reply.refused(422, "validation-failed");
        assert!(
            reply.pointers().contains(&"/email".to_owned()),
            "{}",
            reply.text
        );
        assert!(!reply.text.contains("secret"), "{}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_good_key_is_turned_away() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let request = owner
        .anonymous(Method::POST, "/commands/create-lead")
        .json(&lead("Ada"));
    let reply = owner.send(request).await;
    reply.refused(401, "credential-missing");
    let challenge = reply.header("www-authenticate").unwrap_or_default();
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    owner
        .with_key("nonsense")
        .command("create-lead", lead("Ada"))
        .await
        .refused(401, "key-malformed");
    let stranger = identity::plain_keys::PlainKey::generate().unwrap();
    owner
        .with_key(stranger.expose())
        .command("create-lead", lead("Ada"))
        .await
        .refused(401, "key-unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    owner
        .command("fly-to-moon", json!({}))
        .await
        .refused(404, "command-unknown");
    let tag = json!({ "customer_id": "nobody", "tag": "vip" });
    owner
        .command("tag-customer", tag)
        .await
        .refused(404, "customer-not-found");
    owner.get("/nowhere").await.refused(404, "path-unknown");
    // Our own commands are unknown to everybody else.
    let booking = json!({ "booking_id": "any" });
    owner
        .command("expire-booking", booking)
        .await
        .refused(404, "command-unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_json_or_too_large_are_refused() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let post = |kind: &str, body: String| {
        let request = owner
            .request(Method::POST, "/commands/create-lead")
            .header("idempotency-key", "key-1");
        request.header("content-type", kind).body(body)
    };
    owner
        .send(post("application/json", "{\"source\": ".to_owned()))
        .await
        .refused(400, "json-malformed");
    owner
        .send(post("text/plain", "{}".to_owned()))
        .await
        .refused(415, "content-type-unsupported");
    let large = json!({ "source": "web", "first_name": "a".repeat(300 * 1024) }).to_string();
    owner
        .send(post("application/json", large))
        .await
        .refused(413, "body-too-large");
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    owner
        .send(post("application/json", deep))
        .await
        .refused(400, "json-malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn correlation_causation_actor_and_model_stand_beside_the_events() {
    let app = TestApp::start().await;
    let agent = &app.tenant.agent;
    let request = agent
        .request(Method::POST, "/commands/create-lead")
        .header("idempotency-key", "key-1");
    let request = request
        .header("x-correlation-id", "talk-7")
        .header("x-causation-id", "message-9");
    let reply = agent
        .send(
            request
                .header("x-agent-model", "modelle-4")
                .json(&lead("Ada")),
        )
        .await;
    let body = reply.ok();
    let sql = "select correlation_id, causation_id, command_id, actor, metadata::text from events where aggregate_id = $1";
    let row = app
        .admin()
        .await
        .query_one(sql, &[&given::id_of(&body)])
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), ("talk-7", "message-9"));
    assert_eq!(row.get::<_, &str>(2), body["command_id"]);
    assert!(row.get::<_, &str>(3).starts_with("agent:"));
    assert!(row.get::<_, &str>(4).contains("modelle-4"));
    let request = agent
        .request(Method::POST, "/commands/create-lead")
        .header("idempotency-key", "key-2");
    let long = request
        .header("x-correlation-id", "x".repeat(129))
        .json(&lead("Ada"));
    agent.send(long).await.refused(400, "header-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_for_each_of_its_commands_in_order() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    let tag = |tag: &str, key: &str| json!({ "name": "tag-customer", "idempotency_key": key, "body": { "customer_id": id, "tag": tag } });
    let batch = json!([
        tag("one", "key-1"),
        tag("two", "key-2"),
        tag("one", "key-1"),
        { "name": "fly-to-moon", "idempotency_key": "key-3", "body": {} },
        { "name": "tag-customer", "body": { "customer_id": id, "tag": "three" } },
        { "name": "tag-customer", "surprise": true, "body": {} },
    ]);
    let reply = owner
        .send(owner.request(Method::POST, "/commands").json(&batch))
        .await
        .ok();
    let results = reply["results"].as_array().unwrap();
    let statuses: Vec<i64> = results
        .iter()
        .filter_map(|result| result["status"].as_i64())
        .collect();
    assert_eq!(statuses, [200, 200, 200, 404, 400, 400], "{reply}");
    assert_eq!(results[0]["body"]["sequence"], 2);
    assert_eq!(results[1]["body"]["sequence"], 3);
    assert_eq!(results[2]["body"], results[0]["body"]);
    assert_eq!(results[4]["body"]["code"], "idempotency-key-missing");
    let long = vec![tag("one", "key-1"); 1_001];
    let reply = owner
        .send(owner.request(Method::POST, "/commands").json(&long))
        .await;
    reply.refused(400, "batch-too-long");
}
