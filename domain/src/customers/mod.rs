//! Customers: persons and organisations that the tenant has a relationship with. Everything personal arrives sealed;
//! an e-mail address belongs to one living customer, a phone may be shared.

pub mod consents;
pub mod events;
mod keys;
pub mod merging;
pub mod privacy;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use self::consents::{Channel, Consent, Consents, Purpose, SaidIn, Source, Standing, Suspension};
use self::events::{CustomerEvent, CustomerField};
use self::merging::Carried;
use self::privacy::{ExportOrder, Privacy, PrivacyCommand};
use crate::ids::{CustomerId, NoteId};
use crate::refusal::Refusal;
use crate::sealed::{Sealed, SealedKey};
use crate::zones::TimeZoneName;

/// Claim: the blind index of an e-mail address; one living customer has it.
pub const EMAIL_SCOPE: &str = "customer-email";
/// Handle: the blind index of a phone number; several customers may share one.
pub const PHONE_SCOPE: &str = "customer-phone";
pub const MAX_TAGS: usize = 50;
pub const MAX_NOTES: usize = 1_000;
/// The most customers that one may have swallowed.
pub const MAX_MERGED: usize = 100;

/// A customer as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub standing: CustomerStanding,
    pub first_name: Option<Sealed>,
    pub last_name: Option<Sealed>,
    pub email: Option<SealedKey>,
    pub phone: Option<SealedKey>,
    pub address: Option<Sealed>,
    pub time_zone: TimeZoneName,
    pub source: Source,
    pub possible_duplicate: bool,
    pub consents: Consents,
    /// At most one of each channel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<Suspension>,
    pub tags: BTreeSet<String>,
    /// How many there are; what they say is for readers.
    pub notes: usize,
    /// Customers that were merged into this one and not taken out again.
    pub merged: BTreeSet<CustomerId>,
    /// What came over from each of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub carried: BTreeMap<CustomerId, Carried>,
    #[serde(default, skip_serializing_if = "Privacy::is_default")]
    pub privacy: Privacy,
    /// Lists leave it out; a new request brings it back.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    pub archived_at: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerStanding {
    /// Never heard of.
    #[default]
    Unknown,
    Living,
    MergedInto(CustomerId),
}

/// What is known of a customer; also what to change, where only the fields given count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Sealed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Sealed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<SealedKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<SealedKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Sealed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZoneName>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum CustomerCommand {
    CreateLead {
        source: Source,
        channel: String,
        details: CustomerDetails,
        possible_duplicate: Duplicate,
    },
    Correct {
        details: CustomerDetails,
        cleared: BTreeSet<CustomerField>,
    },
    GrantConsent(Box<ConsentChange>),
    WithdrawConsent(Box<ConsentChange>),
    SuspendChannel(Suspension),
    AddNote {
        note_id: NoteId,
        text: Sealed,
        author: String,
    },
    Tag {
        tag: String,
    },
    Untag {
        tag: String,
    },
    Archive {
        at: OffsetDateTime,
    },
    Unarchive {
        at: OffsetDateTime,
    },
    /// On the one that stays.
    Absorb {
        merged_id: CustomerId,
        at: OffsetDateTime,
        /// What the one that stays takes over.
        carried: Box<Carried>,
    },
    /// On the one that goes.
    MergeInto {
        survivor_id: CustomerId,
        at: OffsetDateTime,
    },
    /// On the one that stayed.
    Release {
        merged_id: CustomerId,
        at: OffsetDateTime,
    },
    /// On the one that comes back, with its e-mail and phone indexed anew; no e-mail where another has it by now.
    Restore {
        survivor_id: CustomerId,
        email: Option<SealedKey>,
        phone: Option<SealedKey>,
        at: OffsetDateTime,
    },
    Privacy(Box<PrivacyCommand>),
}

