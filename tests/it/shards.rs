//! A projection that is split into shards gives what it gives whole: however often workers are killed and start with other
//! numbers, for those who read what they have written, and when an event of one shard cannot be applied.

use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event_store::parking::Policy;
use event_store::steering::{self, Condition};
use projectors::Projection;
use projectors::rebuild::{Compared, compare, rebuild, rollback};
use serde_json::json;
use tests::app::{ROOT_KEY, TestApp};
use tests::given;
use tests::operator::Operator;
use tests::scale;
use tests::served::binary;
use tests::tables;
use tests::wait;
use tokio_postgres::Client;

use crate::rebuild::key_file;

const SPLITS: &[(&str, u16)] = &[("customers", 4), ("bookings", 2)];
/// What the workers that come and go are started with.
const SETTINGS: &[&str] = &[
    "",
    "customers=4,bookings=2",
    "customers=3",
    "customers=8,payments=2",
];
const KILLS: (usize, usize) = (8, 200);
const LEADS: (usize, usize) = (80, 3_000);
/// How long a worker works before it is killed.
const LIFE_MS: u64 = 200;
/// Every row stands at the end of its stream: nothing of it was left out.
const COUNT_UNFINISHED: &str = "
    select count(*) from customers c where c.sequence <> (
        select max(e.sequence) from events e
        where e.tenant_id = c.tenant_id and e.aggregate_type = 'customer' and e.aggregate_id = c.customer_id)";
const COUNT_POSITIONS: &str =
    "select count(distinct position) from checkpoints where projection = 'customers'";
const INSERT_TAG: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select $1, 'customer', $2, max(sequence) + 1, 'CustomerTagged', '1', $3::text::json, '{}', clock_timestamp(), '', '',
        '', 'test'
    from events where tenant_id = $1 and aggregate_type = 'customer' and aggregate_id = $2
    returning position";
const FIND_TAGS: &str = "select tags from customers where tenant_id = $1 and customer_id = $2";

fn customers(app: &TestApp) -> Projection {
    let mut all = projectors::all(&app.store).into_iter();
    all.find(|one| one.name() == "customers")
        .expect("there are customers")
}

async fn condition(app: &TestApp) -> Condition {
    let client = app.store.pools.engine.get().await.unwrap();
    let all = steering::list(&client).await.unwrap();
    let found = all.into_iter().find(|one| one.subscriber == "customers");
    found.expect("it has run")
}

async fn compared(app: &TestApp) -> Vec<Compared> {
    compare(&app.store, &customers(app), |_| {}).await.unwrap()
}

fn assert_equal(compared: &[Compared]) {
    assert!(compared.iter().all(|table| table.equal), "{compared:?}");
    assert!(compared[0].rows > 0, "{compared:?}");
}

async fn insert_tag(app: &TestApp, admin: &Client, id: &str, payload: serde_json::Value) -> i64 {
    let tenant_id = app.tenant.id.as_str();
    let payload = payload.to_string();
    admin
        .query_one(INSERT_TAG, &[&tenant_id, &id, &payload])
        .await
        .unwrap()
        .get(0)
}

async fn tags(app: &TestApp, admin: &Client, id: &str) -> Vec<String> {
    admin
        .query_one(FIND_TAGS, &[&app.tenant.id.as_str(), &id])
        .await
        .unwrap()
        .get(0)
}

