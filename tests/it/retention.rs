//! What has a term goes when it is over, is foreseen before, is kept by a hold, and is on record.

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, text};
use time::{Duration, OffsetDateTime};

use crate::export::Desk;

const LONG_AGO: Duration = Duration::days(400);

/// Somebody who wrote once, long ago or now; answers customer and thread.
async fn writer(owner: &Client, from: &str, ago: Duration) -> (String, String) {
    let at = given::instant(OffsetDateTime::now_utc() - ago);
    let body = json!({ "channel": "email", "from": from, "content": "A word of old", "at": at });
    let received = owner.accepted("receive-message", body).await["result"].clone();
    let of = |field| text(&received, field).to_owned();
    (of("customer_id"), of("thread_id"))
}

async fn set(owner: &Client, rules: Value) {
    owner
        .accepted("update-settings", json!({ "retention": rules }))
        .await;
}

async fn run(client: &Client, query: &str) -> Reply {
    let path = format!("/operations/retention/run{query}");
    client
        .send(client.request(Method::POST, &path).json(&json!({})))
        .await
}

/// How a class stands in a preview.
#[track_caller]
fn class<'a>(items: &'a Value, name: &str) -> &'a Value {
    let mut items = items.as_array().unwrap().iter();
    items.find(|item| item["class"] == name).unwrap()
}

/// What terms of a year would take: one thread and one lead, and as many are held.
async fn is_foreseen(owner: &Client, (old, old_thread): (&str, &str)) {
    let tried = "/operations/retention?messages=365&leads=365";
    let tried = owner.get(tried).await.ok()["items"].clone();
    let messages = class(&tried, "messages");
    assert_eq!(
        (&messages["due"], &messages["held"], &messages["samples"]),
        (&json!(1), &json!(1), &json!([old_thread])),
        "{messages}"
    );
    let leads = class(&tried, "leads");
    assert_eq!(
        (&leads["due"], &leads["held"], &leads["samples"]),
        (&json!(1), &json!(1), &json!([old])),
        "one has written of late: {leads}"
    );
}

