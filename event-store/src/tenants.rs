//! The tenants' directory: slug → id and wrapped key. It is written in the commit that creates the tenant and never
//! changes after, so a process may keep what it has read.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use deadpool_postgres::Pool;
use domain::ids::TenantId;

use crate::Result;
use crate::vault::{TenantKeys, Vault};

const FIND_BY_SLUG: &str = "select tenant_id from tenants where slug = $1";
const FIND_KEY: &str = "select wrapped_key from tenants where tenant_id = $1";
const LIST: &str = "select tenant_id, slug from tenants order by slug limit 10000";

/// Looks tenants up with the engine's role.
pub struct Directory {
    pool: Pool,
    slugs: RwLock<HashMap<String, TenantId>>,
}

impl Directory {
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            slugs: RwLock::default(),
        }
    }

    pub async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantId>> {
        if let Some(found) = self
            .slugs
            .read()
            .ok()
            .and_then(|slugs| slugs.get(slug).cloned())
        {
            return Ok(Some(found));
        }
        let row = self
            .pool
            .get()
            .await?
            .query_opt(FIND_BY_SLUG, &[&slug])
            .await?;
        let found = row.map(|row| TenantId::new(row.get::<_, String>(0)));
        if let (Some(found), Ok(mut slugs)) = (&found, self.slugs.write()) {
            slugs.insert(slug.to_owned(), found.clone());
        }
        Ok(found)
    }

    /// The tenant's keys, unwrapped once per process; `None` for a tenant that does not exist.
    pub async fn find_keys(
        &self,
        vault: &Vault,
        tenant_id: &TenantId,
    ) -> Result<Option<Arc<TenantKeys>>> {
        if let Some(keys) = vault.cached(tenant_id) {
            return Ok(Some(keys));
        }
        match self
            .pool
            .get()
            .await?
            .query_opt(FIND_KEY, &[&tenant_id.as_str()])
            .await?
        {
            Some(row) => Ok(Some(vault.unwrap_tenant(tenant_id, row.get(0))?)),
            None => Ok(None),
        }
    }

    /// (id, slug) of every tenant.
    pub async fn list(&self) -> Result<Vec<(TenantId, String)>> {
        let rows = self.pool.get().await?.query(LIST, &[]).await?;
        Ok(rows
            .iter()
            .map(|row| (TenantId::new(row.get::<_, String>(0)), row.get(1)))
            .collect())
    }
}
