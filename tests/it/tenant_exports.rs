//! An owner takes the whole business away: one archive, which another installation imports and a verifier accepts, and which
//! nobody else gets.

use std::process::Command;
use std::time::Duration;

use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::cluster;
use tests::given;
use tests::people::{self, Browser, Device};
use tests::served::verifier;
use tests::tenants::Tenant;
use tests::wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::export::{Desk, some_history};

const PATH: &str = "/tenant-exports";
const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";
/// Long enough to be seen, and no longer.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than any buffer between the server and its reader holds: so many notes of so many letters.
const NOTES: usize = 900;
const NOTE_LETTERS: usize = 4_000;
const BATCHES: usize = 3;
const NOTED: &str = "
    select count(*) from events where event_type = 'OperationPerformed' and actor like 'person:%'
        and payload->'OperationPerformed'->>'action' in ('export-events', 'export-audit-log')";

async fn signed_in(
    app: &TestApp,
    (tenant, email): (&Tenant, &str),
    role: Role,
) -> (Browser, Device) {
    let mut device = people::enrolled(app, tenant, email, role).await;
    let browser = people::signed_in(app, email, Some(&mut device)).await;
    (browser, device)
}

/// Takes the archive, and unpacks it as its reader would.
async fn taken(browser: &Browser, desk: &Desk) -> Vec<u8> {
    let request = browser.request(Method::POST, PATH);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/x-tar");
    assert_eq!(header("cache-control"), "no-store");
    let named = header("content-disposition");
    assert!(
        named.starts_with("attachment; filename=\"fire-and-rice-2") && named.ends_with(".tar\""),
        "{named}"
    );
    let archive = answer.bytes().await.unwrap().to_vec();
    std::fs::write(desk.path("taken.tar"), &archive).unwrap();
    let unpacked = Command::new("tar")
        .args(["-xf", "taken.tar"])
        .current_dir(desk.path(""))
        .output()
        .unwrap();
    assert!(unpacked.status.success(), "{unpacked:?}");
    archive
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_takes_away_what_another_installation_imports_and_a_verifier_accepts() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let next_door = app.another_tenant("next-door").await;
    given::customer(&next_door.owner, "Mallory").await;
    let (browser, _) = signed_in(&app, (&app.tenant, ADA), Role::Owner).await;
    app.settle().await;
    crate::audit_proofs::signed(&app).await;
    let trial = format!("{PATH}?dry_run=true");
    let foreseen = browser.post(&trial, json!({})).await.ok();
    let name = &foreseen["file_name"];
    assert!(name.as_str().unwrap().ends_with(".tar"), "{name}");
    assert_eq!(app.count(NOTED).await, 0, "nothing has left");

    let (desk, server) = (Desk::new(), cluster::shared().await);
    // As every installation that was started from the command line, this one shall know which root key it has.
    desk.done(&app.database, &["tenants", "list"]).await;
    let archive = taken(&browser, &desk).await;
    let archive = String::from_utf8_lossy(&archive);
    for word in ["ada@example.test", "Rings twice", next_door.id.as_str()] {
        assert!(!archive.contains(word), "{word} must not be in it");
    }
    assert_eq!(app.count(NOTED).await, 2, "who has taken it is on record");
    let log = desk.path("fire-and-rice/audit.ndjson");
    let verified = Command::new(verifier()).arg(log).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");

    let other = server.clone_template().await;
    let import = ["events", "import", "fire-and-rice/events"];
    let imported = desk.done(&other, &import).await;
    assert_eq!(imported["slug"], "fire-and-rice");
    let admin = server.admin(&other.name).await;
    let tenants: i64 = admin
        .query_one("select count(distinct tenant_id) from events", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(tenants, 1, "nobody else came along");
    let manifest = std::fs::read_to_string(desk.path("fire-and-rice/events/manifest.json"));
    let manifest: Value = serde_json::from_str(&manifest.unwrap()).unwrap();
    assert_eq!(
        (&manifest["complete"], &manifest["after"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(manifest["events"], imported["events"]);
    let opened = desk.rapport(
        &other,
        &["events", "export", "--decrypt", "--reason", "it is ours"],
    );
    let opened = String::from_utf8(opened.await.stdout).unwrap();
    assert!(
        opened.contains("Rings twice"),
        "where the root key is, it opens"
    );
    drop(admin);
    server.drop_database(&other.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_takes_it_away_nor_an_owner_who_has_not_just_shown_who_they_are() {
    let app = TestApp::start().await;
    let (manager, _) = signed_in(&app, (&app.tenant, BOB), Role::Manager).await;
    let refused = manager.post(PATH, json!({})).await;
    refused.refused(403, "permission-missing");
    for role in [Role::Admin, Role::AiAgent, Role::Service, Role::Operator] {
        let key = app.client(PrincipalKind::Service, role).await;
        let refused = key.send(key.request(Method::POST, PATH)).await;
        refused.refused(403, "permission-missing");
    }
    let agent = &app.tenant.agent;
    let refused = agent.send(agent.request(Method::POST, PATH)).await;
    refused.refused(403, "permission-missing");
    // Not even with every right, and not for a person: somebody must be there.
    let program = app.client(PrincipalKind::Service, Role::Owner).await;
    for key in [&program, &app.tenant.owner] {
        let refused = key.send(key.request(Method::POST, PATH)).await;
        refused.refused(403, "person-required");
    }

    let (browser, mut device) = signed_in(&app, (&app.tenant, ADA), Role::Owner).await;
    let foreign = browser.foreign(Method::POST, PATH);
    browser.send(foreign).await.refused(403, "origin-foreign");
    let admin = app.admin().await;
    let older = "update sessions set second_factor_at = second_factor_at - interval '11 minutes'";
    admin.batch_execute(older).await.unwrap();
    wait::until("the process has looked again", async || {
        let session = browser.get("/auth/session").await.ok();
        session["second_factor_fresh_until"].is_null().then_some(())
    })
    .await;
    let refused = browser.post(PATH, json!({})).await;
    refused.refused(403, "mfa-required");
    let code = json!({ "code": device.code() });
    browser.post("/auth/second-factor", code).await.ok();
    crate::audit_proofs::signed(&app).await;
    taken(&browser, &Desk::new()).await;

    app.command_as_system("suspend-tenant", json!({}))
        .await
        .unwrap();
    let trial = format!("{PATH}?dry_run=true");
    wait::until("the server knows it", async || {
        let refused = browser.post(&trial, json!({})).await;
        (refused.json()["code"] == "tenant-suspended").then_some(())
    })
    .await;
}

/// Makes a log of many megabytes.
async fn fill(app: &TestApp) {
    let owner = &app.tenant.owner;
    let text = "x".repeat(NOTE_LETTERS);
    for batch in 0..BATCHES {
        let customer_id = given::customer(owner, &format!("Guest{batch}")).await;
        let notes: Vec<Value> = (0..NOTES)
            .map(|note| {
                let body = json!({ "customer_id": customer_id, "text": text });
                json!({ "name": "add-note", "idempotency_key": format!("{batch}-{note}"), "body": body })
            })
            .collect();
        let request = owner.request(Method::POST, "/commands").json(&notes);
        let done = owner.send(request).await.ok();
        assert_eq!(
            done["results"][NOTES - 1]["status"],
            200,
            "{}",
            done["results"][0]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_written_at_a_time_and_whoever_does_not_read_it_is_left() {
    let app = TestApp::start_public(|plan| plan.client_limits.body = PATIENCE).await;
    fill(&app).await;
    let (slow, _) = signed_in(&app, (&app.tenant, ADA), Role::Owner).await;
    let next_door = app.another_tenant("next-door").await;
    let (other, _) = signed_in(&app, (&next_door, BOB), Role::Owner).await;
    app.settle().await;
    crate::audit_proofs::signed(&app).await;
    let address = app.base_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n",
        slow.cookie().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 64];
    stream.read_exact(&mut first).await.unwrap();
    let first = String::from_utf8_lossy(&first).into_owned();
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");

    let refused = other.post(PATH, json!({})).await;
    refused.refused(429, "export-running");
    assert_eq!(refused.header("retry-after"), Some("60"));
    let trial = format!("{PATH}?dry_run=true");
    wait::until("the place is free again", async || {
        (other.post(&trial, json!({})).await.status == 200).then_some(())
    })
    .await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(
        !rest.ends_with(b"0\r\n\r\n"),
        "nobody takes half of it for the whole"
    );
}
