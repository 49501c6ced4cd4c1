//! What lies in the audit logs, for those who look: standings, checkpoints, and entries with their events.

use deadpool_postgres::GenericClient;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;

use super::heads::to_bigint;
use super::tree::{self, Hash, to_hash};
use crate::Result;
use crate::recorded::Recorded;

/// The longest page of checkpoints.
pub const MAX_CHECKPOINTS: i64 = 1_000;
/// The longest page of entries.
pub const MAX_ENTRIES: i64 = 5_000;

const LIST: &str = "
    select h.tenant_id, h.size, h.signed_size, h.position, h.chain_hash, h.root_hash, h.moved_at
    from audit_heads h where $1::text is null or h.tenant_id = $1 order by h.tenant_id";

const FIND_CHECKPOINT: &str = "
    select tenant_id, tree_size, root_hash, note, anchor_index, signed_at from audit_checkpoints
    where tenant_id = $1 and ($2::bigint is null or tree_size <= $2)
    order by tree_size desc limit 1";

const LIST_CHECKPOINTS: &str = "
    select tenant_id, tree_size, root_hash, note, anchor_index, signed_at from audit_checkpoints
    where tenant_id = $1 and ($2::bigint is null or tree_size < $2)
    order by tree_size desc limit $3";

const READ_CHECKPOINTS: &str = "
    select tenant_id, tree_size, root_hash, note, anchor_index, signed_at from audit_checkpoints
    where tenant_id = $1 and tree_size > $2 and tree_size <= $3
    order by tree_size";

/// From both tables: in `audit_entries` lies what was sealed before there were rows of many. The first row may begin before the
/// first place, and only the first entry of a row has its chain beside it.
const READ_ENTRIES: &str = "
    with wanted as (
        select a.log_index, a.prev_hash, a.entry_hash, a.position
        from audit_entries a where a.tenant_id = $1 and a.log_index >= $2 and a.log_index < $3
        union all
        select l.log_index + n.place, case when n.place = 0 then l.prev_hash end,
            substring(l.entry_hashes from (n.place * 32 + 1)::int for 32), l.positions[(n.place + 1)::int]
        from audit_leaves l
        cross join lateral generate_series(0, least(cardinality(l.positions), $3 - l.log_index) - 1) as n (place)
        where l.tenant_id = $1 and l.log_index < $3 and l.log_index >= coalesce((
            select f.log_index from audit_leaves f where f.tenant_id = $1 and f.log_index <= $2
            order by f.log_index desc limit 1), $2)
    )
    select w.log_index, w.prev_hash, w.entry_hash, e.position is not null as is_there,
        w.position as sealed_position, e.position, e.tenant_id, e.aggregate_type, e.aggregate_id, e.sequence,
        e.event_type, e.event_version, e.payload, e.metadata, e.occurred_at, e.recorded_at, e.command_id,
        e.correlation_id, e.causation_id, e.actor
    from wanted w
    left join events e on e.position = w.position and e.tenant_id = $1
    order by w.log_index";

const READ_ANCHORED: &str = "
    select note from audit_checkpoints where anchor_index >= $1 and anchor_index < $2
    order by anchor_index limit $3";

const FIND_ENTRY_POSITION: &str = "
    select coalesce(
        (select a.position from audit_entries a where a.tenant_id = $1 and a.log_index = $2),
        (select l.positions[($2 - l.log_index + 1)::int] from audit_leaves l
         where l.tenant_id = $1 and l.log_index <= $2 order by l.log_index desc limit 1)) as position";

/// One tree's standing.
#[derive(Clone, Debug, Serialize)]
pub struct LogStanding {
    pub tenant_id: String,
    pub size: i64,
    /// Up to where it has been signed.
    pub signed_size: i64,
    /// Of the newest event that was sealed.
    pub position: i64,
    #[serde(skip)]
    pub chain: Hash,
    #[serde(skip)]
    pub root: Hash,
    #[serde(with = "time::serde::rfc3339")]
    pub moved_at: OffsetDateTime,
}

/// A signed checkpoint.
#[derive(Clone, Debug, Serialize)]
pub struct StoredCheckpoint {
    pub tenant_id: String,
    pub tree_size: i64,
    #[serde(skip)]
    pub root: Hash,
    pub note: String,
    /// Its place in the anchor's log.
    pub anchor_index: Option<i64>,
    #[serde(with = "time::serde::rfc3339")]
    pub signed_at: OffsetDateTime,
}

/// An entry, with the event that it stands for if that is still there.
#[derive(Clone, Debug)]
pub struct Entry {
    pub index: i64,
    pub position: Option<i64>,
    pub previous: Hash,
    pub hash: Hash,
    pub event: Option<Recorded>,
}

