//! A projection whose rows depend on one stream alone may be split: each shard has its own share of the streams, its own
//! checkpoint and its own runner. A stream belongs to one shard, so its order is kept; shards do not wait for each other.
//!
//! The checkpoints of a projection are all of one split. Whoever starts with another number lays them out anew, from the
//! lowest position of the old ones: what some shards had passed is read again, which such projections bear.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Client, Pool, Transaction};

use crate::checkpoints::Move;
use crate::error::Error;
use crate::log::Subscriber;
use crate::recorded::Recorded;
use crate::{Result, checkpoints};

/// Into how many shards a projection may be split; each has a runner with up to two connections.
pub const MAX_SHARDS: u16 = 16;

/// Two processes of different numbers may start at once.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('checkpoints of ' || $1, 0))";
const IS_LAID_OUT: &str = "
    select count(*) = $2::int2 and coalesce(bool_and(shards = $2::int2), false) from checkpoints where projection = $1";
/// A batch under way either is committed before this and counts, or finds its checkpoint gone and is not.
const TAKE_AWAY: &str = "
    delete from checkpoints where projection = $1
    returning position, fencing_token, policy, paused_at, pause_reason";
/// The higher fencing token keeps those out that held a shard of the same name before.
const LAY_OUT: &str = "
    insert into checkpoints (subscriber, shard, shards, position, fencing_token, policy, paused_at, pause_reason)
    select name.name, name.shard::int2, $2, $3, $4, $5, $6, $7 from unnest($1::text[]) with ordinality as name (name, shard)
    on conflict do nothing";
/// Another split is in use while one of its leases is good or it is paused.
const IS_ABANDONED: &str = "
    select count(*) > 0 and bool_and(c.shards <> $2::int2 and c.paused_at is null
        and (c.lease_until < clock_timestamp()
            or c.lease_owner like 'process:%' and pg_try_advisory_xact_lock(hashtextextended(c.lease_owner, 0))))
    from checkpoints c where c.projection = $1";

/// One part of a split projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    number: u16,
    of: u16,
}

impl Shard {
    /// A projection that is not split.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// All shards of a split; at least one, at most `MAX_SHARDS`.
    pub fn all(of: u16) -> impl Iterator<Item = Self> {
        let of = of.clamp(1, MAX_SHARDS);
        (1..=of).map(move |number| Self { number, of })
    }

    /// The split's shard of this number, as it stands in the database.
    pub fn stored(number: i16, of: i16) -> Self {
        Self {
            number: number.unsigned_abs(),
            of: of.unsigned_abs(),
        }
    }

    pub fn is_whole(self) -> bool {
        self.of == 1
    }

    /// What it is called: the projection itself where it is whole, else `customers/1of4`.
    pub fn checkpoint(self, projection: &str) -> String {
        match self.is_whole() {
            true => projection.to_owned(),
            false => format!("{projection}/{self}"),
        }
    }

    /// The remainder and the divisor of the streams' hashes.
    pub(crate) fn modulus(self) -> (i64, i64) {
        (i64::from(self.number) - 1, i64::from(self.of))
    }

    fn of(self) -> i16 {
        i16::try_from(self.of).unwrap_or(i16::MAX)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}of{}", self.number, self.of)
    }
}

/// A subscriber's share of the streams.
pub struct Sharded {
    subscriber: Arc<dyn Subscriber>,
    shard: Shard,
}

impl Sharded {
    /// The shards of a subscriber whose rows depend on one stream alone.
    pub fn all(
        subscriber: &Arc<dyn Subscriber>,
        of: u16,
    ) -> impl Iterator<Item = Arc<dyn Subscriber>> {
        Shard::all(of).map(|shard| -> Arc<dyn Subscriber> {
            Arc::new(Self {
                subscriber: subscriber.clone(),
                shard,
            })
        })
    }
}

#[async_trait]
impl Subscriber for Sharded {
    fn name(&self) -> &'static str {
        self.subscriber.name()
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        self.subscriber.aggregate_types()
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        self.subscriber.apply(tx, batch).await
    }

    async fn apply_at_once(
        &self,
        client: &Client,
        batch: &[Recorded],
        step: &Move<'_>,
    ) -> Result<bool> {
        self.subscriber.apply_at_once(client, batch, step).await
    }

    fn gathers(&self) -> (i64, Duration) {
        self.subscriber.gathers()
    }

    fn key(&self, event: &Recorded) -> String {
        self.subscriber.key(event)
    }

    fn shard(&self) -> Shard {
        self.shard
    }
}

/// Sees to it that the projection's checkpoints are those of this split.
pub(crate) async fn lay_out(pool: &Pool, projection: &str, split: Shard) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.execute(LOCK, &[&projection]).await?;
    let is_laid_out: bool = tx
        .query_one(IS_LAID_OUT, &[&projection, &split.of()])
        .await?
        .get(0);
    if is_laid_out {
        return Ok(());
    }
    let old = tx.query(TAKE_AWAY, &[&projection]).await?;
    let position = old.iter().map(|row| row.get("position")).min();
    let fencing_token = old.iter().map(|row| row.get::<_, i64>("fencing_token"));
    let fencing_token = fencing_token.max().unwrap_or(0) + 1;
    // What operators say of a projection they say of all its shards.
    let steered = old.first();
    let policy: Option<String> = steered.map(|row| row.get("policy"));
    let paused_at: Option<time::OffsetDateTime> = steered.and_then(|row| row.get("paused_at"));
    let pause_reason: Option<String> = steered.and_then(|row| row.get("pause_reason"));
    let names: Vec<String> = Shard::all(split.of)
        .map(|shard| shard.checkpoint(projection))
        .collect();
    let laid_out = tx
        .execute(
            LAY_OUT,
            &[
                &names,
                &split.of(),
                &position.unwrap_or(0_i64),
                &fencing_token,
                &policy.as_deref().unwrap_or("park"),
                &paused_at,
                &pause_reason,
            ],
        )
        .await?;
    if laid_out != u64::from(split.of) {
        return Err(Error::busy(
            checkpoints::LOST,
            format!("the checkpoints of {projection} were made at this moment"),
        ));
    }
    if let Some(position) = position {
        tracing::info!(
            projection,
            shards = split.of,
            position,
            "the projection is split anew"
        );
    }
    Ok(tx.commit().await?)
}

/// Whether the checkpoints are those of another split, and nobody runs it.
pub(crate) async fn is_abandoned(pool: &Pool, projection: &str, split: Shard) -> Result<bool> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(IS_ABANDONED).await?;
    let row = client
        .query_one(&statement, &[&projection, &split.of()])
        .await?;
    Ok(row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_split_is_numbered() {
        assert_eq!(Shard::WHOLE.checkpoint("customers"), "customers");
        let names: Vec<String> = Shard::all(3)
            .map(|one| one.checkpoint("customers"))
            .collect();
        assert_eq!(
            names,
            ["customers/1of3", "customers/2of3", "customers/3of3"]
        );
        assert_eq!(Shard::all(0).collect::<Vec<_>>(), [Shard::WHOLE]);
        assert_eq!(Shard::all(999).count(), usize::from(MAX_SHARDS));
    }
}
