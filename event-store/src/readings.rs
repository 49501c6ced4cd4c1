//! Whose words an agent has read lately. Words of customers may hold orders in disguise: what they could make an agent do is
//! decided knowing whose they were.

use std::time::Duration;

use deadpool_postgres::Pool;
use domain::ids::TenantId;

use crate::Result;

/// How long words that were read count.
pub const LASTING: Duration = Duration::from_secs(60 * 60);
/// The most that one answer notes, and that are looked at.
pub const MAX_READINGS: usize = 1_000;
/// A reading that was noted so short a while ago is not noted again.
const NOTED_SECONDS: f64 = 30.0;

/// Words of one customer, in one thread or elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    /// Empty for words outside of a thread that was read as such.
    pub thread_id: String,
    /// Empty where nobody knows whose words they were.
    pub customer_id: String,
}

const NOTE: &str = "
    insert into agent_readings as r (tenant_id, principal, thread_id, customer_id)
    select $1, $2, n.thread_id, n.customer_id from unnest($3::text[], $4::text[]) as n (thread_id, customer_id)
    on conflict (tenant_id, principal, thread_id, customer_id) do update set read_at = clock_timestamp()
        where r.read_at < clock_timestamp() - make_interval(secs => $5)";

/// Notes what an agent is about to be shown.
pub async fn note(
    engine: &Pool,
    tenant_id: &TenantId,
    principal: &str,
    readings: &[Reading],
) -> Result<()> {
    let readings = &readings[..readings.len().min(MAX_READINGS)];
    let threads: Vec<&str> = readings
        .iter()
        .map(|reading| reading.thread_id.as_str())
        .collect();
    let customers: Vec<&str> = readings
        .iter()
        .map(|reading| reading.customer_id.as_str())
        .collect();
    let client = engine.get().await?;
    let statement = client.prepare_cached(NOTE).await?;
    client
        .execute(
            &statement,
            &[
                &tenant_id.as_str(),
                &principal,
                &threads,
                &customers,
                &NOTED_SECONDS,
            ],
        )
        .await?;
    Ok(())
}

const LIST: &str = "
    select r.thread_id, r.customer_id from agent_readings r
    where r.tenant_id = $1 and r.principal = $2 and r.read_at > clock_timestamp() - make_interval(secs => $3)
    order by r.read_at desc limit $4";

/// What an agent has read lately.
pub async fn list(engine: &Pool, tenant_id: &TenantId, principal: &str) -> Result<Vec<Reading>> {
    let client = engine.get().await?;
    let statement = client.prepare_cached(LIST).await?;
    let limit = i64::try_from(MAX_READINGS).unwrap_or(i64::MAX);
    let rows = client
        .query(
            &statement,
            &[
                &tenant_id.as_str(),
                &principal,
                &LASTING.as_secs_f64(),
                &limit,
            ],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Reading {
            thread_id: row.get("thread_id"),
            customer_id: row.get("customer_id"),
        })
        .collect())
}

const FORGET_READINGS: &str = "
    delete from agent_readings where ctid = any (array(
        select ctid from agent_readings where read_at < now() - interval '2 days' limit $1))";
const FORGET_USAGE: &str = "
    delete from agent_usage where ctid = any (array(
        select ctid from agent_usage where period < now() - interval '3 days' limit $1))";
const FORGET_MEETINGS: &str = "
    delete from agent_meetings where ctid = any (array(
        select ctid from agent_meetings where period < now() - interval '3 days' limit $1))";

/// Forgets readings and budgets whose windows are over, so many of each.
pub async fn forget_old(engine: &Pool, limit: i64) -> Result<()> {
    let client = engine.get().await?;
    for sql in [FORGET_READINGS, FORGET_USAGE, FORGET_MEETINGS] {
        let statement = client.prepare_cached(sql).await?;
        client.execute(&statement, &[&limit]).await?;
    }
    Ok(())
}
