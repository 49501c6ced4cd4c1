//! Dead letters sent again, many at once: an order that is stored, carried out by whichever relay comes to it, at a pace.
//! Where it stands is written in the statement that revives, so a crash neither skips a message nor revives it twice.

use std::ops::RangeInclusive;

use deadpool_postgres::{GenericClient, Pool};
use domain::ids::TenantId;
use domain::refusal::Refusal;
use identity::acts::{self, Act};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::Result;
use crate::operators::Operator;

/// Messages revived in a second when nobody says how many.
pub const DEFAULT_RATE_PER_SECOND: f64 = 50.0;
/// The slowest and the quickest pace, in messages a second; beyond them the arithmetic of times would end.
pub const RATES_PER_SECOND: RangeInclusive<f64> = 0.001..=10_000.0;
/// How a dead letter may have failed.
pub const FAILURE_KINDS: [&str; 5] = ["not_sent", "transient", "refused", "auth", "unknown"];
/// The longest name of a target that is looked for.
const MAX_TARGET_CHARS: usize = 100;
/// The most messages that one order may revive.
pub const MAX_MESSAGES: i64 = 1_000_000;
/// Messages revived by one statement.
const MAX_BATCH: i64 = 2_000;
/// The longest list.
pub const MAX_LISTED: i64 = 200;
/// Time that counts towards the pace when nobody carried an order out for a while.
const LONGEST_STEP_SECONDS: f64 = 2.0;

const COUNT: &str = "
    select count(*) from (
        select from outbox_dead d
        where d.tenant_id = $1 and d.discarded_at is null and d.state = 'dead'
          and ($2::text is null or d.target = $2) and ($3::text is null or d.failure_kind = $3)
          and ($4::timestamptz is null or d.died_at > $4)
        limit $5) as few";

const ORDER: &str = "
    insert into outbox_redrives (tenant_id, redrive_id, principal, reason, target, failure_kind, died_after, died_before,
        rate_per_second, max_messages, found)
    values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), $8, $9, $10)";

/// Whoever carries an order out holds its row; nobody waits for another. The oldest come first, in the order in which
/// they lie in the index, past where the cursor stands. A message that somebody retried meanwhile is not there any more.
const STEP: &str = "
    with job as materialized (
        select r.*, least($1::bigint, r.max_messages - r.revived,
            greatest(1, floor(r.rate_per_second
                * least(extract(epoch from clock_timestamp() - r.next_at) + 1, $2::float8))))::bigint as allowed
        from outbox_redrives r
        where r.finished_at is null and r.next_at <= clock_timestamp()
        order by r.next_at limit 1
        for update skip locked
    ), chosen as materialized (
        select d.* from job j
        cross join lateral (
            select o.tenant_id, o.message_id, o.work_id, o.target, o.order_key, o.died_at, o.lease_no
            from outbox_dead o
            where o.tenant_id = j.tenant_id and o.discarded_at is null and o.state = 'dead'
              and (o.died_at, o.message_id) > (j.cursor_died_at, j.cursor_message_id)
              and o.died_at < j.died_before and (j.died_after is null or o.died_at > j.died_after)
              and (j.target is null or o.target = j.target)
              and (j.failure_kind is null or o.failure_kind = j.failure_kind)
            order by o.died_at, o.message_id limit greatest(j.allowed, 0)) d
    ), risen as (
        delete from outbox_dead d using chosen c
        where d.tenant_id = c.tenant_id and d.message_id = c.message_id and d.discarded_at is null and d.state = 'dead'
        returning d.tenant_id, d.message_id, d.work_id, d.target, d.order_key, d.lease_no, d.failure_kind, d.first_sent_at
    ), again as (
        insert into outbox_work (work_id, tenant_id, message_id, target, order_key, run_at, lease_no, is_uncertain, first_sent_at)
        select r.work_id, r.tenant_id, r.message_id, r.target, r.order_key, clock_timestamp(),
            greatest(r.lease_no, (select coalesce(max(a.lease_no), 0) from outbox_attempts a
                where a.tenant_id = r.tenant_id and a.message_id = r.message_id)),
            r.failure_kind = 'unknown', case when r.failure_kind = 'unknown' then r.first_sent_at end
        from risen r
        returning 1
    )
    update outbox_redrives o
    set revived = o.revived + (select count(*) from again),
        cursor_died_at = coalesce((select c.died_at from chosen c order by c.died_at desc, c.message_id desc limit 1), o.cursor_died_at),
        cursor_message_id = coalesce((select c.message_id from chosen c order by c.died_at desc, c.message_id desc limit 1),
            o.cursor_message_id),
        next_at = clock_timestamp() + (select count(*) from chosen) / o.rate_per_second * interval '1 second',
        finished_at = case when (select count(*) from chosen) < j.allowed
            or o.revived + (select count(*) from again) >= o.max_messages then clock_timestamp() end
    from job j where o.tenant_id = j.tenant_id and o.redrive_id = j.redrive_id
    returning o.redrive_id";

