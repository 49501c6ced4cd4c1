//! The event store as it lies in PostgreSQL: what is missing from the log.

use event_store::Result;
use event_store::holes::{self, Holes};
use event_store::store::Store;

/// How far back holes are looked for when nothing is said; a few seconds' work.
const LOOK_BACK_POSITIONS: i64 = 2_000_000;

/// The positions that are missing after one of them, and the position itself.
pub async fn holes(store: &Store, after: Option<i64>) -> Result<(i64, Holes)> {
    let after = match after {
        Some(after) => after,
        None => {
            let (_, newest) = holes::ends(&store.pools.engine.get().await?).await?;
            (newest - LOOK_BACK_POSITIONS).max(0)
        }
    };
    Ok((after, holes::survey(&store.pools.engine, after).await?))
}
