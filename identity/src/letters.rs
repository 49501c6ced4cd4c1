//! Puts letters to people into the outbox, in the transaction of what they are about. The link waits there sealed; the
//! address is looked up when the letter is written.

use deadpool_postgres::GenericClient;
use domain::effects::{AccountLetter, Call};
use domain::ids::TenantId;
use event_store::Result;
use event_store::pg::JsonText;
use event_store::store::Store;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::tokens::Token;

/// What links are sealed for, under the tenant's ingest key, while they wait.
pub const LINK_PURPOSE: &str = "account-link";
const NAME: &str = "send-account-letter";
const TARGET: &str = "email";

const QUEUE: &str = "
    with fresh as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, aggregate_type, aggregate_id, sequence,
            correlation_id, causation_id, expires_at)
        values ($1, $2, $3, $4, $5, 'person', $6, 1, $2, $2, $7)
        returning tenant_id, message_id, target, expires_at
    )
    insert into outbox_work (tenant_id, message_id, target, run_at, expires_at)
    select tenant_id, message_id, target, clock_timestamp(), expires_at from fresh";

/// A letter with a link in it.
pub(crate) struct Letter<'a> {
    pub kind: AccountLetter,
    pub tenant_id: &'a TenantId,
    pub person_id: &'a str,
    pub token: &'a Token,
    /// After this the link is worthless, and so is the letter.
    pub expires_at: OffsetDateTime,
}

pub(crate) async fn queue(
    store: &Store,
    tx: &impl GenericClient,
    letter: &Letter<'_>,
) -> Result<()> {
    let keys = store.keys(letter.tenant_id).await?;
    let call = Call::SendAccountLetter {
        letter: letter.kind,
        person_id: letter.person_id.to_owned(),
        token: keys.seal_secret(LINK_PURPOSE, letter.token.expose())?,
    };
    let call = serde_json::to_string(&call)?;
    let statement = tx.prepare_cached(QUEUE).await?;
    tx.execute(
        &statement,
        &[
            &letter.tenant_id.as_str(),
            &Uuid::now_v7().to_string(),
            &NAME,
            &TARGET,
            &JsonText(&call),
            &letter.person_id,
            &letter.expires_at,
        ],
    )
    .await?;
    Ok(())
}
