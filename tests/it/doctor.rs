//! `rapport doctor` names what is wrong and what to do about it: every fault is made, and must be found.

use serde_json::Value;
use tests::app::TestApp;
use tests::cluster;
use tests::operator::Operator;
use tests::{sources, wait};

/// With this variable set, `schema/shape.txt` is written anew instead of compared.
const RENEW: &str = "RAPPORT_RENEW_SHAPE";
const SHAPE: &str = "schema/shape.txt";
/// Draws a position in a transaction that stays open.
const WRITE: &str = "
    with forced as materialized (select pg_current_xact_id())
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select 'nobody', $1, 'one', 1, $2, $3, '{}', '{}', clock_timestamp(), '', '', '', '' from forced";

/// What is said of one check.
fn finding(document: &Value, check: &str) -> Value {
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["check"] == check);
    found
        .unwrap_or_else(|| panic!("nothing is said of {check}: {document}"))
        .clone()
}

/// The check has this state, its detail and remedy together say all of these, and there is a remedy.
#[track_caller]
fn assert_found(document: &Value, check: &str, state: &str, words: &[&str]) {
    let found = finding(document, check);
    assert_eq!(found["state"], state, "{found}");
    let remedy = found["remedy"].as_str().unwrap_or_default();
    assert!(!remedy.is_empty(), "{found}");
    for word in words {
        assert!(found.to_string().contains(word), "{word} in {found}");
    }
}

#[tokio::test]
async fn the_shape_on_record_is_what_the_migrations_make() {
    let cluster = cluster::shared().await;
    let database = cluster.clone_template().await;
    let admin = cluster.admin(&database.name).await;
    let mut lines: Vec<String> = Vec::new();
    let doctor = sources::rust()
        .into_iter()
        .find(|source| source.path == "server/src/cli/doctor/shapes.rs");
    for sql in doctor.unwrap().text_consts() {
        if tests::sql::is_statement(&sql.text) {
            let rows = admin.query(&sql.text, &[]).await.unwrap();
            lines.extend(rows.iter().map(|row| row.get::<_, String>("line")));
        }
    }
    lines.sort();
    let made = lines.join("\n") + "\n";
    let path = sources::root().join(SHAPE);
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let recorded = std::fs::read_to_string(path).unwrap();
    let changed: Vec<&str> = made
        .lines()
        .filter(|line| !recorded.contains(*line))
        .chain(recorded.lines().filter(|line| !made.contains(*line)))
        .collect();
    assert!(
        made == recorded,
        "{SHAPE} is stale; renew it by running this test with {RENEW}=1: {changed:?}"
    );
    drop(admin);
    cluster.drop_database(&database.name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_where_all_is_well() {
    let app = TestApp::start().await;
    app.settle().await;
    let operator = Operator::on(&app.database.url, None);
    let said = operator.json(&["doctor"]).await;
    for check in [
        "schema",
        "server version",
        "indexes",
        "rights of the roles",
        "role rapport_request",
        "role rapport_engine",
        "row-level security",
        "append-only log",
        "event versions",
        "clock",
        "projections",
        "outbox",
    ] {
        let found = finding(&said, check);
        assert_eq!(found["state"], "ok", "{found}");
        assert_eq!(found["remedy"], Value::Null, "{found}");
    }
    // The test's own server may lose commits in a crash, and is told so.
    assert_found(&said, "durability", "fail", &["fsync off"]);
    assert_eq!(operator.run(&["doctor"]).await.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_rights_missing_indexes_and_unknown_events_are_named() {
    let app = TestApp::start().await;
    app.settle().await;
    let admin = app.admin().await;
    let faults = "
        revoke select on bookings from rapport_request;
        grant update on customers to rapport_request;
        grant delete on events to rapport_engine;
        drop index bookings_created;
        update pg_index set indisvalid = false where indexrelid = 'customers_name'::regclass;
        alter table chefs no force row level security;";
    admin.batch_execute(faults).await.unwrap();
    let event: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&"chef", &"ChefRenamed", &"9"];
    admin.execute(WRITE, &event).await.unwrap();
    let said = Operator::on(&app.database.url, None)
        .json(&["doctor"])
        .await;
    let rights = [
        "grant select on bookings to rapport_request",
        "revoke update on customers from rapport_request",
        "revoke delete on events from rapport_engine",
    ];
    assert_found(&said, "rights of the roles", "fail", &rights);
    let indexes = [
        "bookings_created",
        "customers_name",
        "CREATE INDEX bookings_created ON",
    ];
    assert_found(&said, "indexes", "fail", &indexes);
    assert_found(&said, "row-level security", "fail", &["public.chefs"]);
    assert_found(&said, "append-only log", "fail", &["may change events"]);
    let version = ["chef ChefRenamed version 9", "knows versions up to 1"];
    assert_found(&said, "event versions", "fail", &version);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_readers_back_is_named_with_the_process() {
    let app = TestApp::start().await;
    app.settle().await;
    let mut writer = app.admin().await;
    let row = writer.query_one("select pg_backend_pid()", &[]).await;
    let pid: i32 = row.unwrap().get(0);
    let late = writer.transaction().await.unwrap();
    late.execute(WRITE, &[&"stress", &"Late", &"1"])
        .await
        .unwrap();
    let beyond: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&"beyond", &"Beyond", &"1"];
    app.admin().await.execute(WRITE, &beyond).await.unwrap();
    let operator = Operator::on(&app.database.url, None);
    let end_it = format!("pg_terminate_backend({pid})");
    wait::until("the hole and its holder are named", async || {
        let said = operator.json(&["doctor"]).await;
        let hole = finding(&said, "holes in the log");
        let is_named = hole["state"] != "ok" && hole.to_string().contains(&end_it);
        is_named.then_some(())
    })
    .await;
    let said = operator.json(&["doctor"]).await;
    let holder = finding(&said, "oldest writing transaction");
    assert!(holder["detail"].is_string(), "{holder}");
    late.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_does_not_fit_is_named() {
    let cluster = cluster::shared().await;
    let newer = cluster.clone_template().await;
    let admin = cluster.admin(&newer.name).await;
    let row = "insert into refinery_schema_history (version, name, applied_on, checksum) values (4711, 'of_tomorrow', '', '')";
    admin.batch_execute(row).await.unwrap();
    let said = Operator::on(&newer.url, None).json(&["doctor"]).await;
    assert_found(&said, "schema", "fail", &["4711", "newer binary"]);
    let back = "delete from refinery_schema_history where version > 9";
    admin.batch_execute(back).await.unwrap();
    let said = Operator::on(&newer.url, None).json(&["doctor"]).await;
    assert_found(&said, "schema", "warn", &["at 9", "rapport migrate"]);
    let empty = cluster.create_empty().await;
    let said = Operator::on(&empty.url, None).json(&["doctor"]).await;
    assert_found(&said, "schema", "fail", &["never been migrated"]);
    drop(admin);
    cluster.drop_database(&newer.name).await;
    cluster.drop_database(&empty.name).await;
}
