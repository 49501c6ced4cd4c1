//! What an agent's command takes of the agent's budgets. It is counted in the commit itself, so that however many are sent
//! at once, on however many processes, no more than the budget stands.

use std::collections::BTreeSet;

use domain::refusal::{Kind, Refusal};
use domain::tenants::agents::AgentLimits;
use event_store::commit::{Count, Meeting, Usage};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, Time};

use super::gate::refunded_minor;
use super::taint;
use crate::Result;
use crate::work::Work;

const CALLS: &str = "calls-per-minute";
const WRITES: &str = "writes-per-hour";
const MESSAGES: &str = "messages-per-day";
const REFUNDS: &str = "refunds-minor-per-day";
const CUSTOMERS: &str = "customers-per-day";

/// Notes what the decided command takes. Refused with 403 `records-too-many` when it changes more than one call may.
pub(crate) fn charge(
    work: &mut Work,
    limits: &AgentLimits,
    body: &Value,
    result: &Value,
) -> Result<()> {
    if *limits == AgentLimits::default() {
        return Ok(());
    }
    let records = count(
        work.kept
            .summaries
            .iter()
            .map(|event| &event.aggregate_id)
            .collect::<BTreeSet<_>>()
            .len(),
    );
    if let Some(allowed) = limits.records_per_call.filter(|allowed| records > *allowed) {
        let detail = format!(
            "this would change {records} records; one call of an agent changes at most {allowed}"
        );
        return Err(Refusal::forbidden("records-too-many", detail).into());
    }
    let now = work.ctx.now;
    let minute = now.replace_time(time_of(now.hour(), now.minute()));
    let hour = now.replace_time(time_of(now.hour(), 0));
    let day = now.replace_time(Time::MIDNIGHT);
    let taken = [
        (CALLS, minute, 1, limits.calls_per_minute),
        (WRITES, hour, 1, limits.writes_per_hour),
        (
            MESSAGES,
            day,
            count(work.kept.messages()),
            limits.messages_per_day,
        ),
        (
            REFUNDS,
            day,
            refunded_minor(work),
            limits.refunds_minor_per_day,
        ),
    ];
    let counts = taken
        .into_iter()
        .filter_map(|(counter, period, used, allowed)| {
            let allowed = allowed.filter(|_| used > 0)?;
            Some(Count {
                counter: counter.to_owned(),
                period,
                used,
                allowed,
            })
        });
    let counts = counts.collect();
    let meetings = limits.customers_per_day.map_or_else(Vec::new, |allowed| {
        let met = taint::customers(work, (body, result)).into_iter();
        met.map(|customer_id| Meeting {
            counter: CUSTOMERS.to_owned(),
            period: day,
            customer_id,
            allowed,
        })
        .collect()
    });
    work.kept.usage = Usage { counts, meetings };
    Ok(())
}

/// What an agent is told whose budget has not enough left.
pub(crate) fn used_up(exceeded: Option<Count>) -> Refusal {
    let Some(count) = exceeded else {
        return Refusal::new(
            Kind::TooMany,
            "agent-limit-reached",
            "a limit of this agent is reached; try again later",
        );
    };
    let length = match count.counter.as_str() {
        CALLS => Duration::minutes(1),
        WRITES => Duration::hours(1),
        _ => Duration::days(1),
    };
    let again = (count.period + length).format(&Rfc3339).unwrap_or_default();
    let detail = format!(
        "the limit {} of this agent is {}; it is free again at {again}",
        count.counter, count.allowed
    );
    let limit = json!({ "limit": count.counter, "allowed": count.allowed, "again_at": again });
    Refusal::new(Kind::TooMany, "agent-limit-reached", detail).with_alternatives(vec![limit])
}

fn time_of(hour: u8, minute: u8) -> Time {
    Time::from_hms(hour, minute, 0).unwrap_or(Time::MIDNIGHT)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
