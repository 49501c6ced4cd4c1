//! `update-customer`: what is known of a customer is put right. Only what is really different becomes an event.

use domain::customers::events::CustomerField;
use domain::customers::{Customer, CustomerCommand, CustomerDetails, EMAIL_SCOPE};
use domain::ids::CustomerId;
use domain::refusal::{Problems, Refusal};
use domain::sealed::{Pii, Sealed};
use domain::values::{EmailAddress, MAX_ADDRESS_CHARS, MAX_NAME_CHARS, PhoneNumber, bounded_text};
use domain::zones::TimeZoneName;
use event_store::load::Load;
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::people;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

const EVENT: &str = "CustomerCorrected";

/// # Correct a customer
///
/// Only the fields that are given change; `null` removes one. An e-mail address belongs to one customer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateCustomer {
    pub customer_id: CustomerId,
    /// At most 100 characters.
    #[serde(default)]
    pub first_name: Option<Pii<String>>,
    /// At most 100 characters; `null` removes it.
    #[serde(default, deserialize_with = "super::nullable")]
    pub last_name: Option<Option<Pii<String>>>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "super::nullable")]
    pub email: Option<Option<Pii<String>>>,
    /// International, or local to the tenant's region; `null` removes it.
    #[serde(default, deserialize_with = "super::nullable")]
    pub phone: Option<Option<Pii<String>>>,
    /// The postal address; `null` removes it.
    #[serde(default, deserialize_with = "super::nullable")]
    pub address: Option<Option<Pii<String>>>,
    /// IANA name.
    #[serde(default)]
    pub time_zone: Option<String>,
}

#[derive(Serialize)]
pub struct CustomerSummary {
    pub customer_id: String,
}

impl Input for UpdateCustomer {
    fn wanted(&self, facts: &Facts) -> Load {
        let email = self
            .email
            .iter()
            .flatten()
            .next()
            .map(|email| email.expose().as_str());
        let mut load = people::wanted(facts, email, None);
        let customer = super::load_of(self.customer_id.as_str());
        (load.streams, load.subjects) = (customer.streams, customer.subjects);
        load
    }
}

pub async fn update_customer(work: &mut Work, input: UpdateCustomer) -> Result<CustomerSummary> {
    let mut customer = work.find::<Customer>(input.customer_id.as_str()).await?;
    customer.state.require_living()?;
    let key = work.subject(input.customer_id.as_str()).await?;
    let wishes = parse(work, &input)?;
    if let Some(email) = &wishes.email {
        let index = people::email_index(&*work.keys()?, email);
        if let Some(owner) = work
            .wanted_claim(EMAIL_SCOPE, &index)
            .filter(|owner| *owner != customer.id)
        {
            let detail = "another customer has this e-mail address; merge the two if they are one";
            let taken = Refusal::conflict("customer-email-taken", detail);
            return Err(taken
                .with_alternatives(vec![json!({ "customer_id": owner })])
                .into());
        }
    }
    let details = details(work, &key, &customer.state, &wishes)?;
    let removed = [
        (
            CustomerField::LastName,
            matches!(input.last_name, Some(None)),
        ),
        (CustomerField::Email, matches!(input.email, Some(None))),
        (CustomerField::Phone, matches!(input.phone, Some(None))),
        (CustomerField::Address, matches!(input.address, Some(None))),
    ];
    let cleared = removed
        .into_iter()
        .filter(|(_, removed)| *removed)
        .map(|(field, _)| field)
        .collect();
    work.execute(&mut customer, CustomerCommand::Correct { details, cleared })
        .await?;
    Ok(CustomerSummary {
        customer_id: customer.id,
    })
}

/// What shall be, parsed.
pub(crate) struct Wishes {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<EmailAddress>,
    pub phone: Option<PhoneNumber>,
    pub address: Option<String>,
    pub time_zone: Option<TimeZoneName>,
}

fn parse(work: &Work, input: &UpdateCustomer) -> Result<Wishes> {
    let mut problems = Problems::default();
    let mut text = |pointer: &str, text: Option<&Pii<String>>, max_chars| {
        text.and_then(|text| problems.check(pointer, bounded_text(text.expose(), max_chars)))
    };
    let first_name = text("/first_name", input.first_name.as_ref(), MAX_NAME_CHARS);
    let last_name = text(
        "/last_name",
        input.last_name.iter().flatten().next(),
        MAX_NAME_CHARS,
    );
    let address = text(
        "/address",
        input.address.iter().flatten().next(),
        MAX_ADDRESS_CHARS,
    );
    let email = input.email.iter().flatten().next();
    let email =
        email.and_then(|email| problems.check("/email", EmailAddress::parse(email.expose())));
    let region = &work.tenant().settings.region;
    let phone = input.phone.iter().flatten().next();
    let phone = phone
        .and_then(|phone| problems.check("/phone", PhoneNumber::parse(phone.expose(), region)));
    let time_zone = input.time_zone.as_ref();
    let time_zone =
        time_zone.and_then(|name| problems.check("/time_zone", TimeZoneName::parse(name)));
    problems.finish()?;
    Ok(Wishes {
        first_name,
        last_name,
        email,
        phone,
        address,
        time_zone,
    })
}

/// The wishes that differ from what is known, sealed.
pub(crate) fn details(
    work: &Work,
    key: &SubjectKey,
    known: &Customer,
    wishes: &Wishes,
) -> Result<CustomerDetails> {
    let keys = work.keys()?;
    let differs = |field: &str, sealed: Option<&Sealed>, plain: &str| {
        sealed.and_then(|sealed| key.open(field, sealed)).as_deref() != Some(plain)
    };
    let seal = |field: &str, sealed: Option<&Sealed>, plain: &Option<String>| {
        let new = plain
            .as_deref()
            .filter(|plain| differs(field, sealed, plain));
        new.map(|plain| key.seal(EVENT, field, plain)).transpose()
    };
    let known_email = known.email.as_ref().map(|email| &email.sealed);
    let known_phone = known.phone.as_ref().map(|phone| &phone.sealed);
    let email = wishes
        .email
        .as_ref()
        .filter(|email| differs("email", known_email, email.as_str()));
    let phone = wishes
        .phone
        .as_ref()
        .filter(|phone| differs("phone", known_phone, phone.as_str()));
    Ok(CustomerDetails {
        first_name: seal("first_name", known.first_name.as_ref(), &wishes.first_name)?,
        last_name: seal("last_name", known.last_name.as_ref(), &wishes.last_name)?,
        email: email
            .map(|email| people::seal_email(&keys, key, EVENT, email))
            .transpose()?,
        phone: phone
            .map(|phone| people::seal_phone(&keys, key, EVENT, phone))
            .transpose()?,
        address: seal("address", known.address.as_ref(), &wishes.address)?,
        time_zone: wishes
            .time_zone
            .clone()
            .filter(|time_zone| *time_zone != known.time_zone),
    })
}
