//! The relay: leases due messages in sets, delivers them side by side, and has what came of them written back in sets.
//! Several relays may run; leases keep them apart. Polling is the truth, signals only make it prompt.

mod attempt;
mod gates;

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_store::store::Store;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Result;
use crate::claims::{self, Claimed, MAX_CLAIMED};
use crate::completions::Completions;
use crate::deliver::Deliver;
use crate::leases::{self, Lease, Leases, Numbers};
use crate::queues::{Destination, Health, Queues, Released};
use crate::relay::attempt::{Attempts, Intent, Made};
use crate::relay::gates::{Gates, Pass};
use crate::rules::kind;
use crate::sweeps;
use crate::work::{Job, Settings};

/// The longest wait before due messages are looked for again.
const POLL_IDLE: Duration = Duration::from_millis(500);
/// Claims in a row that find nothing before the relay rests, while there is reason to think that there is something.
const MAX_ROUNDS: u32 = 3;
/// How soon after one claim that found nothing another may be made: commits that bring no work come in crowds.
const POLL_SOONEST: Duration = Duration::from_millis(2);
const POLL_CALM: Duration = Duration::from_millis(25);
/// How long to stay away from a database that does not answer.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// How long to wait for deliveries that have lost their leases to be over: they must not be leased again before that.
const PAUSE_OVERDUE: Duration = Duration::from_millis(10);
/// How long a graceful stop waits for deliveries under way; what is left is delivered again when its lease ends.
const STOP_PATIENCE: Duration = Duration::from_secs(25);

/// Delivers the messages of all tenants.
pub struct Relay<D> {
    store: Store,
    deliver: Arc<D>,
    settings: Settings,
    /// Fresh for each start: a process that comes back under an old name must not pass for the one that died.
    worker: String,
}

/// What deliveries share.
struct Engine<D> {
    gates: Gates<Held>,
    attempts: Attempts<D>,
    leases: Leases,
    completions: Completions,
    released: mpsc::UnboundedSender<Released>,
}

impl<D: Deliver> Relay<D> {
    pub fn new(store: Store, deliver: Arc<D>, settings: Settings) -> Self {
        let worker = Uuid::new_v4().to_string();
        Self {
            store,
            deliver,
            settings,
            worker,
        }
    }

    /// Delivers until told to stop; then gives back what was not begun, and waits for what is under way.
    pub async fn run(self, stop: CancellationToken) {
        let pool = self.store.pools.relay.clone();
        let freed = Arc::new(Notify::new());
        let (completions, gatherer) =
            Completions::new(pool.clone(), self.worker.clone(), freed.clone());
        let gathering = tokio::spawn(gatherer.run());
        let (released, returns) = mpsc::unbounded_channel();
        let leases = Leases::default();
        let ended = CancellationToken::new();
        let keeping = {
            let (leases, pool, ended) = (leases.clone(), pool.clone(), ended.clone());
            let (worker, settings) = (self.worker.clone(), self.settings);
            tokio::spawn(async move {
                let held = (worker.as_str(), &settings);
                tokio::join!(
                    leases.keep(&pool, held, ended.clone()),
                    leases.wake(ended.clone())
                )
            })
        };
        let (queues_seen, seen) = watch::channel(Vec::new());
        let sweeping = {
            let (store, stop, deliver) = (self.store.clone(), stop.clone(), self.deliver.clone());
            let swept = sweeps::Sweeps { store, deliver };
            tokio::spawn(async move {
                let _ = stop.run_until_cancelled(swept.run(seen)).await;
            })
        };
        let engine = Arc::new(Engine {
            gates: Gates::new(self.settings.max_in_flight),
            attempts: Attempts {
                deliver: self.deliver.clone(),
                pool,
                stop: stop.clone(),
            },
            leases,
            completions,
            released,
        });
        let lookout = Lookout {
            queues: Queues::default(),
            returns,
            queues_seen,
            freed,
        };
        self.lease_and_deliver(&engine, lookout, stop).await;
        drop(engine);
        let _ = tokio::time::timeout(STOP_PATIENCE, gathering).await;
        ended.cancel();
        let _ = keeping.await;
        let _ = sweeping.await;
    }

