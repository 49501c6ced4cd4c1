//! Bulk runs: one command for many in the background, each record by itself, once, whatever happens to the server meanwhile.

use std::time::Duration;

use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given;
use tests::scale;
use tests::served::Served;
use tests::wait;
use uuid::Uuid;

/// A server lives this long at most before it is killed again.
const LONGEST_LIFE_MS: u64 = 700;
/// How long the rest may take at the end.
const SETTLING: Duration = Duration::from_secs(120);

async fn by_filter(client: &Client, key: &str, body: &Value) -> Reply {
    let request = client.request(Method::POST, "/bulk-runs");
    client
        .send(request.header("idempotency-key", key).json(body))
        .await
}

async fn ended(client: &Client, run_id: &str) -> Value {
    let is_over = wait::for_answer(SETTLING, async || {
        let found = client.get(&format!("/queries/bulk-run?id={run_id}")).await;
        let item = (found.status == 200).then(|| found.ok()["item"].clone())?;
        (item["standing"] != "running").then_some(item)
    });
    is_over.await.expect("the run comes to its end")
}

fn counts(run: &Value) -> [u64; 4] {
    ["total", "done", "skipped", "failed"].map(|field| run[field].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_seen_to_and_what_failed_can_be_tried_again() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, bob) = (
        given::customer(owner, "Ada").await,
        given::customer(owner, "Bob").await,
    );
    let tag = json!({ "customer_id": ada, "tag": "vip" });
    owner.accepted("tag-customer", tag).await;
    let body = json!({
        "command": "tag-customer", "body": { "tag": "vip" }, "ids": [ada, bob, "nobody", bob],
    });
    let started = owner.accepted("start-bulk-run", body).await;
    let run_id = started["result"]["run_id"].as_str().unwrap().to_owned();
    let run = ended(owner, &run_id).await;
    assert_eq!(counts(&run), [3, 1, 1, 1], "{run}");
    let reasons = json!([{ "code": "customer-not-found", "count": 1 }]);
    assert_eq!(run["reasons"], reasons, "{run}");
    assert_eq!(run["failures"][0]["id"], "nobody");
    let events = "select count(*) from events where event_type = 'CustomerTagged'";
    assert_eq!(app.count(events).await, 2);

    let id = json!({ "run_id": run_id });
    owner.accepted("retry-bulk-run", id.clone()).await;
    wait::until("the run is over again", async || {
        let run = ended(owner, &run_id).await;
        (run["sequence"] == 4).then_some(())
    })
    .await;
    assert_eq!(app.count(events).await, 2, "nothing happens twice");
    let finished = owner.accepted("stop-bulk-run", id).await;
    assert_eq!(finished["events"], json!([]), "it is over already");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_match_are_gathered_once_for_a_key() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for name in ["Ada", "Bob", "Cleo"] {
        given::customer(owner, name).await;
    }
    app.catch_up().await;
    let body = json!({ "command": "archive-customer", "filter": { "status": "living" } });
    let answer = by_filter(owner, "k1", &body).await.ok();
    let run_id = answer["run_id"].as_str().unwrap().to_owned();
    let run = ended(owner, &run_id).await;
    assert_eq!(counts(&run), [3, 3, 0, 0], "{run}");
    app.catch_up().await;
    // By now nobody matches; the key still finds its run.
    assert_eq!(
        by_filter(owner, "k1", &body).await.ok()["run_id"],
        run_id.as_str()
    );
    by_filter(owner, "k2", &body)
        .await
        .refused(422, "validation-failed");
    assert_eq!(owner.items("bulk-runs?standing=finished").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_send_the_command_may_not_send_it_for_many() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ada = given::customer(owner, "Ada").await;
    let body =
        |command: &str, more: Value| json!({ "command": command, "body": more, "ids": [ada] });
    for (command, more, code) in [
        ("merge-customers", json!({}), "bulk-command-unknown"),
        (
            "tag-customer",
            json!({ "tag": "vip", "customer_id": "x" }),
            "bulk-body-invalid",
        ),
        (
            "tag-customer",
            json!({ "colour": "red" }),
            "validation-failed",
        ),
    ] {
        owner
            .command("start-bulk-run", body(command, more))
            .await
            .refused(422, code);
    }
    let tag = body("tag-customer", json!({ "tag": "vip" }));
    let reader = app.client(PrincipalKind::Person, Role::Viewer).await;
    reader
        .command("start-bulk-run", tag)
        .await
        .refused(403, "permission-missing");
    assert_eq!(owner.items("bulk-runs").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_seen_to_once_when_the_server_is_killed_on_the_way() {
    let kills = scale::size(3, 20);
    let mut served = Served::start().await;
    let owner = served.owner();
    let body = json!({ "command": "tag-customer", "body": { "tag": "killed-on-the-way" } });
    let answer = by_filter(&owner, "k1", &body).await.ok();
    let run_id = answer["run_id"].as_str().unwrap().to_owned();
    for _ in 0..kills {
        let random = u64::from_be_bytes(Uuid::new_v4().as_bytes()[..8].try_into().unwrap());
        let life = Duration::from_millis(random % LONGEST_LIFE_MS);
        // The server must die at a moment that nothing in it can foresee.
        wait::for_answer::<(), _>(life, async || None).await;
        served.kill();
        served.run();
        served.ready().await;
    }
    let run = ended(&owner, &run_id).await;
    let [total, done, skipped, failed] = counts(&run);
    assert!(total > 100, "{run}");
    assert_eq!((done, skipped, failed), (total, 0, 0), "{run}");
}
