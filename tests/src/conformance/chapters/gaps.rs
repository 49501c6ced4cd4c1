//! Gap and loss: writers that commit late, roll back after a position was drawn, and are killed, while a reader follows. It
//! must see all that stands, once. A reader that goes on from the highest position seen does not.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{check_log, check_streams, count, follow, length, streams};
use crate::conformance::seeds::Dice;
use crate::conformance::{
    Append, End, Failure, Finding, Fresh, NewEvent, StoreUnderTest, faults, following,
};
use crate::{ensure, scale};

const WRITERS: usize = 6;
/// Processes that they write through: one that gathers its appends commits in order by itself.
const PROCESSES: usize = 3;
/// Streams of each writer.
const STREAMS: usize = 4;
/// Between two connections killed.
const KILL_EVERY: Duration = Duration::from_millis(60);
/// How late a transaction commits at most.
const LATEST_MS: u64 = 12;

/// What the writers have done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub acknowledged: usize,
    pub failed: usize,
}

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let rounds = scale::size(40, 1_500);
    read_while_written(&mut stage, ("gaps", rounds), 0).await
}

/// Writes streams of this prefix while a reader follows from `after`, where nothing but these streams may follow.
pub async fn read_while_written<S: StoreUnderTest>(
    stage: &mut Stage<S>,
    (prefix, rounds): (&str, usize),
    after: i64,
) -> Finding {
    let (goal, goal_seen) = watch::channel(None);
    let reader = tokio::spawn(follow(stage.store.clone(), after, goal_seen));
    let (done, is_done) = watch::channel(());
    let killer = tokio::spawn(kill_now_and_then(stage.place.admin().await, is_done));
    let mut processes = Vec::with_capacity(PROCESSES);
    for _ in 0..PROCESSES {
        processes.push(S::open(&stage.place).await);
    }
    let dice = &mut stage.dice;
    let writers = (0..WRITERS).map(|writer| {
        let names = names_of(prefix, writer);
        write(&processes[writer % PROCESSES], names, rounds, dice.fork())
    });
    let tallies = join_all(writers).await;
    for process in processes {
        process.close().await;
    }
    drop(done);
    let _ = killer.await;
    let names: Vec<String> = (0..WRITERS)
        .flat_map(|writer| names_of(prefix, writer))
        .collect();
    let truth = streams(&stage.store, &names).await;
    let _ = goal.send(Some(count(&truth)));
    let seen = reader.await.map_err(|error| error.to_string())?;
    check_streams(&truth)?;
    let acknowledged: usize = tallies.iter().map(|tally| tally.acknowledged).sum();
    let failed: usize = tallies.iter().map(|tally| tally.failed).sum();
    ensure!(
        count(&truth) >= acknowledged,
        "{acknowledged} events were acknowledged and {} stand",
        count(&truth)
    );
    ensure!(failed > 0, "nothing went wrong, so nothing was shown");
    let shown = check_log(&seen, &truth)?;
    Ok(format!("{shown}, {failed} appends rolled back or killed"))
}

fn names_of(prefix: &str, writer: usize) -> Vec<String> {
    (0..STREAMS)
        .map(|stream| format!("{prefix}-{writer}-{stream}"))
        .collect()
}

/// Appends to streams of its own; after a failure only the streams know whether it stood.
async fn write<S: StoreUnderTest>(
    store: &S,
    names: Vec<String>,
    rounds: usize,
    mut dice: Dice,
) -> Tally {
    let (mut tally, mut lengths) = (Tally::default(), vec![0; names.len()]);
    for _ in 0..rounds {
        let stream = dice.pick(names.len());
        let aborts = dice.one_in(5);
        let linger_ms = dice.roll(LATEST_MS);
        let mut events: Vec<NewEvent> = (0..=dice.roll(3))
            .map(|_| NewEvent::plain(dice.draw()))
            .collect();
        events[0].linger_ms = linger_ms;
        events[0].end = if aborts { End::Aborts } else { End::Commits };
        let written = events.len();
        let append = Append::of(vec![Fresh {
            stream: names[stream].clone(),
            expected: lengths[stream],
            events,
        }]);
        match store.append(&append).await {
            Ok(_) => {
                tally.acknowledged += written;
                lengths[stream] += i64::try_from(written).unwrap_or(0);
            }
            Err(failure) => {
                tally.failed += 1;
                // Killed by the client's end, the backend may still be at it: its outcome is waited for by the next conflict.
                if failure != Failure::Conflict {
                    following::pause(Duration::from_millis(LATEST_MS)).await;
                }
                lengths[stream] = length(store, &names[stream]).await;
            }
        }
    }
    tally
}

async fn kill_now_and_then(admin: tokio_postgres::Client, mut done: watch::Receiver<()>) {
    while tokio::time::timeout(KILL_EVERY, done.changed())
        .await
        .is_err()
    {
        faults::kill_one_connection(&admin).await;
    }
}
