//! Where a thread's messages come from and go to: a number, an e-mail address, or a visitor of the chat.

use domain::conversations::{ADDRESS_SCOPE, address_value};
use domain::customers::consents::Channel;
use domain::refusal::Refusal;
use domain::sealed::SealedKey;
use domain::values::{EmailAddress, PhoneNumber, Region};
use event_store::vault::{SubjectKey, TenantKeys};

use crate::Result;

/// The longest name of a visitor.
const MAX_VISITOR_CHARS: usize = 128;

/// One end of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Email(EmailAddress),
    Phone(PhoneNumber),
    /// The chat widget's own name for a browser.
    Visitor(String),
}

impl Address {
    /// Reads an address as `channel` has them; local numbers are read as of `region`.
    pub fn parse(
        channel: Channel,
        text: &str,
        region: &Region,
    ) -> std::result::Result<Self, Refusal> {
        match channel {
            Channel::Email => EmailAddress::parse(text).map(Self::Email),
            Channel::Sms | Channel::Phone | Channel::Whatsapp => {
                PhoneNumber::parse(text, region).map(Self::Phone)
            }
            Channel::WebChat => {
                let is_name = (1..=MAX_VISITOR_CHARS).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_graphic());
                let detail =
                    format!("a visitor is 1 to {MAX_VISITOR_CHARS} visible ASCII characters");
                is_name
                    .then(|| Self::Visitor(text.to_owned()))
                    .ok_or_else(|| Refusal::invalid("visitor-invalid", detail))
            }
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Phone(phone) => phone.as_str(),
            Self::Visitor(visitor) => visitor,
        }
    }
}

/// The value by which one thread claims the address.
pub fn index(keys: &TenantKeys, channel: Channel, address: &str) -> String {
    let value = address_value(channel, address);
    keys.blind_index(ADDRESS_SCOPE, &value).as_str().to_owned()
}

/// The address under the thread's key, with the index to claim it by.
pub fn seal(
    keys: &TenantKeys,
    key: &SubjectKey,
    event: &str,
    (channel, address): (Channel, &str),
) -> Result<SealedKey> {
    Ok(SealedKey {
        sealed: key.seal(event, "address", address)?,
        index: keys.blind_index(ADDRESS_SCOPE, &address_value(channel, address)),
    })
}
