//! Answers of providers that are lost on the way: whether the message had gone is found out, by looking or by waiting for its
//! report, before it is sent again.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given;
use tests::wait;

const NUMBER: &str = "+12015550100";
const ADA: &str = "+12135550142";
/// Brings what waits forward, and frees what is held.
const HURRY: &str =
    "update outbox_work set run_at = clock_timestamp() where run_at > clock_timestamp()";
const FREE: &str = "update destinations set not_before = '-infinity', breaker_until = '-infinity'";
const COUNT_WAITING: &str = "select count(*) from outbox_work where run_at > clock_timestamp() + interval '9 minutes' and is_uncertain";

async fn listen(app: &TestApp, provider: &str, (account, secret): (&str, &str)) {
    let url = format!("{}/webhooks/{}/{provider}", app.base_url, app.tenant.slug);
    let order = json!({ "provider": provider, "account": account, "url": url, "secret": secret, "number": NUMBER });
    app.providers.post("/sandbox/webhooks", &order).await;
}

async fn configure(app: &TestApp, provider: &str, settings: Value, secrets: Value) {
    let body = json!({ "provider": provider, "settings": settings, "secrets": secrets });
    app.tenant.owner.accepted("configure-provider", body).await;
}

async fn texts_to_ada(app: &TestApp) -> usize {
    let listed = app
        .providers
        .get("/sandbox/texts?number=%2B12135550142")
        .await;
    let texts = listed["texts"].as_array().unwrap().iter();
    texts.filter(|text| text["from"] == NUMBER).count()
}

async fn answer_once(app: &TestApp, sent: &Value, statuses: &[&str]) {
    let path = format!("thread?id={}", sent["thread_id"].as_str().unwrap());
    wait::until(&format!("the answer is one of {statuses:?}"), async || {
        let admin = app.admin().await;
        admin.execute(FREE, &[]).await.unwrap();
        let thread = app.tenant.owner.item(&path).await;
        let mut messages = thread["messages"].as_array()?.iter();
        let message = messages.find(|one| one["message_id"] == sent["message_id"])?;
        statuses
            .contains(&message["status"].as_str()?)
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_whose_answer_was_lost_is_looked_for_and_not_sent_twice() {
    let app = TestApp::start().await;
    let settings = json!({ "client_id": "app-1", "from": NUMBER });
    let secrets = json!({ "client_secret": "s", "jwt": "j", "verification_token": "word" });
    configure(&app, "ringcentral", settings, secrets).await;
    let owner = &app.tenant.owner;
    let thread = given::message(owner, "sms", ADA, "Is Friday free?").await;
    app.providers
        .fault(json!({ "ringcentral": { "status": "reset", "after_effect": true, "path": "sms", "times": 1 } }))
        .await;
    let answer = given::answer(&thread["thread_id"], "It is.");
    let sent = owner.accepted("send-message", answer).await["result"].clone();
    wait::until("the answer is lost", async || {
        // That stays true, even when it has been looked for already.
        let lost = "select count(*) from outbox_attempts where outcome = 'retry' and failure_kind = 'unknown'";
        (app.count(lost).await == 1).then_some(())
    })
    .await;
    app.admin().await.execute(HURRY, &[]).await.unwrap();
    answer_once(&app, &sent, &["sent", "delivered"]).await;
    assert_eq!(texts_to_ada(&app).await, 1);
    app.settle().await;
}

/// Whether the provider tells us what became of the message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reports {
    Come,
    Fail,
}

async fn lose_a_whatsapp(reports: Reports) -> (TestApp, Value) {
    let app = TestApp::start().await;
    let secrets = json!({ "access_token": "t", "app_secret": "app", "verify_token": "word" });
    configure(
        &app,
        "whatsapp",
        json!({ "phone_number_id": "100" }),
        secrets,
    )
    .await;
    listen(&app, "whatsapp", ("100", "app")).await;
    let written = json!({ "from": ADA, "to": NUMBER, "body": "Hi" });
    app.providers.post("/sandbox/texts", &written).await;
    let owner = &app.tenant.owner;
    let thread = wait::until("the text is in the inbox", async || {
        owner.items("inbox").await.into_iter().next()
    })
    .await;
    if reports == Reports::Fail {
        // What it is signed with is not what it signs with any more.
        let secrets =
            json!({ "access_token": "t", "app_secret": "another", "verify_token": "word" });
        configure(
            &app,
            "whatsapp",
            json!({ "phone_number_id": "100" }),
            secrets,
        )
        .await;
    }
    app.providers
        .fault(json!({ "whatsapp": { "status": "reset", "after_effect": true, "times": 1 } }))
        .await;
    let answer = given::answer(&thread["thread_id"], "Good evening");
    let sent = owner.accepted("send-message", answer).await["result"].clone();
    wait::until("the answer is lost", async || {
        (app.count(COUNT_WAITING).await == 1).then_some(())
    })
    .await;
    (app, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_report_comes_is_not_sent_again() {
    let (app, sent) = lose_a_whatsapp(Reports::Come).await;
    answer_once(&app, &sent, &["sent", "delivered", "read"]).await;
    app.admin().await.execute(HURRY, &[]).await.unwrap();
    app.settle().await;
    assert_eq!(texts_to_ada(&app).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_which_no_report_comes_is_sent_again_after_ten_minutes() {
    let (app, sent) = lose_a_whatsapp(Reports::Fail).await;
    assert_eq!(texts_to_ada(&app).await, 1);
    app.admin().await.execute(HURRY, &[]).await.unwrap();
    answer_once(&app, &sent, &["sent", "delivered", "read"]).await;
    assert_eq!(texts_to_ada(&app).await, 2);
}
