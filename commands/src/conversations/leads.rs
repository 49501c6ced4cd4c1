//! Whoever writes and is not known becomes a lead, in the same commit as their first message.

use domain::customers::consents::{Channel, Source};
use domain::customers::{Customer, CustomerCommand, CustomerDetails, Duplicate};

use super::addresses::Address;
use super::incoming::Incoming;
use super::receiving::Owner;
use crate::Result;
use crate::customers::people;
use crate::work::{Loaded, Work};

const EVENT: &str = "LeadCreated";

/// Creates the lead, if the writer is to become one.
pub(super) async fn write_down(
    work: &mut Work,
    incoming: &Incoming,
    owner: Option<&Owner>,
) -> Result<Option<Loaded<Customer>>> {
    let Some(Owner::Lead(customer_id)) = owner else {
        return Ok(None);
    };
    let keys = work.keys()?;
    let key = work.new_subject(customer_id.as_str())?;
    let (email, phone) = match &incoming.address {
        Address::Email(email) => (Some(email), incoming.contact_phone.as_ref()),
        Address::Phone(phone) => (incoming.contact_email.as_ref(), Some(phone)),
        Address::Visitor(_) => (
            incoming.contact_email.as_ref(),
            incoming.contact_phone.as_ref(),
        ),
    };
    let name = incoming.name.as_deref();
    let details = CustomerDetails {
        first_name: name
            .map(|name| key.seal(EVENT, "first_name", name))
            .transpose()?,
        email: email
            .map(|email| people::seal_email(&keys, &key, EVENT, email))
            .transpose()?,
        phone: phone
            .map(|phone| people::seal_phone(&keys, &key, EVENT, phone))
            .transpose()?,
        time_zone: Some(work.tenant().settings.time_zone.clone()),
        ..CustomerDetails::default()
    };
    let (source, channel) = match incoming.channel {
        Channel::Email => (Source::Web, "email"),
        Channel::WebChat => (Source::Web, "chat"),
        Channel::Sms => (Source::Phone, "sms"),
        Channel::Phone => (Source::Phone, "call"),
        Channel::Whatsapp => (Source::Phone, "whatsapp"),
    };
    let mut lead = work.create::<Customer>(customer_id.as_str());
    let command = CustomerCommand::CreateLead {
        source,
        channel: channel.to_owned(),
        details,
        possible_duplicate: Duplicate::Unlikely,
    };
    work.execute(&mut lead, command).await?;
    Ok(Some(lead))
}
