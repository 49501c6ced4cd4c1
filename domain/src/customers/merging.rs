//! What goes over when two customers turn out to be one: what the survivor lacked, and the latest word on each consent. All of
//! it is remembered by whom it came from, and goes back when they are taken apart again.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::consents::{Channel, Consent, Consents, Purpose, Standing};
use super::events::{CustomerEvent, CustomerField};
use super::{Customer, CustomerDetails};
use crate::ids::CustomerId;

/// What came over from one merged customer, sealed under the survivor's key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Carried {
    /// Fields that the survivor did not have.
    pub details: CustomerDetails,
    /// The words on consent that hold from now on.
    pub consents: Vec<Consent>,
    /// What the survivor had said itself on those channels and purposes.
    pub replaced: Vec<Consent>,
}

/// Which addresses of two customers are the same: a consent was given for an address, and holds for no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SameAddress {
    pub email: bool,
    pub phone: bool,
}

impl SameAddress {
    fn of(self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.email,
            Channel::Sms | Channel::Phone | Channel::Whatsapp => self.phone,
            Channel::WebChat => true,
        }
    }
}

impl Carried {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Takes from `merged` what is newer than what `survivor` says. A withdrawal holds for the whole person; a grant for the
    /// address that it was given for.
    pub fn take_consents(&mut self, survivor: &Consents, merged: &Consents, same: SameAddress) {
        for consent in merged.iter() {
            let own = survivor.find(consent.channel, consent.purpose);
            let holds = consent.standing == Standing::Withdrawn || same.of(consent.channel);
            let is_news =
                own.is_none_or(|own| own.at < consent.at && own.standing != consent.standing);
            if holds && is_news {
                self.consents.push(consent.clone());
                self.replaced.extend(own.cloned());
            }
        }
    }
}

impl Customer {
    pub(super) fn take_carried(&mut self, merged_id: CustomerId, carried: Carried) {
        if carried.is_default() {
            return;
        }
        self.take_over(carried.details.clone());
        for consent in &carried.consents {
            self.consents.set(consent.clone());
        }
        self.carried.insert(merged_id, carried);
    }

    /// What of it is still as it came.
    pub(super) fn unmerged(&self, merged_id: CustomerId, at: OffsetDateTime) -> CustomerEvent {
        let carried = self.carried.get(&merged_id).cloned().unwrap_or_default();
        let given = &carried.details;
        let same = [
            (
                CustomerField::FirstName,
                self.first_name.is_some() && given.first_name == self.first_name,
            ),
            (
                CustomerField::LastName,
                self.last_name.is_some() && given.last_name == self.last_name,
            ),
            (
                CustomerField::Address,
                self.address.is_some() && given.address == self.address,
            ),
            (
                CustomerField::Email,
                given.email.is_some()
                    && given.email.as_ref().map(|key| &key.sealed)
                        == self.email.as_ref().map(|key| &key.sealed),
            ),
            (
                CustomerField::Phone,
                given.phone.is_some()
                    && given.phone.as_ref().map(|key| &key.sealed)
                        == self.phone.as_ref().map(|key| &key.sealed),
            ),
        ];
        let returned = same.into_iter().filter(|(_, is_same)| *is_same);
        let consents = carried.consents.iter();
        let consents =
            consents.filter(|came| self.consents.find(came.channel, came.purpose) == Some(*came));
        CustomerEvent::CustomersUnmerged {
            merged_id,
            at,
            returned: returned.map(|(field, _)| field).collect(),
            returned_consents: consents.map(|came| (came.channel, came.purpose)).collect(),
        }
    }

