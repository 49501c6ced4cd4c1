//! Two customers turn out to be one, or not to be one after all. The survivor keeps its id; the other one points to it
//! and its e-mail address is free.

use cqrs_es::Aggregate;
use domain::customers::merging::{Carried, SameAddress};
use domain::customers::{Customer, CustomerCommand, CustomerDetails, EMAIL_SCOPE};
use domain::ids::CustomerId;
use domain::refusal::Refusal;
use domain::sealed::{Sealed, SealedKey};
use domain::values::{EmailAddress, PhoneNumber};
use event_store::load::Load;
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::people;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

const RESTORED: &str = "CustomerRestored";
const MERGED: &str = "CustomersMerged";

/// # Merge customers
///
/// Two customers are one person. The survivor keeps its id and its fields; the other one points to it from now on, and
/// its bookings, payments and notes show with the survivor's. What the survivor lacks of e-mail, phone, address and name comes
/// over, and the latest word on each consent: a withdrawal always, a grant where the address is the same.
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
/// Takes a merged customer out again. It gets its e-mail address back unless another customer has it by now; what had come
/// over from it and was not changed since goes back.
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
        Load {
            subjects: vec![self.survivor_id.to_string(), self.merged_id.to_string()],
            ..both(&self.survivor_id, &self.merged_id)
        }
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
    let carried = match merged.state.require_living() {
        Ok(_) => Box::new(carry(work, &survivor, &merged).await?),
        // It is merged already, or cannot be; the rules say which.
        Err(_) => Box::default(),
    };
    work.execute(
        &mut survivor,
        CustomerCommand::Absorb {
            merged_id: merged_id.clone(),
            at,
            carried,
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
    let (at, survivor_id) = (work.ctx.now, input.survivor_id);
    let had_email = survivor.state.email.is_some();
    work.execute(
        &mut survivor,
        CustomerCommand::Release {
            merged_id: input.merged_id,
            at,
        },
    )
    .await?;
    // What the survivor gives back with this very commit is free.
    let given_back = (had_email && survivor.state.email.is_none()).then_some(&*survivor.id);
    let (email, phone) = reachable(work, &key, &merged.state, (RESTORED, given_back)).await?;
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

/// E-mail and phone of a customer who claims them again by `event`, sealed and indexed anew; no e-mail where another
/// customer claims it by now, but for the one who gives it back.
pub(crate) async fn reachable(
    work: &mut Work,
    key: &SubjectKey,
    merged: &Customer,
    (event, given_back_by): (&str, Option<&str>),
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
        .map(|phone| people::seal_phone(&keys, key, event, &phone))
        .transpose()?;
    let Some(email) = email else {
        return Ok((None, phone));
    };
    let index = people::email_index(&keys, &email);
    let owner = work.find_claim(EMAIL_SCOPE, &index).await?;
    if owner.is_some_and(|owner| given_back_by != Some(&*owner)) {
        return Ok((None, phone));
    }
    Ok((Some(people::seal_email(&keys, key, event, &email)?), phone))
}

/// What comes over, sealed under the survivor's key.
async fn carry(
    work: &mut Work,
    survivor: &Loaded<Customer>,
    merged: &Loaded<Customer>,
) -> Result<Carried> {
    let (ours, theirs) = (
        work.subject(&survivor.id).await?,
        work.subject(&merged.id).await?,
    );
    let (known, other) = (&survivor.state, &merged.state);
    let field = |name: &str, has: &Option<Sealed>, theirs_is: &Option<Sealed>| {
        let plain = match has {
            Some(_) => None,
            None => theirs_is
                .as_ref()
                .and_then(|sealed| theirs.open(name, sealed)),
        };
        plain
            .map(|plain| ours.seal(MERGED, name, &plain))
            .transpose()
    };
    let plain = |key: &SubjectKey, name: &str, value: &Option<SealedKey>| {
        let value = value.as_ref();
        value.and_then(|value| key.open(name, &value.sealed))
    };
    let (own_email, own_phone) = (
        plain(&ours, "email", &known.email),
        plain(&ours, "phone", &known.phone),
    );
    let (email, phone) = (
        plain(&theirs, "email", &other.email),
        plain(&theirs, "phone", &other.phone),
    );
    let keys = work.keys()?;
    let new_email = email.as_deref().filter(|_| own_email.is_none());
    let new_email = new_email.and_then(|email| EmailAddress::parse(email).ok());
    let region = work.tenant().settings.region.clone();
    let new_phone = phone.as_deref().filter(|_| own_phone.is_none());
    let new_phone = new_phone.and_then(|phone| PhoneNumber::parse(phone, &region).ok());
    let details = CustomerDetails {
        first_name: field("first_name", &known.first_name, &other.first_name)?,
        last_name: field("last_name", &known.last_name, &other.last_name)?,
        address: field("address", &known.address, &other.address)?,
        email: new_email
            .map(|email| people::seal_email(&keys, &ours, MERGED, &email))
            .transpose()?,
        phone: new_phone
            .map(|phone| people::seal_phone(&keys, &ours, MERGED, &phone))
            .transpose()?,
        time_zone: None,
    };
    let same = SameAddress {
        email: email.is_some() && (own_email.is_none() || own_email == email),
        phone: phone.is_some() && (own_phone.is_none() || own_phone == phone),
    };
    let mut carried = Carried {
        details,
        ..Carried::default()
    };
    carried.take_consents(&known.consents, &other.consents, same);
    Ok(carried)
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
