//! A projector that panics is as one that fails: the event is at fault, its key waits, and the process goes on. Where the
//! policy is to pause, the projection stops at the very event.

use std::sync::Arc;

use deadpool_postgres::Transaction;
use event_store::log::Subscriber;
use event_store::parked::{self, Choice};
use event_store::parking::Policy;
use event_store::recorded::Recorded;
use event_store::steering;
use tests::app::TestApp;
use tests::given;
use tests::wait;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The tag that it cannot bear.
const FATAL: &str = "fatal";

/// Reads customers' tags, and writes nothing.
struct Fragile;

#[async_trait::async_trait]
impl Subscriber for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["customer"]
    }

    async fn apply(&self, _: &Transaction<'_>, batch: &[Recorded]) -> event_store::Result<()> {
        for event in batch {
            assert!(
                !event.payload.0.contains(FATAL),
                "no projector foresees everything"
            );
        }
        Ok(())
    }
}

fn run(app: &TestApp, stop: &CancellationToken) -> JoinHandle<()> {
    let runner = app.store.runner(Arc::new(Fragile), "a test");
    tokio::spawn(runner.run(stop.clone()))
}

/// In one commit, so that they come in one batch: answers the positions.
async fn tag(app: &TestApp, tags: &[(&str, &str)]) -> Vec<i64> {
    let insert = "
        insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, occurred_at, command_id, correlation_id, causation_id, actor)
        select $1, 'customer', $2, max(sequence) + 1, 'CustomerTagged', '1',
            json_build_object('CustomerTagged', json_build_object('tag', $3::text)), '{}', clock_timestamp(), '', '', '',
            'test'
        from events where tenant_id = $1 and aggregate_type = 'customer' and aggregate_id = $2 returning position";
    let mut admin = app.admin().await;
    let tx = admin.transaction().await.unwrap();
    let mut positions = Vec::new();
    for (id, tag) in tags {
        let row = tx
            .query_one(insert, &[&app.tenant.id.as_str(), id, tag])
            .await;
        positions.push(row.unwrap().get(0));
    }
    tx.commit().await.unwrap();
    positions
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_that_panics_parks_the_key_and_goes_on() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, bob) = (
        given::customer(owner, "Ada").await,
        given::customer(owner, "Bob").await,
    );
    let stop = CancellationToken::new();
    let running = run(&app, &stop);
    let tags = [(ada.as_str(), FATAL), (&bob, "regular"), (&ada, "later")];
    let positions = tag(&app, &tags).await;
    let passed = app
        .store
        .wait_for(&["fragile"], positions[2], wait::PATIENCE);
    assert!(passed.await.unwrap(), "it did not go on");
    let choice = Choice {
        projection: Some("fragile"),
        ..Choice::default()
    };
    let client = app.store.pools.engine.get().await.unwrap();
    let parked = parked::list(&client, choice).await.unwrap();
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert_eq!((parked[0].position, parked[0].waiting), (positions[0], 2));
    assert_eq!(parked[0].key, format!("customer/{ada}"));
    assert!(parked[0].failure.contains("panicked"), "{parked:?}");
    assert!(
        !parked[0].failure.contains("foresees"),
        "a panic may quote what was opened"
    );
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_pauses_stands_right_before_the_event_that_fails() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, bob) = (
        given::customer(owner, "Ada").await,
        given::customer(owner, "Bob").await,
    );
    let client = app.store.pools.engine.get().await.unwrap();
    steering::set_policy(&client, "fragile", Policy::Pause)
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let running = run(&app, &stop);
    let tags = [
        (bob.as_str(), "one"),
        (&bob, "two"),
        (&ada, FATAL),
        (&bob, "three"),
    ];
    let positions = tag(&app, &tags).await;
    let condition = async || {
        let all = steering::list(&client).await.unwrap();
        all.into_iter().find(|one| one.subscriber == "fragile")
    };
    let stopped = wait::until("it stops before the event", async || {
        condition()
            .await
            .filter(|one| one.position == positions[2] - 1 && one.failure.is_some())
    })
    .await;
    assert_eq!(stopped.parked_keys, 0);
    steering::set_policy(&client, "fragile", Policy::Skip)
        .await
        .unwrap();
    let passed = app
        .store
        .wait_for(&["fragile"], positions[3], wait::PATIENCE);
    assert!(passed.await.unwrap(), "it did not go on");
    assert_eq!(condition().await.unwrap().dropped_events, 1);
    stop.cancel();
    running.await.unwrap();
}
