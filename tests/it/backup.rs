//! A backup is the whole database and no key, and comes back only whole, only into nothing, and only to its own key.

use tests::app::TestApp;
use tests::cluster::{self, Database};
use tests::tables;
use uuid::Uuid;

use crate::export::{Desk, some_history};

/// A database with nothing in it, not even a schema.
async fn empty_database(app: &TestApp) -> Database {
    let name = format!("empty_{}", &Uuid::new_v4().simple().to_string()[..12]);
    let create = format!("create database {name} owner rapport_it");
    app.admin().await.batch_execute(&create).await.unwrap();
    let url = cluster::shared().await.url_of("rapport_it", &name);
    Database { name, url }
}

const COUNT_TABLES: &str =
    "select count(*) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_comes_back_whole_and_goes_on_without_drawing_a_position_twice() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let (desk, server) = (Desk::new(), cluster::shared().await);
    let planned = desk
        .done(&app.database, &["backup", "monday", "--dry-run"])
        .await;
    assert!(
        planned["dry_run"] == true && !desk.path("monday").exists(),
        "{planned}"
    );
    let made = desk.done(&app.database, &["backup", "monday"]).await;
    assert_eq!(
        made["events"],
        app.count("select count(*) from events where tenant_id <> '$installation'")
            .await,
        "all but its own record"
    );
    let again = desk.refused(&app.database, &["backup", "monday"]).await;
    assert_eq!(again, "backup-exists");

    let other = empty_database(&app).await;
    let admin = server.admin(&other.name).await;
    desk.done(&other, &["restore", "monday", "--dry-run"]).await;
    let tables: i64 = admin.query_one(COUNT_TABLES, &[]).await.unwrap().get(0);
    assert_eq!(tables, 0, "a dry run restores nothing");
    desk.done(&other, &["restore", "monday"]).await;
    let ours = tables::fingerprints(&app.admin().await).await;
    assert_eq!(tables::fingerprints(&admin).await, ours);
    assert_eq!(
        desk.refused(&other, &["restore", "monday"]).await,
        "database-not-empty"
    );
    let dumped = std::fs::read(desk.path("monday/database.dump")).unwrap();
    assert!(
        !dumped
            .windows(32)
            .any(|bytes| bytes == tests::app::ROOT_KEY),
        "the root key is in the backup"
    );

    // As after a restore of rows without their sequence.
    let rewind = "select setval('event_positions', 1), max(position) from events";
    let newest: i64 = admin.query_one(rewind, &[]).await.unwrap().get(1);
    let stats = desk.done(&other, &["events", "stats"]).await;
    assert_eq!(
        stats["all"]["events"],
        app.count("select count(*) from events where tenant_id not in ('$log', '$installation')")
            .await,
        "the backup itself is an event, and was none when it began"
    );
    let next = admin
        .query_one("select nextval('event_positions')", &[])
        .await;
    let next: i64 = next.unwrap().get(0);
    assert!(next > newest, "{next} would be drawn again");
    drop(admin);
    server.drop_database(&other.name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_backup_or_another_key_is_refused_before_anything_is_made() {
    let app = TestApp::start().await;
    some_history(&app).await;
    let (desk, server) = (Desk::new(), cluster::shared().await);
    desk.done(&app.database, &["backup", "monday"]).await;
    let other = empty_database(&app).await;
    assert_eq!(
        desk.refused(&other, &["restore", "."]).await,
        "backup-missing"
    );
    desk.write_key("other.key", &[9; 32]);
    for key in ["other.key", "missing.key"] {
        let restore = ["restore", "monday", "--root-key-file", key];
        let output = desk.rapport(&other, &restore).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains("root key"),
            "{said}"
        );
        assert!(
            !desk.path("missing.key").exists(),
            "no key is made in its place"
        );
    }
    let dump = desk.path("monday/database.dump");
    let mut bytes = std::fs::read(&dump).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&dump, &bytes).unwrap();
    assert_eq!(
        desk.refused(&other, &["restore", "monday"]).await,
        "backup-invalid"
    );
    let admin = server.admin(&other.name).await;
    let tables: i64 = admin.query_one(COUNT_TABLES, &[]).await.unwrap().get(0);
    assert_eq!(tables, 0);
    drop(admin);
    server.drop_database(&other.name).await;
}
