//! Conflict: fifty writers on one stream. Nobody overwrites anybody, everybody gets through within a bounded time, and an
//! append that is refused seldom burns a position: whoever was refused looks before it writes for a while.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{certain, check_streams, count, length, pause, streams};
use crate::conformance::seeds::Dice;
use crate::conformance::{Append, Capability, Failure, Finding, NewEvent, StoreUnderTest, offers};
use crate::{ensure, scale};

const WRITERS: usize = 50;
/// Appends of each writer to the same stream.
const APPENDS: usize = 4;
/// Attempts that 99 of 100 appends get through with; the machine may be slow.
const MOST_ATTEMPTS: usize = 100;
/// The longest wait before another attempt, in milliseconds; it doubles so many times.
const FIRST_BACKOFF_MS: u64 = 5;
const BACKOFFS: usize = 5;
/// Appends on an old version, one after the other.
const STALE: usize = 1_000;
/// How many positions they may burn.
const MOST_BURNT: i64 = 20;

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let repetitions = scale::size(1, 20);
    let (mut latencies, mut attempts) = (Vec::new(), Vec::new());
    for repetition in 0..repetitions {
        let hot = format!("hot-{repetition}");
        let (store, dice) = (&stage.store, &mut stage.dice);
        let writers = (0..WRITERS).map(|_| write(store, &hot, dice.fork()));
        for written in join_all(writers).await {
            let (took, tried) = written?;
            latencies.extend(took);
            attempts.extend(tried);
        }
        let all = streams(&stage.store, &[hot]).await;
        check_streams(&all)?;
        let stand = count(&all);
        ensure!(
            stand == WRITERS * APPENDS,
            "{} appends were acknowledged and {stand} events stand",
            WRITERS * APPENDS
        );
    }
    latencies.sort_unstable();
    attempts.sort_unstable();
    let total = latencies.len();
    let (median, slow) = (latencies[total / 2], latencies[total * 99 / 100]);
    let most = attempts[total * 99 / 100];
    ensure!(
        most <= MOST_ATTEMPTS,
        "1 of 100 appends takes {most} attempts and more"
    );
    let burnt = if offers::<S>(&[Capability::Log]) {
        refuse_many(&mut stage).await?
    } else {
        String::new()
    };
    Ok(format!(
        "{total} appends, 0 lost, {} attempts (p99 {most}), p50 {} ms, p99 {} ms{burnt}",
        attempts.iter().sum::<usize>(),
        median.as_millis(),
        slow.as_millis()
    ))
}

/// Appends again and again, each until it is through; answers how long each took, and how many attempts.
async fn write<S: StoreUnderTest>(
    store: &S,
    hot: &str,
    mut dice: Dice,
) -> Result<(Vec<Duration>, Vec<usize>), String> {
    let (mut took, mut attempts) = (Vec::new(), Vec::new());
    for _ in 0..APPENDS {
        let (value, started) = (dice.draw(), Instant::now());
        let mut tried = 0;
        loop {
            tried += 1;
            let expected = length(store, hot).await;
            let append = Append::one(hot, expected, NewEvent::plain(value));
            match store.append(&append).await {
                Err(Failure::Conflict) => {
                    let longest = FIRST_BACKOFF_MS << tried.min(BACKOFFS);
                    pause(Duration::from_millis(dice.roll(longest))).await;
                }
                outcome => {
                    certain(outcome)?;
                    break;
                }
            }
        }
        took.push(started.elapsed());
        attempts.push(tried);
    }
    Ok((took, attempts))
}

/// Appends on an old version are refused, and the next good one has nearly the next position.
async fn refuse_many<S: StoreUnderTest>(stage: &mut Stage<S>) -> Result<String, String> {
    let (store, dice) = (&stage.store, &mut stage.dice);
    let first = Append::one("cold", 0, NewEvent::plain(dice.draw()));
    let first = certain(store.append(&first).await)?.position.unwrap_or(0);
    for _ in 0..STALE {
        let stale = Append::one("cold", 0, NewEvent::plain(dice.draw()));
        let refused = store.append(&stale).await;
        ensure!(
            refused == Err(Failure::Conflict),
            "an append on an old version got {refused:?}"
        );
    }
    let next = Append::one("cold", 1, NewEvent::plain(dice.draw()));
    let next = certain(store.append(&next).await)?.position.unwrap_or(0);
    let burnt = next - first - 1;
    ensure!(
        burnt <= MOST_BURNT,
        "{STALE} refused appends burnt {burnt} positions"
    );
    Ok(format!("; {STALE} refused burn {burnt} positions"))
}
