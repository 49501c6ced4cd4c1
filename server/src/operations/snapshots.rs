//! Snapshots of long streams: which there are, whether each equals the fold of all its events, and dropping them.

use domain::ids::TenantId;
use event_store::Result;
use event_store::store::Store;
use event_store::stored_snapshots::{self, Choice, Listed, MAX_LISTED};
use identity::acts;
use serde::Serialize;
use serde_json::{Value, json};

use super::acts::{Deed, owner};
use super::events::states;
use super::{By, Intent, Scope};

/// Which snapshots are meant; `None` is any.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub scope: Scope,
    pub aggregate_type: Option<String>,
    pub aggregate_id: Option<String>,
}

/// How a snapshot compares with its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is what all events up to its sequence come to.
    Equal,
    Different,
    /// Folded by other rules, so that nobody here takes notice of it.
    OfOtherRules,
    /// Another took its place meanwhile.
    Replaced,
}

/// A snapshot that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    #[serde(flatten)]
    pub snapshot: Listed,
    pub verdict: Verdict,
}

impl Wanted {
    fn choice(&self) -> Choice<'_> {
        Choice {
            tenant_id: self.scope.tenant_id(),
            aggregate_type: self.aggregate_type.as_deref(),
            aggregate_id: self.aggregate_id.as_deref(),
        }
    }
}

/// The first snapshots in the order of their streams; at most `MAX_LISTED`.
pub async fn list(store: &Store, wanted: &Wanted) -> Result<Vec<Listed>> {
    let client = store.pools.engine.get().await?;
    stored_snapshots::list(&client, wanted.choice(), None).await
}

/// Checks every one of them, however many there are, and hands each to `tell`.
pub async fn verify<E: From<event_store::error::Error>>(
    store: &Store,
    wanted: &Wanted,
    mut tell: impl FnMut(Verified) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut last: Option<Listed> = None;
    loop {
        let page = {
            let client = store
                .pools
                .engine
                .get()
                .await
                .map_err(event_store::error::Error::from)?;
            stored_snapshots::list(&client, wanted.choice(), last.as_ref()).await?
        };
        let is_last = i64::try_from(page.len()).is_ok_and(|found| found < MAX_LISTED);
        last = page.last().cloned().or(last);
        for snapshot in page {
            let verdict = judge(store, &snapshot).await?;
            tell(Verified { snapshot, verdict })?;
        }
        if is_last {
            return Ok(());
        }
    }
}

async fn judge(store: &Store, snapshot: &Listed) -> Result<Verdict> {
    if !snapshot.of_these_rules {
        return Ok(Verdict::OfOtherRules);
    }
    let state = {
        let client = store.pools.engine.get().await?;
        stored_snapshots::find_state(&client, snapshot).await?
    };
    let Some(state) = state else {
        return Ok(Verdict::Replaced);
    };
    let tenant_id = TenantId::new(snapshot.tenant_id.clone());
    let stream = (
        snapshot.aggregate_type.as_str(),
        snapshot.aggregate_id.as_str(),
    );
    let mut events = store.read_stream(&tenant_id, stream, 0).await?;
    events.retain(|event| event.sequence <= snapshot.sequence);
    let is_whole = i64::try_from(events.len()).is_ok_and(|found| found == snapshot.sequence)
        && events
            .last()
            .is_some_and(|last| last.position == snapshot.position);
    let held: Value = serde_json::from_str(&state)?;
    Ok(match is_whole && states::fold(&events)? == held {
        true => Verdict::Equal,
        false => Verdict::Different,
    })
}

/// Drops them; answers how many there were, or would be. Streams are folded whole until new ones are taken.
pub async fn drop(store: &Store, wanted: &Wanted, intent: Intent, by: By<'_>) -> Result<u64> {
    let mut client = store.pools.engine.get().await?;
    let tx = client.transaction().await?;
    let dropped = stored_snapshots::drop(&tx, wanted.choice()).await?;
    if intent == Intent::Say {
        tx.rollback().await?;
        return Ok(dropped);
    }
    if dropped > 0 {
        let deed = Deed {
            action: "drop-snapshots",
            subject: wanted.aggregate_id.as_deref().unwrap_or("snapshots"),
            details: &json!({ "aggregate_type": wanted.aggregate_type, "snapshots": dropped }),
        };
        let owner = owner(&wanted.scope);
        acts::record(&tx, deed.by(&owner, by)).await?;
    }
    tx.commit().await?;
    store.wake.committed_unknown();
    Ok(dropped)
}
