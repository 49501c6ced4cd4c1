//! How far the log may be read: the end of its contiguous prefix. A position is drawn before its transaction commits, so
//! a hole is either still being written or lost for ever; a reader that steps over the first kind loses events.
//!
//! What this process has written it knows without looking. It looks at what others have written, and at a hole that stays.
//! At such a hole a transaction id is allocated as a fence. Every writer forces its own id before it draws a position, so
//! whoever drew the hole's positions has an id below the fence; once a snapshot shows all ids below the fence finished
//! and the hole still empty, it is lost. A writer elsewhere in the cluster can hold that snapshot back, so after a
//! second the hole is filled with a tombstone instead: PostgreSQL then decides between us and a late writer.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio::sync::watch;
use tokio_postgres::error::SqlState;

use crate::Result;
use crate::wake::Wake;

/// How many positions one look at the log takes in.
const SCAN_LIMIT: i64 = 10_000;
/// How many positions behind the end are kept in mind; beyond that the log is read.
const MAX_AHEAD: usize = 100_000;
/// The longest we wait for a wake-up before looking anyway.
const POLL_IDLE: Duration = Duration::from_millis(200);
/// The shortest time between two looks: under load one look serves many commits, and costs each of them little.
const PACE: Duration = Duration::from_millis(5);
/// How often an open hole is looked at.
const POLL_HOLE: Duration = Duration::from_millis(2);
/// How long a hole may stay open before it is filled with a tombstone.
const TOMBSTONE_AFTER: Duration = Duration::from_secs(1);
/// How often it is noted how far the log reaches while a hole is open.
const NOTE_EVERY: Duration = Duration::from_millis(100);
/// How long to stay away from a database that does not answer.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(200);

const FIND_START: &str = "select coalesce(max(position), 0) from checkpoints";
const SCAN: &str = "select position from events where position > $1 order by position limit $2";
const ALLOCATE_FENCE: &str = "select pg_current_xact_id()::text::bigint";
/// One statement, hence one snapshot, for both: what is there, and which transactions are certainly over.
const LOOK_INTO_HOLE: &str = "
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_open,
        array(select position from events where position > $1 and position < $2 order by position) as present,
        (select coalesce(max(position), 0) from events) as newest";
const LIMIT_WAIT: &str = "set local lock_timeout = '20ms'";
const BURY: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        position, occurred_at, command_id, correlation_id, causation_id, actor)
    values ('$log', '$tombstone', $1::bigint::text, 1, 'Tombstone', '1', '{}', '{}', $1, clock_timestamp(), '', '', '', '$log')";

/// Follows the log's end for one process.
pub struct Tail {
    pool: Pool,
    wake: Wake,
    safe: watch::Sender<i64>,
}

/// What a reader of the log's end keeps in mind.
#[derive(Default)]
struct Memory {
    hole: Option<Hole>,
    /// The newest position that was there at some moments, while holes were open: what is missing below one of them is at
    /// least as old.
    newest: VecDeque<(Instant, i64)>,
    /// Positions behind the end that are known to be there: commits that overtook others of this process.
    ahead: BTreeSet<i64>,
    /// When the log was last looked at.
    looked: Option<Instant>,
}

struct Hole {
    /// The first position behind it that is there.
    until: i64,
    fence: i64,
}

/// One look into a hole.
struct Look {
    oldest_open: i64,
    newest: i64,
    missing: Vec<i64>,
}

impl Memory {
    fn note(&mut self, newest: i64) {
        let last = self.newest.back();
        if last.is_none_or(|(at, _)| at.elapsed() >= NOTE_EVERY) {
            self.newest.push_back((Instant::now(), newest));
        }
        let is_old = |noted: Option<&(Instant, i64)>| {
            noted.is_some_and(|(at, _)| at.elapsed() > TOMBSTONE_AFTER)
        };
        while is_old(self.newest.get(1)) {
            self.newest.pop_front();
        }
    }

    /// The position below which everything that is missing has been so for long enough.
    fn overdue_until(&self) -> i64 {
        let oldest = self.newest.front();
        oldest.map_or(0, |(at, newest)| match at.elapsed() > TOMBSTONE_AFTER {
            true => *newest,
            false => 0,
        })
    }
}

impl Tail {
    pub fn new(pool: Pool, wake: Wake) -> Self {
        Self {
            pool,
            wake,
            safe: watch::Sender::new(0),
        }
    }

