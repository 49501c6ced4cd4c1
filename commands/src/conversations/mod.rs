//! Commands about conversations: messages in and out, what providers say of them, and what people do with threads.

pub(crate) mod addresses;
mod attachments;
mod canned;
mod copies;
mod incoming;
mod keywords;
mod leads;
mod mail_reports;
mod merges;
mod receiving;
pub(crate) mod recipients;
pub(crate) mod sending;
pub(crate) mod speaking;
mod starting;
mod statuses;
pub(crate) mod templated;
mod threads;

use cqrs_es::Aggregate;
use domain::conversations::Conversation;
use domain::customers::consents::Channel;
use domain::ids::ConversationId;
use event_store::load::Load;
use identity::permissions::Permission;

use crate::Result;
use crate::command;
use crate::registry::{Command, Risk};
use crate::work::{Loaded, Work};

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    let mut all = vec![
        command!(
            "receive-message",
            receiving::receive_message,
            receiving::ReceiveMessage,
            Permission::ConversationsWrite,
            Risk::Write
        ),
        command!(
            "send-message",
            sending::send_message,
            sending::SendMessage,
            Permission::ConversationsWrite,
            Risk::Outward
        ),
        command!(
            "start-thread",
            starting::start_thread,
            starting::StartThread,
            Permission::ConversationsWrite,
            Risk::Write
        ),
        command!(
            "move-thread",
            merges::move_thread,
            merges::MoveThread,
            Permission::ConversationsWrite,
            Risk::Write
        ),
        command!(
            "merge-threads",
            merges::merge_threads,
            merges::MergeThreads,
            Permission::ConversationsWrite,
            Risk::Destructive
        ),
    ];
    all.extend(threads::commands());
    all.extend(canned::commands());
    all.extend(statuses::commands());
    all.extend(mail_reports::commands());
    all.extend(copies::commands());
    all
}

/// The longest message that a thread of this channel takes, in characters.
pub fn sending_limit(channel: Channel) -> usize {
    sending::max_chars(channel)
}

/// One thread and the key to its texts, in one wait.
pub(crate) fn load_of(thread_id: &str) -> Load {
    Load {
        streams: vec![(Conversation::TYPE, thread_id.to_owned(), 0)],
        subjects: vec![thread_id.to_owned()],
        ..Load::default()
    }
}

/// The thread, which must be there and not have become part of another one.
pub(crate) async fn find_thread(
    work: &mut Work,
    thread_id: &ConversationId,
) -> Result<Loaded<Conversation>> {
    let conversation = work.load::<Conversation>(thread_id.as_str()).await?;
    conversation.state.require()?;
    Ok(conversation)
}
