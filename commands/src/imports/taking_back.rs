//! `take-back-import`: all that an import has done to one customer is undone at once, whatever number of rows it took. Whoever
//! was used or changed since by somebody else stays as they are: what people have done after the import outweighs it.

use std::collections::BTreeSet;

use domain::conversations::CUSTOMER_SCOPE;
use domain::customers::events::CustomerField;
use domain::customers::{Customer, CustomerCommand, CustomerDetails, EMAIL_SCOPE};
use domain::ids::CustomerId;
use domain::sealed::{Sealed, SealedKey};
use domain::values::{EmailAddress, PhoneNumber};
use event_store::load::Load;
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::Outcome;
use super::undo::Undo;
use crate::Result;
use crate::customers::{load_of, people};
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

const EVENT: &str = "CustomerCorrected";
/// Why a customer stays: a thread, a booking, a note, a consent, a correction.
const USED_SINCE: &str = "used-since";
/// Why a field stays: somebody else has written it.
const CHANGED_SINCE: &str = "changed-since";

/// # Take back what an import did to a customer
///
/// What it made is archived, what it changed is restored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBackImport {
    pub customer_id: CustomerId,
    /// Whether one of the rows made the customer, or they only changed it.
    pub outcome: Outcome,
    /// The customer's sequence if nobody but the import had written since it was made.
    pub sequence: i64,
    /// What it takes, as JSON text: the rows' own, together.
    pub undo: String,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct TakenBack {
    pub customer_id: String,
    /// Why the customer stays as it is; none where everything is undone.
    pub kept: Option<String>,
}

impl Input for TakeBackImport {
    fn wanted(&self, _: &Facts) -> Load {
        Load {
            handles: vec![(CUSTOMER_SCOPE, self.customer_id.to_string())],
            ..load_of(self.customer_id.as_str())
        }
    }
}

pub async fn take_back_import(work: &mut Work, input: TakeBackImport) -> Result<TakenBack> {
    let mut customer = work.find::<Customer>(input.customer_id.as_str()).await?;
    customer.state.require_living()?;
    let undo: Undo = serde_json::from_str(&input.undo)?;
    let kept = match input.outcome {
        Outcome::Created => archive(work, &mut customer, input.sequence).await?,
        _ => restore(work, &mut customer, &undo).await?,
    };
    Ok(TakenBack {
        customer_id: customer.id,
        kept: kept.map(str::to_owned),
    })
}

async fn archive(
    work: &mut Work,
    customer: &mut Loaded<Customer>,
    sequence: i64,
) -> Result<Option<&'static str>> {
    let threads = work.wanted_handles(CUSTOMER_SCOPE, &customer.id);
    if customer.sequence != sequence || !threads.is_empty() {
        execute_nothing(work, customer).await?;
        return Ok(Some(USED_SINCE));
    }
    let at = work.ctx.now;
    work.execute(customer, CustomerCommand::Archive { at })
        .await?;
    Ok(None)
}

async fn restore(
    work: &mut Work,
    customer: &mut Loaded<Customer>,
    undo: &Undo,
) -> Result<Option<&'static str>> {
    let key = work.subject(&customer.id).await?;
    let restored = Restored::of(work, (&key, &customer.id), &customer.state, undo).await?;
    let is_partial = restored.is_partial || undo.is_broken;
    let kept = is_partial.then_some(CHANGED_SINCE);
    let correct = CustomerCommand::Correct {
        details: restored.details,
        cleared: restored.cleared,
    };
    work.execute(customer, correct).await?;
    for tag in &undo.tags {
        work.execute(customer, CustomerCommand::Untag { tag: tag.clone() })
            .await?;
    }
    if undo.was_archived {
        let at = work.ctx.now;
        work.execute(customer, CustomerCommand::Archive { at })
            .await?;
    }
    Ok(kept)
}

/// What is to be written to have everything as before.
#[derive(Default)]
struct Restored {
    details: CustomerDetails,
    cleared: BTreeSet<CustomerField>,
    /// Something else stands in some field by now.
    is_partial: bool,
}

