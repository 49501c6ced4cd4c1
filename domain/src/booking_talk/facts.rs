//! Facts out of a conversation by rules, for a business without a language model: each with the customer's own words that it
//! rests on, cut out of the message as they stand there.

use serde_json::{Value, json};
use time::Date;

use super::contacts::{self, Asked};
use super::words::{Words, starts_and_ends};
use super::{MAX_READ_CHARS, dates, diets, parties};
use crate::facts::fields::FactField;
use crate::facts::{Evidence, MAX_EXTRACTED, MAX_QUOTE_CHARS};
use crate::tenants::settings::Settings;

/// The edition of these rules, as facts name it.
pub const FACTS_EDITION: &str = "fact-rules-1";

/// Fewer heads than these are not taken for the party when they are named in passing.
const FEWEST_IN_PASSING: u16 = 3;

/// A message, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub message_id: String,
    pub by: SpokenBy,
    pub text: String,
    /// The day it was written, in the tenant's calendar.
    pub day: Date,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenBy {
    Customer,
    Us,
}

/// A fact before anybody has checked or sealed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub field: FactField,
    pub value: Value,
    pub quote: String,
    pub message_id: String,
    pub evidence: Evidence,
    pub confidence_percent: u8,
}

/// What the customer has told; of a field that has one value, what they said last.
pub fn extract(spoken: &[Spoken], settings: &Settings) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut question = String::new();
    for said in spoken {
        match said.by {
            SpokenBy::Us => question = said.text.to_lowercase(),
            SpokenBy::Customer => {
                for fact in of_message(said, &question, settings) {
                    let is_known = |known: &Found| {
                        known.field == fact.field
                            && (!fact.field.is_many() || known.value == fact.value)
                    };
                    found.retain(|known| !is_known(known));
                    found.push(fact);
                }
            }
        }
    }
    found.truncate(MAX_EXTRACTED);
    found
}

/// One message under way: what was read in it is taken out of its words.
struct Reading<'a> {
    said: &'a Spoken,
    text: String,
    words: Words,
    found: Vec<Found>,
}

fn of_message(said: &Spoken, question: &str, settings: &Settings) -> Vec<Found> {
    let text: String = said.text.chars().take(MAX_READ_CHARS).collect();
    let mut reading = Reading {
        said,
        words: Words::of(&text),
        text,
        found: Vec::new(),
    };
    let asks_for = |word: &str| match question.contains('?') && question.contains(word) {
        true => Asked::Yes,
        false => Asked::No,
    };
    reading.note(|words| {
        let email = contacts::email(words)?;
        Some((FactField::Email, json!(email), Evidence::Stated, 95))
    });
    reading.note(|words| {
        let phone = contacts::phone(words, settings)?;
        Some((FactField::Phone, json!(phone), Evidence::Stated, 95))
    });
    reading.note(|words| {
        let known = contacts::place(words, settings, Asked::No).address;
        let (address, evidence, confidence) = match known {
            Some(address) => (address, Evidence::Stated, 90),
            None => {
                let asked = contacts::place(words, settings, asks_for("address"));
                (asked.address?, Evidence::Answered, 75)
            }
        };
        Some((FactField::Address, json!(address), evidence, confidence))
    });
    reading.note_name(asks_for("name"));
    reading.note(|words| {
        let date = dates::find(words, said.day)?;
        Some((
            FactField::Date,
            json!(date.to_string()),
            Evidence::Stated,
            85,
        ))
    });
    reading.note(|words| {
        let (expected, evidence) = match asks_for("how many") {
            Asked::Yes => (parties::Expected::Party, Evidence::Answered),
            Asked::No => (parties::Expected::Anything, Evidence::Stated),
        };
        let heads = parties::find(words, expected);
        let adults = heads.adults?;
        // "Two of us are vegetarian" is no party, unless we have asked for one.
        if evidence == Evidence::Stated && adults < FEWEST_IN_PASSING && heads.kids.is_none() {
            return None;
        }
        let mut party = json!({ "adults": adults });
        if let Some(kids) = heads.kids {
            party["kids"] = kids.into();
        }
        Some((FactField::Party, party, evidence, 80))
    });
    reading.note_diets();
    reading.note_budget(settings);
    reading.found
}

type Read = (FactField, Value, Evidence, u8);

