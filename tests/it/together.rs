//! Commands that travel together, and commands decided on what a process remembers: neither may show from outside.

use std::collections::BTreeSet;
use std::sync::Arc;

use commands::dispatch::Dispatcher;
use cqrs_es::Aggregate;
use domain::customers::Customer;
use event_store::commit::{
    CommandRecord, Commit, NewEvent, Outcome, OwnedKey, StreamEvents, Violation,
};
use event_store::error::Error;
use event_store::pg::{PoolSizes, Pools};
use event_store::snapshots::SNAPSHOT_AFTER;
use event_store::store::Store;
use event_store::vault::Vault;
use futures_util::future::join_all;
use identity::principals::Principal;
use serde_json::{Value, json};
use tests::app::{ROOT_KEY, TestApp, request};
use tests::given::{self, SLOT, day};
use tests::wait;
use time::OffsetDateTime;
use uuid::Uuid;

/// Commits that are sent at once.
const AT_ONCE: usize = 200;
/// Those of them that want the same claim.
const RIVALS: usize = 20;

fn another_process(app: &TestApp) -> Dispatcher {
    let sizes = PoolSizes {
        request: 4,
        query: 1,
        engine: 2,
    };
    let pools = Pools::new(&app.database.url, sizes).unwrap();
    Dispatcher::new(Store::new(pools, Vault::new(&ROOT_KEY)))
}

async fn send(
    app: &TestApp,
    dispatcher: &Dispatcher,
    name: &str,
    body: Value,
) -> Result<Value, Error> {
    let principal = Principal::system(app.tenant.id.clone());
    let answer = dispatcher.dispatch(&request(principal, name, body)).await?;
    Ok(serde_json::from_str(&answer.body).unwrap())
}

