//! The outbox: what waits, what was tried and what died, within what the operator may see; trying again and giving up.

use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::store::Store;
use outbox::attempts::{self, MessageDetail, MessageSummary};
use serde_json::{Value, json};

use super::acts::{Deed, recorded};
use super::{By, Intent, Scope};

/// The states that a message can be in.
pub const STATES: [&str; 5] = ["waiting", "leased", "done", "dead", "discarded"];

/// The newest messages.
pub async fn list(
    store: &Store,
    scope: &Scope,
    (state, limit): (Option<&str>, i64),
) -> Result<Vec<MessageSummary>> {
    let tenant_id = scope.tenant_id().map(TenantId::as_str);
    attempts::list_messages(&store.pools.engine, tenant_id, state, limit).await
}

/// One message and everything that was tried; another tenant's is not found.
pub async fn show(store: &Store, scope: &Scope, message_id: &str) -> Result<MessageDetail> {
    let found = attempts::find_message(&store.pools.engine, message_id).await?;
    match scope.covers(&found.tenant_id) {
        true => Ok(found),
        false => {
            let detail = format!("there is no message {message_id}");
            Err(Refusal::not_found("message-not-found", detail).into())
        }
    }
}

/// Tries a dead or waiting message again now; refused with 409 `message-not-retriable`.
pub async fn retry(
    store: &Store,
    (scope, message_id): (&Scope, &str),
    intent: Intent,
    by: By<'_>,
) -> Result<Value> {
    let found = show(store, scope, message_id).await?;
    if intent == Intent::Act {
        let work = attempts::retry_message(&store.pools.engine, message_id);
        record(store, &found, ("retry-message", by), work).await?;
    }
    Ok(json!({ "message_id": message_id, "action": "retry" }))
}

/// Gives a dead message up for good; refused with 409 `message-not-dead`.
pub async fn discard(
    store: &Store,
    (scope, message_id): (&Scope, &str),
    intent: Intent,
    by: By<'_>,
) -> Result<Value> {
    let found = show(store, scope, message_id).await?;
    if intent == Intent::Act {
        let reason = by.reason.unwrap_or_default();
        let work = attempts::discard_message(&store.pools.engine, message_id, by.principal, reason);
        record(store, &found, ("discard-message", by), work).await?;
    }
    Ok(json!({ "message_id": message_id, "action": "discard" }))
}

async fn record(
    store: &Store,
    message: &MessageDetail,
    (action, by): (&'static str, By<'_>),
    work: impl Future<Output = Result<()>>,
) -> Result<()> {
    let deed = Deed {
        action,
        subject: &message.message_id,
        details: &json!({ "name": message.name, "target": message.target }),
    };
    let tenant_id = TenantId::new(message.tenant_id.clone());
    recorded(store, &tenant_id, (deed, by), work).await
}
