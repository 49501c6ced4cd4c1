//! The widget of the web chat as visitors have it: on a page of another origin, in a real browser.

use serde_json::json;
use tests::app::TestApp;
use tests::{served, sources};

use crate::web_app::{bootstrap, node, tool};

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_chats_from_a_page_that_embeds_the_widget() {
    tool("packages");
    let app = TestApp::start().await;
    let port = served::free_port();
    let settings = json!({ "open_to": [format!("http://127.0.0.1:{port}")] });
    let owner = &app.tenant.owner;
    owner.accepted("update-settings", settings).await;
    let order = json!({ "base_url": app.base_url, "tenant": app.tenant.slug, "key": owner.key, "port": port });
    let run = tokio::task::spawn_blocking(move || {
        let mut command = node();
        command
            .arg(sources::root().join("web/e2e/widget.mjs"))
            .env("RAPPORT_WIDGET", order.to_string())
            .env("CHROMIUM", bootstrap("browser"));
        command.output().expect("node runs")
    });
    let output = run.await.expect("the browser is done");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    app.settle().await;
}
