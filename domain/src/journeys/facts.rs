//! What a journey may ask about: the customer, the booking and the run itself, by names that are checked when the journey is
//! defined.

use std::collections::BTreeMap;

use time::OffsetDateTime;

/// What answers of a model and of waits are known by.
pub const ANSWERS: &str = "answers.";

/// What is known under a name.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Flag(bool),
    Number(i64),
    Text(String),
    Moment(OffsetDateTime),
    Texts(Vec<String>),
}

/// What kind of value a name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Flag,
    Number,
    Text,
    Moment,
    Texts,
}

/// All that is known; what is not there is nothing: no text, no moment, never true.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(BTreeMap<String, Value>);

/// Every name, and what it is. Consents are `customer.consent.<channel>.<purpose>` besides.
pub const NAMES: &[(&str, Sort)] = &[
    ("now", Sort::Moment),
    ("run.id", Sort::Text),
    ("run.started_at", Sort::Moment),
    ("run.heard", Sort::Flag),
    ("customer.id", Sort::Text),
    ("customer.source", Sort::Text),
    ("customer.tags", Sort::Texts),
    ("customer.has_email", Sort::Flag),
    ("customer.has_phone", Sort::Flag),
    ("booking.id", Sort::Text),
    ("booking.status", Sort::Text),
    ("booking.source", Sort::Text),
    ("booking.zone", Sort::Text),
    ("booking.payment_preference", Sort::Text),
    ("booking.starts_at", Sort::Moment),
    ("booking.ends_at", Sort::Moment),
    ("booking.adults", Sort::Number),
    ("booking.kids", Sort::Number),
    ("booking.guests", Sort::Number),
    ("booking.total_minor", Sort::Number),
    ("booking.balance_minor", Sort::Number),
    ("booking.has_chef", Sort::Flag),
];

const CHANNELS: &[&str] = &["email", "sms", "phone", "whatsapp", "web_chat"];
const PURPOSES: &[&str] = &["transactional", "marketing"];

/// What kind of value a name has; none for a name that is none.
pub fn sort_of(name: &str) -> Option<Sort> {
    if let Some(consent) = name.strip_prefix("customer.consent.") {
        let (channel, purpose) = consent.split_once('.')?;
        let known = CHANNELS.contains(&channel) && PURPOSES.contains(&purpose);
        return known.then_some(Sort::Flag);
    }
    if let Some(answer) = name.strip_prefix(ANSWERS) {
        return (!answer.is_empty() && !answer.contains('.')).then_some(Sort::Text);
    }
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, sort)| *sort)
}

impl Facts {
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.0.insert(name.into(), value);
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub fn moment(&self, name: &str) -> Option<OffsetDateTime> {
        match self.get(name) {
            Some(Value::Moment(at)) => Some(*at),
            _ => None,
        }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}
