//! A projection built anew equals the one that followed the log, also while the log goes on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deadpool_postgres::{GenericClient, Pool};
use event_store::checkpoints;
use event_store::pg::begin_read;
use projectors::rebuild::{compare, rebuild, rollback};
use serde_json::{Value, json};
use tests::app::{ROOT_KEY, TestApp};
use tests::given::{self, SLOT, day, text};
use tests::scale;
use tests::served::binary;
use tests::{tables, wait};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// Columns, indexes, policies and rights of the read tables in one schema, without its name.
const DESCRIBE: &str = "
    with read_tables as (
        select c.oid, c.relname, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.reloptions
        from pg_class c join pg_class t on t.relname = c.relname and t.relkind = 'r'
            and t.relnamespace = case $1::text when 'twin' then 'public' else 'twin' end::regnamespace
        where c.relkind = 'r' and c.relnamespace = $1::text::regnamespace)
    select relname || ' ' || array_to_string(array(select acl::text from unnest(relacl) as acl order by 1), ',')
        || relrowsecurity || relforcerowsecurity || coalesce(reloptions::text, '') from read_tables
    union all
    select r.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull
        || a.attcollation || a.attnum from read_tables r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0
    union all
    select i.relname || ': ' || replace(pg_get_indexdef(i.oid), ' ' || $1 || '.', ' ')
    from read_tables r join pg_index x on x.indrelid = r.oid join pg_class i on i.oid = x.indexrelid
    union all
    select r.relname || ' constraint ' || c.conname || pg_get_constraintdef(c.oid)
    from read_tables r join pg_constraint c on c.conrelid = r.oid
    union all
    select p.tablename || ' policy ' || p.policyname || p.roles::text || p.cmd || p.qual || coalesce(p.with_check, '')
    from pg_policies p join read_tables r on r.relname = p.tablename where p.schemaname = $1
    order by 1";
const SAY_IT_AGAIN: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select tenant_id, aggregate_type, aggregate_id, sequence + 1, event_type, event_version, payload, metadata, occurred_at,
        command_id, correlation_id, causation_id, actor
    from events where event_type = 'NoteAdded'";
const COUNT_NOTES: &str = "select count(*) from customer_notes";

