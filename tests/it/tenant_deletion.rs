//! A tenant that is deleted: asked for, taken back, carried out, interrupted, and gone; others notice nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use event_store::deletions::tables::{KEPT, TABLES};
use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::{ROOT_KEY, TestApp};
use tests::client::{Client, Reply};
use tests::cluster;
use tests::given::{self, SLOT, day};
use tests::served::{binary, verifier};
use tests::tenants::{self, Tenant};
use tests::wait;
use time::{Duration, OffsetDateTime};
use tokio_postgres::Client as Admin;

use crate::erasure::empty_database;
use crate::export::Desk;

const LIST_TABLES: &str = "
    select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where n.nspname in ('public', 'twin') and c.relkind in ('r', 'p')";
const UNDER_WAY: &str = "select count(*) from tenant_deletions where finished_at is null and keys_destroyed_at is not null";
const OVER: &str = "select count(*) from tenant_deletions where finished_at is not null";

async fn act(by: &Client, act: &str, slug: &str, body: Value) -> Reply {
    let path = format!("/operations/tenants/{act}?tenant={slug}");
    by.send(by.request(Method::POST, &path).json(&body)).await
}

async fn operator(app: &TestApp) -> Client {
    let other = app.another_tenant("operators").await;
    let holder = (PrincipalKind::Person, Role::Operator);
    tenants::client(&app.store, &app.base_url, &other.id, holder).await
}

/// Something in as many tables as a few commands reach.
async fn busy(app: &TestApp, tenant: &Tenant) {
    let owner = &tenant.owner;
    given::chef(owner, "Kenji").await;
    let order = given::order_without_deposit("Ada", &day(0), SLOT);
    let booking = given::booking(owner, order).await;
    let paid = json!({ "booking_id": booking["booking_id"] });
    owner.accepted("mark-paid", paid).await;
    let asked = given::message(owner, "email", "eve@example.test", "Saturday?").await;
    let answer = given::answer(&asked["thread_id"], "Yes.");
    owner.accepted("send-message", answer).await;
    app.settle().await;
}

/// Rows and checksum of every table, of one tenant alone.
async fn rows_of(admin: &Admin, tenant_id: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for table in TABLES {
        let sql = format!(
            "select count(*)::text || ' ' || coalesce(md5(string_agg(t::text, '' order by t::text)), '')
             from {table} t where tenant_id = '{tenant_id}'"
        );
        let row = admin.query_one(&sql, &[]).await.unwrap();
        found.insert((*table).to_owned(), row.get(0));
    }
    found
}

fn all_gone(rows: &BTreeMap<String, String>) -> bool {
    rows.values().all(|rows| rows == "0 ")
}

