//! What providers of e-mail tell us, in the words of no provider: how far a mail has come, and mails from people.

use crate::forwarded::Forwarded;
use std::fmt;

use crate::texts::TextState;

/// News about e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailNews {
    State(StateOfMail),
    /// A mail has come in, and lies at the provider under this id.
    Arrived(String),
}

/// How far a mail of ours has come, or what its recipient thinks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateOfMail {
    /// The provider's own id.
    pub provider_message_id: String,
    /// The Message-ID that we gave it, without angle brackets, where the provider repeats it.
    pub message_id: Option<String>,
    pub standing: MailStanding,
    /// The provider's word for what went wrong.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailStanding {
    Sent,
    Delivered,
    /// The recipient's server has not taken it yet; the provider goes on trying.
    Delayed,
    Opened,
    /// The recipient's server has refused it for good: nothing should go there any more.
    Bounced,
    /// The recipient calls it spam: consent to marketing is gone.
    Complained,
    /// The provider did not send it.
    Failed,
}

impl MailStanding {
    /// The stable name, the same as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            MailStanding::Sent => "sent",
            MailStanding::Delivered => "delivered",
            MailStanding::Delayed => "delayed",
            MailStanding::Opened => "opened",
            MailStanding::Bounced => "bounced",
            MailStanding::Complained => "complained",
            MailStanding::Failed => "failed",
        }
    }

    /// How far a message has come by that; a complaint and a delay say nothing about it.
    pub fn text_state(self) -> Option<TextState> {
        match self {
            MailStanding::Sent => Some(TextState::Sent),
            MailStanding::Delivered => Some(TextState::Delivered),
            MailStanding::Opened => Some(TextState::Read),
            MailStanding::Bounced | MailStanding::Failed => Some(TextState::Failed),
            MailStanding::Delayed | MailStanding::Complained => None,
        }
    }
}

/// A mail from a person. `Debug` shows its identity alone: the rest is personal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ReceivedMail {
    /// Without angle brackets, as in `in_reply_to` and `references`.
    pub message_id: String,
    /// Addresses alone, lower-cased.
    pub from: String,
    pub from_name: Option<String>,
    pub to: Vec<String>,
    pub subject: String,
    /// The text that was written, without what was quoted below it.
    pub text: String,
    /// The mail that was forwarded in it.
    pub forwarded: Option<Forwarded>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    /// Unix seconds.
    pub sent_at: Option<i64>,
    /// What was attached, in order.
    pub files: Vec<MailFile>,
    /// Whether a machine wrote it: an absence note, a bounce, a list.
    pub is_automatic: bool,
}

/// A file that came with a mail. It has no `Debug`: all of it is personal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MailFile {
    /// One line.
    pub name: Option<String>,
    /// As the sender says, such as `image/jpeg`; lower-cased.
    pub content_type: String,
    pub content: Vec<u8>,
}

impl fmt::Debug for ReceivedMail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReceivedMail")
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}
