//! What can happen to a customer. Personal fields are ciphertext under the customer's own key.

use std::collections::BTreeSet;

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::consents::{Channel, Purpose, SaidIn, Source, Suspension};
use super::merging::Carried;
use super::privacy::{ErasureCounts, HoldGround};
use super::{Customer, CustomerDetails, Duplicate};
use crate::evolution;
use crate::ids::{CustomerId, NoteId};
use crate::sealed::{Sealed, SealedKey};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CustomerEvent {
    /// First seen, by a request or through a booking.
    LeadCreated {
        source: Source,
        /// Where it came in: `booking`, `form`, `chat`, …
        channel: String,
        details: CustomerDetails,
        #[serde(default)]
        possible_duplicate: Duplicate,
    },
    /// The fields given are new, those in `cleared` are gone.
    CustomerCorrected {
        details: CustomerDetails,
        #[serde(default)]
        cleared: BTreeSet<CustomerField>,
    },
    ConsentGranted {
        channel: Channel,
        purpose: Purpose,
        source: Source,
        wording: String,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        #[serde(default)]
        address: Option<Sealed>,
        /// The message that says so, where it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said_in: Option<SaidIn>,
    },
    ConsentWithdrawn {
        channel: Channel,
        purpose: Purpose,
        source: Source,
        wording: String,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        #[serde(default)]
        address: Option<Sealed>,
        /// The message that says so, where it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said_in: Option<SaidIn>,
    },
    /// A message to the address on this channel came back for good.
    ChannelSuspended(Suspension),
    NoteAdded {
        note_id: NoteId,
        text: Sealed,
        /// The principal who wrote it.
        author: String,
    },
    CustomerTagged {
        tag: String,
    },
    CustomerUntagged {
        tag: String,
    },
    /// Lists leave it out from now on.
    CustomerArchived {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    CustomerUnarchived {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// In the stream of the one that stays.
    CustomersMerged {
        merged_id: CustomerId,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        #[serde(default, skip_serializing_if = "Carried::is_default")]
        carried: Box<Carried>,
    },
    /// In the stream of the one that goes; its e-mail is free again.
    CustomerMergedAway {
        survivor_id: CustomerId,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// In the stream of the one that stayed.
    CustomersUnmerged {
        merged_id: CustomerId,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        /// Fields that had come with the other one, and go back.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        returned: BTreeSet<CustomerField>,
        /// Consents that had come so; what the one that stayed had said itself holds again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        returned_consents: Vec<(Channel, Purpose)>,
    },
    /// In the stream of the one that comes back; without its e-mail when another customer has it by now.
    CustomerRestored {
        survivor_id: CustomerId,
        #[serde(default)]
        email: Option<SealedKey>,
        #[serde(default)]
        phone: Option<SealedKey>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Nobody uses the person's data from now on; it can no longer be found by e-mail or phone.
    SubjectRestricted {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Without its e-mail when another customer has it by now.
    RestrictionLifted {
        #[serde(default)]
        email: Option<SealedKey>,
        #[serde(default)]
        phone: Option<SealedKey>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// To be erased on that day.
    ErasureRequested {
        #[serde(with = "time::serde::rfc3339")]
        due: OffsetDateTime,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    ErasureCancelled {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// The data keys are destroyed with this event; with what went besides, unless that is told by the customer that it
    /// was merged into.
    SubjectErased {
        #[serde(default)]
        counts: Option<ErasureCounts>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Not to be erased for now.
    SubjectHeld {
        ground: HoldGround,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    SubjectReleased {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// Somebody was given everything about the person to read.
    SubjectExported {
        export_id: String,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
}

/// A field that may become empty. No correction empties the first name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerField {
    FirstName,
    LastName,
    Email,
    Phone,
    Address,
}

impl DomainEvent for CustomerEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::LeadCreated { .. } => "LeadCreated",
            Self::CustomerCorrected { .. } => "CustomerCorrected",
            Self::ConsentGranted { .. } => "ConsentGranted",
            Self::ConsentWithdrawn { .. } => "ConsentWithdrawn",
            Self::ChannelSuspended(_) => "ChannelSuspended",
            Self::NoteAdded { .. } => "NoteAdded",
            Self::CustomerTagged { .. } => "CustomerTagged",
            Self::CustomerUntagged { .. } => "CustomerUntagged",
            Self::CustomerArchived { .. } => "CustomerArchived",
            Self::CustomerUnarchived { .. } => "CustomerUnarchived",
            Self::CustomersMerged { .. } => "CustomersMerged",
            Self::CustomerMergedAway { .. } => "CustomerMergedAway",
            Self::CustomersUnmerged { .. } => "CustomersUnmerged",
            Self::CustomerRestored { .. } => "CustomerRestored",
            Self::SubjectRestricted { .. } => "SubjectRestricted",
            Self::RestrictionLifted { .. } => "RestrictionLifted",
            Self::ErasureRequested { .. } => "ErasureRequested",
            Self::ErasureCancelled { .. } => "ErasureCancelled",
            Self::SubjectErased { .. } => "SubjectErased",
            Self::SubjectHeld { .. } => "SubjectHeld",
            Self::SubjectReleased { .. } => "SubjectReleased",
            Self::SubjectExported { .. } => "SubjectExported",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Customer::TYPE, &self.event_type())
    }
}
