//! The events of an export, page by page. What belongs to it is settled when it begins, so that it may be read in any
//! number of transactions, and by a later run, and is the same.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Recorded;
use event_store::store::Store;

use super::manifest::Manifest;
use crate::database::Reason;

/// Events of one page; as many as are held in memory.
const PAGE_EVENTS: i64 = 1_000;
/// More commands than that are never being written at once.
const MAX_LEFT_OUT: i64 = 100_000;

const FIND_END: &str = "select coalesce(max(position), 0) from events";

const LIST_HOLES: &str = "
    select p.position
    from generate_series($1::bigint + 1, $2::bigint) as p (position)
    where not exists (select from events e where e.position = p.position)
    limit $3";

const READ_PAGE: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where tenant_id = $1 and position > $2 and position <= $3 and not position = any ($4::bigint[])
    order by position limit $5";

/// Which events an export holds: behind `after`, up to `until`, without `left_out`.
#[derive(Clone, Debug)]
pub struct Range {
    pub after: i64,
    pub until: i64,
    pub left_out: Vec<i64>,
}

impl Range {
    /// Everything up to now.
    pub async fn open(store: &Store, after: i64) -> std::result::Result<Self, Reason> {
        let safe = safe_end(store).await?;
        Ok(Self {
            after,
            until: safe,
            left_out: Vec::new(),
        })
    }

    /// Everything that the caller's snapshot shows. `safe` was the log's safe end before it was taken: whatever is
    /// missing behind that may still be committed, and is left out for ever.
    pub async fn seen_by(
        snapshot: &impl GenericClient,
        (after, safe): (i64, i64),
    ) -> std::result::Result<Self, Reason> {
        let until: i64 = snapshot.query_one(FIND_END, &[]).await?.get(0);
        let rows = snapshot
            .query(LIST_HOLES, &[&safe, &until, &MAX_LEFT_OUT])
            .await?;
        let left_out: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        if i64::try_from(left_out.len())? >= MAX_LEFT_OUT {
            let detail = "too much is being written at this moment; try again";
            return Err(Error::busy("log-unsettled", detail).into());
        }
        Ok(Self {
            after,
            until,
            left_out,
        })
    }

    pub fn of(manifest: &Manifest) -> Self {
        Self {
            after: manifest.after,
            until: manifest.until,
            left_out: manifest.left_out.clone(),
        }
    }

    /// Positions, to show how far it is.
    pub fn length(&self) -> u64 {
        u64::try_from(self.until.saturating_sub(self.after)).unwrap_or(0)
    }
}

/// The log's safe end, once it has passed everything that is there now.
pub async fn safe_end(store: &Store) -> Result<i64> {
    let newest: i64 = {
        let client = store.pools.engine.get().await?;
        client.query_one(FIND_END, &[]).await?.get(0)
    };
    let mut safe = store.tail.watch();
    let arrived = async {
        let at_end = safe.wait_for(|safe| *safe >= newest).await;
        at_end
            .map(|safe| *safe)
            .map_err(|_| Error::internal("the log is no longer followed"))
    };
    tokio::select! {
        () = store.tail.run() => Err(Error::internal("the log is no longer followed")),
        safe = arrived => safe,
    }
}

/// Reads a range in order of position.
pub struct Pages<'a> {
    store: &'a Store,
    tenant_id: &'a TenantId,
    range: &'a Range,
    position: i64,
    last_position: i64,
}

impl<'a> Pages<'a> {
    /// Begins behind `after`, which may lie within the range.
    pub fn new(store: &'a Store, tenant_id: &'a TenantId, range: &'a Range, after: i64) -> Self {
        Self {
            store,
            tenant_id,
            range,
            position: after,
            last_position: after,
        }
    }

    /// The next events; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Recorded>>> {
        let client = self.store.pools.engine.get().await?;
        let statement = client.prepare_cached(READ_PAGE).await?;
        let rows = client
            .query(
                &statement,
                &[
                    &self.tenant_id.as_str(),
                    &self.position,
                    &self.range.until,
                    &self.range.left_out,
                    &PAGE_EVENTS,
                ],
            )
            .await?;
        let page: Vec<Recorded> = rows.iter().map(Recorded::from_row).collect();
        let Some(last) = page.last() else {
            self.position = self.range.until;
            return Ok(None);
        };
        self.position = last.position;
        self.last_position = last.position;
        Ok(Some(page))
    }

    /// How far it has read.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Of the last event that it has given.
    pub fn last_position(&self) -> i64 {
        self.last_position
    }
}