    async fn lease_and_deliver(
        &self,
        engine: &Arc<Engine<D>>,
        mut lookout: Lookout,
        stop: CancellationToken,
    ) {
        let mut leased = 0_usize;
        let mut safe = self.store.tail.watch();
        let mut under_way = JoinSet::new();
        let mut calm = POLL_SOONEST;
        while !stop.is_cancelled() {
            while under_way.try_join_next().is_some() {}
            leased -= lookout.take_returns();
            // What a delivery that was broken off would have gone on with.
            self.begin(engine, &mut under_way);
            if engine.leases.are_overdue() {
                tokio::time::sleep(PAUSE_OVERDUE).await;
                continue;
            }
            let most = lookout.queues.ready_for(self.settings.max_in_flight);
            let room = most.saturating_sub(leased);
            // While enough lies ready, it is claimed in handfuls and not one by one.
            let is_full = room <= most.saturating_sub(self.settings.max_in_flight) / 2;
            let room = if is_full { 0 } else { room.min(MAX_CLAIMED) };
            let claim = self.claim(&mut lookout.queues, &engine.leases, room);
            let claimed = match claim.await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read");
                    let _ = stop
                        .run_until_cancelled(tokio::time::sleep(PAUSE_AFTER_ERROR))
                        .await;
                    continue;
                }
            };
            let found = claimed.jobs.len();
            lookout.tell();
            if found > 0 {
                calm = POLL_SOONEST;
                leased += found;
                self.start(engine, claimed, &mut under_way);
                continue;
            }
            let idle = lookout.idle_time();
            let started = Instant::now();
            tokio::select! {
                _ = safe.changed() => {}
                () = lookout.freed.notified() => {}
                Some(released) = lookout.returns.recv(), if is_full => {
                    lookout.queues.released(released);
                    leased -= 1;
                }
                () = tokio::time::sleep(idle.max(POLL_SOONEST)) => {}
                () = stop.cancelled() => {}
            }
            // Signals that brought nothing make us deaf for a little longer each time.
            let rest = calm.saturating_sub(started.elapsed());
            let _ = stop.run_until_cancelled(tokio::time::sleep(rest)).await;
            calm = if is_full {
                POLL_SOONEST
            } else {
                (calm * 2).min(POLL_CALM)
            };
        }
        let ready = engine.gates.clear().into_iter();
        let ready = ready.map(|held| (held.job, held.lease)).collect();
        engine.give_back(ready).await;
        let _ = tokio::time::timeout(STOP_PATIENCE, async {
            while under_way.join_next().await.is_some() {}
        })
        .await;
        under_way.abort_all();
    }

    /// Claims from the destinations that are known; where that brings nothing, looks behind what waits, and for others.
    async fn claim(&self, queues: &mut Queues, leases: &Leases, room: usize) -> Result<Claimed> {
        let pool = &self.store.pools.relay;
        let mut claimed = Claimed {
            jobs: Vec::new(),
            crowded: Vec::new(),
            asked_at: Instant::now(),
        };
        if room == 0 {
            return Ok(claimed);
        }
        for round in 1..=MAX_ROUNDS {
            let asked = queues.ask(&*self.deliver, room);
            if !asked.tenants.is_empty() {
                let held = (self.worker.as_str(), &self.settings, leases);
                claimed = claims::claim(pool, held, &asked, room).await?;
            }
            queues.granted(&claimed.jobs, room);
            let is_more = queues.visit_keys(pool, &claimed.crowded).await?;
            if !claimed.jobs.is_empty() || round == MAX_ROUNDS {
                break;
            }
            if !is_more && !queues.discover(pool).await? {
                break;
            }
        }
        // Destinations that are busy must not keep others from being found.
        queues.discover_in_time(pool).await?;
        Ok(claimed)
    }

    fn start(&self, engine: &Arc<Engine<D>>, claimed: Claimed, under_way: &mut JoinSet<()>) {
        let deadline = self.settings.deadline(claimed.asked_at);
        let mut lateness: Vec<(String, metrics::Histogram)> = Vec::new();
        for job in claimed.jobs {
            let kind = kind(&job.target);
            if lateness.last().is_none_or(|(known, _)| known != kind) {
                let meter =
                    metrics::histogram!("rapport_outbox_late_seconds", "target" => kind.to_owned());
                lateness.push((kind.to_owned(), meter));
            }
            if let Some((_, meter)) = lateness.last() {
                meter.record(job.late);
            }
            let place = Place {
                destination: job.destination.clone(),
                health: Health::Good,
                took: None,
                released: engine.released.clone(),
            };
            let Some(lease) = engine.leases.hold(&job, deadline) else {
                continue;
            };
            let destination = job.destination.clone();
            let width = self.deliver.concurrency(&job.target);
            let held = Held { job, lease, place };
            engine.gates.leave(&destination, || width, held);
        }
        self.begin(engine, under_way);
    }

    /// Begins what may be called; each goes on with what lies ready when its call is over.
    fn begin(&self, engine: &Arc<Engine<D>>, under_way: &mut JoinSet<()>) {
        let mut intended = Vec::new();
        while let Some(picked) = engine.gates.pick() {
            let job = &picked.0.job;
            if job.wait.is_zero() && engine.attempts.needs_intent(job) {
                intended.push(picked);
            } else {
                under_way.spawn(engine.clone().deliver(picked, Intent::Missing));
            }
        }
        if !intended.is_empty() {
            under_way.spawn(engine.clone().intend_and_deliver(intended));
        }
    }
}

