//! Events that cannot be applied park their key, in order, and nothing else; projections are paused, resumed and sent
//! back; a worker that is killed again and again leaves the tables as a fresh fold would.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use event_store::parked::{self, Choice, Dropping, ParkedKey};
use event_store::parking::Policy;
use event_store::pg::{PoolSizes, Pools};
use event_store::steering::{self, Health};
use event_store::store::Store;
use event_store::vault::Vault;
use identity::principals::Principal;
use projectors::Projection;
use serde_json::{Value, json};
use tests::app::{ROOT_KEY, TestApp, request};
use tests::cluster;
use tests::given;
use tests::scale;
use tests::served::binary;
use tests::tables;
use tests::wait;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::rebuild::key_file;

const INSERT_EVENT: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select $1, 'customer', $2, max(sequence) + 1, 'CustomerTagged', '1', $3::text::json, '{}', clock_timestamp(), '', '',
        '', 'test'
    from events where tenant_id = $1 and aggregate_type = 'customer' and aggregate_id = $2
    returning position";
/// What no release could do: the log is append-only, but a new binary may read an event that an older one could not.
const MEND_EVENT: &str = "update events set payload = $2::text::json where position = $1";
const FIND_TAGS: &str = "select tags from customers where tenant_id = $1 and customer_id = $2";
const END_LEASES: &str = "update checkpoints set lease_until = '-infinity'";
/// Of leads, which every worker folds; a debug build on a busy machine is slow.
const LEADS: (usize, usize) = (150, 5_000);
const KILLS: (usize, usize) = (12, 600);
/// How long a worker works before it is killed.
const LIFE_MS: u64 = 200;

fn projection(store: &Store, name: &str) -> Projection {
    let found = projectors::all(store)
        .into_iter()
        .find(|one| one.name() == name);
    found.expect("there is such a projection")
}

async fn insert_tag(app: &TestApp, admin: &Client, customer_id: &str, payload: Value) -> i64 {
    let row = admin
        .query_one(
            INSERT_EVENT,
            &[&app.tenant.id.as_str(), &customer_id, &payload.to_string()],
        )
        .await
        .unwrap();
    row.get(0)
}

fn tagged(tag: &str) -> Value {
    json!({ "CustomerTagged": { "tag": tag } })
}

async fn mend(admin: &Client, position: i64, payload: Value) {
    admin
        .batch_execute("set session_replication_role = replica")
        .await
        .unwrap();
    admin
        .execute(MEND_EVENT, &[&position, &payload.to_string()])
        .await
        .unwrap();
    admin
        .batch_execute("set session_replication_role = origin")
        .await
        .unwrap();
}

async fn tags(app: &TestApp, admin: &Client, customer_id: &str) -> Vec<String> {
    admin
        .query_one(FIND_TAGS, &[&app.tenant.id.as_str(), &customer_id])
        .await
        .unwrap()
        .get(0)
}

async fn parked_in(app: &TestApp, name: &str) -> Vec<ParkedKey> {
    let choice = Choice {
        projection: Some(name),
        ..Choice::default()
    };
    let client = app.store.pools.engine.get().await.unwrap();
    parked::list(&client, choice).await.unwrap()
}

async fn retry_all(app: &TestApp, dropping: Option<Dropping<'_>>) {
    for projection in projectors::all(&app.store) {
        let keys = parked_in(app, projection.name()).await;
        let retried = parked::retry(
            &app.store.pools.engine,
            projection.subscriber.as_ref(),
            &keys,
            dropping,
        )
        .await
        .unwrap();
        assert_eq!(retried.still_parked, 0, "{}", projection.name());
    }
}

