//! `hold-subject` and `release-subject`: the law wants data to be kept that would be erased otherwise.

use domain::customers::privacy::{HoldGround, PrivacyCommand};
use domain::ids::CustomerId;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{SubjectSummary, decide, find_subject};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Hold a person's data
///
/// The data is not erased, by wish or by retention, until the hold is released. It may be restricted all the same.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldSubject {
    pub customer_id: CustomerId,
    /// Why the law wants it kept.
    pub ground: HoldGround,
}

/// # Release a hold
///
/// An erasure whose day has passed meanwhile is carried out now.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseSubject {
    pub customer_id: CustomerId,
}

impl Input for HoldSubject {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

impl Input for ReleaseSubject {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

pub async fn hold_subject(work: &mut Work, input: HoldSubject) -> Result<SubjectSummary> {
    let mut customer = find_subject(work, &input.customer_id).await?;
    let (ground, at) = (input.ground, work.ctx.now);
    decide(work, &mut customer, PrivacyCommand::Hold { ground, at }).await?;
    Ok(SubjectSummary::of(&customer))
}

pub async fn release_subject(work: &mut Work, input: ReleaseSubject) -> Result<SubjectSummary> {
    let mut customer = find_subject(work, &input.customer_id).await?;
    let at = work.ctx.now;
    decide(work, &mut customer, PrivacyCommand::Release { at }).await?;
    Ok(SubjectSummary::of(&customer))
}
