//! A history of a store: clients that read lists and append to several at once, while connections are killed and
//! PostgreSQL crashes. What they were told is judged as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{pause, streams};
use crate::conformance::history::{Name, Outcome, Recorder, Step, Transaction};
use crate::conformance::seeds::Dice;
use crate::conformance::{
    Append, Appended, Capability, End, Failure, Finding, Fresh, NewEvent, StoreUnderTest, checker,
    faults, offers,
};
use crate::{ensure, scale, wait};

const CLIENTS: usize = 16;
/// Lists that are in use at the same time.
const LISTS: usize = 16;
/// After so many transactions one list goes out of use and a new one comes in.
const LIST_LIFE: usize = 40;
/// A transaction is about so many lists at most.
const WIDEST: u64 = 3;
/// Between two connections killed.
const KILL_EVERY: Duration = Duration::from_millis(120);
/// Between two crashes of PostgreSQL, in transactions.
const CRASH_EVERY: usize = 5_000;
/// How many lists are read at once in the end.
const CHUNK: usize = 100;

/// What one client needs.
struct Client<S> {
    number: usize,
    store: S,
    recorder: Recorder,
    /// Transactions so far, of all clients.
    done: Arc<AtomicUsize>,
    goal: usize,
    dice: Dice,
    next: u64,
}

pub async fn run<S: StoreUnderTest>(dice: Dice) -> Finding {
    let goal = scale::size(2_000, 100_000);
    let (mut stage, mut server) = Stage::<S>::set_private(dice).await;
    let (recorder, done) = (Recorder::default(), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = Client {
                number,
                store: stage.store.clone(),
                recorder: recorder.clone(),
                done: done.clone(),
                goal,
                dice: stage.dice.fork(),
                next: 0,
            };
            tokio::spawn(client.run())
        })
        .collect();
    let (ended, is_ended) = watch::channel(());
    let (mut crashes, mut kills) = (0, 0);
    let all = async {
        join_all(clients).await;
        drop(ended);
    };
    let trouble = async {
        while is_ended.has_changed().is_ok() {
            // The first crash comes half-way to where a short run ends.
            if done.load(Ordering::Relaxed) >= 1_000 + crashes * CRASH_EVERY {
                server.kill();
                server.run().await;
                crashes += 1;
            }
            let Ok(admin) = stage
                .place
                .admin_config()
                .connect(tokio_postgres::NoTls)
                .await
            else {
                continue;
            };
            let (admin, connection) = admin;
            tokio::spawn(connection);
            faults::kill_one_connection(&admin).await;
            kills += 1;
            pause(KILL_EVERY).await;
        }
    };
    tokio::join!(all, trouble);
    let history = recorder.finish(read_all(&stage.store, done.load(Ordering::Relaxed)).await);
    stage.store.close().await;
    let anomalies = checker::check(&history);
    ensure!(anomalies.is_empty(), "{anomalies:?}");
    let stood = |transaction: &&Transaction| transaction.outcome == Outcome::Done;
    let total = history.transactions.len();
    let stood = history.transactions.iter().filter(stood).count();
    ensure!(stood * 3 > total, "only {stood} of {total} stood");
    let about = match offers::<S>(&[Capability::ManyStreams]) {
        true => "up to three streams",
        false => "one stream",
    };
    Ok(format!(
        "{total} transactions of {CLIENTS} clients on {about} each, {stood} done, {kills} connections killed, \
        {crashes} crashes: no anomaly, strictly serialisable"
    ))
}

fn name_of(list: usize) -> String {
    format!("list-{list}")
}

/// All lists as they stand.
async fn read_all<S: StoreUnderTest>(
    store: &S,
    done: usize,
) -> std::collections::BTreeMap<Name, Vec<u64>> {
    let names: Vec<String> = (0..done / LIST_LIFE + LISTS + 1).map(name_of).collect();
    let mut lists = std::collections::BTreeMap::new();
    for chunk in names.chunks(CHUNK) {
        for (name, events) in streams(store, chunk).await {
            let values = events.iter().map(|event| event.value).collect();
            lists.insert(Name::from(name), values);
        }
    }
    lists
}

impl<S: StoreUnderTest> Client<S> {
    async fn run(mut self) {
        loop {
            let done = self.done.load(Ordering::Relaxed);
            if done >= self.goal {
                return;
            }
            let lists = self.pick(done / LIST_LIFE);
            let called = self.recorder.call();
            let loaded = match self.store.load(&lists).await {
                Ok(loaded) => loaded,
                // The server is away; nobody was told anything.
                Err(_) => {
                    pause(Duration::from_millis(5)).await;
                    continue;
                }
            };
            let mut transaction = Transaction::called(self.number, called);
            let values = loaded
                .iter()
                .map(|events| events.iter().map(|event| event.value).collect());
            transaction.steps = lists
                .iter()
                .zip(values)
                .map(|(list, values)| Step::Read {
                    list: Name::from(list.as_str()),
                    values,
                })
                .collect();
            transaction.outcome = Outcome::Done;
            if !self.dice.one_in(3) {
                let lengths: Vec<usize> = loaded.iter().map(Vec::len).collect();
                self.append(&lists, &lengths, &mut transaction).await;
            }
            self.recorder.answer(transaction);
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn pick(&mut self, oldest: usize) -> Vec<String> {
        let count = match offers::<S>(&[Capability::ManyStreams]) {
            true => 1 + self.dice.roll(WIDEST),
            false => 1,
        };
        let lists: BTreeSet<usize> = (0..count).map(|_| oldest + self.dice.pick(LISTS)).collect();
        lists.into_iter().map(name_of).collect()
    }

    /// Appends one number to each list, on the versions that were read.
    async fn append(&mut self, lists: &[String], lengths: &[usize], into: &mut Transaction) {
        self.next += 1;
        let value = ((self.number as u64) << 32) | self.next;
        let aborts = self.dice.one_in(20);
        let fresh = lists.iter().zip(lengths).map(|(list, length)| Fresh {
            stream: list.clone(),
            expected: i64::try_from(*length).unwrap_or(i64::MAX),
            events: vec![NewEvent {
                value,
                linger_ms: 0,
                end: if aborts { End::Aborts } else { End::Commits },
            }],
        });
        let append = Append::of(fresh.collect());
        into.steps.extend(lists.iter().map(|list| Step::Append {
            list: Name::from(list.as_str()),
            value,
        }));
        let answer = match aborts {
            // It can never stand, so there is nothing to be sent again.
            true => self.store.append(&append).await,
            false => self.settle(&append).await,
        };
        into.outcome = match answer {
            Ok(appended) => {
                into.position = appended.position;
                Outcome::Done
            }
            Err(Failure::Unknown(_)) => Outcome::Unknown,
            Err(_) => Outcome::Failed,
        };
    }

    /// Sends an append; with a key, until its answer is certain.
    async fn settle(&self, append: &Append) -> Result<Appended, Failure> {
        let first = self.store.append(append).await;
        if !matches!(first, Err(Failure::Unknown(_))) || !offers::<S>(&[Capability::Keys]) {
            return first;
        }
        wait::until("an append has an answer", async || {
            match self.store.append(append).await {
                Err(Failure::Unknown(_)) => None,
                certain => Some(certain),
            }
        })
        .await
    }
}
