//! What operators see of the outbox and do to it: single messages, whole heaps of dead letters, and its history. Every
//! act is on record.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::TenantId;
use event_store::error::Error;
use integrations::outcome::{Failure, FailureKind};
use outbox::operators::{Mode, Operator, Remedied, Remedy, remedy};
use outbox::redrives::{self, Wanted};
use outbox::sweeps;
use serde_json::Value;
use tests::operator;
use tests::sinks::{Answer, Sink};
use tests::wait;
use tests::workers::{Given, Outbox};

const LEASE: Duration = Duration::from_secs(60);
const WHO: Operator<'_> = Operator {
    principal: "operator:test",
    reason: Some("a test"),
};

async fn apply(
    outbox: &Outbox,
    message_id: &str,
    what: Remedy,
    mode: Mode,
) -> event_store::Result<Remedied> {
    let pool = &outbox.store.pools.engine;
    remedy(pool, (None, message_id), what, (&WHO, mode)).await
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(outcome: event_store::Result<T>, code: &str) {
    match outcome {
        Err(Error::Refused(refusal)) => assert_eq!(refusal.code, code),
        other => panic!("{other:?} instead of {code}"),
    }
}

fn refused() -> Answer {
    Answer::Fail(Failure::new(FailureKind::Refused, "no"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_message_waits_until_somebody_says_what_became_of_it() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Lost));
    let ids = ["seen", "unseen", "again"];
    outbox
        .enqueue(&ids.map(|id| Given::new("parked", id)))
        .await;
    let worker = outbox.worker(&sink, LEASE);
    outbox.drained(wait::PATIENCE).await;
    let unknown = "select count(*) from outbox_dead where state = 'unknown'";
    assert_eq!(outbox.count(unknown).await, 3);
    let tried = apply(&outbox, "seen", Remedy::ResolveDelivered, Mode::DryRun).await;
    assert_eq!(tried.unwrap().state, "unknown");
    assert_eq!(outbox.count(unknown).await, 3, "a trial changes nothing");
    apply(&outbox, "seen", Remedy::ResolveDelivered, Mode::Real)
        .await
        .unwrap();
    apply(&outbox, "unseen", Remedy::ResolveFailed, Mode::Real)
        .await
        .unwrap();
    sink.change(|_| Answer::Fine);
    apply(&outbox, "again", Remedy::Retry, Mode::Real)
        .await
        .unwrap();
    outbox.drained(wait::PATIENCE).await;
    assert_eq!(sink.effects()["again"], 2, "it was sent again on purpose");
    assert_eq!(sink.effects()["unseen"], 1);
    assert_eq!(outbox.count(unknown).await, 0);
    assert_refused(
        apply(&outbox, "seen", Remedy::ResolveFailed, Mode::Real).await,
        "message-not-unknown",
    );
    let acts = "
        select count(*) from events
        where payload #>> '{OperationPerformed,action}'
                in ('resolve-message-delivered', 'resolve-message-failed', 'retry-message')
          and payload #>> '{OperationPerformed,reason}' = 'a test'";
    assert_eq!(outbox.count(acts).await, 3);
    worker.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_message_can_be_cancelled_and_only_its_own_tenant_finds_it() {
    let outbox = Outbox::open().await;
    outbox.enqueue(&[Given::new("named", "one")]).await;
    let stranger = TenantId::new("stranger");
    let pool = &outbox.store.pools.engine;
    let place = (Some(&stranger), "one");
    assert_refused(
        remedy(pool, place, Remedy::Cancel, (&WHO, Mode::Real)).await,
        "message-not-found",
    );
    assert_refused(
        apply(&outbox, "one", Remedy::Skip, Mode::Real).await,
        "message-not-dead",
    );
    apply(&outbox, "one", Remedy::Cancel, Mode::Real)
        .await
        .unwrap();
    let sink = Arc::new(Sink::new(|_| Answer::Fine));
    let worker = outbox.worker(&sink, LEASE);
    outbox.drained(wait::PATIENCE).await;
    assert_eq!(sink.calls().len(), 0);
    let cancelled = "select count(*) from outbox_attempts where outcome = 'cancelled'";
    assert_eq!(outbox.count(cancelled).await, 1);
    worker.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_survives_kills_and_sends_each_dead_letter_again_once() {
    const DEAD: usize = 240;
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| refused()));
    let messages: Vec<Given> = (0..DEAD)
        .map(|number| Given::new("named", format!("m{number}")))
        .collect();
    outbox.enqueue(&messages).await;
    let worker = outbox.worker(&sink, LEASE);
    outbox.drained(wait::PATIENCE).await;
    worker.kill();
    let before = sink.calls().len();
    let tenant_id = TenantId::new("tenant");
    let wanted = Wanted {
        target: Some("named"),
        rate_per_second: Some(80.0),
        ..Wanted::default()
    };
    let pool = &outbox.store.pools.engine;
    let client = pool.get().await.unwrap();
    assert_eq!(
        redrives::count(&client, &tenant_id, &wanted).await.unwrap(),
        240
    );
    drop(client);
    let (_, found) = redrives::order(pool, &tenant_id, &wanted, &WHO)
        .await
        .unwrap();
    assert_eq!(found, 240);
    sink.change(|_| Answer::Fine);
    for goal in [60, 150] {
        let worker = outbox.worker(&sink, Duration::from_millis(1_200));
        wait::until("some more are sent again", async || {
            (sink.count() >= goal).then_some(())
        })
        .await;
        worker.kill();
    }
    let worker = outbox.worker(&sink, LEASE);
    wait::until("the order is carried out", async || {
        let orders = redrives::list(pool, Some(&tenant_id)).await.unwrap();
        (orders[0].finished_at.is_some() && orders[0].revived == 240).then_some(())
    })
    .await;
    outbox.drained(wait::PATIENCE).await;
    let mut sent: HashMap<String, usize> = HashMap::new();
    for call in sink.calls().into_iter().skip(before) {
        *sent.entry(call.message_id).or_default() += 1;
    }
    assert_eq!((sent.len(), sink.count()), (DEAD, DEAD));
    let delivered = "select count(*) from outbox_attempts where outcome = 'delivered'";
    assert_eq!(outbox.count(delivered).await, 240, "each was finished once");
    worker.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_can_be_ended_and_makes_sense() {
    let outbox = Outbox::open().await;
    let pool = &outbox.store.pools.engine;
    let tenant_id = TenantId::new("tenant");
    let nonsense = Wanted {
        rate_per_second: Some(0.0),
        ..Wanted::default()
    };
    assert_refused(
        redrives::order(pool, &tenant_id, &nonsense, &WHO).await,
        "redrive-invalid",
    );
    let (id, _) = redrives::order(pool, &tenant_id, &Wanted::default(), &WHO)
        .await
        .unwrap();
    redrives::cancel(pool, (&tenant_id, &id), &WHO)
        .await
        .unwrap();
    assert_refused(
        redrives::cancel(pool, (&tenant_id, &id), &WHO).await,
        "redrive-not-running",
    );
    assert!(
        !redrives::step(pool).await.unwrap(),
        "nothing is left to do"
    );
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_forgotten_in_time_and_nothing_else() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|job| match job.message_id.as_str() {
        "dead" => refused(),
        _ => Answer::Fine,
    }));
    let worker = outbox.worker(&sink, LEASE);
    outbox
        .enqueue(&["old", "young", "dead"].map(|id| Given::new("named", id)))
        .await;
    outbox.drained(wait::PATIENCE).await;
    worker.stop().await;
    outbox.enqueue(&[Given::new("named", "waiting")]).await;
    let aged = "
        update outbox_messages set created_at = created_at - interval '91 days' where message_id <> 'young';
        update outbox_attempts set finished_at = finished_at - interval '91 days' where message_id <> 'young'";
    outbox.admin.batch_execute(aged).await.unwrap();
    let pool = &outbox.store.pools.engine;
    let forgotten = sweeps::purge(pool, sweeps::KEPT_DAYS).await.unwrap();
    assert_eq!(forgotten, 2, "a message and its attempt");
    let left =
        "select count(*) from outbox_messages where message_id in ('young', 'dead', 'waiting')";
    assert_eq!(outbox.count(left).await, 3);
    assert_eq!(
        outbox.count("select count(*) from outbox_attempts").await,
        2
    );
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_and_mends_as_it_says() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| refused()));
    outbox
        .enqueue(&["a", "b", "c"].map(|id| Given::new("named", id)))
        .await;
    let tenant =
        "insert into tenants (tenant_id, slug, wrapped_key) values ('tenant', 'shop', '\\x00')";
    outbox.admin.batch_execute(tenant).await.unwrap();
    let worker = outbox.worker(&sink, LEASE);
    outbox.drained(wait::PATIENCE).await;
    worker.stop().await;
    let operator = operator::Operator::on(&outbox.database.url, None);
    let listed = operator.json(&["outbox", "list", "--state", "dead"]).await;
    assert_eq!(listed["messages"].as_array().unwrap().len(), 3, "{listed}");
    let stats = operator.json(&["outbox", "stats"]).await;
    assert_eq!(stats["failed"][0]["count"], 3, "{stats}");
    let skip = ["outbox", "skip", "a", "--reason", "Told by phone"];
    let tried = operator.json(&[&skip[..], &["--dry-run"]].concat()).await;
    assert_eq!(
        (&tried["dry_run"], &tried["messages"][0]["state"]),
        (&Value::Bool(true), &Value::from("dead"))
    );
    operator.json(&skip).await;
    assert_eq!(
        operator.run(&skip).await.code,
        Some(3),
        "it is skipped already"
    );
    let redrive = [
        "outbox", "redrive", "--tenant", "shop", "--reason", "Mended",
    ];
    let counted = operator
        .json(&[&redrive[..], &["--dry-run"]].concat())
        .await;
    assert_eq!(
        (
            &counted["redrives"][0]["found"],
            &counted["redrives"][0]["redrive_id"]
        ),
        (&Value::from(2), &Value::Null)
    );
    let ordered = operator.json(&redrive).await;
    assert!(
        ordered["redrives"][0]["redrive_id"].is_string(),
        "{ordered}"
    );
    steer_destination(&operator).await;
    let acts = "select count(*) from events where actor like 'operator:%'";
    assert_eq!(outbox.count(acts).await, 4);
    outbox.close().await;
}

async fn steer_destination(operator: &operator::Operator) {
    let limits = [
        "destinations",
        "limits",
        "named",
        "--tenant",
        "shop",
        "--per-second",
        "5",
    ];
    let set = operator.json(&limits).await;
    assert_eq!(set["destination"]["rate_per_second"], 5.0, "{set}");
    let pause = [
        "destinations",
        "pause",
        "named",
        "--tenant",
        "shop",
        "--minutes",
        "5",
        "--reason",
        "They move",
    ];
    let paused = operator.json(&pause).await;
    assert!(
        paused["destination"]["paused_until"].is_string(),
        "{paused}"
    );
    let shown = operator.json(&["destinations", "list"]).await;
    assert_eq!(
        shown["destinations"][0]["pause_reason"], "They move",
        "{shown}"
    );
}
