//! One command for many: each stands or falls by itself, and a repetition changes nothing twice.

use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given;

async fn bulk(client: &Client, key: &str, body: &Value) -> Reply {
    let request = client.request(Method::POST, "/bulk");
    client
        .send(request.header("idempotency-key", key).json(body))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_says_of_each_whether_it_was_done() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, bob) = (
        given::customer(owner, "Ada").await,
        given::customer(owner, "Bob").await,
    );
    let tag = json!({ "customer_id": ada, "tag": "vip" });
    owner.accepted("tag-customer", tag).await;
    let body =
        json!({ "command": "tag-customer", "body": { "tag": "vip" }, "ids": [ada, bob, "nobody"] });
    let answer = bulk(owner, "k1", &body).await.ok();
    assert_eq!(
        (&answer["done"], &answer["skipped"]),
        (&json!(1), &json!(1)),
        "{answer}"
    );
    assert_eq!(answer["failed"][0]["id"], "nobody");
    assert_eq!(answer["failed"][0]["code"], "customer-not-found");
    let events = "select count(*) from events where event_type = 'CustomerTagged'";
    assert_eq!(app.count(events).await, 2);
    assert_eq!(bulk(owner, "k1", &body).await.ok()["done"], answer["done"]);
    assert_eq!(app.count(events).await, 2, "nothing happens twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_match_are_archived_page_by_page() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for name in ["Ada", "Bob", "Cleo"] {
        given::customer(owner, name).await;
    }
    app.catch_up().await;
    let body = json!({ "command": "archive-customer", "filter": { "search": "ada" } });
    let answer = bulk(owner, "k1", &body).await.ok();
    assert_eq!(
        (&answer["done"], &answer["next_cursor"]),
        (&json!(1), &json!(null))
    );
    app.catch_up().await;
    assert_eq!(owner.items("customers").await.len(), 2);
    assert_eq!(owner.items("customers?status=archived").await.len(), 1);
    // A new request of hers brings her back.
    given::customer(owner, "Ada").await;
    app.catch_up().await;
    assert_eq!(owner.items("customers").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_meant_for_many_is_refused() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ids = vec!["x"; 1_001];
    for (body, status, code) in [
        (
            json!({ "command": "merge-customers", "ids": [] }),
            422,
            "bulk-command-unknown",
        ),
        (json!({ "command": "tag-customer" }), 400, "bulk-malformed"),
        (
            json!({ "command": "tag-customer", "ids": [], "filter": {} }),
            400,
            "bulk-malformed",
        ),
        (
            json!({ "command": "tag-customer", "ids": ids }),
            400,
            "bulk-too-long",
        ),
        (
            json!({ "command": "tag-customer", "filter": { "colour": 1 } }),
            400,
            "parameters-invalid",
        ),
    ] {
        bulk(owner, "k", &body).await.refused(status, code);
    }
}
