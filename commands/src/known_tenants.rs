//! Tenants' settings as this process last folded them, so that a command loads only their news. What is kept is exact as
//! of its sequence; the load of every command brings it up to date.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use cqrs_es::Aggregate;
use domain::ids::TenantId;
use domain::tenants::Tenant;
use event_store::recorded::Recorded;

use crate::Result;

/// How many tenants' settings are kept; beyond it the cache starts anew.
const LIMIT: usize = 10_000;

/// Settings by tenant, each as of a sequence of its stream.
#[derive(Default)]
pub(crate) struct KnownTenants {
    tenants: RwLock<HashMap<TenantId, (Arc<Tenant>, i64)>>,
}

impl KnownTenants {
    /// What is known, and up to which sequence; the default settings and 0 for a tenant that is not.
    pub fn find(&self, tenant_id: &TenantId) -> (Arc<Tenant>, i64) {
        let known = self.tenants.read().ok();
        known
            .and_then(|tenants| tenants.get(tenant_id).cloned())
            .unwrap_or_default()
    }

    /// Folds the tenant's newer events into what was known, and keeps the result.
    pub fn fold(
        &self,
        tenant_id: &TenantId,
        tenant: Arc<Tenant>,
        news: &[Recorded],
    ) -> Result<Arc<Tenant>> {
        let Some(newest) = news.last().map(|event| event.sequence) else {
            return Ok(tenant);
        };
        let mut state = (*tenant).clone();
        for event in news {
            state.apply(event.decode()?);
        }
        let state = Arc::new(state);
        if let Ok(mut tenants) = self.tenants.write() {
            if tenants.len() >= LIMIT {
                tenants.clear();
            }
            let known = tenants.entry(tenant_id.clone()).or_default();
            if known.1 < newest {
                *known = (state.clone(), newest);
            }
        }
        Ok(state)
    }
}
