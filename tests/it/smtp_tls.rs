//! Letters to mail servers that speak TLS, from the first byte or after STARTTLS: whoever is not trusted is told nothing.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::tls::{Front, MailServer};
use tests::wait;

const NAME: &str = "localhost";

async fn tested(app: &TestApp, settings: Value) -> Value {
    let owner = &app.tenant.owner;
    let body = json!({ "provider": "smtp", "settings": settings });
    owner.accepted("configure-provider", body).await;
    let ask = json!({ "provider": "smtp", "to": "ops@example.test" });
    let test_id = owner.accepted("test-provider", ask).await["result"]["test_id"].clone();
    wait::until("the test is over", async || {
        let test = owner.item("tenant").await["providers"]["smtp"]["last_test"].clone();
        (test["test_id"] == test_id && test["status"] != "pending").then_some(test)
    })
    .await
}

async fn letters(app: &TestApp) -> usize {
    let mails = app.providers.get("/sandbox/mails?limit=100").await;
    mails["mails"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_goes_out_over_tls_and_after_starttls() {
    let app = TestApp::start().await;
    for (front, tls) in [(Front::Tls, "tls"), (Front::StartTls, "starttls")] {
        let server = MailServer::start(front, app.providers.smtp_port, NAME).await;
        let settings =
            json!({ "host": NAME, "port": server.port, "tls": tls, "ca_certificate": server.ca });
        let before = letters(&app).await;
        let test = tested(&app, settings).await;
        assert_eq!(test["status"], "passed", "{front:?}: {test}");
        assert_eq!(
            (server.secured(), server.plain_letters()),
            (1, 0),
            "{front:?}"
        );
        assert_eq!(letters(&app).await, before + 1);
    }
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_server_that_is_not_trusted_or_offers_no_tls() {
    let app = TestApp::start().await;
    let smtp = app.providers.smtp_port;
    let trusted = MailServer::start(Front::Tls, smtp, NAME).await;
    let other_name = MailServer::start(Front::StartTls, smtp, "mail.example.test").await;
    let plain = MailServer::start(Front::Plain, smtp, NAME).await;
    let of = |server: &MailServer, tls: &str, ca: &str| json!({ "host": NAME, "port": server.port, "tls": tls, "ca_certificate": ca });
    for (what, settings, code) in [
        (
            "no authority of its own is named",
            of(&trusted, "tls", ""),
            "provider-unreachable",
        ),
        (
            "another authority",
            of(&trusted, "tls", &plain.ca),
            "provider-unreachable",
        ),
        (
            "another name",
            of(&other_name, "starttls", &other_name.ca),
            "provider-unreachable",
        ),
        (
            "no STARTTLS",
            of(&plain, "starttls", &plain.ca),
            "provider-refused",
        ),
        (
            "no certificate at all",
            of(&trusted, "tls", "trust me"),
            "provider-credentials-refused",
        ),
    ] {
        let test = tested(&app, settings).await;
        assert_eq!(test["problem"]["code"], code, "{what}: {test}");
    }
    assert_eq!(
        trusted.secured() + other_name.secured() + plain.secured(),
        0
    );
    assert_eq!(other_name.plain_letters() + plain.plain_letters(), 0);
    assert_eq!(letters(&app).await, 0);
    app.settle().await;
}
