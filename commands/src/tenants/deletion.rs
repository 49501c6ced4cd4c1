//! `request-tenant-deletion` and `withdraw-tenant-deletion`: an owner's wish that the whole business be deleted, and its taking
//! back. Programs are refused, whatever their key may: nobody is to lose a business by a key that was lost.

use domain::refusal::Refusal;
use domain::tenants::deletion::Asker;
use domain::tenants::{Tenant, TenantCommand};
use event_store::load::Load;
use identity::permissions::Permission;
use identity::principals::PrincipalKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::whole_tenant;
use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// The commands of this end.
pub(super) fn commands() -> Vec<Command> {
    vec![
        command!(
            "request-tenant-deletion",
            request_tenant_deletion,
            RequestTenantDeletion,
            Permission::TenantsDelete,
            Risk::Destructive
        )
        .with_fresh_factor(),
        command!(
            "withdraw-tenant-deletion",
            withdraw_tenant_deletion,
            WithdrawTenantDeletion,
            Permission::TenantsDelete,
            Risk::Write
        ),
    ]
}

/// # Ask for the deletion of the business
///
/// After the tenant's `deletion_days` everything that is the business's is deleted for good: customers, bookings, messages,
/// events, people and keys. Until then it works on, and `withdraw-tenant-deletion` takes it back. Export first what is to be
/// kept. Every owner gets a letter. Asked again, the first date stands.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestTenantDeletion {
    /// The business's short name (its slug), typed once more.
    #[schemars(length(min = 1, max = 64))]
    pub confirm: String,
}

/// # Take the deletion of the business back
///
/// Nothing is deleted. Changes nothing where no deletion is scheduled.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawTenantDeletion {}

/// How the business stands after it.
#[derive(Serialize)]
pub struct DeletionSummary {
    pub tenant_id: String,
    pub slug: String,
    /// When it will be deleted, if it will.
    #[serde(with = "time::serde::rfc3339::option")]
    pub deletion_due_at: Option<OffsetDateTime>,
}

impl Input for RequestTenantDeletion {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

impl Input for WithdrawTenantDeletion {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

pub async fn request_tenant_deletion(
    work: &mut Work,
    input: RequestTenantDeletion,
) -> Result<DeletionSummary> {
    let by = asker(work)?;
    let mut tenant = find_own(work).await?;
    let days = tenant.state.settings.deletion_days;
    let due_at = work.ctx.now + Duration::days(i64::from(days));
    let schedule = TenantCommand::ScheduleDeletion {
        confirm: input.confirm,
        due_at,
        by,
    };
    work.execute(&mut tenant, schedule).await?;
    Ok(summary(tenant))
}

pub async fn withdraw_tenant_deletion(
    work: &mut Work,
    _input: WithdrawTenantDeletion,
) -> Result<DeletionSummary> {
    let by = asker(work)?;
    let mut tenant = find_own(work).await?;
    work.execute(&mut tenant, TenantCommand::WithdrawDeletion { by })
        .await?;
    Ok(summary(tenant))
}

/// Refused with 403 `person-required`; whoever operates the installation comes as the system.
fn asker(work: &Work) -> Result<Asker> {
    match work.ctx.principal.kind {
        PrincipalKind::Person => Ok(Asker::Owner),
        PrincipalKind::System => Ok(Asker::Operator),
        PrincipalKind::Agent | PrincipalKind::Service => {
            let detail = "only a person may decide on the end of the business";
            Err(Refusal::forbidden("person-required", detail).into())
        }
    }
}

async fn find_own(work: &mut Work) -> Result<Loaded<Tenant>> {
    let tenant_id = work.ctx.tenant_id().to_string();
    work.find::<Tenant>(&tenant_id).await
}

fn summary(tenant: Loaded<Tenant>) -> DeletionSummary {
    DeletionSummary {
        tenant_id: tenant.id,
        slug: tenant.state.slug,
        deletion_due_at: tenant.state.deletion_due_at,
    }
}
