//! Commands about customers: find or create, correct, consent, notes, tags, merge and unmerge.

mod archiving;
mod consents;
pub(crate) mod corrections;
mod leads;
pub(crate) mod merges;
mod notes;
pub mod people;

use domain::customers::Customer;
use event_store::load::Load;
use identity::permissions::Permission;
use serde::{Deserialize, Deserializer};

use crate::command;
use crate::registry::{Command, Risk};

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    let mut commands = vec![
        command!(
            "create-lead",
            leads::create_lead,
            leads::CreateLead,
            Permission::CustomersWrite,
            Risk::Write
        ),
        command!(
            "update-customer",
            corrections::update_customer,
            corrections::UpdateCustomer,
            Permission::CustomersWrite,
            Risk::Write
        ),
        command!(
            "update-consent",
            consents::update_consent,
            consents::UpdateConsent,
            Permission::CustomersWrite,
            Risk::Write
        ),
        command!(
            "add-note",
            notes::add_note,
            notes::AddNote,
            Permission::CustomersWrite,
            Risk::Write
        ),
        command!(
            "tag-customer",
            notes::tag_customer,
            notes::TagCustomer,
            Permission::CustomersWrite,
            Risk::Write
        ),
        command!(
            "untag-customer",
            notes::untag_customer,
            notes::UntagCustomer,
            Permission::CustomersWrite,
            Risk::Write
        ),
        command!(
            "merge-customers",
            merges::merge_customers,
            merges::MergeCustomers,
            Permission::CustomersMerge,
            Risk::Destructive
        ),
        command!(
            "unmerge-customers",
            merges::unmerge_customers,
            merges::UnmergeCustomers,
            Permission::CustomersMerge,
            Risk::Write
        ),
    ];
    commands.extend(archiving::commands());
    commands
}

/// Tells an absent field (keep) from `null` (remove): `None` and `Some(None)`.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// One customer and the key to its fields, in one wait.
pub(crate) fn load_of(customer_id: &str) -> Load {
    use cqrs_es::Aggregate;
    Load {
        streams: vec![(Customer::TYPE, customer_id.to_owned(), 0)],
        subjects: vec![customer_id.to_owned()],
        ..Load::default()
    }
}
