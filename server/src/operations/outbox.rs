//! The outbox: what waits, what was tried and what died, within what the operator may see; trying again and giving up.

use event_store::Result;
use event_store::store::Store;
use outbox::attempts::{self, Listing, MessageDetail, MessageSummary};
use outbox::operators::{self, Mode, Operator, Remedy};
use serde_json::{Value, json};

use super::{By, Intent, Scope};

/// The states that a message can be in.
pub const STATES: [&str; 6] = attempts::STATES;

/// The newest messages.
pub async fn list(
    store: &Store,
    scope: &Scope,
    (state, limit): (Option<&str>, i64),
) -> Result<Vec<MessageSummary>> {
    let listing = Listing {
        tenant_id: scope.tenant_id(),
        state,
        target: None,
        limit,
    };
    attempts::list_messages(&store.pools.engine, listing).await
}

/// One message and everything that was tried; another tenant's is not found.
pub async fn show(store: &Store, scope: &Scope, message_id: &str) -> Result<MessageDetail> {
    attempts::find_message(&store.pools.engine, scope.tenant_id(), message_id).await
}

/// Tries a waiting, dead or unknown message again now; refused with 409 `message-not-retriable`.
pub async fn retry(
    store: &Store,
    (scope, message_id): (&Scope, &str),
    intent: Intent,
    by: By<'_>,
) -> Result<Value> {
    remedy(store, (scope, message_id), Remedy::Retry, (intent, by)).await?;
    Ok(json!({ "message_id": message_id, "action": "retry" }))
}

/// Gives a dead or unknown message up for good; refused with 409 `message-not-dead`.
pub async fn discard(
    store: &Store,
    (scope, message_id): (&Scope, &str),
    intent: Intent,
    by: By<'_>,
) -> Result<Value> {
    remedy(store, (scope, message_id), Remedy::Skip, (intent, by)).await?;
    Ok(json!({ "message_id": message_id, "action": "discard" }))
}

async fn remedy(
    store: &Store,
    (scope, message_id): (&Scope, &str),
    what: Remedy,
    (intent, by): (Intent, By<'_>),
) -> Result<()> {
    let operator = Operator {
        principal: by.principal,
        reason: by.reason,
    };
    let mode = match intent {
        Intent::Act => Mode::Real,
        Intent::Say => Mode::DryRun,
    };
    let place = (scope.tenant_id(), message_id);
    operators::remedy(&store.pools.engine, place, what, (&operator, mode)).await?;
    Ok(())
}
