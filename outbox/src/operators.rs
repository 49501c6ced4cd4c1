//! What operators do about single messages: try again, cancel, skip, resolve. Each act stands in the record of
//! administrative acts together with what it did, and can be tried without doing anything.

use deadpool_postgres::{GenericClient, Pool};
use domain::ids::TenantId;
use domain::refusal::Refusal;
use identity::acts::{self, Act};
use serde::Serialize;
use serde_json::json;

use crate::Result;
use crate::attempts::unknown_message;

const FIND: &str = "
    select m.tenant_id, m.target, m.order_key,
        case when d.discarded_at is not null then 'discarded' when d.message_id is not null then d.state
             when w.work_id is null then 'done' when w.lease_until > clock_timestamp() then 'leased' else 'waiting' end as state
    from outbox_messages m
    left join outbox_work w on w.tenant_id = m.tenant_id and w.message_id = m.message_id
    left join outbox_dead d on d.tenant_id = m.tenant_id and d.message_id = m.message_id
    where m.message_id = $1 and ($2::text is null or m.tenant_id = $2)
    limit 1";

/// Whatever it was recorded with, it begins anew; only what may have had its effect stays under suspicion.
const REVIVE: &str = "
    with risen as (
        delete from outbox_dead where tenant_id = $1 and message_id = $2 and discarded_at is null
        returning tenant_id, message_id, work_id, target, order_key, lease_no, failure_kind, state, first_sent_at)
    insert into outbox_work (work_id, tenant_id, message_id, target, order_key, run_at, lease_no, is_uncertain, first_sent_at)
    select r.work_id, r.tenant_id, r.message_id, r.target, r.order_key, clock_timestamp(),
        greatest(r.lease_no, (select coalesce(max(a.lease_no), 0) from outbox_attempts a
            where a.tenant_id = r.tenant_id and a.message_id = r.message_id)),
        r.failure_kind = 'unknown', case when r.failure_kind = 'unknown' then r.first_sent_at end
    from risen r";
const HASTEN: &str = "
    update outbox_work set run_at = clock_timestamp()
    where tenant_id = $1 and message_id = $2 and lease_until < clock_timestamp()";
const CANCEL: &str = "
    with gone as (
        delete from outbox_work
        where tenant_id = $1 and message_id = $2 and lease_until < clock_timestamp()
        returning tenant_id, message_id, lease_no, attempt)
    insert into outbox_attempts (tenant_id, message_id, lease_no, attempt, worker, outcome, detail, started_at)
    select tenant_id, message_id, lease_no, attempt, $3::text, 'cancelled', $4::text, clock_timestamp() from gone
    on conflict (tenant_id, message_id, lease_no, outcome) do nothing";
const SKIP: &str = "
    update outbox_dead set discarded_at = clock_timestamp(), discarded_by = $3, discard_reason = $4
    where tenant_id = $1 and message_id = $2 and discarded_at is null";
const RESOLVE_DELIVERED: &str = "
    with gone as (
        delete from outbox_dead where tenant_id = $1 and message_id = $2 and state = 'unknown' and discarded_at is null
        returning tenant_id, message_id, lease_no, attempt)
    insert into outbox_attempts (tenant_id, message_id, lease_no, attempt, worker, outcome, detail, started_at)
    select tenant_id, message_id, lease_no, attempt, $3::text, 'delivered', $4::text, clock_timestamp() from gone
    on conflict (tenant_id, message_id, lease_no, outcome) do nothing";
const RESOLVE_FAILED: &str = "
    update outbox_dead set state = 'dead', discarded_at = clock_timestamp(), discarded_by = $3, discard_reason = $4
    where tenant_id = $1 and message_id = $2 and state = 'unknown' and discarded_at is null";
/// What had been moved out of the claims' way behind this message comes back, unless it is not due yet anyhow.
const FREE_KEY: &str = "
    update outbox_work w set run_at = clock_timestamp()
    from outbox_messages m
    where w.tenant_id = $1 and w.target = $2 and w.order_key = $3 and w.attempt = 0 and w.run_at > clock_timestamp()
      and m.tenant_id = w.tenant_id and m.message_id = w.message_id
      and (m.due_at is null or m.due_at <= clock_timestamp())";

/// Who acts, and why.
#[derive(Clone, Copy, Debug)]
pub struct Operator<'a> {
    /// The principal's id, or `operator:<account>` for the command line.
    pub principal: &'a str,
    pub reason: Option<&'a str>,
}

/// Whether it is done or only told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Real,
    DryRun,
}

