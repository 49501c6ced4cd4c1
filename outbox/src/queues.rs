//! The destinations that have work: found by hopping over the queue's index, remembered, and asked for their share. Each
//! has a quota that grows while it is filled and shrinks while it is not, so that claims lock hardly more than they lease.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use time::OffsetDateTime;

use crate::Result;
use crate::deliver::Deliver;
use crate::heads;
use crate::work::Job;

/// Destinations that one claim looks into.
const MAX_ASKED: usize = 128;
/// Messages that one claim may ask for in all; its destinations share them.
const MAX_ASKED_FOR: usize = 2_048;
/// Messages that are looked at, of each destination, for each that is asked for: some wait for others of their keys.
const LOOK_TIMES: usize = 4;
/// The least that is looked at of a destination.
const LEAST_LOOK: usize = 64;
/// How long a queue whose keys were visited in vain is left alone before they are visited again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// What a destination is asked for at least, and at first.
const SMALLEST_QUOTA: usize = 4;
const FIRST_QUOTA: usize = 64;
/// How soon destinations are looked for again, and how late at the latest.
const DISCOVER_AT_MOST_EVERY: Duration = Duration::from_millis(50);
const DISCOVER_AT_LEAST_EVERY: Duration = Duration::from_millis(250);
/// Looking for destinations may take this share of the time at most: one part in so many.
const DISCOVER_SHARE: u32 = 20;
/// Destinations that are remembered; the rest is found when those are done.
const MAX_KNOWN: i64 = 10_000;

/// One step of the index for each destination, however much waits there. What is found first is where a queue begins:
/// before it there is nothing but what vacuum has not yet taken away. Whatever was written a moment ago may come before
/// a first one that is due later.
const DISCOVER: &str = "
    with recursive queue as (
        (select w.tenant_id, w.target from outbox_work w order by w.tenant_id, w.target limit 1)
        union all
        select n.tenant_id, n.target from queue q cross join lateral (
            select w.tenant_id, w.target from outbox_work w
            where (w.tenant_id, w.target) > (q.tenant_id, q.target)
            order by w.tenant_id, w.target limit 1) n
    )
    select q.tenant_id, q.target, least(head.run_at, now() - interval '10 seconds') as floor, extract(epoch from head.run_at - now())::float8 as due_in_seconds
    from queue q
    cross join lateral (
        select w.run_at from outbox_work w
        where w.tenant_id = q.tenant_id and w.target = q.target
        order by w.run_at limit 1) head
    limit $1";

/// How much work may lie ready, leased, for a destination that answers quickly: as much as it does in this time, and so
/// many times what it has under way at most. One that is slow is given nothing ahead, for others may be free to do it.
const READY: Duration = Duration::from_millis(100);
const MOST_READY: u32 = 63;
/// How much the newest delivery counts in the mean of how long they take: one part in so many.
const MEMORY: u32 = 16;

/// The arrays of a claim.
#[derive(Debug, Default)]
pub struct Asked {
    pub tenants: Vec<String>,
    pub targets: Vec<String>,
    pub quotas: Vec<i64>,
    /// How far the front of each queue is looked at.
    pub looks: Vec<i64>,
    pub floors: Vec<OffsetDateTime>,
    pub orderings: Vec<&'static str>,
    pub heads: Heads,
}

/// Messages that are known to be the oldest of their keys.
#[derive(Debug, Default)]
pub struct Heads {
    pub tenants: Vec<String>,
    pub targets: Vec<String>,
    pub work_ids: Vec<i64>,
}

/// A tenant's account with a provider: the tenant's id and the target. It is handed on with each message, from the claim to
/// the tally.
pub type Destination = Arc<(String, String)>;

struct Queue {
    quota: usize,
    floor: OffsetDateTime,
    due_at: Instant,
    under_way: usize,
    health: Health,
    pace: Pace,
    keys: Keys,
    /// Asked for in the claim that runs, and not granted yet.
    asked: usize,
    granted: usize,
}

/// What was found by visiting a queue's keys, because its front waits for itself.
#[derive(Default)]
struct Keys {
    /// To be claimed; whatever was known longest comes first.
    heads: VecDeque<i64>,
    /// Behind which key the next visit begins.
    cursor: String,
    visit_at: Option<Instant>,
}

/// How a delivery to a destination has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Good,
    /// It failed; until one succeeds, only a few are tried at once.
    Poor,
}

/// A delivery that is over: its destination, what it means for how much that is given next, and how long the call took,
/// if there was one.
pub type Released = (Destination, Health, Option<Duration>);

/// How long calls take, in the mean of the last ones; nothing is known at first.
#[derive(Clone, Copy, Default)]
struct Pace(Option<Duration>);

