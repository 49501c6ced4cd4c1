//! What operators do about parked keys: look at them and at why, try them again after a fix, or give the failed event up.
//! The projection is held meanwhile, so that what waits and what comes stay in order.

use deadpool_postgres::{GenericClient, Object, Pool, Transaction};
use domain::ids::TenantId;
use domain::refusal::Refusal;
use serde::Serialize;
use time::OffsetDateTime;

use crate::Result;
use crate::checkpoints::{self, Seized};
use crate::log::{BATCH_LIMIT, Subscriber};
use crate::parking::{Key, Parking, Side};
use crate::recorded::Recorded;

/// The longest list of parked keys.
pub const MAX_LISTED: i64 = 1_000;

const LIST: &str = "
    select k.tenant_id, k.subscriber, k.key, k.position, k.failure, k.attempts, k.parked_at, k.tried_at, e.event_type,
        (select count(*) from parked_events p where p.tenant_id = k.tenant_id and p.subscriber = k.subscriber
            and p.side = k.side and p.key = k.key) as waiting
    from parked_keys k left join events e on e.position = k.position and e.tenant_id = k.tenant_id
    where k.side = 'live' and ($1::text is null or k.subscriber = $1) and ($2::text is null or k.key = $2)
      and ($3::text is null or k.tenant_id = $3)
    order by k.parked_at, k.subscriber, k.tenant_id, k.key limit $4";
const READ_WAITING: &str = "
    select e.position, e.tenant_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
        e.payload, e.metadata, e.occurred_at, e.recorded_at, e.command_id, e.correlation_id, e.causation_id, e.actor
    from parked_events p join events e on e.position = p.position and e.tenant_id = p.tenant_id
    where p.tenant_id = $1 and p.subscriber = $2 and p.side = 'live' and p.key = $3
    order by p.position limit $4";
const REMOVE_WAITING: &str = "
    delete from parked_events
    where tenant_id = $1 and subscriber = $2 and side = 'live' and key = $3 and position = any ($4)";
const COUNT_WAITING: &str = "
    select count(*) from parked_events
    where tenant_id = $1 and subscriber = $2 and side = 'live' and key = $3 and position = any ($4)";
const FIND_KEY: &str = "
    select position, failure from parked_keys
    where tenant_id = $1 and subscriber = $2 and side = 'live' and key = $3";
const REMOVE_KEY: &str = "
    delete from parked_keys where tenant_id = $1 and subscriber = $2 and side = 'live' and key = $3";
const DROP_EVENT: &str = "
    insert into dropped_events (tenant_id, subscriber, position, key, failure, reason, dropped_by)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";

/// A parked key.
#[derive(Clone, Debug, Serialize)]
pub struct ParkedKey {
    pub tenant_id: String,
    pub projection: String,
    pub key: String,
    /// Of the event that cannot be applied.
    pub position: i64,
    /// `None` when the log has no such event, as after a restore of another log.
    pub event_type: Option<String>,
    pub failure: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Events that wait, the failed one among them.
    pub waiting: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub parked_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub tried_at: OffsetDateTime,
}

/// Which parked keys are meant; `None` is any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    pub projection: Option<&'a str>,
    pub key: Option<&'a str>,
    pub tenant_id: Option<&'a TenantId>,
}

/// What became of the keys that were tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    pub keys: u64,
    pub events_applied: u64,
    pub events_dropped: u64,
    pub still_parked: u64,
}

/// Who gives a failed event up, and why.
#[derive(Clone, Copy, Debug)]
pub struct Dropping<'a> {
    pub by: &'a str,
    pub reason: &'a str,
}

/// Parked keys, the oldest first; at most `MAX_LISTED`.
pub async fn list(client: &impl GenericClient, choice: Choice<'_>) -> Result<Vec<ParkedKey>> {
    let tenant_id = choice.tenant_id.map(TenantId::as_str);
    let rows = client
        .query(
            LIST,
            &[&choice.projection, &choice.key, &tenant_id, &MAX_LISTED],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| ParkedKey {
            tenant_id: row.get("tenant_id"),
            projection: row.get("subscriber"),
            key: row.get("key"),
            position: row.get("position"),
            event_type: row.get("event_type"),
            failure: row.get("failure"),
            attempts: row.get("attempts"),
            waiting: row.get("waiting"),
            parked_at: row.get("parked_at"),
            tried_at: row.get("tried_at"),
        })
        .collect())
}

