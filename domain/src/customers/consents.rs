//! Consent per channel and purpose. Absent is never consent, and what was granted or withdrawn is kept with its time,
//! source and the wording shown, so that every message can say why it was allowed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::ids::{ConversationId, MessageId};

/// A way to reach a customer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Email,
    Sms,
    Phone,
    Whatsapp,
    WebChat,
}

/// What a message is for. A transactional one belongs to something the customer ordered; consent to it is no consent
/// to marketing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Transactional,
    Marketing,
}

/// Where a customer, a booking or a consent comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    AiChat,
    Web,
    Phone,
    #[default]
    Admin,
    Import,
    /// A provider told us so: the recipient has called a mail of ours spam.
    Provider,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Granted,
    Withdrawn,
}

/// How one channel and purpose stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consent {
    pub channel: Channel,
    pub purpose: Purpose,
    pub standing: Standing,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// None where the state was folded before sources were kept in it.
    #[serde(default)]
    pub source: Option<Source>,
    /// The words that the customer saw or said.
    #[serde(default)]
    pub wording: String,
}

/// The message in which a customer said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidIn {
    pub conversation_id: ConversationId,
    pub message_id: MessageId,
}

/// The address on a channel cannot be reached: a message came back for good. Ends with another address, or a new consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    pub channel: Channel,
    /// The provider's code of the failure.
    pub code: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// The latest word on each channel and purpose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Consents(Vec<Consent>);

impl Consents {
    /// Whether the customer may be reached over `channel` for `purpose`.
    pub fn allows(&self, channel: Channel, purpose: Purpose) -> bool {
        self.standing(channel, purpose) == Some(Standing::Granted)
    }

    /// None when nothing was ever said.
    pub fn standing(&self, channel: Channel, purpose: Purpose) -> Option<Standing> {
        self.find(channel, purpose).map(|consent| consent.standing)
    }

    /// The latest word on this channel and purpose.
    pub fn find(&self, channel: Channel, purpose: Purpose) -> Option<&Consent> {
        let mut all = self.0.iter();
        all.find(|consent| consent.channel == channel && consent.purpose == purpose)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Consent> {
        self.0.iter()
    }

    pub(crate) fn set(&mut self, consent: Consent) {
        self.restore(consent.channel, consent.purpose, Some(consent));
    }

    /// As before: `None` when nothing had been said.
    pub(crate) fn restore(&mut self, channel: Channel, purpose: Purpose, before: Option<Consent>) {
        self.0
            .retain(|old| old.channel != channel || old.purpose != purpose);
        self.0.extend(before);
    }
}
