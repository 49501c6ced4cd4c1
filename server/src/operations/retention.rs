//! Terms of what is kept: what they would take, and taking it now rather than within the hour.

use commands::dispatch::Dispatcher;
use domain::refusal::Problems;
use domain::tenants::retention::Retention;
use event_store::Result;
use outbox::retention::{self, Foreseen, Purged};

use super::{By, Intent, Scope};

/// What was taken, or would be.
#[derive(Debug, serde::Serialize)]
pub struct Taken {
    /// Of each class of which something went; empty for a dry run.
    pub purged: Vec<Purged>,
    /// Of each class as it is then.
    pub foreseen: Vec<Foreseen>,
}

/// What a tenant's terms would take now, or these instead of them. Refused with 422 `validation-failed` for a term that
/// cannot be set, else as `Scope::require_one` refuses.
pub async fn preview(
    dispatcher: &Dispatcher,
    scope: &Scope,
    instead: Option<&Retention>,
) -> Result<Vec<Foreseen>> {
    let tenant_id = scope.require_one(&dispatcher.store).await?;
    if let Some(rules) = instead {
        let mut problems = Problems::default();
        rules.check(&mut problems);
        problems.finish()?;
        return retention::preview(dispatcher, &tenant_id, rules).await;
    }
    let tenant = dispatcher.find_tenant(&tenant_id).await?;
    retention::preview(dispatcher, &tenant_id, &tenant.settings.retention).await
}

/// Takes what the tenant's terms end; each batch is on record.
pub async fn run(
    dispatcher: &Dispatcher,
    scope: &Scope,
    (intent, by): (Intent, By<'_>),
) -> Result<Taken> {
    let tenant_id = scope.require_one(&dispatcher.store).await?;
    let purged = match intent {
        Intent::Act => retention::run(dispatcher, &tenant_id, by.principal).await?,
        Intent::Say => Vec::new(),
    };
    Ok(Taken {
        purged,
        foreseen: preview(dispatcher, scope, None).await?,
    })
}