impl Pace {
    fn note(&mut self, took: Duration) {
        self.0 = Some(match self.0 {
            Some(mean) => mean - mean / MEMORY + took / MEMORY,
            None => took,
        });
    }

    /// How many messages to have leased for so many calls at once.
    fn ready_for(self, calls: usize) -> usize {
        let mean = self.0.unwrap_or(READY).max(Duration::from_micros(1));
        let times = (READY.as_micros() / mean.as_micros()).min(u128::from(MOST_READY));
        calls * (1 + usize::try_from(times).unwrap_or_default())
    }
}

/// What one process knows of the destinations.
#[derive(Default)]
pub struct Queues {
    /// Of all destinations together.
    pace: Pace,
    known: HashMap<Destination, Queue>,
    /// Where the next claim begins among those that may have work.
    turn: usize,
    /// When destinations were looked for last, and how long that took.
    discovered: Option<(Instant, Duration)>,
    is_asked_for: bool,
}

impl Queues {
    /// Looks for destinations anew, unless that was done a moment ago; answers whether it was done now.
    pub async fn discover(&mut self, pool: &Pool) -> Result<bool> {
        self.is_asked_for = self.rest() > Duration::ZERO;
        if self.is_asked_for {
            return Ok(false);
        }
        self.find(pool).await?;
        Ok(true)
    }

    /// Looks for destinations anew when that was not done for a while.
    pub async fn discover_in_time(&mut self, pool: &Pool) -> Result<()> {
        let is_late = |(at, _): &(Instant, Duration)| at.elapsed() > DISCOVER_AT_LEAST_EVERY;
        if self.discovered.as_ref().is_none_or(is_late) && self.rest().is_zero() {
            self.find(pool).await?;
        }
        Ok(())
    }

    /// Until destinations should be looked for, where somebody wanted to.
    pub fn until_discovery(&self) -> Option<Duration> {
        self.is_asked_for.then(|| self.rest())
    }

    fn rest(&self) -> Duration {
        self.discovered.map_or(Duration::ZERO, |(at, took)| {
            let share = (took * DISCOVER_SHARE).max(DISCOVER_AT_MOST_EVERY);
            share.saturating_sub(at.elapsed())
        })
    }