/// Whether somebody else with the same phone is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicate {
    #[default]
    Unlikely,
    Possible,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ConsentChange {
    pub channel: Channel,
    pub purpose: Purpose,
    pub source: Source,
    /// The words that the customer saw or said.
    pub wording: String,
    pub at: OffsetDateTime,
    /// The address or number that it is about.
    pub address: Option<Sealed>,
    /// The message that says so, where it was one.
    pub said_in: Option<SaidIn>,
}

impl Customer {
    /// Refuses a customer that was never created, one that was merged away, naming where it went, and one whose data rests
    /// or is gone.
    pub fn require_living(&self) -> Result<&Self, Refusal> {
        self.privacy.require_open()?;
        self.require_standing()
    }

    fn require_standing(&self) -> Result<&Self, Refusal> {
        match &self.standing {
            CustomerStanding::Living => Ok(self),
            CustomerStanding::Unknown => Err(Refusal::not_found(
                "customer-not-found",
                "there is no such customer",
            )),
            CustomerStanding::MergedInto(survivor_id) => {
                let detail = format!("the customer was merged into {survivor_id}");
                let survivor = serde_json::json!({ "customer_id": survivor_id });
                Err(Refusal::conflict("customer-merged", detail).with_alternatives(vec![survivor]))
            }
        }
    }

    /// Whether lists leave it out.
    pub fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    /// Where to look instead when this customer was merged away.
    pub fn merged_into(&self) -> Option<&CustomerId> {
        match &self.standing {
            CustomerStanding::MergedInto(survivor_id) => Some(survivor_id),
            CustomerStanding::Unknown | CustomerStanding::Living => None,
        }
    }

    /// Since when the address on this channel cannot be reached.
    pub fn suspended_since(&self, channel: Channel) -> Option<OffsetDateTime> {
        let mut suspended = self.suspended.iter();
        suspended
            .find(|suspension| suspension.channel == channel)
            .map(|suspension| suspension.at)
    }

    fn lift(&mut self, channel: Channel) {
        self.suspended
            .retain(|suspension| suspension.channel != channel);
    }

    fn take_over(&mut self, details: CustomerDetails) {
        let keep = |old: &mut Option<Sealed>, new: Option<Sealed>| {
            if new.is_some() {
                *old = new;
            }
        };
        keep(&mut self.first_name, details.first_name);
        keep(&mut self.last_name, details.last_name);
        keep(&mut self.address, details.address);
        self.email = details.email.or(self.email.take());
        self.phone = details.phone.or(self.phone.take());
        if let Some(time_zone) = details.time_zone {
            self.time_zone = time_zone;
        }
    }

    /// The latest word on a channel and purpose.
    fn hear(
        &mut self,
        channel: Channel,
        purpose: Purpose,
        (standing, at, source, wording): (Standing, OffsetDateTime, Source, String),
    ) {
        self.consents.set(Consent {
            channel,
            purpose,
            standing,
            at,
            source: Some(source),
            wording,
        });
    }

    fn clear(&mut self, field: CustomerField) {
        match field {
            CustomerField::FirstName => self.first_name = None,
            CustomerField::LastName => self.last_name = None,
            CustomerField::Email => self.email = None,
            CustomerField::Phone => self.phone = None,
            CustomerField::Address => self.address = None,
        }
    }
}

