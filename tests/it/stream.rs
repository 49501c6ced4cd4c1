//! Changes as server-sent events: told once they can be read, resumable, within one tenant and one's rights.

use std::time::Duration;

use serde_json::json;
use tests::app::TestApp;
use tests::given::{self, SLOT, day};
use tests::stream::Listener;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_once_it_can_be_read() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let mut listener = Listener::open(owner, "customers", None).await;
    let id = given::customer(owner, "Ada").await;
    let change = listener.next().await;
    assert_eq!(
        (change.topic.as_str(), &change.data["type"]),
        ("customers", &json!("LeadCreated"))
    );
    assert_eq!(change.data["aggregate_id"], json!(id));
    // Without X-Read-After: whoever hears of it finds it.
    let found = owner.get(&format!("/queries/customer-360?id={id}")).await;
    assert_eq!(found.status, 200, "{}", found.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_resumes_where_it_was_cut_off() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let mut listener = Listener::open(owner, "customers,chefs", None).await;
    given::customer(owner, "Ada").await;
    let last = listener.next().await;
    drop(listener);
    let missed = [
        given::customer(owner, "Bob").await,
        given::chef(owner, "Kenji").await,
    ];
    let mut resumed = Listener::open(owner, "customers,chefs", Some(&last.id)).await;
    for id in missed {
        assert_eq!(resumed.next().await.data["aggregate_id"], json!(id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_its_own_topics_and_tenant_only() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    let mut listener = Listener::open(&app.tenant.owner, "bookings", None).await;
    given::customer(&other.owner, "Eve").await;
    given::customer(&app.tenant.owner, "Ada").await;
    assert!(listener.is_silent_for(Duration::from_millis(600)).await);
    given::chef(&app.tenant.owner, "Kenji").await;
    given::booking(
        &app.tenant.owner,
        given::order_without_deposit("Ada", &day(0), SLOT),
    )
    .await;
    assert_eq!(listener.next().await.data["type"], "BookingCreated");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_that_do_not_exist_are_refused() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    owner
        .get("/stream?topics=gossip")
        .await
        .refused(400, "topic-unknown");
    owner
        .get("/stream?subjects=bookings")
        .await
        .refused(400, "parameter-unknown");
    let anonymous = owner.anonymous(reqwest::Method::GET, "/stream");
    owner
        .send(anonymous)
        .await
        .refused(401, "credential-missing");
}
