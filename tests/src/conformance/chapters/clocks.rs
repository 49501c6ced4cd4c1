//! Clocks that jump: events are said to have happened ever earlier, or years ahead. Positions order them all the same, and
//! the time that was said stays as it was said.

use time::{Duration, OffsetDateTime};
use tokio::sync::watch;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{certain, check_log, follow, streams};
use crate::conformance::{Append, Finding, NewEvent, StoreUnderTest};
use crate::{ensure, scale};

/// How far a clock may jump, to either side, in seconds: ten years.
const FARTHEST: u64 = 10 * 365 * 24 * 60 * 60;

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let rounds = scale::size(60, 2_000);
    // PostgreSQL keeps microseconds.
    let now = OffsetDateTime::now_utc();
    let now = now.replace_microsecond(now.microsecond()).unwrap_or(now);
    let mut said = Vec::with_capacity(rounds);
    let mut backwards = 0;
    for expected in 0..rounds {
        let jump = i64::try_from(stage.dice.roll(2 * FARTHEST)).unwrap_or(0);
        let farthest = i64::try_from(FARTHEST).unwrap_or(i64::MAX);
        let at = now + Duration::seconds(jump - farthest);
        let expected = i64::try_from(expected).unwrap_or(i64::MAX);
        let mut append = Append::one("jumping", expected, NewEvent::plain(stage.dice.draw()));
        append.occurred_at = at;
        certain(stage.store.append(&append).await)?;
        backwards += usize::from(said.last().is_some_and(|last| *last > at));
        said.push(at);
    }
    let (_, goal) = watch::channel(Some(rounds));
    let seen = follow(stage.store.clone(), 0, goal).await;
    let truth = streams(&stage.store, &["jumping".to_owned()]).await;
    check_log(&seen, &truth)?;
    let kept: Vec<OffsetDateTime> = seen.iter().map(|event| event.occurred_at).collect();
    ensure!(kept == said, "times do not come back as they were said");
    Ok(format!("{rounds} events, {backwards} jumps back, in order"))
}