impl Reading<'_> {
    /// Notes what a finder reads, with the words that it has used.
    fn note(&mut self, find: impl FnOnce(&mut Words) -> Option<Read>) {
        let before: Vec<bool> = self.words.0.iter().map(|word| word.used).collect();
        let Some(read) = find(&mut self.words) else {
            return;
        };
        let is_new = |index: &usize| self.words.0[*index].used && !before[*index];
        let used: Vec<usize> = (0..before.len()).filter(is_new).collect();
        if let (Some(first), Some(last)) = (used.first(), used.last()) {
            self.keep(read, (*first, *last));
        }
    }

    /// The words from the first to the last, as they stand in the message.
    fn keep(
        &mut self,
        (field, value, evidence, confidence_percent): Read,
        (first, last): (usize, usize),
    ) {
        let places = starts_and_ends(&self.text);
        let span = places.get(first).zip(places.get(last));
        let quote = span.and_then(|((start, _), (_, end))| self.text.get(*start..*end));
        let Some(quote) = quote.filter(|quote| quote.chars().count() <= MAX_QUOTE_CHARS) else {
            return;
        };
        self.found.push(Found {
            field,
            value,
            quote: quote.to_owned(),
            message_id: self.said.message_id.clone(),
            evidence,
            confidence_percent,
        });
    }

    /// "I'm Ada" may as well be "I'm late": one word without "name" beside it is for a person to judge.
    fn note_name(&mut self, asked: Asked) {
        let says_name = self.words.0.iter().any(|word| word.low.starts_with("name"));
        self.note(|words| {
            let said = contacts::name(words, Asked::No);
            let (name, evidence) = match said {
                Some(name) => (name, Evidence::Stated),
                None => (contacts::name(words, asked)?, Evidence::Answered),
            };
            let (first, last) = name;
            let confidence = match (says_name, &last) {
                (true, _) => 90,
                (false, Some(_)) => 75,
                (false, None) => 55,
            };
            let mut value = json!({ "first": first });
            if let Some(last) = last {
                value["last"] = last.into();
            }
            Some((FactField::Name, value, evidence, confidence))
        });
    }

    fn note_diets(&mut self) {
        let asks = self.text.contains('?');
        for diet in diets::find(&self.words) {
            // Whoever asks for vegan dishes may or may not be one.
            let (evidence, confidence) = match asks {
                true => (Evidence::Inferred, 50),
                false => (Evidence::Stated, 80),
            };
            let read = (FactField::Diet, json!(diet.need), evidence, confidence);
            self.keep(read, (diet.first, diet.last));
        }
    }

    fn note_budget(&mut self, settings: &Settings) {
        let Some(budget) = diets::budget(&self.words) else {
            return;
        };
        let value =
            json!({ "amount_minor": budget.amount_minor, "currency": settings.currency.as_str() });
        let read = (FactField::Budget, value, Evidence::Stated, 80);
        self.keep(read, (budget.first, budget.last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::parse_date;
    use crate::tenants::settings::ZoneArea;
    use crate::values::ServiceZone;

    fn settings() -> Settings {
        Settings {
            zones: vec![ZoneArea {
                zone: ServiceZone::parse("downtown").unwrap(),
                postcodes: vec!["900*".to_owned()],
            }],
            ..Settings::default()
        }
    }

    fn read(lines: &[&str]) -> Vec<Found> {
        let spoken: Vec<Spoken> = lines
            .iter()
            .enumerate()
            .map(|(index, line)| Spoken {
                message_id: format!("m{index}"),
                by: match line.starts_with('>') {
                    true => SpokenBy::Us,
                    false => SpokenBy::Customer,
                },
                text: line.trim_start_matches("> ").to_owned(),
                day: parse_date("2026-03-11").unwrap(),
            })
            .collect();
        extract(&spoken, &settings())
    }

    fn value(found: &[Found], field: FactField) -> Value {
        let mut of_field = found.iter().filter(|fact| fact.field == field);
        of_field
            .next()
            .map(|fact| fact.value.clone())
            .unwrap_or_default()
    }

    #[test]
    fn each_fact_rests_on_words_that_stand_in_its_message() {
        let lines = [
            "Hi! 12 adults and 3 kids on March 28th, two of us are vegetarian. Our budget is $1,200.",
            "> What is the address, with the ZIP code?",
            "12 Main St, Los Angeles, CA 90012. My name is Ada Lovelace (ada@example.org, 213 555 0142).",
        ];
        let found = read(&lines);
        assert_eq!(value(&found, FactField::Date), "2026-03-28");
        assert_eq!(
            value(&found, FactField::Party),
            json!({ "adults": 12, "kids": 3 })
        );
        assert_eq!(value(&found, FactField::Diet), "vegetarian");
        assert_eq!(
            value(&found, FactField::Budget),
            json!({ "amount_minor": 120_000, "currency": "USD" })
        );
        assert_eq!(
            value(&found, FactField::Name),
            json!({ "first": "Ada", "last": "Lovelace" })
        );
        assert_eq!(value(&found, FactField::Email), "ada@example.org");
        assert_eq!(value(&found, FactField::Phone), "+12135550142");
        for fact in &found {
            let index: usize = fact.message_id[1..].parse().unwrap();
            assert!(lines[index].contains(&fact.quote), "{fact:?}");
        }
    }

    #[test]
    fn what_was_said_last_counts_and_answers_are_told_apart() {
        let found = read(&[
            "Friday please",
            "Sorry, Saturday",
            "> How many adults and how many kids will there be?",
            "around 20",
        ]);
        assert_eq!(value(&found, FactField::Date), "2026-03-14");
        let party = found
            .iter()
            .find(|fact| fact.field == FactField::Party)
            .unwrap();
        assert_eq!(
            (party.evidence, party.value.clone()),
            (Evidence::Answered, json!({ "adults": 20 }))
        );
    }

    #[test]
    fn a_question_for_vegan_dishes_is_no_diet_yet() {
        let found = read(&["Do you have vegan options?"]);
        assert_eq!(found[0].evidence, Evidence::Inferred);
        assert_eq!(read(&["No vegans here, thanks"]), []);
        assert_eq!(read(&["I'm late"]), []);
        assert_eq!(read(&["Two of us come later"]), []);
    }
}
