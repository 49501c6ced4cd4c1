//! Keys that hold messages back: the oldest of a key that could not be sent, and how many wait behind it, for those targets
//! whose messages build on one another.

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::Result;
use crate::rules;
use crate::work::Ordering;

/// Messages behind a key that are counted.
pub const MAX_BEHIND: i64 = 1_000;

const LIST_BLOCKED: &str = "
    select d.tenant_id, d.target, d.order_key, d.message_id, m.name, d.state, d.failure_kind, d.died_at, m.created_at, b.behind
    from outbox_dead d
    join outbox_messages m on m.tenant_id = d.tenant_id and m.message_id = d.message_id
    cross join lateral (
        select count(*) as behind from (
            select from outbox_work w
            where w.tenant_id = d.tenant_id and w.target = d.target and w.order_key = d.order_key and w.work_id > d.work_id
            limit $5) counted) b
    where ($1::text is null or d.tenant_id = $1) and d.discarded_at is null and d.order_key is not null
      and ($2::timestamptz is null or (d.died_at, d.message_id) > ($2, $3))
      and b.behind > 0
      and not exists (
        select from outbox_dead earlier
        where earlier.tenant_id = d.tenant_id and earlier.target = d.target and earlier.order_key = d.order_key
          and earlier.discarded_at is null and earlier.work_id < d.work_id)
    order by d.died_at, d.message_id limit $4";

/// A key and the message that has to go, or to be left out, before any behind it.
#[derive(Clone, Debug, Serialize)]
pub struct BlockedKey {
    pub tenant_id: String,
    pub target: String,
    pub order_key: String,
    pub message_id: String,
    /// What it asks for, such as `create-checkout`.
    pub name: String,
    /// `dead` or `unknown`.
    pub state: String,
    pub failure_kind: String,
    #[serde(with = "time::serde::rfc3339")]
    pub died_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Messages that wait behind it, up to [`MAX_BEHIND`].
    pub behind: i64,
}

/// A page of blocked keys.
#[derive(Clone, Debug)]
pub struct BlockedPage {
    pub items: Vec<BlockedKey>,
    /// Where the next page begins; none at the end.
    pub next: Option<(OffsetDateTime, String)>,
}

/// The keys that have been blocked for longest, from behind `after` on. Keys of targets that step over what is dead are left
/// out, so a page may be shorter than its limit.
pub async fn list(
    pool: &Pool,
    tenant_id: Option<&TenantId>,
    (after, limit): (Option<(OffsetDateTime, &str)>, i64),
) -> Result<BlockedPage> {
    let client = pool.get().await?;
    let (died_at, message_id) = after.unzip();
    let tenant_id = tenant_id.map(TenantId::as_str);
    let statement = client.prepare_cached(LIST_BLOCKED).await?;
    let rows = client
        .query(
            &statement,
            &[&tenant_id, &died_at, &message_id, &limit, &MAX_BEHIND],
        )
        .await?;
    let mut items: Vec<BlockedKey> = rows.iter().map(read).collect::<Result<_>>()?;
    let is_full = i64::try_from(items.len()).is_ok_and(|found| found == limit);
    let last = items.last().filter(|_| is_full);
    let next = last.map(|last| (last.died_at, last.message_id.clone()));
    items.retain(|blocked| rules::ordering(&blocked.target) == Ordering::Fifo);
    Ok(BlockedPage { items, next })
}

fn read(row: &Row) -> Result<BlockedKey> {
    Ok(BlockedKey {
        tenant_id: row.try_get("tenant_id")?,
        target: row.try_get("target")?,
        order_key: row.try_get("order_key")?,
        message_id: row.try_get("message_id")?,
        name: row.try_get("name")?,
        state: row.try_get("state")?,
        failure_kind: row.try_get("failure_kind")?,
        died_at: row.try_get("died_at")?,
        created_at: row.try_get("created_at")?,
        behind: row.try_get("behind")?,
    })
}
