//! The data keys of the subjects in a batch, for the few personal fields that read tables hold in plain text or hashed.

use std::collections::{BTreeMap, HashMap};

use cqrs_es::Aggregate;
use domain::ids::TenantId;
use domain::sealed::Sealed;
use event_store::Result;
use event_store::store::Store;
use event_store::vault::SubjectKey;

use crate::fold::Folded;

/// Keys by tenant and subject; a subject whose key was destroyed has none.
pub(crate) struct SubjectKeys(HashMap<(TenantId, String), SubjectKey>);

impl SubjectKeys {
    /// The keys of aggregates that are their own subjects; one look-up a tenant.
    pub async fn of<A: Aggregate>(store: &Store, folded: &[Folded<A>]) -> Result<Self> {
        let mut by_tenant: BTreeMap<&TenantId, Vec<&str>> = BTreeMap::new();
        for aggregate in folded {
            by_tenant
                .entry(&aggregate.tenant_id)
                .or_default()
                .push(&aggregate.id);
        }
        let mut keys = HashMap::with_capacity(folded.len());
        for (tenant_id, subjects) in by_tenant {
            let found = store.subject_keys(tenant_id, &subjects).await?;
            keys.extend(
                found
                    .into_iter()
                    .map(|(subject, key)| ((tenant_id.clone(), subject), key)),
            );
        }
        Ok(Self(keys))
    }

    /// The plain text; `None` without a value or a living key.
    pub fn open<A: Aggregate>(
        &self,
        owner: &Folded<A>,
        field: &str,
        sealed: Option<&Sealed>,
    ) -> Option<String> {
        self.0
            .get(&(owner.tenant_id.clone(), owner.id.clone()))?
            .open(field, sealed?)
    }
}
