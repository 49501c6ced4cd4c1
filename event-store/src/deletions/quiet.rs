//! Whether anybody may still write for a tenant whose deletion has begun. Processes learn of it within moments; what they had
//! begun before has ended when every transaction that is older than the fence has; the relay's and the inbox's leases end by
//! their time; readers of the log have passed the newest event that the tenant can have. After that nobody writes.

use deadpool_postgres::{GenericClient, Pool};

use super::{Deletion, eraser};
use crate::Result;
use crate::tenants::LOOK_EVERY;

/// How many looks of every process may fail before the deletion goes on.
const LOOKS: u32 = 3;

const IS_KNOWN: &str = "
    select d.begun_at < clock_timestamp() - $2::float8 * interval '1 second' from tenant_deletions d where d.tenant_id = $1";
const FIND_NEWEST: &str = "select coalesce(max(position), 0) from events";
const LOOK_AT_FENCE: &str = "
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $1 as is_past,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint <= $1 as is_of_another";
const IS_AT_WORK: &str = "
    select exists (select from outbox_work w where w.tenant_id = $1 and w.lease_until > clock_timestamp())
        or exists (select from webhook_inbox w where w.tenant_id = $1 and w.handled_at is null and w.lease_until > clock_timestamp())";
/// One that nobody runs finds nothing any more when it is run again.
const FIND_BEHIND: &str = "
    select c.subscriber from checkpoints c
    where c.lease_until > clock_timestamp() and c.position < $1 order by c.position limit 1";
const FIND_REBUILD: &str = "select t.subscriber from rebuild.twins t where t.state = 'building' order by t.subscriber limit 1";
const IS_UNSIGNED: &str = "
    select exists (select from audit_heads h where h.tenant_id = $1 and h.size > h.signed_size)
        and exists (select from checkpoints c where c.subscriber = 'notary' and c.lease_until > clock_timestamp())";

/// What the deletion has to wait for, in a few words; `None` once nobody writes any more.
pub async fn find_disturbance(pool: &Pool, deletion: &Deletion) -> Result<Option<String>> {
    let tenant_id = domain::ids::TenantId::new(deletion.tenant_id.clone());
    let client = pool.get().await?;
    let Some(fence) = deletion.fence else {
        let patience = LOOK_EVERY.as_secs_f64() * f64::from(LOOKS);
        let row = client
            .query_one(IS_KNOWN, &[&tenant_id.as_str(), &patience])
            .await?;
        if row.try_get(0)? {
            drop(client);
            eraser::set_fence(pool, &tenant_id).await?;
        }
        return Ok(Some("every process to know of it".to_owned()));
    };
    let look = client.query_one(LOOK_AT_FENCE, &[&fence]).await?;
    if !look.try_get::<_, bool>("is_past")? {
        if look.try_get("is_of_another")? {
            drop(client);
            eraser::set_fence(pool, &tenant_id).await?;
        }
        let words = "older transactions to end; `rapport store holes` names the oldest";
        return Ok(Some(words.to_owned()));
    }
    let Some(newest) = deletion.newest_position else {
        let newest: i64 = client.query_one(FIND_NEWEST, &[]).await?.try_get(0)?;
        drop(client);
        eraser::set_newest(pool, &tenant_id, newest).await?;
        return Ok(Some("readers of the log to be asked".to_owned()));
    };
    if is(&client, IS_AT_WORK, &deletion.tenant_id).await? {
        return Ok(Some("messages and webhooks under way to end".to_owned()));
    }
    if let Some(row) = client.query_opt(FIND_BEHIND, &[&newest]).await? {
        let behind: String = row.try_get(0)?;
        return Ok(Some(format!("{behind} to pass the tenant's last event")));
    }
    if let Some(row) = client.query_opt(FIND_REBUILD, &[]).await? {
        let built: String = row.try_get(0)?;
        return Ok(Some(format!("the rebuild of {built} to end")));
    }
    if is(&client, IS_UNSIGNED, &deletion.tenant_id).await? {
        return Ok(Some("the audit log's head to be signed".to_owned()));
    }
    Ok(None)
}

async fn is(client: &impl GenericClient, question: &str, tenant_id: &str) -> Result<bool> {
    Ok(client
        .query_one(question, &[&tenant_id])
        .await?
        .try_get(0)?)
}
