//! Destinations are governed together, whoever sends: rates, caps, breakers, requests to wait, pauses, and everybody's
//! turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ids::TenantId;
use integrations::outcome::{Failure, FailureKind};
use outbox::destinations::{self, Change};
use outbox::operators::{Mode, Operator};
use tests::sinks::{Answer, Call, Sink};
use tests::wait;
use tests::workers::{Given, Outbox};

const LEASE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn many(target: &str, tenant_id: &str, count: usize) -> Vec<Given> {
    (0..count)
        .map(|number| Given::new(target, format!("{tenant_id}-{number}")).of(tenant_id))
        .collect()
}

async fn limit(outbox: &Outbox, rate_per_second: Option<f64>, max_in_flight: Option<i32>) {
    let change = Change::Limit {
        rate_per_second,
        burst: 1,
        max_in_flight,
        seconds: None,
    };
    apply(outbox, change).await;
}

async fn apply(outbox: &Outbox, change: Change) {
    let operator = Operator {
        principal: "operator:test",
        reason: Some("a test"),
    };
    let place = (&TenantId::new("tenant"), "named");
    let how = (&operator, Mode::Real);
    destinations::change(&outbox.store.pools.engine, place, &change, how)
        .await
        .unwrap();
}

async fn standing(outbox: &Outbox, tenant_id: &str) -> destinations::Standing {
    let tenant_id = TenantId::new(tenant_id);
    let all = destinations::list(&outbox.store.pools.engine, Some(&tenant_id)).await;
    all.unwrap().remove(0)
}

