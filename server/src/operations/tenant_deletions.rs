//! Deleting a tenant, as operators of the installation do it: scheduled with the tenant's own time to take it back, or at once.
//! The installation's record says who and why, for the tenant's own goes with it.

use std::collections::BTreeMap;

use commands::dispatch::Dispatcher;
use commands::system;
use domain::ids::TenantId;
use domain::refusal::{Problems, Refusal};
use domain::tenants::deletion::{Asker, EndNews, claim_value};
use domain::tenants::{Standing, Tenant};
use event_store::Result;
use event_store::deletions::{self, Beginning, Deletion, Warrant};
use event_store::store::Store;
use identity::acts::{self, Act};
use outbox::deletions::{self as worker, Deed};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::tenants::named;
use super::{By, Intent, Scope};

/// When it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After the tenant's `deletion_days`; until then it can be taken back.
    Due,
    /// Now, and for good.
    Now,
}

/// What was done, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct Ordered {
    pub tenant_id: String,
    pub slug: String,
    /// Whether nothing can take it back any more.
    pub begun: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    pub deletion_due_at: Option<OffsetDateTime>,
    /// False where it stood so already.
    pub changed: bool,
    /// What would go, by table, where it is only said; up to a million rows of each are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<BTreeMap<String, i64>>,
}

/// The tombstones, the newest first; at most a thousand.
pub async fn list(store: &Store, scope: &Scope) -> Result<Vec<Deletion>> {
    let mut listed = deletions::list(&store.pools.engine.get().await?).await?;
    listed.retain(|deletion| scope.covers(&deletion.tenant_id));
    Ok(listed)
}

/// Schedules the deletion of a suspended tenant, or lets it begin. Refused with 400 `tenant-missing` unless one is named, 422
/// `validation-failed` unless `confirm` repeats its slug, 409 `tenant-not-suspended` for one that works.
pub async fn delete(
    dispatcher: &Dispatcher,
    scope: &Scope,
    (confirm, when): (&str, When),
    (intent, by): (Intent, By<'_>),
) -> Result<Ordered> {
    let tenant_id = named(scope)?;
    let tenant = dispatcher.find_tenant(tenant_id).await?;
    check(&tenant, confirm)?;
    let mut ordered = Ordered {
        tenant_id: tenant_id.to_string(),
        slug: tenant.slug.clone(),
        begun: when == When::Now,
        deletion_due_at: tenant.deletion_due_at,
        changed: when == When::Now || tenant.deletion_due_at.is_none(),
        rows: None,
    };
    let client = dispatcher.store.pools.engine.get().await?;
    if intent == Intent::Say {
        ordered.rows = Some(deletions::preview(&client, tenant_id).await?);
        return Ok(ordered);
    }
    match when {
        When::Now => {
            let deed = Deed {
                by: by.principal,
                reason: by.reason,
            };
            worker::record(&client, tenant_id, deed, json!({ "slug": tenant.slug })).await?;
            let beginning = Beginning {
                tenant_id,
                slug: &tenant.slug,
                by: by.principal,
                reason: by.reason,
            };
            drop(client);
            deletions::begin(&dispatcher.store, beginning, Warrant::Order).await?;
        }
        When::Due => {
            if ordered.changed {
                note(dispatcher, tenant_id, ("schedule-tenant-deletion", by)).await?;
                let mut request = system::request(tenant_id, "request-tenant-deletion");
                request.body = json!({ "confirm": confirm });
                dispatcher.dispatch(&request).await?;
            }
            ordered.deletion_due_at = tell_scheduled(dispatcher, tenant_id).await?;
        }
    }
    Ok(ordered)
}

/// Takes a scheduled deletion back. Refused as `delete` is.
pub async fn withdraw(
    dispatcher: &Dispatcher,
    scope: &Scope,
    (intent, by): (Intent, By<'_>),
) -> Result<Ordered> {
    let tenant_id = named(scope)?;
    let tenant = dispatcher.find_tenant(tenant_id).await?;
    let ordered = Ordered {
        tenant_id: tenant_id.to_string(),
        slug: tenant.slug.clone(),
        begun: false,
        deletion_due_at: None,
        changed: tenant.deletion_due_at.is_some(),
        rows: None,
    };
    if intent == Intent::Act && ordered.changed {
        note(dispatcher, tenant_id, ("withdraw-tenant-deletion", by)).await?;
        dispatcher
            .dispatch(&system::request(tenant_id, "withdraw-tenant-deletion"))
            .await?;
        // Of a tenant that works the command itself has told them.
        if tenant.standing == Standing::Suspended {
            let by = Asker::Operator;
            let (news, fact) = (EndNews::Withdrawn { by }, Uuid::now_v7().to_string());
            worker::tell_owners(&dispatcher.store, tenant_id, (&news, &fact)).await?;
        }
    }
    Ok(ordered)
}

/// Tells the owners what an operator has scheduled; answers for when. A process may end between the deed and the letters, so
/// whoever orders it again lets those go that are not there yet.
async fn tell_scheduled(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
) -> Result<Option<OffsetDateTime>> {
    let tenant = dispatcher.find_tenant(tenant_id).await?;
    let by = Asker::Operator;
    if let Some(due_at) = tenant.deletion_due_at
        && tenant.deletion_asked_by == Some(by)
    {
        let (news, fact) = (EndNews::Scheduled { due_at, by }, claim_value(due_at));
        worker::tell_owners(&dispatcher.store, tenant_id, (&news, &fact)).await?;
    }
    Ok(tenant.deletion_due_at)
}

fn check(tenant: &Tenant, confirm: &str) -> Result<()> {
    if confirm != tenant.slug {
        let mut problems = Problems::default();
        let message = format!("repeat the tenant's slug: {}", tenant.slug);
        problems.add("/confirm", "confirmation-wrong", message);
        problems.finish()?;
    }
    if tenant.standing != Standing::Suspended {
        let detail = "only a suspended tenant is deleted; suspend it first, and see whether anybody misses it";
        return Err(Refusal::conflict("tenant-not-suspended", detail).into());
    }
    Ok(())
}

async fn note(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    (action, by): (&'static str, By<'_>),
) -> Result<()> {
    let client = dispatcher.store.pools.engine.get().await?;
    let act = Act {
        tenant_id: &acts::installation(),
        principal: by.principal,
        action,
        subject: tenant_id.as_str(),
        reason: by.reason,
        details: &json!({}),
    };
    acts::record(&client, act).await
}
