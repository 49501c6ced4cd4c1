//! What has been understood of a conversation so far, and how another message adds to it.

use serde::{Deserialize, Serialize};
use time::Date;

use super::contacts::{self, Asked};
use super::intents::{self, Intent};
use super::words::Words;
use super::{dates, parties, times};
use crate::slots::{Slot, iso_date};
use crate::tenants::settings::Settings;

/// Times on offer that are remembered.
const MAX_OFFERED: usize = 12;

/// What is known of what the customer wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub flow: Option<Flow>,
    #[serde(with = "iso_date::option")]
    pub date: Option<Date>,
    pub slot: Option<Slot>,
    pub adults: Option<u16>,
    pub kids: Option<u16>,
    pub address: Option<String>,
    pub postcode: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// What the customer was asked for last.
    pub asked: Option<Wanted>,
    pub offered: Vec<Slot>,
    /// Answers in a row that told nothing.
    pub misses: u8,
}

/// What the conversation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    Book,
    Reschedule,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    Date,
    Time,
    Party,
    Address,
    Contact,
}

/// What one message, or several in a row, brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub intents: Vec<Intent>,
    /// Something was understood that a booking needs.
    pub tells: bool,
}

impl Heard {
    pub fn wants(&self, intent: Intent) -> bool {
        self.intents.contains(&intent)
    }
}

impl Draft {
    /// Takes in one message.
    pub(super) fn hear(&mut self, text: &str, today: Date, settings: &Settings) -> Heard {
        let intent = intents::of(text);
        if intent == Some(Intent::Reschedule) {
            self.flow = Some(Flow::Reschedule);
            (self.date, self.slot) = (None, None);
        }
        let mut words = Words::of(text);
        let mut heard = Heard {
            intents: intent.into_iter().collect(),
            tells: false,
        };
        if self.flow == Some(Flow::Reschedule) {
            past_to(&mut words);
        }
        let before = self.clone();
        self.hear_contacts(&mut words, settings);
        self.hear_wishes(&mut words, today, settings);
        if self.asked == Some(Wanted::Contact) && self.lacks_name() {
            let found = contacts::name(&mut words, Asked::Yes);
            self.take_name(found);
        }
        heard.tells = before != *self;
        // Whoever says when and how many wants to book.
        let books = intent == Some(Intent::Book)
            || (heard.tells && (self.date.is_some() || self.adults.is_some()));
        let is_asking = matches!(intent, Some(Intent::Status | Intent::PaymentLink));
        if self.flow.is_none() && books && !is_asking {
            self.flow = Some(Flow::Book);
        }
        heard
    }

    fn hear_contacts(&mut self, words: &mut Words, settings: &Settings) {
        self.email = contacts::email(words).or(self.email.take());
        self.phone = contacts::phone(words, settings).or(self.phone.take());
        let asked = match self.asked {
            Some(Wanted::Address) => Asked::Yes,
            _ => Asked::No,
        };
        let place = contacts::place(words, settings, asked);
        self.postcode = place.postcode.or(self.postcode.take());
        self.address = place.address.or(self.address.take());
        let said = contacts::name(words, Asked::No);
        self.take_name(said);
    }

    fn hear_wishes(&mut self, words: &mut Words, today: Date, settings: &Settings) {
        let date = dates::find(words, today);
        if let Some(date) = date {
            // Another day, another time, unless that is said as well.
            if self.date.is_some_and(|known| known != date) {
                self.offered.clear();
            }
            self.date = Some(date);
        }
        let expected = match self.asked {
            Some(Wanted::Time) => times::Expected::Time,
            _ => times::Expected::Anything,
        };
        if let Some(slot) = times::find(words, &settings.slots, expected) {
            self.slot = Some(slot);
        }
        let expected = match self.asked {
            Some(Wanted::Party) => parties::Expected::Party,
            _ => parties::Expected::Anything,
        };
        let heads = parties::find(words, expected);
        self.adults = heads.adults.or(self.adults);
        self.kids = heads.kids.or(self.kids);
    }

    fn take_name(&mut self, found: Option<(String, Option<String>)>) {
        let Some((first, last)) = found else { return };
        // "Ada", then "Lovelace".
        if self.first_name.is_some() && self.last_name.is_none() && last.is_none() {
            self.last_name = Some(first);
            return;
        }
        self.first_name = Some(first);
        self.last_name = last.or(self.last_name.take());
    }

    pub(super) fn lacks_name(&self) -> bool {
        self.first_name.is_none() || self.last_name.is_none()
    }

    pub(super) fn offer(&mut self, slots: &[Slot]) {
        self.offered = slots.iter().copied().take(MAX_OFFERED).collect();
    }
}

/// "from Saturday to Sunday": what stands behind the last "to" counts.
fn past_to(words: &mut Words) {
    let to = (0..words.len())
        .rev()
        .find(|index| matches!(words.any(*index), Some("to" | "until" | "till")));
    if let Some(to) = to {
        let rest_has_more = to + 1 < words.len();
        if rest_has_more {
            words.take(0, to + 1);
        }
    }
}
