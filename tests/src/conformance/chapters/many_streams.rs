//! Several streams in one append: all of them or none, whatever order they are named in, and nobody waits for each other.

use futures_util::future::join_all;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{Streams, check_streams, streams};
use crate::conformance::seeds::Dice;
use crate::conformance::{Append, End, Failure, Finding, Fresh, NewEvent, StoreUnderTest, faults};
use crate::{ensure, scale};

const WRITERS: usize = 12;
const STREAMS: usize = 6;
/// After so many rounds all writers go over to fresh streams, which load fast.
const STREAM_LIFE: usize = 40;
/// An append names so many streams at most.
const WIDEST: u64 = 4;

/// One append: its number, where it went, and what was answered.
struct Sent {
    value: u64,
    streams: Vec<String>,
    outcome: Result<(), Failure>,
}

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let rounds = scale::size(40, 1_500);
    let dice = &mut stage.dice;
    let writers = (0..WRITERS).map(|_| write(&stage.store, rounds, dice.fork()));
    let sent: Vec<Sent> = join_all(writers).await.into_iter().flatten().collect();
    let mut truth = Streams::new();
    for window in 0..=rounds / STREAM_LIFE {
        truth.extend(streams(&stage.store, &names_of(window)).await);
    }
    check_streams(&truth)?;
    for sent in &sent {
        check(sent, &truth)?;
    }
    stage.store.close().await;
    let deadlocks = faults::count_deadlocks(&stage.place).await;
    ensure!(deadlocks == 0, "{deadlocks} deadlocks");
    let stood = sent.iter().filter(|sent| sent.outcome.is_ok()).count();
    ensure!(
        stood > 0 && stood < sent.len(),
        "{stood} of {} appends stood, which shows nothing",
        sent.len()
    );
    Ok(format!(
        "{} appends, {stood} stood whole, 0 torn, 0 deadlocks",
        sent.len()
    ))
}

fn check(sent: &Sent, truth: &Streams) -> Result<(), String> {
    let holds = |stream: &&String| truth[*stream].iter().any(|event| event.value == sent.value);
    let found = sent.streams.iter().filter(holds).count();
    let (all, value) = (sent.streams.len(), sent.value);
    let is_right = match sent.outcome {
        Ok(()) => found == all,
        Err(Failure::Unknown(_)) => found == 0 || found == all,
        Err(_) => found == 0,
    };
    ensure!(
        is_right,
        "{value} stands in {found} of {all} streams after {:?}",
        sent.outcome
    );
    Ok(())
}

fn names_of(window: usize) -> Vec<String> {
    (0..STREAMS)
        .map(|stream| format!("many-{window}-{stream}"))
        .collect()
}

async fn write<S: StoreUnderTest>(store: &S, rounds: usize, mut dice: Dice) -> Vec<Sent> {
    let mut all = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let mut picked = names_of(round / STREAM_LIFE);
        dice.shuffle(&mut picked);
        picked.truncate(usize::try_from(2 + dice.roll(WIDEST - 1)).unwrap_or(2));
        let (value, aborts) = (dice.draw(), dice.one_in(3));
        let now = streams(store, &picked).await;
        let fresh = picked.iter().enumerate().map(|(number, stream)| Fresh {
            stream: stream.clone(),
            expected: i64::try_from(now[stream].len()).unwrap_or(i64::MAX),
            events: vec![NewEvent {
                value,
                linger_ms: if number == 0 { dice.roll(4) } else { 0 },
                // The last of them to be written brings all of them down.
                end: if aborts && number + 1 == picked.len() {
                    End::Aborts
                } else {
                    End::Commits
                },
            }],
        });
        let append = Append::of(fresh.collect());
        all.push(Sent {
            value,
            outcome: store.append(&append).await.map(drop),
            streams: picked,
        });
    }
    all
}
