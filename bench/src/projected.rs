//! From commit to read model: how long after its answer a command can be read, while half as many are sent as could be.

use std::time::{Duration, Instant};

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use event_store::store::Store;
use serde_json::json;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::catch_up::PROJECTION;
use crate::drive::{Sample, StolenTime, WARM_UP};
use crate::{Result, dispatched, streams, tenant};

/// Who holds the projection's lease here.
const OWNER: &str = "bench-projected";
/// How often commands are sent together, and how often one of them is waited for.
const TICK: Duration = Duration::from_millis(5);
/// How long the projection may take to be at the log's end before the measurement, and to get to one command during it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends `per_second` commands a second; answers the latencies from answer to read model, and how many were acknowledged.
pub async fn measure(
    store: &Store,
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    (per_second, measured): (f64, Duration),
) -> Result<(Sample, u64)> {
    let projection = projectors::all(store)
        .into_iter()
        .find(|projection| projection.subscriber.name() == PROJECTION)
        .ok_or("the projection is missing")?;
    let stop = CancellationToken::new();
    let runner = store.runner(projection.subscriber.clone(), OWNER);
    let running = tokio::spawn(runner.run(stop.clone()));
    let sent = send(dispatcher, tenant_id, 1).await?;
    if !store.wait_for(&[PROJECTION], sent, PATIENCE).await? {
        return Err("the projection does not get to the log's end".into());
    }
    let outcome = load(store, dispatcher, tenant_id, (per_second, measured)).await;
    stop.cancel();
    running.await?;
    let (sample, acknowledged) = outcome?;
    Ok((sample, acknowledged + 1))
}

async fn load(
    store: &Store,
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    (per_second, measured): (f64, Duration),
) -> Result<(Sample, u64)> {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (begun, clock) = (Instant::now(), StolenTime::start());
    let (mut sent, mut waits) = (0_u64, tokio::task::JoinSet::new());
    while begun.elapsed() < WARM_UP + measured {
        ticks.tick().await;
        let due = to_whole(begun.elapsed().as_secs_f64() * per_second);
        let count = due.saturating_sub(sent);
        sent += count;
        let (store, dispatcher, tenant_id) = (store.clone(), dispatcher.clone(), tenant_id.clone());
        let is_measured = begun.elapsed() >= WARM_UP;
        waits.spawn(async move {
            let position = send(&dispatcher, &tenant_id, count).await?;
            let answered = Instant::now();
            let is_there = store.wait_for(&[PROJECTION], position, PATIENCE).await?;
            let micros = u32::try_from(answered.elapsed().as_micros()).unwrap_or(u32::MAX);
            match is_there {
                true => Result::Ok(is_measured.then_some(micros)),
                false => Err("a command never got into the read model".into()),
            }
        });
    }
    let mut latencies = Vec::new();
    while let Some(waited) = waits.join_next().await {
        latencies.extend(waited??);
    }
    Ok((
        Sample::of_latencies(latencies, measured, clock.percent()),
        sent,
    ))
}

/// Sends so many commands at once; answers the newest position.
async fn send(dispatcher: &Dispatcher, tenant_id: &TenantId, count: u64) -> Result<i64> {
    let sent = (0..count).map(|_| async {
        let body = json!({"customer_id": streams::id(streams::pick()), "text": streams::NOTE});
        dispatcher
            .dispatch(&tenant::request(tenant_id, dispatched::COMMAND, body))
            .await
    });
    let answers = futures_util::future::try_join_all(sent).await?;
    let positions = answers.iter().filter_map(|answer| answer.position);
    Ok(positions.max().unwrap_or_default())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn to_whole(number: f64) -> u64 {
    number.max(0.0) as u64
}
