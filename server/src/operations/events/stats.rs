//! How much lies in the log, by tenant, by aggregate and by type of event.

use std::collections::BTreeMap;

use domain::ids::TenantId;
use event_store::Result;
use event_store::store::Store;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::IsolationLevel;

use super::rows::Slugs;
use crate::operations::Scope;

/// The log is read whole, which takes as long as it takes.
const NO_TIME_LIMIT: &str = "set local statement_timeout = 0";
/// As long as somebody waits for an answer over HTTP.
const SHORT_TIME_LIMIT: &str = "set local statement_timeout = '20s'";

/// Tombstones, which fill lost positions, are nobody's.
const COUNT_EVENTS: &str = "
    select tenant_id, aggregate_type, event_type, event_version, count(*) as events,
        count(*) filter (where sequence = 1) as streams,
        sum(octet_length(payload::text) + octet_length(metadata::text))::bigint as bytes,
        min(position) as first_position, max(position) as last_position,
        min(recorded_at) as first_recorded_at, max(recorded_at) as last_recorded_at
    from events
    where ($1::text is null or tenant_id = $1) and aggregate_type <> '$log'
    group by tenant_id, aggregate_type, event_type, event_version
    order by tenant_id, aggregate_type, event_type, event_version";

const MEASURE_LOG: &str = "
    select pg_total_relation_size('events')::bigint as bytes_on_disk,
        (select count(*) from events where aggregate_type = '$log') as tombstones";

/// Figures of some events.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub events: i64,
    /// Streams that begin among them.
    pub streams: i64,
    /// Payload and metadata.
    pub bytes: i64,
    pub first_position: i64,
    pub last_position: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub first_recorded_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub last_recorded_at: OffsetDateTime,
}

/// Of one type and version of event, of one tenant.
#[derive(Clone, Debug, Serialize)]
pub struct TypeFigures {
    pub tenant_id: String,
    pub tenant: String,
    pub aggregate_type: String,
    pub event_type: String,
    pub event_version: String,
    #[serde(flatten)]
    pub figures: Figures,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.streams += other.streams;
        self.bytes += other.bytes;
        self.first_position = self.first_position.min(other.first_position);
        self.last_position = self.last_position.max(other.last_position);
        self.first_recorded_at = self.first_recorded_at.min(other.first_recorded_at);
        self.last_recorded_at = self.last_recorded_at.max(other.last_recorded_at);
    }
}

/// How long the caller waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Seconds; busy with `database-unavailable` when the log is too long for that.
    Short,
    Endless,
}

/// All that was counted.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    pub all: Option<Figures>,
    /// Of the whole log, whoever asks.
    pub tombstones: i64,
    pub bytes_on_disk: i64,
    pub tenants: BTreeMap<String, Figures>,
    pub aggregates: BTreeMap<String, Figures>,
    pub types: Vec<TypeFigures>,
}

/// Counts what lies in the log; writers do not wait.
pub async fn count(store: &Store, scope: &Scope, patience: Patience) -> Result<Stats> {
    let tenant_id = scope.tenant_id().map(TenantId::as_str);
    let slugs = Slugs::read(store).await?;
    let mut client = store.pools.engine.get().await?;
    let tx = client
        .build_transaction()
        .read_only(true)
        .isolation_level(IsolationLevel::RepeatableRead)
        .start()
        .await?;
    tx.batch_execute(match patience {
        Patience::Short => SHORT_TIME_LIMIT,
        Patience::Endless => NO_TIME_LIMIT,
    })
    .await?;
    let rows = tx.query(COUNT_EVENTS, &[&tenant_id]).await?;
    let log = tx.query_one(MEASURE_LOG, &[]).await?;
    tx.commit().await?;
    let types = rows
        .iter()
        .map(|row| read(row, &slugs))
        .collect::<Result<Vec<TypeFigures>>>()?;
    Ok(Stats {
        all: sum_by(&types, |_| "all".to_owned()).remove("all"),
        tombstones: log.try_get("tombstones")?,
        bytes_on_disk: log.try_get("bytes_on_disk")?,
        tenants: sum_by(&types, |one| one.tenant.clone()),
        aggregates: sum_by(&types, |one| one.aggregate_type.clone()),
        types,
    })
}

fn read(row: &tokio_postgres::Row, slugs: &Slugs) -> Result<TypeFigures> {
    let tenant_id: String = row.try_get("tenant_id")?;
    Ok(TypeFigures {
        tenant: slugs.of(&tenant_id).to_owned(),
        tenant_id,
        aggregate_type: row.try_get("aggregate_type")?,
        event_type: row.try_get("event_type")?,
        event_version: row.try_get("event_version")?,
        figures: Figures {
            events: row.try_get("events")?,
            streams: row.try_get("streams")?,
            bytes: row.try_get("bytes")?,
            first_position: row.try_get("first_position")?,
            last_position: row.try_get("last_position")?,
            first_recorded_at: row.try_get("first_recorded_at")?,
            last_recorded_at: row.try_get("last_recorded_at")?,
        },
    })
}

fn sum_by(types: &[TypeFigures], key: fn(&TypeFigures) -> String) -> BTreeMap<String, Figures> {
    let mut sums: BTreeMap<String, Figures> = BTreeMap::new();
    for one in types {
        sums.entry(key(one))
            .and_modify(|sum| sum.add(&one.figures))
            .or_insert_with(|| one.figures.clone());
    }
    sums
}
