//! Whether an e-mail address is that of somebody who works here: who copies a letter to us is believed only then.

use domain::ids::TenantId;
use event_store::Result;
use event_store::store::Store;

use crate::installation_keys::InstallationKeys;

const FIND: &str = "
    select person_id from people where tenant_id = $1 and email_index = $2 and standing = 'active'";

/// Finds people by their addresses.
#[derive(Default)]
pub struct Colleagues {
    installation: InstallationKeys,
}

impl Colleagues {
    /// The id of the person with this address, which is trimmed and lower-cased; `None` unless they may sign in here.
    pub async fn find(
        &self,
        store: &Store,
        tenant_id: &TenantId,
        email: &str,
    ) -> Result<Option<String>> {
        let index = self.installation.email_index(store, email).await?;
        let client = store.pools.engine.get().await?;
        let statement = client.prepare_cached(FIND).await?;
        let row = client
            .query_opt(&statement, &[&tenant_id.as_str(), &index])
            .await?;
        Ok(row.map(|row| row.try_get("person_id")).transpose()?)
    }
}
