//! The outbox: what waits, what was tried and what died, within what the operator may see; and what is done about single
//! messages.

use event_store::Result;
use event_store::store::Store;
use outbox::attempts::{self, Listing, MessageDetail, MessageSummary};
use outbox::blocked::{self, BlockedPage};
use outbox::destinations::{self, Standing};
use outbox::operators::{self, Mode, Operator, Remedied, Remedy};
use outbox::stats::{self, Failed};
use serde::Serialize;
use time::OffsetDateTime;

use super::{By, Intent, Scope};

/// The states that a message can be in.
pub const STATES: [&str; 6] = attempts::STATES;

/// How the outbox stands, from a few steps of its indexes.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// What is due, under way and held, by destination.
    pub queues: Vec<Standing>,
    /// What waits for an operator, by target.
    pub failed: Vec<Failed>,
}

/// The newest messages: in one state, or those that one aggregate has caused.
pub async fn list(
    store: &Store,
    scope: &Scope,
    (state, aggregate_id): (Option<&str>, Option<&str>),
    limit: i64,
) -> Result<Vec<MessageSummary>> {
    let listing = Listing {
        tenant_id: scope.tenant_id(),
        state,
        target: None,
        aggregate_id,
        limit,
    };
    attempts::list_messages(&store.pools.engine, listing).await
}

/// One message and everything that was tried; another tenant's is not found.
pub async fn show(store: &Store, scope: &Scope, message_id: &str) -> Result<MessageDetail> {
    attempts::find_message(&store.pools.engine, scope.tenant_id(), message_id).await
}

/// How each queue stands, and what has failed.
pub async fn stats(store: &Store, scope: &Scope) -> Result<Stats> {
    let pool = &store.pools.engine;
    Ok(Stats {
        queues: destinations::list(pool, scope.tenant_id()).await?,
        failed: stats::count_failed(pool, scope.tenant_id()).await?,
    })
}

/// Keys that hold messages back, those for longest first.
pub async fn blocked(
    store: &Store,
    scope: &Scope,
    page: (Option<(OffsetDateTime, &str)>, i64),
) -> Result<BlockedPage> {
    blocked::list(&store.pools.engine, scope.tenant_id(), page).await
}

/// Does one thing about one message. Refused with 404 `message-not-found`, also for another tenant's, and with 409 where
/// the message is not in a state for it.
pub async fn remedy(
    store: &Store,
    (scope, message_id): (&Scope, &str),
    what: Remedy,
    (intent, by): (Intent, By<'_>),
) -> Result<Remedied> {
    let place = (scope.tenant_id(), message_id);
    let how = (&operator(by), mode(intent));
    let remedied = operators::remedy(&store.pools.engine, place, what, how).await?;
    tell(store, intent);
    Ok(remedied)
}

pub(super) fn operator(by: By<'_>) -> Operator<'_> {
    Operator {
        principal: by.principal,
        reason: by.reason,
    }
}

pub(super) fn mode(intent: Intent) -> Mode {
    match intent {
        Intent::Act => Mode::Real,
        Intent::Say => Mode::DryRun,
    }
}

/// An act is an event: whoever follows the log need not wait for it.
pub(super) fn tell(store: &Store, intent: Intent) {
    if intent == Intent::Act {
        store.wake.committed_unknown();
    }
}
