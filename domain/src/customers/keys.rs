//! What a customer is known by, as claims and handles, and what an erasure sets going.

use time::OffsetDateTime;

use super::events::{CustomerEvent, CustomerField};
use super::{Customer, EMAIL_SCOPE, PHONE_SCOPE};
use crate::effects::{Effect, Timer};
use crate::ids::CustomerId;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::sealed::SealedKey;

impl Noun for Customer {
    fn claims(&self, _id: &str, event: &CustomerEvent) -> ClaimChanges {
        let key = |scope, value: &Option<SealedKey>| {
            value
                .iter()
                .map(|value| Key::new(scope, value.index.as_str()))
                .collect::<Vec<_>>()
        };
        match event {
            CustomerEvent::LeadCreated { details, .. } => ClaimChanges {
                take: key(EMAIL_SCOPE, &details.email),
                handles: key(PHONE_SCOPE, &details.phone),
                ..ClaimChanges::default()
            },
            CustomerEvent::CustomerCorrected { details, cleared } => {
                let email_changes =
                    details.email.is_some() || cleared.contains(&CustomerField::Email);
                let phone_changes =
                    details.phone.is_some() || cleared.contains(&CustomerField::Phone);
                ClaimChanges {
                    release: email_changes.then_some(EMAIL_SCOPE).into_iter().collect(),
                    take: key(EMAIL_SCOPE, &details.email),
                    drop_handles: phone_changes.then_some(PHONE_SCOPE).into_iter().collect(),
                    handles: key(PHONE_SCOPE, &details.phone),
                }
            }
            CustomerEvent::CustomerMergedAway { .. }
            | CustomerEvent::SubjectRestricted { .. }
            | CustomerEvent::SubjectErased { .. } => ClaimChanges {
                release: vec![EMAIL_SCOPE],
                drop_handles: vec![PHONE_SCOPE],
                ..ClaimChanges::default()
            },
            CustomerEvent::CustomerRestored { email, phone, .. }
            | CustomerEvent::RestrictionLifted { email, phone, .. } => ClaimChanges {
                take: key(EMAIL_SCOPE, email),
                handles: key(PHONE_SCOPE, phone),
                ..ClaimChanges::default()
            },
            CustomerEvent::CustomersMerged { carried, .. } => ClaimChanges {
                take: key(EMAIL_SCOPE, &carried.details.email),
                handles: key(PHONE_SCOPE, &carried.details.phone),
                ..ClaimChanges::default()
            },
            CustomerEvent::CustomersUnmerged { returned, .. } => {
                let scope = |field, scope: &'static str| returned.contains(&field).then_some(scope);
                let email = scope(CustomerField::Email, EMAIL_SCOPE);
                let phone = scope(CustomerField::Phone, PHONE_SCOPE);
                ClaimChanges {
                    release: email.into_iter().collect(),
                    drop_handles: phone.into_iter().collect(),
                    ..ClaimChanges::default()
                }
            }
            CustomerEvent::ConsentGranted { .. }
            | CustomerEvent::ConsentWithdrawn { .. }
            | CustomerEvent::ChannelSuspended(_)
            | CustomerEvent::NoteAdded { .. }
            | CustomerEvent::CustomerTagged { .. }
            | CustomerEvent::CustomerUntagged { .. }
            | CustomerEvent::CustomerArchived { .. }
            | CustomerEvent::CustomerUnarchived { .. }
            | CustomerEvent::ErasureRequested { .. }
            | CustomerEvent::ErasureCancelled { .. }
            | CustomerEvent::SubjectHeld { .. }
            | CustomerEvent::SubjectReleased { .. }
            | CustomerEvent::SubjectExported { .. } => ClaimChanges::default(),
        }
    }

    fn effects(&self, id: &str, event: &CustomerEvent) -> Vec<Effect> {
        let erase = |due: OffsetDateTime| {
            let customer_id = CustomerId::new(id);
            Effect::timer("erase-subject", due, Timer::EraseSubject { customer_id })
        };
        match event {
            CustomerEvent::ErasureRequested { due, .. } => vec![erase(*due)],
            // The timer that came while it was held has done nothing.
            CustomerEvent::SubjectReleased { at } => {
                let due = self.privacy.erase_at.map(|due| due.max(*at));
                due.map(erase).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}
