//! What a tenant's assistant may use in a day: looked at before each call to a model, counted with the record of each. Calls
//! that are under way at the same time may go beyond it by what they use themselves.

use domain::ids::TenantId;
use domain::tenants::Tenant;
use domain::tenants::assistant::{DAY_MICROS, DAY_TOKENS, UsedToday, day_began};
use event_store::usage;
use identity::principals::Principal;
use time::OffsetDateTime;

use crate::Result;
use crate::delivery::{Delivery, RELAY};

impl Delivery {
    /// Whether no model may be asked for this tenant until its next day.
    pub(super) async fn is_day_used_up(
        &self,
        tenant_id: &TenantId,
        tenant: &Tenant,
    ) -> Result<bool> {
        let assistant = &tenant.settings.assistant;
        if assistant.max_tokens_per_day.is_none() && assistant.max_cents_per_day.is_none() {
            return Ok(false);
        }
        let period = day_began(&tenant.settings.time_zone, OffsetDateTime::now_utc());
        let engine = &self.dispatcher.store.pools.engine;
        let relay = Principal::service(tenant_id.clone(), RELAY);
        let used = usage::find_used(engine, tenant_id, &relay.id, period).await?;
        let of = |counter: &str| {
            let used = used.get(counter).copied().unwrap_or(0);
            u64::try_from(used).unwrap_or(0)
        };
        let is_used_up = assistant.is_used_up(UsedToday {
            tokens: of(DAY_TOKENS),
            cost_micros: of(DAY_MICROS),
        });
        if is_used_up {
            metrics::counter!("rapport_assistant_budget_refusals_total").increment(1);
        }
        Ok(is_used_up)
    }
}
