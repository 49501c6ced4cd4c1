//! The leases that this process holds: renewed together, and fenced by the monotonic clock. Whoever could not renew in
//! time lets go of the delivery by itself, for by then it may be somebody else's.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::work::{Job, Settings};

/// In the order of their ids, as whoever writes results back takes them too.
const RENEW: &str = "
    with held as (
        select w.work_id from unnest($1::bigint[], $2::bigint[]) as r (work_id, lease_no)
        cross join lateral (
            select o.work_id from outbox_work o
            where o.work_id = r.work_id and o.lease_no = r.lease_no and o.lease_owner = $3::text::uuid
            for update) w
        order by r.work_id)
    update outbox_work w set lease_until = clock_timestamp() + $4::float8 * interval '1 second'
    from held where w.work_id = held.work_id
    returning w.work_id";

/// What was leased and not begun: nothing has happened, so it costs no attempt.
const GIVE_BACK: &str = "
    with held as (
        select w.work_id from unnest($1::bigint[], $2::bigint[]) as r (work_id, lease_no)
        cross join lateral (
            select o.work_id from outbox_work o where o.work_id = r.work_id and o.lease_no = r.lease_no for update) w
        order by r.work_id)
    update outbox_work w
    set lease_until = '-infinity', lease_owner = null, attempt = w.attempt - 1, is_counted = false,
        first_sent_at = case when w.attempt > 1 or w.is_uncertain then w.first_sent_at end
    from held where w.work_id = held.work_id";

/// Written down before the first byte of a call that nobody could repeat safely.
const INTEND: &str = "
    with held as (
        select w.work_id from unnest($1::bigint[], $2::bigint[]) as r (work_id, lease_no)
        cross join lateral (
            select o.work_id from outbox_work o where o.work_id = r.work_id and o.lease_no = r.lease_no for update) w
        order by r.work_id)
    update outbox_work w set intent_no = w.lease_no
    from held where w.work_id = held.work_id
    returning w.work_id";

/// How often it is looked for leases that have ended; a small part of the margin that they are let go of before the end.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Which leases a statement is about.
#[derive(Debug, Default)]
pub struct Numbers {
    pub work_ids: Vec<i64>,
    pub lease_nos: Vec<i64>,
}

impl Numbers {
    pub fn of<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Self {
        let mut numbers = Self::default();
        for job in jobs {
            numbers.push(job.work_id, job.lease_no);
        }
        numbers
    }

    pub fn push(&mut self, work_id: i64, lease_no: i64) {
        self.work_ids.push(work_id);
        self.lease_nos.push(lease_no);
    }

    pub fn is_empty(&self) -> bool {
        self.work_ids.is_empty()
    }
}

type Held = Arc<Mutex<HashMap<i64, Arc<Entry>>>>;

struct Entry {
    lease_no: AtomicI64,
    times: Mutex<Times>,
    /// Says that a time has moved, or has come.
    moved: Notify,
}

#[derive(Clone, Copy)]
struct Times {
    /// Of the lease.
    deadline: Instant,
    /// Until whoever waits for the lease to end will wait, if anybody does.
    latest: Option<Instant>,
}

impl Times {
    fn ended(self, now: Instant) -> Option<Ended> {
        if self.deadline <= now {
            return Some(Ended::Lease);
        }
        let is_over = self.latest.is_some_and(|latest| latest <= now);
        is_over.then_some(Ended::Patience)
    }
}

impl Entry {
    fn times(&self) -> Times {
        *lock(&self.times)
    }

    fn deadline(&self) -> Instant {
        self.times().deadline
    }

    fn set_deadline(&self, deadline: Instant) {
        lock(&self.times).deadline = deadline;
        self.moved.notify_one();
    }
}

/// What ended first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Lease,
    Patience,
}

/// All leases of this process.
#[derive(Clone, Default)]
pub struct Leases {
    held: Held,
}

/// One lease, renewed for as long as this lives.
pub struct Lease {
    work_id: i64,
    entry: Arc<Entry>,
    held: Held,
}

