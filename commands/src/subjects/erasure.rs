//! `erase-subject` and what follows: the data rests at once, and is gone when its time has come and nobody cancelled.

use domain::conversations::Conversation;
use domain::conversations::commands::ConversationCommand;
use domain::customers::Customer;
use domain::customers::privacy::{ErasureBasis, ErasureCounts, PrivacyCommand};
use domain::ids::{ApprovalId, ConversationId, CustomerId, PaymentId, ViewId};
use domain::views::{View, ViewCommand};
use event_store::commit::KeyChange;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;
use time::Duration;

use super::family::Family;
use super::{SubjectSummary, decide, find_subject};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Erase a person's data
///
/// The data rests at once, as by `restrict-subject`. After the tenant's `erasure_days` its keys are destroyed, and nothing
/// can open it ever again; figures, amounts and dates stay. Until then `cancel-erasure` undoes it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseSubject {
    pub customer_id: CustomerId,
}

/// # Cancel an erasure
///
/// The data will not be erased. It still rests: send `lift-restriction` to use it again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelErasure {
    pub customer_id: CustomerId,
}

/// # Complete an erasure
///
/// Its time has come and everything beside the log has been purged: destroys the keys. Changes nothing when the erasure was
/// cancelled, is held, or is done.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteErasure {
    pub customer_id: CustomerId,
    /// The person's payments, whose memos have keys of their own.
    pub payments: Vec<PaymentId>,
    /// Threads of somebody who can be nobody else.
    #[serde(default)]
    pub threads: Vec<ConversationId>,
    /// Calls of agents that spoke of the person, under keys of their own.
    #[serde(default)]
    pub approvals: Vec<ApprovalId>,
    /// Saved views that looked for the person, likewise.
    #[serde(default)]
    pub views: Vec<ViewId>,
    /// What has been purged.
    pub counts: ErasureCounts,
    #[serde(default)]
    pub basis: ErasureBasis,
}

impl Input for EraseSubject {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

impl Input for CancelErasure {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

impl Input for CompleteErasure {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

pub async fn erase_subject(work: &mut Work, input: EraseSubject) -> Result<SubjectSummary> {
    let customer = find_subject(work, &input.customer_id).await?;
    begin_erasure(work, customer).await
}

/// Lets the data rest, and sets the day on which it goes.
pub(super) async fn begin_erasure(
    work: &mut Work,
    customer: Loaded<Customer>,
) -> Result<SubjectSummary> {
    let mut family = Family::of(work, customer).await?;
    family.restrict(work).await?;
    let at = work.ctx.now;
    let due = at + Duration::days(i64::from(work.tenant().settings.erasure_days));
    decide(
        work,
        &mut family.customer,
        PrivacyCommand::RequestErasure { due, at },
    )
    .await?;
    Ok(SubjectSummary::of(&family.customer))
}

pub async fn cancel_erasure(work: &mut Work, input: CancelErasure) -> Result<SubjectSummary> {
    let mut customer = find_subject(work, &input.customer_id).await?;
    let at = work.ctx.now;
    decide(work, &mut customer, PrivacyCommand::CancelErasure { at }).await?;
    Ok(SubjectSummary::of(&customer))
}

pub async fn complete_erasure(work: &mut Work, input: CompleteErasure) -> Result<SubjectSummary> {
    let customer = work.find::<Customer>(input.customer_id.as_str()).await?;
    if customer.state.privacy.is_erased() {
        return nothing_left(work, customer).await;
    }
    let mut family = Family::of(work, customer).await?;
    let mut claimed = claimed_threads(work, &family, &input.threads).await?;
    let mut subjects = family.subjects();
    subjects.extend(claimed.iter().map(|thread| thread.id.clone()));
    subjects.extend(input.payments.iter().map(ToString::to_string));
    subjects.extend(input.approvals.iter().map(ToString::to_string));
    subjects.extend(input.views.iter().map(ToString::to_string));
    let counts = ErasureCounts {
        keys: u32::try_from(subjects.len()).unwrap_or(u32::MAX),
        ..input.counts
    };
    let (at, before) = (work.ctx.now, family.customer.sequence);
    decide(
        work,
        &mut family.customer,
        PrivacyCommand::Erase {
            counts,
            basis: input.basis,
            at,
        },
    )
    .await?;
    if family.customer.sequence == before {
        return Ok(SubjectSummary::of(&family.customer));
    }
    for customer in &mut family.merged {
        let survivor_id = input.customer_id.clone();
        decide(
            work,
            customer,
            PrivacyCommand::EraseWith { survivor_id, at },
        )
        .await?;
    }
    for thread in family.threads.iter_mut().chain(&mut claimed) {
        work.execute(thread, ConversationCommand::Erase).await?;
    }
    for view_id in &input.views {
        let mut view = work.load::<View>(view_id.as_str()).await?;
        if view.exists() {
            work.execute(&mut view, ViewCommand::Delete).await?;
        }
    }
    for subject in subjects {
        work.change_key(KeyChange::Destroy(subject));
    }
    Ok(SubjectSummary::of(&family.customer))
}

/// Those of these threads that are still nobody's, and can be nobody else's.
async fn claimed_threads(
    work: &mut Work,
    family: &Family,
    ids: &[ConversationId],
) -> Result<Vec<Loaded<Conversation>>> {
    let mut claimed = Vec::new();
    for id in ids {
        let thread = work.load::<Conversation>(id.as_str()).await?;
        let is_theirs = thread.state.thread.as_ref().is_some_and(|known| {
            let mut candidates = known.candidates.iter();
            known.customer_id.is_none()
                && !known.candidates.is_empty()
                && candidates.all(|candidate| family.has(candidate.as_str()))
        });
        if is_theirs {
            claimed.push(thread);
        }
    }
    Ok(claimed)
}

/// It answers although there is nothing to do.
async fn nothing_left(work: &mut Work, mut customer: Loaded<Customer>) -> Result<SubjectSummary> {
    let erase = PrivacyCommand::Erase {
        counts: ErasureCounts::default(),
        basis: ErasureBasis::Due,
        at: work.ctx.now,
    };
    decide(work, &mut customer, erase).await?;
    Ok(SubjectSummary::of(&customer))
}
