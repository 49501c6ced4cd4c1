//! Keys that wait because an event of theirs cannot be applied: what there is, trying again, and giving an event up.

use std::collections::BTreeMap;

use event_store::Result;
use event_store::parked::{self, Choice, Dropping, ParkedKey, Retried};
use event_store::store::Store;
use serde::Serialize;
use serde_json::json;

use super::acts::{Deed, owner, recorded};
use super::{By, Scope, projections};

/// Which parked keys are meant; `None` is any.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub projection: Option<String>,
    pub key: Option<String>,
    pub scope: Scope,
}

/// What is done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// What waits is applied again, in order.
    Retry,
    /// The event that failed is given up, and what waits behind it is applied.
    Drop,
}

/// What became of the keys of one projection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remedied {
    pub projection: String,
    #[serde(flatten)]
    pub retried: Retried,
}

impl Remedy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Drop => "drop",
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Retry => "retry-parked-keys",
            Self::Drop => "drop-parked-events",
        }
    }
}

/// Parked keys, the oldest first; at most `parked::MAX_LISTED`. Refused with 404 `projection-not-found`.
pub async fn list(store: &Store, wanted: &Wanted) -> Result<Vec<ParkedKey>> {
    if let Some(name) = &wanted.projection {
        projections::find(store, name)?;
    }
    let choice = Choice {
        projection: wanted.projection.as_deref(),
        key: wanted.key.as_deref(),
        tenant_id: wanted.scope.tenant_id(),
    };
    parked::list(&store.pools.engine.get().await?, choice).await
}

/// Tries the keys again, or gives their failed events up; keys that fail again stay parked. Nothing is written down where
/// there is nothing to do.
pub async fn remedy(
    store: &Store,
    wanted: &Wanted,
    remedy: Remedy,
    by: By<'_>,
) -> Result<Vec<Remedied>> {
    let mut by_projection: BTreeMap<String, Vec<ParkedKey>> = BTreeMap::new();
    for key in list(store, wanted).await? {
        let keys = by_projection.entry(key.projection.clone()).or_default();
        keys.push(key);
    }
    let mut outcomes = Vec::new();
    for (name, keys) in by_projection {
        let ids: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
        let deed = Deed {
            action: remedy.action(),
            subject: &name,
            details: &json!({ "keys": ids }),
        };
        let work = apply(store, &name, &keys, (remedy, by));
        let retried = recorded(store, &owner(&wanted.scope), (deed, by), work).await?;
        outcomes.push(Remedied {
            projection: name,
            retried,
        });
    }
    Ok(outcomes)
}

async fn apply(
    store: &Store,
    name: &str,
    keys: &[ParkedKey],
    (remedy, by): (Remedy, By<'_>),
) -> Result<Retried> {
    let projection = projections::find(store, name)?;
    let dropping = (remedy == Remedy::Drop).then(|| Dropping {
        by: by.principal,
        reason: by.reason.unwrap_or_default(),
    });
    let pool = &store.pools.engine;
    parked::retry(pool, projection.subscriber.as_ref(), keys, dropping).await
}
