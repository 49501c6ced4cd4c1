//! Values that are parsed once, at the edge, and trusted afterwards: e-mail addresses, phone numbers, regions, service
//! zones, parties and bounded texts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::card_numbers;
use crate::refusal::Refusal;

/// The longest e-mail address that SMTP can carry (RFC 5321, 4.5.3.1.3).
pub const MAX_EMAIL_CHARS: usize = 254;
/// The longest part before the `@` (RFC 5321, 4.5.3.1.1).
pub const MAX_EMAIL_LOCAL_CHARS: usize = 64;
/// The longest phone number as people write it, with spaces, dashes and brackets.
pub const MAX_PHONE_CHARS: usize = 40;
/// The most digits in an international number (ITU-T E.164).
pub const MAX_PHONE_DIGITS: usize = 15;
/// The fewest digits in an international number that we take for one.
pub const MIN_PHONE_DIGITS: usize = 7;
pub const MAX_NAME_CHARS: usize = 100;
pub const MAX_ADDRESS_CHARS: usize = 500;
pub const MAX_NOTE_CHARS: usize = 4_000;
pub const MAX_REASON_CHARS: usize = 500;
pub const MAX_WORDING_CHARS: usize = 2_000;
pub const MAX_TAG_CHARS: usize = 64;
pub const MAX_ZONE_CHARS: usize = 64;
/// The most adults, and the most kids, in one party.
pub const MAX_PARTY_GUESTS: u16 = 500;

/// An e-mail address, trimmed and lower-cased, so that equal addresses compare equal. Never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Accepts what mail servers accept in practice: one `@`, a dot-separated host name, no spaces. Whether anyone
    /// reads mail there is not ours to know.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim().to_lowercase();
        let refuse = || {
            Refusal::invalid(
                "email-invalid",
                "an e-mail address looks like name@example.com",
            )
        };
        let (local, host) = text.rsplit_once('@').ok_or_else(refuse)?;
        let local_fits = !local.is_empty()
            && local.chars().count() <= MAX_EMAIL_LOCAL_CHARS
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && !local.chars().any(|letter| {
                letter.is_whitespace() || letter.is_control() || "@,;:<>()[]\\\"".contains(letter)
            });
        let host_fits = host.contains('.') && host.split('.').all(is_host_label);
        if text.chars().count() > MAX_EMAIL_CHARS || !local_fits || !host_fits {
            return Err(refuse());
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[pii]")
    }
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '-')
}

/// A country or territory by ISO 3166-1 alpha-2 code, upper case. It decides how local phone numbers are read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(phonenumber::country::Id);

impl Region {
    pub fn parse(code: &str) -> Result<Self, Refusal> {
        code.trim()
            .to_ascii_uppercase()
            .parse()
            .map(Self)
            .map_err(|_| {
                Refusal::invalid(
                    "region-unknown",
                    "a region is a two-letter ISO 3166 code such as US",
                )
            })
    }

    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

impl Default for Region {
    fn default() -> Self {
        Self(phonenumber::country::Id::US)
    }
}

impl TryFrom<String> for Region {
    type Error = Refusal;

    fn try_from(code: String) -> Result<Self, Refusal> {
        Self::parse(&code)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.as_str().to_owned()
    }
}

/// A phone number as E.164 (`+15105550100`). Never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads an international number, or a local one of `region`. Numbers that no carrier has handed out yet pass:
    /// numbering plans grow faster than libraries, and a refused customer is worse than an undeliverable message.
    pub fn parse(text: &str, region: &Region) -> Result<Self, Refusal> {
        let refuse = || {
            Refusal::invalid(
                "phone-invalid",
                "a phone number is international (+1 510 555 0100) or local to the tenant's region",
            )
        };
        let text = text.trim();
        if text.is_empty()
            || text.chars().count() > MAX_PHONE_CHARS
            || text.chars().any(char::is_alphabetic)
        {
            return Err(refuse());
        }
        let number = phonenumber::parse(Some(region.0), text).map_err(|_| refuse())?;
        let code = number.code().value();
        let e164 = number.format().mode(phonenumber::Mode::E164).to_string();
        let digits = e164.chars().filter(char::is_ascii_digit).count();
        // The North American plan has exactly ten national digits; elsewhere lengths vary too much to say.
        let length_fits = match code {
            1 => digits == 11,
            _ => (MIN_PHONE_DIGITS..=MAX_PHONE_DIGITS).contains(&digits),
        };
        if length_fits {
            Ok(Self(e164))
        } else {
            Err(refuse())
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[pii]")
    }
}

/// A part of the tenant's area that chefs serve and travel fees are set for, by the tenant's own name.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ServiceZone(#[schemars(length(min = 1, max = 64))] String);

impl ServiceZone {
    pub fn parse(name: &str) -> Result<Self, Refusal> {
        bounded_text(name, MAX_ZONE_CHARS).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ServiceZone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who comes to the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub adults: u16,
    #[serde(default)]
    pub kids: u16,
}

impl Party {
    pub fn new(adults: u16, kids: u16) -> Result<Self, Refusal> {
        if adults == 0 {
            return Err(Refusal::invalid(
                "party-without-adult",
                "a party has at least one adult",
            ));
        }
        if adults > MAX_PARTY_GUESTS || kids > MAX_PARTY_GUESTS {
            let detail = format!("a party has at most {MAX_PARTY_GUESTS} adults and as many kids");
            return Err(Refusal::invalid("party-too-large", detail));
        }
        Ok(Self { adults, kids })
    }

