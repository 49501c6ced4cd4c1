//! After an erasure nothing of the person is found anywhere, a replay ends where the first reading did, and neither a rotation
//! of keys nor a restored backup brings anything back.

use tests::app::TestApp;
use tests::cluster::{self, Database};
use tests::{logs, tables};
use uuid::Uuid;

use crate::canary::disguises;
use crate::export::Desk;
use crate::privacy::{of, person, without_delay};

/// Whatever the person has told us holds one of these.
const WORDS: &[&str] = &[
    "wanda",
    "12135550188",
    "twin@example.test",
    "invented street",
];

/// Fewer characters of a disguise are found by chance.
const SURE_CHARS: usize = 8;

async fn found_in_dump(app: &TestApp) -> Vec<String> {
    let dump = cluster::shared().await.dump(&app.database.name).await;
    let statements = dump.split("\nINSERT INTO ").skip(1);
    let mut found = Vec::new();
    for statement in statements {
        let table = statement.split_whitespace().next().unwrap_or_default();
        let lower = statement.to_lowercase();
        let told = WORDS.iter().filter(|word| {
            let mut disguises = disguises(word).into_iter();
            // Of a short word so little is sure in base64 that it is found everywhere.
            disguises.any(|disguise| disguise.len() >= SURE_CHARS && lower.contains(&disguise))
                || lower.contains(*word)
        });
        found.extend(told.map(|word| format!("{word} in {table}")));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_person_nothing_is_found_and_a_replay_agrees() {
    logs::keep();
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    assert!(
        !found_in_dump(&app).await.is_empty(),
        "the search is not blind"
    );
    without_delay(owner).await;
    owner.accepted("erase-subject", of(&person)).await;
    app.settle().await;
    assert_eq!(found_in_dump(&app).await, Vec::<String>::new());
    let logged = logs::read().to_lowercase();
    assert!(WORDS.iter().all(|word| !logged.contains(word)));

    let admin = app.admin().await;
    let before = tables::fingerprints(&admin).await;
    for projection in projectors::all(&app.store) {
        projectors::rebuild::rebuild(&app.store, &projection, |_| {})
            .await
            .unwrap();
    }
    let after = tables::fingerprints(&admin).await;
    assert_eq!(after, before);
    assert_eq!(found_in_dump(&app).await, Vec::<String>::new());
    app.claim_undelivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_wrapped_anew_while_everybody_reads_on() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    let query = format!("customer-360?id={}", person.id);
    let before = owner.item(&query).await["profile"]["email"].clone();
    let desk = Desk::new();
    let rotated = desk.done(&app.database, &["keys", "rotate"]).await;
    assert_eq!(
        (&rotated["left"], &rotated["resumed"]),
        (&0.into(), &false.into())
    );
    assert_eq!(rotated["rewrapped"], rotated["keys"]);
    let old = "select count(*) from subject_keys where get_byte(wrapped_key, 0) = 1";
    assert_eq!(app.count(old).await, 0);
    let keys = app.store.keys(&app.tenant.id).await.unwrap();
    keys.forget_subject(&person.id);
    assert_eq!(owner.item(&query).await["profile"]["email"], before);

    // As after a rotation that was killed: a key lies under the older wrapping.
    app.store.begin_rotation(&app.tenant.id).await.unwrap();
    let half = desk
        .done(&app.database, &["keys", "rotate", "--dry-run"])
        .await;
    assert_eq!(half["left"], half["keys"]);
    let resumed = desk.done(&app.database, &["keys", "rotate"]).await;
    assert_eq!(
        (&resumed["left"], &resumed["resumed"]),
        (&0.into(), &true.into())
    );
    keys.forget_subject(&person.id);
    assert_eq!(owner.item(&query).await["profile"]["email"], before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_serves_only_after_everybody_was_erased_again() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    let (desk, server) = (Desk::new(), cluster::shared().await);
    desk.done(&app.database, &["backup", "old"]).await;
    desk.done(&app.database, &["backup", "apart", "--without-keys"])
        .await;
    without_delay(owner).await;
    owner.accepted("erase-subject", of(&person)).await;
    app.settle().await;
    let copied = desk
        .done(&app.database, &["keys", "backup", "keys.ndjson"])
        .await;
    assert_eq!(copied["erasures"], 1, "{copied}");

    let restored = empty_database(&app).await;
    desk.done(&restored, &["restore", "old"]).await;
    let refused = desk
        .rapport(&restored, &["serve", "--listen", "127.0.0.1:0"])
        .await;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("rapport privacy reapply"),
        "{said}"
    );
    let planned = desk
        .done(
            &restored,
            &["privacy", "reapply", "keys.ndjson", "--dry-run"],
        )
        .await;
    assert_eq!(planned["erased"], 1);
    let done = desk
        .done(&restored, &["privacy", "reapply", "keys.ndjson"])
        .await;
    assert_eq!(done["erased"], 1);
    let again = desk
        .done(&restored, &["privacy", "reapply", "keys.ndjson"])
        .await;
    assert_eq!(again["erased"], 0);
    let admin = server.admin(&restored.name).await;
    let tombstones = "select count(*) from subject_keys where wrapped_key is null";
    let count: i64 = admin.query_one(tombstones, &[]).await.unwrap().get(0);
    assert_eq!(count, 4);
    let waiting = "select count(*) from installation where restored_at is not null";
    let count: i64 = admin.query_one(waiting, &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
    drop(admin);
    server.drop_database(&restored.name).await;

    // A backup without keys gets them from the newest copy, in which the dead have none.
    let restored = empty_database(&app).await;
    let refused = desk.refused(&restored, &["restore", "apart"]).await;
    assert_eq!(refused, "keys-missing");
    desk.done(&restored, &["restore", "apart", "--keys", "keys.ndjson"])
        .await;
    let admin = server.admin(&restored.name).await;
    let count: i64 = admin.query_one(tombstones, &[]).await.unwrap().get(0);
    assert_eq!(count, 4);
    drop(admin);
    server.drop_database(&restored.name).await;
    app.claim_undelivered();
}

pub async fn empty_database(app: &TestApp) -> Database {
    let name = format!("empty_{}", &Uuid::new_v4().simple().to_string()[..12]);
    let create = format!("create database {name} owner rapport_it");
    app.admin().await.batch_execute(&create).await.unwrap();
    let url = cluster::shared().await.url_of("rapport_it", &name);
    Database { name, url }
}
