//! Wake-ups lost: the connections that carry them are killed again and again. Another process's events still reach the
//! reader, by polling.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{certain, check_order, follow};
use crate::conformance::{Append, Finding, NewEvent, StoreUnderTest, faults};
use crate::{ensure, scale};

/// A reader without wake-ups may be behind by this: one poll and a busy machine.
const POLLED: Duration = Duration::from_secs(2);

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let rounds = scale::size(10, 100);
    // Of another process as far as anybody can tell: it has no signal in common with the reader.
    let writer = S::open(&stage.place).await;
    let admin = stage.place.admin().await;
    let (mut after, mut slowest, mut killed) = (0, Duration::ZERO, 0);
    for expected in 0..rounds {
        killed += faults::kill_listeners(&admin).await;
        let expected = i64::try_from(expected).unwrap_or(i64::MAX);
        let append = Append::one("woken", expected, NewEvent::plain(stage.dice.draw()));
        certain(writer.append(&append).await)?;
        let started = Instant::now();
        let (_, goal) = watch::channel(Some(1));
        let seen = follow(stage.store.clone(), after, goal).await;
        ensure!(seen.len() == 1, "an event was not shown");
        check_order(&seen)?;
        after = seen[0].position;
        slowest = slowest.max(started.elapsed());
    }
    writer.close().await;
    ensure!(killed > 0, "there was no listener to be killed");
    ensure!(slowest < POLLED, "a reader was {slowest:?} behind");
    Ok(format!(
        "{killed} listeners killed, behind by {} ms at most",
        slowest.as_millis()
    ))
}
