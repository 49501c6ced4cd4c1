//! What many senders and many destinations make of each other: a rate that is enforced is used and not exceeded, one
//! destination that is dead costs the others next to nothing, and transactions of other people that stay open for long do
//! not hold the queue up.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use integrations::outcome::{Failure, FailureKind};
use outbox::destinations::{self, Change};
use outbox::operators::{Mode, Operator};
use tests::sinks::{Answer, Sink};
use tests::workers::{Given, Outbox, Worker};
use tests::{cluster, scale};

const LEASE: Duration = Duration::from_secs(60);
const SETTLING: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);

/// At full size the machine is ours, and shares mean something; otherwise other tests and builds work on it meanwhile.
fn is_alone() -> bool {
    scale::size(0, 1) == 1
}

fn many(tenant_id: &str, count: usize) -> Vec<Given> {
    let messages = (0..count).map(|number| format!("{tenant_id}-{number}"));
    messages
        .map(|id| Given::new("named", id).of(tenant_id))
        .collect()
}

/// A place that takes so many in a second and turns the others away: a bucket that is full at first.
struct Bucket {
    rate: f64,
    left: f64,
    at: Instant,
    turned_away: Vec<Instant>,
}

impl Bucket {
    fn take(&mut self) -> Answer {
        let now = Instant::now();
        let gained = (now - self.at).as_secs_f64() * self.rate;
        (self.left, self.at) = ((self.left + gained).min(self.rate), now);
        if self.left < 1.0 {
            self.turned_away.push(now);
            let failure = Failure::new(FailureKind::NotSent, "status 429");
            return Answer::Fail(failure.with_retry_after(Some(SECOND)));
        }
        self.left -= 1.0;
        Answer::Fine
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_relays_use_a_rate_that_is_enforced_and_do_not_exceed_it() {
    const RATE: u32 = 100;
    let seconds = scale::size(5, 60);
    let outbox = Outbox::open().await;
    let bucket = Arc::new(Mutex::new(Bucket {
        rate: f64::from(RATE),
        left: f64::from(RATE),
        at: Instant::now(),
        turned_away: Vec::new(),
    }));
    let sink = {
        let bucket = bucket.clone();
        Arc::new(Sink::new(move |_| bucket.lock().unwrap().take()))
    };
    let change = Change::Limit {
        rate_per_second: Some(f64::from(RATE)),
        burst: 1,
        max_in_flight: None,
        seconds: None,
    };
    let operator = Operator {
        principal: "operator:test",
        reason: Some("a test"),
    };
    let place = (&domain::ids::TenantId::new("tenant"), "named");
    let pool = &outbox.store.pools.engine;
    destinations::change(pool, place, &change, (&operator, Mode::Real))
        .await
        .unwrap();
    let count = usize::try_from(RATE).unwrap() * seconds;
    outbox.enqueue(&many("tenant", count)).await;
    let workers: Vec<Worker> = (0..4).map(|_| outbox.worker(&sink, LEASE)).collect();
    outbox.drained(SETTLING).await;
    let calls = sink.calls();
    let (first, last) = (calls[0].at, calls[calls.len() - 1].at);
    let late: Vec<Duration> = {
        let bucket = bucket.lock().unwrap();
        let away = bucket.turned_away.iter().map(|at| *at - first);
        away.filter(|after| *after > SECOND).collect()
    };
    assert!(
        late.is_empty(),
        "turned away after the first second: {late:?}"
    );
    let ideal = SECOND * u32::try_from(count).unwrap() / RATE;
    let used = ideal.as_secs_f64() / (last - first).as_secs_f64();
    eprintln!("{:.1} % of the rate was used", used * 100.0);
    let least = if is_alone() { 0.95 } else { 0.5 };
    assert!(used >= least, "{:.1} % of the rate was used", used * 100.0);
    for worker in workers {
        worker.stop().await;
    }
    outbox.close().await;
}

/// How long 49 destinations took to be served while the fiftieth did as `dead` says.
async fn time_beside(dead: Option<fn() -> Answer>) -> Duration {
    let each = scale::size(8, 200);
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(move |job| match (job.tenant_id.as_str(), dead) {
        ("t00", Some(answer)) => answer(),
        _ => Answer::Slow(Duration::from_millis(100)),
    }));
    let mut messages = Vec::new();
    for tenant in 0..50 {
        let count = if tenant == 0 && dead.is_none() {
            0
        } else {
            each
        };
        messages.extend(many(&format!("t{tenant:02}"), count));
    }
    outbox.enqueue(&messages).await;
    let started = Instant::now();
    let worker = outbox.worker(&sink, LEASE);
    sink.reached(49 * each, SETTLING).await;
    let taken = started.elapsed();
    worker.kill();
    outbox.close().await;
    taken
}

/// Nobody is there.
fn refused() -> Answer {
    Answer::Fail(Failure::new(FailureKind::NotSent, "no connection"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_dead_destination_among_fifty_costs_the_others_next_to_nothing() {
    let most = if is_alone() { 1.05 } else { 2.5 };
    let alone = time_beside(None).await;
    let beside = time_beside(Some(refused)).await;
    let cost = beside.as_secs_f64() / alone.as_secs_f64();
    eprintln!("{alone:?} alone, {beside:?} beside a dead one: {cost:.3}");
    assert!(
        cost <= most,
        "{alone:?} alone, {beside:?} beside a dead one"
    );
}

/// Enqueues at a steady rate for a while; answers how many were through when the last was enqueued.
async fn flow(outbox: &Outbox, sink: &Sink, (name, rate, seconds): (&str, usize, usize)) -> usize {
    const TICKS: usize = 20;
    let before = sink.count();
    let mut ticks = tokio::time::interval(SECOND / u32::try_from(TICKS).unwrap());
    for tick in 0..seconds * TICKS {
        ticks.tick().await;
        let messages: Vec<Given> = (0..rate / TICKS)
            .map(|number| Given::new("named", format!("{name}-{tick}-{number}")))
            .collect();
        outbox.enqueue(&messages).await;
    }
    sink.count() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_keeps_its_pace_beside_long_transactions_of_others() {
    let (rate, seconds) = (scale::size(200, 800), scale::size(4, 60));
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|_| Answer::Fine));
    let worker = outbox.worker(&sink, LEASE);
    let alone = flow(&outbox, &sink, ("alone", rate, seconds)).await;
    outbox.drained(SETTLING).await;
    let done = sink.count();
    // Three that overlap, so that at every moment one is open: what they may still see, vacuum must leave.
    let shared = cluster::shared().await;
    let mut readers = Vec::new();
    for _ in 0..3 {
        let reader = shared.admin(&outbox.database.name).await;
        let begin = "begin isolation level repeatable read; select count(*) from outbox_work";
        reader.batch_execute(begin).await.unwrap();
        readers.push(reader);
    }
    let third = seconds.div_ceil(3);
    let mut beside = 0;
    for round in 0..3 {
        let name = format!("beside-{round}");
        beside += flow(&outbox, &sink, (&name, rate, third)).await;
        // The oldest goes, and another comes.
        let reader = readers.remove(0);
        reader.batch_execute("commit").await.unwrap();
        let begin = "begin isolation level repeatable read; select count(*) from outbox_work";
        reader.batch_execute(begin).await.unwrap();
        readers.push(reader);
    }
    let wanted = rate * third * 3;
    let (share_alone, share_beside) = (share(alone, rate * seconds), share(beside, wanted));
    eprintln!(
        "{share_alone:.3} of what came was through alone, {share_beside:.3} beside long readers"
    );
    let least = if is_alone() { 0.95 } else { 0.3 };
    assert!(
        share_beside >= least * share_alone,
        "{share_alone:.3} of what came was through alone, {share_beside:.3} beside long readers"
    );
    outbox.drained(Duration::from_secs(60)).await;
    assert_eq!(sink.count() - done, wanted);
    drop(readers);
    worker.stop().await;
    outbox.close().await;
}

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
