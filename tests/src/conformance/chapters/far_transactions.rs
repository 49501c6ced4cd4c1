//! A long open transaction in another database of the same server. It holds back every snapshot, and must not hold back
//! the log's readers: not at all where nothing is missing, and at a hole for no longer than it takes to fill it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{certain, follow, length};
use crate::conformance::seeds::Dice;
use crate::conformance::{Append, End, Finding, NewEvent, StoreUnderTest};
use crate::ensure;

/// A reader may be behind by this when nothing is missing: one poll and a busy machine.
const PROMPT: Duration = Duration::from_millis(1_000);
/// A reader may be behind by this however many holes there are: the time after which they are filled, and some more.
const FILLED: Duration = Duration::from_secs(2);
/// Holes one after the other.
const HOLES: usize = 3;

const OPEN: &str = "begin; select pg_current_xact_id()";

pub async fn run<S: StoreUnderTest>(dice: Dice) -> Finding {
    let (mut stage, server) = Stage::<S>::set_private(dice).await;
    let far = crate::cluster::connect(&server.config("postgres")).await;
    far.batch_execute(OPEN).await.unwrap();
    let (prompt, after) = lag(&mut stage, 0, 0).await?;
    ensure!(
        prompt < PROMPT,
        "nothing is missing and the reader is {prompt:?} behind"
    );
    let (one, after) = lag(&mut stage, after, 1).await?;
    ensure!(one < FILLED, "one hole holds the reader back for {one:?}");
    let (many, _) = lag(&mut stage, after, HOLES).await?;
    far.batch_execute("rollback").await.unwrap();
    stage.store.close().await;
    ensure!(
        many < FILLED,
        "{HOLES} holes hold the reader back for {many:?}"
    );
    Ok(format!(
        "behind by {} ms without a hole, {} ms at one, {} ms at {HOLES}",
        prompt.as_millis(),
        one.as_millis(),
        many.as_millis()
    ))
}

/// Leaves so many holes, each followed by an event; answers how far behind the reader of all that is, and where it ends.
async fn lag<S: StoreUnderTest>(
    stage: &mut Stage<S>,
    after: i64,
    holes: usize,
) -> Result<(Duration, i64), String> {
    let mut written = 0;
    for _ in 0..holes.max(1) {
        let expected = length(&stage.store, "near").await;
        if holes > 0 {
            let event = NewEvent {
                value: stage.dice.draw(),
                linger_ms: 0,
                end: End::Aborts,
            };
            let outcome = stage
                .store
                .append(&Append::one("near", expected, event))
                .await;
            ensure!(outcome.is_err(), "an append that aborts was acknowledged");
        }
        let next = Append::one("near", expected, NewEvent::plain(stage.dice.draw()));
        certain(stage.store.append(&next).await)?;
        written += 1;
    }
    let started = Instant::now();
    let (_, goal) = watch::channel(Some(written));
    let seen = follow(stage.store.clone(), after, goal).await;
    ensure!(
        seen.len() == written,
        "{} of {written} events were shown",
        seen.len()
    );
    Ok((
        started.elapsed(),
        seen.last().map_or(after, |event| event.position),
    ))
}
