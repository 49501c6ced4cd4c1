//! Puts letters to people into the outbox, in the transaction of what they are about. The link waits there sealed, where there
//! is one; the address is looked up when the letter is written.

use deadpool_postgres::GenericClient;
use domain::effects::{AccountLetter, Call};
use domain::ids::TenantId;
use domain::tenants::deletion::{EndLetter, EndNews};
use event_store::Result;
use event_store::pg::JsonText;
use event_store::store::Store;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::people;
use crate::tokens::Token;

/// What links are sealed for, under the tenant's ingest key, while they wait.
pub const LINK_PURPOSE: &str = "account-link";
const NAME: &str = "send-account-letter";
const END_NAME: &str = "send-end-letter";
/// The namespace of the ids of letters about a business's end; it must never change.
const END_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_656e_646c_0000_0001);
const TARGET: &str = "email";

/// A letter that is there already is not put there again.
const QUEUE: &str = "
    with fresh as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, aggregate_type, aggregate_id, sequence,
            correlation_id, causation_id, expires_at)
        values ($1, $2, $3, $4, $5, 'person', $6, 1, $2, $2, $7)
        on conflict (tenant_id, message_id) do nothing
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
    let message = Message {
        queue: letter.tenant_id,
        message_id: Uuid::now_v7(),
        name: NAME,
        person_id: letter.person_id,
        expires_at: Some(letter.expires_at),
    };
    insert(tx, &message, &call).await
}

/// Letters to all owners of a business about its end.
pub struct EndLetters<'a> {
    /// Whose queue they wait in: the business's own, or the installation's where nothing is sent of that.
    pub queue: &'a TenantId,
    pub tenant_id: &'a TenantId,
    pub news: &'a EndNews,
    /// Names the fact: nobody is told of one twice.
    pub fact: &'a str,
}

/// Queues a letter to everybody who owns the business and may sign in; answers to how many.
pub async fn tell_owners(tx: &impl GenericClient, letters: &EndLetters<'_>) -> Result<usize> {
    let owners = people::list_owners(tx, letters.tenant_id).await?;
    for person_id in &owners {
        let name = format!("{}\n{}\n{person_id}", letters.tenant_id, letters.fact);
        let message = Message {
            queue: letters.queue,
            message_id: Uuid::new_v5(&END_NAMESPACE, name.as_bytes()),
            name: END_NAME,
            person_id,
            expires_at: match letters.news {
                EndNews::Scheduled { due_at, .. } => Some(*due_at),
                EndNews::Withdrawn { .. } => None,
            },
        };
        let call = Call::SendEndLetter(EndLetter {
            tenant_id: letters.tenant_id.clone(),
            person_id: person_id.clone(),
            news: letters.news.clone(),
        });
        insert(tx, &message, &call).await?;
    }
    Ok(owners.len())
}

/// What a letter is in the outbox.
struct Message<'a> {
    queue: &'a TenantId,
    message_id: Uuid,
    name: &'static str,
    person_id: &'a str,
    expires_at: Option<OffsetDateTime>,
}

async fn insert(tx: &impl GenericClient, message: &Message<'_>, call: &Call) -> Result<()> {
    let call = serde_json::to_string(call)?;
    let statement = tx.prepare_cached(QUEUE).await?;
    tx.execute(
        &statement,
        &[
            &message.queue.as_str(),
            &message.message_id.to_string(),
            &message.name,
            &TARGET,
            &JsonText(&call),
            &message.person_id,
            &message.expires_at,
        ],
    )
    .await?;
    Ok(())
}
