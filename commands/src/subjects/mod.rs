//! What people may ask for their own data, and what the law asks for it: restriction, erasure, export, hold. A customer's
//! wish covers all that were merged into them, and their threads.

mod erasure;
mod exports;
mod family;
mod holds;
mod restriction;
mod retirement;

use domain::customers::privacy::{HoldGround, PrivacyCommand};
use domain::customers::{Customer, CustomerCommand};
use domain::ids::CustomerId;
use event_store::load::Load;
use identity::permissions::Permission;
use serde::Serialize;
use time::OffsetDateTime;

use crate::Result;
use crate::command;
use crate::registry::{Command, Risk};
use crate::work::{Loaded, Work};

/// The commands of this noun. A fresh second factor for erasures and exports is asked for where entries can demand one.
pub fn commands() -> Vec<Command> {
    let mut all = vec![
        command!(
            "restrict-subject",
            restriction::restrict_subject,
            restriction::RestrictSubject,
            Permission::PrivacyManage,
            Risk::Destructive
        ),
        command!(
            "lift-restriction",
            restriction::lift_restriction,
            restriction::LiftRestriction,
            Permission::PrivacyManage,
            Risk::Write
        ),
        command!(
            "erase-subject",
            erasure::erase_subject,
            erasure::EraseSubject,
            Permission::PrivacyManage,
            Risk::Destructive
        )
        .with_fresh_factor(),
        command!(
            "cancel-erasure",
            erasure::cancel_erasure,
            erasure::CancelErasure,
            Permission::PrivacyManage,
            Risk::Write
        ),
        command!(
            "complete-erasure",
            erasure::complete_erasure,
            erasure::CompleteErasure,
            Permission::CustomersWrite,
            Risk::Destructive,
            internal
        ),
        command!(
            "export-subject",
            exports::export_subject,
            exports::ExportSubject,
            Permission::PrivacyManage,
            Risk::Outward
        )
        .with_fresh_factor(),
        command!(
            "hold-subject",
            holds::hold_subject,
            holds::HoldSubject,
            Permission::PrivacyManage,
            Risk::Write
        ),
        command!(
            "release-subject",
            holds::release_subject,
            holds::ReleaseSubject,
            Permission::PrivacyManage,
            Risk::Destructive
        ),
    ];
    all.extend(retirement::commands());
    all
}

/// How a person's data stands after a command.
#[derive(Serialize)]
pub struct SubjectSummary {
    pub customer_id: String,
    pub restricted: bool,
    /// When the data will be erased, if it will.
    #[serde(with = "time::serde::rfc3339::option")]
    pub erase_at: Option<OffsetDateTime>,
    /// Why it will not be erased for now, if so.
    pub hold: Option<HoldGround>,
    pub erased: bool,
}

impl SubjectSummary {
    fn of(customer: &Loaded<Customer>) -> Self {
        let privacy = &customer.state.privacy;
        Self {
            customer_id: customer.id.clone(),
            restricted: privacy.is_restricted(),
            erase_at: privacy.erase_at,
            hold: privacy.hold,
            erased: privacy.is_erased(),
        }
    }
}

/// One customer, without a look at the key.
fn load_of(customer_id: &CustomerId) -> Load {
    use cqrs_es::Aggregate;
    Load {
        streams: vec![(Customer::TYPE, customer_id.to_string(), 0)],
        ..Load::default()
    }
}

async fn find_subject(work: &mut Work, customer_id: &CustomerId) -> Result<Loaded<Customer>> {
    let customer = work.find::<Customer>(customer_id.as_str()).await?;
    customer.state.require_subject()?;
    Ok(customer)
}

async fn decide(
    work: &mut Work,
    customer: &mut Loaded<Customer>,
    command: PrivacyCommand,
) -> Result<()> {
    let command = CustomerCommand::Privacy(Box::new(command));
    work.execute(customer, command).await
}
