//! What a person may ask for their data: that it rests, that it is erased after a time, that they see all of it; and the
//! hold that the law may put on an erasure. A merged customer shares the fate of the one it was merged into.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::events::CustomerEvent;
use super::{Customer, CustomerStanding};
use crate::ids::CustomerId;
use crate::refusal::Refusal;
use crate::sealed::SealedKey;

/// The longest time between the wish to be erased and the erasure, in days.
pub const MAX_ERASURE_DAYS: u16 = 365;
/// That time where the tenant has not set another.
pub const DEFAULT_ERASURE_DAYS: u16 = 30;

/// How a customer's personal data stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Privacy {
    /// Since when nobody may use the data.
    #[serde(with = "time::serde::rfc3339::option")]
    pub restricted_at: Option<OffsetDateTime>,
    /// When the data will be erased, if nobody cancels that before.
    #[serde(with = "time::serde::rfc3339::option")]
    pub erase_at: Option<OffsetDateTime>,
    /// Why it must not be erased, if so.
    pub hold: Option<HoldGround>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub erased_at: Option<OffsetDateTime>,
    /// The newest export that was ordered.
    pub export: Option<ExportOrder>,
}

/// Somebody may read everything about the person for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportOrder {
    pub export_id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Why the law wants data to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldGround {
    /// A dispute before a court, or one that is to be expected.
    LegalClaim,
    /// An authority looks into it.
    Investigation,
    /// A duty to keep books.
    StatutoryRetention,
}

/// What an erasure has taken away, by kind. Numbers only.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct ErasureCounts {
    /// Streams whose personal fields can never be read again.
    pub streams: u32,
    /// Data keys destroyed.
    pub keys: u32,
    pub stored_answers: u32,
    pub outbox_messages: u32,
    pub webhook_bodies: u32,
    pub snapshots: u32,
    /// Files that came with messages.
    #[serde(skip_serializing_if = "is_none")]
    pub files: u32,
    /// Calls of agents that a person was asked about.
    #[serde(skip_serializing_if = "is_none")]
    pub approvals: u32,
    /// Saved views that looked for the person.
    #[serde(skip_serializing_if = "is_none")]
    pub views: u32,
    /// Rows of imported files.
    #[serde(skip_serializing_if = "is_none")]
    pub import_rows: u32,
}

/// What came later is left out where there was none of it, as it was before.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// Why an erasure is carried out.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ErasureBasis {
    /// Its day has come, and nothing holds it.
    #[default]
    Due,
    /// The person had been erased, and a restored copy of the data does not know it.
    ErasedBefore,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PrivacyCommand {
    Restrict {
        at: OffsetDateTime,
    },
    /// With e-mail and phone indexed anew; no e-mail where another customer has it by now.
    Lift {
        email: Option<SealedKey>,
        phone: Option<SealedKey>,
        at: OffsetDateTime,
    },
    RequestErasure {
        due: OffsetDateTime,
        at: OffsetDateTime,
    },
    CancelErasure {
        at: OffsetDateTime,
    },
    Erase {
        counts: ErasureCounts,
        basis: ErasureBasis,
        at: OffsetDateTime,
    },
    /// On one that was merged into the one that is erased.
    EraseWith {
        survivor_id: CustomerId,
        at: OffsetDateTime,
    },
    Hold {
        ground: HoldGround,
        at: OffsetDateTime,
    },
    Release {
        at: OffsetDateTime,
    },
    Export(ExportOrder),
}

impl Privacy {
    pub fn is_restricted(&self) -> bool {
        self.restricted_at.is_some()
    }

    pub fn is_erased(&self) -> bool {
        self.erased_at.is_some()
    }

    /// Whether the data is as usable as anybody's.
    pub fn is_open(&self) -> bool {
        !self.is_restricted() && !self.is_erased()
    }

    /// Whether there is nothing to say, so that older states read alike.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses a person whose data rests or is gone.
    pub fn require_open(&self) -> Result<(), Refusal> {
        self.require_alive()?;
        match self.is_restricted() {
            true => Err(restricted()),
            false => Ok(()),
        }
    }

