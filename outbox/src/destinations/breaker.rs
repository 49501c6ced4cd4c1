//! What destinations' answers say about them, shared by all processes: a breaker for those that fail, and a time before
//! which nothing goes to those that asked for it. A healthy destination costs no write at all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::Pool;
use integrations::outcome::{Failure, FailureKind, Pause};

use crate::Result;
use crate::queues::{Destination, Health};
use crate::rules::kind;
use crate::work::Job;

/// Results that a minute must have before their shares mean anything.
const FEWEST_RESULTS: i32 = 10;
/// Connections that could not be made, one after the other, after which no more are tried.
const MAX_CONNECT_FAILURES: i32 = 5;
const WINDOW_SECONDS: f64 = 60.0;
/// How long the breaker stays open at first, and at most; it doubles each time the probe fails.
const OPEN_SECONDS: f64 = 30.0;
const LONGEST_OPEN_SECONDS: f64 = 600.0;
/// The longest time that a provider may ask us to stay away.
const LONGEST_HOLD: Duration = Duration::from_secs(24 * 3_600);
/// Destinations whose good answers are counted between two reports.
const MAX_TALLIED: usize = 10_000;

const ENSURE: &str = "
    insert into destinations (tenant_id, target)
    select r.tenant_id, r.target from unnest($1::text[], $2::text[]) as r (tenant_id, target)
    order by r.tenant_id, r.target
    on conflict (tenant_id, target) do nothing";

/// Failures of calls that left before the breaker opened do not open it twice; a probe's failure opens it for longer.
const REPORT: &str = "
    with told as (
        select r.*, d.breaker_opens, d.breaker_until, d.breaker_until > clock_timestamp() as is_open,
            case when d.window_at > clock_timestamp() - $9::float8 * interval '1 second' then d.window_at else clock_timestamp() end
                as window_began_at,
            case when d.window_at > clock_timestamp() - $9::float8 * interval '1 second' then d.window_results else 0 end
                + r.answered + r.failed as results,
            case when d.window_at > clock_timestamp() - $9::float8 * interval '1 second' then d.window_failures else 0 end
                + r.failed as failures,
            case when r.answered > 0 then r.unconnected_since else d.connect_failures + r.unconnected end as unconnected_in_row
        from unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::float8[],
            $8::boolean[])
            as r (tenant_id, target, answered, failed, unconnected, unconnected_since, hold_seconds, is_unauthorized)
        cross join lateral (
            select x.* from destinations x where x.tenant_id = r.tenant_id and x.target = r.target for update) d
    ), judged as (
        select t.*, not t.is_open and (t.is_unauthorized or t.unconnected_in_row >= $10::integer
            or t.breaker_opens > 0 and t.failed + t.unconnected > 0
            or t.results >= $11::integer and t.failures * 2 >= t.results) as trips
        from told t
    )
    update destinations d
    set not_before = greatest(d.not_before, clock_timestamp() + j.hold_seconds * interval '1 second'),
        window_at = j.window_began_at,
        window_results = case when j.trips then 0 else j.results end,
        window_failures = case when j.trips then 0 else j.failures end,
        connect_failures = case when j.trips then 0 else j.unconnected_in_row end,
        breaker_opens = case when j.trips then d.breaker_opens + 1
            when j.answered > 0 and not j.is_open then 0 else d.breaker_opens end,
        breaker_until = case when j.trips then clock_timestamp()
            + least($12::float8 * 2 ^ least(d.breaker_opens, 16), $13::float8) * interval '1 second'
            else d.breaker_until end,
        breaker_reason = case when j.trips then case when j.is_unauthorized then 'auth'
            when j.unconnected_in_row >= $10::integer then 'connect' else 'failures' end
            when j.answered > 0 and not j.is_open then null else d.breaker_reason end,
        probe_until = '-infinity'
    from judged j where d.tenant_id = j.tenant_id and d.target = j.target
    returning d.tenant_id, d.target, j.trips, d.breaker_reason";

/// What one delivery says about its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it was not asked.
    Silent,
    /// It answered; what it said about the message is another matter.
    Answered,
    /// It failed, or was not heard of again.
    Failed,
    /// No connection could be made.
    Unconnected,
    /// It does not accept our credentials.
    Unauthorized,
    /// It asked us to stay away for a while.
    Held(Duration),
}

impl Verdict {
    /// What it means for how much the destination is given next.
    pub(crate) fn health(&self) -> Health {
        match self {
            Self::Silent | Self::Answered | Self::Held(_) => Health::Good,
            Self::Failed | Self::Unconnected | Self::Unauthorized => Health::Poor,
        }
    }

    /// What a failure says.
    pub fn of(failure: &Failure) -> Self {
        if failure.pause == Pause::Recipient {
            return Self::Answered;
        }
        match (failure.kind, failure.retry_after) {
            (_, Some(wait)) => Self::Held(wait.min(LONGEST_HOLD)),
            (FailureKind::Auth, None) => Self::Unauthorized,
            (FailureKind::NotSent, None) => Self::Unconnected,
            (FailureKind::Transient | FailureKind::Unknown, None) => Self::Failed,
            (FailureKind::Refused, None) => Self::Answered,
        }
    }
}

