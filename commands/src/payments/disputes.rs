//! A payer contests a payment at the bank.

use domain::ids::PaymentId;
use domain::money::{Currency, Money};
use domain::payments::PaymentCommand;
use domain::refusal::Problems;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{PaymentSummary, refunds};
use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Work};

pub fn commands() -> Vec<Command> {
    vec![command!(
        "note-dispute",
        note_dispute,
        NoteDispute,
        Permission::PaymentsWrite,
        Risk::Write,
        internal
    )]
}

/// # Note a dispute
///
/// The payer contests the payment at the bank; somebody should look. One of `payment_id` and `provider_id` is needed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteDispute {
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// The provider's id of the payment (Stripe: the payment intent).
    #[serde(default)]
    pub provider_id: Option<String>,
    /// The provider's id of the dispute.
    pub dispute_id: String,
    /// In minor units.
    pub amount_minor: i64,
    /// ISO 4217, in either case.
    pub currency: String,
    /// The provider's own code.
    pub reason: String,
}

impl Input for NoteDispute {
    fn wanted(&self, _: &Facts) -> Load {
        refunds::wanted(self.payment_id.as_ref(), self.provider_id.as_deref())
    }
}

pub async fn note_dispute(work: &mut Work, input: NoteDispute) -> Result<PaymentSummary> {
    let mut problems = Problems::default();
    let currency = problems
        .check("/currency", Currency::parse(&input.currency))
        .unwrap_or_default();
    problems.finish()?;
    let mut payment = refunds::find(
        work,
        input.payment_id.as_ref(),
        input.provider_id.as_deref(),
    )
    .await?;
    let (dispute_id, reason) = (input.dispute_id, input.reason);
    let amount = Money::new(input.amount_minor, currency);
    work.execute(
        &mut payment,
        PaymentCommand::NoteDispute {
            dispute_id,
            amount,
            reason,
        },
    )
    .await?;
    PaymentSummary::of(&payment)
}
