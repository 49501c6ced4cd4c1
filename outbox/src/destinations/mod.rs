//! Destinations for operators: a tenant's accounts with providers, what holds them, and what limits them. Pauses end by
//! themselves; every change is on record.

pub mod breaker;

use std::ops::RangeInclusive;

use deadpool_postgres::{GenericClient, Pool};
use domain::ids::TenantId;
use domain::refusal::Refusal;
use identity::acts::{self, Act};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::Result;
use crate::operators::{Mode, Operator};

/// The longest list.
pub const MAX_LISTED: i64 = 1_000;
/// The longest pause, and the longest time that a breaker is kept open by hand.
pub const LONGEST_PAUSE_SECONDS: i64 = 30 * 24 * 3_600;
/// The slowest and the quickest rate, in messages a second; beyond them the claims' arithmetic of times would end.
pub const RATES_PER_SECOND: RangeInclusive<f64> = 0.001..=100_000.0;
/// The largest burst, and the largest cap on calls under way.
pub const MOST_AT_ONCE: i32 = 100_000;
/// The longest name of a target.
const MAX_TARGET_CHARS: usize = 100;
/// Destinations that are kept of one tenant, beyond which operators name no new ones.
const MAX_KEPT: i64 = 1_000;
/// Waiting messages of a destination are counted up to here.
const MAX_COUNTED: i64 = 1_000;

/// Those that have work, by hopping over the queue's index, and those that something is known of.
const LIST: &str = "
    with recursive queue as (
        (select w.tenant_id, w.target from outbox_work w
            where $1::text is null or w.tenant_id = $1 order by w.tenant_id, w.target limit 1)
        union all
        select n.tenant_id, n.target from queue q cross join lateral (
            select w.tenant_id, w.target from outbox_work w
            where (w.tenant_id, w.target) > (q.tenant_id, q.target) and ($1::text is null or w.tenant_id = $1)
            order by w.tenant_id, w.target limit 1) n
    ), named as (
        select tenant_id, target from queue
        union
        select tenant_id, target from destinations where $1::text is null or tenant_id = $1
    )
    select n.tenant_id, n.target, d.rate_per_second, coalesce(d.burst, 1) as burst, d.max_in_flight,
        d.limits_until,
        case when d.paused_until > clock_timestamp() then d.paused_until end as paused_until, d.pause_reason,
        case when d.not_before > clock_timestamp() then d.not_before end as not_before,
        case when d.breaker_until > clock_timestamp() then 'open' when d.breaker_opens > 0 then 'half_open' else 'closed' end
            as breaker,
        case when d.breaker_until > clock_timestamp() then d.breaker_until end as breaker_until, d.breaker_reason,
        coalesce(d.breaker_opens, 0) as breaker_opens,
        due.found as due, due.oldest_seconds, leased.found as in_flight
    from (
        select * from named
        where ($4::text is null or target = $4) and ($5::text is null or (tenant_id, target) > ($5, $6::text))) n
    left join destinations d on d.tenant_id = n.tenant_id and d.target = n.target
    cross join lateral (
        select count(*) as found, coalesce(extract(epoch from clock_timestamp() - min(few.run_at)), 0)::float8 as oldest_seconds
        from (
            select w.run_at from outbox_work w
            where w.tenant_id = n.tenant_id and w.target = n.target and w.run_at <= now() and w.lease_until < now()
            order by w.run_at limit $2) few) due
    cross join lateral (
        select count(*) as found from (
            select from outbox_work w
            where w.tenant_id = n.tenant_id and w.target = n.target and w.run_at <= now() and w.lease_until >= now()
            order by w.run_at limit $2) few) leased
    order by n.tenant_id, n.target limit $3";

const ENSURE: &str = "
    insert into destinations (tenant_id, target)
    select $1::text, $2::text
    where (select count(*) from (select from destinations where tenant_id = $1::text limit $3) few) < $3
    on conflict (tenant_id, target) do nothing";
const PAUSE: &str = "
    update destinations set paused_until = clock_timestamp() + $3::bigint * interval '1 second', pause_reason = $4
    where tenant_id = $1 and target = $2";
const RESUME: &str = "
    update destinations
    set paused_until = '-infinity', pause_reason = null, not_before = '-infinity', breaker_until = '-infinity',
        probe_until = '-infinity'
    where tenant_id = $1 and target = $2";
const OPEN_BREAKER: &str = "
    update destinations
    set breaker_until = clock_timestamp() + $3::bigint * interval '1 second', breaker_opens = greatest(breaker_opens, 1),
        breaker_reason = 'operator'
    where tenant_id = $1 and target = $2";
