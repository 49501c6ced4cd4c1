//! No tenant sees or touches another's rows: tried on every table there is, from the wrong tenant and from none.

use serde_json::json;
use tests::app::TestApp;
use tests::cluster;
use tests::given::{self, SLOT, day, text};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// Tables that belong to no tenant, each with the reason.
const COMMON_TABLES: &[(&str, &str)] = &[
    (
        "public.installation",
        "one row for all: the root key's fingerprint",
    ),
    (
        "public.root_rotation",
        "one row while the root key is being changed",
    ),
    (
        "public.audit_keys",
        "one row for all: the key that signs the audit logs, sealed",
    ),
    (
        "public.audit_witnesses",
        "how far each witness of all logs has been told",
    ),
    (
        "public.oauth_keys",
        "keys of the installation that sign access tokens, sealed",
    ),
    (
        "public.checkpoints",
        "where projections stand; holds positions only",
    ),
    (
        "public.event_versions",
        "which types and versions of events there are",
    ),
    (
        "public.event_versions_noted",
        "one row for all: how far they were looked for",
    ),
    (
        "public.refinery_schema_history",
        "which migrations have run",
    ),
];
const SET_TENANT: &str = "select set_config('rapport.tenant_id', $1, false)";
const LIST_TABLES: &str = "
    select n.nspname || '.' || c.relname, c.relrowsecurity and c.relforcerowsecurity,
        exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'twin') and c.relkind in ('r', 'p') order by 1";

async fn tenant_tables(admin: &Client) -> Vec<String> {
    let rows = admin.query(LIST_TABLES, &[]).await.unwrap();
    let with_tenant = rows.iter().filter(|row| row.get(2));
    let tables: Vec<String> = with_tenant.map(|row| row.get(0)).collect();
    assert!(tables.len() > 25, "{tables:?}");
    tables
}

/// A business with something in as many tables as possible.
async fn fill(app: &TestApp, tenant: &tests::tenants::Tenant) {
    given::chef(&tenant.owner, "Kenji").await;
    let order = given::order_without_deposit("Ada", &day(0), SLOT);
    let booking = given::booking(&tenant.owner, order).await;
    let customer_id = text(&booking, "customer_id");
    tenant
        .owner
        .accepted("mark-paid", json!({ "booking_id": booking["booking_id"] }))
        .await;
    tenant
        .owner
        .accepted(
            "add-note",
            json!({ "customer_id": customer_id, "text": "Rings twice" }),
        )
        .await;
    let asked = given::message(&tenant.owner, "email", "eve@example.test", "Saturday?").await;
    let answer = given::answer(&asked["thread_id"], "Yes.");
    tenant.owner.accepted("send-message", answer).await;
    let close = json!({ "thread_id": asked["thread_id"] });
    tenant.owner.accepted("close-thread", close).await;
    app.settle().await;
    // Once all of it can be read, it is in the read tables.
    tenant
        .owner
        .item(&format!("customer-360?id={customer_id}"))
        .await;
    tenant.owner.items("dashboard").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_a_tenant_and_forces_its_rows_to_be_its_own() {
    let app = TestApp::start().await;
    for row in app.admin().await.query(LIST_TABLES, &[]).await.unwrap() {
        let table: String = row.get(0);
        if COMMON_TABLES.iter().any(|(name, _)| *name == table) {
            continue;
        }
        assert!(
            row.get::<_, bool>(1),
            "{table} does not force row-level security"
        );
        assert!(
            row.get::<_, bool>(2),
            "{table} has no tenant_id that must be there"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_role_owns_anything_or_is_exempt() {
    let app = TestApp::start().await;
    let sql = "
        select count(*) from pg_roles r where rolname in ('rapport_request', 'rapport_engine', 'rapport_eraser')
          and (rolsuper or rolbypassrls or rolcanlogin or rolcreaterole or rolcreatedb
            or exists (select from pg_class c where c.relowner = r.oid))";
    assert_eq!(app.count(sql).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_tenant_sees_and_writes_nothing_on_any_table() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    fill(&app, &app.tenant).await;
    fill(&app, &other).await;
    let admin = app.admin().await;
    let request = cluster::shared().await.admin(&app.database.name).await;
    request
        .batch_execute("set role rapport_request")
        .await
        .unwrap();
    request
        .execute(SET_TENANT, &[&other.id.as_str()])
        .await
        .unwrap();
    let victim = app.tenant.id.as_str();
    let mut looked_at = 0;
    for table in tenant_tables(&admin).await {
        let theirs = format!("select count(*) from {table} where tenant_id = '{victim}'");
        let there: i64 = admin.query_one(&theirs, &[]).await.unwrap().get(0);
        match request.query_one(&theirs, &[]).await {
            Ok(row) => {
                assert_eq!(
                    row.get::<_, i64>(0),
                    0,
                    "{table} shows another tenant's rows"
                );
                looked_at += usize::from(there > 0);
            }
            Err(error) => assert_denied(&table, &error),
        }
        let insert = format!(
            "insert into {table} select * from jsonb_populate_record(null::{table}, '{{\"tenant_id\": \"{victim}\"}}')"
        );
        let refused = request.execute(&insert, &[]).await.expect_err(&table);
        assert_denied(&table, &refused);
        for change in ["update {} set tenant_id = tenant_id", "delete from {}"] {
            let sql = format!(
                "{} where tenant_id = '{victim}'",
                change.replace("{}", &table)
            );
            match request.execute(&sql, &[]).await {
                Ok(changed) => assert_eq!(changed, 0, "{sql}"),
                Err(error) => assert_denied(&table, &error),
            }
        }
        let left: i64 = admin.query_one(&theirs, &[]).await.unwrap().get(0);
        assert_eq!(there, left, "{table}");
    }
    assert!(
        looked_at >= 15,
        "only {looked_at} tables had anything to hide"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_names_no_tenant_sees_nothing() {
    let app = TestApp::start().await;
    fill(&app, &app.tenant).await;
    let admin = app.admin().await;
    let request = app.admin().await;
    request
        .batch_execute("set role rapport_request")
        .await
        .unwrap();
    for setting in [None, Some("")] {
        if let Some(setting) = setting {
            request.execute(SET_TENANT, &[&setting]).await.unwrap();
        }
        for table in tenant_tables(&admin).await {
            match request
                .query_one(&format!("select count(*) from {table}"), &[])
                .await
            {
                Ok(row) => assert_eq!(row.get::<_, i64>(0), 0, "{table}"),
                Err(error) => assert_denied(&table, &error),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_tenant_are_unknown_here() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    let id = given::customer(&app.tenant.owner, "Ada").await;
    other
        .owner
        .query(&format!("customer-360?id={id}"))
        .await
        .refused(404, "customer-not-found");
    let tag = json!({ "customer_id": id, "tag": "vip" });
    other
        .owner
        .command("tag-customer", tag)
        .await
        .refused(404, "customer-not-found");
    let lead = json!({ "source": "web", "first_name": "Ada", "email": given::email("Ada") });
    let created = other.owner.accepted("create-lead", lead).await;
    assert_eq!(created["result"]["customer_created"], true);
    assert_eq!(other.owner.items("customers").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_for_ever() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for sql in [
        "update events set event_type = 'Other'",
        "delete from events",
        "truncate events",
    ] {
        assert!(admin.batch_execute(sql).await.is_err(), "{sql}");
    }
}

#[track_caller]
fn assert_denied(table: &str, error: &tokio_postgres::Error) {
    assert_eq!(
        error.code(),
        Some(&SqlState::INSUFFICIENT_PRIVILEGE),
        "{table}: {error:?}"
    );
}
