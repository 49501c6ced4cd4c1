//! The record of what takes its time tells the truth also when the process that did it is gone.

use std::process::{Command, Stdio};

use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::json;
use tests::app::TestApp;
use tests::given::{self, text};
use tests::served::binary;
use tests::wait;

use crate::rebuild::key_file;

/// The twins cannot be emptied while somebody looks at them.
const HOLD_TWIN: &str = "begin; lock table twin.chefs in access share mode";
const COUNT_FAILURES: &str = "select count(*) from events where event_type = 'OperationFailed'";

#[tokio::test(flavor = "multi_thread")]
async fn an_act_whose_process_was_killed_has_failed() {
    let app = TestApp::start().await;
    let operator = app.client(PrincipalKind::Person, Role::Operator).await;
    given::chef(&app.tenant.owner, "Kenji").await;
    app.catch_up().await;
    let admin = app.admin().await;
    admin.batch_execute(HOLD_TWIN).await.unwrap();
    let key_file = key_file();
    let mut rebuilding = Command::new(binary())
        .args(["projections", "rebuild", "chefs"])
        .env("DATABASE_URL", &app.database.url)
        .env("RAPPORT_ROOT_KEY_FILE", &key_file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs; build it with `cargo build -p server`");
    let newest = async || operator.get("/operations/acts").await.ok()["items"][0].clone();
    let begun = wait::until("the rebuild has begun", async || {
        let act = newest().await;
        act.is_object().then_some(act)
    })
    .await;
    // Looking at it does not end it: its process lives.
    let id = text(&begun, "operation_id");
    let act = format!("/operations/acts/{id}");
    assert_eq!(operator.get(&act).await.ok()["item"]["standing"], "running");
    assert_eq!(newest().await["standing"], "running");
    assert_eq!(app.count(COUNT_FAILURES).await, 0);

    rebuilding.kill().expect("the process can be killed");
    rebuilding.wait().expect("it is gone");
    let ended = wait::until("it is known to be over", async || {
        let act = operator.get(&act).await.ok()["item"].clone();
        (act["standing"] != "running").then_some(act)
    })
    .await;
    assert_eq!(ended["standing"], "failed", "{ended}");
    assert_eq!(ended["result"]["code"], json!("operation-abandoned"));
    assert!(ended["ended_at"].is_string());
    assert_eq!(newest().await, ended);
    assert_eq!(app.count(COUNT_FAILURES).await, 1, "it is said once");
    admin.batch_execute("rollback").await.unwrap();
    std::fs::remove_file(&key_file).unwrap();
}
