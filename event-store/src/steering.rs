//! What operators see of projections and do to them: how far each is behind, in events and in time, whether it moves,
//! what it does with events that fail; pausing it, and reading a part of the log again.

use deadpool_postgres::GenericClient;
use domain::refusal::Refusal;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::parking::Policy;
use crate::shards::Shard;
use crate::{Result, error::Error};

/// A projection that is behind and has not moved for so long is stuck.
pub const STUCK_AFTER_SECONDS: f64 = 30.0;

const LIST: &str = "
    select c.projection, c.shard, c.shards, c.position, n.newest, greatest(n.newest - c.position, 0) as behind_events,
        coalesce((select extract(epoch from clock_timestamp() - e.recorded_at) from events e
            where e.position > c.position order by e.position limit 1), 0)::float8 as behind_seconds,
        extract(epoch from clock_timestamp() - c.moved_at)::float8 as still_seconds,
        c.lease_owner, c.lease_until > clock_timestamp() as leased, c.failure, c.policy, c.paused_at, c.pause_reason,
        (select count(*) from parked_keys k where k.subscriber = c.projection and k.side = 'live') as parked_keys,
        (select count(*) from parked_events p where p.subscriber = c.projection and p.side = 'live') as parked_events,
        (select count(*) from dropped_events d where d.subscriber = c.projection) as dropped_events,
        t.state as twin, t.position as twin_position, t.changed_at as twin_at
    from checkpoints c
    cross join (select coalesce(max(position), 0) as newest from events) n
    left join rebuild.twins t on t.subscriber = c.projection
    order by c.projection, c.shard";
const ENSURE: &str = "insert into checkpoints (subscriber) values ($1) on conflict do nothing";
/// A higher fencing token makes the runner let go at once; it may not come back.
const PAUSE: &str = "
    update checkpoints set paused_at = clock_timestamp(), pause_reason = $2, lease_until = '-infinity',
        fencing_token = fencing_token + 1
    where projection = $1 and paused_at is null";
const RESUME: &str = "
    update checkpoints set paused_at = null, pause_reason = null where projection = $1 and paused_at is not null";
/// The runner learns of it when it takes the lease anew.
const SET_POLICY: &str = "
    update checkpoints set policy = $2, lease_until = '-infinity', fencing_token = fencing_token + 1
    where projection = $1 and policy <> $2";
const REWIND: &str = "
    update checkpoints set position = $2, failure = null, lease_until = '-infinity', fencing_token = fencing_token + 1
    where projection = $1 and position > $2";

/// One projection, as operators see it. What it says of a split one is true of the shard that is furthest behind, or of all.
#[derive(Clone, Debug, Serialize)]
pub struct Condition {
    pub subscriber: String,
    /// What all shards have passed.
    pub position: i64,
    /// The newest position of the log.
    pub newest: i64,
    pub behind_events: i64,
    /// The age of the oldest event that it has not seen; 0 at the end of the log.
    pub behind_seconds: f64,
    /// Since it moved last.
    pub still_seconds: f64,
    pub lease_owner: Option<String>,
    /// Whether somebody runs it, with all of its shards.
    pub leased: bool,
    pub failure: Option<String>,
    pub policy: String,
    #[serde(with = "time::serde::rfc3339::option")]
    pub paused_at: Option<OffsetDateTime>,
    pub pause_reason: Option<String>,
    pub parked_keys: i64,
    pub parked_events: i64,
    pub dropped_events: i64,
    /// `building`, `ready` or `old`.
    pub twin: Option<String>,
    pub twin_position: Option<i64>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub twin_at: Option<OffsetDateTime>,
    /// Of a split projection; each has its own runner.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<ShardCondition>,
}

/// One shard of a split projection, as operators see it.
#[derive(Clone, Debug, Serialize)]
pub struct ShardCondition {
    /// As `1of4`.
    pub shard: String,
    pub position: i64,
    pub behind_events: i64,
    pub behind_seconds: f64,
    pub still_seconds: f64,
    pub lease_owner: Option<String>,
    pub leased: bool,
    pub failure: Option<String>,
}

/// How a projection does, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Behind, and not moving.
    Stuck,
    /// Somebody has paused it.
    Paused,
    /// It goes on, but some of its keys wait.
    Parked,
    Behind,
    UpToDate,
}

impl Condition {
    /// Red is only what is behind *and* does not move.
    pub fn health(&self) -> Health {
        if self.paused_at.is_some() {
            Health::Paused
        } else if is_stuck(self.behind_seconds, self.still_seconds)
            || self
                .shards
                .iter()
                .any(|shard| is_stuck(shard.behind_seconds, shard.still_seconds))
        {
            Health::Stuck
        } else if self.parked_keys > 0 {
            Health::Parked
        } else if self.behind_events > 0 {
            Health::Behind
        } else {
            Health::UpToDate
        }
    }
}

fn is_stuck(behind_seconds: f64, still_seconds: f64) -> bool {
    behind_seconds > STUCK_AFTER_SECONDS && still_seconds > STUCK_AFTER_SECONDS
}

/// Every projection that has ever run, by name.
pub async fn list(client: &impl GenericClient) -> Result<Vec<Condition>> {
    let rows = client.query(LIST, &[]).await?;
    let mut conditions: Vec<Condition> = Vec::new();
    for row in &rows {
        let (shard, condition) = (ShardCondition::from_row(row), Condition::from_row(row));
        let Some(whole) = conditions
            .last_mut()
            .filter(|last| last.subscriber == condition.subscriber)
        else {
            conditions.push(Condition {
                shards: shard.into_iter().collect(),
                ..condition
            });
            continue;
        };
        whole.shards.extend(shard);
        whole.join(condition);
    }
    Ok(conditions)
}