/// A message that may be delivered now.
type Picked = (Held, Pass<Held>);

/// A message that is to be delivered: its lease and its place among those under way.
struct Held {
    job: Job,
    lease: Lease,
    place: Place,
}

/// Given back however the delivery ends.
struct Place {
    destination: Destination,
    health: Health,
    took: Option<Duration>,
    released: mpsc::UnboundedSender<Released>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let destination = self.destination.clone();
        let _ = self.released.send((destination, self.health, self.took));
    }
}

impl<D: Deliver> Engine<D> {
    /// Delivers one message, and then what lies ready, for as long as there is some.
    async fn deliver(self: Arc<Self>, first: Picked, intent: Intent) {
        let mut next = Some((first, intent));
        while let Some((picked, intent)) = next {
            self.deliver_one(picked, intent).await;
            let is_over = self.attempts.stop.is_cancelled();
            let picked = (!is_over).then(|| self.gates.pick()).flatten();
            next = picked.map(|picked| (picked, Intent::Missing));
        }
    }

    async fn deliver_one(&self, (held, pass): Picked, intent: Intent) {
        let Held {
            job,
            lease,
            mut place,
        } = held;
        if !lease.holds() {
            drop(pass);
            return Box::pin(self.give_back(vec![(job, lease)])).await;
        }
        place.health = Health::Poor;
        let started = Instant::now();
        match self.attempts.make(job, lease, intent).await {
            Made::Done(completion) => {
                place.took = Some(started.elapsed());
                place.health = completion.verdict.health();
                // The next may call while this is written back.
                drop(pass);
                self.completions.leave(completion).await;
            }
            Made::NotBegun(job, lease) => {
                place.health = Health::Good;
                drop(pass);
                Box::pin(self.give_back(vec![(*job, lease)])).await;
            }
        }
        drop(place);
    }

    async fn give_back(&self, mut batch: Vec<(Job, Lease)>) {
        let mut numbers = Numbers::of(batch.iter().map(|(job, _)| job));
        while !numbers.is_empty() {
            if let Err(error) = leases::give_back(&self.attempts.pool, &numbers).await {
                tracing::warn!(%error, "leases could not be given back; they end by themselves");
            }
            // Whoever claimed one of them in that moment has left it to us.
            numbers = Numbers::default();
            for (job, lease) in batch.drain(..) {
                if let Some(newer) = lease.end(job.lease_no) {
                    numbers.push(job.work_id, newer);
                }
            }
        }
    }

    /// One statement writes down the intents of all that were leased together.
    async fn intend_and_deliver(self: Arc<Self>, batch: Vec<Picked>) {
        let numbers = Numbers::of(batch.iter().map(|(held, _)| &held.job));
        let ours = match leases::intend(&self.attempts.pool, &numbers).await {
            Ok(ours) => ours,
            Err(error) => {
                // Their leases end by themselves, and nothing was sent.
                tracing::warn!(%error, "intents could not be written down");
                return;
            }
        };
        let mut under_way = JoinSet::new();
        for picked in batch {
            if ours.contains(&picked.0.job.work_id) {
                under_way.spawn(self.clone().deliver(picked, Intent::Written));
            }
        }
        while under_way.join_next().await.is_some() {}
    }
}

/// What the loop looks at between two claims.
struct Lookout {
    queues: Queues,
    returns: mpsc::UnboundedReceiver<Released>,
    queues_seen: watch::Sender<Vec<Destination>>,
    freed: Arc<Notify>,
}

impl Lookout {
    /// Answers how many deliveries have ended since the last time.
    fn take_returns(&mut self) -> usize {
        let mut count = 0;
        while let Ok(released) = self.returns.try_recv() {
            self.queues.released(released);
            count += 1;
        }
        count
    }

    /// Until the next message is due, or destinations are to be looked for, within limits.
    fn idle_time(&self) -> Duration {
        let queues = &self.queues;
        let next = [queues.next_due(), queues.until_discovery()];
        next.into_iter().flatten().fold(POLL_IDLE, Duration::min)
    }

    /// Tells those who look after queues which there are.
    fn tell(&self) {
        let destinations = self.queues.destinations();
        self.queues_seen.send_if_modified(|seen| {
            let is_new = *seen != destinations;
            if is_new {
                *seen = destinations;
            }
            is_new
        });
    }
}
