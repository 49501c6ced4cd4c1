//! Destinations: a tenant's accounts with providers, what holds them, and what limits them.

use event_store::Result;
use event_store::store::Store;
use outbox::destinations::{self, Change, Standing};

use super::outbox::{mode, operator, tell};
use super::{By, Intent, Scope};

/// Those that have work or that something is known of; at most `destinations::MAX_LISTED`.
pub async fn list(store: &Store, scope: &Scope) -> Result<Vec<Standing>> {
    destinations::list(&store.pools.engine, scope.tenant_id()).await
}

/// As `list`: so many of them, behind this tenant and target.
pub async fn page(
    store: &Store,
    scope: &Scope,
    page: (Option<(&str, &str)>, i64),
) -> Result<Vec<Standing>> {
    destinations::page(&store.pools.engine, scope.tenant_id(), page).await
}

/// Changes one destination of one tenant; answers how it stands then, or would stand. Refused with 400 `tenant-missing`
/// where several tenants are meant, 422 `destination-change-invalid` or `target-invalid`, 409 `destinations-exhausted`.
pub async fn change(
    store: &Store,
    (scope, target): (&Scope, &str),
    wanted: &Change,
    (intent, by): (Intent, By<'_>),
) -> Result<Standing> {
    let tenant_id = scope.require_one(store).await?;
    let how = (&operator(by), mode(intent));
    let place = (&tenant_id, target);
    let standing = destinations::change(&store.pools.engine, place, wanted, how).await?;
    tell(store, intent);
    Ok(standing)
}
