//! What operators see of the store: positions that are missing and who holds them, dead rows, and its metrics.

use std::collections::BTreeSet;

use serde_json::Value;
use server::telemetry::metrics::{Kind, METRICS};
use tests::app::TestApp;
use tests::operator::Operator;
use tests::{cluster, given, sources, wait};
use tokio_postgres::Client;

/// As a writer does it: its transaction has an id before the position is drawn.
const WRITE: &str = "
    with forced as materialized (select pg_current_xact_id())
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select 'nobody', 'stress', $1, 1, 'Stressed', '1', '{}', '{}', clock_timestamp(), '', '', '', '' from forced
    returning position";

/// A session of the program's own login, whose sessions its operators see whole.
async fn session(app: &TestApp) -> Client {
    let client = cluster::connect(&app.database.url.parse().unwrap()).await;
    client
        .batch_execute("set role rapport_engine")
        .await
        .unwrap();
    client
}

async fn pid_of(client: &Client) -> i32 {
    let row = client.query_one("select pg_backend_pid()", &[]).await;
    row.unwrap().get(0)
}

/// The operator's look at the holes, once `is_so`.
async fn holes_once(operator: &Operator, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    wait::until(what, async || {
        let found = operator.json(&["store", "holes"]).await;
        is_so(&found).then_some(found)
    })
    .await
}

