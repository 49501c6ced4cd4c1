//! The dashboard: served whole and under a strict policy, made from the API as it is, and used in a real browser.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;
use server::embedded::{Embedded, Purpose};
use server::http::web_app::PAGES;
use tests::app::TestApp;
use tests::scale;
use tests::served::Served;
use tests::sources;
use tokio_postgres::NoTls;

/// Makes the types anew instead of comparing them.
const RENEW: &str = "RAPPORT_RENEW_TYPES";
/// The longest file of the dashboard that somebody wrote.
const MAX_LINES: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_the_same_document_under_a_policy_of_its_own() {
    let app = TestApp::start().await;
    let mut nonces = BTreeSet::new();
    for path in [
        "/",
        "/inbox",
        "/customers/some-id",
        "/settings/prices",
        "/set-up?token=t",
    ] {
        let page = app.tenant.owner.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
        assert!(
            page.text.contains("<div id=\"root\">"),
            "{path}: the dashboard is not built in; run scripts/web build, then build the tests again"
        );
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        assert!(
            page.text.contains(&format!("content=\"{nonce}\"")),
            "{path}"
        );
        nonces.insert(nonce.to_owned());
    }
    assert_eq!(nonces.len(), 5, "a nonce was used twice");
    let unknown = app.tenant.owner.get("/no-such-page").await;
    assert_eq!(
        (unknown.status, &unknown.json()["code"]),
        (404, &Value::from("path-unknown"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_kept_for_ever_and_travel_compressed() {
    let app = TestApp::start().await;
    let page = app.tenant.owner.get("/").await.text;
    let script = page
        .split("src=\"")
        .filter_map(|part| part.split('"').next());
    let script = script
        .filter(|path| path.starts_with("/assets/index-"))
        .last();
    let script = script.expect("the page names its script");
    let http = integrations::http::client().unwrap();
    let fetch = async |coding: &str| {
        let request = http.get(format!("{}{script}", app.base_url));
        request
            .header("accept-encoding", coding)
            .send()
            .await
            .unwrap()
    };
    let plain = fetch("identity").await;
    assert_eq!(
        plain.headers()["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        plain.headers()["content-type"],
        "text/javascript; charset=utf-8"
    );
    assert_eq!(plain.headers()["vary"], "accept-encoding");
    let whole = plain.bytes().await.unwrap().len();
    for coding in ["gzip", "br"] {
        let compressed = fetch(&format!("{coding};q=1.0")).await;
        assert_eq!(compressed.headers()["content-encoding"], coding);
        let size = compressed.bytes().await.unwrap().len();
        assert!(size * 2 < whole, "{size} of {whole} bytes as {coding}");
    }
    let gone = app.tenant.owner.get("/assets/index-00000000.js").await;
    assert_eq!(
        (gone.status, &gone.json()["code"]),
        (404, &Value::from("asset-not-found"))
    );
}

#[test]
fn the_server_and_the_router_know_the_same_pages() {
    let router = std::fs::read_to_string(sources::root().join("web/src/router.tsx")).unwrap();
    let quoted = router.split('\'').filter_map(|text| text.strip_prefix('/'));
    let first = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let routed: BTreeSet<String> = quoted.map(first).filter(|name| !name.is_empty()).collect();
    let served: BTreeSet<String> = PAGES.iter().map(|page| (*page).to_owned()).collect();
    assert_eq!(routed, served);
}

#[test]
fn the_types_of_the_dashboard_are_what_the_api_says() {
    tool("packages");
    let mut command = node();
    command.arg(sources::root().join("web/scripts/types.mjs"));
    if std::env::var_os(RENEW).is_none() {
        command.arg("--check");
    }
    let mut child = command.stdin(Stdio::piped()).spawn().expect("node runs");
    let document = server::http::openapi::document().to_string();
    let mut stdin = child.stdin.take().expect("it listens");
    stdin.write_all(document.as_bytes()).expect("it reads");
    drop(stdin);
    assert!(
        child.wait().expect("it ends").success(),
        "web/src/api/schema.d.ts is stale; {RENEW}=1 renews it"
    );
}

#[test]
fn files_of_the_dashboard_say_what_they_are_and_stay_short() {
    let endings = [".ts", ".tsx", ".mjs"];
    let all = endings
        .iter()
        .flat_map(|ending| sources::with_ending(ending));
    let own = all
        .filter(|source| source.path.starts_with("web/") && !source.path.ends_with("schema.d.ts"));
    let wrong: Vec<String> = own
        .filter_map(|source| {
            let lines = source.text.lines().count();
            let is_said = ["// ", "/** "]
                .iter()
                .any(|start| source.text.starts_with(start));
            let is_test = source.path.ends_with(".test.ts");
            let how = match (lines > MAX_LINES, is_said || is_test) {
                (true, _) => format!("{lines} lines; split it"),
                (_, false) => "does not open by saying what it is".to_owned(),
                _ => return None,
            };
            Some(format!("{}: {how}", source.path))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_work_with_it_in_a_browser() {
    tool("packages");
    let served = Served::start().await;
    browse(&served, &[]).await;
    let many = scale::size(2_000, 100_000);
    let tenant_id = served.manifest()["tenants"][0]["tenant_id"].clone();
    crowd(&served, tenant_id.as_str().expect("an id"), many).await;
    // What is measured means something only where nothing else is done meanwhile.
    let strict = match many {
        100_000.. => [("RAPPORT_E2E_LONG", "1"), ("RAPPORT_E2E_STRICT", "1")].as_slice(),
        _ => &[("RAPPORT_E2E_LONG", "1")],
    };
    browse(&served, strict).await;
}

/// Goes through the journeys of web/e2e; the first that fails is the test's failure.
async fn browse(served: &Served, settings: &'static [(&str, &str)]) {
    let manifest = served.manifest().to_string();
    let run = tokio::task::spawn_blocking(move || {
        let mut command = node();
        command
            .arg(sources::root().join("web/e2e/run.mjs"))
            .env("RAPPORT_E2E", manifest)
            .env("CHROMIUM", bootstrap("browser"))
            .envs(settings.iter().copied());
        command.output().expect("node runs")
    });
    let output = run.await.expect("the browser is done");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    eprintln!("{}", said(&output.stdout));
    assert!(output.status.success(), "{}", said(&output.stderr));
}

/// Rows like one that is there, each with names and a moment of its own: a list as long as it takes years to get.
const CROWD: &str = "
    insert into customers (tenant_id, customer_id, first_name, last_name, source, status, possible_duplicate, tags, state,
        created_at, updated_at, sequence)
    select c.tenant_id, 'crowd-' || n, 'Number', 'Guest ' || n, c.source, 'living', false, c.tags, c.state,
        c.created_at - n * interval '1 minute', c.updated_at, c.sequence
    from (select * from customers where tenant_id = $1 and status = 'living' limit 1) as c, generate_series(1, $2::int) as n";

async fn crowd(served: &Served, tenant_id: &str, many: usize) {
    let embedded = Embedded::start_or_attach(&served.data_dir, Purpose::Attach).await;
    let embedded = embedded.expect("PostgreSQL is there");
    let (mut database, connection) = tokio_postgres::connect(&embedded.url(), NoTls)
        .await
        .expect("it answers");
    let carrying = tokio::spawn(connection);
    let tx = database.transaction().await.expect("a transaction");
    tx.batch_execute("set local role rapport_engine")
        .await
        .expect("the role may be taken");
    let many = i32::try_from(many).expect("a count");
    let made = tx.execute(CROWD, &[&tenant_id, &many]).await;
    assert_eq!(
        made.expect("they are written"),
        u64::from(many.unsigned_abs())
    );
    tx.commit().await.expect("it is committed");
    carrying.abort();
}

/// `scripts/web` with this task.
pub(crate) fn tool(task: &str) {
    let output = Command::new(sources::root().join("scripts/web"))
        .arg(task)
        .output();
    let output = output.expect("scripts/web runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(crate) fn node() -> Command {
    Command::new(std::path::Path::new(&bootstrap("node")).join("node"))
}

/// What `scripts/bootstrap` prints: where a tool is, installed if need be.
pub(crate) fn bootstrap(tool: &str) -> String {
    let output = Command::new(sources::root().join("scripts/bootstrap"))
        .arg(tool)
        .output();
    let output = output.expect("scripts/bootstrap runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
