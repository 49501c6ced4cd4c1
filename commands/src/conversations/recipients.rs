//! Whom a thread's messages go to: its customer, followed to where the customer was merged, with the consents that count.

use cqrs_es::Aggregate;
use domain::conversations::Thread;
use domain::conversations::allowance::Recipient;
use domain::customers::Customer;
use domain::ids::CustomerId;
use event_store::load::Load;

use crate::Result;
use crate::work::{Loaded, Work};

/// The customer, or the one it was merged into.
pub async fn find_customer(work: &mut Work, customer_id: &CustomerId) -> Result<Loaded<Customer>> {
    let customer = work.find::<Customer>(customer_id.as_str()).await?;
    match customer.state.merged_into().cloned() {
        // Whoever was merged away has swallowed nobody, so there is no third.
        Some(survivor_id) => work.find::<Customer>(survivor_id.as_str()).await,
        None => Ok(customer),
    }
}

/// The recipient of a thread; nobody in particular while nobody knows whose address it is.
pub async fn of_thread(work: &mut Work, thread: &Thread) -> Result<Recipient> {
    let Some(customer_id) = &thread.customer_id else {
        return Ok(Recipient {
            time_zone: work.tenant().settings.time_zone.clone(),
            ..Recipient::default()
        });
    };
    let customer = find_customer(work, customer_id).await?;
    Ok(Recipient {
        customer_id: Some(CustomerId::new(customer.id)),
        suspended_since: customer.state.suspended_since(thread.channel),
        consents: customer.state.consents,
        time_zone: customer.state.time_zone,
    })
}

/// All that a list of customers needs, in one wait.
pub fn load_all(customers: &[CustomerId]) -> Load {
    Load {
        streams: customers
            .iter()
            .map(|id| (Customer::TYPE, id.to_string(), 0))
            .collect(),
        subjects: customers.iter().map(CustomerId::to_string).collect(),
        ..Load::default()
    }
}
