//! When a customer may be created, corrected, tagged, merged and taken apart again.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::consents::Standing;
use super::events::{CustomerEvent, CustomerField};
use super::merging::Carried;
use super::{
    ConsentChange, Customer, CustomerCommand, CustomerDetails, CustomerStanding, MAX_MERGED,
    MAX_NOTES, MAX_TAGS,
};
use crate::ids::CustomerId;
use crate::refusal::Refusal;
use crate::values::{MAX_TAG_CHARS, bounded_text};

impl Customer {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: CustomerCommand) -> Result<Vec<CustomerEvent>, Refusal> {
        let command = match command {
            CustomerCommand::CreateLead { .. }
            | CustomerCommand::Restore { .. }
            | CustomerCommand::MergeInto { .. } => return self.decide_standing(command),
            CustomerCommand::Privacy(command) => return self.decide_privacy(*command),
            command => command,
        };
        self.require_living()?;
        match command {
            CustomerCommand::Correct { details, cleared } => self.correct(details, cleared),
            CustomerCommand::GrantConsent(change) => Ok(self.grant_consent(*change)),
            CustomerCommand::WithdrawConsent(change) => Ok(self.withdraw_consent(*change)),
            CustomerCommand::SuspendChannel(suspension) => Ok(once_if(
                self.suspended_since(suspension.channel).is_none(),
                CustomerEvent::ChannelSuspended(suspension),
            )),
            CustomerCommand::AddNote {
                note_id,
                text,
                author,
            } => {
                if self.notes >= MAX_NOTES {
                    let detail = format!("a customer has at most {MAX_NOTES} notes");
                    return Err(Refusal::conflict("note-limit-reached", detail));
                }
                Ok(vec![CustomerEvent::NoteAdded {
                    note_id,
                    text,
                    author,
                }])
            }
            CustomerCommand::Tag { tag } => self.tag(&tag),
            CustomerCommand::Untag { tag } => {
                let tag = tag.trim().to_owned();
                Ok(once_if(
                    self.tags.contains(&tag),
                    CustomerEvent::CustomerUntagged { tag },
                ))
            }
            CustomerCommand::Archive { at } => Ok(once_if(
                !self.is_archived(),
                CustomerEvent::CustomerArchived { at },
            )),
            CustomerCommand::Unarchive { at } => Ok(once_if(
                self.is_archived(),
                CustomerEvent::CustomerUnarchived { at },
            )),
            CustomerCommand::Absorb {
                merged_id,
                at,
                carried,
            } => self.absorb(merged_id, at, carried),
            CustomerCommand::Release { merged_id, at } => {
                let known = self.merged.contains(&merged_id);
                Ok(once_if(known, self.unmerged(merged_id, at)))
            }
            // Answered above, before a living customer is asked for.
            CustomerCommand::CreateLead { .. }
            | CustomerCommand::Restore { .. }
            | CustomerCommand::MergeInto { .. }
            | CustomerCommand::Privacy(_) => Ok(Vec::new()),
        }
    }

    /// Comes, goes and comes back: what a customer need not be living for.
    fn decide_standing(&self, command: CustomerCommand) -> Result<Vec<CustomerEvent>, Refusal> {
        match command {
            CustomerCommand::CreateLead {
                source,
                channel,
                details,
                possible_duplicate,
            } => {
                if self.standing != CustomerStanding::Unknown {
                    return Err(Refusal::conflict(
                        "customer-exists",
                        "the customer exists already",
                    ));
                }
                Ok(vec![CustomerEvent::LeadCreated {
                    source,
                    channel,
                    details,
                    possible_duplicate,
                }])
            }
            CustomerCommand::MergeInto { survivor_id, at } => {
                let goes = self.goes_into(&survivor_id)?;
                Ok(once_if(
                    goes,
                    CustomerEvent::CustomerMergedAway { survivor_id, at },
                ))
            }
            CustomerCommand::Restore {
                survivor_id,
                email,
                phone,
                at,
            } => {
                self.privacy.require_open()?;
                let comes_back = self.is_merged_into(&survivor_id)?;
                Ok(once_if(
                    comes_back,
                    CustomerEvent::CustomerRestored {
                        survivor_id,
                        email,
                        phone,
                        at,
                    },
                ))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn correct(
        &self,
        details: CustomerDetails,
        cleared: BTreeSet<CustomerField>,
    ) -> Result<Vec<CustomerEvent>, Refusal> {
        let cleared: BTreeSet<_> = cleared
            .into_iter()
            .filter(|field| self.has(*field))
            .collect();
        if details == CustomerDetails::default() && cleared.is_empty() {
            return Ok(Vec::new());
        }
        let email_goes = cleared.contains(&CustomerField::Email) || self.email.is_none();
        let phone_goes = cleared.contains(&CustomerField::Phone) || self.phone.is_none();
        if email_goes
            && phone_goes
            && details.email.is_none()
            && details.phone.is_none()
            && !cleared.is_empty()
        {
            let detail = "a customer keeps an e-mail address or a phone number";
            return Err(Refusal::conflict("customer-unreachable", detail));
        }
        Ok(vec![CustomerEvent::CustomerCorrected { details, cleared }])
    }

    fn has(&self, field: CustomerField) -> bool {
        match field {
            CustomerField::FirstName => self.first_name.is_some(),
            CustomerField::LastName => self.last_name.is_some(),
            CustomerField::Email => self.email.is_some(),
            CustomerField::Phone => self.phone.is_some(),
            CustomerField::Address => self.address.is_some(),
        }
    }

    fn grant_consent(&self, change: ConsentChange) -> Vec<CustomerEvent> {
        // A new consent also says that the address is good again.
        let new = !self.consents.allows(change.channel, change.purpose)
            || self.suspended_since(change.channel).is_some();
        let ConsentChange {
            channel,
            purpose,
            source,
            wording,
            at,
            address,
            said_in,
        } = change;
        once_if(
            new,
            CustomerEvent::ConsentGranted {
                channel,
                purpose,
                source,
                wording,
                at,
                address,
                said_in,
            },
        )
    }

    fn withdraw_consent(&self, change: ConsentChange) -> Vec<CustomerEvent> {
        // A refusal that was never preceded by a consent is worth keeping: it proves that we were told.
        let new =
            self.consents.standing(change.channel, change.purpose) != Some(Standing::Withdrawn);
        let ConsentChange {
            channel,
            purpose,
            source,
            wording,
            at,
            address,
            said_in,
        } = change;
        once_if(
            new,
            CustomerEvent::ConsentWithdrawn {
                channel,
                purpose,
                source,
                wording,
                at,
                address,
                said_in,
            },
        )
    }

    fn tag(&self, tag: &str) -> Result<Vec<CustomerEvent>, Refusal> {
        let tag = bounded_text(tag, MAX_TAG_CHARS)
            .map_err(|refusal| Refusal::field("/tag", &refusal.code, refusal.detail))?;
        if self.tags.contains(&tag) {
            return Ok(Vec::new());
        }
        if self.tags.len() >= MAX_TAGS {
            let detail = format!("a customer has at most {MAX_TAGS} tags");
            return Err(Refusal::conflict("tag-limit-reached", detail));
        }
        Ok(vec![CustomerEvent::CustomerTagged { tag }])
    }

    fn absorb(
        &self,
        merged_id: CustomerId,
        at: OffsetDateTime,
        carried: Box<Carried>,
    ) -> Result<Vec<CustomerEvent>, Refusal> {
        if self.merged.contains(&merged_id) {
            return Ok(Vec::new());
        }
        if self.merged.len() >= MAX_MERGED {
            let detail = format!("at most {MAX_MERGED} customers can be merged into one");
            return Err(Refusal::conflict("merge-limit-reached", detail));
        }
        Ok(vec![CustomerEvent::CustomersMerged {
            merged_id,
            at,
            carried,
        }])
    }

    /// Whether it has still to go; not when it is merged into that one already.
    fn goes_into(&self, survivor_id: &CustomerId) -> Result<bool, Refusal> {
        if self.merged_into() == Some(survivor_id) {
            return Ok(false);
        }
        self.require_living()?;
        // Chains would make "where did it go?" a search; whoever was swallowed is taken out first.
        if !self.merged.is_empty() {
            let detail = "other customers were merged into this one; unmerge them first or merge the other way round";
            return Err(Refusal::conflict("customer-has-merged", detail));
        }
        Ok(true)
    }

    /// Whether it can be taken out of that one; not when it lives already.
    fn is_merged_into(&self, survivor_id: &CustomerId) -> Result<bool, Refusal> {
        match &self.standing {
            CustomerStanding::MergedInto(known) if known == survivor_id => Ok(true),
            CustomerStanding::MergedInto(_) => Err(Refusal::conflict(
                "customer-not-merged",
                "the customer was merged into another one",
            )),
            CustomerStanding::Living | CustomerStanding::Unknown => {
                self.require_living().map(|_| false)
            }
        }
    }
}

fn once_if(new: bool, event: CustomerEvent) -> Vec<CustomerEvent> {
    if new { vec![event] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