impl Leases {
    /// Begins to look after a lease that holds until `deadline`. `None` when an older lease of the same message is still
    /// being dealt with here: that goes on under the new one, as nobody else has had it in between.
    pub fn hold(&self, job: &Job, deadline: Instant) -> Option<Lease> {
        let mut held = lock(&self.held);
        if let Some(entry) = held.get(&job.work_id) {
            entry.lease_no.store(job.lease_no, Ordering::Relaxed);
            entry.set_deadline(deadline);
            return None;
        }
        let entry = Arc::new(Entry {
            lease_no: AtomicI64::new(job.lease_no),
            times: Mutex::new(Times {
                deadline,
                latest: None,
            }),
            moved: Notify::new(),
        });
        held.insert(job.work_id, entry.clone());
        Some(Lease {
            work_id: job.work_id,
            entry,
            held: self.held.clone(),
        })
    }

    /// Renews until told to stop, which is after the last delivery has ended. What could not be renewed ends by itself.
    pub async fn keep(
        &self,
        pool: &Pool,
        (worker, settings): (&str, &Settings),
        stop: CancellationToken,
    ) {
        let mut ticks = tokio::time::interval(settings.renew_every());
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let numbers = self.numbers();
            if numbers.is_empty() {
                continue;
            }
            let asked = Instant::now();
            match renew(pool, (worker, settings), &numbers).await {
                Ok(renewed) => self.renewed(&numbers, &renewed, settings.deadline(asked)),
                Err(error) => tracing::warn!(%error, "leases could not be renewed"),
            }
        }
    }

    /// Wakes whoever waits for a time that has come, until told to stop. A timer for each of them would cost more than these
    /// looks at all do.
    pub async fn wake(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let now = Instant::now();
            for entry in lock(&self.held).values() {
                if entry.times().ended(now).is_some() {
                    entry.moved.notify_one();
                }
            }
        }
    }

    /// Whether a lease of ours has ended that is not let go of yet: what came of it must be written first.
    pub fn are_overdue(&self) -> bool {
        let now = Instant::now();
        let held = lock(&self.held);
        held.values().any(|entry| entry.deadline() <= now)
    }

    fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        for (work_id, entry) in lock(&self.held).iter() {
            numbers.push(*work_id, entry.lease_no.load(Ordering::Relaxed));
        }
        numbers
    }

    /// Leases that are gone end now.
    fn renewed(&self, asked: &Numbers, renewed: &HashSet<i64>, deadline: Instant) {
        let held = lock(&self.held);
        let numbers = asked.work_ids.iter().zip(&asked.lease_nos);
        for (work_id, lease_no) in numbers {
            let is_same = |one: &&Arc<Entry>| one.lease_no.load(Ordering::Relaxed) == *lease_no;
            let Some(entry) = held.get(work_id).filter(is_same) else {
                continue;
            };
            let until = match renewed.contains(work_id) {
                true => deadline,
                false => Instant::now(),
            };
            entry.set_deadline(until);
        }
    }
}

impl Lease {
    /// Ends when the lease does, however often it is renewed before, and at `latest` in any case; up to `LOOK_EVERY` late, as
    /// somebody has to wake us.
    pub async fn ended(&self, latest: Instant) -> Ended {
        lock(&self.entry.times).latest = Some(latest);
        loop {
            if let Some(ended) = self.entry.times().ended(Instant::now()) {
                return ended;
            }
            // Kept for whoever asks next, if nobody waits for it.
            self.entry.moved.notified().await;
        }
    }

    /// The number that results are written back under.
    pub fn number(&self) -> i64 {
        self.entry.lease_no.load(Ordering::Relaxed)
    }

    /// Whether it still holds, by the clock.
    pub fn holds(&self) -> bool {
        self.entry.deadline() > Instant::now()
    }

    /// Ends it, once what became of its message is written down under this number. Answers the number of a newer lease of
    /// the same message that has come to this process meanwhile: nobody serves it, so it is to be given back.
    pub fn end(self, written: i64) -> Option<i64> {
        self.forget();
        let newest = self.number();
        (newest != written).then_some(newest)
    }

    /// Another of the same message may be looked after already.
    fn forget(&self) {
        let mut held = lock(&self.held);
        let entry = held.get(&self.work_id);
        if entry.is_some_and(|entry| Arc::ptr_eq(entry, &self.entry)) {
            held.remove(&self.work_id);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.forget();
    }
}

async fn renew(
    pool: &Pool,
    (worker, settings): (&str, &Settings),
    numbers: &Numbers,
) -> Result<HashSet<i64>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(RENEW).await?;
    let seconds = settings.lease.as_secs_f64();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&numbers.work_ids, &numbers.lease_nos, &worker, &seconds];
    let rows = client.query(&statement, &parameters).await?;
    rows.iter().map(|row| Ok(row.try_get("work_id")?)).collect()
}

