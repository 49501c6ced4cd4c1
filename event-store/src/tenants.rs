//! The tenants' directory: slug → id and wrapped key. It is written in the commit that creates the tenant and never
//! changes after, so a process may keep what it has read, for as long as the tenant is not deleted.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use tokio_postgres::Row;

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
const LIST_GONE: &str = "select tenant_id from tenant_deletions order by begun_at desc limit 10000";
const LIST: &str = "select tenant_id, slug from tenants order by slug limit 10000";

/// Looks tenants up with the engine's role.
pub struct Directory {
    pool: Pool,
    slugs: RwLock<HashMap<String, TenantId>>,
    /// As the last look has found them.
    suspended: RwLock<HashSet<TenantId>>,
    /// Those whose deletion has begun, likewise.
    gone: RwLock<HashSet<TenantId>>,
}

impl Directory {
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            slugs: RwLock::default(),
            suspended: RwLock::default(),
            gone: RwLock::default(),
        }
    }

    pub async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantId>> {
        if let Some(found) = self
            .slugs
            .read()
            .ok()
            .and_then(|slugs| slugs.get(slug).cloned())
            .filter(|found| !self.is_gone(found))
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
        let found = found.filter(|found| !self.is_gone(found));
        if let (Some(found), Ok(mut slugs)) = (&found, self.slugs.write()) {
            slugs.insert(slug.to_owned(), found.clone());
        }
        Ok(found)
    }

    /// The tenant's keys, unwrapped once per process; `None` for a tenant that does not exist. One that is being deleted has them
    /// for its readers until they are destroyed.
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

    /// Whether the tenant's deletion has begun, as far as this process knows: `LOOK_EVERY` late at most.
    pub fn is_gone(&self, tenant_id: &TenantId) -> bool {
        let gone = self.gone.read();
        gone.is_ok_and(|gone| gone.contains(tenant_id))
    }

    /// Refused with 401 `tenant-deleted` once the tenant's deletion has begun.
    pub fn require_there(&self, tenant_id: &TenantId) -> std::result::Result<(), Refusal> {
        match self.is_gone(tenant_id) {
            false => Ok(()),
            true => Err(Refusal::new(
                Kind::Unauthenticated,
                "tenant-deleted",
                "this business has been deleted, with everybody who could sign in to it; nothing brings it back",
            )),
        }
    }

    /// As `require_there`, and refused with 403 `tenant-suspended` while the tenant is suspended, as far as this process knows:
    /// `LOOK_EVERY` late at most.
    pub fn require_active(&self, tenant_id: &TenantId) -> std::result::Result<(), Refusal> {
        self.require_there(tenant_id)?;
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

    /// Looks which tenants are suspended now, and which are gone: their keys are forgotten.
    pub async fn learn_suspended(&self, vault: &Vault) -> Result<()> {
        let client = self.pool.get().await?;
        let gone = ids(&client.query(LIST_GONE, &[]).await?)?;
        let found = ids(&client.query(LIST_SUSPENDED, &[]).await?)?;
        drop(client);
        gone.iter()
            .for_each(|tenant_id| vault.forget_tenant(tenant_id));
        if let Ok(mut known) = self.gone.write() {
            *known = gone;
        }
        if let Ok(mut suspended) = self.suspended.write() {
            *suspended = found;
        }
        Ok(())
    }

    /// Looks again and again for as long as it is polled. While nobody answers, the last look stands.
    pub async fn follow_suspended(&self, vault: &Vault) {
        loop {
            if let Err(error) = self.learn_suspended(vault).await {
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

fn ids(rows: &[Row]) -> Result<HashSet<TenantId>> {
    rows.iter()
        .map(|row| Ok(TenantId::new(row.try_get::<_, String>(0)?)))
        .collect()
}
