//! What operators see and do, once for the command line and for HTTP: each function answers what there is to show, and
//! each act is written down as an event in the transaction of the deed, or before it begins and after it has ended.

pub mod acts;
pub mod audit;
pub mod destinations;
pub mod events;
pub mod long;
pub mod outbox;
pub mod parked;
pub mod projections;
pub mod rebuilds;
pub mod redrives;
pub mod retention;
pub mod snapshots;
pub mod store;
pub mod tenant_deletions;
pub mod tenant_exports;
pub mod tenants;
pub mod webhooks;

use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::store::Store;
use identity::permissions::Permission;
use identity::principals::Principal;
use serde::Serialize;

/// The longest reason that is kept.
pub const MAX_REASON_CHARS: usize = 1_000;

/// Whose things an operator may see and touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of every tenant.
    All,
    Tenant(TenantId),
}

/// Who does it, and why.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// The principal's id, or `operator:<account>` for the command line.
    pub principal: &'a str,
    pub reason: Option<&'a str>,
}

/// Whether something is done, or only said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Act,
    Say,
}

impl<'a> By<'a> {
    /// For what explains itself.
    pub fn without_reason(principal: &'a str) -> Self {
        Self {
            principal,
            reason: None,
        }
    }
}

/// What a steering act has changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub projection: String,
    /// False where it was so already.
    pub changed: bool,
}

impl Scope {
    /// As SQL takes it: null for all.
    pub fn tenant_id(&self) -> Option<&TenantId> {
        match self {
            Self::All => None,
            Self::Tenant(tenant_id) => Some(tenant_id),
        }
    }

    pub fn covers(&self, tenant_id: &str) -> bool {
        self.tenant_id().is_none_or(|own| own.as_str() == tenant_id)
    }

    /// The tenant that is meant, or the only one there is. Refused with 404 `tenant-not-found` where there is none, 400
    /// `tenant-missing` where there are several.
    pub async fn require_one(&self, store: &Store) -> Result<TenantId> {
        if let Some(tenant_id) = self.tenant_id() {
            return Ok(tenant_id.clone());
        }
        let mut tenants = store.directory.list().await?;
        match (tenants.len(), tenants.pop()) {
            (1, Some((tenant_id, _))) => Ok(tenant_id),
            (0, _) => {
                let detail = "there is no tenant yet; make one with `rapport tenants create`";
                Err(Refusal::not_found("tenant-not-found", detail).into())
            }
            _ => {
                let detail = "there are several tenants: say which, by its slug (`rapport tenants list`), with --tenant or \
                              ?tenant=";
                Err(Refusal::malformed("tenant-missing", detail).into())
            }
        }
    }

    /// What a principal may see: the tenant of this slug, else its own; for an operator of the installation any, else all.
    /// Refused with 403 `permission-missing` for another's tenant, 404 `tenant-not-found` for none.
    pub async fn of(store: &Store, principal: &Principal, slug: Option<&str>) -> Result<Self> {
        let sees_all = principal.may(Permission::InstallationRead);
        let Some(slug) = slug else {
            return Ok(match sees_all {
                true => Self::All,
                false => Self::Tenant(principal.tenant_id.clone()),
            });
        };
        let found = store.directory.find_by_slug(slug).await?;
        match found {
            Some(tenant_id) if sees_all || tenant_id == principal.tenant_id => {
                Ok(Self::Tenant(tenant_id))
            }
            None if sees_all => {
                let detail = format!("there is no tenant {slug}");
                Err(Refusal::not_found("tenant-not-found", detail).into())
            }
            // Whether another tenant exists is nobody's business.
            _ => {
                principal.require(Permission::InstallationRead)?;
                Ok(Self::Tenant(principal.tenant_id.clone()))
            }
        }
    }
}

/// Refused with `reason-missing` or `reason-too-long` unless it says something.
pub fn check_reason(reason: &str) -> std::result::Result<(), Refusal> {
    if reason.trim().is_empty() {
        let message = "say why, for whoever looks later";
        return Err(Refusal::field("/reason", "reason-missing", message));
    }
    if reason.chars().count() > MAX_REASON_CHARS {
        let message = format!("a reason has at most {MAX_REASON_CHARS} characters");
        return Err(Refusal::field("/reason", "reason-too-long", message));
    }
    Ok(())
}
