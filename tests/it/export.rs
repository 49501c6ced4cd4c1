//! A tenant goes out of one installation and into another, and is the same there. The binary does it, as an operator
//! would, on databases of the test's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use outbox::delivery::Endpoints;
use serde_json::{Value, json};
use server::app::Plan;
use tests::app::{ROOT_KEY, TestApp};
use tests::cluster::{self, Database};
use tests::given::{self, SLOT, day, text};
use tests::served::binary;
use tests::tables;
use tests::wait;
use uuid::Uuid;

/// Few, so that an export has several files.
const CHUNK: &str = "7";
/// What came by an import, without its own record.
const COUNT_IMPORTED: &str = "
    select count(*) from events
    where aggregate_type <> '$log' and not (aggregate_type = 'operation' and payload::text like '%import%')";

/// A place for exports, removed in the end, with the root key of the tests' installations.
pub struct Desk(PathBuf);

impl Desk {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("rapport-desk-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&path).unwrap();
        let desk = Self(path);
        desk.write_key("root.key", &ROOT_KEY);
        desk
    }

    pub fn write_key(&self, name: &str, key: &[u8; 32]) {
        use base64::Engine;
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.join(name);
        let text = base64::engine::general_purpose::STANDARD.encode(key);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub async fn rapport(&self, database: &Database, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(&self.0)
            .env("DATABASE_URL", &database.url)
            .env("RAPPORT_DATA_DIR", &self.0);
        let ran = tokio::task::spawn_blocking(move || command.output());
        ran.await
            .unwrap()
            .expect("the binary runs; build it with `cargo build -p server`")
    }

    /// Runs it with `--json`; answers what it prints.
    pub async fn done(&self, database: &Database, arguments: &[&str]) -> Value {
        let output = self
            .rapport(database, &[arguments, &["--json"]].concat())
            .await;
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).expect("it prints JSON")
    }

