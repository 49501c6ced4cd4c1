//! Who did what: every command that changed something, every refusal of access, audited reads and operators' acts are
//! lines of the query `audit`, told by actor, subject, customer, command, time and result.

use std::collections::BTreeSet;

use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use server::access::Recorder;
use tests::app::TestApp;
use tests::given::{self, text};
use tests::wait;

/// The lines, once they are as wanted.
async fn lines(app: &TestApp, query: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    wait::until(&format!("the lines of {query}"), async || {
        let items = app.tenant.owner.items(query).await;
        is_so(&items).then_some(items)
    })
    .await
}

fn actions(lines: &[Value]) -> BTreeSet<&str> {
    lines.iter().map(|line| text(line, "action")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_commands_have_changed_is_told_by_actor_subject_customer_command_and_time() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, bob) = (
        given::customer(owner, "Ada").await,
        given::customer(owner, "Bob").await,
    );
    let note = json!({ "customer_id": ada, "text": "Rings twice" });
    owner.accepted("add-note", note).await;
    app.settle().await;
    let of_ada = lines(&app, &format!("audit?subject={ada}"), |lines| {
        lines.len() >= 2
    })
    .await;
    assert_eq!(
        actions(&of_ada),
        BTreeSet::from(["add-note", "create-lead"])
    );
    assert_eq!(text(&of_ada[0], "action"), "add-note", "the newest first");
    assert!(
        of_ada
            .iter()
            .all(|line| line["result"] == "done" && line["times"] == 1)
    );
    let by_customer = owner.items(&format!("audit?customer_id={bob}")).await;
    assert_eq!(actions(&by_customer), BTreeSet::from(["create-lead"]));
    let actor = text(&of_ada[0], "actor");
    let by_actor = owner
        .items(&format!("audit?actor={actor}&command=add-note"))
        .await;
    assert_eq!(by_actor.len(), 1);
    let at = text(&of_ada[0], "recorded_at").replace('+', "%2B");
    let before = owner
        .items(&format!("audit?subject={ada}&until={at}"))
        .await;
    let since = owner.items(&format!("audit?subject={ada}&from={at}")).await;
    assert_eq!((before.len(), since.len()), (1, 1));
    let page = owner.query("audit?limit=1").await.ok();
    let cursor = text(&page, "next_cursor");
    let next = owner
        .query(&format!("audit?limit=1&cursor={cursor}"))
        .await
        .ok();
    assert_ne!(page["items"][0]["position"], next["items"][0]["position"]);
    owner
        .query("audit?from=yesterday")
        .await
        .refused(400, "parameters-invalid");
    app.tenant
        .agent
        .query("audit")
        .await
        .refused(403, "permission-missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_is_written_down_and_so_are_exports_and_secrets_that_were_shown() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let viewer = app.client(PrincipalKind::Person, Role::Viewer).await;
    for _ in 0..3 {
        viewer
            .command("add-note", json!({}))
            .await
            .refused(403, "permission-missing");
    }
    let batch = json!([{ "name": "create-lead", "idempotency_key": "one", "body": {} }]);
    let reply = viewer
        .send(viewer.request(Method::POST, "/commands").json(&batch))
        .await
        .ok();
    assert_eq!(reply["results"][0]["status"], 403);
    let export = owner
        .request(Method::GET, "/queries/customers")
        .header("accept", "text/csv");
    assert_eq!(owner.send(export).await.status, 200);
    owner
        .send(owner.anonymous(Method::GET, "/queries/customers"))
        .await
        .refused(401, "credential-missing");

    let refused = lines(&app, "audit?result=refused", |lines| {
        lines
            .iter()
            .map(|line| line["times"].as_i64().unwrap_or(0))
            .sum::<i64>()
            == 4
    })
    .await;
    assert_eq!(
        actions(&refused),
        BTreeSet::from(["add-note", "create-lead"])
    );
    assert!(
        refused
            .iter()
            .all(|line| line["detail"] == "permission-missing")
    );
    let read = lines(&app, "audit?result=read", |lines| !lines.is_empty()).await;
    assert_eq!(
        (&read[0]["action"], &read[0]["detail"]),
        (&json!("customers"), &json!("export"))
    );
    let unknown =
        "select count(*) from audit_trail where tenant_id = '$installation' and actor = 'anonymous'
        and action = 'GET /queries/{name}' or action = 'customers' and tenant_id = '$installation'";
    wait::until("the stranger is written down", async || {
        (app.count(unknown).await == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_of_accesses_outlast_a_database_that_does_not_answer_and_say_how_many_were_too_many()
{
    let app = TestApp::start().await;
    let recorder = Recorder::default();
    let read = |query: String| domain::access::AccessEvent::RecordsRead {
        query,
        how: "export".to_owned(),
        subject: None,
        times: 1,
    };
    for number in 0..1_003 {
        recorder.note(
            app.tenant.id.as_str(),
            "key:1",
            read(format!("query-{number}")),
        );
    }
    let admin = app.admin().await;
    admin
        .batch_execute("revoke insert on events from rapport_engine")
        .await
        .unwrap();
    assert!(recorder.write(&app.store).await.is_err());
    admin
        .batch_execute("grant insert on events to rapport_engine")
        .await
        .unwrap();
    recorder.write(&app.store).await.unwrap();
    recorder.write(&app.store).await.unwrap();
    let kept = "select count(*) from events where event_type = 'RecordsRead'";
    let lost = "select sum((payload->'AccessEntriesLost'->>'times')::bigint)::bigint from events where event_type = 'AccessEntriesLost'";
    assert_eq!((app.count(kept).await, app.count(lost).await), (1_000, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_do_is_one_line_that_tells_how_it_ended() {
    let app = TestApp::start().await;
    given::customer(&app.tenant.owner, "Ada").await;
    let desk = crate::export::Desk::new();
    let taken = [
        "audit",
        "export",
        "--tenant",
        "fire-and-rice",
        "--output",
        "log",
    ];
    wait::until("something is signed", async || {
        let signed = app
            .count("select count(*) from audit_checkpoints where tenant_id <> '$anchor'")
            .await;
        (signed > 0).then_some(())
    })
    .await;
    desk.done(&app.database, &taken).await;
    let found = lines(&app, "audit?command=export-audit-log", |lines| {
        lines.len() == 1
    })
    .await;
    assert_eq!(
        (&found[0]["result"], &found[0]["subject_type"]),
        (&json!("done"), &json!("operation"))
    );
    assert!(text(&found[0], "actor").starts_with("operator:"));
}