const LIST: &str = "
    select tenant_id, redrive_id, principal, reason, target, failure_kind, died_after, died_before, rate_per_second,
        max_messages, found, revived, started_at, finished_at, cancelled_by
    from outbox_redrives where ($1::text is null or tenant_id = $1) and ($3::text is null or redrive_id < $3)
    order by redrive_id desc limit $2";

const FIND: &str = "
    select tenant_id, redrive_id, principal, reason, target, failure_kind, died_after, died_before, rate_per_second,
        max_messages, found, revived, started_at, finished_at, cancelled_by
    from outbox_redrives where redrive_id = $1 and ($2::text is null or tenant_id = $2)
    limit 1";

const CANCEL: &str = "
    update outbox_redrives set finished_at = clock_timestamp(), cancelled_by = $3
    where tenant_id = $1 and redrive_id = $2 and finished_at is null";

/// Which dead letters, and how fast.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    pub target: Option<&'a str>,
    /// One of `FAILURE_KINDS`.
    pub failure_kind: Option<&'a str>,
    pub died_after: Option<OffsetDateTime>,
    pub rate_per_second: Option<f64>,
    pub max_messages: Option<i64>,
}

/// An order, and how far it is.
#[derive(Clone, Debug, Serialize)]
pub struct Redrive {
    pub tenant_id: String,
    pub redrive_id: String,
    pub principal: String,
    pub reason: String,
    pub target: Option<String>,
    pub failure_kind: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub died_after: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub died_before: OffsetDateTime,
    pub rate_per_second: f64,
    pub max_messages: i64,
    /// Dead letters that fitted when it was ordered.
    pub found: i64,
    pub revived: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
    pub cancelled_by: Option<String>,
}

impl Wanted<'_> {
    /// Refused with 422: `validation-failed` for a failure that there is not, `redrive-invalid` for a pace or a limit that
    /// makes no sense.
    fn check(&self) -> std::result::Result<(), Refusal> {
        if let Some(kind) = self.failure_kind
            && !FAILURE_KINDS.contains(&kind)
        {
            let message = format!("a failure is one of {}", FAILURE_KINDS.join(", "));
            return Err(Refusal::field("/failure_kind", "failure-unknown", message));
        }
        let is_sound = self
            .rate_per_second
            .is_none_or(|rate| RATES_PER_SECOND.contains(&rate))
            && self
                .max_messages
                .is_none_or(|most| (1..=MAX_MESSAGES).contains(&most))
            && self
                .target
                .is_none_or(|target| target.chars().count() <= MAX_TARGET_CHARS);
        if is_sound {
            return Ok(());
        }
        let (slowest, quickest) = (RATES_PER_SECOND.start(), RATES_PER_SECOND.end());
        let detail = format!(
            "the rate is {slowest} to {quickest} messages a second, the limit 1 to {MAX_MESSAGES}, and a target has at most \
             {MAX_TARGET_CHARS} characters"
        );
        Err(Refusal::invalid("redrive-invalid", detail))
    }
}

/// How many of a tenant's dead letters fit, up to the order's limit. Refused as an order is.
pub async fn count(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    wanted: &Wanted<'_>,
) -> Result<i64> {
    wanted.check()?;
    let most = wanted.max_messages.unwrap_or(MAX_MESSAGES);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] = [
        &tenant_id.as_str(),
        &wanted.target,
        &wanted.failure_kind,
        &wanted.died_after,
        &most,
    ];
    Ok(client.query_one(COUNT, &parameters).await?.try_get(0)?)
}

