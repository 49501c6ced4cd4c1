//! Views: lists that are kept under a name, by one person or for all.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::text;

fn view(name: &str) -> Value {
    json!({
        "query": "inbox", "name": name, "filters": { "status": "open", "unread": true, "search": "lobster" },
        "sort": "last_message_at", "columns": ["customer_name", "last_message"],
    })
}

async fn save(client: &Client, body: Value) -> String {
    let saved = client.accepted("save-view", body).await;
    text(&saved["result"], "view_id").to_owned()
}

async fn names(app: &TestApp, client: &Client, query: &str) -> Vec<String> {
    app.catch_up().await;
    let views = client.items(query).await;
    views
        .iter()
        .map(|view| text(view, "name").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_saved_changed_renamed_and_deleted() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let view_id = save(owner, view("Open lobster")).await;
    app.catch_up().await;
    let kept = owner.items("views").await.remove(0);
    for field in ["query", "name", "filters", "sort", "columns"] {
        assert_eq!(kept[field], view("Open lobster")[field], "{field}");
    }
    assert_eq!(kept["shared"], false);
    let mut changed = view("Open lobster");
    changed["view_id"] = view_id.as_str().into();
    changed["filters"] = json!({ "channel": "sms" });
    assert_eq!(save(owner, changed.clone()).await, view_id);
    let rename = json!({ "view_id": view_id, "name": "Texts" });
    owner.accepted("rename-view", rename).await;
    app.catch_up().await;
    let kept = owner.items("views?query=inbox").await.remove(0);
    assert_eq!(
        (&kept["name"], &kept["filters"]),
        (&json!("Texts"), &json!({ "channel": "sms" }))
    );
    changed["query"] = "bookings".into();
    changed["filters"] = json!({});
    changed["sort"] = json!(null);
    owner
        .command("save-view", changed)
        .await
        .refused(409, "view-fixed");
    owner
        .accepted("delete-view", json!({ "view_id": view_id }))
        .await;
    assert_eq!(names(&app, owner, "views").await, [] as [&str; 0]);
    owner
        .command("rename-view", json!({ "view_id": view_id, "name": "Back" }))
        .await
        .refused(404, "view-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_views_are_seen_by_nobody_else_and_shared_ones_by_whoever_may_see_the_list() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let staff = app.client(PrincipalKind::Person, Role::Staff).await;
    let own = save(&staff, view("Mine")).await;
    let mut shared = view("Ours");
    shared["shared"] = true.into();
    staff
        .command("save-view", shared.clone())
        .await
        .refused(403, "permission-missing");
    let shared = save(owner, shared).await;
    let mut hooks = json!({ "query": "webhook-deliveries", "name": "Hooks", "shared": true });
    hooks["filters"] = json!({ "outcome": "failed" });
    save(owner, hooks).await;
    assert_eq!(names(&app, &staff, "views").await, ["Mine", "Ours"]);
    assert_eq!(names(&app, owner, "views").await, ["Hooks", "Ours"]);
    assert_eq!(names(&app, &staff, "views?shared=false").await, ["Mine"]);
    for view_id in [&own, &shared] {
        let gone = json!({ "view_id": view_id });
        let by = if *view_id == own { owner } else { &staff };
        let status = if *view_id == own { 404 } else { 403 };
        assert_eq!(by.command("delete-view", gone).await.status, status);
    }
    let another = app.another_tenant("moon-and-tide").await;
    assert_eq!(names(&app, &another.owner, "views").await, [] as [&str; 0]);
    // What they filter by is nowhere in plain text.
    let leaks = "select count(*) from events e, views v where e.payload::text like '%lobster%' or v.state::text like '%lobster%'";
    assert_eq!(app.count(leaks).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_query_understands_is_kept() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let wrong = json!({
        "query": "inbox", "name": "Wrong", "filters": { "status": "lost", "colour": "red" }, "sort": "colour",
        "columns": ["", "x y"],
    });
    let reply = owner.command("save-view", wrong).await;
    let mut pointers = reply.pointers();
    pointers.sort_unstable();
    assert_eq!(
        (reply.status, pointers),
        (
            422,
            vec![
                "/columns/0".to_owned(),
                "/columns/1".to_owned(),
                "/filters/colour".to_owned(),
                "/filters/status".to_owned(),
                "/sort".to_owned(),
            ]
        ),
        "{}",
        reply.text
    );
    for (query, filters, pointer) in [
        ("nothing", json!({}), "/query"),
        ("thread", json!({}), "/query"),
        ("inbox", json!({ "cursor": "x" }), "/filters/cursor"),
    ] {
        let body = json!({ "query": query, "name": "Wrong", "filters": filters });
        let reply = owner.command("save-view", body).await;
        assert_eq!(
            (reply.status, reply.pointers()),
            (422, vec![pointer.to_owned()])
        );
    }
}
