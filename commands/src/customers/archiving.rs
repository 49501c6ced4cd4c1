//! Archive and bring back: whoever the lists are not to show any more, without a word of theirs being lost.

use domain::customers::{Customer, CustomerCommand};
use domain::ids::CustomerId;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Work};

/// The commands about the archive.
pub(super) fn commands() -> Vec<Command> {
    const WRITE: Permission = Permission::CustomersWrite;
    vec![
        command!(
            "archive-customer",
            archive_customer,
            ArchiveCustomer,
            WRITE,
            Risk::Write
        ),
        command!(
            "unarchive-customer",
            unarchive_customer,
            UnarchiveCustomer,
            WRITE,
            Risk::Write
        ),
    ]
}

/// # Archive a customer
///
/// Lists leave the customer out; nothing else changes. A new request or booking of theirs brings them back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveCustomer {
    pub customer_id: CustomerId,
}

/// # Bring a customer back from the archive
///
/// Lists show the customer again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnarchiveCustomer {
    pub customer_id: CustomerId,
}

#[derive(Serialize)]
pub struct ArchiveSummary {
    pub customer_id: String,
    pub archived: bool,
}

impl Input for ArchiveCustomer {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.customer_id.as_str())
    }
}

impl Input for UnarchiveCustomer {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.customer_id.as_str())
    }
}

pub async fn archive_customer(work: &mut Work, input: ArchiveCustomer) -> Result<ArchiveSummary> {
    let at = work.ctx.now;
    execute(work, &input.customer_id, CustomerCommand::Archive { at }).await
}

pub async fn unarchive_customer(
    work: &mut Work,
    input: UnarchiveCustomer,
) -> Result<ArchiveSummary> {
    let at = work.ctx.now;
    execute(work, &input.customer_id, CustomerCommand::Unarchive { at }).await
}

async fn execute(
    work: &mut Work,
    customer_id: &CustomerId,
    command: CustomerCommand,
) -> Result<ArchiveSummary> {
    let mut customer = work.find::<Customer>(customer_id.as_str()).await?;
    work.execute(&mut customer, command).await?;
    Ok(ArchiveSummary {
        archived: customer.state.is_archived(),
        customer_id: customer.id,
    })
}
