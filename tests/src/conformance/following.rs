//! Following a log as a subscriber does, and holding what it has shown against the streams.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::conformance::{Event, Failure, Finding, Logged, StoreUnderTest};
use crate::{ensure, wait};

/// How often the log is read.
const EVERY: Duration = Duration::from_millis(1);
/// A log that shows nothing new for so long, once all is written, has shown all that it will.
const QUIET: Duration = Duration::from_secs(3);

/// Streams with their events.
pub type Streams = BTreeMap<String, Vec<Event>>;

/// Reads on from `after` until so many events as `goal` comes to say have been seen, or nothing more comes.
pub async fn follow<S: StoreUnderTest>(
    store: S,
    mut after: i64,
    goal: watch::Receiver<Option<usize>>,
) -> Vec<Logged> {
    let (mut seen, mut moved) = (Vec::new(), Instant::now());
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        // A log that cannot be read just now is asked again.
        if let Ok(page) = store.read_log(after).await
            && page.next > after
        {
            after = page.next;
            seen.extend(page.events);
            moved = Instant::now();
            continue;
        }
        match *goal.borrow() {
            Some(goal) if seen.len() >= goal || moved.elapsed() > QUIET => return seen,
            Some(_) => {}
            None => moved = Instant::now(),
        }
        ticks.tick().await;
    }
}

/// The streams as they stand, asked until they can be read.
pub async fn streams<S: StoreUnderTest>(store: &S, names: &[String]) -> Streams {
    let loaded = wait::until("the streams can be read", async || {
        store.load(names).await.ok()
    })
    .await;
    names.iter().cloned().zip(loaded).collect()
}

/// The number of a stream's events, asked until it can be read.
pub async fn length<S: StoreUnderTest>(store: &S, stream: &str) -> i64 {
    let names = [stream.to_owned()];
    let length = streams(store, &names).await[stream].len();
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Lets this time pass.
pub async fn pause(time: Duration) {
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

pub fn count(streams: &Streams) -> usize {
    streams.values().map(Vec::len).sum()
}

/// What a read is worth whose outcome must not be in doubt.
pub fn certain<T>(outcome: Result<T, Failure>) -> Result<T, String> {
    outcome.map_err(|failure| format!("{failure:?}"))
}

/// Every stream is numbered from one without a hole, and nothing stands twice.
pub fn check_streams(streams: &Streams) -> Result<(), String> {
    let mut values: BTreeMap<u64, &str> = BTreeMap::new();
    for (stream, events) in streams {
        for (event, number) in events.iter().zip(1..) {
            ensure!(
                event.sequence == number,
                "{stream} has sequence {} where {number} belongs",
                event.sequence
            );
            let before = values.insert(event.value, stream);
            ensure!(
                before.is_none_or(|before| before != stream),
                "{} stands twice in {stream}",
                event.value
            );
        }
    }
    Ok(())
}

/// The log has shown what the streams hold, all of it, once, ascending, and each stream in its order.
pub fn check_log(seen: &[Logged], streams: &Streams) -> Finding {
    let shown: BTreeMap<(&str, i64), u64> = seen
        .iter()
        .map(|event| ((event.stream.as_str(), event.sequence), event.value))
        .collect();
    let lost: Vec<String> = streams
        .iter()
        .flat_map(|(stream, events)| events.iter().map(move |event| (stream.as_str(), event)))
        .filter(|(stream, event)| shown.get(&(*stream, event.sequence)) != Some(&event.value))
        .map(|(stream, event)| format!("{stream}/{}", event.sequence))
        .collect();
    let total = count(streams);
    ensure!(
        lost.is_empty(),
        "{} of {total} events lost, the first {}",
        lost.len(),
        lost[0]
    );
    ensure!(
        seen.len() == total,
        "{} events shown where {total} stand",
        seen.len()
    );
    check_order(seen)?;
    Ok(format!("{total} events, 0 lost"))
}

/// Positions ascend, and no stream is turned round.
pub fn check_order(seen: &[Logged]) -> Result<(), String> {
    let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
    let mut last = 0;
    for event in seen {
        ensure!(
            event.position > last,
            "position {} after {last}",
            event.position
        );
        last = event.position;
        let before = newest.insert(&event.stream, event.sequence);
        ensure!(
            before.is_none_or(|before| before + 1 == event.sequence),
            "{} goes from {before:?} to {} at position {last}",
            event.stream,
            event.sequence
        );
    }
    Ok(())
}
