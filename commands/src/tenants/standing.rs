//! `suspend-tenant` and `resume-tenant`: what operators of the installation do; no role of a tenant's may.

use domain::tenants::{Tenant, TenantCommand};
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{TenantSummary, whole_tenant};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Suspend the tenant
///
/// Nobody is let in and nothing is sent until it is resumed; what comes in is kept. Suspended already, it stays so.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendTenant {}

/// # Resume the tenant
///
/// Ends a suspension: what was kept meanwhile is dealt with now.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeTenant {}

impl Input for SuspendTenant {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

impl Input for ResumeTenant {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

pub async fn suspend_tenant(work: &mut Work, _input: SuspendTenant) -> Result<TenantSummary> {
    change(work, TenantCommand::Suspend).await
}

pub async fn resume_tenant(work: &mut Work, _input: ResumeTenant) -> Result<TenantSummary> {
    change(work, TenantCommand::Resume).await
}

async fn change(work: &mut Work, command: TenantCommand) -> Result<TenantSummary> {
    let tenant_id = work.ctx.tenant_id().to_string();
    let mut tenant = work.find::<Tenant>(&tenant_id).await?;
    work.execute(&mut tenant, command).await?;
    Ok(TenantSummary {
        tenant_id,
        slug: tenant.state.slug,
    })
}
