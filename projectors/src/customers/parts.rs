//! What a customer's events say beside the row itself: how much of it may have changed, the words it is searched by,
//! consents and notes.

use std::collections::{BTreeMap, BTreeSet};

use domain::customers::Customer;
use domain::customers::consents::{Consent, Standing};
use domain::customers::events::{CustomerEvent, CustomerField};
use domain::search;
use event_store::Result;

use super::{ConsentRow, CustomerRow, NoteRow, TermRow};
use crate::fold::{Folded, Fresh, wire};

/// Words of one name that can be searched for.
const MAX_TERMS: usize = 16;

/// How much of a row a batch may have changed: the dearest of its events decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Nothing that the row is found by, and nothing that is opened for it.
    State,
    /// E-mail or phone.
    Row,
    /// What the customer is searched by as well.
    Names,
}

pub(super) fn change(customer: &Folded<Customer>) -> Change {
    if customer.sequence_before == 0 {
        return Change::Names;
    }
    let of_event = |fresh: &Fresh<CustomerEvent>| match &fresh.event {
        CustomerEvent::ConsentGranted { .. }
        | CustomerEvent::ConsentWithdrawn { .. }
        | CustomerEvent::ChannelSuspended(_)
        | CustomerEvent::NoteAdded { .. }
        | CustomerEvent::CustomerTagged { .. }
        | CustomerEvent::CustomerUntagged { .. }
        | CustomerEvent::ErasureRequested { .. }
        | CustomerEvent::ErasureCancelled { .. }
        | CustomerEvent::SubjectHeld { .. }
        | CustomerEvent::SubjectReleased { .. }
        | CustomerEvent::SubjectExported { .. } => Change::State,
        CustomerEvent::CustomerCorrected { details, cleared } => {
            let given = |fields: [bool; 2]| fields.contains(&true);
            if given([details.first_name.is_some(), details.last_name.is_some()])
                || cleared.contains(&CustomerField::LastName)
            {
                Change::Names
            } else if given([details.email.is_some(), details.phone.is_some()])
                || cleared.contains(&CustomerField::Email)
                || cleared.contains(&CustomerField::Phone)
            {
                Change::Row
            } else {
                Change::State
            }
        }
        CustomerEvent::CustomerArchived { .. } | CustomerEvent::CustomerUnarchived { .. } => {
            Change::Row
        }
        CustomerEvent::CustomersMerged { .. }
        | CustomerEvent::CustomersUnmerged { .. }
        | CustomerEvent::LeadCreated { .. }
        | CustomerEvent::CustomerMergedAway { .. }
        | CustomerEvent::CustomerRestored { .. }
        | CustomerEvent::SubjectRestricted { .. }
        | CustomerEvent::RestrictionLifted { .. }
        | CustomerEvent::SubjectErased { .. } => Change::Names,
    };
    let changes = customer.fresh.iter().map(of_event);
    changes.max().unwrap_or(Change::State)
}

/// The words by which a customer is searched; none for one that was merged away, or whose data rests or is gone.
pub(super) fn terms((customer, row): (&Folded<Customer>, &CustomerRow)) -> Vec<TermRow> {
    if row.merged_into.is_some() || !customer.state.privacy.is_open() {
        return Vec::new();
    }
    let words: BTreeSet<String> = search::words(&row.first_name)
        .chain(search::words(&row.last_name))
        .take(MAX_TERMS)
        .collect();
    words
        .into_iter()
        .map(|term| TermRow {
            tenant_id: row.tenant_id.clone(),
            term,
            customer_id: row.customer_id.clone(),
        })
        .collect()
}

/// The last word of the batch on each channel and purpose: one statement may not touch a row twice.
pub(super) fn consents(folded: &[Folded<Customer>]) -> Result<Vec<ConsentRow>> {
    let mut latest = BTreeMap::new();
    let kept = folded.iter();
    for customer in kept.filter(|customer| !customer.state.privacy.is_erased()) {
        for fresh in &customer.fresh {
            let (granted, channel, purpose, source, wording, at) = match &fresh.event {
                CustomerEvent::ConsentGranted {
                    channel,
                    purpose,
                    source,
                    wording,
                    at,
                    ..
                } => (true, channel, purpose, source, wording, at),
                CustomerEvent::ConsentWithdrawn {
                    channel,
                    purpose,
                    source,
                    wording,
                    at,
                    ..
                } => (false, channel, purpose, source, wording, at),
                _ => continue,
            };
            let row = ConsentRow {
                tenant_id: customer.tenant_id.as_str().to_owned(),
                customer_id: customer.id.clone(),
                channel: wire(channel)?,
                purpose: wire(purpose)?,
                granted,
                source: wire(source)?,
                wording: wording.clone(),
                changed_at: *at,
            };
            latest.insert((&customer.tenant_id, &customer.id, *channel, *purpose), row);
        }
        if merges(customer) {
            // What came over, and what goes back, the state tells.
            latest.retain(|(tenant_id, id, _, _), _| {
                (*tenant_id, *id) != (&customer.tenant_id, &customer.id)
            });
            for consent in customer.state.consents.iter() {
                let key = (
                    &customer.tenant_id,
                    &customer.id,
                    consent.channel,
                    consent.purpose,
                );
                latest.insert(key, of_state(customer, consent)?);
            }
        }
    }
    Ok(latest.into_values().collect())
}

/// Whether the batch has merged somebody into the customer, or taken somebody out.
pub(super) fn merges(customer: &Folded<Customer>) -> bool {
    let mut events = customer.fresh.iter().map(|fresh| &fresh.event);
    events.any(|event| {
        matches!(
            event,
            CustomerEvent::CustomersMerged { .. } | CustomerEvent::CustomersUnmerged { .. }
        )
    })
}

fn of_state(customer: &Folded<Customer>, consent: &Consent) -> Result<ConsentRow> {
    Ok(ConsentRow {
        tenant_id: customer.tenant_id.as_str().to_owned(),
        customer_id: customer.id.clone(),
        channel: wire(&consent.channel)?,
        purpose: wire(&consent.purpose)?,
        granted: consent.standing == Standing::Granted,
        source: wire(&consent.source.unwrap_or_default())?,
        wording: consent.wording.clone(),
        changed_at: consent.at,
    })
}

pub(super) fn notes(customer: &Folded<Customer>) -> Vec<NoteRow> {
    if customer.state.privacy.is_erased() {
        return Vec::new();
    }
    let of_event = |fresh: &Fresh<CustomerEvent>| match &fresh.event {
        CustomerEvent::NoteAdded {
            note_id,
            text,
            author,
        } => Some(NoteRow {
            tenant_id: customer.tenant_id.as_str().to_owned(),
            customer_id: customer.id.clone(),
            note_id: note_id.as_str().to_owned(),
            text_sealed: text.as_str().to_owned(),
            author: author.clone(),
            noted_at: fresh.occurred_at,
        }),
        _ => None,
    };
    customer.fresh.iter().filter_map(of_event).collect()
}