impl Restored {
    async fn of(
        work: &mut Work,
        (key, customer_id): (&SubjectKey, &str),
        now: &Customer,
        undo: &Undo,
    ) -> Result<Self> {
        let (before, written) = (&undo.before, &undo.written);
        let mut restored = Self::default();
        let (old, new) = (&before.first_name, &written.first_name);
        restored.details.first_name = restored.text(
            key,
            ("first_name", CustomerField::FirstName),
            (old, new, &now.first_name),
        )?;
        let (old, new) = (&before.last_name, &written.last_name);
        restored.details.last_name = restored.text(
            key,
            ("last_name", CustomerField::LastName),
            (old, new, &now.last_name),
        )?;
        let (old, new) = (&before.address, &written.address);
        restored.details.address = restored.text(
            key,
            ("address", CustomerField::Address),
            (old, new, &now.address),
        )?;
        let keys = work.keys()?;
        let was = |old: &Option<SealedKey>, field| {
            old.as_ref().and_then(|old| key.open(field, &old.sealed))
        };
        if restored.stands(
            CustomerField::Email,
            (&before.email, &written.email, &now.email),
        ) {
            let email = was(&before.email, "email");
            let email = email.and_then(|email| EmailAddress::parse(&email).ok());
            if let Some(email) = email {
                let index = people::email_index(&keys, &email);
                let owner = work.find_claim(EMAIL_SCOPE, &index).await?;
                match owner.is_some_and(|owner| owner != customer_id) {
                    true => restored.is_partial = true,
                    false => {
                        let sealed = people::seal_email(&keys, key, EVENT, &email)?;
                        restored.details.email = Some(sealed);
                    }
                }
            }
        }
        if restored.stands(
            CustomerField::Phone,
            (&before.phone, &written.phone, &now.phone),
        ) {
            let region = &work.tenant().settings.region;
            let phone = was(&before.phone, "phone");
            let phone = phone.and_then(|phone| PhoneNumber::parse(&phone, region).ok());
            let seal = |phone| people::seal_phone(&keys, key, EVENT, &phone);
            restored.details.phone = phone.map(seal).transpose()?;
        }
        restored.details.time_zone = match &written.time_zone {
            Some(written) if *written == now.time_zone => before.time_zone.clone(),
            Some(_) => {
                restored.is_partial = true;
                None
            }
            None => None,
        };
        Ok(restored)
    }

    /// Whether what the row wrote still stands, and something else stood there before. What was empty is emptied.
    fn stands(
        &mut self,
        field: CustomerField,
        (before, written, now): (&Option<SealedKey>, &Option<SealedKey>, &Option<SealedKey>),
    ) -> bool {
        let sealed = |key: &Option<SealedKey>| key.as_ref().map(|key| key.sealed.clone());
        self.stands_sealed(field, (&sealed(before), &sealed(written), &sealed(now)))
    }

    fn stands_sealed(
        &mut self,
        field: CustomerField,
        (before, written, now): (&Option<Sealed>, &Option<Sealed>, &Option<Sealed>),
    ) -> bool {
        if written.is_none() {
            return false;
        }
        if written != now {
            self.is_partial = true;
            return false;
        }
        if before.is_none() {
            self.cleared.insert(field);
        }
        before.is_some()
    }

    fn text(
        &mut self,
        key: &SubjectKey,
        (name, field): (&str, CustomerField),
        texts: (&Option<Sealed>, &Option<Sealed>, &Option<Sealed>),
    ) -> Result<Option<Sealed>> {
        if !self.stands_sealed(field, texts) {
            return Ok(None);
        }
        let was = texts.0.as_ref().and_then(|old| key.open(name, old));
        was.map(|was| key.seal(EVENT, name, &was)).transpose()
    }
}

/// The customer answers, and nothing is written.
async fn execute_nothing(work: &mut Work, customer: &mut Loaded<Customer>) -> Result<()> {
    let nothing = CustomerCommand::Correct {
        details: CustomerDetails::default(),
        cleared: BTreeSet::default(),
    };
    work.execute(customer, nothing).await
}