impl Aggregate for Customer {
    const TYPE: &'static str = "customer";
    type Command = CustomerCommand;
    type Event = CustomerEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: CustomerCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: CustomerEvent) {
        match event {
            CustomerEvent::LeadCreated {
                source,
                details,
                possible_duplicate,
                ..
            } => {
                self.standing = CustomerStanding::Living;
                self.source = source;
                self.possible_duplicate = possible_duplicate == Duplicate::Possible;
                self.take_over(details);
            }
            CustomerEvent::CustomerCorrected { details, cleared } => {
                if details.email.is_some() || cleared.contains(&CustomerField::Email) {
                    self.lift(Channel::Email);
                }
                cleared.into_iter().for_each(|field| self.clear(field));
                self.take_over(details);
            }
            CustomerEvent::ConsentGranted {
                channel,
                purpose,
                at,
                source,
                wording,
                ..
            } => {
                self.lift(channel);
                let said = (Standing::Granted, at, source, wording);
                self.hear(channel, purpose, said);
            }
            CustomerEvent::ConsentWithdrawn {
                channel,
                purpose,
                at,
                source,
                wording,
                ..
            } => {
                let said = (Standing::Withdrawn, at, source, wording);
                self.hear(channel, purpose, said);
            }
            CustomerEvent::ChannelSuspended(suspension) => {
                self.lift(suspension.channel);
                self.suspended.push(suspension);
            }
            CustomerEvent::NoteAdded { .. } => self.notes += 1,
            CustomerEvent::CustomerTagged { tag } => {
                self.tags.insert(tag);
            }
            CustomerEvent::CustomerUntagged { tag } => {
                self.tags.remove(&tag);
            }
            CustomerEvent::CustomerArchived { at } => self.archived_at = Some(at),
            CustomerEvent::CustomerUnarchived { .. } => self.archived_at = None,
            event @ (CustomerEvent::CustomersMerged { .. }
            | CustomerEvent::CustomerMergedAway { .. }
            | CustomerEvent::CustomersUnmerged { .. }
            | CustomerEvent::CustomerRestored { .. }) => self.apply_merge(event),
            event @ (CustomerEvent::SubjectRestricted { .. }
            | CustomerEvent::RestrictionLifted { .. }
            | CustomerEvent::ErasureRequested { .. }
            | CustomerEvent::ErasureCancelled { .. }
            | CustomerEvent::SubjectErased { .. }
            | CustomerEvent::SubjectHeld { .. }
            | CustomerEvent::SubjectReleased { .. }
            | CustomerEvent::SubjectExported { .. }) => self.apply_privacy(event),
        }
    }
}

impl Customer {
    /// Who is the same person, and who is not after all.
    fn apply_merge(&mut self, event: CustomerEvent) {
        match event {
            CustomerEvent::CustomersMerged {
                merged_id, carried, ..
            } => {
                self.merged.insert(merged_id.clone());
                self.possible_duplicate = false;
                self.take_carried(merged_id, *carried);
            }
            CustomerEvent::CustomerMergedAway { survivor_id, .. } => {
                self.standing = CustomerStanding::MergedInto(survivor_id);
            }
            CustomerEvent::CustomersUnmerged {
                merged_id,
                returned,
                returned_consents,
                ..
            } => {
                self.merged.remove(&merged_id);
                self.give_back(&merged_id, returned, &returned_consents);
            }
            CustomerEvent::CustomerRestored { email, phone, .. } => {
                self.standing = CustomerStanding::Living;
                self.email = email;
                self.phone = phone;
            }
            _ => {}
        }
    }

    /// What becomes of the person's data.
    fn apply_privacy(&mut self, event: CustomerEvent) {
        match event {
            CustomerEvent::SubjectRestricted { at } => self.privacy.restricted_at = Some(at),
            CustomerEvent::RestrictionLifted { email, phone, .. } => {
                self.privacy.restricted_at = None;
                // A merged customer claims nothing, and keeps what it had for the day that it comes back.
                if self.standing == CustomerStanding::Living {
                    self.email = email;
                    self.phone = phone;
                }
            }
            CustomerEvent::ErasureRequested { due, .. } => self.privacy.erase_at = Some(due),
            CustomerEvent::ErasureCancelled { .. } => self.privacy.erase_at = None,
            CustomerEvent::SubjectErased { at, .. } => self.forget(at),
            CustomerEvent::SubjectHeld { ground, .. } => self.privacy.hold = Some(ground),
            CustomerEvent::SubjectReleased { .. } => self.privacy.hold = None,
            CustomerEvent::SubjectExported { export_id, at } => {
                self.privacy.export = Some(ExportOrder { export_id, at });
            }
            _ => {}
        }
    }
}
