//! Calls that come in by RingCentral are entries of the caller's thread, each once.

use integrations::ringcentral::webhooks::VERIFICATION_HEADER;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::text;
use tests::wait;
use uuid::Uuid;

const ADA: &str = "+12135550142";
const WORD: &str = "a word of ours";

async fn ringcentral(app: &TestApp) {
    let settings = json!({ "client_id": "app-1", "from": "+12015550100" });
    let secrets = json!({ "client_secret": "s", "jwt": "j", "verification_token": WORD });
    let body = json!({ "provider": "ringcentral", "settings": settings, "secrets": secrets });
    app.tenant.owner.accepted("configure-provider", body).await;
}

async fn tell(app: &TestApp, session: &str, (code, missed): (&str, bool), from: Value) {
    let party = json!({ "id": "p-1", "direction": "Inbound", "from": from, "to": { "phoneNumber": "+12015550100" },
        "status": { "code": code, "rcc": false }, "missedCall": missed });
    let body = json!({ "uuid": Uuid::new_v4(), "event": "/restapi/v1.0/account/1/extension/2/telephony/sessions",
        "body": { "sequence": 1, "telephonySessionId": session, "eventTime": "2026-03-14T18:00:00.000Z", "parties": [party] } });
    let path = format!("/webhooks/{}/ringcentral", app.tenant.slug);
    let request = app.tenant.owner.anonymous(Method::POST, &path);
    let request = request.header(VERIFICATION_HEADER, WORD);
    let reply = app.tenant.owner.send(request.body(body.to_string())).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

async fn handled(app: &TestApp) {
    wait::until("every webhook is handled", async || {
        let waiting = "select count(*) from webhook_inbox where handled_at is null";
        (app.count(waiting).await == 0).then_some(())
    })
    .await;
    app.catch_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_call_waits_for_an_answer_and_an_answered_one_does_not() {
    let app = TestApp::start().await;
    ringcentral(&app).await;
    let owner = &app.tenant.owner;
    let ada = json!({ "phoneNumber": ADA });
    tell(&app, "s-1", ("Proceeding", false), ada.clone()).await;
    tell(&app, "s-1", ("Disconnected", false), ada.clone()).await;
    handled(&app).await;
    let thread = owner.items("inbox").await.remove(0);
    assert_eq!(
        (&thread["channel"], &thread["unread_count"]),
        (&json!("phone"), &json!(0))
    );
    assert!(
        thread["customer_id"].is_string(),
        "a caller becomes a lead: {thread}"
    );
    // It rings out into the voice mail, and ends; twice, as providers are.
    for _ in 0..2 {
        tell(&app, "s-2", ("VoiceMail", false), ada.clone()).await;
    }
    handled(&app).await;
    tell(&app, "s-2", ("Disconnected", true), ada).await;
    tell(&app, "s-3", ("Disconnected", true), json!({})).await;
    handled(&app).await;
    let threads = owner.items("inbox").await;
    assert_eq!(threads.len(), 1, "{threads:?}");
    assert_eq!(threads[0]["unread_count"], 1);
    let shown = owner
        .item(&format!("thread?id={}", text(&thread, "thread_id")))
        .await;
    let calls: Vec<&Value> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["call"])
        .collect();
    assert_eq!(calls, [&json!("answered"), &json!("voicemail")]);
    let wrong = json!({ "channel": "sms", "from": ADA, "content": "Hi", "call": "missed" });
    let reply = owner.command("receive-message", wrong).await;
    assert_eq!(
        (reply.status, reply.pointers()),
        (422, vec!["/call".to_owned()])
    );
}