async fn rebuild_all(app: &TestApp) {
    for projection in projectors::all(&app.store) {
        projectors::rebuild::rebuild(&app.store, &projection, |_| {})
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_parks_its_key_and_nothing_else() {
    let app = TestApp::start().await;
    let (owner, admin) = (&app.tenant.owner, app.admin().await);
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(given::customer(owner, &format!("Guest{number}")).await);
    }
    let poison = insert_tag(&app, &admin, &ids[7], json!({ "Unheard": 1 })).await;
    insert_tag(&app, &admin, &ids[7], tagged("late")).await;
    for (number, id) in ids.iter().enumerate().filter(|(number, _)| *number != 7) {
        let tag = json!({ "customer_id": id, "tag": format!("tag{number}") });
        owner.accepted("tag-customer", tag).await;
    }
    app.catch_up().await;
    let parked = parked_in(&app, "customers").await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert_eq!(parked[0].key, format!("customer/{}", ids[7]));
    assert_eq!(parked[0].position, poison);
    assert_eq!(parked[0].waiting, 2, "the later event waits behind it");
    assert!(parked[0].failure.contains("CustomerTagged"), "{parked:?}");
    assert!(tags(&app, &admin, &ids[7]).await.is_empty());
    for (number, id) in ids.iter().enumerate().filter(|(number, _)| *number != 7) {
        assert_eq!(tags(&app, &admin, id).await, [format!("tag{number}")]);
    }
    let conditions = steering::list(&app.store.pools.engine.get().await.unwrap())
        .await
        .unwrap();
    let customers = conditions.iter().find(|one| one.subscriber == "customers");
    let customers = customers.unwrap();
    assert_eq!(customers.health(), Health::Parked);
    assert_eq!((customers.parked_keys, customers.parked_events), (1, 2));
    let ready = owner.get("/readyz").await.ok();
    let parked: i64 = conditions.iter().map(|one| one.parked_keys).sum();
    assert_eq!(
        (&ready["status"], &ready["parked_keys"]),
        (&json!("ready"), &json!(parked))
    );

    // What comes for the key later waits as well, until the event can be read.
    insert_tag(&app, &admin, &ids[7], tagged("latest")).await;
    app.catch_up().await;
    assert_eq!(parked_in(&app, "customers").await[0].waiting, 3);
    mend(&admin, poison, tagged("first")).await;
    retry_all(&app, None).await;
    assert_eq!(
        tags(&app, &admin, &ids[7]).await,
        ["first", "late", "latest"]
    );
    assert!(parked_in(&app, "customers").await.is_empty());
    let healed = tables::fingerprints(&admin).await;
    rebuild_all(&app).await;
    assert_eq!(tables::fingerprints(&admin).await, healed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_event_is_given_up_only_with_a_reason_on_record() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = given::customer(&app.tenant.owner, "Ada").await;
    let poison = insert_tag(&app, &admin, &id, json!({ "Unheard": 1 })).await;
    insert_tag(&app, &admin, &id, tagged("after")).await;
    app.catch_up().await;
    let customers = projection(&app.store, "customers");
    let again = parked::retry(
        &app.store.pools.engine,
        customers.subscriber.as_ref(),
        &parked_in(&app, "customers").await,
        None,
    )
    .await
    .unwrap();
    assert_eq!((again.still_parked, again.events_applied), (1, 0));
    assert_eq!(parked_in(&app, "customers").await[0].attempts, 2);
    let dropping = Dropping {
        by: "Grace",
        reason: "never meant",
    };
    retry_all(&app, Some(dropping)).await;
    assert_eq!(tags(&app, &admin, &id).await, ["after"]);
    let dropped =
        "select count(*) from dropped_events where reason = 'never meant' and dropped_by = 'Grace'";
    assert!(app.count(dropped).await >= 1);
    let of_poison = format!("select count(*) from dropped_events where position = {poison}");
    assert_eq!(app.count(&of_poison).await, app.count(dropped).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_parks_what_it_cannot_build_and_goes_on_from_there() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = given::customer(&app.tenant.owner, "Ada").await;
    given::customer(&app.tenant.owner, "Bob").await;
    let poison = insert_tag(&app, &admin, &id, json!({ "Unheard": 1 })).await;
    insert_tag(&app, &admin, &id, tagged("after")).await;
    app.catch_up().await;
    let before = tables::fingerprints(&admin).await;
    rebuild_all(&app).await;
    assert_eq!(tables::fingerprints(&admin).await, before);
    assert_eq!(parked_in(&app, "customers").await[0].waiting, 2);
    mend(&admin, poison, tagged("first")).await;
    rebuild_all(&app).await;
    assert!(parked_in(&app, "customers").await.is_empty());
    assert_eq!(tags(&app, &admin, &id).await, ["after", "first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_decides_whether_a_failing_event_stops_its_projection() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = given::customer(&app.tenant.owner, "Ada").await;
    app.catch_up().await;
    let client = &app.store.pools.engine.get().await.unwrap();
    assert!(
        steering::set_policy(client, "customers", Policy::Pause)
            .await
            .unwrap()
    );
    let poison = insert_tag(&app, &admin, &id, json!({ "Unheard": 1 })).await;
    insert_tag(&app, &admin, &id, tagged("after")).await;
    let failing =
        "select count(*) from checkpoints where subscriber = 'customers' and failure is not null";
    wait::until("the projection says why it stops", async || {
        (app.count(failing).await == 1).then_some(())
    })
    .await;
    assert!(parked_in(&app, "customers").await.is_empty());
    let position = format!(
        "select count(*) from checkpoints where subscriber = 'customers' and position < {poison}"
    );
    assert_eq!(app.count(&position).await, 1, "it has not gone on");
    assert!(
        steering::set_policy(client, "customers", Policy::Skip)
            .await
            .unwrap()
    );
    app.catch_up().await;
    assert_eq!(tags(&app, &admin, &id).await, ["after"]);
    let dropped = format!(
        "select count(*) from dropped_events where subscriber = 'customers' and position = {poison}"
    );
    assert_eq!(app.count(&dropped).await, 1, "it was skipped on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_projection_stands_still_until_it_is_resumed() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    app.catch_up().await;
    let client = &app.store.pools.engine.get().await.unwrap();
    assert!(
        steering::pause(client, "customers", "maintenance")
            .await
            .unwrap()
    );
    assert!(!steering::pause(client, "customers", "again").await.unwrap());
    let stands = app
        .count("select position from checkpoints where subscriber = 'customers'")
        .await;
    given::customer(owner, "Ada").await;
    let newest = app.count("select max(position) from events").await;
    let others = ["timelines", "bookings"];
    assert!(
        app.store
            .wait_for(&others, newest, wait::PATIENCE)
            .await
            .unwrap()
    );
    let still = app
        .count("select position from checkpoints where subscriber = 'customers'")
        .await;
    assert_eq!(stands, still);
    assert!(steering::resume(client, "customers").await.unwrap());
    app.catch_up().await;
    assert_eq!(owner.items("customers").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_the_log_again_brings_lost_rows_back_and_changes_no_other() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    given::customer(&app.tenant.owner, "Ada").await;
    let lost = given::customer(&app.tenant.owner, "Bob").await;
    app.catch_up().await;
    let before = tables::fingerprints(&admin).await;
    admin
        .execute("delete from customers where customer_id = $1", &[&lost])
        .await
        .unwrap();
    let client = &app.store.pools.engine.get().await.unwrap();
    steering::rewind(client, "customers", 0).await.unwrap();
    app.catch_up().await;
    assert_eq!(tables::fingerprints(&admin).await, before);
    let ahead = steering::rewind(client, "customers", i64::MAX).await;
    assert!(ahead.unwrap_err().to_string().contains("position-invalid"));
}

/// A worker as a process of its own.
fn start_worker(url: &str, key_file: &std::path::Path) -> Child {
    Command::new(binary())
        .args(["serve", "--role", "worker"])
        .env("DATABASE_URL", url)
        .env("RAPPORT_ROOT_KEY_FILE", key_file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs; build it with `cargo build -p server`")
}

/// Half of the life is left to chance by the time that taking the leases needs.
async fn live_and_die(admin: &Client, url: &str, key_file: &std::path::Path) {
    let mut worker = start_worker(url, key_file);
    wait::until("the worker has taken a lease", async || {
        let sql = "select count(*) from checkpoints where lease_until > clock_timestamp()";
        let held: i64 = admin.query_one(sql, &[]).await.unwrap().get(0);
        (held > 0).then_some(())
    })
    .await;
    let life = std::time::Duration::from_millis(LIFE_MS);
    let _ = tokio::time::timeout(life, std::future::pending::<()>()).await;
    worker.kill().expect("the process can be killed");
    worker.wait().expect("it is gone");
    // As if its leases had run out, for which nobody wants to wait here.
    admin.execute(END_LEASES, &[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_again_and_again_leaves_what_a_fresh_fold_gives() {
    let server = cluster::shared().await;
    let database = server.clone_template().await;
    let pools = Pools::new(&database.url, PoolSizes::default()).unwrap();
    let store = Store::new(pools, Vault::new(&ROOT_KEY));
    let key_file = key_file();
    let dispatcher = Dispatcher::new(store.clone());
    let tenant_id = TenantId::from(Uuid::now_v7());
    send(&dispatcher, &tenant_id, "create-tenant", json!({
        "slug": "killed", "name": "Killed", "modules": ["catering"], "settings": given::settings(),
    }))
    .await;
    let admin = server.admin(&database.name).await;
    let writing = tokio::spawn(write_leads(Arc::new(dispatcher), tenant_id));
    for _ in 0..scale::size(KILLS.0, KILLS.1) {
        live_and_die(&admin, &database.url, &key_file).await;
    }
    writing.await.unwrap();
    let mut last = start_worker(&database.url, &key_file);
    let newest: i64 = admin
        .query_one("select max(position) from events", &[])
        .await
        .unwrap()
        .get(0);
    let all = projectors::all(&store);
    let names: Vec<&str> = all.iter().map(Projection::name).collect();
    let caught_up = store.wait_for(&names, newest, wait::PATIENCE).await;
    last.kill().unwrap();
    last.wait().unwrap();
    assert!(caught_up.unwrap(), "the projections are behind");
    let view = tables::fingerprints(&admin).await;
    admin.execute(END_LEASES, &[]).await.unwrap();
    for projection in &all {
        projectors::rebuild::rebuild(&store, projection, |_| {})
            .await
            .unwrap();
    }
    assert_eq!(tables::fingerprints(&admin).await, view);
    store.pools.close();
    drop(admin);
    std::fs::remove_file(&key_file).unwrap();
    server.drop_database(&database.name).await;
}

async fn write_leads(dispatcher: Arc<Dispatcher>, tenant_id: TenantId) {
    for number in 0..scale::size(LEADS.0, LEADS.1) {
        let name = format!("Guest{number}");
        let lead = json!({ "source": "web", "first_name": name, "last_name": "Tester", "email": given::email(&name) });
        let created = send(&dispatcher, &tenant_id, "create-lead", lead).await;
        let tag = json!({ "customer_id": created["aggregate_id"], "tag": "killed" });
        send(&dispatcher, &tenant_id, "tag-customer", tag).await;
    }
}

async fn send(dispatcher: &Dispatcher, tenant_id: &TenantId, name: &str, body: Value) -> Value {
    let request = request(Principal::system(tenant_id.clone()), name, body);
    let answer = dispatcher.dispatch(&request).await.unwrap();
    serde_json::from_str(&answer.body).unwrap()
}
