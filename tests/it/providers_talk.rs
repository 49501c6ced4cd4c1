//! A customer's phone, the inbox, and back: the whole way of a text through the tenant's provider.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::text;
use tests::wait;

const ACCOUNT: &str = "AC000000000000000000000000000000d1";
const NUMBER: &str = "+12015550100";
const ADA: &str = "+12135550142";

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_writes_is_answered_and_the_answer_comes_to_the_phone() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let settings = json!({ "account_sid": ACCOUNT, "from": NUMBER });
    let body =
        json!({ "provider": "twilio", "settings": settings, "secrets": { "auth_token": "token" } });
    owner.accepted("configure-provider", body).await;
    let url = format!("{}/webhooks/{}/twilio", app.base_url, app.tenant.slug);
    let order = json!({ "provider": "twilio", "account": ACCOUNT, "url": url, "secret": "token", "number": NUMBER });
    app.providers.post("/sandbox/webhooks", &order).await;
    app.providers
        .fault(json!({ "webhooks": { "duplicate": true } }))
        .await;
    let written = json!({ "from": ADA, "to": NUMBER, "body": "Is Friday free?" });
    app.providers.post("/sandbox/texts", &written).await;
    let thread = wait::until("the text is in the inbox", async || {
        let threads = owner.items("inbox").await;
        threads
            .into_iter()
            .find(|thread| thread["last_message"] == "Is Friday free?")
    })
    .await;
    assert_eq!(
        (&thread["channel"], &thread["message_count"]),
        (&json!("sms"), &json!(1))
    );
    let thread_id = text(&thread, "thread_id").to_owned();
    let answer = json!({ "thread_id": thread_id, "content": "It is, at 6.", "sender_type": "human", "sender_id": "ada",
        "purpose": "transactional" });
    owner.accepted("send-message", answer).await;
    let texts = wait::until("the answer is on the phone", async || {
        let texts = app
            .providers
            .get("/sandbox/texts?number=%2B12135550142")
            .await;
        (texts["texts"].as_array()?.len() == 2).then_some(texts)
    })
    .await;
    assert_eq!(texts["texts"][1]["body"], "It is, at 6.");
    let sid = text(&texts["texts"][1], "id");
    let report = async |status: &str| {
        let query = format!(
            "message=x&thread_id={thread_id}&message_id={}",
            message_id(&app, &thread_id).await
        );
        let form = format!("MessageSid={sid}&MessageStatus={status}");
        let signed = integrations::twilio::signatures::Signed {
            url: &format!("{url}?{query}"),
            body: form.as_bytes(),
            content: integrations::twilio::signatures::Content::Form,
        };
        let algorithm = integrations::twilio::signatures::Algorithm::Sha1;
        let signature = integrations::twilio::signatures::sign(signed, algorithm, "token");
        let path = format!("/webhooks/{}/twilio?{query}", app.tenant.slug);
        let request = owner
            .anonymous(reqwest::Method::POST, &path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header(integrations::twilio::signatures::HEADER, signature);
        assert_eq!(owner.send(request.body(form)).await.status, 200);
    };
    // Delivered is heard of first; what comes after changes nothing.
    report("delivered").await;
    report("sent").await;
    wait::until("the thread says delivered", async || {
        let thread = owner.item(&format!("thread?id={thread_id}")).await;
        let mut messages = thread["messages"].as_array()?.iter();
        messages
            .any(|message| message["direction"] == "out" && message["status"] == "delivered")
            .then_some(())
    })
    .await;
}

async fn message_id(app: &TestApp, thread_id: &str) -> String {
    let thread = app
        .tenant
        .owner
        .item(&format!("thread?id={thread_id}"))
        .await;
    let mut messages = thread["messages"].as_array().unwrap().iter();
    let sent: &Value = messages
        .find(|message| message["direction"] == "out")
        .unwrap();
    text(sent, "message_id").to_owned()
}
