//! Whether a provider works, found out before a customer does: one letter, one text or one call, and what came of it.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use integrations::catalogue::{Capability, PROVIDERS};
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::people;
use tests::wait;

const ADA: &str = "+15105550142";

async fn configure(app: &TestApp, provider: &str, settings: Value, secrets: Value) {
    let body = json!({ "provider": provider, "settings": settings, "secrets": secrets });
    app.tenant.owner.accepted("configure-provider", body).await;
}

async fn result_of(app: &TestApp, provider: &str, test_id: &Value) -> Value {
    wait::until("the test is over", async || {
        let tenant = app.tenant.owner.item("tenant").await;
        let test = tenant["providers"][provider]["last_test"].clone();
        (test["test_id"] == *test_id && test["status"] != "pending").then_some(test)
    })
    .await
}

async fn tested(app: &TestApp, body: Value) -> Value {
    let provider = body["provider"].as_str().unwrap().to_owned();
    let answer = app.tenant.owner.accepted("test-provider", body).await;
    assert_eq!(answer["result"]["status"], "pending");
    result_of(app, &provider, &answer["result"]["test_id"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_works_is_seen_to_work() {
    let app = TestApp::start().await;
    let number =
        json!({ "account_sid": "AC000000000000000000000000000000d1", "from": "+12015550100" });
    configure(&app, "twilio", number, json!({ "auth_token": "token" })).await;
    configure(&app, "openai", json!({}), json!({ "api_key": "sk-test" })).await;
    configure(
        &app,
        "anthropic",
        json!({}),
        json!({ "api_key": "sk-ant-test" }),
    )
    .await;
    let untested = app.tenant.owner.item("tenant").await;
    assert_eq!(untested["providers"]["stripe"]["last_test"], Value::Null);
    for body in [
        json!({ "provider": "stripe" }),
        json!({ "provider": "twilio", "to": "(510) 555-0142" }),
        json!({ "provider": "openai" }),
        json!({ "provider": "anthropic" }),
        json!({ "provider": "smtp", "to": "ops@example.test" }),
    ] {
        let test = tested(&app, body.clone()).await;
        assert_eq!(
            (&test["status"], &test["problem"]),
            (&json!("passed"), &Value::Null),
            "{body}: {test}"
        );
        assert!(
            test["detail"].is_string() && test["finished_at"].is_string(),
            "{test}"
        );
    }
    let texts = app.providers.get("/sandbox/texts").await;
    assert!(texts.to_string().contains(ADA), "{texts}");
    let (stored, sent): (i64, i64) = (
        app.count("select count(*) from events where payload::text like '%555%0142%'")
            .await,
        app.count("select count(*) from outbox_messages where name = 'test-provider'")
            .await,
    );
    assert_eq!((stored, sent), (0, 5));
    // What was proved holds for what was configured then.
    configure(&app, "openai", json!({ "model": "gpt-4o-mini" }), json!({})).await;
    let tenant = app.tenant.owner.item("tenant").await;
    assert_eq!(tenant["providers"]["openai"]["last_test"], Value::Null);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_letter_goes_to_whoever_asks() {
    let app = TestApp::start().await;
    let email = "mika@example.test";
    let mut device = people::enrolled(&app, &app.tenant, email, Role::Admin).await;
    let browser = people::signed_in(&app, email, Some(&mut device)).await;
    let asked = browser
        .command("test-provider", json!({ "provider": "smtp" }))
        .await
        .ok();
    let test = result_of(&app, "smtp", &asked["result"]["test_id"]).await;
    assert_eq!(test["status"], "passed", "{test}");
    let mails = app.providers.get("/sandbox/mails?limit=10").await;
    let mails: Vec<&Value> = mails["mails"].as_array().unwrap().iter().collect();
    let to_mika = |mail: &&&Value| {
        mail.to_string().contains(email) && mail["subject"] == "A test from Fire & Rice"
    };
    assert_eq!(mails.iter().filter(to_mika).count(), 1, "{mails:?}");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_says_why_and_what_would_be_right() {
    let app = TestApp::start().await;
    let fault =
        |status: u16| json!({ "stripe": { "status": status, "path": "checkout/sessions" } });
    for (status, code) in [
        (401, "provider-credentials-refused"),
        (400, "provider-refused"),
        (429, "provider-unreachable"),
        (409, "provider-busy"),
    ] {
        app.providers.fault(fault(status)).await;
        let test = tested(&app, json!({ "provider": "stripe" })).await;
        assert_eq!(
            (&test["status"], &test["problem"]["code"]),
            (&json!("failed"), &json!(code)),
            "{status}: {test}"
        );
        assert_eq!(test["problem"]["detail"], test["detail"]);
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    configure(
        &app,
        "smtp",
        json!({ "host": "127.0.0.1", "port": port, "tls": "none" }),
        json!({}),
    )
    .await;
    let letter = json!({ "provider": "smtp", "to": "ops@example.test" });
    let test = tested(&app, letter).await;
    assert_eq!(test["problem"]["code"], "provider-unreachable", "{test}");
    // Nothing is tried again, and nothing lies about as a dead letter.
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tested_is_refused_and_two_tests_are_not_under_way_at_once() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ask = async |body: Value| owner.command("test-provider", body).await;
    let text = json!({ "provider": "twilio", "to": ADA });
    ask(text).await.refused(409, "provider-not-configured");
    configure(&app, "app", json!({}), json!({})).await;
    let app_itself = json!({ "provider": "app" });
    ask(app_itself).await.refused(409, "provider-not-testable");
    // A letter goes to the person who asks; a program has no address.
    let service = app.client(PrincipalKind::Service, Role::Owner).await;
    let unsaid = service.command("test-provider", json!({ "provider": "smtp" }));
    let refused = unsaid.await.refused(422, "validation-failed");
    assert_eq!(refused["errors"][0]["code"], "test-recipient-missing");
    for (body, code) in [
        (
            json!({ "provider": "smtp", "to": "nobody" }),
            "email-invalid",
        ),
        (
            json!({ "provider": "stripe", "to": ADA }),
            "test-recipient-unwanted",
        ),
    ] {
        let refused = ask(body).await.refused(422, "validation-failed");
        assert_eq!(refused["errors"][0]["code"], code);
        assert_eq!(refused["errors"][0]["pointer"], "/to");
    }
    let slow =
        json!({ "stripe": { "status": "hang", "hang_ms": 1_500, "path": "checkout/sessions" } });
    app.providers.fault(slow).await;
    let stripe = json!({ "provider": "stripe" });
    ask(stripe.clone()).await.ok();
    ask(stripe).await.refused(409, "provider-test-under-way");
    let agent = app
        .tenant
        .agent
        .command("test-provider", json!({ "provider": "stripe" }));
    agent.await.refused(403, "permission-missing");
    app.settle().await;
}

#[test]
fn whatever_can_be_sent_through_can_be_tested() {
    for entry in &PROVIDERS {
        let only_receives = entry.capabilities == [Capability::Receive];
        let probe = domain::tenants::provider_tests::Probe::of(entry.name);
        assert_eq!(probe.is_none(), only_receives, "{}", entry.name);
    }
}
