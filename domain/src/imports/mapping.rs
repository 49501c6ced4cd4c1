//! Which column is what: guessed from the header, said by a person, and applied to a row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refusal::Problems;
use crate::values::{
    EmailAddress, MAX_ADDRESS_CHARS, MAX_NAME_CHARS, MAX_TAG_CHARS, PhoneNumber, Region,
    bounded_text,
};
use crate::zones::TimeZoneName;

/// The most tags that one row gives.
const MAX_ROW_TAGS: usize = 20;

/// A field of a customer that a column may fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    FirstName,
    LastName,
    /// The first word is the first name, the others are the last; after a comma it is the other way round.
    FullName,
    Email,
    Phone,
    /// Several columns make one address, in their order.
    Address,
    TimeZone,
    /// Several, parted by `,` or `;`.
    Tags,
}

impl Field {
    pub const ALL: &'static [Self] = &[
        Self::FirstName,
        Self::LastName,
        Self::FullName,
        Self::Email,
        Self::Phone,
        Self::Address,
        Self::TimeZone,
        Self::Tags,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::FullName => "full_name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::TimeZone => "time_zone",
            Self::Tags => "tags",
        }
    }

    /// Whether several columns may fill it.
    pub fn may_repeat(self) -> bool {
        matches!(self, Self::Address | Self::Tags)
    }

    /// Words that headers have for it, in English and its neighbours, without spaces and signs.
    fn words(self) -> &'static str {
        match self {
            Self::FirstName => {
                "firstname first givenname given forename vorname prenom nombre nome"
            }
            Self::LastName => {
                "lastname last surname familyname family nachname nom apellido apellidos cognome"
            }
            Self::FullName => {
                "name fullname customer customername contact contactname displayname client clientname"
            }
            Self::Email => {
                "email emailaddress mail emails email1 email1value primaryemail courriel correo"
            }
            Self::Phone => {
                "phone phonenumber mobile mobilephone cell cellphone telephone tel phone1value primaryphone \
                 telefon telefono"
            }
            Self::Address => {
                "address street streetaddress address1 address2 addressline1 addressline2 city town state province \
                 zip zipcode postcode postalcode country"
            }
            Self::TimeZone => "timezone tz",
            Self::Tags => "tags tag labels label groups categories",
        }
    }
}

/// A guess for each column; a field that only one column can fill goes to the first that looks like it.
pub fn suggest(columns: &[String]) -> Vec<Option<Field>> {
    let mut taken = Vec::new();
    let guess = |column: &String| {
        let word: String = column
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        let mut fields = Field::ALL.iter();
        let field = *fields.find(|field| field.words().split(' ').any(|known| known == word))?;
        if taken.contains(&field) && !field.may_repeat() {
            return None;
        }
        taken.push(field);
        Some(field)
    };
    columns.iter().map(guess).collect()
}

/// What a row says of a customer, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub time_zone: Option<String>,
    pub tags: Vec<String>,
}

/// A row, parsed. It never prints: what is in it is personal.
pub struct Person {
    pub first_name: String,
    pub last_name: Option<String>,
    pub email: Option<EmailAddress>,
    pub phone: Option<PhoneNumber>,
    pub address: Option<String>,
    pub time_zone: Option<TimeZoneName>,
    pub tags: Vec<String>,
}

impl Draft {
    /// The cells of a row by what their columns are.
    pub fn of(cells: &[String], mapping: &[Option<Field>]) -> Self {
        let mut draft = Self::default();
        let mut address = Vec::new();
        for (cell, field) in cells.iter().zip(mapping) {
            let cell = spreadsheet_text(cell);
            let (Some(field), false) = (field, cell.is_empty()) else {
                continue;
            };
            match field {
                Field::FirstName => draft.first_name = Some(cell.to_owned()),
                Field::LastName => draft.last_name = Some(cell.to_owned()),
                Field::FullName => draft.name(cell),
                Field::Email => draft.email = Some(cell.to_owned()),
                Field::Phone => draft.phone = Some(cell.to_owned()),
                Field::Address => address.push(cell.to_owned()),
                Field::TimeZone => draft.time_zone = Some(cell.to_owned()),
                Field::Tags => draft.tags.extend(
                    cell.split([',', ';'])
                        .map(|tag| tag.trim().to_owned())
                        .filter(|tag| !tag.is_empty()),
                ),
            }
        }
        draft.address = (!address.is_empty()).then(|| address.join(", "));
        // Organisations have one name; it stands where the first name stands.
        if draft.first_name.is_none() {
            draft.first_name = draft.last_name.take();
        }
        draft
    }

