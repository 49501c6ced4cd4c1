//! The stress: writers that commit late, roll back and are killed, while a reader follows. The log's own reader loses
//! nothing and sees every stream in order; a naive reader beside it does lose.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use event_store::log;
use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use tests::app::ROOT_KEY;
use tests::cluster::{self, Database};
use tests::{scale, wait};
use tokio_postgres::{Client, NoTls};

const KIND: &str = "stress";
const WRITERS: usize = 6;
/// Streams of each writer.
const STREAMS: usize = 4;
const POOLS: PoolSizes = PoolSizes {
    request: 2,
    query: 2,
    engine: 4,
};

/// As the append does it: the transaction's id is forced before any position is drawn.
const FORCE_ID: &str =
    "select set_config('rapport.tenant_id', 'stress', true), pg_current_xact_id()::text";
const INSERT: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select 'stress', 'stress', $1::text, $2::bigint + number, 'Stressed', '1', '{}', '{}', now(), '', '', '', ''
    from generate_series(1, $3::int) as number";
/// Positions stay drawn and uncommitted for this long, which is what a naive reader stumbles over.
const LINGER: &str = "select pg_sleep($1::float8 / 1000)";
const FIND_SEQUENCE: &str = "
    select coalesce(max(sequence), 0) from events where aggregate_type = 'stress' and aggregate_id = $1";
const KILL_ONE: &str = "
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'stress' order by random() limit 1";
const READ_NAIVELY: &str = "select position from events where aggregate_type = 'stress' and position > $1 order by position";
const READ_TRUTH: &str = "select position, aggregate_id, sequence from events where aggregate_type = 'stress' order by position";

/// A generator of its own, so that a run can be told again from its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[derive(Default)]
struct Tally {
    done: AtomicBool,
    acknowledged: AtomicU64,
    killed: AtomicU64,
    rolled_back: AtomicU64,
}

/// A connection that may be killed, and what the table says of this writer's streams. It may be killed while it is made.
async fn writer_connection(database: &Database, writer: usize) -> (Client, [i64; STREAMS]) {
    let mut config: tokio_postgres::Config = database.url.parse().unwrap();
    config
        .application_name("stress")
        .options("-c role=rapport_request -c rapport.tenant_id=stress");
    wait::until("the writer is connected", async || {
        let (client, connection) = config.connect(NoTls).await.ok()?;
        tokio::spawn(connection);
        let mut sequences = [0; STREAMS];
        for (stream, sequence) in sequences.iter_mut().enumerate() {
            let row = client
                .query_one(FIND_SEQUENCE, &[&format!("{writer}-{stream}")])
                .await
                .ok()?;
            *sequence = row.get(0);
        }
        Some((client, sequences))
    })
    .await
}