    /// The newest position up to which nothing is missing; everything at or below it may be read.
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.safe.subscribe()
    }

    /// Follows the log for as long as it is polled.
    pub async fn run(&self) {
        let mut started = false;
        let mut memory = Memory::default();
        loop {
            let step = async {
                if !started {
                    // Any checkpoint was once a safe position, and what was safe stays safe.
                    let client = self.pool.get().await?;
                    let start: i64 = client.query_one(FIND_START, &[]).await?.get(0);
                    self.safe.send_if_modified(|safe| {
                        start > *safe && {
                            *safe = start;
                            true
                        }
                    });
                    started = true;
                }
                if memory.hole.is_none() && self.hear(&mut memory) {
                    return Ok(false);
                }
                memory.looked = Some(Instant::now());
                self.step(&mut memory).await
            };
            match step.await {
                Ok(true) => {}
                Ok(false) if memory.hole.is_some() => tokio::time::sleep(POLL_HOLE).await,
                Ok(false) => {
                    tokio::time::sleep(PACE).await;
                    let wait = match memory.ahead.is_empty() {
                        true => POLL_IDLE,
                        false => Duration::ZERO,
                    };
                    let _ = tokio::time::timeout(wait, self.wake.committed()).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the log's end cannot be read");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
    }

    /// Goes as far as what this process knows reaches; answers whether that is all there is to know for now.
    fn hear(&self, memory: &mut Memory) -> bool {
        let news = self.wake.take_news();
        let before = *self.safe.borrow();
        let was_held_up = !memory.ahead.is_empty();
        memory.ahead.extend(news.positions);
        let mut reached = before;
        while let Some(position) = memory
            .ahead
            .first()
            .copied()
            .filter(|next| *next <= reached + 1)
        {
            memory.ahead.pop_first();
            reached = reached.max(position);
        }
        self.advance(reached);
        let is_held_up = was_held_up && reached == before;
        if memory.ahead.len() > MAX_AHEAD {
            memory.ahead.clear();
        }
        let is_recent = |at: Instant| at.elapsed() < POLL_IDLE;
        !news.unknown && !is_held_up && memory.looked.is_some_and(is_recent)
    }

    /// One look; answers whether there may be more to see at once.
    async fn step(&self, memory: &mut Memory) -> Result<bool> {
        if memory.hole.is_some() && !self.resolve(memory).await? {
            return Ok(false);
        }
        memory.hole = None;
        let client = self.pool.get().await?;
        let safe = *self.safe.borrow();
        let statement = client.prepare_cached(SCAN).await?;
        let rows = client.query(&statement, &[&safe, &SCAN_LIMIT]).await?;
        let mut reached = safe;
        for row in &rows {
            let position: i64 = row.get(0);
            if position != reached + 1 {
                let fence = client.query_one(ALLOCATE_FENCE, &[]).await?.get(0);
                memory.hole = Some(Hole {
                    until: position,
                    fence,
                });
                memory.note(rows.last().map_or(position, |row| row.get(0)));
                metrics::counter!("rapport_log_holes_seen_total").increment(1);
                break;
            }
            reached = position;
        }
        self.advance(reached);
        Ok(memory.hole.is_some() || i64::try_from(rows.len()).unwrap_or(0) == SCAN_LIMIT)
    }

    /// Whether the hole is closed: filled by its writer, or certainly lost and stepped over.
    async fn resolve(&self, memory: &mut Memory) -> Result<bool> {
        let Some(Hole { until, fence }) = memory.hole else {
            return Ok(true);
        };
        let look = self.look(until).await?;
        let is_filled = look.missing.is_empty();
        if is_filled || look.oldest_open > fence {
            self.advance(until);
            match is_filled {
                true => metrics::counter!("rapport_log_holes_filled_total").increment(1),
                false => metrics::counter!("rapport_log_holes_skipped_total").increment(1),
            }
            return Ok(true);
        }
        memory.note(look.newest);
        let overdue = memory.overdue_until().min(until + SCAN_LIMIT);
        if overdue >= until {
            // All of them: waiting anew for each would let a reader fall behind for as long as writers are undone.
            for position in self.look(overdue).await?.missing {
                self.bury(position).await?;
            }
        }
        Ok(false)
    }

    /// What is missing before `until`.
    async fn look(&self, until: i64) -> Result<Look> {
        let client = self.pool.get().await?;
        let safe = *self.safe.borrow();
        let statement = client.prepare_cached(LOOK_INTO_HOLE).await?;
        let row = client.query_one(&statement, &[&safe, &until]).await?;
        let present: HashSet<i64> = row.get::<_, Vec<i64>>("present").into_iter().collect();
        let missing = (safe + 1..until).filter(|position| !present.contains(position));
        Ok(Look {
            oldest_open: row.get("oldest_open"),
            newest: row.get("newest"),
            missing: missing.collect(),
        })
    }

    /// Fills a lost position. When its writer is alive after all, one of the two of us is refused by the unique key.
    async fn bury(&self, position: i64) -> Result<()> {
        let mut client = self.pool.get().await?;
        let tx = client.transaction().await?;
        tx.batch_execute(LIMIT_WAIT).await?;
        match tx.execute(BURY, &[&position]).await {
            Ok(_) => {
                tx.commit().await?;
                metrics::counter!("rapport_log_tombstones_total").increment(1);
                Ok(())
            }
            // Its writer is still at it, or has just committed: look again.
            Err(error)
                if [
                    Some(&SqlState::LOCK_NOT_AVAILABLE),
                    Some(&SqlState::UNIQUE_VIOLATION),
                ]
                .contains(&error.code()) =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn advance(&self, position: i64) {
        self.safe.send_if_modified(|safe| {
            position > *safe && {
                *safe = position;
                true
            }
        });
    }
}