/// Tries these keys of the subscriber again, in order of position. With `dropping`, the event that failed is given up,
/// on record, and what waits behind it is applied. A key that fails again stays parked. Busy with `lease-lost` when
/// somebody else steers the projection at the same time; what was done by then stays done.
pub async fn retry(
    pool: &Pool,
    subscriber: &dyn Subscriber,
    keys: &[ParkedKey],
    dropping: Option<Dropping<'_>>,
) -> Result<Retried> {
    let name = subscriber.name();
    if let Some(other) = keys.iter().find(|key| key.projection != name) {
        let detail = format!(
            "{} is parked in {}, not in {name}",
            other.key, other.projection
        );
        return Err(Refusal::invalid("parked-elsewhere", detail).into());
    }
    let seized = checkpoints::seize(pool, name, &format!("retry of {name}")).await?;
    let outcome = retry_held(pool, subscriber, keys, (&seized, dropping)).await;
    checkpoints::release_seized(pool, &seized).await?;
    outcome
}

async fn retry_held(
    pool: &Pool,
    subscriber: &dyn Subscriber,
    keys: &[ParkedKey],
    (seized, dropping): (&Seized, Option<Dropping<'_>>),
) -> Result<Retried> {
    let mut client = pool.get().await?;
    let mut parking = Parking::load(&client, subscriber.name(), Side::Live).await?;
    let mut retried = Retried::default();
    for parked in keys {
        let key = (TenantId::new(parked.tenant_id.clone()), parked.key.clone());
        if !parking.contains(&key) {
            continue;
        }
        retried.keys += 1;
        if let Some(dropping) = dropping {
            let tx = client.transaction().await?;
            retried.events_dropped += give_up(&tx, subscriber.name(), &key, dropping).await?;
            checkpoints::keep_seized(&tx, seized).await?;
            tx.commit().await?;
        }
        retried.events_applied +=
            apply_waiting(&mut client, subscriber, &mut parking, (&key, seized)).await?;
        retried.still_parked += u64::from(parking.contains(&key));
    }
    Ok(retried)
}

/// Puts the failed event on record as given up, and takes it out of the queue.
async fn give_up(
    tx: &Transaction<'_>,
    subscriber: &str,
    (tenant_id, key): &Key,
    dropping: Dropping<'_>,
) -> Result<u64> {
    let row = tx
        .query_one(FIND_KEY, &[&tenant_id.as_str(), &subscriber, key])
        .await?;
    let (position, failure): (i64, String) = (row.get(0), row.get(1));
    tx.execute(
        DROP_EVENT,
        &[
            &tenant_id.as_str(),
            &subscriber,
            &position,
            key,
            &failure,
            &dropping.reason,
            &dropping.by,
        ],
    )
    .await?;
    remove_waiting(tx, subscriber, (tenant_id, key), &[position]).await
}

/// Applies what waits for a key, page by page, until all is applied or something fails.
async fn apply_waiting(
    client: &mut Object,
    subscriber: &dyn Subscriber,
    parking: &mut Parking,
    (key, seized): (&Key, &Seized),
) -> Result<u64> {
    let name = subscriber.name();
    let (tenant_id, text) = (&key.0, &key.1);
    let mut applied = 0;
    loop {
        let mut tx = client.transaction().await?;
        let rows = tx
            .query(
                READ_WAITING,
                &[&tenant_id.as_str(), &name, text, &BATCH_LIMIT],
            )
            .await?;
        let events: Vec<Recorded> = rows.iter().map(Recorded::from_row).collect();
        let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
        let mut tried = parking.clone();
        tried.release(key);
        remove_waiting(&tx, name, (tenant_id, text), &positions).await?;
        if !events.is_empty() {
            let stopped = tried.apply_apart(&mut tx, subscriber, &events).await?;
            if let Some(stopped) = stopped {
                return Err(stopped.error);
            }
        }
        let fails = tried.contains(key);
        let is_last = i64::try_from(events.len()).unwrap_or(BATCH_LIMIT) < BATCH_LIMIT;
        if is_last && !fails {
            tx.execute(REMOVE_KEY, &[&tenant_id.as_str(), &name, text])
                .await?;
        }
        let waiting: i64 = tx
            .query_one(
                COUNT_WAITING,
                &[&tenant_id.as_str(), &name, text, &positions],
            )
            .await?
            .get(0);
        checkpoints::keep_seized(&tx, seized).await?;
        tx.commit().await?;
        let done = i64::try_from(events.len()).unwrap_or_default() - waiting;
        applied += u64::try_from(done).unwrap_or_default();
        if fails || is_last {
            *parking = tried;
            return Ok(applied);
        }
    }
}

async fn remove_waiting(
    tx: &Transaction<'_>,
    subscriber: &str,
    (tenant_id, key): (&TenantId, &str),
    positions: &[i64],
) -> Result<u64> {
    Ok(tx
        .execute(
            REMOVE_WAITING,
            &[&tenant_id.as_str(), &subscriber, &key, &positions],
        )
        .await?)
}