    pub fn guests(&self) -> u32 {
        u32::from(self.adults) + u32::from(self.kids)
    }
}

/// A trimmed text that is not empty, holds at most `max_chars` characters and no control characters but line breaks
/// and tabs.
pub fn bounded_text(text: &str, max_chars: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::invalid("text-empty", "must not be empty"));
    }
    if text.chars().count() > max_chars {
        return Err(Refusal::invalid(
            "text-too-long",
            format!("at most {max_chars} characters"),
        ));
    }
    if text
        .chars()
        .any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
    {
        return Err(Refusal::invalid(
            "text-has-control-characters",
            "must not hold control characters",
        ));
    }
    Ok(text.to_owned())
}

/// As `bounded_text`, of what people write freely: numbers of payment cards in it are cut down to their last digits.
pub fn free_text(text: &str, max_chars: usize) -> Result<String, Refusal> {
    bounded_text(text, max_chars).map(|text| card_numbers::mask(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_is_trimmed_and_lower_cased() {
        assert_eq!(
            EmailAddress::parse("  Ada.Byron@Example.ORG ")
                .unwrap()
                .as_str(),
            "ada.byron@example.org"
        );
    }

    #[test]
    fn what_cannot_be_an_email_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@example",
            "a da@example.org",
            "ada@@example.org",
            "ada@exa mple.org",
            "ada@-example.org",
            ".ada@example.org",
            "ada..b@example.org",
            "ada@example..org",
            "ada,bob@example.org",
            "ada\n@example.org",
            long.as_str(),
        ] {
            assert_eq!(
                EmailAddress::parse(text).unwrap_err().code,
                "email-invalid",
                "{text:?}"
            );
        }
    }

    #[test]
    fn phone_numbers_are_kept_as_e164() {
        let parse = |text: &str, region: &str| {
            PhoneNumber::parse(text, &Region::parse(region).unwrap())
                .map(|phone| phone.as_str().to_owned())
        };
        assert_eq!(parse("(510) 555-0100", "US").unwrap(), "+15105550100");
        assert_eq!(parse("1 510 555 0100", "US").unwrap(), "+15105550100");
        assert_eq!(parse("+1 555-123-4567", "DE").unwrap(), "+15551234567");
        assert_eq!(parse("030 123456", "DE").unwrap(), "+4930123456");
        assert_eq!(parse("020 7946 0000", "gb").unwrap(), "+442079460000");
    }

    #[test]
    fn what_cannot_be_a_phone_number_is_refused() {
        let long = "5".repeat(41);
        for text in [
            "",
            "abc",
            "12",
            "555 0100",
            "+1 510 555 010",
            "+1 510 555 01000",
            "call me",
            long.as_str(),
        ] {
            assert_eq!(
                PhoneNumber::parse(text, &Region::default())
                    .unwrap_err()
                    .code,
                "phone-invalid",
                "{text:?}"
            );
        }
    }

    #[test]
    fn personal_values_never_print() {
        assert_eq!(
            format!("{:?}", EmailAddress::parse("ada@example.org").unwrap()),
            "[pii]"
        );
        assert_eq!(
            format!(
                "{:?}",
                PhoneNumber::parse("5105550100", &Region::default()).unwrap()
            ),
            "[pii]"
        );
    }

    #[test]
    fn a_party_has_an_adult_and_a_limit() {
        assert_eq!(Party::new(11, 2).unwrap().guests(), 13);
        assert_eq!(Party::new(0, 2).unwrap_err().code, "party-without-adult");
        assert_eq!(Party::new(501, 0).unwrap_err().code, "party-too-large");
    }

    #[test]
    fn texts_are_trimmed_and_bounded() {
        assert_eq!(bounded_text(" no nuts ", 10).unwrap(), "no nuts");
        assert_eq!(bounded_text("  ", 10).unwrap_err().code, "text-empty");
        assert_eq!(
            bounded_text("12345678901", 10).unwrap_err().code,
            "text-too-long"
        );
        assert_eq!(
            bounded_text("a\u{0}b", 10).unwrap_err().code,
            "text-has-control-characters"
        );
    }

    #[test]
    fn an_unknown_region_is_refused() {
        assert_eq!(Region::parse("ZZ").unwrap_err().code, "region-unknown");
    }
}
