//! Threads whose customer wants the data to rest, or to be gone: what they are searched by goes, and comes again when the
//! restriction is lifted; of an erased one no message stays.

use deadpool_postgres::Transaction;
use domain::conversations::events::ConversationEvent;
use domain::conversations::{Conversation, ThreadPrivacy};
use domain::sealed::Sealed;
use domain::search::{CONVERSATION_TERM_SCOPE, words};
use event_store::Result;
use event_store::store::Store;

use super::TermRow;
use super::parts::MAX_WORDS;
use crate::columns::rows;
use crate::fold::Folded;
use crate::subjects::SubjectKeys;

rows! {
    struct ThreadKey {
        tenant_id: String,
        conversation_id: String,
    }
}

const DELETE_TERMS: &str = "
    delete from conversation_terms t using unnest($1::text[], $2::text[]) as k (tenant_id, conversation_id)
    where t.tenant_id = k.tenant_id and t.conversation_id = k.conversation_id";

const DELETE_MESSAGES: &str = "
    delete from conversation_messages m using unnest($1::text[], $2::text[]) as k (tenant_id, conversation_id)
    where m.tenant_id = k.tenant_id and m.conversation_id = k.conversation_id";

const CLEAR_THREADS: &str = "
    update conversations c set last_message = null, last_direction = null
    from unnest($1::text[], $2::text[]) as k (tenant_id, conversation_id)
    where c.tenant_id = k.tenant_id and c.conversation_id = k.conversation_id";

const LIST_TEXTS: &str = "
    select m.direction, m.content, m.subject from conversation_messages m
    where m.tenant_id = $1 and m.conversation_id = $2";

/// Whether anybody may search the thread.
pub(super) fn is_readable(folded: &Folded<Conversation>) -> bool {
    privacy(folded) == ThreadPrivacy::Open
}

pub(super) fn is_erased(folded: &Folded<Conversation>) -> bool {
    privacy(folded) == ThreadPrivacy::Erased
}

/// Takes away what must not be there any more, of those that this batch has restricted or erased.
pub(super) async fn clear(tx: &Transaction<'_>, folded: &[Folded<Conversation>]) -> Result<()> {
    let of = |privacy_is: fn(&Folded<Conversation>) -> bool| -> Vec<ThreadKey> {
        let threads = folded.iter().filter(|thread| privacy_is(thread));
        threads.map(ThreadKey::of).collect()
    };
    let (hidden, erased) = (of(|thread| !is_readable(thread)), of(is_erased));
    ThreadKey::write(tx, DELETE_TERMS, &hidden).await?;
    ThreadKey::write(tx, DELETE_MESSAGES, &erased).await?;
    ThreadKey::write(tx, CLEAR_THREADS, &erased).await
}

/// The words of those whose restriction was lifted in this batch.
pub(super) async fn terms_again(
    tx: &Transaction<'_>,
    store: &Store,
    folded: &[Folded<Conversation>],
) -> Result<Vec<TermRow>> {
    let is_lifted = |thread: &&Folded<Conversation>| {
        let mut events = thread.fresh.iter().map(|fresh| &fresh.event);
        is_readable(thread)
            && events
                .any(|event| matches!(event, ConversationEvent::ThreadRestrictionLifted { .. }))
    };
    let mut terms = Vec::new();
    if !folded.iter().any(|thread| is_lifted(&thread)) {
        return Ok(terms);
    }
    let keys = SubjectKeys::of(store, folded).await?;
    let statement = tx.prepare_cached(LIST_TEXTS).await?;
    for thread in folded.iter().filter(is_lifted) {
        let tenant = store.keys(&thread.tenant_id).await?;
        let scope: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
            [&thread.tenant_id.as_str(), &thread.id];
        for row in tx.query(&statement, &scope).await? {
            let field = match row.get::<_, &str>("direction") {
                "note" => "text",
                _ => "content",
            };
            let content = Sealed::new(row.get("content"));
            let subject: Option<String> = row.get("subject");
            let subject = subject.map(Sealed::new);
            for (field, sealed) in [(field, Some(&content)), ("subject", subject.as_ref())] {
                let plain = keys.open(thread, field, sealed).unwrap_or_default();
                let hash = |word: String| tenant.blind_index(CONVERSATION_TERM_SCOPE, &word);
                terms.extend(words(&plain).take(MAX_WORDS).map(|word| TermRow {
                    tenant_id: thread.tenant_id.as_str().to_owned(),
                    term: hash(word).as_str().to_owned(),
                    conversation_id: thread.id.clone(),
                }));
            }
        }
    }
    Ok(terms)
}

fn privacy(folded: &Folded<Conversation>) -> ThreadPrivacy {
    let thread = folded.state.thread.as_deref();
    thread.map_or(ThreadPrivacy::Open, |thread| thread.privacy)
}

impl ThreadKey {
    fn of(thread: &Folded<Conversation>) -> Self {
        Self {
            tenant_id: thread.tenant_id.as_str().to_owned(),
            conversation_id: thread.id.clone(),
        }
    }
}
