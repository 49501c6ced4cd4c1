//! Messages in the words of a template: filled in with whom they are for, with a booking where the template speaks of one,
//! and with what was given.

use std::collections::BTreeMap;

use domain::bookings::{Booking, BookingRecord};
use domain::conversations::Thread;
use domain::conversations::canned::CannedUse;
use domain::customers::consents::Channel;
use domain::ids::{BookingId, CustomerId};
use domain::refusal::Refusal;
use domain::sealed::Pii;
use domain::templates::catalogue::About;
use domain::templates::content::Words;
use domain::templates::facts::Facts;
use domain::templates::{Published, TemplateChannel};
use schemars::JsonSchema;
use serde::Deserialize;

use super::recipients::find_customer;
use crate::Result;
use crate::templates::find_in_force;
use crate::work::Work;

/// A template to send.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateInput {
    /// The template's name; of its languages the tenant's own is taken.
    pub name: String,
    /// For templates that speak of a booking; it must be the customer's.
    #[serde(default)]
    pub booking_id: Option<BookingId>,
    /// Values of the variables that the template declares.
    #[serde(default)]
    pub variables: BTreeMap<String, Pii<String>>,
}

/// The channel that a template of this thread goes by.
pub(crate) fn channel_of(channel: Channel) -> Option<TemplateChannel> {
    match channel {
        Channel::Email => Some(TemplateChannel::Email),
        Channel::Sms => Some(TemplateChannel::Sms),
        Channel::Whatsapp => Some(TemplateChannel::Whatsapp),
        Channel::WebChat | Channel::Phone => None,
    }
}

/// The words of the template that was named, and which they are.
pub(super) async fn write_template(
    work: &mut Work,
    input: &TemplateInput,
    thread: &Thread,
) -> Result<(Words, CannedUse)> {
    let channel = channel_of(thread.channel).ok_or_else(|| {
        let detail = "templates go by email, sms and whatsapp; write to this thread yourself";
        Refusal::field("/template", "template-channel-unknown", detail)
    })?;
    let found = find_in_force(work, &input.name, channel).await?;
    let (template_id, about, published) = found.ok_or_else(|| {
        let detail = format!(
            "no template {:?} is published for {}; send publish-template first",
            input.name,
            channel.as_str()
        );
        Refusal::field("/template/name", "template-not-published", detail)
    })?;
    let mut facts = facts_of(work, thread.customer_id.as_ref()).await?;
    if about == About::Booking {
        let booking = find_booking(work, input, thread).await?;
        facts = facts.with_booking(work.tenant(), &booking);
    }
    for (name, value) in &input.variables {
        let declared = &published.content.variables;
        if !declared.iter().any(|variable| variable.name == *name) {
            let known: Vec<&str> = declared.iter().map(|one| one.name.as_str()).collect();
            let detail = format!("the template declares {known:?}");
            return Err(Refusal::field("/template/variables", "variable-unknown", detail).into());
        }
        facts.set(name, value.expose());
    }
    let words = published
        .content
        .write(&input.name, about, &facts)
        .map_err(|refusal| Refusal::field("/template/variables", &refusal.code, refusal.detail))?;
    Ok((words, used(template_id, &published)))
}

/// The words of the tenant's own payment link, where it has any that can be written.
pub(crate) async fn write_payment_link(
    work: &mut Work,
    booking: &BookingRecord,
    thread: &Thread,
) -> Result<Option<(String, CannedUse)>> {
    const NAME: &str = "payment-link";
    let Some(channel) = channel_of(thread.channel) else {
        return Ok(None);
    };
    let Some((template_id, about, published)) = find_in_force(work, NAME, channel).await? else {
        return Ok(None);
    };
    let facts = facts_of(work, Some(&booking.customer_id)).await?;
    let facts = facts.with_booking(work.tenant(), booking);
    let written = published.content.write(NAME, about, &facts);
    // A link in our words is better than none.
    Ok(written
        .ok()
        .map(|words| (words.text, used(template_id, &published))))
}

fn used(template_id: String, published: &Published) -> CannedUse {
    CannedUse {
        name: template_id,
        version: published.version,
        digest: Some(published.digest.clone()),
    }
}

async fn facts_of(work: &mut Work, customer_id: Option<&CustomerId>) -> Result<Facts> {
    let tenant = work.tenant().clone();
    let Some(customer_id) = customer_id else {
        return Ok(Facts::of_customer(&tenant, None, None));
    };
    let customer = find_customer(work, customer_id).await?;
    let key = work.subject(&customer.id).await?;
    let open = |field: &str, sealed: &Option<domain::sealed::Sealed>| {
        sealed.as_ref().and_then(|sealed| key.open(field, sealed))
    };
    let first_name = open("first_name", &customer.state.first_name);
    let last_name = open("last_name", &customer.state.last_name);
    Ok(Facts::of_customer(
        &tenant,
        first_name.as_deref(),
        last_name.as_deref(),
    ))
}

async fn find_booking(
    work: &mut Work,
    input: &TemplateInput,
    thread: &Thread,
) -> Result<BookingRecord> {
    let missing = || {
        let detail = "the template speaks of a booking; name one of this customer's";
        Refusal::field("/template/booking_id", "booking-missing", detail)
    };
    let booking_id = input.booking_id.as_ref().ok_or_else(missing)?;
    let booking = work.load::<Booking>(booking_id.as_str()).await?;
    let record = booking.state.record.as_deref();
    let own = record.filter(|record| Some(&record.customer_id) == thread.customer_id.as_ref());
    Ok(own.cloned().ok_or_else(missing)?)
}