/// Writes streams of its own; each transaction commits at once, late, never, or is killed on the way.
async fn write(database: Database, writer: usize, rounds: usize, seed: u64, tally: Arc<Tally>) {
    let mut dice = Dice(seed ^ (writer as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let (mut client, mut sequences) = writer_connection(&database, writer).await;
    for _ in 0..rounds {
        let stream = dice.roll(STREAMS as u64) as usize;
        let count = 1 + dice.roll(3) as i32;
        let id = format!("{writer}-{stream}");
        let (linger, gives_up) = (dice.roll(12), dice.roll(5) == 0);
        let attempt = async {
            let tx = client.transaction().await?;
            tx.query_one(FORCE_ID, &[]).await?;
            tx.execute(INSERT, &[&id, &sequences[stream], &count])
                .await?;
            tx.query_one(LINGER, &[&(linger as f64)]).await?;
            if gives_up {
                tx.rollback().await
            } else {
                tx.commit().await
            }
        };
        match attempt.await {
            Ok(()) if gives_up => {
                tally.rolled_back.fetch_add(1, Ordering::Relaxed);
            }
            Ok(()) => {
                sequences[stream] += i64::from(count);
                tally
                    .acknowledged
                    .fetch_add(u64::try_from(count).unwrap(), Ordering::Relaxed);
            }
            Err(_) => {
                tally.killed.fetch_add(1, Ordering::Relaxed);
                // Whether the commit stood, only the table knows.
                (client, sequences) = writer_connection(&database, writer).await;
            }
        }
    }
}

async fn kill_now_and_then(database: Database, tally: Arc<Tally>) {
    let admin = cluster::shared().await.admin(&database.name).await;
    while !tally.done.load(Ordering::Relaxed) {
        admin.query(KILL_ONE, &[]).await.unwrap();
        admin.query_one(LINGER, &[&40.0_f64]).await.unwrap();
    }
}

/// Reads on from the highest position seen, as one would without thinking of writers that are still at it.
async fn read_naively(database: Database, tally: Arc<Tally>) -> HashSet<i64> {
    let admin = cluster::shared().await.admin(&database.name).await;
    let (mut seen, mut last) = (HashSet::new(), 0_i64);
    loop {
        let done = tally.done.load(Ordering::Relaxed);
        for row in admin.query(READ_NAIVELY, &[&last]).await.unwrap() {
            last = row.get(0);
            seen.insert(last);
        }
        if done {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

/// Follows the log as subscribers do, until everything that was written has been seen.
async fn follow(store: Store, tally: Arc<Tally>, total: Arc<AtomicU64>) -> Vec<(i64, String, i64)> {
    let mut safe = store.tail.watch();
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let until = *safe.borrow_and_update();
        if after < until {
            let client = store.pools.engine.get().await.unwrap();
            let batch = log::read(&client, &[KIND], (after, until), 500)
                .await
                .unwrap();
            after = if batch.len() < 500 {
                until
            } else {
                batch.last().map_or(until, |event| event.position)
            };
            seen.extend(
                batch
                    .into_iter()
                    .map(|event| (event.position, event.aggregate_id, event.sequence)),
            );
            continue;
        }
        let all = tally.done.load(Ordering::Relaxed)
            && seen.len() as u64 >= total.load(Ordering::Relaxed);
        if all {
            return seen;
        }
        let _ = tokio::time::timeout(wait::PATIENCE, safe.changed()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_loses_nothing_and_sees_every_stream_in_order_where_a_naive_one_loses() {
    let rounds = scale::size(150, 3_000);
    let seed = u64::from_le_bytes(uuid::Uuid::new_v4().as_bytes()[..8].try_into().unwrap()) | 1;
    let database = cluster::shared().await.clone_template().await;
    let store = Store::new(
        Pools::new(&database.url, POOLS).unwrap(),
        Vault::new(&ROOT_KEY),
    );
    let (tally, total) = (
        Arc::new(Tally::default()),
        Arc::new(AtomicU64::new(u64::MAX)),
    );
    let tail = store.tail.clone();
    let tail = tokio::spawn(async move { tail.run().await });
    let reader = tokio::spawn(follow(store.clone(), tally.clone(), total.clone()));
    let naive = tokio::spawn(read_naively(database.clone(), tally.clone()));
    let killer = tokio::spawn(kill_now_and_then(database.clone(), tally.clone()));
    let writers = (0..WRITERS)
        .map(|writer| tokio::spawn(write(database.clone(), writer, rounds, seed, tally.clone())));
    for writer in futures_util::future::join_all(writers).await {
        writer.unwrap();
    }
    let admin = cluster::shared().await.admin(&database.name).await;
    let truth: Vec<(i64, String, i64)> = admin
        .query(READ_TRUTH, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    total.store(truth.len() as u64, Ordering::Relaxed);
    tally.done.store(true, Ordering::Relaxed);
    killer.await.unwrap();
    let naive = naive.await.unwrap();
    let seen = tokio::time::timeout(wait::PATIENCE * 2, reader).await;
    let seen = seen
        .unwrap_or_else(|_| panic!("seed {seed}: the reader waits for what never comes"))
        .unwrap();
    tail.abort();
    drop((admin, store));
    cluster::shared().await.drop_database(&database.name).await;

    check(seed, &truth, &seen, &tally);
    let lost = truth
        .iter()
        .filter(|(position, _, _)| !naive.contains(position))
        .count();
    assert!(
        lost > 0,
        "seed {seed}: the naive reader was lucky; the test shows nothing"
    );
    assert!(
        tally.killed.load(Ordering::Relaxed) > 0,
        "seed {seed}: nobody was killed"
    );
    assert!(
        tally.rolled_back.load(Ordering::Relaxed) > 0,
        "seed {seed}: nobody gave up"
    );
}

type Seen = (i64, String, i64);

/// What the log's own reader owes: everything that stands, once, in order, and whatever was acknowledged stands.
fn check(seed: u64, truth: &[Seen], seen: &[Seen], tally: &Tally) {
    assert_eq!(
        seen, truth,
        "seed {seed}: the reader has seen something else than what was written"
    );
    let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
    for (position, stream, sequence) in seen {
        let before = newest.insert(stream, *sequence).unwrap_or(0);
        assert_eq!(
            before + 1,
            *sequence,
            "seed {seed}: {stream} is out of order at {position}"
        );
    }
    assert!(
        truth.len() as u64 >= tally.acknowledged.load(Ordering::Relaxed),
        "seed {seed}: acknowledged events are gone"
    );
}