fn firsts(holes: &Value) -> Vec<i64> {
    let holes = holes.as_array().unwrap();
    holes
        .iter()
        .map(|hole| hole["first"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_shown_with_its_age_and_the_transaction_that_holds_it() {
    let app = TestApp::start().await;
    app.settle().await;
    let operator = Operator::on(&app.database.url, None);
    let mut writer = session(&app).await;
    let pid = pid_of(&writer).await;
    let late = writer.transaction().await.unwrap();
    let position: i64 = late.query_one(WRITE, &[&"late"]).await.unwrap().get(0);
    let beyond = app.admin().await;
    beyond.query_one(WRITE, &[&"beyond"]).await.unwrap();
    // Tests beside this one have transactions too, but none that stays.
    let held = holes_once(&operator, "the writer is named", |found| {
        found["holder"]["pid"] == pid && firsts(&found["open"]).contains(&position)
    })
    .await;
    assert_eq!(held["open"][0]["last"], position);
    assert!(held["open"][0]["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(held["holder"]["state"], "idle in transaction", "{held}");
    assert_eq!(held["safe"], position - 1);
    let shown = operator.run(&["store", "holes"]).await;
    assert!(
        shown.stdout.contains("open") && shown.stdout.contains("oldest writing transaction"),
        "{shown:?}"
    );
    late.rollback().await.unwrap();
    holes_once(&operator, "the hole is skipped or filled", |found| {
        let filled = firsts_of_filled(found).contains(&position);
        found["open"] == serde_json::json!([])
            && (filled || firsts(&found["skipped"]).contains(&position))
    })
    .await;
}

fn firsts_of_filled(found: &Value) -> Vec<i64> {
    let filled = found["filled"].as_array().unwrap();
    filled
        .iter()
        .map(|one| one["position"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_keeps_dead_rows_is_named() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    app.settle().await;
    let operator = Operator::on(&app.database.url, None);
    let mut reader = session(&app).await;
    let pid = pid_of(&reader).await;
    let build = reader.build_transaction();
    let level = tokio_postgres::IsolationLevel::RepeatableRead;
    let tx = build.isolation_level(level).start().await.unwrap();
    tx.query_one("select count(*) from events", &[])
        .await
        .unwrap();
    let report = wait::until("the reader is named", async || {
        let report = operator.json(&["store", "vacuum-report"]).await;
        let holders = report["holders"].as_array().unwrap().clone();
        holders
            .iter()
            .any(|holder| holder["pid"] == pid && holder["kind"] == "session")
            .then_some(report)
    })
    .await;
    let tables = report["tables"].as_array().unwrap();
    let events = tables.iter().find(|table| table["name"] == "public.events");
    let events = events.expect("the log is a table");
    assert!(events["bytes"].as_i64().unwrap() > 0 && events["is_due"].is_boolean());
    let shown = operator.run(&["store", "vacuum-report"]).await;
    assert!(shown.stdout.contains("public.events"), "{shown:?}");
    tx.rollback().await.unwrap();
}

/// The metrics that a text names, without the endings that Prometheus gives a histogram's parts.
fn named(text: &str) -> BTreeSet<&str> {
    let letter = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let words = text.split(|one| !letter(one));
    let part = |name| {
        ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|ending| str::strip_suffix(name, ending))
            .filter(|stem| kind_of(stem) == Some(Kind::Histogram))
            .unwrap_or(name)
    };
    words
        .filter(|word| word.starts_with("rapport_"))
        .map(part)
        .collect()
}

fn kind_of(name: &str) -> Option<Kind> {
    let found = METRICS.iter().find(|(known, _, _)| *known == name);
    found.map(|(_, kind, _)| *kind)
}

#[test]
fn dashboards_and_alerts_name_only_metrics_that_there_are() {
    let files = [sources::with_ending(".json"), sources::with_ending(".yml")].concat();
    let ops: Vec<_> = files
        .iter()
        .filter(|file| file.path.starts_with("ops/"))
        .collect();
    assert_eq!(ops.len(), 2, "a dashboard and alert rules");
    for file in ops {
        let names = named(&file.text);
        assert!(names.len() > 8, "{}: {names:?}", file.path);
        let unknown: Vec<&&str> = names
            .iter()
            .filter(|name| kind_of(name).is_none())
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", file.path);
        if file.path.ends_with(".json") {
            let dashboard: Value = serde_json::from_str(&file.text).unwrap();
            assert!(dashboard["panels"].as_array().unwrap().len() > 8);
        }
    }
}

#[test]
fn every_alert_has_a_page_of_what_to_do() {
    let file = |ending: &str| {
        let mut found = sources::with_ending(ending).into_iter();
        found.find(|file| file.path.starts_with("ops/")).unwrap()
    };
    let (rules, page) = (file(".yml").text, file(".md").text);
    let alerts: Vec<&str> = rules.split("alert: ").skip(1).collect();
    assert!(alerts.len() > 8, "{alerts:?}");
    for alert in alerts {
        let name = alert.lines().next().unwrap_or_default();
        let heading = format!("### {name}\n");
        assert!(page.contains(&heading), "ops/README.md: {name}");
    }
}

#[test]
fn every_metric_that_the_program_records_is_described() {
    let shipped = sources::rust()
        .into_iter()
        .filter(|source| !["tests", "bench"].contains(&source.folder()));
    let mut undescribed = BTreeSet::new();
    let mut recorded = 0;
    for source in shipped {
        for kind in ["counter!(\"", "gauge!(\"", "histogram!(\""] {
            for rest in source.text.split(kind).skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                recorded += 1;
                if kind_of(name).is_none() {
                    undescribed.insert(format!("{}: {name}", source.path));
                }
            }
        }
    }
    assert!(recorded > 20, "the scan has found only {recorded}");
    assert!(
        undescribed.is_empty(),
        "add to METRICS in server/src/telemetry/metrics.rs: {undescribed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauges_of_the_store_are_read_whenever_somebody_asks() {
    let cluster = cluster::shared().await;
    let database = cluster.clone_template().await;
    let operator = Operator::on(&database.url, None);
    let serving = operator.serve().await;
    let mut writer = cluster.admin(&database.name).await;
    let late = writer.transaction().await.unwrap();
    late.query_one(WRITE, &[&"late"]).await.unwrap();
    let beyond = cluster.admin(&database.name).await;
    beyond.query_one(WRITE, &[&"beyond"]).await.unwrap();
    let shown = wait::until("the hole is counted", async || {
        let shown = serving.get("/metrics").await?;
        shown
            .contains("rapport_log_holes_open 1\n")
            .then_some(shown)
    })
    .await;
    for name in [
        "rapport_log_oldest_hole_seconds",
        "rapport_log_holder_seconds",
        "rapport_log_holder_pid",
        "rapport_projection_lag_events",
        "rapport_projection_lag_seconds",
        "rapport_outbox_oldest_due_seconds",
    ] {
        assert!(
            shown.contains(&format!("# HELP {name} ")),
            "{name} in {shown}"
        );
        assert!(shown.contains(&format!("# TYPE {name} gauge")), "{name}");
    }
    late.rollback().await.unwrap();
    wait::until("the hole is closed and counted", async || {
        let shown = serving.get("/metrics").await?;
        let is_judged = [
            "rapport_log_holes_filled_total 1",
            "rapport_log_holes_skipped_total 1",
        ]
        .iter()
        .any(|line| shown.contains(line));
        (is_judged && shown.contains("rapport_log_holes_open 0\n")).then_some(())
    })
    .await;
    drop((serving, operator, beyond, writer));
    cluster.drop_database(&database.name).await;
}
