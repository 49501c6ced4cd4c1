//! Identifiers: UUIDv7 in text form, one type a noun, so that ids of different nouns cannot be mixed up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Our only macro for types: a text newtype with the conversions every id needs.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(#[schemars(length(min = 1, max = 64))] String);

        impl $name {
            /// Wraps an id that the caller made or was given.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id.to_string())
            }
        }
    )*};
}

id! {
    /// One business; also the id of its own `tenant` aggregate.
    TenantId,
    /// A person or organisation the tenant has a relationship with.
    CustomerId,
    /// A call of an agent's that a person has to agree to.
    ApprovalId,
    /// A bookable chef.
    ChefId,
    /// One booking of a chef for a date and slot.
    BookingId,
    /// One payment, whatever brought it.
    PaymentId,
    /// An address of the tenant's own that hears of its events.
    WebhookEndpointId,
    /// The words of a letter or text: its name, channel and language, such as `deposit-paid.email.en`.
    TemplateId,
    /// A list with its filters, order and columns, under a name.
    ViewId,
    /// A file of customers that somebody brought.
    ImportId,
    /// One command for many records.
    BulkRunId,
    /// One customer on the way through a journey.
    JourneyRunId,
    /// A note on a customer or in a conversation.
    NoteId,
    /// One thread with a customer over one channel.
    ConversationId,
    /// Something that was read in a conversation.
    FactId,
    /// A message of a conversation.
    MessageId,
}
