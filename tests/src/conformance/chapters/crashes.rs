//! Crash: `kill -9` of the postmaster while writers are at it. What was acknowledged stands, what was not stands whole or
//! not at all, and a reader goes on from where it was, over the positions that the crash has skipped.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{
    check_log, check_streams, count, follow, length, pause, streams,
};
use crate::conformance::seeds::Dice;
use crate::conformance::{Append, Capability, Finding, NewEvent, Origin, StoreUnderTest, offers};
use crate::{ensure, scale, wait};

const WRITERS: usize = 6;
/// The server lives this long at most before it is killed again, in milliseconds.
const LONGEST_LIFE_MS: u64 = 800;
/// How late a transaction commits at most.
const LATEST_MS: u64 = 3;

pub async fn run<S: StoreUnderTest>(dice: Dice) -> Finding {
    let crashes = scale::size(2, 25);
    let (mut stage, mut server) = Stage::<S>::set_private(dice).await;
    let (goal, goal_seen) = watch::channel(None);
    let reader = offers::<S>(&[Capability::Log])
        .then(|| tokio::spawn(follow(stage.store.clone(), 0, goal_seen)));
    let (done, is_done) = watch::channel(());
    let writers = (0..WRITERS).map(|writer| {
        let (store, dice) = (stage.store.clone(), stage.dice.fork());
        tokio::spawn(write(
            store,
            format!("crash-{writer}"),
            is_done.clone(),
            dice,
        ))
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..crashes {
        pause(Duration::from_millis(
            100 + stage.dice.roll(LONGEST_LIFE_MS),
        ))
        .await;
        server.kill();
        server.run().await;
    }
    drop(done);
    let acknowledged: Vec<Vec<u64>> = join_all(writers)
        .await
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let names: Vec<String> = (0..WRITERS)
        .map(|writer| format!("crash-{writer}"))
        .collect();
    let truth = streams(&stage.store, &names).await;
    let _ = goal.send(Some(count(&truth)));
    check_streams(&truth)?;
    let mut total = 0;
    for (stream, values) in names.iter().zip(acknowledged) {
        total += values.len();
        let lost = values
            .iter()
            .filter(|value| truth[stream].iter().all(|event| event.value != **value))
            .count();
        ensure!(lost == 0, "{lost} acknowledged events of {stream} are lost");
    }
    let mut said = format!("{crashes} crashes, {total} acknowledged, 0 lost");
    if let Some(reader) = reader {
        let seen = reader.await.map_err(|error| error.to_string())?;
        check_log(&seen, &truth)?;
        let newest = seen.last().map_or(0, |event| event.position);
        let skipped = newest - i64::try_from(seen.len()).unwrap_or(0);
        said.push_str(&format!(", {skipped} positions skipped by the reader"));
    }
    stage.store.close().await;
    Ok(said)
}

/// Appends until told to stop; an append whose outcome is unknown is sent again where keys are offered.
async fn write<S: StoreUnderTest>(
    store: S,
    stream: String,
    done: watch::Receiver<()>,
    mut dice: Dice,
) -> Vec<u64> {
    let (mut acknowledged, mut expected) = (Vec::new(), 0);
    while done.has_changed().is_ok() {
        let event = NewEvent {
            value: dice.draw(),
            linger_ms: dice.roll(LATEST_MS),
            ..NewEvent::default()
        };
        let append = Append::one(&stream, expected, event);
        let mut outcome = store.append(&append).await;
        if outcome.is_err() && offers::<S>(&[Capability::Keys]) {
            outcome = settle(&store, &append).await;
        }
        match outcome {
            Ok(appended) => {
                acknowledged.push(event.value);
                expected += 1;
                if appended.origin == Origin::Replayed {
                    expected = length(&store, &stream).await;
                }
            }
            Err(_) => expected = length(&store, &stream).await,
        }
    }
    acknowledged
}

/// Sends the same again until the answer is certain.
async fn settle<S: StoreUnderTest>(
    store: &S,
    append: &Append,
) -> Result<crate::conformance::Appended, crate::conformance::Failure> {
    use crate::conformance::Failure;
    wait::until("an append has an answer", async || {
        match store.append(append).await {
            Err(Failure::Unknown(_)) => None,
            certain => Some(certain),
        }
    })
    .await
}
