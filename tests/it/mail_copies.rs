//! Letters that people write in their own mail programs, copied or forwarded to us: they lie in the right thread.

use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, text};
use tests::{people, wait};

const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBjb3BpZXM=";
const COPIES: &str = "crm-4c1d@fire.example";
const KIM: &str = "kim@fire.example";

async fn place() -> TestApp {
    let app = TestApp::start().await;
    people::enrolled(&app, &app.tenant, KIM, Role::Staff).await;
    let body = json!({ "provider": "email", "settings": { "copies_to": COPIES }, "secrets": { "webhook_secret": SECRET } });
    app.tenant.owner.accepted("configure-provider", body).await;
    app
}

async fn post(app: &TestApp, mail: &str) {
    let path = format!("/webhooks/{}/email", app.tenant.slug);
    let request = app.tenant.owner.anonymous(Method::POST, &path);
    let request = request.bearer_auth(SECRET).body(mail.to_owned());
    let reply = app.tenant.owner.send(request).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    wait::until("the mail is handled", async || {
        let open = app
            .count("select count(*) from webhook_inbox where handled_at is null")
            .await;
        (open == 0).then_some(())
    })
    .await;
}

async fn threads(app: &TestApp) -> Vec<Value> {
    app.catch_up().await;
    let mut shown = Vec::new();
    for thread in app.tenant.owner.items("inbox").await {
        let query = format!("thread?id={}", text(&thread, "thread_id"));
        shown.push(app.tenant.owner.item(&query).await);
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_letter_is_a_note_in_the_thread_of_whom_it_went_to() {
    let app = place().await;
    let ada = given::customer(&app.tenant.owner, "Ada").await;
    let copy = format!(
        "From: Kim <{KIM}>\r\nTo: Ada <{}>, <stranger@example.test>\r\nDelivered-To: {COPIES}\r\n\
        Subject: The garden\r\nMessage-ID: <c1@fire.example>\r\n\r\nSee you on Friday at six.\r\n",
        given::email("Ada")
    );
    post(&app, &copy).await;
    post(&app, &copy).await;
    let threads = threads(&app).await;
    assert_eq!(threads.len(), 1, "{threads:?}");
    assert_eq!(threads[0]["customer_id"], json!(ada), "{}", threads[0]);
    let notes = threads[0]["messages"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    let (direction, note) = (&notes[0]["direction"], text(&notes[0], "content"));
    assert_eq!(direction, "note");
    assert!(
        note.contains("The garden") && note.contains("See you on Friday at six."),
        "{note}"
    );
    assert!(text(&notes[0], "sender_id").starts_with("person:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_letter_is_a_message_of_whoever_wrote_it() {
    let app = place().await;
    let ada = given::customer(&app.tenant.owner, "Ada").await;
    let forward = format!(
        "From: Kim <{KIM}>\r\nTo: {COPIES}\r\nSubject: Fwd: Friday\r\nMessage-ID: <f1@fire.example>\r\n\r\n\
        FYI\r\n\r\n---------- Forwarded message ---------\r\nFrom: Ada <{}>\r\nSubject: Friday\r\n\r\nIs it free?\r\n",
        given::email("Ada")
    );
    post(&app, &forward).await;
    let threads = threads(&app).await;
    assert_eq!(threads.len(), 1, "{threads:?}");
    assert_eq!(threads[0]["customer_id"], json!(ada));
    let message = &threads[0]["messages"][0];
    assert_eq!(
        (&message["direction"], &message["content"]),
        (&json!("in"), &json!("Is it free?")),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_work_here_copies_nothing() {
    let app = place().await;
    given::customer(&app.tenant.owner, "Ada").await;
    let false_copy = format!(
        "From: Mallory <mallory@example.test>\r\nTo: <{}>\r\nDelivered-To: {COPIES}\r\nSubject: Terms\r\n\
        Message-ID: <m1@example.test>\r\n\r\nEverything is free.\r\n",
        given::email("Ada")
    );
    post(&app, &false_copy).await;
    let threads = threads(&app).await;
    assert_eq!(threads.len(), 1, "{threads:?}");
    // It is Mallory's own letter, in Mallory's own thread.
    let messages = threads[0]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(
        (&messages[0]["direction"], &messages[0]["content"]),
        (&json!("in"), &json!("Everything is free."))
    );
}
