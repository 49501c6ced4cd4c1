//! `create-lead`: somebody is interested. Finds the customer, or creates one.

use domain::customers::CustomerCommand;
use domain::customers::consents::Source;
use domain::refusal::Problems;
use domain::sealed::Pii;
use domain::values::{
    EmailAddress, MAX_ADDRESS_CHARS, MAX_NAME_CHARS, MAX_TAG_CHARS, PhoneNumber, bounded_text,
};
use domain::zones::TimeZoneName;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::people::{self, Person};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// Where a lead comes in when the caller does not say.
const DEFAULT_CHANNEL: &str = "api";

/// # Create a lead
///
/// Somebody is interested. The customer with that e-mail address is found; else the only one with that phone number and
/// no e-mail address; else a new one is created, flagged as a possible duplicate where the phone number is known.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLead {
    /// Where the lead comes from.
    pub source: Source,
    /// The place it came in by: `form`, `chat`, `call`, …
    #[serde(default)]
    pub channel: Option<String>,
    /// At most 100 characters.
    pub first_name: Pii<String>,
    /// At most 100 characters.
    #[serde(default)]
    pub last_name: Option<Pii<String>>,
    /// An e-mail address or a phone number is needed.
    #[serde(default)]
    #[schemars(extend("pattern" = r"^\s*\S+@\S+\.\S+\s*$"))]
    pub email: Option<Pii<String>>,
    /// International, or local to the tenant's region.
    #[serde(default)]
    #[schemars(extend("pattern" = r"^\s*\+?[0-9(][0-9() ./\-]{4,}\s*$"))]
    pub phone: Option<Pii<String>>,
    /// The postal address, as one would write it on an envelope.
    #[serde(default)]
    pub address: Option<Pii<String>>,
    /// IANA name; the default is America/Los_Angeles.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// Who the lead is.
#[derive(Serialize)]
pub struct LeadSummary {
    pub customer_id: String,
    pub customer_created: bool,
    pub possible_duplicate: bool,
}

impl Input for CreateLead {
    fn wanted(&self, facts: &Facts) -> Load {
        let plain = |text: &Option<Pii<String>>| text.as_ref().map(|text| text.expose().clone());
        people::wanted(
            facts,
            plain(&self.email).as_deref(),
            plain(&self.phone).as_deref(),
        )
    }
}

pub async fn create_lead(work: &mut Work, input: CreateLead) -> Result<LeadSummary> {
    work.tenant().require()?;
    let (person, channel) = parse(work, &input)?;
    let phone = input.phone.as_ref().map(|phone| phone.expose().as_str());
    let mut somebody = people::find(work, &person, phone).await?;
    people::write_down(work, &mut somebody, &person, (input.source, &channel)).await?;
    // Somebody known answers as well, even when there is nothing to write down.
    let nothing = CustomerCommand::Correct {
        details: Default::default(),
        cleared: Default::default(),
    };
    work.execute(&mut somebody.customer, nothing).await?;
    Ok(LeadSummary {
        customer_created: somebody.origin.is_new(),
        possible_duplicate: somebody.customer.state.possible_duplicate,
        customer_id: somebody.customer.id,
    })
}

fn parse(work: &Work, input: &CreateLead) -> Result<(Person, String)> {
    let region = &work.tenant().settings.region;
    let mut problems = Problems::default();
    let first_name = problems.check(
        "/first_name",
        bounded_text(input.first_name.expose(), MAX_NAME_CHARS),
    );
    let text = |problems: &mut Problems, pointer: &str, text: &Option<Pii<String>>, max_chars| {
        text.as_ref()
            .and_then(|text| problems.check(pointer, bounded_text(text.expose(), max_chars)))
    };
    let last_name = text(
        &mut problems,
        "/last_name",
        &input.last_name,
        MAX_NAME_CHARS,
    );
    let address = text(&mut problems, "/address", &input.address, MAX_ADDRESS_CHARS);
    let email = input
        .email
        .as_ref()
        .and_then(|email| problems.check("/email", EmailAddress::parse(email.expose())));
    let phone = input.phone.as_ref();
    let phone = phone
        .and_then(|phone| problems.check("/phone", PhoneNumber::parse(phone.expose(), region)));
    let time_zone = input.time_zone.as_ref();
    let time_zone =
        time_zone.and_then(|name| problems.check("/time_zone", TimeZoneName::parse(name)));
    let channel = input.channel.as_deref().unwrap_or(DEFAULT_CHANNEL);
    let channel = problems
        .check("/channel", bounded_text(channel, MAX_TAG_CHARS))
        .unwrap_or_default();
    if input.email.is_none() && input.phone.is_none() {
        problems.add(
            "/email",
            "contact-missing",
            "an e-mail address or a phone number is needed",
        );
    }
    problems.finish()?;
    let first_name = first_name.unwrap_or_default();
    Ok((
        Person {
            first_name,
            last_name,
            email,
            phone,
            address,
            time_zone,
        },
        channel,
    ))
}