async fn once_over(app: &TestApp) {
    wait::until("the deletion is over", async || {
        (app.count(OVER).await == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_tenants_is_emptied_or_kept_for_a_reason() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let listed = admin.query(LIST_TABLES, &[]).await.unwrap();
    let there: BTreeSet<String> = listed.iter().map(|row| row.get(0)).collect();
    let kept = KEPT.iter().map(|(table, _)| (*table).to_owned());
    let known: BTreeSet<String> = TABLES
        .iter()
        .map(|table| (*table).to_owned())
        .chain(kept)
        .collect();
    let why = "a table is named in event-store/src/deletions/tables.rs, and its migration lets rapport_eraser delete: \
               `create policy eraser on t to rapport_eraser using (tenant_id in (select d.tenant_id from \
               public.tenant_deletions d))` and `grant select, delete on t to rapport_eraser`; so does its twin's";
    assert_eq!(there, known, "{why}");
    assert_eq!(TABLES.len() + KEPT.len(), known.len(), "none stands twice");
    for table in TABLES {
        let sql = format!(
            "select has_table_privilege('rapport_eraser', '{table}', 'delete') and exists (
                 select from pg_policy p where p.polrelid = '{table}'::regclass and p.polname = 'eraser'
                     and pg_get_expr(p.polqual, p.polrelid) like '%tenant_deletions%')"
        );
        let row = admin.query_one(&sql, &[]).await.unwrap();
        assert!(row.get::<_, bool>(0), "{table}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_deletes_sees_nothing_of_a_tenant_that_lives() {
    let app = TestApp::start().await;
    busy(&app, &app.tenant).await;
    crate::audit_proofs::signed(&app).await;
    let admin = app.admin().await;
    let rows = async || {
        let mut rows = rows_of(&admin, app.tenant.id.as_str()).await;
        // The notary signs a living tenant's head whenever it comes by.
        rows.remove("audit_heads");
        rows
    };
    let before = rows().await;
    let eraser = cluster::shared().await.admin(&app.database.name).await;
    eraser
        .batch_execute("set role rapport_eraser")
        .await
        .unwrap();
    for table in TABLES {
        let delete = format!("delete from {table}");
        assert_eq!(eraser.execute(&delete, &[]).await.unwrap(), 0, "{table}");
    }
    for statement in [
        "update events set payload = '{}'",
        "truncate events",
        "delete from installation_keys",
        "delete from audit_checkpoints",
    ] {
        assert!(
            eraser.batch_execute(statement).await.is_err(),
            "{statement}"
        );
    }
    assert_eq!(rows().await, before);
    for role in ["rapport_engine", "rapport_request"] {
        let set = format!("set role {role}");
        admin.batch_execute(&set).await.unwrap();
        let forged =
            "insert into tenant_deletions (tenant_id, slug, begun_by) values ('t', 's', 'b')";
        assert!(admin.batch_execute(forged).await.is_err(), "{role}");
        admin.batch_execute("reset role").await.unwrap();
    }
}

/// Refused to whoever may not, where it still works, unless the slug is repeated, and by a dry run; scheduled, it is taken back.
async fn nothing_is_deleted_by_mistake(app: &TestApp, operator: &Client, doomed: &Tenant) {
    let slug = doomed.slug.as_str();
    let why = |confirm: &str| json!({ "reason": "they asked for it", "confirm": confirm });
    act(&doomed.owner, "delete", slug, why(slug))
        .await
        .refused(403, "permission-missing");
    act(operator, "delete", slug, why(slug))
        .await
        .refused(409, "tenant-not-suspended");
    let reason = json!({ "reason": "they asked for it" });
    act(operator, "suspend", slug, reason.clone()).await.ok();
    act(operator, "delete", slug, why("bakery"))
        .await
        .refused(422, "validation-failed");
    let dry = operator.request(
        Method::POST,
        &format!("/operations/tenants/delete?tenant={slug}&dry_run=true"),
    );
    let events = format!(
        "select count(*) from events where tenant_id = '{}'",
        doomed.id
    );
    // What follows from the suspension may still be on its way into the log.
    let before = app.count(&events).await;
    let foreseen = operator.send(dry.json(&why(slug))).await.ok();
    let rows = &foreseen["result"]["rows"];
    let told = rows["events"].as_i64().unwrap();
    assert!((before..=app.count(&events).await).contains(&told));
    assert!(rows["customers"].as_i64().unwrap() > 0, "{foreseen}");

    let scheduled = act(operator, "delete", slug, why(slug)).await.ok();
    let due = scheduled["result"]["deletion_due_at"].as_str().unwrap();
    let due = OffsetDateTime::parse(due, &time::format_description::well_known::Rfc3339).unwrap();
    assert!((due - OffsetDateTime::now_utc() - Duration::days(30)).abs() < Duration::hours(1));
    act(operator, "resume", slug, reason.clone())
        .await
        .refused(409, "tenant-deletion-scheduled");
    let taken = act(operator, "withdraw-deletion", slug, reason).await.ok();
    assert_eq!(taken["result"]["changed"], true);
    assert_eq!(app.count("select count(*) from tenant_deletions").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_tenant_leaves_a_tombstone_and_nobody_else_notices() {
    let app = TestApp::start().await;
    let (doomed, other) = (
        app.another_tenant("doomed").await,
        app.another_tenant("bakery").await,
    );
    let operator = operator(&app).await;
    busy(&app, &doomed).await;
    busy(&app, &other).await;
    crate::audit_proofs::signed(&app).await;
    nothing_is_deleted_by_mistake(&app, &operator, &doomed).await;
    app.settle().await;
    crate::audit_proofs::signed(&app).await;
    let admin = app.admin().await;
    let theirs = rows_of(&admin, other.id.as_str()).await;

    let now = json!({ "reason": "they asked for it", "confirm": "doomed", "now": true });
    let begun = act(&operator, "delete", "doomed", now).await.ok();
    assert_eq!(begun["result"]["begun"], true);
    // From now on, and for ever: 401 for whoever could sign in, 404 for who was named.
    let refused = doomed.owner.query("customers").await;
    refused.refused(401, "tenant-deleted");
    let hook = doomed
        .owner
        .anonymous(Method::POST, "/webhooks/doomed/stripe");
    assert_eq!(doomed.owner.send(hook.body("{}")).await.status, 404);
    once_over(&app).await;
    let refused = doomed.owner.query("customers").await;
    assert_eq!(refused.status, 401, "{}", refused.text);

    let left = rows_of(&admin, doomed.id.as_str()).await;
    assert!(all_gone(&left), "{left:?}");
    assert_eq!(rows_of(&admin, other.id.as_str()).await, theirs);
    let listed = operator.get("/operations/tenants/deletions").await.ok();
    let tombstone = &listed["items"][0];
    assert_eq!(
        (&tombstone["slug"], &tombstone["tenant_id"]),
        (&json!("doomed"), &json!(doomed.id.as_str()))
    );
    assert!(
        tombstone["rows"]["events"].as_i64().unwrap() > 5,
        "{tombstone}"
    );
    let note = tombstone["audit_note"].as_str().unwrap();
    let signed = format!(
        "select count(*) from audit_checkpoints where tenant_id = '{}' and note = '{}'
             and tree_size = {}",
        doomed.id,
        note.replace('\'', "''"),
        tombstone["audit_size"]
    );
    assert_eq!(app.count(&signed).await, 1, "its last signed head stays");
    others_go_on(&app, &operator, &other).await;
}

/// The log is read on behind what is missing, proofs hold, and the name is free.
async fn others_go_on(app: &TestApp, operator: &Client, other: &Tenant) {
    let order = given::order_without_deposit("Bob", &day(1), SLOT);
    given::booking(&other.owner, order).await;
    app.settle().await;
    let holes = operator.get("/operations/store/holes?after=0").await.ok()["item"].clone();
    assert_eq!(holes["open"], json!([]), "nobody waits at what was deleted");
    assert!(holes["deleted"].as_i64().unwrap() > 5, "{holes}");
    crate::audit_proofs::signed(app).await;
    let desk = Desk::new();
    for log in [&["--tenant", "bakery"][..], &["--log", "anchor"]] {
        let export = [&["audit", "export", "-o", "audit.ndjson"], log].concat();
        let ran = desk.rapport(&app.database, &export).await;
        assert!(ran.status.success(), "{ran:?}");
        let verified = Command::new(verifier())
            .arg(desk.path("audit.ndjson"))
            .output()
            .unwrap();
        assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    }
    let again = app.another_tenant("doomed").await;
    given::customer(&again.owner, "Ada").await;
    let acts = "select count(*) from events where tenant_id = '$installation' and aggregate_type = 'operation'
        and payload->'OperationPerformed'->>'action' in ('delete-tenant', 'finish-tenant-deletion')";
    assert_eq!(app.count(acts).await, 2, "who, why and what, on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_asks_for_the_end_takes_it_back_and_it_comes_when_its_time_has_come() {
    let app = TestApp::start().await;
    let (owner, slug) = (&app.tenant.owner, app.tenant.slug.as_str());
    let confirmed = json!({ "confirm": slug });
    for role in [Role::Admin, Role::AiAgent] {
        let by = app.client(PrincipalKind::Person, role).await;
        by.command("request-tenant-deletion", confirmed.clone())
            .await
            .refused(403, "permission-missing");
    }
    let program = app.client(PrincipalKind::Service, Role::Owner).await;
    program
        .command("request-tenant-deletion", confirmed.clone())
        .await
        .refused(403, "person-required");
    let wrong = json!({ "confirm": "another" });
    let refused = owner.command("request-tenant-deletion", wrong).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/confirm");

    let days = json!({ "deletion_days": 6 });
    owner
        .command("update-settings", days)
        .await
        .refused(422, "validation-failed");
    let days = json!({ "deletion_days": 7 });
    owner.accepted("update-settings", days).await;
    let asked = owner
        .accepted("request-tenant-deletion", confirmed.clone())
        .await;
    let due = &asked["result"]["deletion_due_at"];
    assert!(due.is_string(), "{asked}");
    app.catch_up().await;
    let item = owner.item("tenant").await;
    assert_eq!(&item["deletion_due_at"], due, "it works on, and says so");
    owner.accepted("withdraw-tenant-deletion", json!({})).await;
    app.catch_up().await;
    let item = owner.item("tenant").await;
    assert_eq!(item["deletion_due_at"], Value::Null);

    busy(&app, &app.tenant).await;
    let long_ago = OffsetDateTime::now_utc() - Duration::days(8);
    app.command_at(long_ago, "request-tenant-deletion", confirmed)
        .await
        .unwrap();
    once_over(&app).await;
    let left = rows_of(&app.admin().await, app.tenant.id.as_str()).await;
    assert!(all_gone(&left), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_is_killed_half_way_goes_on() {
    let app = TestApp::start().await;
    let doomed = app.another_tenant("doomed").await;
    busy(&app, &doomed).await;
    let many = tests::scale::size(40_000, 400_000);
    let (admin, desk) = (app.admin().await, Desk::new());
    let fill = format!(
        "insert into customer_terms (tenant_id, term, customer_id)
         select '{}', 'term' || n, 'nobody' from generate_series(1, {many}) as n",
        doomed.id
    );
    admin.batch_execute(&fill).await.unwrap();
    let of_theirs = |table: &str| {
        format!(
            "select count(*) from {table} where tenant_id = '{}'",
            doomed.id
        )
    };
    let why = ["--tenant", "doomed", "--reason", "they asked for it"];
    let suspend = [&["tenants", "suspend"][..], &why].concat();
    desk.done(&app.database, &suspend).await;
    let terms = app.count(&of_theirs("customer_terms")).await;
    let mut killed = Command::new(binary())
        .args(["tenants", "delete", "--now", "--confirm", "doomed"])
        .args(why)
        .env("DATABASE_URL", &app.database.url)
        .env("RAPPORT_DATA_DIR", desk.path(""))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait::until("some of it is gone, and some is not", async || {
        let under_way = app.count(UNDER_WAY).await == 1;
        let left = app.count(&of_theirs("customer_terms")).await;
        (under_way && left < terms).then_some(())
    })
    .await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let keys = app.count(&of_theirs("tenants")).await;
    assert_eq!(keys, 0, "its key went before all else");
    once_over(&app).await;
    let left = rows_of(&admin, doomed.id.as_str()).await;
    assert!(all_gone(&left), "{left:?}");
    let counted = "select (rows->>'customer_terms')::bigint from tenant_deletions";
    assert_eq!(app.count(counted).await, terms, "each row is counted once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_serves_only_after_the_tenant_was_deleted_again() {
    let app = TestApp::start().await;
    let doomed = app.another_tenant("doomed").await;
    busy(&app, &doomed).await;
    let (desk, server) = (Desk::new(), cluster::shared().await);
    desk.write_key("root.key", &ROOT_KEY);
    desk.done(&app.database, &["backup", "old"]).await;
    let why = ["--tenant", "doomed", "--reason", "they asked for it"];
    let suspend = [&["tenants", "suspend"][..], &why].concat();
    desk.done(&app.database, &suspend).await;
    let delete = ["tenants", "delete", "--now", "--confirm", "doomed"];
    let deleted = desk
        .done(&app.database, &[&delete[..], &why].concat())
        .await;
    assert!(deleted["finished_at"].is_string(), "{deleted}");
    let copied = desk
        .done(&app.database, &["keys", "backup", "keys.ndjson"])
        .await;
    assert_eq!(copied["deletions"], 1, "{copied}");

    let restored = empty_database(&app).await;
    desk.done(&restored, &["restore", "old"]).await;
    let reapply = ["privacy", "reapply", "keys.ndjson"];
    let planned = [&reapply[..], &["--dry-run"]].concat();
    let planned = desk.done(&restored, &planned).await;
    assert_eq!(planned["tenants_deleted"], 1, "{planned}");
    let done = desk.done(&restored, &reapply).await;
    assert_eq!(done["tenants_deleted"], 1, "{done}");
    let again = desk.done(&restored, &reapply).await;
    assert_eq!(again["tenants_deleted"], 0, "{again}");
    let admin = server.admin(&restored.name).await;
    let left = rows_of(&admin, doomed.id.as_str()).await;
    assert!(all_gone(&left), "{left:?}");
    let ours = rows_of(&admin, app.tenant.id.as_str()).await;
    assert!(!ours["events"].starts_with("0 "), "{ours:?}");
    drop(admin);
    server.drop_database(&restored.name).await;
}
