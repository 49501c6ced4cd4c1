//! What the notary costs and how far behind it is: the same commands without and with it, how long an answered command
//! waits to be sealed meanwhile, and how fast what was sealed is verified.

use std::sync::Arc;
use std::time::{Duration, Instant};

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use event_store::log::Runner;
use event_store::notary::subscriber::{NAME, Notary};
use event_store::notary::{checkpoints, signing::Signer};
use event_store::store::Store;
use serde_json::json;
use server::operations::audit::exports;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use verifier::Trust;

use crate::drive::{Sample, WARM_UP};
use crate::rounds::{MANY, MODEST};
use crate::streams::{self, NOTE};
use crate::{Result, dispatched, tenant};

/// Who holds the notary's lease here.
const OWNER: &str = "bench-notarised";
/// How often it is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How long the notary may take to be at the log's end.
const PATIENCE: Duration = Duration::from_secs(300);
/// What verification is told for.
const MILLION: f64 = 1_000_000.0;

/// Commands with the notary resting and working, at full load and at half of it.
#[derive(Clone, Debug, Default)]
pub struct Loads {
    pub full: Sample,
    pub half: Sample,
}

/// One round's figures.
#[derive(Clone, Debug, Default)]
pub struct Round {
    pub off: Loads,
    pub on: Loads,
    /// From a safe position to its seal, at full load; the slowest of a hundred.
    pub lag_p99_ms: f64,
    /// For a million entries.
    pub verify_seconds: f64,
}

/// What is measured with, and for how long.
pub struct Setting<'a> {
    pub store: &'a Store,
    pub dispatcher: &'a Dispatcher,
    pub tenant_id: &'a TenantId,
    pub measured: Duration,
}

impl Setting<'_> {
    /// Measures; answers also how many commands were acknowledged. With every round the notary takes its turn first or
    /// last, as the log has grown between the two.
    pub async fn measure(&self, number: usize) -> Result<(Round, u64)> {
        let (mut round, mut acknowledged) = (Round::default(), 0);
        let mut rate = MODEST / 2.0;
        for is_on in [number % 2 == 1, number.is_multiple_of(2)] {
            let notary = match is_on {
                true => Some(self.start_notary().await?),
                false => None,
            };
            let asking = CancellationToken::new();
            let lags = is_on.then(|| tokio::spawn(lags(self.store.clone(), asking.clone())));
            let (full, sent) = self.send().await?;
            acknowledged += sent;
            asking.cancel();
            if let Some(lags) = lags {
                round.lag_p99_ms = slowest_of_a_hundred(lags.await??);
            }
            // The same rate for both.
            if acknowledged == sent {
                rate = full.per_second / 2.0;
            }
            let (half, sent) = self.send_at(rate).await?;
            acknowledged += sent;
            if let Some(notary) = notary {
                catch_up(self.store).await?;
                notary.stop().await;
            }
            let loads = Loads { full, half };
            match is_on {
                true => round.on = loads,
                false => round.off = loads,
            }
        }
        round.verify_seconds = verify(self.store, self.tenant_id).await?;
        Ok((round, acknowledged))
    }

    async fn send(&self) -> Result<(Sample, u64)> {
        let clients = usize::try_from(MANY)?;
        dispatched::measure(
            self.dispatcher,
            self.tenant_id,
            streams::pick,
            clients,
            self.measured,
        )
        .await
    }

    /// Commands that come by the clock, each by itself.
    async fn send_at(&self, per_second: f64) -> Result<(Sample, u64)> {
        let begun = Instant::now();
        let (mut sent, mut under_way) = (0_u32, JoinSet::new());
        while begun.elapsed() < WARM_UP + self.measured {
            let due = begun + Duration::from_secs_f64(f64::from(sent) / per_second);
            tokio::time::sleep_until(due.into()).await;
            let (dispatcher, tenant_id) = (self.dispatcher.clone(), self.tenant_id.clone());
            let is_measured = begun.elapsed() >= WARM_UP;
            under_way.spawn(async move {
                let body = json!({"customer_id": streams::id(streams::pick()), "text": NOTE});
                let request = tenant::request(&tenant_id, dispatched::COMMAND, body);
                let asked = Instant::now();
                dispatcher.dispatch(&request).await?;
                let micros = u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX);
                Result::Ok(is_measured.then_some(micros))
            });
            sent += 1;
        }
        let mut latencies = Vec::new();
        while let Some(answered) = under_way.join_next().await {
            latencies.extend(answered??);
        }
        let sample = Sample::of_latencies(latencies, self.measured, 0.0);
        Ok((sample, u64::from(sent)))
    }

    /// Starts it, and waits until it is at the log's end.
    async fn start_notary(&self) -> Result<Working> {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let runner = Runner {
            pool: self.store.pools.engine.clone(),
            subscriber: Arc::new(Notary),
            owner: OWNER.to_owned(),
            safe: self.store.tail.watch(),
            moved: self.store.moved.clone(),
        };
        tasks.spawn(runner.run(stop.clone()));
        tasks.spawn(checkpoints::run(self.store.clone(), stop.clone()));
        catch_up(self.store).await?;
        Ok(Working { stop, tasks })
    }
}

/// A notary at work.
struct Working {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Working {
    async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn catch_up(store: &Store) -> Result<()> {
    let safe = *store.tail.watch().borrow();
    match store.wait_for(&[NAME], safe, PATIENCE).await? {
        true => Ok(()),
        false => Err("the notary does not get to the log's end".into()),
    }
}

/// How long it takes, again and again, until what can be read is sealed.
async fn lags(store: Store, stop: CancellationToken) -> Result<Vec<Duration>> {
    let mut found = Vec::new();
    while !stop.is_cancelled() {
        let (safe, since) = (*store.tail.watch().borrow(), Instant::now());
        if !store.wait_for(&[NAME], safe, PATIENCE).await? {
            return Err("the notary does not move".into());
        }
        found.push(since.elapsed());
        tokio::time::sleep(ASK_EVERY).await;
    }
    Ok(found)
}

fn slowest_of_a_hundred(mut lags: Vec<Duration>) -> f64 {
    lags.sort_unstable();
    let place = lags.len().saturating_sub(1) * 99 / 100;
    lags.get(place)
        .map_or(0.0, |lag| lag.as_secs_f64() * 1_000.0)
}

/// Verifies the tenant's log from memory; answers the seconds for a million entries.
async fn verify(store: &Store, tenant_id: &TenantId) -> Result<f64> {
    let signer = Signer::open(&store.pools.engine, &store.vault).await?;
    checkpoints::sign_all(&store.pools.engine, &signer).await?;
    let mut export = Vec::new();
    exports::write(store, tenant_id.as_str(), &mut export, |_| {}).await?;
    let since = Instant::now();
    let valid = verifier::verify(export.as_slice(), &Trust::default());
    let entries = valid.map_err(|failure| failure.detail)?.entries;
    let entries = f64::from(u32::try_from(entries)?);
    Ok(since.elapsed().as_secs_f64() / entries.max(1.0) * MILLION)
}
