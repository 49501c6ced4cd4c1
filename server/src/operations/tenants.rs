//! Tenants as operators of the installation see them: how each stands, and suspending and resuming one.

use commands::dispatch::Dispatcher;
use commands::system;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use domain::tenants::{Module, Standing};
use domain::zones::TimeZoneName;
use event_store::Result;
use identity::acts;
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use super::acts::Deed;
use super::{By, Intent, Scope};

/// One tenant.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    pub tenant_id: String,
    pub slug: String,
    pub name: String,
    pub time_zone: TimeZoneName,
    pub modules: Vec<Module>,
    /// `active` or `suspended`.
    pub standing: Standing,
    /// When it will be deleted; null unless that is scheduled.
    #[serde(with = "time::serde::rfc3339::option")]
    pub deletion_due_at: Option<OffsetDateTime>,
}

/// What was changed, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct Changed {
    pub tenant_id: String,
    pub standing: Standing,
    /// False where it stood so already.
    pub changed: bool,
}

/// All that may be seen, by slug; at most ten thousand.
pub async fn list(dispatcher: &Dispatcher, scope: &Scope) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for (tenant_id, slug) in dispatcher.store.directory.list().await? {
        if !scope.covers(tenant_id.as_str()) {
            continue;
        }
        let tenant = dispatcher.find_tenant(&tenant_id).await?;
        listed.push(Listed {
            tenant_id: tenant_id.to_string(),
            slug,
            name: tenant.name.clone(),
            time_zone: tenant.settings.time_zone.clone(),
            modules: tenant.modules.iter().copied().collect(),
            standing: tenant.standing,
            deletion_due_at: tenant.deletion_due_at,
        });
    }
    Ok(listed)
}

/// Suspends a tenant, or resumes it. Refused with 400 `tenant-missing` unless one is named: nobody is to suspend the only tenant
/// by leaving its name out.
pub async fn set_standing(
    dispatcher: &Dispatcher,
    scope: &Scope,
    wanted: Standing,
    (intent, by): (Intent, By<'_>),
) -> Result<Changed> {
    let named = named(scope)?;
    let changed = Changed {
        tenant_id: named.to_string(),
        standing: wanted,
        changed: dispatcher.find_tenant(named).await?.standing != wanted,
    };
    if intent == Intent::Say || !changed.changed {
        return Ok(changed);
    }
    let name = match wanted {
        Standing::Suspended => "suspend-tenant",
        Standing::Active => "resume-tenant",
    };
    let deed = Deed {
        action: name,
        subject: named.as_str(),
        details: &json!({}),
    };
    // Who and why is on record before the event that it leads to.
    let client = dispatcher.store.pools.engine.get().await?;
    acts::record(&client, deed.by(named, by)).await?;
    drop(client);
    dispatcher.dispatch(&system::request(named, name)).await?;
    dispatcher
        .store
        .directory
        .learn_suspended(&dispatcher.store.vault)
        .await?;
    Ok(changed)
}

/// The tenant that is named, and no other. Refused with 400 `tenant-missing`.
pub(super) fn named(scope: &Scope) -> std::result::Result<&TenantId, Refusal> {
    scope.tenant_id().ok_or_else(|| {
        let detail =
            "say which tenant, by its slug (`rapport tenants list`), with --tenant or ?tenant=";
        Refusal::malformed("tenant-missing", detail)
    })
}
