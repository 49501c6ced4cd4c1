//! Order per key: one at a time, the oldest first, whoever works and whatever fails; and only the newest where only that
//! is wanted.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use integrations::outcome::{Failure, FailureKind};
use tests::sinks::{Answer, Sink};
use tests::workers::{Given, Outbox, Worker};
use tests::{scale, wait};

const LEASE: Duration = Duration::from_millis(1_200);
const LONG_LEASE: Duration = Duration::from_secs(60);
const SETTLING: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_key_keep_their_order_through_failures_and_kills() {
    let (keys, each) = (scale::size(30, 500), scale::size(20, 200));
    let (crew, kills) = (scale::size(3, 8), scale::size(2, 10));
    let outbox = Outbox::open().await;
    let calls = AtomicUsize::new(0);
    let sink = Arc::new(Sink::new(move |_| {
        // One in twenty fails, and is tried again.
        match calls.fetch_add(1, Ordering::Relaxed) % 20 {
            7 => Answer::Fail(Failure::new(FailureKind::Transient, "try again")),
            _ => Answer::Fine,
        }
    }));
    for number in 0..each {
        let messages: Vec<Given> = (0..keys)
            .map(|key| Given::new("named", format!("{key}:{number:03}")).behind(key.to_string()))
            .collect();
        outbox.enqueue(&messages).await;
    }
    let mut workers: Vec<Worker> = (0..crew).map(|_| outbox.worker(&sink, LEASE)).collect();
    for kill in 0..kills {
        let goal = keys * each * (kill + 1) / (kills + 2);
        sink.reached(goal, SETTLING).await;
        workers.remove(0).kill();
        workers.push(outbox.worker(&sink, LEASE));
    }
    outbox.drained(SETTLING).await;
    for worker in workers {
        worker.stop().await;
    }
    let mut seen: HashMap<String, String> = HashMap::new();
    for call in sink.calls() {
        let (key, _) = call.message_id.split_once(':').unwrap();
        let before = seen.insert(key.to_owned(), call.message_id.clone());
        let is_in_order = before.as_ref().is_none_or(|before| {
            // The same again, after a failure or a kill, or the very next.
            let number = |id: &str| id.split(':').nth(1).unwrap().parse::<usize>().unwrap();
            *before == call.message_id || number(before) + 1 == number(&call.message_id)
        });
        assert!(is_in_order, "{before:?} came before {}", call.message_id);
    }
    assert_eq!(sink.count(), keys * each);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_under_way_once_though_many_of_it_are_due() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Slow(Duration::from_millis(20))));
    let messages: Vec<Given> = (0..30)
        .map(|number| Given::new("named", format!("{number:02}")).behind("key"))
        .collect();
    outbox.enqueue(&messages).await;
    let workers = [
        outbox.worker(&sink, LONG_LEASE),
        outbox.worker(&sink, LONG_LEASE),
    ];
    outbox.drained(SETTLING).await;
    let overlapping = sink
        .calls()
        .iter()
        .filter(|call| call.under_way > 1)
        .count();
    assert_eq!(overlapping, 0);
    for worker in workers {
        worker.stop().await;
    }
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_head_blocks_its_key_and_no_other_until_it_is_skipped() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|job| match job.message_id.as_str() {
        "bad" => Answer::Fail(Failure::new(FailureKind::Refused, "no")),
        _ => Answer::Fine,
    }));
    outbox
        .enqueue(&[
            Given::new("named", "bad").behind("one"),
            Given::new("named", "behind").behind("one"),
            Given::new("named", "other").behind("two"),
        ])
        .await;
    let worker = outbox.worker(&sink, LONG_LEASE);
    wait::until("the other key is through", async || {
        sink.effects().contains_key("other").then_some(())
    })
    .await;
    // The sweep moves what is blocked out of the claims' way.
    let deferred =
        "select count(*) from outbox_work where run_at > clock_timestamp() + interval '10 seconds'";
    wait::until("what is blocked is out of the way", async || {
        (outbox.count(deferred).await == 1).then_some(())
    })
    .await;
    assert_eq!(sink.count(), 1);
    let operator = outbox::operators::Operator {
        principal: "operator:test",
        reason: Some("told by phone"),
    };
    let how = (&operator, outbox::operators::Mode::Real);
    let skip = outbox::operators::Remedy::Skip;
    outbox::operators::remedy(&outbox.store.pools.engine, (None, "bad"), skip, how)
        .await
        .unwrap();
    outbox.drained(wait::PATIENCE).await;
    assert!(sink.effects().contains_key("behind"));
    worker.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_newest_is_sent_where_only_that_counts() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Fine));
    let messages: Vec<Given> = (0..10)
        .map(|number| Given::new("pure", format!("v{number}")).behind("record"))
        .collect();
    outbox.enqueue(&messages).await;
    let worker = outbox.worker(&sink, LONG_LEASE);
    outbox.drained(wait::PATIENCE).await;
    worker.stop().await;
    assert_eq!(sink.effects().into_keys().collect::<Vec<_>>(), ["v9"]);
    let superseded = "select count(*) from outbox_attempts where outcome = 'superseded'";
    assert_eq!(outbox.count(superseded).await, 9);
    outbox.close().await;
}
