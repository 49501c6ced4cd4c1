//! Two customers turn out to be one, or not to be one after all. The survivor keeps its id; the other one points to it
//! and its e-mail address is free.

use cqrs_es::Aggregate;
use domain::customers::{Customer, CustomerCommand, EMAIL_SCOPE};
use domain::ids::CustomerId;
use domain::refusal::Refusal;
use domain::sealed::SealedKey;
use domain::values::{EmailAddress, PhoneNumber};
use event_store::load::Load;
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::people;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

const RESTORED: &str = "CustomerRestored";

/// # Merge customers
///
/// Two customers are one person. The survivor keeps its id and its fields; the other one points to it from now on, and
/// its bookings, payments and notes show with the survivor's. Consents are not merged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeCustomers {
    /// The one that stays.
    pub survivor_id: CustomerId,
    /// The one that goes.
    pub merged_id: CustomerId,
}

/// # Unmerge customers
///
/// Takes a merged customer out again. It gets its e-mail address back unless another customer has it by now.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmergeCustomers {
    /// The one that stayed.
    pub survivor_id: CustomerId,
    /// The one to bring back.
    pub merged_id: CustomerId,
}

#[derive(Serialize)]
pub struct MergeSummary {
    pub survivor_id: String,
    pub merged_id: String,
}

#[derive(Serialize)]
pub struct UnmergeSummary {
    pub survivor_id: String,
    pub merged_id: String,
    /// Whether the e-mail address could be given back.
    pub email_restored: bool,
}

impl Input for MergeCustomers {
    fn wanted(&self, _: &Facts) -> Load {
        both(&self.survivor_id, &self.merged_id)
    }
}

impl Input for UnmergeCustomers {
    fn wanted(&self, _: &Facts) -> Load {
        Load {
            subjects: vec![self.merged_id.to_string()],
            ..both(&self.survivor_id, &self.merged_id)
        }
    }
}

pub async fn merge_customers(work: &mut Work, input: MergeCustomers) -> Result<MergeSummary> {
    if input.survivor_id == input.merged_id {
        let detail = "a customer is not merged into itself";
        return Err(Refusal::field("/merged_id", "customers-equal", detail).into());
    }
    let mut survivor = work.find::<Customer>(input.survivor_id.as_str()).await?;
    let mut merged = work.find::<Customer>(input.merged_id.as_str()).await?;
    let at = work.ctx.now;
    let (merged_id, survivor_id) = (input.merged_id, input.survivor_id);
    work.execute(
        &mut survivor,
        CustomerCommand::Absorb {
            merged_id: merged_id.clone(),
            at,
        },
    )
    .await?;
    work.execute(
        &mut merged,
        CustomerCommand::MergeInto {
            survivor_id: survivor_id.clone(),
            at,
        },
    )
    .await?;
    Ok(MergeSummary {
        survivor_id: survivor_id.to_string(),
        merged_id: merged_id.to_string(),
    })
}

pub async fn unmerge_customers(work: &mut Work, input: UnmergeCustomers) -> Result<UnmergeSummary> {
    let mut survivor = work.find::<Customer>(input.survivor_id.as_str()).await?;
    let mut merged = work.find::<Customer>(input.merged_id.as_str()).await?;
    if merged
        .state
        .merged_into()
        .is_some_and(|into| *into != input.survivor_id)
    {
        let detail = "the customer was merged into another one";
        return Err(Refusal::conflict("customer-not-merged", detail).into());
    }
    let key = work.subject(input.merged_id.as_str()).await?;
    let (email, phone) = reachable(work, &key, &merged.state).await?;
    let (at, survivor_id) = (work.ctx.now, input.survivor_id);
    work.execute(
        &mut survivor,
        CustomerCommand::Release {
            merged_id: input.merged_id,
            at,
        },
    )
    .await?;
    let restore = CustomerCommand::Restore {
        survivor_id: survivor_id.clone(),
        email,
        phone,
        at,
    };
    work.execute(&mut merged, restore).await?;
    Ok(UnmergeSummary {
        survivor_id: survivor_id.to_string(),
        email_restored: merged.state.email.is_some(),
        merged_id: merged.id,
    })
}

/// E-mail and phone of a merged customer, sealed and indexed anew; no e-mail where another customer claims it by now.
async fn reachable(
    work: &mut Work,
    key: &SubjectKey,
    merged: &Customer,
) -> Result<(Option<SealedKey>, Option<SealedKey>)> {
    let keys = work.keys()?;
    let plain = |field: &str, known: &Option<SealedKey>| {
        known
            .as_ref()
            .and_then(|known| key.open(field, &known.sealed))
    };
    let email = plain("email", &merged.email).and_then(|email| EmailAddress::parse(&email).ok());
    let phone = plain("phone", &merged.phone)
        .and_then(|phone| PhoneNumber::parse(&phone, &work.tenant().settings.region).ok());
    let phone = phone
        .map(|phone| people::seal_phone(&keys, key, RESTORED, &phone))
        .transpose()?;
    let Some(email) = email else {
        return Ok((None, phone));
    };
    if work
        .find_claim(EMAIL_SCOPE, &people::email_index(&keys, &email))
        .await?
        .is_some()
    {
        return Ok((None, phone));
    }
    Ok((
        Some(people::seal_email(&keys, key, RESTORED, &email)?),
        phone,
    ))
}

fn both(survivor_id: &CustomerId, merged_id: &CustomerId) -> Load {
    let streams = [survivor_id, merged_id]
        .map(|id| (Customer::TYPE, id.to_string(), 0))
        .to_vec();
    Load {
        streams,
        ..Load::default()
    }
}