const CLOSE_BREAKER: &str = "
    update destinations
    set breaker_until = '-infinity', breaker_opens = 0, breaker_reason = null, probe_until = '-infinity', window_results = 0,
        window_failures = 0, connect_failures = 0
    where tenant_id = $1 and target = $2";
const LIMIT: &str = "
    update destinations set rate_per_second = $3, burst = $4, max_in_flight = $5, next_slot_at = '-infinity',
        limits_until = clock_timestamp() + $6::bigint * interval '1 second'
    where tenant_id = $1 and target = $2";
const END_LIMITS: &str = "
    update destinations set rate_per_second = null, burst = 1, max_in_flight = null, limits_until = null
    where limits_until <= clock_timestamp()";

/// One destination as operators see it.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    pub tenant_id: String,
    pub target: String,
    pub rate_per_second: Option<f64>,
    pub burst: i32,
    pub max_in_flight: Option<i32>,
    /// When rate and cap end; without it they stay.
    #[serde(with = "time::serde::rfc3339::option")]
    pub limits_until: Option<OffsetDateTime>,
    /// An operator's pause.
    #[serde(with = "time::serde::rfc3339::option")]
    pub paused_until: Option<OffsetDateTime>,
    pub pause_reason: Option<String>,
    /// The provider asked us to stay away.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// `closed`, `open`, or `half_open`: one call at a time may probe.
    pub breaker: String,
    #[serde(with = "time::serde::rfc3339::option")]
    pub breaker_until: Option<OffsetDateTime>,
    /// `failures`, `connect`, `auth` or `operator`.
    pub breaker_reason: Option<String>,
    pub breaker_opens: i32,
    /// Due messages that nobody is sending, up to 1,000.
    pub due: i64,
    pub oldest_due_seconds: f64,
    pub in_flight: i64,
}

/// What to change about a destination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Nothing goes there for this long.
    Pause {
        seconds: i64,
    },
    /// Whatever holds it ends now; a breaker that was open lets one call probe.
    Resume,
    OpenBreaker {
        seconds: i64,
    },
    CloseBreaker,
    /// All processes together keep to these; without one there is none.
    Limit {
        rate_per_second: Option<f64>,
        /// Calls that may leave at once after a silence.
        burst: i32,
        max_in_flight: Option<i32>,
        /// For so long; for good without it.
        seconds: Option<i64>,
    },
}

impl Change {
    fn action(&self) -> &'static str {
        match self {
            Self::Pause { .. } => "pause-destination",
            Self::Resume => "resume-destination",
            Self::OpenBreaker { .. } => "open-breaker",
            Self::CloseBreaker => "close-breaker",
            Self::Limit { .. } => "limit-destination",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Pause { seconds } | Self::OpenBreaker { seconds } => {
                json!({ "seconds": seconds })
            }
            Self::Resume | Self::CloseBreaker => json!({}),
            Self::Limit {
                rate_per_second,
                burst,
                max_in_flight,
                seconds,
            } => {
                json!({ "rate_per_second": rate_per_second, "burst": burst, "max_in_flight": max_in_flight,
                "seconds": seconds })
            }
        }
    }

    fn check(&self) -> std::result::Result<(), Refusal> {
        let is_sound = match self {
            Self::Pause { seconds } | Self::OpenBreaker { seconds } => {
                (1..=LONGEST_PAUSE_SECONDS).contains(seconds)
            }
            Self::Resume | Self::CloseBreaker => true,
            Self::Limit {
                rate_per_second,
                burst,
                max_in_flight,
                seconds,
            } => {
                rate_per_second.is_none_or(|rate| RATES_PER_SECOND.contains(&rate))
                    && (1..=MOST_AT_ONCE).contains(burst)
                    && max_in_flight.is_none_or(|most| (1..=MOST_AT_ONCE).contains(&most))
                    && seconds.is_none_or(|length| (1..=LONGEST_PAUSE_SECONDS).contains(&length))
            }
        };
        if is_sound {
            return Ok(());
        }
        let (slowest, quickest) = (RATES_PER_SECOND.start(), RATES_PER_SECOND.end());
        let detail = format!(
            "a pause and a limit that ends last 1 to {LONGEST_PAUSE_SECONDS} seconds; a rate is {slowest} to {quickest} messages a second; a burst \
             and a cap are 1 to {MOST_AT_ONCE}"
        );
        Err(Refusal::invalid("destination-change-invalid", detail))
    }
}

/// Destinations that have work or that something is known of, of one tenant if wanted, by tenant and target.
pub async fn list(pool: &Pool, tenant_id: Option<&TenantId>) -> Result<Vec<Standing>> {
    page(pool, tenant_id, (None, MAX_LISTED)).await
}

