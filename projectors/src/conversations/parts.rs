//! What a conversation's events say beside its messages: the newest text, the words it is searched by, and the waits that
//! have ended.

use std::collections::BTreeSet;

use domain::conversations::Conversation;
use domain::conversations::events::{AnswerOrder, ConversationEvent};
use domain::sealed::Sealed;
use domain::search::{CONVERSATION_TERM_SCOPE, words};
use event_store::Result;
use event_store::vault::TenantKeys;

use super::{TermRow, WaitRow};
use crate::fold::{Folded, wire};
use crate::subjects::SubjectKeys;

/// Words of one message that can be searched for.
pub(super) const MAX_WORDS: usize = 500;

/// The newest message as it is sealed, and which way it went, when this batch brought it: what comes late may have been
/// written before what is there.
pub(super) fn last_message(folded: &Folded<Conversation>) -> Option<(String, &'static str)> {
    let thread = folded.state.thread.as_deref()?;
    let messages = thread.recent.iter();
    let newest = messages
        .filter(|message| Some(message.at) >= thread.last_message_at)
        .map(|message| message.sequence)
        .max()?;
    let mut fresh = folded.fresh.iter();
    let fresh = fresh.find(|fresh| fresh.sequence == newest)?;
    match &fresh.event {
        ConversationEvent::MessageReceived(received) => {
            Some((received.content.as_str().to_owned(), "in"))
        }
        ConversationEvent::MessageSent(sent) => Some((sent.content.as_str().to_owned(), "out")),
        _ => None,
    }
}

/// The words of new messages and notes, hashed; none without a key.
pub(super) fn terms(
    folded: &Folded<Conversation>,
    tenant: &TenantKeys,
    keys: &SubjectKeys,
) -> Vec<TermRow> {
    let mut found = BTreeSet::new();
    for fresh in &folded.fresh {
        let texts: [(&str, Option<&Sealed>); 2] = match &fresh.event {
            ConversationEvent::MessageReceived(received) => [
                ("content", Some(&received.content)),
                ("subject", received.subject.as_ref()),
            ],
            ConversationEvent::MessageSent(sent) => [
                ("content", Some(&sent.content)),
                ("subject", sent.subject.as_ref()),
            ],
            ConversationEvent::ThreadNoteAdded { text, .. } => {
                [("text", Some(text)), ("text", None)]
            }
            _ => continue,
        };
        for (field, sealed) in texts {
            let plain = keys.open(folded, field, sealed).unwrap_or_default();
            found.extend(words(&plain).take(MAX_WORDS));
        }
    }
    let hash = |word: &String| tenant.blind_index(CONVERSATION_TERM_SCOPE, word);
    let row = |word: &String| TermRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        term: hash(word).as_str().to_owned(),
        conversation_id: folded.id.clone(),
    };
    found.iter().map(row).collect()
}

/// The waits that ended in this batch.
pub(super) fn waits(folded: &Folded<Conversation>) -> Result<Vec<WaitRow>> {
    let mut waits = Vec::new();
    let Some(thread) = folded.state.thread.as_deref() else {
        return Ok(waits);
    };
    let channel = wire(&thread.channel)?;
    for fresh in &folded.fresh {
        let (kind, sender_type, began_at, ended_at) = match &fresh.event {
            ConversationEvent::MessageSent(sent) => {
                let Some(answers) = sent.answers else {
                    continue;
                };
                let kind = match answers.order {
                    AnswerOrder::First => "first_response",
                    AnswerOrder::Later => "response",
                };
                let sender_type = Some(wire(&sent.sender_type)?);
                (kind, sender_type, answers.since, sent.at)
            }
            ConversationEvent::ThreadClosed {
                since: Some(since),
                at,
            } => ("resolution", None, *since, *at),
            _ => continue,
        };
        waits.push(WaitRow {
            tenant_id: folded.tenant_id.as_str().to_owned(),
            conversation_id: folded.id.clone(),
            sequence: fresh.sequence,
            kind: kind.to_owned(),
            channel: channel.clone(),
            sender_type,
            began_at,
            ended_at,
        });
    }
    Ok(waits)
}