    /// Runs it where it must be refused; answers the refusal's code.
    pub async fn refused(&self, database: &Database, arguments: &[&str]) -> String {
        let output = self
            .rapport(database, &[arguments, &["--json"]].concat())
            .await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        let problem: Value = serde_json::from_str(&said).expect("a refusal is JSON");
        text(&problem, "code").to_owned()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub async fn some_history(app: &TestApp) -> String {
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let customer_id = text(&booking, "customer_id").to_owned();
    let note = json!({ "customer_id": customer_id, "text": "Rings twice" });
    owner.accepted("add-note", note).await;
    let other = given::customer(owner, "Bob").await;
    owner
        .accepted(
            "tag-customer",
            json!({ "customer_id": other, "tag": "vip" }),
        )
        .await;
    owner
        .accepted("mark-paid", json!({ "booking_id": booking["booking_id"] }))
        .await;
    let cancel = json!({ "booking_id": booking["booking_id"], "reason": "rain at Ada's" });
    owner.accepted("cancel-booking", cancel).await;
    app.settle().await;
    app.claim_undelivered();
    customer_id
}

/// The events of an export in order, without what is new in every installation and with every export.
fn events(directory: &Path) -> Vec<Value> {
    let manifest = manifest(directory);
    let files = manifest["chunks"].as_array().unwrap().iter();
    let mut events = Vec::new();
    for file in files {
        let path = directory.join(text(&file["piece"], "file"));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let mut event: Value = serde_json::from_str(line).unwrap();
            event.as_object_mut().unwrap().remove("position");
            if event["aggregate_type"] != "operation" {
                events.push(event);
            }
        }
    }
    events
}

fn manifest(directory: &Path) -> Value {
    let text = std::fs::read_to_string(directory.join("manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The read tables, without the positions that a timeline is sorted by.
async fn prints(database: &Database) -> BTreeMap<String, String> {
    let admin = cluster::shared().await.admin(&database.name).await;
    let mut prints = tables::fingerprints(&admin).await;
    let timeline = "
        select string_agg(line, e'\\n' order by line) from (
            select concat_ws('|', tenant_id, customer_id, aggregate_id, sequence, event_type, occurred_at, summary) as line
            from timeline_entries) as lines";
    let lines: Option<String> = admin.query_one(timeline, &[]).await.unwrap().get(0);
    prints.insert("timeline_entries".to_owned(), lines.unwrap_or_default());
    prints
}

/// Lets the projectors run over all of a database.
async fn project(database: &Database) {
    let sizes = PoolSizes {
        request: 2,
        query: 2,
        engine: 14,
    };
    let pools = Pools::new(&database.url, sizes).unwrap();
    let store = Store::new(pools, Vault::new(&ROOT_KEY));
    let plan = Plan {
        store: store.clone(),
        role: server::config::Role::Worker,
        listen: "127.0.0.1:0".parse().unwrap(),
        shards: Vec::new(),
        endpoints: Endpoints {
            stripe_url: "http://127.0.0.1:9".to_owned(),
            addresses: Default::default(),
            public_url: "http://127.0.0.1:9".to_owned(),
        },
        relay: outbox::work::Settings::default(),
        webhook_reach: domain::webhook_endpoints::reach::Reach::LoopbackToo,
        token_issuer: None,
        client_limits: Default::default(),
        notary: Some(server::witnesses::Witnesses::default()),
        metrics: None,
        patient: None,
    };
    let running = server::app::start(plan).expect("the workers start");
    let admin = cluster::shared().await.admin(&database.name).await;
    let newest = admin.query_one("select max(position) from events", &[]);
    let newest: i64 = newest.await.unwrap().get(0);
    let all = projectors::all(&store);
    let names: Vec<&str> = all
        .iter()
        .map(|projection| projection.subscriber.name())
        .collect();
    let caught_up = store.wait_for(&names, newest, wait::PATIENCE).await;
    assert!(caught_up.unwrap(), "projections are behind");
    running.stop().await;
    store.pools.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_the_same_after_export_and_import() {
    let app = TestApp::start().await;
    some_history(&app).await;
    app.another_tenant("next-door").await;
    app.settle().await;
    let (desk, server) = (Desk::new(), cluster::shared().await);
    let (out, back) = (desk.path("out"), desk.path("back"));
    let export = [
        "events",
        "export",
        "--tenant",
        "fire-and-rice",
        "--with-keys",
        "--chunk",
        CHUNK,
    ];
    let made = desk
        .done(&app.database, &[&export[..], &["--output", "out"]].concat())
        .await;
    assert!(
        made["complete"] == true && made["chunks"].as_array().unwrap().len() > 2,
        "{made}"
    );

    let other = server.clone_template().await;
    let import = ["events", "import", "out"];
    let dry = desk
        .done(&other, &[&import[..], &["--dry-run"]].concat())
        .await;
    assert_eq!(dry["events"], made["events"]);
    let admin = server.admin(&other.name).await;
    let count = |sql: &'static str| {
        let admin = &admin;
        async move { admin.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) }
    };
    assert_eq!(
        count("select count(*) from events").await,
        0,
        "a dry run writes nothing"
    );
    desk.done(&other, &import).await;
    assert_eq!(
        count(COUNT_IMPORTED).await,
        made["events"].as_i64().unwrap()
    );
    assert_eq!(
        count("select count(*) from outbox_messages").await,
        0,
        "nothing is sent again"
    );
    assert_eq!(
        count("select count(*) from claims").await,
        app.count("select count(*) from claims c join tenants t using (tenant_id) where t.slug = 'fire-and-rice'").await
    );
    let acts = count(
        "select count(*) from events where event_type = 'OperationPerformed'
            and payload->'OperationPerformed'->>'action' in ('import-events', 'finish-import')",
    );
    assert_eq!(acts.await, 2, "who imported it is written down");
    assert_eq!(desk.refused(&other, &import).await, "import-complete");
    let again = desk.refused(&app.database, &import).await;
    assert_eq!(again, "stream-not-empty");

    project(&other).await;
    let theirs = prints(&other).await;
    let ours = prints_of_tenant(&app, server).await;
    assert_eq!(theirs, ours);
    desk.done(&other, &[&export[..], &["--output", "back"]].concat())
        .await;
    assert_eq!(events(&back), events(&out));
    drop(admin);
    server.drop_database(&other.name).await;
}

/// The read tables of the first tenant as an import of its export alone would fill them: the other tenant's rows go.
async fn prints_of_tenant(app: &TestApp, server: &cluster::Cluster) -> BTreeMap<String, String> {
    let admin = server.admin(&app.database.name).await;
    let tables: Vec<String> = tables::fingerprints(&admin).await.into_keys().collect();
    for table in tables {
        let forget = format!("delete from {table} where tenant_id <> '{}'", app.tenant.id);
        admin.batch_execute(&forget).await.unwrap();
    }
    prints(&app.database).await
}

/// Leaves an export as a process does that is killed within its third file.
fn cut_short(directory: &Path) {
    let mut half = manifest(directory);
    let chunks = half["chunks"].as_array_mut().unwrap();
    let lost = chunks.split_off(2);
    let kept: u64 = chunks
        .iter()
        .map(|chunk| chunk["piece"]["lines"].as_u64().unwrap())
        .sum();
    half["complete"] = json!(false);
    half["events"] = json!(kept);
    std::fs::write(directory.join("manifest.json"), half.to_string()).unwrap();
    let third = directory.join(text(&lost[0]["piece"], "file"));
    let whole = std::fs::read(&third).unwrap();
    std::fs::write(&third, &whole[..whole.len() / 2]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_export_or_import_goes_on_where_it_stopped() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let (desk, server) = (Desk::new(), cluster::shared().await);
    let export = [
        "events",
        "export",
        "--with-keys",
        "--chunk",
        CHUNK,
        "--output",
    ];
    desk.done(&app.database, &[&export[..], &["whole"]].concat())
        .await;
    desk.done(&app.database, &[&export[..], &["cut"]].concat())
        .await;
    let cut = desk.path("cut");
    cut_short(&cut);
    assert_eq!(
        desk.refused(&app.database, &["events", "import", "cut"])
            .await,
        "manifest-invalid"
    );
    // What came since does not belong to it.
    given::customer(&app.tenant.owner, "Late").await;
    desk.done(&app.database, &[&export[..], &["cut"]].concat())
        .await;
    assert_eq!(events(&cut), events(&desk.path("whole")));
    assert_eq!(
        desk.refused(&app.database, &[&export[..], &["cut"]].concat())
            .await,
        "export-complete"
    );

    let other = server.clone_template().await;
    let admin = server.admin(&other.name).await;
    // The last event cannot be written at first: what went before stays, and is not written twice.
    admin
        .batch_execute(
            "create function refuse() returns trigger language plpgsql as $$ begin
                if new.event_type = 'BookingCancelled' then raise exception 'not now'; end if; return new; end $$;
             create trigger refuse before insert on events for each row execute function refuse()",
        )
        .await
        .unwrap();
    let output = desk.rapport(&other, &["events", "import", "cut"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let begun: i64 = admin.query_one(COUNT_IMPORTED, &[]).await.unwrap().get(0);
    assert!(begun > 0, "whole files before it are there");
    admin
        .batch_execute("drop trigger refuse on events")
        .await
        .unwrap();
    desk.done(&other, &["events", "import", "cut"]).await;
    let all: i64 = admin.query_one(COUNT_IMPORTED, &[]).await.unwrap().get(0);
    assert_eq!(all, manifest(&cut)["events"].as_i64().unwrap());
    drop(admin);
    server.drop_database(&other.name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_or_foreign_export_is_refused_before_anything_is_written() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let (desk, server) = (Desk::new(), cluster::shared().await);
    desk.done(
        &app.database,
        &["events", "export", "--with-keys", "--output", "out"],
    )
    .await;
    desk.done(&app.database, &["events", "export", "--output", "keyless"])
        .await;
    let other = server.clone_template().await;
    assert_eq!(
        desk.refused(&other, &["events", "import", "keyless"]).await,
        "keys-missing"
    );
    assert_eq!(
        desk.refused(&other, &["events", "import", "."]).await,
        "manifest-missing"
    );
    let file = desk.path("out/events-000001.ndjson");
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        whole
            .replacen("Tester", "Toaster", 1)
            .replacen("BookingCreated", "BookingCremated", 1),
    )
    .unwrap();
    assert_eq!(
        desk.refused(&other, &["events", "import", "out"]).await,
        "manifest-invalid"
    );
    std::fs::write(&file, &whole).unwrap();
    desk.write_key("other.key", &[9; 32]);
    let elsewhere = server.clone_template().await;
    let import = ["events", "import", "out", "--root-key-file", "other.key"];
    assert_eq!(desk.refused(&elsewhere, &import).await, "root-key-mismatch");
    for database in [&other, &elsewhere] {
        let admin = server.admin(&database.name).await;
        let rows: i64 = admin
            .query_one(
                "select (select count(*) from events) + (select count(*) from tenants)",
                &[],
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(rows, 0);
        drop(admin);
        server.drop_database(&database.name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_data_leave_sealed_unless_they_are_asked_for_with_a_reason() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let desk = Desk::new();
    let sealed = desk.rapport(&app.database, &["events", "export"]).await;
    let sealed = String::from_utf8(sealed.stdout).unwrap();
    for word in ["ada@example.test", "Rings twice", "rain at Ada's"] {
        assert!(!sealed.contains(word), "{word} lies open");
    }
    let unasked = desk
        .rapport(&app.database, &["events", "export", "--decrypt"])
        .await;
    assert_eq!(unasked.status.code(), Some(2), "a reason is wanted");
    let arguments = [
        "events",
        "export",
        "--decrypt",
        "--reason",
        "the customer asks",
    ];
    let open = desk.rapport(&app.database, &arguments).await;
    let open = String::from_utf8(open.stdout).unwrap();
    for word in ["ada@example.test", "Rings twice", "rain at Ada's", "Kenji"] {
        assert!(open.contains(word), "{word} is still sealed");
    }
    assert_eq!(
        open.lines().count(),
        sealed.lines().count() + 1,
        "the first export is an event itself"
    );
    let noted = "select count(*) from (
            select payload->'OperationPerformed' as act from events where event_type = 'OperationPerformed') acts
        where act->>'action' = 'export-events' and act->>'reason' = 'the customer asks'
          and (act->'details'->>'decrypted')::boolean";
    assert_eq!(app.count(noted).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_of_the_log_are_its_own() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let desk = Desk::new();
    let stats = desk.done(&app.database, &["events", "stats"]).await;
    let events = app
        .count("select count(*) from events where aggregate_type <> '$log'")
        .await;
    assert_eq!(stats["all"]["events"], events);
    assert_eq!(stats["tenants"]["fire-and-rice"]["events"], events);
    assert_eq!(stats["aggregates"]["booking"]["streams"], 1);
    let types = stats["types"].as_array().unwrap();
    let sum: i64 = types
        .iter()
        .map(|one| one["events"].as_i64().unwrap())
        .sum();
    assert_eq!(sum, events);
    let table = desk.rapport(&app.database, &["events", "stats"]).await;
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(
        table.contains("BookingCancelled 1") && table.contains("fire-and-rice"),
        "{table}"
    );
}
