//! The delivery engine under kills, lost answers and workers that stand still: what each effect class promises, by the
//! ledger of the other side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use integrations::outcome::{Failure, FailureKind};
use tests::sinks::{Answer, CLASSES, Sink};
use tests::workers::{Given, Outbox};
use tests::{cluster, scale, wait};
use uuid::Uuid;

/// Long enough to be renewed a few times, short enough to wait for its end.
const LEASE: Duration = Duration::from_millis(1_200);
const LONG_LEASE: Duration = Duration::from_secs(60);
const SETTLING: Duration = Duration::from_secs(300);

const COUNT_FINAL: &str = "
    select message_id, count(*) from outbox_attempts where outcome = 'delivered' group by message_id";
const LIST_UNKNOWN: &str = "select message_id from outbox_dead where state = 'unknown'";

#[tokio::test(flavor = "multi_thread")]
async fn every_class_keeps_its_promise_whatever_is_killed_or_lost() {
    let (each, kills) = (scale::size(60, 1_700), scale::size(3, 20));
    let seed = u64::from_be_bytes(Uuid::new_v4().as_bytes()[..8].try_into().unwrap());
    eprintln!("seed {seed}");
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(move |job| {
        // One answer in ten is lost, of each attempt anew; a call takes its time, so that kills find some under way.
        match hash(seed, &job.message_id, job.lease_no) % 10 {
            0 => Answer::Lost,
            1..=4 => Answer::Slow(Duration::from_millis(30)),
            _ => Answer::Fine,
        }
    }));
    let messages: Vec<Given> = CLASSES
        .iter()
        .flat_map(|(target, _)| {
            (0..each).map(move |number| Given::new(target, format!("{target}-{number}")))
        })
        .collect();
    outbox.enqueue(&messages).await;
    for kill in 0..kills {
        let workers = [outbox.worker(&sink, LEASE), outbox.worker(&sink, LEASE)];
        let goal = (messages.len() * (kill + 1)) / (kills + 2);
        let goal = goal.min(messages.len() * 3 / 4);
        sink.reached(goal, SETTLING).await;
        workers.into_iter().for_each(tests::workers::Worker::kill);
    }
    let survivor = outbox.worker(&sink, LEASE);
    outbox.drained(SETTLING).await;
    survivor.stop().await;
    check_promises(&outbox, &sink, &messages).await;
    outbox.close().await;
}