/// Counts what need not be told at once: good answers of destinations that are well.
#[derive(Default)]
pub(crate) struct Tally {
    answered: Mutex<HashMap<Destination, i32>>,
}

#[derive(Default)]
struct Told {
    answered: i32,
    failed: i32,
    unconnected: i32,
    /// Since the last answer.
    unconnected_since: i32,
    hold: Duration,
    is_unauthorized: bool,
    is_news: bool,
}

impl Tally {
    /// Tells the others what these deliveries have said of their destinations, where anything is wrong there.
    pub(crate) async fn report<'a>(
        &self,
        pool: &Pool,
        verdicts: impl Iterator<Item = (&'a Job, &'a Verdict)>,
    ) -> Result<()> {
        let mut told: Vec<(Destination, Told)> = self.count(verdicts).into_iter().collect();
        if told.is_empty() {
            return Ok(());
        }
        // Everybody locks in one order.
        told.sort_by(|one, other| one.0.cmp(&other.0));
        let columns = Columns::of(&told);
        let client = pool.get().await?;
        let statement = client.prepare_cached(ENSURE).await?;
        client
            .execute(&statement, &[&columns.tenants, &columns.targets])
            .await?;
        let statement = client.prepare_cached(REPORT).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 13] = [
            &columns.tenants,
            &columns.targets,
            &columns.answered,
            &columns.failed,
            &columns.unconnected,
            &columns.unconnected_since,
            &columns.holds,
            &columns.unauthorized,
            &WINDOW_SECONDS,
            &MAX_CONNECT_FAILURES,
            &FEWEST_RESULTS,
            &OPEN_SECONDS,
            &LONGEST_OPEN_SECONDS,
        ];
        for row in client.query(&statement, &parameters).await? {
            if row.try_get("trips")? {
                let target: String = row.try_get("target")?;
                let tenant_id: String = row.try_get("tenant_id")?;
                let reason: Option<String> = row.try_get("breaker_reason")?;
                metrics::counter!("rapport_outbox_breaker_opened_total", "target" => kind(&target).to_owned())
                    .increment(1);
                tracing::warn!(tenant_id, target, reason, "a destination's breaker opened");
            }
        }
        Ok(())
    }

    /// What is to be told; the rest is kept.
    fn count<'a>(
        &self,
        verdicts: impl Iterator<Item = (&'a Job, &'a Verdict)>,
    ) -> HashMap<Destination, Told> {
        let mut told: HashMap<Destination, Told> = HashMap::new();
        for (job, verdict) in verdicts {
            let one = told.entry(job.destination.clone()).or_default();
            one.is_news |= job.is_troubled;
            match verdict {
                Verdict::Silent => {}
                Verdict::Answered => {
                    one.answered += 1;
                    one.unconnected_since = 0;
                }
                Verdict::Failed => one.failed += 1,
                Verdict::Unconnected => {
                    one.failed += 1;
                    one.unconnected += 1;
                    one.unconnected_since += 1;
                }
                Verdict::Unauthorized => one.is_unauthorized = true,
                Verdict::Held(wait) => {
                    one.answered += 1;
                    one.hold = one.hold.max(*wait);
                }
            }
            one.is_news |= !matches!(verdict, Verdict::Silent | Verdict::Answered);
        }
        let mut kept = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() > MAX_TALLIED {
            kept.clear();
        }
        told.retain(|destination, one| {
            if one.is_news {
                one.answered += kept.remove(destination).unwrap_or(0);
            } else if one.answered > 0 {
                let sum = kept.entry(destination.clone()).or_default();
                *sum = sum.saturating_add(one.answered);
            }
            one.is_news
        });
        told
    }
}

#[derive(Default)]
struct Columns<'a> {
    tenants: Vec<&'a str>,
    targets: Vec<&'a str>,
    answered: Vec<i32>,
    failed: Vec<i32>,
    unconnected: Vec<i32>,
    unconnected_since: Vec<i32>,
    holds: Vec<f64>,
    unauthorized: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(told: &'a [(Destination, Told)]) -> Self {
        let mut columns = Self::default();
        for (destination, one) in told {
            let (tenant_id, target) = &**destination;
            columns.tenants.push(tenant_id);
            columns.targets.push(target);
            columns.answered.push(one.answered);
            columns.failed.push(one.failed);
            columns.unconnected.push(one.unconnected);
            columns.unconnected_since.push(one.unconnected_since);
            columns.holds.push(one.hold.as_secs_f64());
            columns.unauthorized.push(one.is_unauthorized);
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_who_is_written_to_too_often_holds_up_nobody_else() {
        let wait = Some(Duration::from_secs(6));
        let too_many = Failure::new(FailureKind::NotSent, "too many").with_retry_after(wait);
        assert_eq!(
            Verdict::of(&too_many),
            Verdict::Held(Duration::from_secs(6))
        );
        assert_eq!(Verdict::of(&too_many.about_recipient()), Verdict::Answered);
    }
}