/// The most calls within any one second.
fn busiest_second(calls: &[Call]) -> usize {
    let starts = calls.iter().map(|call| call.at);
    let within = |start: Instant| {
        let from_start = calls
            .iter()
            .filter(|call| call.at >= start && call.at < start + SECOND);
        from_start.count()
    };
    starts.map(within).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_kept_by_all_workers_together_and_used() {
    const RATE: usize = 50;
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Fine));
    limit(&outbox, Some(50.0), None).await;
    outbox.enqueue(&many("named", "tenant", RATE * 3)).await;
    let workers = [
        outbox.worker(&sink, LEASE),
        outbox.worker(&sink, LEASE),
        outbox.worker(&sink, LEASE),
    ];
    outbox.drained(wait::PATIENCE).await;
    let calls = sink.calls();
    let (first, last) = (calls[0].at, calls[calls.len() - 1].at);
    // A machine that is busy sends some a little late, close to those after them.
    assert!(
        busiest_second(&calls) <= RATE + RATE / 10,
        "{}",
        busiest_second(&calls)
    );
    assert!(last - first < 4 * SECOND, "{:?}", last - first);
    for worker in workers {
        worker.stop().await;
    }
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_on_calls_under_way_is_kept_by_all_workers_together() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Slow(Duration::from_millis(15))));
    limit(&outbox, None, Some(3)).await;
    outbox.enqueue(&many("named", "tenant", 60)).await;
    let workers = [
        outbox.worker(&sink, LEASE),
        outbox.worker(&sink, LEASE),
        outbox.worker(&sink, LEASE),
    ];
    outbox.drained(wait::PATIENCE).await;
    let most = sink.calls().iter().map(|call| call.under_way).max();
    assert_eq!(most, Some(3));
    for worker in workers {
        worker.stop().await;
    }
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_destination_does_not_slow_the_others_and_is_probed() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|job| match job.tenant_id.as_str() {
        "dead" => Answer::Fail(Failure::new(FailureKind::NotSent, "no connection")),
        _ => Answer::Fine,
    }));
    let mut messages = many("named", "dead", 400);
    for tenant in 0..10 {
        messages.extend(many("named", &format!("t{tenant}"), 20));
    }
    outbox.enqueue(&messages).await;
    let worker = outbox.worker(&sink, LEASE);
    wait::until("all the others are served", async || {
        (sink.count() == 200).then_some(())
    })
    .await;
    wait::until("the breaker is open", async || {
        let found = standing(&outbox, "dead").await;
        (found.breaker == "open" && found.breaker_reason.as_deref() == Some("connect"))
            .then_some(())
    })
    .await;
    let under_way = "
        select count(*) from outbox_work where tenant_id = 'dead' and lease_until > clock_timestamp()";
    wait::until("nothing is on its way there", async || {
        (outbox.count(under_way).await == 0).then_some(())
    })
    .await;
    let tried = sink
        .calls()
        .iter()
        .filter(|call| call.tenant_id == "dead")
        .count();
    assert!(tried <= 100, "{tried} calls before the breaker opened");
    // It comes back to life: one call probes, then all go.
    sink.change(|_| Answer::Fine);
    let soon = "update outbox_work set run_at = clock_timestamp()";
    outbox.admin.batch_execute(soon).await.unwrap();
    let passed = "
        update destinations set breaker_until = clock_timestamp() where tenant_id = 'dead' and breaker_opens > 0";
    wait::until("a probe has gone well", async || {
        // What had failed before may be told only now, and open it once more.
        outbox.admin.batch_execute(passed).await.unwrap();
        (standing(&outbox, "dead").await.breaker_opens == 0).then_some(())
    })
    .await;
    outbox.drained(wait::PATIENCE).await;
    let found = standing(&outbox, "dead").await;
    assert_eq!((found.breaker.as_str(), found.breaker_opens), ("closed", 0));
    let after: Vec<Call> = sink
        .calls()
        .into_iter()
        .filter(|call| call.tenant_id == "dead")
        .skip(tried)
        .collect();
    assert!(
        after[0].under_way == 1 && after[1].at > after[0].at,
        "one probes first"
    );
    worker.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_hangs_leaves_room_for_the_others() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|job| match job.tenant_id.as_str() {
        "hanging" => Answer::Hang,
        _ => Answer::Fine,
    }));
    let mut messages = many("named", "hanging", 30);
    messages.extend(many("named", "well", 200));
    outbox.enqueue(&messages).await;
    let worker = outbox.worker(&sink, LEASE);
    wait::until("the other is served", async || {
        (sink.count() == 200).then_some(())
    })
    .await;
    worker.kill();
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_asks_for_a_pause_gets_it_as_a_whole() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|job| match job.message_id.as_str() {
        "tenant-0" => Answer::Fail(
            Failure::new(FailureKind::NotSent, "rate limited")
                .with_retry_after(Some(Duration::from_secs(3_600))),
        ),
        _ => Answer::Fine,
    }));
    outbox.enqueue(&many("named", "tenant", 1)).await;
    let worker = outbox.worker(&sink, LEASE);
    wait::until("the destination is held", async || {
        let found = destinations::list(&outbox.store.pools.engine, None)
            .await
            .unwrap();
        found.first()?.not_before.map(|_| ())
    })
    .await;
    outbox
        .enqueue(&[
            Given::new("named", "later"),
            Given::new("named", "elsewhere").of("other"),
        ])
        .await;
    wait::until("another destination goes on", async || {
        sink.effects().contains_key("elsewhere").then_some(())
    })
    .await;
    assert!(!sink.effects().contains_key("later"), "the hold was broken");
    apply(&outbox, Change::Resume).await;
    wait::until("it goes on", async || {
        sink.effects().contains_key("later").then_some(())
    })
    .await;
    worker.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_stop_the_destination_and_cost_no_message_an_attempt() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| {
        Answer::Fail(Failure::new(FailureKind::Auth, "the key is wrong"))
    }));
    outbox.enqueue(&many("named", "tenant", 5)).await;
    let worker = outbox.worker(&sink, LEASE);
    wait::until("the breaker is open", async || {
        let found = destinations::list(&outbox.store.pools.engine, None)
            .await
            .unwrap();
        (found.first()?.breaker_reason.as_deref() == Some("auth")).then_some(())
    })
    .await;
    let spent =
        "select count(*) from outbox_work where attempt > 0 and lease_until < clock_timestamp()";
    assert_eq!(outbox.count(spent).await, 0);
    assert_eq!(outbox.count("select count(*) from outbox_work").await, 5);
    sink.change(|_| Answer::Fine);
    let soon =
        "update outbox_work set run_at = clock_timestamp() where lease_until < clock_timestamp()";
    wait::until("all are sent", async || {
        // What had failed before may be told only now, and open the breaker once more.
        apply(&outbox, Change::CloseBreaker).await;
        outbox.admin.batch_execute(soon).await.unwrap();
        (sink.count() == 5).then_some(())
    })
    .await;
    outbox.drained(wait::PATIENCE).await;
    worker.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_and_ends_by_itself() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Fine));
    apply(&outbox, Change::Pause { seconds: 1 }).await;
    let started = Instant::now();
    outbox.enqueue(&many("named", "tenant", 3)).await;
    let worker = outbox.worker(&sink, LEASE);
    outbox.drained(wait::PATIENCE).await;
    assert!(
        sink.calls()[0].at - started > SECOND / 2,
        "it was sent while it was paused"
    );
    worker.stop().await;
    let acts = "
        select count(*) from events
        where tenant_id = 'tenant' and payload #>> '{OperationPerformed,action}' = 'pause-destination'";
    assert_eq!(outbox.count(acts).await, 1);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_a_long_queue_does_not_keep_another_waiting() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Slow(Duration::from_millis(20))));
    outbox.enqueue(&many("named", "long", 6_000)).await;
    let worker = outbox.worker(&sink, LEASE);
    wait::until("the long queue is being served", async || {
        (sink.calls().len() > 200).then_some(())
    })
    .await;
    let before = sink.calls().len();
    outbox.enqueue(&many("named", "short", 1)).await;
    let place = wait::until("the other has its turn", async || {
        sink.calls()
            .iter()
            .position(|call| call.tenant_id == "short")
    })
    .await;
    assert!(
        place < before + 3_000,
        "{} of the long queue went first",
        place - before
    );
    worker.kill();
    outbox.close().await;
}