/// Lets go of messages that were leased and not begun.
pub async fn give_back(pool: &Pool, numbers: &Numbers) -> Result<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let client = pool.get().await?;
    let statement = client.prepare_cached(GIVE_BACK).await?;
    client
        .execute(&statement, &[&numbers.work_ids, &numbers.lease_nos])
        .await?;
    Ok(())
}

/// Writes down that these are about to leave; answers those that are still ours to send.
pub async fn intend(pool: &Pool, numbers: &Numbers) -> Result<Vec<i64>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let client = pool.get().await?;
    let statement = client.prepare_cached(INTEND).await?;
    let rows = client
        .query(&statement, &[&numbers.work_ids, &numbers.lease_nos])
        .await?;
    rows.iter().map(|row| Ok(row.try_get("work_id")?)).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use domain::ids::TenantId;
    use time::OffsetDateTime;

    use super::*;
    use crate::queues::Destination;

    fn job(lease_no: i64) -> Job {
        Job {
            work_id: 1,
            lease_no,
            attempt: 1,
            tenant_id: TenantId::new("tenant"),
            message_id: String::new(),
            name: String::new(),
            target: String::new(),
            destination: Destination::default(),
            call: String::new(),
            correlation_id: String::new(),
            causation_id: String::new(),
            leased_at: OffsetDateTime::UNIX_EPOCH,
            first_sent_at: OffsetDateTime::UNIX_EPOCH,
            expires_at: None,
            is_uncertain: false,
            was_intended: false,
            is_superseded: false,
            is_troubled: false,
            late: Duration::ZERO,
            wait: Duration::ZERO,
        }
    }

    async fn woken(leases: &Leases, ending: impl Future<Output = Ended>) -> Ended {
        tokio::select! {
            ended = ending => ended,
            () = leases.wake(CancellationToken::new()) => unreachable!("nobody has told it to stop"),
        }
    }

    #[tokio::test]
    async fn a_lease_that_is_renewed_outlives_its_first_deadline() {
        let leases = Leases::default();
        let soon = Instant::now() + Duration::from_millis(20);
        let lease = leases.hold(&job(3), soon).unwrap();
        let (later, hour) = (soon + Duration::from_millis(60), Duration::from_secs(3_600));
        leases.renewed(&leases.numbers(), &HashSet::from([1]), later);
        assert_eq!(woken(&leases, lease.ended(soon + hour)).await, Ended::Lease);
        assert!(Instant::now() >= later && !lease.holds());
    }

    #[tokio::test]
    async fn a_lease_that_somebody_else_has_ends_at_once() {
        let leases = Leases::default();
        let hour = Duration::from_secs(3_600);
        let lease = leases.hold(&job(3), Instant::now() + hour).unwrap();
        let ending = lease.ended(Instant::now() + hour);
        let losing = async {
            // Only once the other waits.
            tokio::task::yield_now().await;
            leases.renewed(&leases.numbers(), &HashSet::new(), Instant::now());
        };
        let (ended, ()) = tokio::join!(ending, losing);
        assert_eq!(ended, Ended::Lease);
        assert!(!lease.holds());
    }

    #[tokio::test]
    async fn whoever_waits_for_a_lease_waits_no_longer_than_it_wants() {
        let leases = Leases::default();
        let (now, hour) = (Instant::now(), Duration::from_secs(3_600));
        let lease = leases.hold(&job(3), now + hour).unwrap();
        let ending = lease.ended(now + Duration::from_millis(20));
        assert_eq!(woken(&leases, ending).await, Ended::Patience);
        assert!(lease.holds());
    }

    #[test]
    fn a_message_that_is_still_being_dealt_with_goes_on_under_its_newer_lease() {
        let leases = Leases::default();
        let deadline = Instant::now() + Duration::from_secs(60);
        let lease = leases.hold(&job(3), Instant::now()).unwrap();
        assert!(leases.are_overdue() && !lease.holds());
        assert!(leases.hold(&job(4), deadline).is_none());
        assert!(lease.holds() && lease.number() == 4);
        drop(lease);
        assert!(leases.numbers().is_empty());
    }
}