/// How the trees stand, or that of one tenant.
pub async fn list(
    client: &impl GenericClient,
    tenant_id: Option<&str>,
) -> Result<Vec<LogStanding>> {
    let rows = client.query(LIST, &[&tenant_id]).await?;
    let read = |row: &Row| {
        Ok(LogStanding {
            tenant_id: row.try_get("tenant_id")?,
            size: row.try_get("size")?,
            signed_size: row.try_get("signed_size")?,
            position: row.try_get("position")?,
            chain: to_hash(row.try_get("chain_hash")?),
            root: to_hash(row.try_get("root_hash")?),
            moved_at: row.try_get("moved_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The newest checkpoint of at most this size, or of any.
pub async fn newest(
    client: &impl GenericClient,
    tenant_id: &str,
    at_most: Option<i64>,
) -> Result<Option<StoredCheckpoint>> {
    let row = client
        .query_opt(FIND_CHECKPOINT, &[&tenant_id, &at_most])
        .await?;
    row.as_ref().map(checkpoint).transpose()
}

/// Checkpoints before one of this size, the newest first; at most `MAX_CHECKPOINTS`.
pub async fn checkpoints(
    client: &impl GenericClient,
    tenant_id: &str,
    (before, limit): (Option<i64>, i64),
) -> Result<Vec<StoredCheckpoint>> {
    let limit = limit.clamp(1, MAX_CHECKPOINTS);
    let rows = client
        .query(LIST_CHECKPOINTS, &[&tenant_id, &before, &limit])
        .await?;
    rows.iter().map(checkpoint).collect()
}

/// Checkpoints of more than one size and at most another, the smallest first.
pub async fn checkpoints_within(
    client: &impl GenericClient,
    tenant_id: &str,
    (after, until): (i64, i64),
) -> Result<Vec<StoredCheckpoint>> {
    let rows = client
        .query(READ_CHECKPOINTS, &[&tenant_id, &after, &until])
        .await?;
    rows.iter().map(checkpoint).collect()
}

/// Entries from one place to before another, at most `MAX_ENTRIES`.
pub async fn entries(
    client: &impl GenericClient,
    tenant_id: &str,
    (start, end): (i64, i64),
) -> Result<Vec<Entry>> {
    let end = end.min(start.saturating_add(MAX_ENTRIES));
    let statement = client.prepare_cached(READ_ENTRIES).await?;
    let rows = client
        .query(&statement, &[&tenant_id, &start, &end])
        .await?;
    let (mut found, mut chain) = (Vec::with_capacity(rows.len()), to_hash(&[]));
    for row in &rows {
        let index = row.try_get("log_index")?;
        let previous = row.try_get::<_, Option<&[u8]>>("prev_hash")?;
        let previous = previous.map_or(chain, to_hash);
        let hash = to_hash(row.try_get("entry_hash")?);
        chain = tree::link(&previous, &hash);
        if index < start {
            continue;
        }
        let is_there: bool = row.try_get("is_there")?;
        found.push(Entry {
            index,
            position: row.try_get("sealed_position")?,
            previous,
            hash,
            event: is_there.then(|| Recorded::from_row(row)),
        });
    }
    Ok(found)
}

/// The notes that are the entries of the anchor's log, from one place to before another, at most `MAX_ENTRIES`.
pub async fn anchored_notes(
    client: &impl GenericClient,
    (start, end): (i64, i64),
) -> Result<Vec<String>> {
    let rows = client
        .query(READ_ANCHORED, &[&start, &end, &MAX_ENTRIES])
        .await?;
    rows.iter().map(|row| Ok(row.try_get("note")?)).collect()
}

/// The place of the event at this position, found by halving: places and positions are in one order.
pub async fn find_index(
    client: &impl GenericClient,
    tenant_id: &str,
    (position, size): (i64, u64),
) -> Result<Option<i64>> {
    let statement = client.prepare_cached(FIND_ENTRY_POSITION).await?;
    let (mut low, mut high) = (0, to_bigint(size));
    while low < high {
        let middle = low + (high - low) / 2;
        let row = client.query_one(&statement, &[&tenant_id, &middle]).await?;
        match row.try_get::<_, Option<i64>>("position")? {
            Some(found) if found == position => return Ok(Some(middle)),
            Some(found) if found < position => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(None)
}

fn checkpoint(row: &Row) -> Result<StoredCheckpoint> {
    Ok(StoredCheckpoint {
        tenant_id: row.try_get("tenant_id")?,
        tree_size: row.try_get("tree_size")?,
        root: to_hash(row.try_get("root_hash")?),
        note: row.try_get("note")?,
        anchor_index: row.try_get("anchor_index")?,
        signed_at: row.try_get("signed_at")?,
    })
}
