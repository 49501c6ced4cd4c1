//! `restrict-subject` and `lift-restriction`: a person's data is kept, and nobody uses it.

use domain::conversations::commands::ConversationCommand;
use domain::conversations::{ADDRESS_SCOPE, Conversation};
use domain::customers::CustomerStanding;
use domain::customers::privacy::PrivacyCommand;
use domain::ids::CustomerId;
use domain::sealed::SealedKey;
use event_store::commit::KeyChange;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;

use super::family::Family;
use super::{SubjectSummary, decide, find_subject};
use crate::Result;
use crate::conversations::addresses;
use crate::customers::merges::reachable;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

const LIFTED: &str = "RestrictionLifted";
const THREAD_LIFTED: &str = "ThreadRestrictionLifted";

/// # Restrict a person's data
///
/// The data is kept and nobody uses it: nothing of it is opened but for those who may manage privacy, the person is not found
/// by name, e-mail or phone, and no message goes out to them. Customers who were merged into this one, and all threads, rest
/// with it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestrictSubject {
    pub customer_id: CustomerId,
}

/// # Lift a restriction
///
/// The data may be used again. The person gets back their e-mail address unless another customer has it by now. Refused with
/// `erasure-requested` while an erasure is due.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftRestriction {
    pub customer_id: CustomerId,
}

impl Input for RestrictSubject {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

impl Input for LiftRestriction {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

pub async fn restrict_subject(work: &mut Work, input: RestrictSubject) -> Result<SubjectSummary> {
    let customer = find_subject(work, &input.customer_id).await?;
    let mut family = Family::of(work, customer).await?;
    family.restrict(work).await?;
    Ok(SubjectSummary::of(&family.customer))
}

pub async fn lift_restriction(work: &mut Work, input: LiftRestriction) -> Result<SubjectSummary> {
    let customer = find_subject(work, &input.customer_id).await?;
    let mut family = Family::of(work, customer).await?;
    let at = work.ctx.now;
    for customer in std::iter::once(&mut family.customer).chain(&mut family.merged) {
        let key = work.kept_subject(&customer.id).await?;
        // Whoever was merged away claims nothing.
        let (email, phone) = match key {
            Some(key) if customer.state.standing == CustomerStanding::Living => {
                reachable(work, &key, &customer.state, (LIFTED, None)).await?
            }
            _ => (None, None),
        };
        decide(work, customer, PrivacyCommand::Lift { email, phone, at }).await?;
    }
    for thread in &mut family.threads {
        let address = find_address(work, thread).await?;
        let lift = ConversationCommand::LiftRestriction { address };
        work.execute(thread, lift).await?;
    }
    for subject in family.subjects() {
        work.change_key(KeyChange::Lift(subject));
    }
    Ok(SubjectSummary::of(&family.customer))
}

/// The thread's address, indexed anew, unless another thread has it by now.
async fn find_address(
    work: &mut Work,
    conversation: &Loaded<Conversation>,
) -> Result<Option<SealedKey>> {
    let thread = conversation.state.require_known()?;
    let (None, Some(address)) = (&thread.merged_into, &thread.address) else {
        return Ok(None);
    };
    let channel = thread.channel;
    let Some(key) = work.kept_subject(&conversation.id).await? else {
        return Ok(None);
    };
    let Some(plain) = key.open("address", address) else {
        return Ok(None);
    };
    let keys = work.keys()?;
    let index = addresses::index(&keys, channel, &plain);
    if work.find_claim(ADDRESS_SCOPE, &index).await?.is_some() {
        return Ok(None);
    }
    addresses::seal(&keys, &key, THREAD_LIFTED, (channel, &plain)).map(Some)
}
