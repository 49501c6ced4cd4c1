//! A tenant's data keys wrapped anew at the size of a large business: killed in the middle, gone on with, and every person's
//! data readable all the while.

use std::time::{Duration, Instant};

use domain::sealed::Sealed;
use tests::app::TestApp;
use tests::operator::Operator;
use tests::{scale, tenants, wait};
use tokio_postgres::types::ToSql;

/// People of the tenant.
const SUBJECTS: (usize, usize) = (23_000, 1_000_000);
/// Keys written at once.
const WRITTEN_AT_ONCE: usize = 20_000;
/// Every so many a person's data is read.
const READ_EVERY: usize = 997;
/// How long the whole rotation may take, a debug build on a busy machine included.
const PATIENCE: Duration = Duration::from_secs(900);

const INSERT: &str = "
    insert into subject_keys (tenant_id, subject_id, wrapped_key)
    select $1, s.id, s.key from unnest($2::text[], $3::bytea[]) as s (id, key)";
const HOLD: &str =
    "select wrapped_key from subject_keys where tenant_id = $1 and subject_id = $2 for update";
const IS_WAITING: &str = "
    select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
const IS_WRITING: &str = "
    select count(*) from pg_stat_activity
    where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and query like '%update subject_keys%'";

fn subject(number: usize) -> String {
    format!("subject-{number:07}")
}

/// Makes the keys of so many people; answers what was sealed under some of them.
async fn people(app: &TestApp, count: usize) -> Vec<(String, Sealed)> {
    let keys = app.store.keys(&app.tenant.id).await.unwrap();
    let (admin, mut sealed) = (app.admin().await, Vec::new());
    let tenant_id = app.tenant.id.as_str();
    for start in (0..count).step_by(WRITTEN_AT_ONCE) {
        let (mut ids, mut wrapped_keys) = (Vec::new(), Vec::new());
        for number in start..count.min(start + WRITTEN_AT_ONCE) {
            let id = subject(number);
            let (key, wrapped) = keys.new_subject(&id).unwrap();
            if number % READ_EVERY == 0 {
                sealed.push((id.clone(), key.seal("Person", "name", &id).unwrap()));
            }
            ids.push(id);
            wrapped_keys.push(wrapped);
        }
        let parameters: [&(dyn ToSql + Sync); 3] = [&tenant_id, &ids, &wrapped_keys];
        admin.execute(INSERT, &parameters).await.unwrap();
    }
    sealed
}

/// Reads by the keys as they lie there now.
async fn all_readable(app: &TestApp, sealed: &[(String, Sealed)]) {
    let keys = app.store.keys(&app.tenant.id).await.unwrap();
    let ids: Vec<&str> = sealed.iter().map(|(id, _)| id.as_str()).collect();
    ids.iter().for_each(|id| keys.forget_subject(id));
    let found = app.store.subject_keys(&app.tenant.id, &ids).await.unwrap();
    assert_eq!(found.len(), ids.len());
    for (id, key) in &found {
        let (_, text) = sealed.iter().find(|(sealed, _)| sealed == id).unwrap();
        assert_eq!(key.open("name", text).as_deref(), Some(id.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_is_killed_in_the_middle_goes_on_where_it_was() {
    let app = TestApp::start().await;
    let count = scale::size(SUBJECTS.0, SUBJECTS.1);
    let sealed = people(&app, count).await;
    let standing = async || app.store.rotation_standing(&app.tenant.id).await.unwrap();
    let whole = standing().await.whole;
    assert!(whole >= i64::try_from(count).unwrap());

    // Somebody holds a row in the middle, so the rotation gets there and no further.
    let mut holder = app.admin().await;
    let held = holder.transaction().await.unwrap();
    let row = (app.tenant.id.as_str(), subject(count / 2));
    held.query_one(HOLD, &[&row.0, &row.1]).await.unwrap();
    let operator = Operator::on(&app.database.url, Some(&tenants::root_key()));
    let rotate = ["keys", "rotate", "--tenant", app.tenant.slug.as_str()];
    let started = Instant::now();
    let mut rotating = operator.start(&rotate);
    let admin = app.admin().await;
    let stuck = wait::for_answer(PATIENCE, async || {
        let waits: i64 = admin.query_one(IS_WAITING, &[]).await.unwrap().get(0);
        (waits > 0).then_some(())
    });
    assert!(
        stuck.await.is_some(),
        "the rotation does not get to the middle"
    );
    rotating.kill().await.unwrap();
    let until_killed = started.elapsed();
    all_readable(&app, &sealed).await;
    drop(held);
    // What the database had in hand it still ends.
    wait::until("the killed rotation writes no more", async || {
        let writing: i64 = admin.query_one(IS_WRITING, &[]).await.unwrap().get(0);
        (writing == 0).then_some(())
    })
    .await;
    let half = standing().await;
    assert!(0 < half.left && half.left < half.whole, "{half:?}");
    all_readable(&app, &sealed).await;

    let again = Instant::now();
    let mut resumed = operator.start(&rotate);
    let ended = tokio::time::timeout(PATIENCE, resumed.wait()).await;
    assert!(ended.expect("it ends in time").unwrap().success());
    let seconds = (until_killed + again.elapsed()).as_secs_f64();
    eprintln!("{whole} keys wrapped anew in {seconds:.1} s by a debug build");
    assert_eq!(standing().await.left, 0);
    all_readable(&app, &sealed).await;
    let told = "select payload->'OperationPerformed'->'details' from events where payload->'OperationPerformed'->>'action' = 'rotate-keys'";
    let rows = admin.query(told, &[]).await.unwrap();
    let details: Vec<serde_json::Value> = rows.iter().map(|row| row.get(0)).collect();
    // The first never came to its end; the second has done what was left, and no more.
    assert_eq!(details.len(), 1, "{details:?}");
    let told = |name: &str| details[0][name].as_i64();
    assert_eq!(
        (
            told("rewrapped"),
            told("left"),
            details[0]["resumed"].as_bool()
        ),
        (Some(half.left), Some(0), Some(true))
    );
}
