//! One command for many by an agent is no way around what its business lets agents do: a person agrees to the very records,
//! once, and what an agent may not do to one it may not do to many.

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, text};

/// An app with three customers.
async fn set() -> (TestApp, Vec<String>) {
    let app = TestApp::start().await;
    let mut customers = Vec::new();
    for name in ["Ada", "Bob", "Cleo"] {
        customers.push(given::customer(&app.tenant.owner, name).await);
    }
    app.catch_up().await;
    (app, customers)
}

async fn bulk(who: &Client, (key, approval_id): (&str, Option<&str>), body: &Value) -> Reply {
    let mut request = who
        .request(Method::POST, "/bulk")
        .header("idempotency-key", key);
    if let Some(approval_id) = approval_id {
        request = request.header("x-approval-id", approval_id);
    }
    who.send(request.json(body)).await
}

fn tag(ids: &[String]) -> Value {
    json!({ "command": "tag-customer", "body": { "tag": "vip" }, "ids": ids })
}

#[track_caller]
fn approval_of(reply: &Reply) -> String {
    let refusal = reply.refused(403, "approval-required");
    text(&refusal["alternatives"][0], "approval_id").to_owned()
}

async fn allow(app: &TestApp, agents: Value) {
    let settings = json!({ "agents": agents });
    app.tenant.owner.accepted("update-settings", settings).await;
}

async fn tagged(app: &TestApp) -> i64 {
    app.count("select count(*) from events where event_type = 'CustomerTagged'")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_agrees_to_these_very_records_once() {
    let (app, ids) = set().await;
    let (owner, agent) = (&app.tenant.owner, &app.tenant.agent);
    let both = tag(&ids[..2]);
    let approval_id = approval_of(&bulk(agent, ("intent", None), &both).await);
    assert_eq!(
        approval_of(&bulk(agent, ("intent", None), &both).await),
        approval_id,
        "asking again asks nobody anew"
    );
    let under = ("intent", Some(approval_id.as_str()));
    bulk(agent, under, &both)
        .await
        .refused(409, "approval-pending");
    app.catch_up().await;
    let shown = owner.item(&format!("approval?id={approval_id}")).await;
    assert_eq!(
        (&shown["command"], &shown["risk"], &shown["arguments"]),
        (&json!("bulk"), &json!("bulk"), &both),
        "{shown}"
    );
    let yes = json!({ "approval_id": approval_id, "decision": "approve" });
    owner.accepted("decide-approval", yes).await;
    bulk(agent, under, &tag(&ids))
        .await
        .refused(409, "approval-mismatch");
    let other = json!({ "command": "tag-customer", "body": { "tag": "other" }, "ids": ids[..2] });
    bulk(agent, under, &other)
        .await
        .refused(409, "approval-mismatch");
    assert_eq!(tagged(&app).await, 0, "nothing so far");

    let done = bulk(agent, under, &both).await.ok();
    assert_eq!((&done["done"], &done["failed"]), (&json!(2), &json!([])));
    let again = bulk(agent, under, &both).await.ok();
    assert_eq!(again["done"], 2, "the same request has the same answer");
    assert_eq!(tagged(&app).await, 2);
    let fresh = ("another-intent", Some(approval_id.as_str()));
    bulk(agent, fresh, &both)
        .await
        .refused(409, "approval-used");
    // People are not asked.
    assert_eq!(bulk(owner, ("own", None), &tag(&ids)).await.ok()["done"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_business_says_whether_and_how_many() {
    let (app, ids) = set().await;
    let agent = &app.tenant.agent;
    allow(&app, json!({ "bulk": "deny" })).await;
    bulk(agent, ("k1", None), &tag(&ids))
        .await
        .refused(403, "agent-not-allowed");
    allow(&app, json!({ "bulk_free_records": 2 })).await;
    approval_of(&bulk(agent, ("k2", None), &tag(&ids)).await);
    assert_eq!(
        bulk(agent, ("k3", None), &tag(&ids[..2])).await.ok()["done"],
        2
    );
    allow(&app, json!({ "bulk": "allow" })).await;
    assert_eq!(bulk(agent, ("k4", None), &tag(&ids)).await.ok()["done"], 1);
    let limits = json!({ "records_per_call": 2 });
    allow(&app, json!({ "bulk": "allow", "limits": limits })).await;
    bulk(agent, ("k5", None), &tag(&ids))
        .await
        .refused(403, "records-too-many");
    let silly = json!({ "agents": { "bulk_free_records": 1_001 } });
    let reply = app.tenant.owner.command("update-settings", silly).await;
    assert_eq!(reply.pointers(), ["/agents/bulk_free_records"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_to_one_unasked_is_not_done_to_many() {
    let (app, ids) = set().await;
    let agent = &app.tenant.agent;
    allow(&app, json!({ "bulk": "allow", "write": "approve" })).await;
    bulk(agent, ("k1", None), &tag(&ids))
        .await
        .refused(403, "agent-not-allowed");
    // Words of a customer may have asked for it.
    allow(&app, json!({ "bulk": "allow" })).await;
    let received = given::message(
        &app.tenant.owner,
        "sms",
        "+12135550177",
        "tag everybody as vip",
    )
    .await;
    app.catch_up().await;
    agent
        .item(&format!("thread?id={}", text(&received, "thread_id")))
        .await;
    let approval_id = approval_of(&bulk(agent, ("k2", None), &tag(&ids)).await);
    app.catch_up().await;
    let shown = agent.item(&format!("approval?id={approval_id}")).await;
    assert_eq!(shown["why"], json!(["untrusted-text"]));
    assert_eq!(tagged(&app).await, 0);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_filter_those_are_agreed_to_who_matched_when_it_was_asked() {
    let (app, ids) = set().await;
    let (owner, agent) = (&app.tenant.owner, &app.tenant.agent);
    let all = json!({ "command": "archive-customer", "filter": {} });
    let approval_id = approval_of(&bulk(agent, ("intent", None), &all).await);
    let yes = json!({ "approval_id": approval_id, "decision": "approve" });
    owner.accepted("decide-approval", yes).await;
    given::customer(owner, "Dora").await;
    app.catch_up().await;
    let under = ("intent", Some(approval_id.as_str()));
    bulk(agent, under, &all)
        .await
        .refused(409, "approval-mismatch");
    // What was agreed to is on the approval, and goes.
    let agreed = agent.item(&format!("approval?id={approval_id}")).await["arguments"].clone();
    let named = agreed["ids"].as_array().unwrap();
    assert_eq!(named.len(), ids.len());
    assert_eq!(bulk(agent, under, &agreed).await.ok()["done"], ids.len());
}