    async fn find(&mut self, pool: &Pool) -> Result<()> {
        let started = Instant::now();
        let client = pool.get().await?;
        let statement = client.prepare_cached(DISCOVER).await?;
        let rows = client.query(&statement, &[&MAX_KNOWN]).await?;
        drop(client);
        let now = Instant::now();
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let destination = Arc::new((row.try_get("tenant_id")?, row.try_get("target")?));
            let seconds: f64 = row.try_get("due_in_seconds")?;
            let due_in = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
            let mut before = self.known.remove(&destination);
            let keys = before.as_mut().map(|queue| std::mem::take(&mut queue.keys));
            let queue = Queue {
                quota: before.as_ref().map_or(FIRST_QUOTA, |queue| queue.quota),
                floor: row.try_get("floor")?,
                due_at: now.checked_add(due_in).unwrap_or(now + DISCOVER_LATEST),
                under_way: before.as_ref().map_or(0, |queue| queue.under_way),
                health: before.as_ref().map_or(Health::Good, |queue| queue.health),
                pace: before.as_ref().map_or(Pace::default(), |queue| queue.pace),
                keys: keys.unwrap_or_default(),
                asked: 0,
                granted: 0,
            };
            found.insert(destination, queue);
        }
        // Those without any work left are kept while deliveries to them are under way.
        found.extend(self.known.drain().filter(|(_, queue)| queue.under_way > 0));
        self.known = found;
        self.discovered = Some((started, started.elapsed()));
        Ok(())
    }

    /// What to ask for: of each destination that may have something due, as much as it may have under way here.
    pub fn ask(&mut self, deliver: &impl Deliver, limit: usize) -> Asked {
        let now = Instant::now();
        let is_small = self.known.len() <= MAX_ASKED;
        let mut asked = Asked::default();
        let mut places: Vec<&Destination> = self.known.keys().collect();
        places.sort_unstable();
        let count = places.len().max(1);
        let turn = self.turn % count;
        let mut chosen: Vec<Destination> = Vec::new();
        for place in places.iter().cycle().skip(turn).take(places.len()) {
            let Some(queue) = self.known.get(*place) else {
                continue;
            };
            // Where there are few, all are asked: something new may have come since they were looked at.
            if (is_small || queue.due_at <= now) && chosen.len() < MAX_ASKED {
                chosen.push((*place).clone());
            }
        }
        self.turn = (turn + chosen.len().min(count - 1).max(1)) % count;
        let share = (MAX_ASKED_FOR / chosen.len().max(1)).max(SMALLEST_QUOTA);
        for destination in chosen {
            if let Some(queue) = self.known.get_mut(&destination) {
                queue.ask(deliver, destination, limit.min(share), &mut asked);
            }
        }
        asked
    }

    /// Visits the keys of queues whose front waits for itself, unless that was done in vain a moment ago; answers whether
    /// there is now more to be claimed.
    pub async fn visit_keys(&mut self, pool: &Pool, crowded: &[Destination]) -> Result<bool> {
        let now = Instant::now();
        let is_left_alone = |queue: &Queue| queue.keys.visit_at.is_some_and(|at| at > now);
        let asked = crowded.iter().filter_map(|destination| {
            let queue = self.known.get(destination)?;
            let cursor = queue.keys.cursor.clone();
            (!is_left_alone(queue)).then(|| (destination.clone(), cursor))
        });
        let asked: Vec<(Destination, String)> = asked.collect();
        if asked.is_empty() {
            return Ok(false);
        }
        let mut is_more = false;
        for found in heads::find(pool, &asked).await? {
            let Some(queue) = self.known.get_mut(&found.destination) else {
                continue;
            };
            is_more |= !found.work_ids.is_empty();
            let is_in_vain = found.work_ids.is_empty();
            queue.keys = Keys {
                heads: found.work_ids.into(),
                cursor: found.cursor,
                visit_at: is_in_vain.then(|| Instant::now() + LOOK_AGAIN),
            };
        }
        Ok(is_more)
    }

    /// Notes what was leased, and asks for more or less the next time.
    pub fn granted(&mut self, jobs: &[Job], most: usize) {
        for job in jobs {
            if let Some(queue) = self.known.get_mut(&job.destination) {
                queue.under_way += 1;
                queue.granted += 1;
            }
        }
        for queue in self.known.values_mut().filter(|queue| queue.asked > 0) {
            queue.quota = if queue.granted >= queue.asked {
                (queue.quota * 2).min(most)
            } else {
                (queue.quota / 2).max(SMALLEST_QUOTA)
            };
            queue.asked = 0;
        }
    }

    /// One delivery less is under way.
    pub fn released(&mut self, (destination, health, took): Released) {
        if let Some(took) = took {
            self.pace.note(took);
        }
        if let Some(queue) = self.known.get_mut(&destination) {
            queue.health = health;
            queue.under_way = queue.under_way.saturating_sub(1);
            if let Some(took) = took {
                queue.pace.note(took);
            }
        }
    }

    /// How many messages may be leased where `calls` may be under way.
    pub fn ready_for(&self, calls: usize) -> usize {
        self.pace.ready_for(calls)
    }

    /// Until something that is known will be due, if it is not yet.
    pub fn next_due(&self) -> Option<Duration> {
        let now = Instant::now();
        let dues = self.known.values().map(|queue| queue.due_at);
        dues.filter(|due| *due > now).min().map(|due| due - now)
    }

    /// Every destination that is known, for what is looked after beside the claim.
    pub fn destinations(&self) -> Vec<Destination> {
        let known = self.known.keys().take(MAX_ASKED);
        known.cloned().collect()
    }
}

impl Queue {
    /// Adds what may be asked for here. Heads that are known are asked for before the front is looked at.
    fn ask(
        &mut self,
        deliver: &impl Deliver,
        destination: Destination,
        limit: usize,
        asked: &mut Asked,
    ) {
        let most = match self.health {
            Health::Good => self.pace.ready_for(deliver.concurrency(&destination.1)),
            Health::Poor => SMALLEST_QUOTA,
        };
        let free = most.saturating_sub(self.under_way);
        let quota = self.quota.max(self.keys.heads.len()).min(free).min(limit);
        if quota == 0 {
            return;
        }
        (self.asked, self.granted) = (quota, 0);
        let (tenant_id, target) = &*destination;
        let known = self.keys.heads.len().min(quota);
        for work_id in self.keys.heads.drain(..known) {
            asked.heads.tenants.push(tenant_id.clone());
            asked.heads.targets.push(target.clone());
            asked.heads.work_ids.push(work_id);
        }
        asked.quotas.push(i64::try_from(quota).unwrap_or(1));
        let look = i64::try_from((quota * LOOK_TIMES).max(LEAST_LOOK)).unwrap_or(1);
        asked.looks.push(look);
        asked.floors.push(self.floor);
        asked.orderings.push(deliver.ordering(target).as_str());
        asked.tenants.push(tenant_id.clone());
        asked.targets.push(target.clone());
    }
}

/// A due time that lies further ahead than the clock can say.
const DISCOVER_LATEST: Duration = Duration::from_secs(3_600);