/// What to do about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Try a waiting, dead or unknown one again now; its id, and so the provider's key, stays the same.
    Retry,
    /// Never send a waiting one.
    Cancel,
    /// Give a dead or unknown one up; what waits behind it goes on.
    Skip,
    /// An unknown one had its effect.
    ResolveDelivered,
    /// An unknown one had no effect, and is given up.
    ResolveFailed,
}

/// What was done, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct Remedied {
    pub tenant_id: String,
    pub message_id: String,
    pub target: String,
    /// Before: `waiting`, `dead` or `unknown`.
    pub state: String,
}

impl Remedy {
    fn action(self) -> &'static str {
        match self {
            Self::Retry => "retry-message",
            Self::Cancel => "cancel-message",
            Self::Skip => "skip-message",
            Self::ResolveDelivered => "resolve-message-delivered",
            Self::ResolveFailed => "resolve-message-failed",
        }
    }

    fn fits(self, state: &str) -> bool {
        match self {
            Self::Retry => matches!(state, "waiting" | "dead" | "unknown"),
            Self::Cancel => state == "waiting",
            Self::Skip => matches!(state, "dead" | "unknown"),
            Self::ResolveDelivered | Self::ResolveFailed => state == "unknown",
        }
    }

    fn refusal(self, message_id: &str, state: &str) -> Refusal {
        let (code, detail) = match self {
            Self::Retry => (
                "message-not-retriable",
                "only a waiting, dead or unknown message can be retried",
            ),
            Self::Cancel => (
                "message-not-waiting",
                "only a waiting message can be cancelled",
            ),
            Self::Skip => (
                "message-not-dead",
                "only a dead or unknown message can be skipped",
            ),
            Self::ResolveDelivered | Self::ResolveFailed => (
                "message-not-unknown",
                "only a message whose effect is unknown can be resolved",
            ),
        };
        Refusal::conflict(code, format!("{detail}; {message_id} is {state}"))
    }
}

/// Does one thing about one message. With a tenant, a message of another is not found.
pub async fn remedy(
    pool: &Pool,
    (tenant_id, message_id): (Option<&TenantId>, &str),
    remedy: Remedy,
    (operator, mode): (&Operator<'_>, Mode),
) -> Result<Remedied> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let owner = tenant_id.map(TenantId::as_str);
    let row = tx.query_opt(FIND, &[&message_id, &owner]).await?;
    let row = row.ok_or_else(|| unknown_message(message_id))?;
    let order_key: Option<String> = row.try_get("order_key")?;
    let found = Remedied {
        tenant_id: row.try_get("tenant_id")?,
        message_id: message_id.to_owned(),
        target: row.try_get("target")?,
        state: row.try_get("state")?,
    };
    if !remedy.fits(&found.state) {
        return Err(remedy.refusal(message_id, &found.state).into());
    }
    if mode == Mode::DryRun {
        return Ok(found);
    }
    if apply(&tx, remedy, &found, operator).await? == 0 {
        // A worker was quicker.
        return Err(remedy.refusal(message_id, "under way").into());
    }
    if let Some(order_key) = order_key {
        tx.execute(FREE_KEY, &[&found.tenant_id, &found.target, &order_key])
            .await?;
    }
    let tenant_id = TenantId::new(found.tenant_id.clone());
    let act = Act {
        tenant_id: &tenant_id,
        principal: operator.principal,
        action: remedy.action(),
        subject: message_id,
        reason: operator.reason,
        details: &json!({ "target": found.target, "state": found.state }),
    };
    acts::record(&tx, act).await?;
    tx.commit().await?;
    Ok(found)
}

async fn apply(
    tx: &impl GenericClient,
    remedy: Remedy,
    found: &Remedied,
    operator: &Operator<'_>,
) -> Result<u64> {
    let (tenant_id, message_id) = (&found.tenant_id, &found.message_id);
    let reason = operator.reason.unwrap_or("by an operator");
    let signed: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [tenant_id, message_id, &operator.principal, &reason];
    Ok(match remedy {
        Remedy::Retry if found.state == "waiting" => {
            tx.execute(HASTEN, &[tenant_id, message_id]).await?
        }
        Remedy::Retry => tx.execute(REVIVE, &[tenant_id, message_id]).await?,
        Remedy::Cancel => tx.execute(CANCEL, &signed).await?,
        Remedy::Skip => tx.execute(SKIP, &signed).await?,
        Remedy::ResolveDelivered => tx.execute(RESOLVE_DELIVERED, &signed).await?,
        Remedy::ResolveFailed => tx.execute(RESOLVE_FAILED, &signed).await?,
    })
}
