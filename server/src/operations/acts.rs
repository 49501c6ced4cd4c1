//! The record of all acts, and how an act that takes its time is written down: before it begins and when it has ended.

use deadpool_postgres::{Client, ClientWrapper};
use domain::ids::TenantId;
use domain::operations::INSTALLATION;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::store::Store;
use identity::acts::{self, Act, Begun, Recorded};
use serde::Serialize;
use serde_json::Value;

use super::{By, Scope};

/// What is about to be done, and to what.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// Kebab-case and imperative.
    pub action: &'static str,
    pub subject: &'a str,
    pub details: &'a Value,
}

impl<'a> Deed<'a> {
    /// As the record takes it.
    pub fn by(self, tenant_id: &'a TenantId, by: By<'a>) -> Act<'a> {
        Act {
            tenant_id,
            principal: by.principal,
            action: self.action,
            subject: self.subject,
            reason: by.reason,
            details: self.details,
        }
    }
}

/// Whose record an act goes to: the tenant's, or the installation's where it concerns them all.
pub fn owner(scope: &Scope) -> TenantId {
    match scope {
        Scope::All => acts::installation(),
        Scope::Tenant(tenant_id) => tenant_id.clone(),
    }
}

/// An act that was begun, with the connection by which others see that somebody is at it.
pub struct Underway {
    pub begun: Begun,
    _life: ClientWrapper,
}

/// Writes down that it begins.
pub async fn begin(
    store: &Store,
    tenant_id: &TenantId,
    deed: Deed<'_>,
    by: By<'_>,
) -> Result<Underway> {
    let life = Client::take(store.pools.engine.get().await?);
    let client = store.pools.engine.get().await?;
    let begun = acts::begin(&life, &client, deed.by(tenant_id, by)).await?;
    Ok(Underway { begun, _life: life })
}

/// Writes down how it ended, and hands the outcome on. What was done stays done where that fails.
pub async fn end<T: Serialize>(store: &Store, underway: Underway, outcome: Result<T>) -> Result<T> {
    let client = store.pools.engine.get().await?;
    let begun = &underway.begun;
    match &outcome {
        Ok(result) => acts::complete(&client, begun, serde_json::to_value(result)?).await?,
        Err(error) => acts::fail(&client, begun, error).await?,
    }
    store.wake.committed_unknown();
    outcome
}

/// Does something between its two entries in the record.
pub async fn recorded<T: Serialize>(
    store: &Store,
    tenant_id: &TenantId,
    (deed, by): (Deed<'_>, By<'_>),
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let underway = begin(store, tenant_id, deed, by).await?;
    let outcome = work.await;
    end(store, underway, outcome).await
}

/// The newest acts, before one of them if named.
pub async fn list(
    store: &Store,
    scope: &Scope,
    (before, limit): (Option<&str>, i64),
) -> Result<Vec<Recorded>> {
    let tenants = tenants(store, scope).await?;
    let tenants: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let mut client = store.pools.engine.get().await?;
    let mut found = Vec::new();
    for act in acts::list(&client, &tenants, (before, limit)).await? {
        found.push(settle(store, &mut client, act).await?);
    }
    Ok(found)
}

/// What runs in a process that is gone does not run any more.
async fn settle(store: &Store, client: &mut Client, act: Recorded) -> Result<Recorded> {
    let was_over = act.ended_at.is_some();
    let settled = acts::settle(client, act).await?;
    if !was_over && settled.ended_at.is_some() {
        store.wake.committed_unknown();
    }
    Ok(settled)
}

/// One act; refused with 404 `operation-not-found`.
pub async fn find(store: &Store, scope: &Scope, operation_id: &str) -> Result<Recorded> {
    let tenants = tenants(store, scope).await?;
    let tenants: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let mut client = store.pools.engine.get().await?;
    let Some(found) = acts::find(&client, &tenants, operation_id).await? else {
        let detail = format!("there is no operation {operation_id}");
        return Err(Refusal::not_found("operation-not-found", detail).into());
    };
    settle(store, &mut client, found).await
}

async fn tenants(store: &Store, scope: &Scope) -> Result<Vec<String>> {
    if let Some(tenant_id) = scope.tenant_id() {
        return Ok(vec![tenant_id.as_str().to_owned()]);
    }
    let listed = store.directory.list().await?.into_iter();
    let ids = listed.map(|(tenant_id, _)| tenant_id.as_str().to_owned());
    Ok(ids.chain([INSTALLATION.to_owned()]).collect())
}
