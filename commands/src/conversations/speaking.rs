//! Words that a command of ours puts into a thread: the assistant's, or a suggestion that a person lets go out. They are
//! allowed or refused as any message is.

use domain::conversations::canned::CannedUse;
use domain::conversations::commands::{ConversationCommand, Send};
use domain::conversations::messages::SenderType;
use domain::conversations::{ASSISTANT, Conversation};
use domain::customers::consents::Purpose;
use domain::ids::MessageId;
use domain::values::bounded_text;

use super::recipients::of_thread;
use super::sending::{max_chars, reseal_address};
use crate::Result;
use crate::work::{Loaded, Work};

const EVENT: &str = "MessageSent";

/// Who speaks, and after which message.
pub(crate) struct Speaker {
    pub sender_type: SenderType,
    pub sender_id: String,
    /// Refused with `reply-collision` when there are newer ones.
    pub after_message_id: Option<MessageId>,
    /// The template whose words they are.
    pub used: Option<CannedUse>,
}

impl Speaker {
    /// The assistant, whatever was written meanwhile.
    pub fn assistant() -> Self {
        Self {
            sender_type: SenderType::Ai,
            sender_id: ASSISTANT.to_owned(),
            after_message_id: None,
            used: None,
        }
    }
}

/// Queues a message; answers its id.
pub(crate) async fn speak(
    work: &mut Work,
    conversation: &mut Loaded<Conversation>,
    content: &str,
    speaker: Speaker,
) -> Result<MessageId> {
    let thread = conversation.state.require()?.clone();
    let content = bounded_text(content, max_chars(thread.channel))?;
    let recipient = of_thread(work, &thread).await?;
    let key = work.subject(&conversation.id).await?;
    let message_id = MessageId::new(work.new_id());
    let send = Send {
        message_id: message_id.clone(),
        content: key.seal(EVENT, "content", &content)?,
        subject: None,
        attachments: None,
        address: reseal_address(&key, &thread)?,
        sender_type: speaker.sender_type,
        sender_id: speaker.sender_id,
        purpose: Purpose::Transactional,
        canned_reply: speaker.used,
        after_message_id: speaker.after_message_id,
        owed_to: None,
        recipient,
        at: work.ctx.now,
    };
    work.execute(conversation, ConversationCommand::Send(Box::new(send)))
        .await?;
    Ok(message_id)
}
