//! The keys that hold for all tenants: whoever signs in names none, so their address is looked up by a hash under a key of
//! the installation's own. It lies wrapped under the root key, as those of tenants do.

use std::sync::Arc;

use domain::ids::TenantId;
use domain::operations::INSTALLATION;
use event_store::Result;
use event_store::error::Error;
use event_store::store::Store;
use event_store::vault::TenantKeys;
use tokio::sync::OnceCell;
use uuid::Uuid;

const FIND: &str = "select tenant_id, wrapped_key from installation_keys limit 1";
const INSERT: &str = "
    insert into installation_keys (tenant_id, wrapped_key) values ($1, $2) on conflict (singleton) do nothing";
/// What addresses are hashed for.
const EMAIL: &str = "people/email";
/// What accounts at providers are hashed for.
const ACCOUNT: &str = "people/provider-account";

/// Finds the keys once a process, and makes them once an installation.
#[derive(Default)]
pub(crate) struct InstallationKeys(OnceCell<Arc<TenantKeys>>);

impl InstallationKeys {
    /// The hash that an address, trimmed and lower-cased, is looked up by.
    pub async fn email_index(&self, store: &Store, email: &str) -> Result<String> {
        let keys = self.0.get_or_try_init(|| find_or_make(store)).await?;
        Ok(keys.blind_index(EMAIL, email).as_str().to_owned())
    }

    /// The hash that a subject of an issuer is looked up by.
    pub async fn account_index(
        &self,
        store: &Store,
        (issuer, subject): (&str, &str),
    ) -> Result<String> {
        let keys = self.0.get_or_try_init(|| find_or_make(store)).await?;
        // An issuer is an address, which holds no such character.
        let account = format!("{issuer}\n{subject}");
        Ok(keys.blind_index(ACCOUNT, &account).as_str().to_owned())
    }
}

async fn find_or_make(store: &Store) -> Result<Arc<TenantKeys>> {
    if let Some(found) = find(store).await? {
        return Ok(found);
    }
    // Of two processes one is first; the other's key was never used, and its name is nobody's.
    let name = TenantId::new(format!("{INSTALLATION}/{}", Uuid::now_v7()));
    let wrapped = store.vault.new_tenant(&name)?;
    let client = store.pools.engine.get().await?;
    client.execute(INSERT, &[&name.as_str(), &wrapped]).await?;
    drop(client);
    let found = find(store).await?;
    found.ok_or_else(|| Error::internal("the installation's key was written and is not there"))
}

async fn find(store: &Store) -> Result<Option<Arc<TenantKeys>>> {
    let client = store.pools.engine.get().await?;
    let Some(row) = client.query_opt(FIND, &[]).await? else {
        return Ok(None);
    };
    let name = TenantId::new(row.try_get::<_, String>("tenant_id")?);
    let wrapped: Vec<u8> = row.try_get("wrapped_key")?;
    Ok(Some(store.vault.unwrap_tenant(&name, &wrapped)?))
}
