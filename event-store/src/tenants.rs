//! The tenants' directory: slug → id and wrapped key. It is written in the commit that creates the tenant and never
//! changes after, so a process may keep what it has read.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};

use crate::Result;
use crate::vault::{TenantKeys, Vault};

/// How often a process looks which tenants are suspended.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

const FIND_BY_SLUG: &str = "select tenant_id from tenants where slug = $1";
const FIND_KEY: &str = "select wrapped_key from tenants where tenant_id = $1";
/// By the index of these claims alone.
const LIST_SUSPENDED: &str =
    "select tenant_id from claims where scope = 'tenant-suspended' limit 10000";
const LIST_TWO: &str = "select tenant_id, slug from tenants order by tenant_id limit 2";
const LIST: &str = "select tenant_id, slug from tenants order by slug limit 10000";

/// Looks tenants up with the engine's role.
pub struct Directory {
    pool: Pool,
    slugs: RwLock<HashMap<String, TenantId>>,
    /// As the last look has found them.
    suspended: RwLock<HashSet<TenantId>>,
}

impl Directory {
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            slugs: RwLock::default(),
            suspended: RwLock::default(),
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

    /// Refused with 403 `tenant-suspended` while the tenant is suspended, as far as this process knows: `LOOK_EVERY` late at
    /// most.
    pub fn require_active(&self, tenant_id: &TenantId) -> std::result::Result<(), Refusal> {
        let suspended = self.suspended.read();
        match suspended.is_ok_and(|suspended| suspended.contains(tenant_id)) {
            false => Ok(()),
            true => Err(Refusal::new(
                Kind::Forbidden,
                "tenant-suspended",
                "this business is suspended: nothing is read, changed or sent until whoever operates the installation \
                 resumes it; webhooks are kept until then",
            )),
        }
    }

    /// Looks which tenants are suspended now.
    pub async fn learn_suspended(&self) -> Result<()> {
        let rows = self.pool.get().await?.query(LIST_SUSPENDED, &[]).await?;
        let found = rows
            .iter()
            .map(|row| -> Result<TenantId> { Ok(TenantId::new(row.try_get::<_, String>(0)?)) });
        let found: HashSet<TenantId> = found.collect::<Result<_>>()?;
        if let Ok(mut suspended) = self.suspended.write() {
            *suspended = found;
        }
        Ok(())
    }

    /// Looks again and again for as long as it is polled. While nobody answers, the last look stands.
    pub async fn follow_suspended(&self) {
        loop {
            if let Err(error) = self.learn_suspended().await {
                tracing::warn!(%error, "suspended tenants could not be looked up");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// (id, slug) of the tenant where there is one alone.
    pub async fn find_only(&self) -> Result<Option<(TenantId, String)>> {
        let rows = self.pool.get().await?.query(LIST_TWO, &[]).await?;
        match rows.as_slice() {
            [row] => Ok(Some((
                TenantId::new(row.try_get::<_, String>("tenant_id")?),
                row.try_get("slug")?,
            ))),
            _ => Ok(None),
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
