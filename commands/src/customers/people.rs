//! Who somebody is: the customer of that e-mail; else the only one with that phone and no e-mail; else a new one. The
//! decision reads claims and handles, never read tables, which lag.

use cqrs_es::Aggregate;
use domain::customers::consents::{Channel, Purpose, Source};
use domain::customers::{
    ConsentChange, Customer, CustomerCommand, CustomerDetails, CustomerStanding, Duplicate,
    EMAIL_SCOPE, PHONE_SCOPE,
};
use domain::sealed::SealedKey;
use domain::values::{EmailAddress, PhoneNumber};
use domain::zones::TimeZoneName;
use event_store::load::Load;
use event_store::vault::{SubjectKey, TenantKeys};
use time::OffsetDateTime;

use crate::Result;
use crate::work::{Facts, Loaded, Work};

/// How many customers of one phone number are looked at; a shared line has few, a fake number many.
const MAX_PHONE_CANDIDATES: usize = 50;

/// What is known of somebody, parsed.
pub struct Person {
    pub first_name: String,
    pub last_name: Option<String>,
    pub email: Option<EmailAddress>,
    pub phone: Option<PhoneNumber>,
    pub address: Option<String>,
    pub time_zone: Option<TimeZoneName>,
}

/// A customer who was found or is to be created, with the key to seal the customer's fields with.
pub struct Somebody {
    pub customer: Loaded<Customer>,
    pub key: SubjectKey,
    pub origin: Origin,
}

/// How somebody came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Known,
    /// Known by phone only until now; the e-mail is new.
    KnownByPhone,
    New(Duplicate),
}

impl Origin {
    pub fn is_new(self) -> bool {
        matches!(self, Self::New(_))
    }
}

/// What to look up before it is known who somebody is. A phone without its country is left out: the tenant's region may
/// not be known yet, and `find` looks it up once it is.
pub fn wanted(facts: &Facts, email: Option<&str>, phone: Option<&str>) -> Load {
    let Some(keys) = &facts.keys else {
        return Load::default();
    };
    let email = email.and_then(|email| EmailAddress::parse(email).ok());
    let phone = phone.filter(|phone| is_international(phone));
    let phone =
        phone.and_then(|phone| PhoneNumber::parse(phone, &facts.tenant.settings.region).ok());
    Load {
        claims: email
            .iter()
            .map(|email| (EMAIL_SCOPE, email_index(keys, email)))
            .collect(),
        handles: phone
            .iter()
            .map(|phone| (PHONE_SCOPE, phone_index(keys, phone)))
            .collect(),
        ..Load::default()
    }
}

/// Finds the customer that `person` is, or makes room for a new one. `phone_as_written` is what `wanted` saw.
pub async fn find(
    work: &mut Work,
    person: &Person,
    phone_as_written: Option<&str>,
) -> Result<Somebody> {
    let keys = work.keys()?;
    if let Some(email) = &person.email {
        let owner = work
            .wanted_claim(EMAIL_SCOPE, &email_index(&keys, email))
            .map(str::to_owned);
        if let Some(owner) = owner {
            return known(work, &owner, Origin::Known).await;
        }
    }
    let sharers = match &person.phone {
        Some(phone) if phone_as_written.is_some_and(is_international) => {
            work.wanted_handles(PHONE_SCOPE, &phone_index(&keys, phone))
        }
        Some(phone) => {
            work.find_handles(PHONE_SCOPE, &phone_index(&keys, phone))
                .await?
        }
        None => Vec::new(),
    };
    if let Some(only) = only_without_email(work, &sharers).await? {
        let origin = if person.email.is_some() {
            Origin::KnownByPhone
        } else {
            Origin::Known
        };
        return known(work, &only, origin).await;
    }
    let customer_id = work.new_id();
    let duplicate = if sharers.is_empty() {
        Duplicate::Unlikely
    } else {
        Duplicate::Possible
    };
    let key = work.new_subject(&customer_id)?;
    Ok(Somebody {
        customer: work.create(&customer_id),
        key,
        origin: Origin::New(duplicate),
    })
}

/// Writes down what is new: the lead, or the e-mail of somebody who had none.
pub async fn write_down(
    work: &mut Work,
    somebody: &mut Somebody,
    person: &Person,
    (source, channel): (Source, &str),
) -> Result<()> {
    if somebody.customer.state.is_archived() {
        let at = work.ctx.now;
        work.execute(&mut somebody.customer, CustomerCommand::Unarchive { at })
            .await?;
    }
    let command = match somebody.origin {
        Origin::New(possible_duplicate) => CustomerCommand::CreateLead {
            source,
            channel: channel.to_owned(),
            details: seal_details(&*work.keys()?, &somebody.key, "LeadCreated", person)?,
            possible_duplicate,
        },
        Origin::KnownByPhone => {
            let email = match &person.email {
                Some(email) => Some(seal_email(
                    &*work.keys()?,
                    &somebody.key,
                    "CustomerCorrected",
                    email,
                )?),
                None => None,
            };
            let details = CustomerDetails {
                email,
                ..CustomerDetails::default()
            };
            CustomerCommand::Correct {
                details,
                cleared: Default::default(),
            }
        }
        Origin::Known => return Ok(()),
    };
    work.execute(&mut somebody.customer, command).await
}

