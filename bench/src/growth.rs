//! Growth: the same command on the same lively streams, with a million events in the log and with many more. An append
//! that slows down with the log would not be one.

use std::time::Duration;

use commands::dispatch::Dispatcher;
use cqrs_es::Aggregate;
use domain::customers::Customer;
use domain::ids::TenantId;

use crate::drive::{Offered, Sample};
use crate::ground::Ground;
use crate::{Result, dispatched, streams};

/// How many events the log holds when it is small.
pub const SMALL: u64 = 1_000_000;
/// The number of clients that p50 is taken at.
const CLIENTS: usize = 1;
/// Events of each further stream, as of the first ones.
const PER_STREAM: u64 = 5;
/// How many streams one statement writes.
const CHUNK: i64 = 50_000;
/// How many positions are drawn beside events.
const COUNT: &str = "select count(*) from events";

/// $1 tenant, $2 type, $3 and $4 the first and the last stream, $5 the payload, as long as a sealed note's.
const GROW: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select $1, $2, '01900000-0000-7000-8000-' || lpad(to_hex(stream), 12, '0'), sequence, 'NoteAdded', '1', $5::json, '{}',
        clock_timestamp(), 'fill', 'fill', 'fill', 'system'
    from generate_series($3::bigint, $4::bigint) as stream, generate_series(1, 5) as sequence";

/// The latencies with a small and with a large log.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    pub small: Sample,
    pub large: Sample,
    /// How many events the large one holds.
    pub events: u64,
    /// Commands that were acknowledged meanwhile.
    pub acknowledged: u64,
}

/// Fills the log up, measures, fills it up further, and measures again.
pub async fn measure(
    ground: &Ground,
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    (events, measured): (u64, Duration),
) -> Result<Growth> {
    let (mut last, offered) = (streams::STREAMS, Offered::full(CLIENTS, measured));
    grow(ground, tenant_id, &mut last, SMALL).await?;
    let (small, first) = dispatched::measure(dispatcher, tenant_id, streams::pick, offered).await?;
    grow(ground, tenant_id, &mut last, events).await?;
    let (large, second) =
        dispatched::measure(dispatcher, tenant_id, streams::pick, offered).await?;
    Ok(Growth {
        small,
        large,
        events,
        acknowledged: first + second,
    })
}

/// Adds quiet streams until the log holds this many events.
async fn grow(ground: &Ground, tenant_id: &TenantId, last: &mut u64, events: u64) -> Result<()> {
    let client = ground.connect(&ground.url()).await?;
    let there: i64 = client.query_one(COUNT, &[]).await?.get(0);
    let missing = events.saturating_sub(u64::try_from(there)?);
    let until = i64::try_from(*last + missing.div_ceil(PER_STREAM))?;
    let payload = payload();
    let statement = client.prepare(GROW).await?;
    let mut from = i64::try_from(*last)? + 1;
    while from <= until {
        let to = (from + CHUNK - 1).min(until);
        client
            .execute(
                &statement,
                &[&tenant_id.as_str(), &Customer::TYPE, &from, &to, &payload],
            )
            .await?;
        from = to + 1;
    }
    *last = u64::try_from(until)?;
    ground.vacuum_logs().await?;
    crate::say(&format!("  the log holds {events} events"));
    Ok(())
}

/// As long as a sealed note of ours; nobody opens it.
fn payload() -> serde_json::Value {
    let sealed = "x".repeat(streams::NOTE.len() * 4 / 3 + 64);
    serde_json::json!({"NoteAdded": {"note_id": "fill", "text": sealed, "author": "system"}})
}
