//! `rapport events stats`: how much lies in the log, by tenant, by aggregate and by type of event.

use std::collections::BTreeMap;

use clap::Args;
use event_store::Result;
use event_store::store::Store;
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use tokio_postgres::IsolationLevel;

use super::rows::Slugs;
use crate::cli::Outcome;
use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;

/// The log is read whole, which takes as long as it takes.
const NO_TIME_LIMIT: &str = "set local statement_timeout = 0";

/// Count what lies in the log.
///
/// Events and streams, bytes, first and last position and time: for each tenant, each kind of aggregate and each type and
/// version of event. The whole log is read for it; writers do not wait.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport events stats --tenant fire-and-rice")]
pub struct StatsArgs {
    #[command(flatten)]
    tenant: TenantChoice,
}

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
struct Figures {
    events: i64,
    /// Streams that begin among them.
    streams: i64,
    /// Payload and metadata.
    bytes: i64,
    first_position: i64,
    last_position: i64,
    #[serde(with = "time::serde::rfc3339")]
    first_recorded_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    last_recorded_at: OffsetDateTime,
}

/// Of one type and version of event, of one tenant.
#[derive(Clone, Debug, Serialize)]
struct TypeFigures {
    tenant_id: String,
    tenant: String,
    aggregate_type: String,
    event_type: String,
    event_version: String,
    #[serde(flatten)]
    figures: Figures,
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

pub async fn stats(store: &Store, args: &StatsArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.find(store).await?;
    let tenant_id = tenant_id.as_ref().map(|tenant_id| tenant_id.as_str());
    let slugs = Slugs::read(store).await?;
    let mut client = store.pools.engine.get().await?;
    let tx = client
        .build_transaction()
        .read_only(true)
        .isolation_level(IsolationLevel::RepeatableRead)
        .start()
        .await?;
    tx.batch_execute(NO_TIME_LIMIT).await?;
    let rows = tx.query(COUNT_EVENTS, &[&tenant_id]).await?;
    let log = tx.query_one(MEASURE_LOG, &[]).await?;
    let (on_disk, tombstones): (i64, i64) =
        (log.try_get("bytes_on_disk")?, log.try_get("tombstones")?);
    tx.commit().await?;
    let types = rows
        .iter()
        .map(|row| read(row, &slugs))
        .collect::<Result<Vec<TypeFigures>>>()?;
    let tenants = sum_by(&types, |one| one.tenant.clone());
    let aggregates = sum_by(&types, |one| one.aggregate_type.clone());
    let all = sum_by(&types, |_| "all".to_owned()).remove("all");
    if format == Format::Json {
        return output::document(&json!({
            "all": all, "tombstones": tombstones, "bytes_on_disk": on_disk,
            "tenants": tenants, "aggregates": aggregates, "types": types,
        }));
    }
    print_sums("tenant", &tenants)?;
    print_sums("aggregate", &aggregates)?;
    print_types(&types)?;
    let events = all.map_or(0, |all| all.events);
    output::line(&format!(
        "{events} events, {tombstones} tombstones, {} on disk with indexes",
        size(on_disk)
    ))?;
    Ok(())
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

fn print_sums(what: &str, sums: &BTreeMap<String, Figures>) -> Outcome {
    let rows = sums
        .iter()
        .map(|(name, figures)| [vec![name.clone()], cells(figures)].concat());
    let heads = [
        what, "events", "streams", "bytes", "first", "last", "since", "until",
    ];
    output::table(&heads, rows.collect(), "There are no events.")?;
    Ok(output::line("")?)
}

fn print_types(types: &[TypeFigures]) -> Outcome {
    let row = |one: &TypeFigures| {
        let mut cells = cells(&one.figures);
        cells.remove(1);
        let named = vec![
            one.tenant.clone(),
            format!("{} {}", one.event_type, one.event_version),
        ];
        [named, cells].concat()
    };
    let heads = [
        "tenant", "event", "events", "bytes", "first", "last", "since", "until",
    ];
    output::table(
        &heads,
        types.iter().map(row).collect(),
        "There are no events.",
    )?;
    Ok(output::line("")?)
}

fn cells(figures: &Figures) -> Vec<String> {
    vec![
        figures.events.to_string(),
        figures.streams.to_string(),
        size(figures.bytes),
        figures.first_position.to_string(),
        figures.last_position.to_string(),
        output::instant(figures.first_recorded_at),
        output::instant(figures.last_recorded_at),
    ]
}

/// Bytes for people.
fn size(bytes: i64) -> String {
    indicatif::BinaryBytes(bytes.unsigned_abs()).to_string()
}