/// Grants consent over `channel` for what the customer orders, and for nothing else.
pub async fn grant_transactional(
    work: &mut Work,
    somebody: &mut Somebody,
    (channel, address): (Channel, Option<&str>),
    (source, wording): (Source, &str),
) -> Result<()> {
    let address = match address {
        Some(address) => Some(somebody.key.seal("ConsentGranted", "address", address)?),
        None => None,
    };
    let (purpose, wording, at) = (Purpose::Transactional, wording.to_owned(), work.ctx.now);
    let change = ConsentChange {
        channel,
        purpose,
        source,
        wording,
        at,
        address,
        said_in: None,
    };
    work.execute(
        &mut somebody.customer,
        CustomerCommand::GrantConsent(Box::new(change)),
    )
    .await
}

pub fn email_index(keys: &TenantKeys, email: &EmailAddress) -> String {
    keys.blind_index(EMAIL_SCOPE, email.as_str())
        .as_str()
        .to_owned()
}

pub fn phone_index(keys: &TenantKeys, phone: &PhoneNumber) -> String {
    keys.blind_index(PHONE_SCOPE, phone.as_str())
        .as_str()
        .to_owned()
}

pub fn seal_email(
    keys: &TenantKeys,
    key: &SubjectKey,
    event: &str,
    email: &EmailAddress,
) -> Result<SealedKey> {
    let sealed = key.seal(event, "email", email.as_str())?;
    Ok(SealedKey {
        sealed,
        index: keys.blind_index(EMAIL_SCOPE, email.as_str()),
    })
}

pub fn seal_phone(
    keys: &TenantKeys,
    key: &SubjectKey,
    event: &str,
    phone: &PhoneNumber,
) -> Result<SealedKey> {
    let sealed = key.seal(event, "phone", phone.as_str())?;
    Ok(SealedKey {
        sealed,
        index: keys.blind_index(PHONE_SCOPE, phone.as_str()),
    })
}

fn seal_details(
    keys: &TenantKeys,
    key: &SubjectKey,
    event: &str,
    person: &Person,
) -> Result<CustomerDetails> {
    let seal = |field: &str, plain: Option<&str>| {
        plain.map(|plain| key.seal(event, field, plain)).transpose()
    };
    Ok(CustomerDetails {
        first_name: seal("first_name", Some(&person.first_name))?,
        last_name: seal("last_name", person.last_name.as_deref())?,
        email: person
            .email
            .as_ref()
            .map(|email| seal_email(keys, key, event, email))
            .transpose()?,
        phone: person
            .phone
            .as_ref()
            .map(|phone| seal_phone(keys, key, event, phone))
            .transpose()?,
        address: seal("address", person.address.as_deref())?,
        time_zone: person.time_zone.clone(),
    })
}

/// Both parts in one wait.
async fn known(work: &mut Work, customer_id: &str, origin: Origin) -> Result<Somebody> {
    work.fetch(super::load_of(customer_id)).await?;
    let customer = work.find::<Customer>(customer_id).await?;
    let key = work.subject(customer_id).await?;
    Ok(Somebody {
        customer,
        key,
        origin,
    })
}

/// The one customer among those of a phone number who has no e-mail, if there is exactly one.
async fn only_without_email(work: &mut Work, sharers: &[String]) -> Result<Option<String>> {
    let candidates = &sharers[..sharers.len().min(MAX_PHONE_CANDIDATES)];
    if candidates.is_empty() {
        return Ok(None);
    }
    let streams = candidates
        .iter()
        .map(|id| (Customer::TYPE, id.clone(), 0))
        .collect();
    work.fetch(Load {
        streams,
        ..Load::default()
    })
    .await?;
    let mut without_email = Vec::new();
    for id in candidates {
        let customer = work.load::<Customer>(id).await?;
        if customer.state.standing == CustomerStanding::Living && customer.state.email.is_none() {
            without_email.push(id.clone());
        }
    }
    Ok(without_email.pop().filter(|_| without_email.is_empty()))
}

fn is_international(phone: &str) -> bool {
    phone.trim_start().starts_with('+')
}

/// The latest moment that a caller may say something happened; clocks of callers run ahead a little.
pub fn not_after_now(at: OffsetDateTime, now: OffsetDateTime) -> bool {
    at <= now + time::Duration::minutes(5)
}