/// As `list`: so many of them, behind this tenant and target.
pub async fn page(
    pool: &Pool,
    tenant_id: Option<&TenantId>,
    (behind, limit): (Option<(&str, &str)>, i64),
) -> Result<Vec<Standing>> {
    let client = pool.get().await?;
    let tenant_id = tenant_id.map(TenantId::as_str);
    let (last_tenant, last_target) = behind.unzip();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &tenant_id,
        &MAX_COUNTED,
        &limit.min(MAX_LISTED),
        &None::<&str>,
        &last_tenant,
        &last_target,
    ];
    let rows = client.query(LIST, &parameters).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Standing> {
    Ok(Standing {
        tenant_id: row.try_get("tenant_id")?,
        target: row.try_get("target")?,
        rate_per_second: row.try_get("rate_per_second")?,
        burst: row.try_get("burst")?,
        max_in_flight: row.try_get("max_in_flight")?,
        limits_until: row.try_get("limits_until")?,
        paused_until: row.try_get("paused_until")?,
        pause_reason: row.try_get("pause_reason")?,
        not_before: row.try_get("not_before")?,
        breaker: row.try_get("breaker")?,
        breaker_until: row.try_get("breaker_until")?,
        breaker_reason: row.try_get("breaker_reason")?,
        breaker_opens: row.try_get("breaker_opens")?,
        due: row.try_get("due")?,
        oldest_due_seconds: row.try_get("oldest_seconds")?,
        in_flight: row.try_get("in_flight")?,
    })
}

/// Changes one destination, whether or not anything was ever sent there; answers how it stands then, or would stand.
/// Refused with 422 `destination-change-invalid` or `target-invalid`, 409 `destinations-exhausted`.
pub async fn change(
    pool: &Pool,
    (tenant_id, target): (&TenantId, &str),
    change: &Change,
    (operator, mode): (&Operator<'_>, Mode),
) -> Result<Standing> {
    check_target(target)?;
    change.check()?;
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let place = (tenant_id.as_str(), target);
    if apply(&tx, place, change, operator.reason).await? == 0 {
        let detail = format!("{MAX_KEPT} destinations are known already, and {target} is not one");
        return Err(Refusal::conflict("destinations-exhausted", detail).into());
    }
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &tenant_id.as_str(),
        &MAX_COUNTED,
        &MAX_LISTED,
        &target,
        &None::<&str>,
        &None::<&str>,
    ];
    let standing = read(&tx.query_one(LIST, &parameters).await?)?;
    if mode == Mode::DryRun {
        tx.rollback().await?;
        return Ok(standing);
    }
    let act = Act {
        tenant_id,
        principal: operator.principal,
        action: change.action(),
        subject: target,
        reason: operator.reason,
        details: &change.details(),
    };
    acts::record(&tx, act).await?;
    tx.commit().await?;
    Ok(standing)
}

/// Takes limits away whose time is over; answers of how many destinations.
pub async fn end_limits(pool: &Pool) -> Result<u64> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(END_LIMITS).await?;
    Ok(client.execute(&statement, &[]).await?)
}

fn check_target(target: &str) -> std::result::Result<(), Refusal> {
    let is_sound = (1..=MAX_TARGET_CHARS).contains(&target.len())
        && target
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
    if is_sound {
        return Ok(());
    }
    let detail = format!(
        "a target has at most {MAX_TARGET_CHARS} letters, digits, `_`, `-`, `.` and `:`, as `stripe` and `email`"
    );
    Err(Refusal::invalid("target-invalid", detail))
}

async fn apply(
    tx: &impl GenericClient,
    (tenant_id, target): (&str, &str),
    change: &Change,
    reason: Option<&str>,
) -> Result<u64> {
    tx.execute(ENSURE, &[&tenant_id, &target, &MAX_KEPT])
        .await?;
    Ok(match change {
        Change::Pause { seconds } => {
            tx.execute(PAUSE, &[&tenant_id, &target, seconds, &reason])
                .await?
        }
        Change::Resume => tx.execute(RESUME, &[&tenant_id, &target]).await?,
        Change::OpenBreaker { seconds } => {
            tx.execute(OPEN_BREAKER, &[&tenant_id, &target, seconds])
                .await?
        }
        Change::CloseBreaker => tx.execute(CLOSE_BREAKER, &[&tenant_id, &target]).await?,
        Change::Limit {
            rate_per_second,
            burst,
            max_in_flight,
            seconds,
        } => {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
                &tenant_id,
                &target,
                rate_per_second,
                burst,
                max_in_flight,
                seconds,
            ];
            tx.execute(LIMIT, &parameters).await?
        }
    })
}