    pub(super) fn give_back(
        &mut self,
        merged_id: &CustomerId,
        returned: impl IntoIterator<Item = CustomerField>,
        consents: &[(Channel, Purpose)],
    ) {
        let carried = self.carried.remove(merged_id).unwrap_or_default();
        returned.into_iter().for_each(|field| self.clear(field));
        for (channel, purpose) in consents {
            let mut replaced = carried.replaced.iter();
            let before = replaced
                .find(|own| (own.channel, own.purpose) == (*channel, *purpose))
                .cloned();
            self.consents.restore(*channel, *purpose, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cqrs_es::Aggregate;
    use time::macros::datetime;

    use super::*;
    use crate::customers::consents::Source;
    use crate::customers::{CustomerCommand, Duplicate, EMAIL_SCOPE};
    use crate::noun::Noun;
    use crate::sealed::{BlindIndex, Sealed, SealedKey};

    const MARCH: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
    const APRIL: OffsetDateTime = datetime!(2026-04-01 12:00 UTC);

    fn consent(channel: Channel, standing: Standing, at: OffsetDateTime) -> Consent {
        Consent {
            channel,
            purpose: Purpose::Marketing,
            standing,
            at,
            source: Some(Source::Web),
            wording: "yes".to_owned(),
        }
    }

    fn said(consents: &[Consent]) -> Consents {
        let mut all = Consents::default();
        consents.iter().for_each(|consent| all.set(consent.clone()));
        all
    }

    #[test]
    fn a_grant_holds_for_its_address_and_a_withdrawal_for_the_person() {
        let merged = said(&[
            consent(Channel::Email, Standing::Granted, MARCH),
            consent(Channel::Sms, Standing::Withdrawn, MARCH),
        ]);
        let taken = |same| {
            let mut carried = Carried::default();
            carried.take_consents(&Consents::default(), &merged, same);
            carried.consents.len()
        };
        assert_eq!(taken(SameAddress::default()), 1);
        let email = SameAddress {
            email: true,
            phone: false,
        };
        assert_eq!(taken(email), 2);
    }

    #[test]
    fn the_later_word_holds() {
        let same = SameAddress {
            email: true,
            phone: true,
        };
        let own = said(&[consent(Channel::Email, Standing::Granted, MARCH)]);
        let later = said(&[consent(Channel::Email, Standing::Withdrawn, APRIL)]);
        let mut carried = Carried::default();
        carried.take_consents(&own, &later, same);
        assert_eq!((carried.consents.len(), carried.replaced.len()), (1, 1));
        let mut carried = Carried::default();
        carried.take_consents(&later, &own, same);
        assert!(carried.is_default());
    }

    #[test]
    fn what_came_over_goes_back_unless_it_was_changed_since() {
        let key = |index: &str| SealedKey {
            sealed: Sealed::new(format!("sealed {index}")),
            index: BlindIndex::new(index.to_owned()),
        };
        let mut customer = Customer::default();
        let first_name = Some(Sealed::new("Ada".to_owned()));
        customer.apply(CustomerEvent::LeadCreated {
            source: Source::Web,
            channel: "form".to_owned(),
            details: CustomerDetails {
                first_name,
                ..CustomerDetails::default()
            },
            possible_duplicate: Duplicate::Unlikely,
        });
        let before = customer.clone();
        let merged_id = CustomerId::new("c2");
        let carried = Carried {
            details: CustomerDetails {
                email: Some(key("e")),
                address: Some(Sealed::new("street".to_owned())),
                ..CustomerDetails::default()
            },
            consents: vec![consent(Channel::Email, Standing::Granted, MARCH)],
            replaced: Vec::new(),
        };
        let absorb = CustomerCommand::Absorb {
            merged_id: merged_id.clone(),
            at: MARCH,
            carried: Box::new(carried),
        };
        for event in customer.decide(absorb).unwrap() {
            customer.apply(event.clone());
            assert_eq!(customer.claims("c1", &event).take.len(), 1);
        }
        assert!(customer.consents.allows(Channel::Email, Purpose::Marketing));
        let mut changed = customer.clone();
        changed.apply(CustomerEvent::CustomerCorrected {
            details: CustomerDetails {
                email: Some(key("own")),
                ..CustomerDetails::default()
            },
            cleared: BTreeSet::new(),
        });
        let release = || CustomerCommand::Release {
            merged_id: merged_id.clone(),
            at: APRIL,
        };
        for (mut customer, is_changed) in [(customer, false), (changed, true)] {
            let event = customer.decide(release()).unwrap().remove(0);
            customer.apply(event.clone());
            let released = customer.claims("c1", &event).release;
            if is_changed {
                assert_eq!((released, customer.email), (vec![], Some(key("own"))));
            } else {
                assert_eq!(released, [EMAIL_SCOPE]);
                assert_eq!(customer, before);
            }
        }
    }
}