impl ShardCondition {
    /// `None` for what is not split.
    fn from_row(row: &Row) -> Option<Self> {
        let shard = Shard::stored(row.get("shard"), row.get("shards"));
        (!shard.is_whole()).then(|| Self {
            shard: shard.to_string(),
            position: row.get("position"),
            behind_events: row.get("behind_events"),
            behind_seconds: row.get("behind_seconds"),
            still_seconds: row.get("still_seconds"),
            lease_owner: row.get("lease_owner"),
            leased: row.get("leased"),
            failure: row.get("failure"),
        })
    }
}

impl Condition {
    /// Takes another shard into account.
    fn join(&mut self, other: Self) {
        let leased = self.leased && other.leased;
        let failure = self.failure.take().or_else(|| other.failure.clone());
        if other.position < self.position {
            let shards = std::mem::take(&mut self.shards);
            *self = Self { shards, ..other };
        }
        (self.leased, self.failure) = (leased, failure);
    }

    fn from_row(row: &Row) -> Self {
        Self {
            subscriber: row.get("projection"),
            position: row.get("position"),
            newest: row.get("newest"),
            behind_events: row.get("behind_events"),
            behind_seconds: row.get("behind_seconds"),
            still_seconds: row.get("still_seconds"),
            lease_owner: row.get("lease_owner"),
            leased: row.get("leased"),
            failure: row.get("failure"),
            policy: row.get("policy"),
            paused_at: row.get("paused_at"),
            pause_reason: row.get("pause_reason"),
            parked_keys: row.get("parked_keys"),
            parked_events: row.get("parked_events"),
            dropped_events: row.get("dropped_events"),
            twin: row.get("twin"),
            twin_position: row.get("twin_position"),
            twin_at: row.get("twin_at"),
            shards: Vec::new(),
        }
    }
}

/// Stops a projection until it is resumed, whatever process runs it; answers whether it was running.
pub async fn pause(client: &impl GenericClient, subscriber: &str, reason: &str) -> Result<bool> {
    client.execute(ENSURE, &[&subscriber]).await?;
    Ok(client.execute(PAUSE, &[&subscriber, &reason]).await? > 0)
}

/// Lets a paused projection go on; answers whether it was paused.
pub async fn resume(client: &impl GenericClient, subscriber: &str) -> Result<bool> {
    Ok(client.execute(RESUME, &[&subscriber]).await? > 0)
}

/// Says what the projection does with events that fail; answers whether that is a change.
pub async fn set_policy(
    client: &impl GenericClient,
    subscriber: &str,
    policy: Policy,
) -> Result<bool> {
    client.execute(ENSURE, &[&subscriber]).await?;
    let changed = client
        .execute(SET_POLICY, &[&subscriber, &policy.as_str()])
        .await?;
    Ok(changed > 0)
}

/// Sends a projection back, to read the log again after `position`. Refused with `position-invalid` unless that lies
/// behind it: to send it on would pass over events in silence.
pub async fn rewind(client: &impl GenericClient, subscriber: &str, position: i64) -> Result<()> {
    if position >= 0 && client.execute(REWIND, &[&subscriber, &position]).await? > 0 {
        return Ok(());
    }
    let detail = format!("{subscriber} has not passed position {position}; name one that it has");
    Err(Error::from(Refusal::conflict("position-invalid", detail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(behind: i64, behind_seconds: f64, still_seconds: f64) -> Condition {
        Condition {
            subscriber: "bookings".to_owned(),
            position: 10,
            newest: 10 + behind,
            behind_events: behind,
            behind_seconds,
            still_seconds,
            lease_owner: None,
            leased: true,
            failure: None,
            policy: "park".to_owned(),
            paused_at: None,
            pause_reason: None,
            parked_keys: 0,
            parked_events: 0,
            dropped_events: 0,
            twin: None,
            twin_position: None,
            twin_at: None,
            shards: Vec::new(),
        }
    }

    #[test]
    fn only_what_is_behind_and_does_not_move_is_stuck() {
        assert_eq!(condition(0, 0.0, 9_000.0).health(), Health::UpToDate);
        assert_eq!(condition(9_000, 900.0, 0.1).health(), Health::Behind);
        assert_eq!(condition(1, 31.0, 31.0).health(), Health::Stuck);
        assert_eq!(condition(1, 0.1, 900.0).health(), Health::Behind);
        let parked = Condition {
            parked_keys: 1,
            ..condition(0, 0.0, 1.0)
        };
        assert_eq!(parked.health(), Health::Parked);
    }

    #[test]
    fn one_stuck_shard_is_enough() {
        let shard = |behind_seconds, still_seconds| ShardCondition {
            shard: "2of2".to_owned(),
            position: 10,
            behind_events: 1,
            behind_seconds,
            still_seconds,
            lease_owner: None,
            leased: true,
            failure: None,
        };
        let split = |shards| Condition {
            shards,
            ..condition(9, 40.0, 0.1)
        };
        let moving = split(vec![shard(40.0, 0.1), shard(0.0, 900.0)]);
        assert_eq!(moving.health(), Health::Behind);
        let stuck = split(vec![shard(40.0, 0.1), shard(31.0, 31.0)]);
        assert_eq!(stuck.health(), Health::Stuck);
    }
}
