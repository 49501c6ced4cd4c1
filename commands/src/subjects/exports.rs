//! `export-subject`: writes down that everything about a person is handed out, and opens the way to it for a while.

use domain::customers::privacy::{ExportOrder, PrivacyCommand};
use domain::ids::CustomerId;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{decide, find_subject};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Export a person's data
///
/// Writes down that everything about the person is handed out. The query `subject-export` gives it for a day from then on, as
/// JSON and as a readable page, with the proof that it is whole. Nothing of it is stored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportSubject {
    pub customer_id: CustomerId,
}

#[derive(Serialize)]
pub struct ExportSummary {
    pub customer_id: String,
    pub export_id: String,
    /// Until when the query `subject-export` gives it.
    #[serde(with = "time::serde::rfc3339")]
    pub readable_until: OffsetDateTime,
}

impl Input for ExportSubject {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

pub async fn export_subject(work: &mut Work, input: ExportSubject) -> Result<ExportSummary> {
    let mut customer = find_subject(work, &input.customer_id).await?;
    let (export_id, at) = (work.new_id(), work.ctx.now);
    let order = ExportOrder {
        export_id: export_id.clone(),
        at,
    };
    decide(work, &mut customer, PrivacyCommand::Export(order)).await?;
    Ok(ExportSummary {
        customer_id: customer.id,
        export_id,
        readable_until: at + queries::subjects::EXPORT_READABLE,
    })
}
