//! Order: appends to shared streams that overlap and commit late. A stream reads back in the order of its sequence, in the
//! stream and in the log, and an append that was acknowledged before another began stands before it.

use futures_util::future::join_all;
use tokio::sync::watch;

use crate::conformance::chapters::Stage;
use crate::conformance::following::{
    certain, check_log, check_streams, count, follow, length, streams,
};
use crate::conformance::seeds::Dice;
use crate::conformance::{
    Append, Capability, End, Failure, Finding, Fresh, NewEvent, StoreUnderTest, offers,
};
use crate::{ensure, scale};

const WRITERS: usize = 8;
const STREAMS: usize = 3;
/// How late a transaction commits at most.
const LATEST_MS: u64 = 6;

pub async fn run<S: StoreUnderTest>(mut stage: Stage<S>) -> Finding {
    let rounds = scale::size(25, 600);
    let names: Vec<String> = (0..STREAMS)
        .map(|stream| format!("order-{stream}"))
        .collect();
    let (goal, goal_seen) = watch::channel(None);
    let reader = offers::<S>(&[Capability::Log])
        .then(|| tokio::spawn(follow(stage.store.clone(), 0, goal_seen)));
    let writers = (0..WRITERS).map(|_| write(&stage.store, &names, rounds, stage.dice.fork()));
    let told = join_all(writers).await;
    let truth = streams(&stage.store, &names).await;
    let _ = goal.send(Some(count(&truth)));
    check_streams(&truth)?;
    for told in told {
        // One writer's appends follow one another, so they stand in this order.
        for (stream, values) in names.iter().zip(told?) {
            let stands: Vec<u64> = truth[stream].iter().map(|event| event.value).collect();
            let place = |value: &u64| stands.iter().position(|stood| stood == value);
            let places: Vec<Option<usize>> = values.iter().map(place).collect();
            ensure!(
                places.iter().all(Option::is_some),
                "an acknowledged event is gone from {stream}"
            );
            ensure!(
                places.is_sorted(),
                "{stream} turns one writer's order round"
            );
        }
    }
    match reader {
        Some(reader) => check_log(&reader.await.map_err(|error| error.to_string())?, &truth),
        None => Ok(format!("{} events in {STREAMS} streams", count(&truth))),
    }
}

/// Appends to one stream, or to two at once where that is offered; answers the acknowledged values of each stream.
async fn write<S: StoreUnderTest>(
    store: &S,
    names: &[String],
    rounds: usize,
    mut dice: Dice,
) -> Result<Vec<Vec<u64>>, String> {
    let mut told = vec![Vec::new(); names.len()];
    for _ in 0..rounds {
        let first = dice.pick(names.len());
        let mut picked = vec![first];
        if offers::<S>(&[Capability::ManyStreams]) && dice.one_in(2) {
            picked.push((first + 1) % names.len());
        }
        let (mut fresh, mut values) = (Vec::new(), Vec::new());
        for stream in &picked {
            let event = NewEvent {
                value: dice.draw(),
                linger_ms: dice.roll(LATEST_MS),
                end: End::Commits,
            };
            values.push((*stream, event.value));
            fresh.push(Fresh {
                stream: names[*stream].clone(),
                expected: length(store, &names[*stream]).await,
                events: vec![event],
            });
        }
        match store.append(&Append::of(fresh)).await {
            Err(Failure::Conflict) => {}
            outcome => {
                certain(outcome)?;
                for (stream, value) in values {
                    told[stream].push(value);
                }
            }
        }
    }
    Ok(told)
}
