//! The demo's customers: invented, each told apart by e-mail and phone.

use serde_json::{Value, json};

use super::businesses::{Business, Zone};
use super::names::{EMAIL_HOSTS, FIRST_NAMES, LAST_NAMES, STREETS};
use super::seeds::Seeds;

/// Fictitious numbers of one area code, 555-0100 to 555-0199; the first is the business's own.
const NUMBERS_PER_AREA_CODE: usize = 100;

/// Somebody who books or asks.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub email: String,
    /// As its owner writes it.
    pub phone: String,
    pub address: String,
    pub zone: &'static str,
    /// Whether the person agrees to text messages about the order, and to e-mails about it.
    pub consent_sms: bool,
    pub consent_email: bool,
}

impl Person {
    /// The person that is the `number`th customer of `business`.
    pub(super) fn invent(seeds: &mut Seeds, business: &'static Business, number: usize) -> Self {
        // Steps without a common divisor with the length of the lists meet every name before one comes again.
        let first_name = FIRST_NAMES[(number * 31 + 7) % FIRST_NAMES.len()];
        let last_name =
            LAST_NAMES[(number * 25 + number / LAST_NAMES.len() * 11 + 3) % LAST_NAMES.len()];
        let zone = seeds.pick(business.zones);
        Self {
            first_name,
            last_name,
            email: email(seeds, first_name, last_name),
            phone: phone(business, number),
            address: address(seeds, zone),
            zone: zone.name,
            consent_sms: seeds.chance(72),
            consent_email: seeds.chance(94),
        }
    }

    /// The `customer` of `create-booking`.
    pub(super) fn as_customer(&self) -> Value {
        json!({
            "first_name": self.first_name,
            "last_name": self.last_name,
            "email": self.email,
            "phone": self.phone,
            "consent_sms": self.consent_sms,
            "consent_email": self.consent_email,
        })
    }
}

fn email(seeds: &mut Seeds, first_name: &str, last_name: &str) -> String {
    let (first, last) = (first_name.to_lowercase(), last_name.to_lowercase());
    let host = seeds.pick(&EMAIL_HOSTS);
    match seeds.below(3) {
        0 => format!("{first}.{last}@{host}"),
        1 => format!("{last}.{first}@{host}"),
        _ => format!("{first}{last}@{host}"),
    }
}

pub(super) fn phone(business: &Business, number: usize) -> String {
    let place = number + 1;
    let area_code = business.area_codes[place / NUMBERS_PER_AREA_CODE % business.area_codes.len()];
    format!("({area_code}) 555-01{:02}", place % NUMBERS_PER_AREA_CODE)
}

fn address(seeds: &mut Seeds, zone: &Zone) -> String {
    let (city, postcode) = seeds.pick(zone.places);
    format!(
        "{} {}, {city} {postcode}",
        seeds.between(100, 9_899),
        seeds.pick(&STREETS)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::values::{EmailAddress, PhoneNumber, Region};

    use super::*;
    use crate::demo::businesses::{FIRE_AND_RICE, SEA_AND_SMOKE};

    #[test]
    fn nobody_shares_an_email_or_a_phone_with_another_customer() {
        for business in [&FIRE_AND_RICE, &SEA_AND_SMOKE] {
            let mut seeds = Seeds::new(business.seed);
            let count = business.area_codes.len() * NUMBERS_PER_AREA_CODE - 1;
            let people: Vec<Person> = (0..count.min(400))
                .map(|n| Person::invent(&mut seeds, business, n))
                .collect();
            let emails: BTreeSet<_> = people.iter().map(|person| &person.email).collect();
            let phones: BTreeSet<_> = people.iter().map(|person| &person.phone).collect();
            assert_eq!((emails.len(), phones.len()), (people.len(), people.len()));
        }
    }

    #[test]
    fn everybody_can_be_written_to_and_called() {
        for business in [&FIRE_AND_RICE, &SEA_AND_SMOKE] {
            let mut seeds = Seeds::new(business.seed);
            for number in 0..150 {
                let person = Person::invent(&mut seeds, business, number);
                EmailAddress::parse(&person.email).unwrap();
                PhoneNumber::parse(&person.phone, &Region::default()).unwrap();
            }
        }
    }
}