/// One effect each, or as many as the class's policy allows, and one end each.
async fn check_promises(outbox: &Outbox, sink: &Sink, messages: &[Given]) {
    let effects = sink.effects();
    let of = |target: &str| -> BTreeMap<String, usize> {
        let ours = |message: &Given| message.target == target;
        let ids = messages
            .iter()
            .filter(|one| ours(one))
            .map(|one| &one.message_id);
        ids.map(|id| (id.clone(), effects.get(id).copied().unwrap_or(0)))
            .collect()
    };
    let unknown = texts(outbox, LIST_UNKNOWN).await;
    for target in ["keyed", "named", "findable"] {
        let wrong: Vec<_> = of(target).into_iter().filter(|one| one.1 != 1).collect();
        assert!(wrong.is_empty(), "not one effect each: {wrong:?}");
    }
    let parked = of("parked");
    for (id, count) in &parked {
        assert!(*count <= 1, "{id} was sent twice");
        assert!(*count == 1 || unknown.contains(id), "{id} is lost");
    }
    assert!(
        unknown.iter().any(|id| parked.contains_key(id)),
        "no answer was lost, so nothing is shown"
    );
    assert!(
        unknown.iter().all(|id| parked.contains_key(id)),
        "{unknown:?}"
    );
    for target in ["resent", "pure"] {
        let lost: Vec<_> = of(target).into_iter().filter(|one| one.1 == 0).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
    }
    assert!(of("resent").values().any(|count| *count > 1));
    let finals = counts(outbox, COUNT_FINAL).await;
    for message in messages
        .iter()
        .filter(|one| !unknown.contains(&one.message_id))
    {
        assert_eq!(
            finals.get(&message.message_id),
            Some(&1),
            "{} was finished otherwise than once",
            message.message_id
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stood_still_past_its_lease_changes_nothing_and_leaves_evidence() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Freeze));
    outbox.enqueue(&[Given::new("named", "one")]).await;
    let stopped = outbox.worker(&sink, LEASE);
    wait::until("the first worker stands still", async || {
        (sink.calls().len() == 1).then_some(())
    })
    .await;
    // The next one does not stand still: it fails, so that the message is still there to be spoiled.
    sink.change(|_| {
        let failure = Failure::new(FailureKind::NotSent, "the name does not resolve");
        Answer::Fail(failure.with_retry_after(Some(Duration::from_secs(3_600))))
    });
    let other = outbox.worker(&sink, LEASE);
    let retried = "select count(*) from outbox_attempts where outcome = 'retry'";
    wait::until("another worker had its turn", async || {
        (outbox.count(retried).await == 1).then_some(())
    })
    .await;
    let before = row(&outbox).await;
    sink.thaw();
    let stale = "select count(*) from outbox_attempts where outcome = 'stale' and lease_no = 1";
    wait::until("the stale result is kept as evidence", async || {
        (outbox.count(stale).await == 1).then_some(())
    })
    .await;
    assert_eq!(
        row(&outbox).await,
        before,
        "the stale worker has changed something"
    );
    let numbers: Vec<i64> = sink.calls().iter().map(|call| call.lease_no).collect();
    assert_eq!(numbers, [1, 2], "lease numbers only grow");
    stopped.stop().await;
    other.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_success_settles_a_message_that_nobody_has_leased_again() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Freeze));
    outbox.enqueue(&[Given::new("named", "one")]).await;
    let stopped = outbox.worker(&sink, LEASE);
    let ended =
        "select count(*) from outbox_work where lease_until < clock_timestamp() and lease_no = 1";
    wait::until("the lease has ended", async || {
        (outbox.count(ended).await == 1).then_some(())
    })
    .await;
    sink.thaw();
    outbox.drained(wait::PATIENCE).await;
    assert_eq!(sink.calls().len(), 1, "it was not sent again");
    let delivered = "select count(*) from outbox_attempts where outcome = 'delivered'";
    assert_eq!(outbox.count(delivered).await, 1);
    stopped.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_success_settles_a_message_that_was_parked_as_unknown() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Freeze));
    outbox.enqueue(&[Given::new("parked", "one")]).await;
    let stopped = outbox.worker(&sink, LEASE);
    wait::until("the first worker stands still", async || {
        (sink.calls().len() == 1).then_some(())
    })
    .await;
    let other = outbox.worker(&sink, LEASE);
    wait::until("the message is unknown", async || {
        (texts(&outbox, LIST_UNKNOWN).await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(sink.calls().len(), 1, "it was not sent again");
    // Whoever parked it has not sent it, so what the late worker says is true.
    sink.thaw();
    wait::until("the late success settles it", async || {
        texts(&outbox, LIST_UNKNOWN).await.is_empty().then_some(())
    })
    .await;
    let delivered =
        "select count(*) from outbox_attempts where outcome = 'delivered' and lease_no = 1";
    assert_eq!(outbox.count(delivered).await, 1);
    stopped.stop().await;
    other.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_longer_than_a_lease_keeps_it_by_renewal() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Slow(LEASE * 2)));
    outbox.enqueue(&[Given::new("named", "one")]).await;
    let workers = [outbox.worker(&sink, LEASE), outbox.worker(&sink, LEASE)];
    outbox.drained(wait::PATIENCE).await;
    assert_eq!(sink.calls().len(), 1, "nobody took it away meanwhile");
    for worker in workers {
        worker.stop().await;
    }
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_meets_a_renewal_is_still_the_end_of_its_message() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Slow(Duration::from_millis(500))));
    outbox.enqueue(&[Given::new("keyed", "one")]).await;
    let worker = outbox.worker(&sink, LONG_LEASE);
    wait::until("it is under way", async || {
        (sink.calls().len() == 1).then_some(())
    })
    .await;
    // A renewal writes the row, and commits while the result waits for it.
    let renewal = "begin; update outbox_work set lease_until = lease_until + interval '1 second'";
    let renewing = cluster::shared().await.admin(&outbox.database.name).await;
    renewing.batch_execute(renewal).await.unwrap();
    let waiting = "
        select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%outbox_attempts%'";
    wait::until("the result waits for the renewal", async || {
        (outbox.count(waiting).await == 1).then_some(())
    })
    .await;
    renewing.batch_execute("commit").await.unwrap();
    drop(renewing);
    outbox.drained(wait::PATIENCE).await;
    assert_eq!(sink.calls().len(), 1);
    worker.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_held_goes_to_another_when_its_lease_ends() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Hang));
    let messages: Vec<Given> = (0..20)
        .map(|number| Given::new("keyed", format!("m{number}")))
        .collect();
    outbox.enqueue(&messages).await;
    let killed = outbox.worker(&sink, LEASE);
    wait::until("all are under way", async || {
        (sink.calls().len() == 20).then_some(())
    })
    .await;
    killed.kill();
    sink.change(|_| Answer::Fine);
    let other = outbox.worker(&sink, LEASE);
    outbox.drained(wait::PATIENCE).await;
    assert_eq!(
        (sink.count(), sink.effects().values().max()),
        (20, Some(&1))
    );
    other.stop().await;
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_gives_back_what_was_not_begun_and_waits_for_the_rest() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Slow(Duration::from_millis(300))));
    let limited = "insert into destinations (tenant_id, target, rate_per_second) values ('tenant', 'named', 4)";
    outbox.admin.batch_execute(limited).await.unwrap();
    let messages: Vec<Given> = (0..20)
        .map(|number| Given::new("named", format!("m{number}")))
        .collect();
    outbox.enqueue(&messages).await;
    let worker = outbox.worker(&sink, LONG_LEASE);
    wait::until("the first has left", async || {
        (!sink.calls().is_empty()).then_some(())
    })
    .await;
    worker.stop().await;
    let (called, done) = (sink.calls().len(), sink.count());
    assert_eq!(called, done, "what had begun was finished");
    let held =
        "select count(*) from outbox_work where lease_until > clock_timestamp() or attempt > 0";
    assert_eq!(outbox.count(held).await, 0, "all else was given back");
    let waiting = "select count(*) from outbox_work";
    assert_eq!(
        outbox.count(waiting).await,
        20 - i64::try_from(done).unwrap()
    );
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_its_provider_has_forgotten_is_not_used_again() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Fine));
    outbox
        .enqueue(&[
            Given::new("keyed", "uncertain"),
            Given::new("keyed", "fresh"),
        ])
        .await;
    let aged = "
        update outbox_work set first_sent_at = clock_timestamp() - interval '23 hours', is_uncertain = message_id <> 'fresh'";
    outbox.admin.batch_execute(aged).await.unwrap();
    let worker = outbox.worker(&sink, LONG_LEASE);
    outbox.drained(wait::PATIENCE).await;
    worker.stop().await;
    let sent: Vec<String> = sink
        .calls()
        .into_iter()
        .map(|call| call.message_id)
        .collect();
    assert_eq!(sent, ["fresh"]);
    let dead = "select count(*) from outbox_dead where failure_kind = 'unknown' and state = 'dead'";
    assert_eq!(outbox.count(dead).await, 1);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_has_expired_is_not_sent() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Fine));
    outbox
        .enqueue(&[Given::new("named", "late"), Given::new("named", "in-time")])
        .await;
    let expiry = "
        update outbox_work set expires_at = clock_timestamp()
            + case message_id when 'late' then interval '-1 second' else interval '1 hour' end";
    outbox.admin.batch_execute(expiry).await.unwrap();
    let worker = outbox.worker(&sink, LONG_LEASE);
    outbox.drained(wait::PATIENCE).await;
    worker.stop().await;
    assert_eq!(sink.effects().into_keys().collect::<Vec<_>>(), ["in-time"]);
    let expired =
        "select count(*) from outbox_attempts where message_id = 'late' and outcome = 'expired'";
    assert_eq!(outbox.count(expired).await, 1);
    outbox.close().await;
}

async fn row(outbox: &Outbox) -> String {
    let sql = "select w::text from outbox_work w";
    outbox.admin.query_one(sql, &[]).await.unwrap().get(0)
}

async fn texts(outbox: &Outbox, sql: &str) -> Vec<String> {
    let rows = outbox.admin.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn counts(outbox: &Outbox, sql: &str) -> BTreeMap<String, i64> {
    let rows = outbox.admin.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// FNV-1a, so that a seed repeats a run.
fn hash(seed: u64, text: &str, number: i64) -> u64 {
    let bytes = text.bytes().chain(number.to_le_bytes());
    bytes.fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
