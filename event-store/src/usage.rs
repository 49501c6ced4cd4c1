//! What a principal has taken of its budgets, for telling it which one is used up.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use time::OffsetDateTime;

use crate::Result;
use crate::commit::{Count, Usage};

/// Budgets are few, and old windows are of no interest.
const LIST: &str = "
    select u.counter, u.period, u.used from agent_usage u where u.tenant_id = $1 and u.principal = $2
    order by u.period desc limit 100";

const FIND_USED: &str = "
    select u.counter, u.used from agent_usage u where u.tenant_id = $1 and u.principal = $2 and u.period = $3";

/// What a principal has taken in the windows that began at this moment, by budget.
pub async fn find_used(
    engine: &Pool,
    tenant_id: &TenantId,
    principal: &str,
    period: OffsetDateTime,
) -> Result<BTreeMap<String, i64>> {
    let client = engine.get().await?;
    let statement = client.prepare_cached(FIND_USED).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &principal, &period])
        .await?;
    let used = rows.iter().map(|row| {
        let counter: String = row.try_get("counter")?;
        Ok((counter, row.try_get("used")?))
    });
    used.collect()
}

/// The first budget that has not enough left for this, as far as it can be told now.
pub async fn find_exceeded(
    engine: &Pool,
    tenant_id: &TenantId,
    principal: &str,
    usage: &Usage,
) -> Result<Option<Count>> {
    let client = engine.get().await?;
    let statement = client.prepare_cached(LIST).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &principal])
        .await?;
    let used = |counter: &str, period: OffsetDateTime| {
        let mut rows = rows.iter();
        let row = rows.find(|row| {
            row.get::<_, &str>("counter") == counter
                && row.get::<_, OffsetDateTime>("period") == period
        });
        row.map_or(0, |row| row.get::<_, i64>("used"))
    };
    let meetings = usage.meetings.iter().map(|met| Count {
        counter: met.counter.clone(),
        period: met.period,
        used: 1,
        allowed: met.allowed,
    });
    let mut all = usage.counts.iter().cloned().chain(meetings);
    Ok(all.find(|count| {
        used(&count.counter, count.period).saturating_add(count.used) > count.allowed
    }))
}