    fn name(&mut self, name: &str) {
        let (first, last) = match name.split_once(',') {
            Some((last, first)) if !first.trim().is_empty() => (first, last),
            _ => name.split_once(char::is_whitespace).unwrap_or((name, "")),
        };
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        self.first_name = self.first_name.take().or_else(|| text(first));
        self.last_name = self.last_name.take().or_else(|| text(last));
    }

    /// Everything parsed, or everything that is wrong.
    ///
    /// # Errors
    /// `validation-failed` with a field error for each cell that cannot be read, `contact-missing` where there is neither
    /// e-mail nor phone.
    pub fn parse(&self, region: &Region) -> Result<Person, crate::refusal::Refusal> {
        let mut problems = Problems::default();
        let first_name = problems.check(
            "/first_name",
            bounded_text(
                self.first_name.as_deref().unwrap_or_default(),
                MAX_NAME_CHARS,
            ),
        );
        let mut text = |pointer: &str, text: &Option<String>, max_chars| {
            let text = text.as_ref()?;
            problems.check(pointer, bounded_text(text, max_chars))
        };
        let last_name = text("/last_name", &self.last_name, MAX_NAME_CHARS);
        let address = text("/address", &self.address, MAX_ADDRESS_CHARS);
        let email = self.email.as_ref();
        let email = email.and_then(|email| problems.check("/email", EmailAddress::parse(email)));
        let phone = self.phone.as_ref();
        let phone =
            phone.and_then(|phone| problems.check("/phone", PhoneNumber::parse(phone, region)));
        let time_zone = self.time_zone.as_ref();
        let time_zone =
            time_zone.and_then(|name| problems.check("/time_zone", TimeZoneName::parse(name)));
        if self.email.is_none() && self.phone.is_none() {
            let message = "an e-mail address or a phone number is needed";
            problems.add("/email", "contact-missing", message);
        }
        if self.tags.len() > MAX_ROW_TAGS {
            let message = format!("at most {MAX_ROW_TAGS} tags");
            problems.add("/tags", "list-too-long", message);
        }
        let tags = self.tags.iter().take(MAX_ROW_TAGS);
        let tags = tags
            .filter_map(|tag| problems.check("/tags", bounded_text(tag, MAX_TAG_CHARS)))
            .collect();
        problems.finish()?;
        Ok(Person {
            first_name: first_name.unwrap_or_default(),
            last_name,
            email,
            phone,
            address,
            time_zone,
            tags,
        })
    }
}

/// A cell without the apostrophe by which a spreadsheet, or our own export, keeps a text from being a formula.
fn spreadsheet_text(cell: &str) -> &str {
    let cell = cell.trim();
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.trim(),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(text: &str) -> Vec<String> {
        text.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn headers_are_guessed_and_the_first_of_two_alike_wins() {
        let guessed = suggest(&columns("First Name|E-Mail|e-mail 1|Street|City|Nickname"));
        assert_eq!(
            guessed,
            [
                Some(Field::FirstName),
                Some(Field::Email),
                None,
                Some(Field::Address),
                Some(Field::Address),
                None,
            ]
        );
    }

    #[test]
    fn a_row_becomes_a_person() {
        let mapping = suggest(&columns("Name|Email|Phone|City|Country|Tags"));
        let cells = columns("Lovelace, Ada|Ada@Example.Org|'+1 415 555 0123|Napa|USA|vip; spring");
        let draft = Draft::of(&cells, &mapping);
        let person = draft
            .parse(&Region::parse("US").unwrap())
            .unwrap_or_else(|_| panic!());
        assert_eq!(person.first_name, "Ada");
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(person.email.unwrap().as_str(), "ada@example.org");
        assert_eq!(person.phone.unwrap().as_str(), "+14155550123");
        assert_eq!(person.address.as_deref(), Some("Napa, USA"));
        assert_eq!(person.tags, ["vip", "spring"]);
    }

    #[test]
    fn everything_wrong_with_a_row_is_said_at_once() {
        let draft = Draft {
            email: Some("nobody".to_owned()),
            time_zone: Some("Mars/Base".to_owned()),
            ..Draft::default()
        };
        let refusal = draft.parse(&Region::parse("US").unwrap()).err().unwrap();
        let pointers: Vec<&str> = refusal.errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(pointers, ["/first_name", "/email", "/time_zone"]);
    }
}
