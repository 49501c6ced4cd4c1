//! What the notary costs and how far behind it is: the same commands without and with it, how long an answered command
//! waits to be sealed meanwhile, and how fast what was sealed is verified.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use event_store::notary::subscriber::{NAME, Notary};
use event_store::notary::{checkpoints, signing::Signer};
use event_store::store::Store;
use server::operations::audit::exports;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use verifier::Trust;

use crate::drive::{Offered, Sample};
use crate::ground::Ground;
use crate::rounds::MANY;
use crate::{Result, dispatched, streams};

/// Who holds the notary's lease here.
const OWNER: &str = "bench-notarised";
/// How often it is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How long the notary may take to be at the log's end.
const PATIENCE: Duration = Duration::from_secs(300);
/// Commands a second of a busy business, and how many times as long they are measured: of a moderate load few are slow.
pub const MODERATE: f64 = 2_000.0;
const MODERATE_TIMES: u32 = 4;
/// What verification is told for.
const MILLION: f64 = 1_000_000.0;

/// One round's figures.
#[derive(Clone, Debug, Default)]
pub struct Round {
    pub moderate: OffAndOn,
    pub full: OffAndOn,
    /// From a safe position to its seal, at full load; the slowest of a hundred.
    pub lag_p99_ms: f64,
    /// For a million entries.
    pub verify_seconds: f64,
}

/// The same load without the notary and with it.
#[derive(Clone, Debug, Default)]
pub struct OffAndOn {
    pub off: Sample,
    pub on: Sample,
}

/// What is measured with, and for how long.
pub struct Setting<'a> {
    pub ground: &'a Ground,
    pub dispatcher: &'a Dispatcher,
    pub tenant_id: &'a TenantId,
    pub measured: Duration,
}

impl Setting<'_> {
    /// Measures; answers also how many commands were acknowledged. With every round the notary takes its turn first or
    /// last, as the log has grown between the two.
    pub async fn measure(&self, number: usize) -> Result<(Round, u64)> {
        let clients = usize::try_from(MANY)?;
        let (mut round, mut acknowledged) = (Round::default(), 0);
        self.start_notary().await?.stop().await;
        self.ground.pause_vacuum().await?;
        for is_on in [number % 2 == 1, number.is_multiple_of(2)] {
            self.ground.vacuum_sealed().await?;
            let notary = match is_on {
                true => Some(self.start_notary().await?),
                false => None,
            };
            let moderate = Offered {
                clients,
                measured: self.measured * MODERATE_TIMES,
                rate: Some(MODERATE),
            };
            self.ground.settle().await?;
            let (moderate, sent) = self.send(moderate).await?;
            acknowledged += sent;
            let asking = CancellationToken::new();
            let lags = is_on.then(|| tokio::spawn(lags(self.ground.store.clone(), asking.clone())));
            self.ground.settle().await?;
            let (full, sent) = self.send(Offered::full(clients, self.measured)).await?;
            acknowledged += sent;
            asking.cancel();
            if let Some(lags) = lags {
                round.lag_p99_ms = slowest_of_a_hundred(lags.await??);
            }
            if let Some(notary) = notary {
                catch_up(&self.ground.store).await?;
                notary.stop().await;
            }
            round.moderate.set(is_on, moderate);
            round.full.set(is_on, full);
        }
        self.ground.resume_vacuum().await?;
        round.verify_seconds = verify(&self.ground.store, self.tenant_id).await?;
        Ok((round, acknowledged))
    }

    async fn send(&self, offered: Offered) -> Result<(Sample, u64)> {
        dispatched::measure(self.dispatcher, self.tenant_id, streams::pick, offered).await
    }

    /// Starts it, and waits until it is at the log's end.
    async fn start_notary(&self) -> Result<Working> {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let store = &self.ground.store;
        let runner = store.runner(Arc::new(Notary::default()), OWNER);
        tasks.spawn(runner.run(stop.clone()));
        tasks.spawn(checkpoints::run(self.ground.store.clone(), stop.clone()));
        catch_up(&self.ground.store).await?;
        Ok(Working { stop, tasks })
    }
}

impl OffAndOn {
    fn set(&mut self, is_on: bool, sample: Sample) {
        match is_on {
            true => self.on = sample,
            false => self.off = sample,
        }
    }

    /// What the host took away in the worse of the two.
    pub fn stolen_percent(&self) -> f64 {
        self.on.stolen_percent.max(self.off.stolen_percent)
    }
}

impl fmt::Display for OffAndOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (off, on) = (&self.off, &self.on);
        write!(
            f,
            "{:.0}/s and p99 {:.2} ms without the notary, {:.0}/s and {:.2} ms with it",
            off.per_second, off.p99_ms, on.per_second, on.p99_ms
        )
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
