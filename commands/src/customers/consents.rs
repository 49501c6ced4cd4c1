//! `update-consent`: what a customer said about being reached, with the words that were shown.

use domain::customers::consents::{Channel, Purpose, Source, Standing};
use domain::customers::{ConsentChange, Customer, CustomerCommand};
use domain::ids::CustomerId;
use domain::refusal::Problems;
use domain::sealed::Sealed;
use domain::values::{MAX_WORDING_CHARS, free_text};
use event_store::load::Load;
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::people;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Update a consent
///
/// A customer grants or withdraws consent to be reached over one channel for one purpose. Saying again what stands
/// already changes nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateConsent {
    pub customer_id: CustomerId,
    pub channel: Channel,
    /// `transactional` covers what the customer ordered; `marketing` all else.
    pub purpose: Purpose,
    pub standing: ConsentStanding,
    /// Where the customer said so.
    pub source: Source,
    /// The words that the customer saw or said; kept as proof. At most 2,000 characters.
    pub wording: String,
    /// When, where that was before now (RFC 3339).
    #[serde(default)]
    pub at: Option<String>,
}

/// What the customer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentStanding {
    Granted,
    Withdrawn,
}

/// How the channel and purpose stand now.
#[derive(Serialize)]
pub struct ConsentSummary {
    pub customer_id: String,
    pub channel: Channel,
    pub purpose: Purpose,
    pub standing: Option<Standing>,
}

impl Input for UpdateConsent {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.customer_id.as_str())
    }
}

pub async fn update_consent(work: &mut Work, input: UpdateConsent) -> Result<ConsentSummary> {
    let mut customer = work.find::<Customer>(input.customer_id.as_str()).await?;
    let key = work.subject(input.customer_id.as_str()).await?;
    let mut problems = Problems::default();
    let wording = problems
        .check("/wording", free_text(&input.wording, MAX_WORDING_CHARS))
        .unwrap_or_default();
    let at = parse_at(&mut problems, input.at.as_deref(), work.ctx.now);
    problems.finish()?;
    let event = match input.standing {
        ConsentStanding::Granted => "ConsentGranted",
        ConsentStanding::Withdrawn => "ConsentWithdrawn",
    };
    let (channel, purpose, source) = (input.channel, input.purpose, input.source);
    let address = address(&customer.state, &key, channel, event)?;
    let change = Box::new(ConsentChange {
        channel,
        purpose,
        source,
        wording,
        at,
        address,
        said_in: None,
    });
    let command = match input.standing {
        ConsentStanding::Granted => CustomerCommand::GrantConsent(change),
        ConsentStanding::Withdrawn => CustomerCommand::WithdrawConsent(change),
    };
    work.execute(&mut customer, command).await?;
    let standing = customer.state.consents.standing(channel, purpose);
    Ok(ConsentSummary {
        customer_id: customer.id,
        channel,
        purpose,
        standing,
    })
}

fn parse_at(problems: &mut Problems, at: Option<&str>, now: OffsetDateTime) -> OffsetDateTime {
    let Some(at) = at else { return now };
    match OffsetDateTime::parse(at, &Rfc3339) {
        Ok(at) if people::not_after_now(at, now) => return at,
        Ok(_) => problems.add("/at", "time-in-future", "nobody consents in the future"),
        Err(_) => problems.add(
            "/at",
            "time-invalid",
            "a time is RFC 3339, such as 2026-03-14T18:00:00Z",
        ),
    }
    now
}

/// The address or number that the consent is about, sealed for its event.
fn address(
    customer: &Customer,
    key: &SubjectKey,
    channel: Channel,
    event: &str,
) -> Result<Option<Sealed>> {
    let (field, known) = match channel {
        Channel::Email => ("email", &customer.email),
        Channel::Sms | Channel::Phone | Channel::Whatsapp => ("phone", &customer.phone),
        // A chat has no address beyond its page.
        Channel::WebChat => return Ok(None),
    };
    let plain = known
        .as_ref()
        .and_then(|known| key.open(field, &known.sealed));
    plain
        .map(|plain| key.seal(event, "address", &plain))
        .transpose()
}