    fn require_alive(&self) -> Result<(), Refusal> {
        match self.is_erased() {
            true => Err(erased()),
            false => Ok(()),
        }
    }
}

/// The refusal of everything that names an erased person.
pub fn erased() -> Refusal {
    let detail = "this person's data has been erased; whoever comes back is a new customer";
    Refusal::conflict("subject-erased", detail)
}

/// The refusal of everything that would use the data of a person who wants it to rest.
pub fn restricted() -> Refusal {
    let detail = "this person's data is restricted; send lift-restriction before it is used again";
    Refusal::conflict("subject-restricted", detail)
}

impl Customer {
    /// The person whose data it is: known, not erased, and not merged into another one.
    pub fn require_subject(&self) -> Result<&Self, Refusal> {
        self.privacy.require_alive()?;
        match self.standing {
            CustomerStanding::Living => Ok(self),
            // It says where the customer is, or that there is none.
            CustomerStanding::Unknown | CustomerStanding::MergedInto(_) => self.require_standing(),
        }
    }

    pub(super) fn decide_privacy(
        &self,
        command: PrivacyCommand,
    ) -> Result<Vec<CustomerEvent>, Refusal> {
        if self.standing == CustomerStanding::Unknown {
            return self.require_standing().map(|_| Vec::new());
        }
        let privacy = &self.privacy;
        if privacy.is_erased() {
            return match command {
                PrivacyCommand::Erase { .. } | PrivacyCommand::EraseWith { .. } => Ok(Vec::new()),
                _ => Err(erased()),
            };
        }
        Ok(match command {
            PrivacyCommand::Restrict { at } => once_if(
                !privacy.is_restricted(),
                CustomerEvent::SubjectRestricted { at },
            ),
            PrivacyCommand::Lift { email, phone, at } => {
                if privacy.erase_at.is_some() {
                    let detail = "the person is to be erased; send cancel-erasure first";
                    return Err(Refusal::conflict("erasure-requested", detail));
                }
                let lifted = CustomerEvent::RestrictionLifted { email, phone, at };
                once_if(privacy.is_restricted(), lifted)
            }
            PrivacyCommand::RequestErasure { due, at } => once_if(
                privacy.erase_at.is_none(),
                CustomerEvent::ErasureRequested { due, at },
            ),
            PrivacyCommand::CancelErasure { at } => once_if(
                privacy.erase_at.is_some(),
                CustomerEvent::ErasureCancelled { at },
            ),
            PrivacyCommand::Erase { counts, basis, at } => {
                let is_due = privacy.erase_at.is_some_and(|due| due <= at);
                let may_go = match basis {
                    ErasureBasis::Due => is_due && privacy.hold.is_none(),
                    ErasureBasis::ErasedBefore => true,
                };
                let counts = Some(counts);
                once_if(may_go, CustomerEvent::SubjectErased { counts, at })
            }
            PrivacyCommand::EraseWith { survivor_id, at } => once_if(
                self.merged_into() == Some(&survivor_id),
                CustomerEvent::SubjectErased { counts: None, at },
            ),
            PrivacyCommand::Hold { ground, at } => once_if(
                privacy.hold != Some(ground),
                CustomerEvent::SubjectHeld { ground, at },
            ),
            PrivacyCommand::Release { at } => once_if(
                privacy.hold.is_some(),
                CustomerEvent::SubjectReleased { at },
            ),
            PrivacyCommand::Export(ExportOrder { export_id, at }) => {
                vec![CustomerEvent::SubjectExported { export_id, at }]
            }
        })
    }

    /// Nothing stays of what was said about the person; that there was one, stays.
    pub(super) fn forget(&mut self, at: OffsetDateTime) {
        *self = Self {
            standing: std::mem::take(&mut self.standing),
            source: self.source,
            merged: std::mem::take(&mut self.merged),
            privacy: Privacy {
                erased_at: Some(at),
                ..Privacy::default()
            },
            ..Self::default()
        };
    }
}

fn once_if(new: bool, event: CustomerEvent) -> Vec<CustomerEvent> {
    if new { vec![event] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