fn code(outcome: Result<Value, Error>) -> String {
    match outcome {
        Err(Error::Refused(refusal)) => refusal.code.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

/// A commit of one event of a stream of its own, which takes a claim.
fn commit(app: &TestApp, claim: &str) -> Commit {
    let id = Uuid::now_v7().to_string();
    Commit {
        tenant_id: app.tenant.id.clone(),
        command: CommandRecord {
            command_id: id.clone(),
            name: "together".to_owned(),
            principal: "system".to_owned(),
            key: id.clone(),
            fingerprint: vec![1],
            answer: "{}".to_owned(),
            position_floor: 0,
            correlation_id: id.clone(),
            causation_id: id.clone(),
            occurred_at: OffsetDateTime::now_utc(),
            source_address: None,
            metadata: "{}".to_owned(),
        },
        streams: vec![StreamEvents {
            aggregate_type: "together".to_owned(),
            aggregate_id: id.clone(),
            expected: 0,
            events: ["First", "Second"]
                .map(|kind| NewEvent {
                    event_type: kind.to_owned(),
                    event_version: "1".to_owned(),
                    payload: "{}".to_owned(),
                })
                .to_vec(),
        }],
        take: vec![OwnedKey {
            scope: "together".to_owned(),
            value: claim.to_owned(),
            aggregate_type: "together".to_owned(),
            aggregate_id: id,
        }],
        release: Vec::new(),
        handles: Vec::new(),
        drop_handles: Vec::new(),
        usage: Default::default(),
        read_in: None,
        effects: Vec::new(),
        subject_keys: Vec::new(),
        key_changes: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_commits_at_once_each_stands_or_falls_by_itself() {
    let app = TestApp::start().await;
    // Taken already, so that batches are raised upon and every member must be tried alone.
    let first = app.store.commit(Arc::new(commit(&app, "rival"))).await;
    assert!(matches!(first, Ok(Outcome::Committed { .. })), "{first:?}");
    let sent = (0..AT_ONCE).map(|number| {
        let claim = match number % (AT_ONCE / RIVALS) {
            0 => "rival".to_owned(),
            _ => format!("claim-{number}"),
        };
        app.store.commit(Arc::new(commit(&app, &claim)))
    });
    let outcomes = join_all(sent).await;
    let mut positions = BTreeSet::new();
    let mut refused = 0;
    for outcome in outcomes {
        match outcome.unwrap() {
            Outcome::Committed { position } => assert!(positions.insert(position)),
            Outcome::Conflict(violation) => {
                assert_eq!(violation, Violation::Claim);
                refused += 1;
            }
        }
    }
    assert_eq!((positions.len(), refused), (AT_ONCE - RIVALS, RIVALS));
    let stood = i64::try_from(AT_ONCE - RIVALS + 1).unwrap();
    for (count, expected) in [
        ("select count(*) from commands where name = 'together'", stood),
        ("select count(*) from claims where scope = 'together'", stood),
        ("select count(*) from events where aggregate_type = 'together'", 2 * stood),
        (
            "select count(*) from commands c where name = 'together' and position = (
                select max(position) from events e where e.command_id = c.command_id)",
            stood,
        ),
        (
            "select count(*) from events one join events two using (aggregate_type, aggregate_id)
            where aggregate_type = 'together' and one.sequence < two.sequence and one.position < two.position",
            stood,
        ),
    ] {
        assert_eq!(app.count(count).await, expected, "{count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_commit_that_the_database_refuses_does_not_harm_its_neighbours() {
    let app = TestApp::start().await;
    let sent = (0..AT_ONCE).map(|number| {
        let mut commit = commit(&app, &format!("claim-{number}"));
        if number == AT_ONCE / 2 {
            commit.streams[0].events[1].payload = "not JSON".to_owned();
        }
        app.store.commit(Arc::new(commit))
    });
    let (stood, fell): (Vec<_>, Vec<_>) = join_all(sent).await.into_iter().partition(Result::is_ok);
    assert_eq!((stood.len(), fell.len()), (AT_ONCE - 1, 1));
    let written = app
        .count("select count(*) from events where aggregate_type = 'together'")
        .await;
    assert_eq!(written, 2 * i64::try_from(AT_ONCE - 1).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_change_one_aggregate_in_turn_agree() {
    let app = TestApp::start().await;
    let id = given::customer(&app.tenant.owner, "Ada").await;
    let processes = [another_process(&app), another_process(&app)];
    for turn in 0..10 {
        let body = json!({ "customer_id": id, "tag": format!("tag-{turn}") });
        let answer = send(&app, &processes[turn % 2], "tag-customer", body)
            .await
            .unwrap();
        let tags = answer["result"]["tags"].as_array().unwrap().len();
        assert_eq!(tags, turn + 1, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_remembers_neither_allows_nor_refuses_wrongly() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let order = given::order_without_deposit("Ada", &day(0), SLOT);
    let booking = given::booking(&app.tenant.owner, order).await;
    let id = given::text(&booking, "booking_id").to_owned();
    let (here, there) = (another_process(&app), another_process(&app));
    let cancel = json!({ "booking_id": id, "reason": "rain" });
    let note = |notes: &str| json!({ "booking_id": id, "notes": notes });
    // Both know the booking, and one of them what it was before the other's change.
    for (process, notes) in [(&here, "at noon"), (&there, "at one"), (&here, "at two")] {
        send(&app, process, "update-booking", note(notes))
            .await
            .unwrap();
    }
    send(&app, &there, "cancel-booking", cancel.clone())
        .await
        .unwrap();
    let late = send(&app, &here, "update-booking", note("at three")).await;
    assert_eq!(code(late), "booking-cancelled");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_is_the_same_from_its_snapshot_as_from_its_beginning() {
    let app = TestApp::start().await;
    let id = given::customer(&app.tenant.owner, "Ada").await;
    let here = another_process(&app);
    let mut events = 1;
    for round in 0..2 * SNAPSHOT_AFTER + 4 {
        let name = ["tag-customer", "untag-customer"][round % 2];
        // Around every boundary somebody comes who knows nothing.
        let is_near = (round + 1) % SNAPSHOT_AFTER <= 3;
        let process = if is_near {
            another_process(&app)
        } else {
            here.clone()
        };
        let body = json!({ "customer_id": id, "tag": "vip" });
        let answer = send(&app, &process, name, body).await.unwrap();
        events += 1;
        assert_eq!(answer["sequence"], events, "{answer}");
        let tags = answer["result"]["tags"].as_array().unwrap().len();
        assert_eq!(tags, (round + 1) % 2, "{answer}");
        if round == SNAPSHOT_AFTER + 2 {
            wait::until("a snapshot is kept", || async {
                (app.count("select count(*) from snapshots").await == 1).then_some(())
            })
            .await;
        }
    }
    let admin = app.admin().await;
    let kept = "select sequence, state::text from snapshots where aggregate_type = 'customer'";
    let row = admin.query_one(kept, &[]).await.unwrap();
    let (sequence, state): (i64, String) = (row.get(0), row.get(1));
    let stream = app
        .store
        .read_stream(&app.tenant.id, (Customer::TYPE, &id), 0)
        .await
        .unwrap();
    let mut folded = Customer::default();
    for event in stream.iter().filter(|event| event.sequence <= sequence) {
        folded.apply(event.decode().unwrap());
    }
    assert_eq!(serde_json::from_str::<Customer>(&state).unwrap(), folded);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_another_process_has_changed_count_at_once() {
    let app = TestApp::start().await;
    let (here, there) = (another_process(&app), another_process(&app));
    let chef =
        |zone: &str| json!({ "name": "Kenji", "zones": [zone], "hours": given::whole_week() });
    send(&app, &here, "add-chef", chef(given::ZONE))
        .await
        .unwrap();
    let unknown = send(&app, &here, "add-chef", chef("harbour")).await;
    assert_eq!(code(unknown), "validation-failed");
    let zones = json!([{ "zone": "harbour", "postcodes": ["900*"] }]);
    send(&app, &there, "update-settings", json!({ "zones": zones }))
        .await
        .unwrap();
    send(&app, &here, "add-chef", chef("harbour"))
        .await
        .unwrap();
    let gone = send(&app, &here, "add-chef", chef(given::ZONE)).await;
    assert_eq!(code(gone), "validation-failed");
}
