//! How far an import is. Its row moves in the transactions of what is written, so that it goes on exactly where it
//! stopped, and of two that run at once one is refused.

use deadpool_postgres::Transaction;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::store::Store;
use identity::acts::{self, Act};
use serde_json::json;

use super::Parcel;
use crate::cli::Reason;

const FIND: &str = "
    select keys_done, events_done, finished_at is not null as is_finished from imports
    where tenant_id = $1 and manifest_hash = $2";
const BEGIN: &str = "
    insert into imports (tenant_id, manifest_hash, principal, events_total) values ($1, $2, $3, $4)
    on conflict do nothing";
const MOVE_KEYS: &str = "
    update imports set keys_done = $4 where tenant_id = $1 and manifest_hash = $2 and keys_done = $3";
const MOVE_EVENTS: &str = "
    update imports set events_done = $4 where tenant_id = $1 and manifest_hash = $2 and events_done = $3";
const FINISH: &str = "
    update imports set finished_at = clock_timestamp()
    where tenant_id = $1 and manifest_hash = $2 and events_done = events_total and finished_at is null";

/// Lines that are written.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub keys_done: u64,
    pub events_done: u64,
    pub finished: bool,
}

/// Which of the two kinds of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Keys,
    Events,
}

impl Progress {
    /// How far an earlier run came.
    pub async fn find(store: &Store, parcel: &Parcel) -> std::result::Result<Option<Self>, Reason> {
        let client = store.pools.engine.get().await?;
        let row = client
            .query_opt(FIND, &[&parcel.tenant_id.as_str(), &parcel.hash])
            .await?;
        row.map(|row| {
            Ok(Self {
                keys_done: u64::try_from(row.get::<_, i64>("keys_done"))?,
                events_done: u64::try_from(row.get::<_, i64>("events_done"))?,
                finished: row.get("is_finished"),
            })
        })
        .transpose()
    }

    /// Writes down that it begins, or goes on.
    pub async fn begin(
        store: &Store,
        parcel: &Parcel,
        (principal, reason): (&str, Option<&str>),
    ) -> std::result::Result<Self, Reason> {
        let mut client = store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let total = i64::try_from(parcel.manifest.events)?;
        let tenant_id = parcel.tenant_id.as_str();
        tx.execute(BEGIN, &[&tenant_id, &parcel.hash, &principal, &total])
            .await?;
        note(&tx, parcel, (principal, reason), "import-events").await?;
        tx.commit().await?;
        drop(client);
        let begun = Self::find(store, parcel).await?;
        begun.ok_or_else(|| "the import's own record is gone".into())
    }

    /// Writes down that it is done.
    pub async fn finish(
        store: &Store,
        parcel: &Parcel,
        by: (&str, Option<&str>),
    ) -> std::result::Result<(), Reason> {
        let mut client = store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let finished = tx
            .execute(FINISH, &[&parcel.tenant_id.as_str(), &parcel.hash])
            .await?;
        if finished != 1 {
            return Err(interfered().into());
        }
        note(&tx, parcel, by, "finish-import").await?;
        Ok(tx.commit().await?)
    }
}

/// Moves one of the counts, in the transaction of the lines that it counts.
pub async fn advance(
    tx: &Transaction<'_>,
    parcel: &Parcel,
    kind: Kind,
    (from, to): (u64, u64),
) -> std::result::Result<(), Reason> {
    let statement = match kind {
        Kind::Keys => MOVE_KEYS,
        Kind::Events => MOVE_EVENTS,
    };
    let (from, to) = (i64::try_from(from)?, i64::try_from(to)?);
    let moved = tx
        .execute(
            statement,
            &[&parcel.tenant_id.as_str(), &parcel.hash, &from, &to],
        )
        .await?;
    match moved {
        1 => Ok(()),
        _ => Err(interfered().into()),
    }
}

async fn note(
    tx: &Transaction<'_>,
    parcel: &Parcel,
    (principal, reason): (&str, Option<&str>),
    action: &'static str,
) -> Result<()> {
    let act = Act {
        tenant_id: &parcel.tenant_id,
        principal,
        action,
        subject: &parcel.hash,
        reason,
        details: &json!({ "events": parcel.manifest.events }),
    };
    acts::record(tx, act).await
}

fn interfered() -> Refusal {
    let detail = "another process imports the same; let it finish";
    Refusal::conflict("import-under-way", detail)
}
