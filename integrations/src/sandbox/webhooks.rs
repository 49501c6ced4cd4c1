//! Delivers the events: signed as their provider signs, retried with growing waits until an endpoint takes them, and doubled,
//! shuffled or delayed when a test orders it. What is still to be delivered is in the ledger and survives a crash.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::http::WEBHOOK_TIMEOUT;
use crate::sandbox::entries::Entry;
use crate::sandbox::faults::WebhookFault;
use crate::sandbox::parcels::Parcel;
use crate::sandbox::store::{Shared, now_unix};

/// Attempts until a delivery is given up: about a quarter of an hour.
const ATTEMPTS_LIMIT: u32 = 40;
/// Waits between attempts; the last one repeats. Short, because a test is waiting.
const WAITS_MS: [u64; 9] = [100, 200, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/// Deliveries under way at once.
const IN_FLIGHT_LIMIT: usize = 16;
/// Deliveries whose schedule is held in memory; further ones wait in the ledger.
const SCHEDULE_LIMIT: usize = 10_000;
/// Longest sleep: sessions expire by the clock, without a signal.
const TICK: Duration = Duration::from_secs(1);
/// Widest random wait of shuffled deliveries.
const SHUFFLE_MS: u64 = 2_000;

/// (index of the event, endpoint).
type Key = (usize, String);

struct Attempt {
    tries: u32,
    due: Instant,
    is_under_way: bool,
}

/// Runs until told to stop; what is under way then is repeated after the next start.
pub(super) async fn deliver(shared: Arc<Shared>, http: Client, mut stop: watch::Receiver<()>) {
    let mut schedule: HashMap<Key, Attempt> = HashMap::new();
    let mut under_way: JoinSet<(Key, bool)> = JoinSet::new();
    loop {
        if let Err(error) = refresh(&shared, &mut schedule).await {
            tracing::error!(%error, "the sandbox cannot read what is to be delivered");
        }
        start_due(&shared, &http, &mut schedule, &mut under_way);
        let wake = next_wake(&schedule);
        tokio::select! {
            _ = stop.changed() => return,
            () = shared.changed.notified() => {}
            () = sleep_until(wake) => {}
            Some(done) = under_way.join_next() => {
                if let Ok((key, is_delivered)) = done
                    && let Err(error) = settle(&shared, &mut schedule, key, is_delivered).await
                {
                    tracing::error!(%error, "the sandbox cannot record a delivery");
                }
            }
        }
    }
}

/// Takes in what is new in the ledger and forgets what is gone from it.
async fn refresh(shared: &Arc<Shared>, schedule: &mut HashMap<Key, Attempt>) -> io::Result<()> {
    let pending: Vec<Key> = shared
        .transact_quietly(|store| {
            store.expire_due()?;
            Ok(store
                .state()
                .pending
                .iter()
                .take(SCHEDULE_LIMIT)
                .cloned()
                .collect())
        })
        .await?;
    let fault = shared.faults().webhooks;
    let now = Instant::now();
    let mut former = std::mem::take(schedule);
    for key in pending {
        let attempt = former.remove(&key).unwrap_or_else(|| Attempt {
            tries: 0,
            due: now + first_wait(fault),
            is_under_way: false,
        });
        schedule.insert(key, attempt);
    }
    // What was removed while its delivery was under way stays until that ends.
    schedule.extend(
        former
            .into_iter()
            .filter(|(_, attempt)| attempt.is_under_way),
    );
    Ok(())
}

fn start_due(
    shared: &Arc<Shared>,
    http: &Client,
    schedule: &mut HashMap<Key, Attempt>,
    under_way: &mut JoinSet<(Key, bool)>,
) {
    let now = Instant::now();
    let mut due: Vec<(&Key, &mut Attempt)> = schedule
        .iter_mut()
        .filter(|(_, attempt)| attempt.due <= now && !attempt.is_under_way)
        .collect();
    due.sort_by_key(|(key, attempt)| (attempt.due, key.0));
    for (key, attempt) in due {
        if under_way.len() >= IN_FLIGHT_LIMIT {
            return;
        }
        attempt.tries += 1;
        attempt.is_under_way = true;
        under_way.spawn(send(Arc::clone(shared), http.clone(), key.clone()));
    }
}

fn next_wake(schedule: &HashMap<Key, Attempt>) -> Instant {
    let tick = Instant::now() + TICK;
    schedule
        .values()
        .filter(|attempt| !attempt.is_under_way && attempt.due > Instant::now())
        .map(|attempt| attempt.due)
        .min()
        .map_or(tick, |due| due.min(tick))
}

async fn settle(
    shared: &Arc<Shared>,
    schedule: &mut HashMap<Key, Attempt>,
    key: Key,
    is_delivered: bool,
) -> io::Result<()> {
    let Some(attempt) = schedule.get_mut(&key) else {
        return Ok(());
    };
    attempt.is_under_way = false;
    if !is_delivered && attempt.tries < ATTEMPTS_LIMIT {
        attempt.due = Instant::now() + wait_after(attempt.tries);
        return Ok(());
    }
    let attempts = attempt.tries;
    schedule.remove(&key);
    shared
        .transact_quietly(move |store| {
            if !store.state().pending.contains(&key) {
                return Ok(());
            }
            let Some(event) = store.state().events.get(key.0) else {
                return Ok(());
            };
            let entry = Entry::Delivery {
                event: event.id.clone(),
                endpoint: key.1,
                delivered: is_delivered,
                attempts,
            };
            store.commit(vec![entry])
        })
        .await
}

/// One attempt, or two when doubling was ordered.
async fn send(shared: Arc<Shared>, http: Client, key: Key) -> (Key, bool) {
    let wanted = key.clone();
    let target = shared
        .transact_quietly(move |store| {
            let state = store.state();
            let event = state.events.get(wanted.0);
            Ok(state
                .endpoints
                .get(&wanted.1)
                .zip(event)
                .map(|(endpoint, event)| Parcel::new(endpoint, event)))
        })
        .await;
    let Ok(Some(parcel)) = target else {
        return (key, false);
    };
    let is_delivered = post(&http, &parcel).await;
    if shared.faults().webhooks.duplicate {
        post(&http, &parcel).await;
    }
    (key, is_delivered)
}

async fn post(http: &Client, parcel: &Parcel) -> bool {
    // Always true time: the receiver's tolerance is about its own clock.
    let request = parcel.headers(now_unix()).into_iter().fold(
        http.post(&parcel.url).timeout(WEBHOOK_TIMEOUT),
        |request, (name, value)| request.header(name, value),
    );
    let sent = request.body(parcel.body.clone()).send().await;
    matches!(sent, Ok(response) if response.status().is_success())
}

fn first_wait(fault: WebhookFault) -> Duration {
    let shuffled = if fault.shuffle {
        u64::from(uuid::Uuid::new_v4().as_fields().0) % SHUFFLE_MS
    } else {
        0
    };
    Duration::from_millis(fault.delay_ms + shuffled)
}

fn wait_after(tries: u32) -> Duration {
    let index = (tries.max(1) as usize - 1).min(WAITS_MS.len() - 1);
    Duration::from_millis(WAITS_MS.get(index).copied().unwrap_or(SHUFFLE_MS))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::wait_after;

    #[test]
    fn waits_grow_and_then_stay() {
        assert_eq!(wait_after(1), Duration::from_millis(100));
        assert_eq!(wait_after(2), Duration::from_millis(200));
        assert_eq!(wait_after(9), Duration::from_secs(30));
        assert_eq!(wait_after(39), Duration::from_secs(30));
    }
}
