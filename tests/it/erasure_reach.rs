//! An erasure reaches what speaks of a person beside their own streams: files, what agents asked for, saved views, the
//! assistant's runs, and threads of visitors who can be nobody else.

use domain::conversations::{ADDRESS_SCOPE, CUSTOMER_SCOPE};
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, SLOT, day, text};
use tests::inbox::Visitor;
use tests::wait;

use crate::privacy::{Person, of, person, without_delay};

const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiByZWFjaA==";
const MAIL: &str = "From: Wanda <wanda@example.test>\r\nTo: hello@fire.example\r\nSubject: A plan\r\n\
    Message-ID: <plan@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\nHere is the plan.\r\n\
    --b\r\nContent-Type: text/plain; name=\"plan.txt\"\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"plan.txt\"\r\n\r\nd2FuZGFmaWxl\r\n--b--\r\n";

async fn send_file(app: &TestApp) {
    let owner = &app.tenant.owner;
    let body = json!({ "provider": "email", "secrets": { "webhook_secret": SECRET } });
    owner.accepted("configure-provider", body).await;
    let path = format!("/webhooks/{}/email", app.tenant.slug);
    let request = owner.anonymous(Method::POST, &path);
    let reply = owner.send(request.bearer_auth(SECRET).body(MAIL)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    wait::until("the file is kept", async || {
        (app.count("select count(*) from message_files").await == 1).then_some(())
    })
    .await;
}

/// What an agent asks a person for; answers the approval's id.
async fn ask(app: &TestApp, name: &str, body: Value) -> String {
    let reply = app.tenant.agent.command(name, body).await;
    let refusal = reply.refused(403, "approval-required");
    text(&refusal["alternatives"][0], "approval_id").to_owned()
}

async fn view(app: &TestApp, name: &str, query: &str, filters: Value) -> String {
    let body = json!({ "query": query, "name": name, "filters": filters });
    let saved = app.tenant.owner.accepted("save-view", body).await;
    text(&saved["result"], "view_id").to_owned()
}

/// A visitor of the chat who says to be Wanda; answers the thread's id.
async fn visitor(app: &TestApp) -> String {
    let body = json!({
        "channel": "web_chat", "from": "visitor-wanda", "content": "It is me, wandaword", "email": "wanda@example.test",
    });
    let owner = &app.tenant.owner;
    let received = owner.accepted("receive-message", body).await["result"].clone();
    assert_eq!(received["customer_id"], Value::Null, "{received}");
    text(&received, "thread_id").to_owned()
}

async fn is_destroyed(app: &TestApp, subject: &str) -> bool {
    let sql = format!(
        "select count(*) from subject_keys where subject_id = '{subject}' and wrapped_key is null and destroyed_at is not null"
    );
    app.count(&sql).await == 1
}

async fn counts(app: &TestApp, person: &Person) -> Value {
    let admin = app.admin().await;
    let sql = "select payload->'SubjectErased'->'counts' from events where event_type = 'SubjectErased' and aggregate_id = $1";
    admin.query_one(sql, &[&person.id]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_reaches_files_approvals_views_runs_and_visitors() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    Visitor::begin_threads(&app, "suggest").await;
    let person = person(&app).await;
    send_file(&app).await;
    let bounced = json!({ "report": "bounced", "customer_id": person.id, "code": "5.1.1" });
    app.command_as_system("record-mail-report", bounced)
        .await
        .unwrap();
    let cancel = json!({ "booking_id": person.booking_id, "reason": "wandareason" });
    let about_them = ask(&app, "cancel-booking", cancel).await;
    let order = given::order_without_deposit("Ada", &day(1), SLOT);
    let other = given::booking(owner, order).await;
    let cancel = json!({ "booking_id": other["booking_id"], "reason": "rain" });
    let about_another = ask(&app, "cancel-booking", cancel).await;
    let of_them = view(
        &app,
        "Hers",
        "customers",
        json!({ "email": "wanda@example.test" }),
    )
    .await;
    let by_name = view(&app, "Named", "customers", json!({ "search": "wanda" })).await;
    let of_another = view(&app, "Open", "inbox", json!({ "status": "open" })).await;
    let claimed = visitor(&app).await;
    app.settle().await;
    let runs = owner
        .items(&format!("assistant-runs?thread_id={}", person.thread_id))
        .await;
    assert!(!runs.is_empty(), "the assistant looked at what they wrote");

    without_delay(owner).await;
    owner.accepted("erase-subject", of(&person)).await;
    app.settle().await;
    app.catch_up().await;
    let counts = counts(&app, &person).await;
    for (kind, count) in [("files", 1), ("approvals", 1), ("views", 2)] {
        assert_eq!(counts[kind], count, "{kind} in {counts}");
    }
    assert_eq!(app.count("select count(*) from message_files").await, 0);
    for subject in [&about_them, &of_them, &by_name, &claimed] {
        assert!(is_destroyed(&app, subject).await, "{subject}");
    }
    for subject in [&of_another, &about_another] {
        assert!(!is_destroyed(&app, subject).await, "{subject}");
    }
    let left = owner.items("views").await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["view_id"], of_another);
    let shown = owner.item(&format!("approval?id={about_them}")).await;
    assert_eq!(shown["arguments"], Value::Null, "{shown}");
    for run in owner
        .items(&format!("assistant-runs?thread_id={}", person.thread_id))
        .await
    {
        assert!(!run.to_string().to_lowercase().contains("wanda"), "{run}");
    }
    let keys = format!(
        "select (select count(*) from claims where scope = '{ADDRESS_SCOPE}')
            + (select count(*) from handles where scope = '{CUSTOMER_SCOPE}')"
    );
    assert_eq!(app.count(&keys).await, 0);
    app.claim_undelivered();
}