async fn some_history(app: &TestApp) {
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    given::chef_in(owner, "Luz", &[given::ZONE, given::OTHER_ZONE]).await;
    let paid = given::booking(owner, given::order("Ada", &day(0), SLOT)).await;
    let url = app.checkout_url(text(&paid, "booking_id")).await;
    app.providers.press(&url, "pay").await;
    let confirmed = |booking: &serde_json::Value| booking["status"] == "confirmed";
    app.booking_once(text(&paid, "booking_id"), "it is confirmed", confirmed)
        .await;
    let cancelled = given::booking(owner, given::order_without_deposit("Bob", &day(0), SLOT)).await;
    owner
        .accepted(
            "cancel-booking",
            json!({ "booking_id": cancelled["booking_id"], "reason": "rain" }),
        )
        .await;
    let moved = given::booking(owner, given::order_without_deposit("Cora", &day(1), SLOT)).await;
    let reschedule = json!({ "booking_id": moved["booking_id"], "date": day(2), "slot": "12:00" });
    owner.accepted("reschedule-booking", reschedule).await;
    owner
        .accepted("mark-paid", json!({ "booking_id": moved["booking_id"] }))
        .await;
    let pair = json!({ "survivor_id": paid["customer_id"], "merged_id": cancelled["customer_id"] });
    owner.accepted("merge-customers", pair).await;
    let customer_id = &moved["customer_id"];
    owner
        .accepted(
            "add-note",
            json!({ "customer_id": customer_id, "text": "Rings twice" }),
        )
        .await;
    owner
        .accepted(
            "tag-customer",
            json!({ "customer_id": customer_id, "tag": "vip" }),
        )
        .await;
    let asked = given::message(owner, "email", "dora@example.test", "Is Saturday free?").await;
    let thread = json!({ "thread_id": asked["thread_id"] });
    owner
        .accepted("send-message", given::answer(&asked["thread_id"], "Yes."))
        .await;
    owner.accepted("close-thread", thread.clone()).await;
    given::message(owner, "email", "dora@example.test", "And Sunday?").await;
    let mut note = thread;
    note["text"] = "Wants both days".into();
    owner.accepted("add-thread-note", note).await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_equals_what_was_there() {
    let app = TestApp::start().await;
    some_history(&app).await;
    app.catch_up().await;
    let admin = app.admin().await;
    let before = tables::fingerprints(&admin).await;
    assert!(
        before
            .values()
            .filter(|print| !print.starts_with("0 "))
            .count()
            >= 8,
        "{before:?}"
    );
    for projection in projectors::all(&app.store) {
        projectors::rebuild::rebuild(&app.store, &projection, |_| {})
            .await
            .unwrap();
    }
    assert_eq!(tables::fingerprints(&admin).await, before);
}

/// A row that the log holds twice fails only when the twin gets its keys, after all streams have been copied.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_says_twice_stands_once_in_a_rebuild_too() {
    let app = TestApp::start().await;
    let (owner, admin) = (&app.tenant.owner, app.admin().await);
    let customer_id = given::customer(owner, "Ada").await;
    let note = json!({ "customer_id": customer_id, "text": "Rings twice" });
    owner.accepted("add-note", note).await;
    assert_eq!(admin.execute(SAY_IT_AGAIN, &[]).await.unwrap(), 1);
    given::customer(owner, "Afterwards").await;
    app.catch_up().await;
    assert_eq!(app.count(COUNT_NOTES).await, 1);
    let before = tables::fingerprints(&admin).await;
    let projections = projectors::all(&app.store);
    let customers = projections.iter().find(|one| one.name() == "customers");
    let rebuilt = rebuild(&app.store, customers.unwrap(), |_| {})
        .await
        .unwrap();
    assert_eq!(rebuilt.parked_keys, 0);
    assert_eq!(tables::fingerprints(&admin).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_way_is_not_noticed_by_readers_and_loses_nothing() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let owner = &app.tenant.owner;
    let writing = async {
        for number in 0..30 {
            let name = format!("Guest{number}");
            given::customer(owner, &name).await;
            let found = owner
                .items(&format!("customers?email={}", given::email(&name)))
                .await;
            assert_eq!(found.len(), 1, "{name} is missing during the rebuild");
            assert!(
                owner.items("customers").await.len() > number,
                "the list is cut short during the rebuild"
            );
        }
    };
    let rebuilding = async {
        for _ in 0..3 {
            for projection in projectors::all(&app.store) {
                projectors::rebuild::rebuild(&app.store, &projection, |_| {})
                    .await
                    .unwrap();
            }
        }
    };
    futures_util::future::join(writing, rebuilding).await;
    app.catch_up().await;
    let admin = app.admin().await;
    let live = tables::fingerprints(&admin).await;
    for projection in projectors::all(&app.store) {
        projectors::rebuild::rebuild(&app.store, &projection, |_| {})
            .await
            .unwrap();
    }
    assert_eq!(tables::fingerprints(&admin).await, live);
}

/// Positions and rows that one snapshot shows, through statements that were prepared before any switch.
const COUNT_CUSTOMERS: &str = "select count(*) from customers where tenant_id = $1";
const COUNT_TERMS: &str =
    "select count(distinct customer_id) from customer_terms where tenant_id = $1";
const COUNT_LEADS: &str = "
    select count(*) from events where tenant_id = $1 and event_type = 'LeadCreated' and position <= $2";

/// Reads in snapshots until told to stop; every one of them must show exactly the customers up to its position.
async fn poll(pool: &Pool, tenant_id: &str, stop: &AtomicBool) -> u64 {
    let mut client = pool.get().await.unwrap();
    let mut polls = 0;
    while !stop.load(Ordering::Relaxed) {
        let tx = begin_read(&mut client, tenant_id).await.unwrap();
        let position = checkpoints::position(&tx, &["customers"]).await.unwrap();
        let mut counts: Vec<i64> = Vec::new();
        for sql in [COUNT_CUSTOMERS, COUNT_TERMS] {
            let statement = tx.prepare_cached(sql).await.unwrap();
            counts.push(
                tx.query_one(&statement, &[&tenant_id])
                    .await
                    .unwrap()
                    .get(0),
            );
        }
        let statement = tx.prepare_cached(COUNT_LEADS).await.unwrap();
        let parameters: [&(dyn ToSql + Sync); 2] = [&tenant_id, &position];
        let leads: i64 = tx.query_one(&statement, &parameters).await.unwrap().get(0);
        assert_eq!(counts, [leads, leads], "at position {position}");
        tx.commit().await.unwrap();
        polls += 1;
    }
    polls
}

#[tokio::test(flavor = "multi_thread")]
async fn old_connections_see_every_switch_at_once_and_no_gap() {
    let app = TestApp::start_wide().await;
    let tenant_id = app.tenant.id.as_str().to_owned();
    let stop = AtomicBool::new(false);
    let customers = projectors::all(&app.store)
        .into_iter()
        .find(|projection| projection.name() == "customers")
        .unwrap();
    let ending = async {
        for number in 0..scale::size(12, 300) {
            given::customer(&app.tenant.owner, &format!("Guest{number}")).await;
            rebuild(&app.store, &customers, |_| {}).await.unwrap();
            if number % 3 == 0 {
                rollback(&app.store, &customers, |_| {}).await.unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
    };
    // One pool plans statements for every run, the other keeps its plans.
    let pools = &app.store.pools;
    let (_, one, two, kept) = futures_util::join!(
        ending,
        poll(&pools.query, &tenant_id, &stop),
        poll(&pools.query, &tenant_id, &stop),
        poll(&pools.request, &tenant_id, &stop),
    );
    assert!(one > 20 && two > 20 && kept > 20, "{one}, {two}, {kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_brings_the_old_tables_up_to_date() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let refused = rollback(&app.store, &projectors::all(&app.store)[0], |_| {}).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("nothing-to-roll-back-to"), "{refused}");
    for projection in projectors::all(&app.store) {
        rebuild(&app.store, &projection, |_| {}).await.unwrap();
    }
    given::customer(&app.tenant.owner, "Later").await;
    app.settle().await;
    let admin = app.admin().await;
    let before = tables::fingerprints(&admin).await;
    for _ in 0..2 {
        for projection in projectors::all(&app.store) {
            rollback(&app.store, &projection, |_| {}).await.unwrap();
        }
        assert_eq!(tables::fingerprints(&admin).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_finds_the_table_that_was_tampered_with() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let admin = app.admin().await;
    let before = tables::fingerprints(&admin).await;
    admin
        .execute("update customers set first_name = 'Mallory'", &[])
        .await
        .unwrap();
    let mut different = Vec::new();
    for projection in projectors::all(&app.store) {
        let compared = compare(&app.store, &projection, |_| {}).await.unwrap();
        different.extend(compared.into_iter().filter(|table| !table.equal));
    }
    let names: Vec<&str> = different.iter().map(|table| table.table).collect();
    assert_eq!(names, ["customers"]);
    assert_ne!(tables::fingerprints(&admin).await, before);
    for projection in projectors::all(&app.store) {
        rebuild(&app.store, &projection, |_| {}).await.unwrap();
    }
    assert_eq!(tables::fingerprints(&admin).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_twins_are_alike_before_and_after_a_switch() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let shapes = async |schema: &str| -> Vec<String> {
        let rows = admin.query(DESCRIBE, &[&schema]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let before = shapes("public").await;
    assert!(before.len() > 100, "{before:?}");
    assert_eq!(shapes("twin").await, before);
    for projection in projectors::all(&app.store) {
        rebuild(&app.store, &projection, |_| {}).await.unwrap();
    }
    assert_eq!(shapes("public").await, before);
    assert_eq!(shapes("twin").await, before);
    assert_eq!(
        app.count(
            "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'rebuild' and c.relkind = 'r' and c.relname <> 'twins'"
        )
        .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_can_change_the_places_of_read_tables_and_of_nothing_else() {
    let app = TestApp::start().await;
    let engine = app.store.pools.engine.get().await.unwrap();
    for function in ["clear", "finish", "swap"] {
        let sql = format!("select twin.{function}(array['events'])");
        let refused = engine.batch_execute(&sql).await.unwrap_err();
        let message = refused.as_db_error().unwrap().message().to_owned();
        assert!(message.contains("not a read table"), "{message}");
    }
    let request = app.store.pools.request.get().await.unwrap();
    let sql = "select twin.swap(array['customers'])";
    assert!(request.batch_execute(sql).await.is_err());
}

/// A file with the key of every test's database, for processes that work on it.
pub(crate) fn key_file() -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("rapport-key-{}", Uuid::new_v4().simple()));
    std::fs::write(&path, STANDARD.encode(ROOT_KEY)).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    path
}

/// `rapport` with these arguments on the test's database: exit code, what it printed as JSON, what it complained of.
fn rapport(app: &TestApp, key_file: &Path, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = Command::new(binary())
        .args(arguments)
        .arg("--json")
        .env("DATABASE_URL", &app.database.url)
        .env("RAPPORT_ROOT_KEY_FILE", key_file)
        .output()
        .expect("the binary runs; build it with `cargo build -p server`");
    let printed = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), printed, complaint)
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_steer_projections_from_the_command_line() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let key_file = key_file();
    let run = |arguments: &[&str]| rapport(&app, &key_file, arguments);
    let done = |arguments: &[&str]| {
        let (code, printed, complaint) = run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {complaint}");
        printed
    };
    // Not only projections are listed: the notary gathers for a while before it writes.
    let listed = wait::until("everybody who follows the log is up to date", async || {
        let mut listed = done(&["projections", "list"]);
        let listed: Vec<Value> = serde_json::from_value(listed["projections"].take()).unwrap();
        let all = listed.iter().all(|one| one["health"] == "up_to_date");
        all.then_some(listed)
    })
    .await;
    let names: Vec<&str> = listed.iter().map(|one| text(one, "subscriber")).collect();
    for projection in projectors::all(&app.store) {
        assert!(names.contains(&projection.name()), "{names:?}");
    }
    let planned = done(&["projections", "rebuild", "customers", "--dry-run"]);
    assert_eq!(planned["projections"][0]["tables"][0], "customers");
    let shown = done(&["projections", "show", "customers"]);
    assert!(
        shown["twin"].is_null(),
        "a dry run changes nothing: {shown}"
    );
    let rebuilt = done(&["projections", "rebuild", "customers"]);
    let compared = rebuilt["rebuilt"][0]["compared"].as_array().unwrap();
    assert!(compared.len() == 4 && compared.iter().all(|one| one["equal"] == true));
    assert_eq!(done(&["projections", "show", "customers"])["twin"], "old");
    done(&["projections", "rollback", "customers", "--dry-run"]);
    done(&["projections", "rollback", "customers"]);
    done(&["projections", "compare", "--all"]);
    let paused = done(&["projections", "pause", "figures", "--reason", "test"]);
    assert_eq!(paused["projections"][0]["changed"], true);
    assert_eq!(
        done(&["projections", "show", "figures"])["health"],
        "paused"
    );
    done(&["projections", "resume", "--all"]);
    done(&["projections", "policy", "payments", "pause"]);
    done(&["projections", "rewind", "customers", "--to", "0"]);
    app.catch_up().await;
    assert_eq!(done(&["projections", "parked"])["parked"], json!([]));
    let refusals = [
        (
            &["projections", "rewind", "figures", "--to", "0"][..],
            "projection-counts",
        ),
        (
            &["projections", "rebuild", "customer"][..],
            "projection-not-found",
        ),
        (
            &["projections", "rollback", "chefs"][..],
            "nothing-to-roll-back-to",
        ),
    ];
    for (arguments, code) in refusals {
        let (exit, _, complaint) = run(arguments);
        assert_eq!(exit, Some(3), "{complaint}");
        assert!(complaint.contains(code), "{complaint}");
    }
    std::fs::remove_file(&key_file).unwrap();
}