fn start_worker(url: &str, key_file: &std::path::Path, setting: &str) -> Child {
    let mut command = Command::new(binary());
    command.args(["serve", "--role", "worker"]);
    if !setting.is_empty() {
        command.args(["--shards", setting]);
    }
    command
        .env("DATABASE_URL", url)
        .env("RAPPORT_ROOT_KEY_FILE", key_file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs; build it with `cargo build -p server`")
}

/// Half of the life is left to chance by the time that laying out and taking the leases needs.
async fn live_and_die(admin: &Client, url: &str, key_file: &std::path::Path, setting: &str) {
    const HELD: &str = "select coalesce(max(fencing_token), 0)::int8 from checkpoints where projection = 'customers'";
    let token = async || admin.query_one(HELD, &[]).await.unwrap().get::<_, i64>(0);
    let before = token().await;
    let mut worker = start_worker(url, key_file, setting);
    wait::until("the worker has split them anew", async || {
        (token().await > before).then_some(())
    })
    .await;
    let life = std::time::Duration::from_millis(LIFE_MS);
    let _ = tokio::time::timeout(life, std::future::pending::<()>()).await;
    worker.kill().expect("the process can be killed");
    worker.wait().expect("it is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_other_numbers_that_are_killed_leave_what_a_fresh_fold_gives() {
    let app = TestApp::start_split(SPLITS).await;
    let (owner, admin, key_file) = (&app.tenant.owner, app.admin().await, key_file());
    let url = app.database.url.clone();
    let writing = async {
        for number in 0..scale::size(LEADS.0, LEADS.1) {
            let id = given::customer(owner, &format!("Guest{number}")).await;
            let tag = json!({ "customer_id": id, "tag": "killed" });
            owner.accepted("tag-customer", tag).await;
        }
    };
    let killing = async {
        for round in 0..scale::size(KILLS.0, KILLS.1) {
            let setting = SETTINGS[round % SETTINGS.len()];
            live_and_die(&admin, &url, &key_file, setting).await;
        }
    };
    tokio::join!(writing, killing);
    wait::until(
        "those who stood by take over what nobody runs",
        async || (condition(&app).await.shards.len() == 4).then_some(()),
    )
    .await;
    given::customer(owner, "Afterwards").await;
    app.catch_up().await;
    assert_eq!(app.count(COUNT_UNFINISHED).await, 0);
    let view = tables::fingerprints(&admin).await;
    for projection in projectors::all(&app.store) {
        rebuild(&app.store, &projection, |_| {}).await.unwrap();
    }
    app.catch_up().await;
    assert_eq!(tables::fingerprints(&admin).await, view);
    std::fs::remove_file(&key_file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_stops_its_own_shard_alone() {
    let app = TestApp::start_split(SPLITS).await;
    let (owner, admin) = (&app.tenant.owner, app.admin().await);
    let mut ids = Vec::new();
    for number in 0..24 {
        let name = format!("Guest{number}");
        ids.push(given::customer(owner, &name).await);
        let found = owner
            .items(&format!("customers?email={}", given::email(&name)))
            .await;
        assert_eq!(found.len(), 1, "{name} cannot read what was written");
    }
    let client = app.store.pools.engine.get().await.unwrap();
    let policy = steering::set_policy(&client, "customers", Policy::Pause);
    assert!(policy.await.unwrap());
    let poison = insert_tag(&app, &admin, &ids[7], json!({ "Unheard": 1 })).await;
    let mut newest = poison;
    for id in &ids {
        let tag = json!({ "CustomerTagged": { "tag": "later" } });
        newest = insert_tag(&app, &admin, id, tag).await;
    }
    let stopped = wait::until("three shards have gone on and one has not", async || {
        let condition = condition(&app).await;
        let passed = condition.shards.iter().filter(|one| one.position >= newest);
        let failed = condition.failure.is_some() && condition.position == poison - 1;
        (passed.count() == 3 && failed).then_some(condition)
    })
    .await;
    let failing = stopped.shards.iter().filter(|one| one.failure.is_some());
    assert_eq!(failing.count(), 1, "{stopped:?}");
    let mut tagged = 0;
    for id in &ids {
        tagged += tags(&app, &admin, id).await.len();
    }
    assert!(tags(&app, &admin, &ids[7]).await.is_empty());
    assert!((1..ids.len()).contains(&tagged), "{tagged} went on");
    let passed = app.store.wait_for(
        &["customers"],
        newest,
        std::time::Duration::from_millis(300),
    );
    assert!(!passed.await.unwrap(), "a reader must wait for every shard");

    assert_equal(&compared(&app).await);
    let policy = steering::set_policy(&client, "customers", Policy::Park);
    assert!(policy.await.unwrap());
    app.catch_up().await;
    let parked = condition(&app).await;
    assert_eq!((parked.parked_keys, parked.parked_events), (1, 2));
    for id in ids.iter().filter(|id| **id != ids[7]) {
        assert_eq!(
            tags(&app, &admin, id).await,
            ["later"],
            "in order, and once"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_and_the_way_back_bring_all_shards_to_one_position() {
    let app = TestApp::start_split(SPLITS).await;
    let (owner, admin) = (&app.tenant.owner, app.admin().await);
    for number in 0..12 {
        given::customer(owner, &format!("Guest{number}")).await;
    }
    app.catch_up().await;
    let client = app.store.pools.engine.get().await.unwrap();
    assert!(
        steering::pause(&client, "customers", "a look")
            .await
            .unwrap()
    );
    let apart = "update checkpoints set position = position - 2 * (shard - 1) where projection = 'customers'";
    admin.execute(apart, &[]).await.unwrap();
    assert_eq!(app.count(COUNT_POSITIONS).await, 4);
    let late = given::customer(owner, "Late").await;
    let prints = async || {
        let mut prints = tables::fingerprints(&admin).await;
        prints.retain(|table, _| customers(&app).tables.contains(&table.as_str()));
        prints
    };
    let before = prints().await;
    let rebuilt = rebuild(&app.store, &customers(&app), |_| {}).await.unwrap();
    assert_eq!(app.count(COUNT_POSITIONS).await, 1);
    assert_eq!(condition(&app).await.position, rebuilt.position);
    assert_eq!(prints().await, before);
    assert!(condition(&app).await.paused_at.is_some());
    assert!(steering::resume(&client, "customers").await.unwrap());
    app.catch_up().await;
    assert_equal(&compared(&app).await);
    rebuild(&app.store, &customers(&app), |_| {}).await.unwrap();
    let tag = json!({ "customer_id": late, "tag": "late" });
    owner.accepted("tag-customer", tag).await;
    rollback(&app.store, &customers(&app), |_| {})
        .await
        .unwrap();
    app.catch_up().await;
    assert_eq!(tags(&app, &admin, &late).await, ["late"]);
    assert_equal(&compared(&app).await);
    let from = condition(&app).await.position;
    steering::rewind(&client, "customers", from / 2)
        .await
        .unwrap();
    app.catch_up().await;
    assert_equal(&compared(&app).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_the_setting_is_said_at_once() {
    let app = TestApp::start().await;
    let key = STANDARD.encode(ROOT_KEY);
    let desk = Operator::on(&app.database.url, Some(&key));
    let wrong = "figures=2,guests=2,customers=99,bookings=0,payments=2,payments=3";
    let said = desk.run(&["serve", "--shards", wrong]).await;
    assert_ne!(said.code, Some(0));
    for part in [
        "figures cannot be split",
        "there is no projection guests",
        "customers cannot have 99 shards",
        "bookings cannot have 0 shards",
        "payments is given twice",
    ] {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
    let said = desk.run(&["serve", "--shards", "customers"]).await;
    assert!(said.stderr.contains("customers=4"), "{}", said.stderr);
}
