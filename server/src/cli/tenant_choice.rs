//! Which tenant a subcommand is about: named by its slug, or the only one there is.

use clap::Args;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::store::Store;

use crate::operations::Scope;

#[derive(Args, Debug)]
pub struct TenantChoice {
    /// The tenant's slug; may be left out where there is only one tenant.
    #[arg(long, env = "RAPPORT_TENANT", value_name = "SLUG")]
    pub tenant: Option<String>,
}

impl TenantChoice {
    /// The tenant. Refused with 404 `tenant-not-found`, or 400 `tenant-missing` where there are several.
    pub async fn require(&self, store: &Store) -> Result<TenantId> {
        self.scope(store).await?.require_one(store).await
    }

    /// As operations take it.
    pub async fn scope(&self, store: &Store) -> Result<Scope> {
        Ok(self.find(store).await?.map_or(Scope::All, Scope::Tenant))
    }

    /// The named tenant; `None` where none is named, which means all of them.
    pub async fn find(&self, store: &Store) -> Result<Option<TenantId>> {
        let Some(slug) = &self.tenant else {
            return Ok(None);
        };
        match store.directory.find_by_slug(slug).await? {
            Some(tenant_id) => Ok(Some(tenant_id)),
            None => Err(Refusal::not_found(
                "tenant-not-found",
                format!("there is no tenant {slug}"),
            )
            .into()),
        }
    }
}
