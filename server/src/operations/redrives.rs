//! Dead letters sent again, many at once: counted, ordered, watched and ended, within what the operator may see.

use domain::ids::TenantId;
use event_store::Result;
use event_store::store::Store;
use outbox::redrives::{self, Redrive, Wanted};
use serde::Serialize;

use super::outbox::{operator, tell};
use super::{By, Intent, Scope};

/// One tenant's part of what was ordered, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct Ordered {
    pub tenant_id: TenantId,
    /// Null where nothing fits, and for a dry run.
    pub redrive_id: Option<String>,
    /// Dead letters that fit now, up to the order's limit.
    pub found: i64,
}

/// Orders it, once for each tenant that is meant; nothing is ordered, nor written down, where nothing fits. Refused with
/// 422 `redrive-invalid` or `validation-failed`.
pub async fn order(
    store: &Store,
    (scope, wanted): (&Scope, &Wanted<'_>),
    intent: Intent,
    by: By<'_>,
) -> Result<Vec<Ordered>> {
    let pool = &store.pools.engine;
    let mut ordered = Vec::new();
    for tenant_id in tenants(store, scope).await? {
        let found = {
            let client = pool.get().await?;
            redrives::count(&client, &tenant_id, wanted).await?
        };
        let one = match intent {
            Intent::Act if found > 0 => {
                let (id, found) = redrives::order(pool, &tenant_id, wanted, &operator(by)).await?;
                (Some(id), found)
            }
            _ => (None, found),
        };
        ordered.push(Ordered {
            tenant_id,
            redrive_id: one.0,
            found: one.1,
        });
    }
    tell(store, intent);
    Ok(ordered)
}

/// The newest orders; at most `redrives::MAX_LISTED`.
pub async fn list(store: &Store, scope: &Scope) -> Result<Vec<Redrive>> {
    redrives::list(&store.pools.engine, scope.tenant_id()).await
}

/// As `list`: so many of them, from before this one on.
pub async fn page(store: &Store, scope: &Scope, page: (Option<&str>, i64)) -> Result<Vec<Redrive>> {
    redrives::page(&store.pools.engine, scope.tenant_id(), page).await
}

/// Ends an order, and answers how far it came. Refused with 404 `redrive-not-found`, also for another tenant's, and 409
/// `redrive-not-running`.
pub async fn cancel(
    store: &Store,
    (scope, redrive_id): (&Scope, &str),
    intent: Intent,
    by: By<'_>,
) -> Result<Redrive> {
    let pool = &store.pools.engine;
    let place = (scope.tenant_id(), redrive_id);
    let found = redrives::find(pool, place).await?;
    if found.finished_at.is_some() {
        return Err(redrives::not_running(redrive_id).into());
    }
    if intent == Intent::Say {
        return Ok(found);
    }
    let tenant_id = TenantId::new(found.tenant_id);
    redrives::cancel(pool, (&tenant_id, redrive_id), &operator(by)).await?;
    tell(store, intent);
    redrives::find(pool, place).await
}

async fn tenants(store: &Store, scope: &Scope) -> Result<Vec<TenantId>> {
    if let Some(tenant_id) = scope.tenant_id() {
        return Ok(vec![tenant_id.clone()]);
    }
    let tenants = store.directory.list().await?;
    Ok(tenants
        .into_iter()
        .map(|(tenant_id, _)| tenant_id)
        .collect())
}