/// Stores an order to send a tenant's dead letters again; answers its id and how many fit now. Those that die later are
/// left alone. Refused with 422 `redrive-invalid` or `validation-failed` for what makes no sense.
pub async fn order(
    pool: &Pool,
    tenant_id: &TenantId,
    wanted: &Wanted<'_>,
    operator: &Operator<'_>,
) -> Result<(String, i64)> {
    let rate = wanted.rate_per_second.unwrap_or(DEFAULT_RATE_PER_SECOND);
    let most = wanted.max_messages.unwrap_or(MAX_MESSAGES);
    let redrive_id = Uuid::now_v7().to_string();
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let found = count(&tx, tenant_id, wanted).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 10] = [
        &tenant_id.as_str(),
        &redrive_id,
        &operator.principal,
        &operator.reason.unwrap_or_default(),
        &wanted.target,
        &wanted.failure_kind,
        &wanted.died_after,
        &rate,
        &most,
        &found,
    ];
    tx.execute(ORDER, &parameters).await?;
    let details = json!({
        "target": wanted.target, "failure_kind": wanted.failure_kind, "found": found, "rate_per_second": rate,
        "max_messages": most,
    });
    let act = Act {
        tenant_id,
        principal: operator.principal,
        action: "redrive-messages",
        subject: &redrive_id,
        reason: operator.reason,
        details: &details,
    };
    acts::record(&tx, act).await?;
    tx.commit().await?;
    Ok((redrive_id, found))
}

/// The newest orders, of one tenant if wanted.
pub async fn list(pool: &Pool, tenant_id: Option<&TenantId>) -> Result<Vec<Redrive>> {
    page(pool, tenant_id, (None, MAX_LISTED)).await
}

/// As `list`: so many of them, from before this one on. Their ids tell when they were ordered.
pub async fn page(
    pool: &Pool,
    tenant_id: Option<&TenantId>,
    (before, limit): (Option<&str>, i64),
) -> Result<Vec<Redrive>> {
    let client = pool.get().await?;
    let tenant_id = tenant_id.map(TenantId::as_str);
    let rows = client
        .query(LIST, &[&tenant_id, &limit.min(MAX_LISTED), &before])
        .await?;
    rows.iter().map(read).collect()
}

/// One order, running or over. Refused with 404 `redrive-not-found`, also for another tenant's.
pub async fn find(
    pool: &Pool,
    (tenant_id, redrive_id): (Option<&TenantId>, &str),
) -> Result<Redrive> {
    let client = pool.get().await?;
    let tenant_id = tenant_id.map(TenantId::as_str);
    let found = client.query_opt(FIND, &[&redrive_id, &tenant_id]).await?;
    let found = found.ok_or_else(|| {
        let detail = format!("there is no redrive {redrive_id}; see the list of them");
        Refusal::not_found("redrive-not-found", detail)
    })?;
    read(&found)
}

fn read(row: &Row) -> Result<Redrive> {
    Ok(Redrive {
        tenant_id: row.try_get("tenant_id")?,
        redrive_id: row.try_get("redrive_id")?,
        principal: row.try_get("principal")?,
        reason: row
            .try_get::<_, Option<String>>("reason")?
            .unwrap_or_default(),
        target: row.try_get("target")?,
        failure_kind: row.try_get("failure_kind")?,
        died_after: row.try_get("died_after")?,
        died_before: row.try_get("died_before")?,
        rate_per_second: row.try_get("rate_per_second")?,
        max_messages: row.try_get("max_messages")?,
        found: row.try_get("found")?,
        revived: row.try_get("revived")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        cancelled_by: row.try_get("cancelled_by")?,
    })
}

/// Ends an order; what it has revived stays so. Refused with 409 `redrive-not-running`.
pub async fn cancel(
    pool: &Pool,
    (tenant_id, redrive_id): (&TenantId, &str),
    operator: &Operator<'_>,
) -> Result<()> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&tenant_id.as_str(), &redrive_id, &operator.principal];
    if tx.execute(CANCEL, &parameters).await? == 0 {
        return Err(not_running(redrive_id).into());
    }
    let act = Act {
        tenant_id,
        principal: operator.principal,
        action: "cancel-redrive",
        subject: redrive_id,
        reason: operator.reason,
        details: &json!({}),
    };
    acts::record(&tx, act).await?;
    Ok(tx.commit().await?)
}

/// Why an order cannot be ended any more.
pub fn not_running(redrive_id: &str) -> Refusal {
    let detail = format!("the redrive {redrive_id} is not running any more");
    Refusal::conflict("redrive-not-running", detail)
}

/// Carries on with the order that is due, if there is one; answers whether there was.
pub async fn step(pool: &Pool) -> Result<bool> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(STEP).await?;
    let rows = client
        .query(&statement, &[&MAX_BATCH, &LONGEST_STEP_SECONDS])
        .await?;
    Ok(!rows.is_empty())
}