async fn is_on_record(owner: &Client) {
    let acts = owner.get("/operations/acts").await.ok();
    let acts = acts["items"].as_array().unwrap();
    let mut acts = acts
        .iter()
        .filter(|act| act["action"] == "purge-by-retention");
    assert!(acts.clone().any(|act| act["subject"] == "messages"));
    assert!(acts.all(|act| act["details"]["purged"] == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_threads_and_old_leads_go_and_a_hold_keeps_them() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (old, old_thread) = writer(owner, "old@example.test", LONG_AGO).await;
    let (held, held_thread) = writer(owner, "held@example.test", LONG_AGO).await;
    let (fresh, fresh_thread) = writer(owner, "fresh@example.test", Duration::ZERO).await;
    let hold = json!({ "customer_id": held, "ground": "legal_claim" });
    owner.accepted("hold-subject", hold).await;
    app.settle().await;
    app.catch_up().await;
    let age = "update customers set updated_at = updated_at - interval '400 days'";
    app.admin().await.batch_execute(age).await.unwrap();

    is_foreseen(owner, (&old, &old_thread)).await;
    let nothing = run(owner, "").await.ok();
    assert_eq!(nothing["result"]["purged"], json!([]), "no term is set");

    set(owner, json!({ "messages": 365, "leads": 365 })).await;
    let said = run(owner, "?dry_run=true").await.ok();
    assert_eq!(said["result"]["purged"], json!([]));
    let done = run(owner, "").await.ok();
    let purged = &done["result"]["purged"];
    assert_eq!(purged[0]["class"], "messages", "{purged}");
    assert_eq!(
        (&purged[0]["purged"], &purged[0]["whole"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(
        (&purged[1]["class"], &purged[1]["purged"]),
        (&json!("leads"), &json!(1))
    );
    app.settle().await;

    let erased = format!(
        "select count(*) from subject_keys where subject_id = '{old_thread}' and wrapped_key is null"
    );
    assert_eq!(app.count(&erased).await, 1);
    app.catch_up().await;
    let dead = owner.item(&format!("thread?id={old_thread}")).await;
    assert!(!dead.to_string().contains("A word of old"), "{dead}");
    for living in [&held_thread, &fresh_thread] {
        let thread = owner.item(&format!("thread?id={living}")).await;
        assert!(thread.to_string().contains("A word of old"), "{thread}");
    }
    let profile = async |id: &str| {
        let whole = owner.item(&format!("customer-360?id={id}")).await;
        whole["profile"].clone()
    };
    let gone = profile(&old).await;
    assert_eq!(gone["restricted"], true, "{gone}");
    assert!(gone["erase_at"].is_string(), "it can be cancelled: {gone}");
    assert_eq!(profile(&held).await["restricted"], false);
    assert_eq!(profile(&fresh).await["restricted"], false);

    let again = run(owner, "").await.ok();
    assert_eq!(again["result"]["purged"], json!([]));
    is_on_record(owner).await;
    app.claim_undelivered();
}

/// Leaves a sensitive read, a handled webhook, a delivery and a file behind, each older than its term; answers how handled
/// webhooks, and those with a body, are counted.
async fn leave_old_rows(app: &TestApp) -> (&'static str, &'static str) {
    let owner = &app.tenant.owner;
    let (customer, thread) = writer(owner, "reader@example.test", Duration::ZERO).await;
    owner
        .accepted("export-subject", json!({ "customer_id": customer }))
        .await;
    app.catch_up().await;
    owner.item(&format!("subject-export?id={customer}")).await;
    let hook = tests::webhooks::event(
        "evt_term",
        "customer.updated",
        &json!({ "object": "customer" }),
    );
    assert_eq!(tests::webhooks::deliver(app, &hook).await.status, 200);
    owner
        .accepted("send-message", given::answer(&json!(thread), "Hello"))
        .await;
    app.settle().await;
    let handled = "select count(*) from webhook_inbox where handled_at is not null";
    tests::wait::until("the webhook is handled", async || {
        (app.count(handled).await == 1).then_some(())
    })
    .await;
    let bodies = "select count(*) from webhook_inbox where length(body) > 0";
    let counts = [
        "select count(*) from audited_reads",
        bodies,
        "select count(*) from outbox_messages",
    ];
    for sql in counts {
        assert!(app.count(sql).await > 0, "{sql}");
    }
    let age = format!(
        "update audited_reads set read_at = read_at - interval '31 days';
         update webhook_inbox set received_at = received_at - interval '2 days';
         update outbox_messages set created_at = created_at - interval '8 days';
         insert into message_files (tenant_id, conversation_id, file_id, content_type, size_bytes, sealed, kept_at)
         values ('{}', '{thread}', 'f', 'text/plain', 1, 'x', now() - interval '3 days')",
        app.tenant.id
    );
    app.admin().await.batch_execute(&age).await.unwrap();
    (handled, bodies)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_beside_the_log_goes_by_its_own_terms() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (handled, bodies) = leave_old_rows(&app).await;
    let desk = Desk::new();
    let nothing = desk
        .done(&app.database, &["privacy", "retention", "run"])
        .await;
    assert_eq!(
        nothing["result"]["purged"],
        json!([]),
        "the usual terms are longer"
    );
    set(
        owner,
        json!({ "audited_reads": 30, "webhook_bodies": 1, "outbox_history": 7, "files": 2 }),
    )
    .await;
    let seen = desk
        .done(&app.database, &["privacy", "retention", "preview"])
        .await;
    for name in ["audited_reads", "webhook_bodies", "outbox_history", "files"] {
        let class = class(&seen["items"], name);
        assert!(class["due"].as_u64() > Some(0), "{class}");
        assert_eq!(class["set"], true);
    }
    let done = desk
        .done(&app.database, &["privacy", "retention", "run"])
        .await;
    let purged = done["result"]["purged"].as_array().unwrap();
    assert_eq!(purged.len(), 4, "{purged:?}");
    for sql in [
        "select count(*) from message_files",
        "select count(*) from audited_reads",
        bodies,
    ] {
        assert_eq!(app.count(sql).await, 0, "{sql}");
    }
    assert_eq!(app.count(handled).await, 1, "a repetition is still known");
    app.claim_undelivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_that_cannot_be_are_refused_and_others_may_not_look() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let short = json!({ "retention": { "messages": 3, "outbox_history": 400 } });
    let refused = owner.command("update-settings", short).await;
    refused.refused(422, "validation-failed");
    assert_eq!(
        refused.pointers(),
        ["/retention/messages", "/retention/outbox_history"]
    );
    let tried = owner.get("/operations/retention?messages=3").await;
    tried.refused(422, "validation-failed");
    owner
        .get("/operations/retention?postcards=3")
        .await
        .refused(400, "parameters-invalid");
    let agent = &app.tenant.agent;
    agent
        .get("/operations/retention")
        .await
        .refused(403, "permission-missing");
    run(agent, "").await.refused(403, "permission-missing");
}
