//! A tenant chooses its providers: what it sends goes through them, and what they tell comes in. Each has its page.

use std::collections::BTreeMap;

use integrations::catalogue::{Capability, PROVIDERS};
use integrations::http::client;
use integrations::texts::NewText;
use outbox::inbox::subscriptions::Subscriptions;
use outbox::senders::{Configuration, Senders};
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, SLOT, day, text};
use tests::{sources, wait};

const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBjaG9pY2U=";
const NUMBER: &str = "+12015550100";
const ADA: &str = "+15551230001";

async fn configure(app: &TestApp, provider: &str, settings: Value, secrets: Value) {
    let body = json!({ "provider": provider, "settings": settings, "secrets": secrets });
    app.tenant.owner.accepted("configure-provider", body).await;
}

/// Has the sandbox post what happens on an account to the tenant.
async fn listen(app: &TestApp, provider: &str, account: &str, secret: &str) {
    let url = format!("{}/webhooks/{}/{provider}", app.base_url, app.tenant.slug);
    let order = json!({ "provider": provider, "account": account, "url": url, "secret": secret, "number": NUMBER });
    app.providers.post("/sandbox/webhooks", &order).await;
}

async fn webhooks(app: &TestApp, condition: &str, count: i64) {
    let sql = format!("select count(*) from webhook_inbox where {condition}");
    wait::until(&format!("{count} webhooks where {condition}"), async || {
        (app.count(&sql).await == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_go_through_resend_once_it_is_configured() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    configure(
        &app,
        "resend",
        json!({}),
        json!({ "api_key": "re_test", "webhook_secret": SECRET }),
    )
    .await;
    listen(&app, "resend", "re_test", SECRET).await;
    let booking = given::booking(&app.tenant.agent, given::order("Ada", &day(0), SLOT)).await;
    let mails = app.providers.mails(text(&booking, "booking_id"), 1).await;
    let message = text(&mails[0], "message_id")
        .trim_matches(['<', '>'])
        .to_owned();
    let message = message.trim_end_matches("@rapport");
    let effects = app
        .providers
        .get(&format!("/sandbox/effects?message={message}"))
        .await;
    assert_eq!(
        effects["effects"][message],
        json!({ "mail": 1 }),
        "{effects}"
    );
    webhooks(&app, "provider = 'resend'", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_goes_out_and_news_of_it_and_answers_come_in() {
    let app = TestApp::start().await;
    let account = "AC000000000000000000000000000000c1";
    let settings = json!({ "account_sid": account, "from": NUMBER });
    configure(&app, "twilio", settings, json!({ "auth_token": "token" })).await;
    listen(&app, "twilio", account, "token").await;
    app.providers
        .fault(json!({ "webhooks": { "duplicate": true, "shuffle": true } }))
        .await;
    let addresses = integrations::addresses::Addresses::stand_in(&app.providers.url);
    let senders = Senders::new(client().unwrap(), addresses);
    let tenant = app.dispatcher.find_tenant(&app.tenant.id).await.unwrap();
    let keys = app.store.keys(&app.tenant.id).await.unwrap();
    let of = Configuration {
        tenant_id: &app.tenant.id,
        tenant: &tenant,
        keys: &keys,
    };
    let sender = senders.texts(Capability::SendSms, of).unwrap();
    assert!(senders.texts(Capability::SendWhatsApp, of).is_err());
    let new = NewText {
        message_id: "m1".to_owned(),
        to: ADA.to_owned(),
        body: "See you at 6".to_owned(),
        status_callback: Some(format!(
            "{}/webhooks/{}/twilio",
            app.base_url, app.tenant.slug
        )),
        context: BTreeMap::from([("thread_id".to_owned(), "t1".to_owned())]),
    };
    let sent = sender.send_text(&new).await.unwrap();
    let answer = json!({ "from": ADA, "to": NUMBER, "body": "Fine" });
    app.providers.post("/sandbox/texts", &answer).await;
    let id = &sent.provider_message_id;
    let states = format!(
        "event_key in ('{id}:sent', '{id}:delivered') and query = 'message=m1&thread_id=t1'"
    );
    webhooks(&app, &states, 2).await;
    webhooks(&app, "event_key like 'SM%:received'", 1).await;
    webhooks(&app, "conflicting_bodies > 0", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapp_shakes_hands_and_is_believed_by_its_signature() {
    let app = TestApp::start().await;
    let secrets = json!({ "access_token": "t", "app_secret": "app", "verify_token": "word" });
    configure(
        &app,
        "whatsapp",
        json!({ "phone_number_id": "100" }),
        secrets,
    )
    .await;
    let ask = async |word: &str| {
        let path = format!(
            "/webhooks/{}/whatsapp?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={word}",
            app.tenant.slug
        );
        let request = app.tenant.owner.anonymous(Method::GET, &path);
        app.tenant.owner.send(request).await
    };
    let reply = ask("word").await;
    assert_eq!((reply.status, reply.text.as_str()), (200, "1158201444"));
    ask("other").await.refused(401, "signature-invalid");
    listen(&app, "whatsapp", "100", "app").await;
    let written = json!({ "from": ADA, "to": NUMBER, "body": "Hi" });
    app.providers.post("/sandbox/texts", &written).await;
    webhooks(&app, "provider = 'whatsapp'", 1).await;
    let path = format!("/webhooks/{}/whatsapp", app.tenant.slug);
    let forged = app.tenant.owner.anonymous(Method::POST, &path).body("{}");
    app.tenant
        .owner
        .send(forged)
        .await
        .refused(401, "signature-invalid");
    let path = format!("/webhooks/{}/stripe", app.tenant.slug);
    let other = app.tenant.owner.anonymous(Method::GET, &path);
    app.tenant
        .owner
        .send(other)
        .await
        .refused(404, "webhook-unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn ringcentral_is_echoed_and_believed_by_its_token() {
    let app = TestApp::start().await;
    let settings = json!({ "client_id": "app-1", "from": NUMBER });
    let secrets = json!({ "client_secret": "s", "jwt": "j", "verification_token": "word" });
    configure(&app, "ringcentral", settings, secrets).await;
    let post = async |header: &str, value: &str| {
        let path = format!("/webhooks/{}/ringcentral", app.tenant.slug);
        let request = app.tenant.owner.anonymous(Method::POST, &path);
        app.tenant
            .owner
            .send(request.header(header, value).body("{}"))
            .await
    };
    let reply = post("validation-token", "3fbd2a").await;
    assert_eq!(
        (reply.status, reply.header("validation-token")),
        (200, Some("3fbd2a"))
    );
    assert!(reply.text.is_empty());
    post("verification-token", "other")
        .await
        .refused(401, "signature-invalid");
    post("verification-token", "word")
        .await
        .refused(400, "webhook-malformed");
    listen(&app, "ringcentral", "app-1", "word").await;
    let written = json!({ "from": ADA, "to": NUMBER, "body": "Hi" });
    app.providers.post("/sandbox/texts", &written).await;
    webhooks(&app, "provider = 'ringcentral'", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ringcentral_is_subscribed_to_renewed_and_subscribed_to_again() {
    let app = TestApp::start().await;
    let settings = json!({ "client_id": "app-1", "from": NUMBER });
    let secrets = json!({ "client_secret": "s", "jwt": "j", "verification_token": "word" });
    configure(&app, "ringcentral", settings, secrets).await;
    let subscriptions = Subscriptions {
        dispatcher: app.dispatcher.clone(),
        http: client().unwrap(),
        addresses: integrations::addresses::Addresses::stand_in(&app.providers.url),
        public_url: app.base_url.clone(),
    };
    let admin = app.admin().await;
    let known = async || -> String {
        let row = admin
            .query_one("select subscription_id from webhook_subscriptions where expires_at > now() + interval '6 days'", &[])
            .await;
        row.unwrap().get(0)
    };
    let make_due = async || {
        let sql = "update webhook_subscriptions set looked_at = '-infinity', expires_at = now() + interval '1 hour'";
        admin.execute(sql, &[]).await.unwrap();
    };
    subscriptions.round().await.unwrap();
    let first = known().await;
    make_due().await;
    subscriptions.round().await.unwrap();
    assert_eq!(known().await, first);
    // The provider has dropped it, and takes nothing from us for a moment.
    app.providers.send_no_webhooks().await;
    app.providers
        .fault(json!({ "ringcentral": { "status": 403, "path": "subscription" } }))
        .await;
    make_due().await;
    subscriptions.round().await.unwrap();
    let failed = "select count(*) from webhook_subscriptions where detail like 'auth:%'";
    assert_eq!(app.count(failed).await, 1);
    make_due().await;
    subscriptions.round().await.unwrap();
    assert_ne!(known().await, first);
    assert_eq!(
        app.count("select count(*) from webhook_subscriptions where detail is null")
            .await,
        1
    );
}

#[test]
fn every_provider_has_its_page_with_every_setting_and_secret() {
    let root = sources::root().join("docs/providers");
    let index = std::fs::read_to_string(root.join("README.md")).unwrap();
    let command =
        std::fs::read_to_string(sources::root().join("commands/src/tenants/providers.rs")).unwrap();
    for entry in &PROVIDERS {
        let page =
            std::fs::read_to_string(root.join(format!("{}.md", entry.name))).unwrap_or_default();
        for field in entry.settings.iter().chain(entry.secrets) {
            let name = format!("`{}`", field.name);
            let is_named = page.contains(&name) || page.contains(&format!("\"{}\"", field.name));
            assert!(
                is_named,
                "docs/providers/{}.md does not name {name}",
                entry.name
            );
        }
        assert!(
            index.contains(&format!("[{0}]({0}.md)", entry.name)),
            "{}",
            entry.name
        );
        assert!(
            command.contains(&format!("`{}`", entry.name)),
            "{} is not in configure-provider",
            entry.name
        );
        if entry.capabilities.contains(&Capability::Receive) {
            assert!(
                page.contains(&format!("<tenant>/{}", entry.name)),
                "{}",
                entry.name
            );
            assert!(
                outbox::inbox::doors::Door::find(entry.name).is_some(),
                "{}",
                entry.name
            );
        }
    }
}
