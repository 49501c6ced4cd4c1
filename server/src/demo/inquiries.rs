//! People who ask by themselves, in words that facts can be read in: what was found, what a person has said to it, and what
//! still waits for one.

use std::collections::HashMap;

use commands::dispatch::Dispatcher;
use cqrs_es::Aggregate;
use domain::booking_talk::facts::FACTS_EDITION;
use domain::facts::fields::FactField;
use domain::facts::{FactSheet, FactStanding};
use domain::ids::TenantId;
use identity::principals::Principal;
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use super::businesses::Business;
use super::calendars::Calendar;
use super::deeds::{Deed, Story, reference};
use super::filling::request;
use super::people::phone;
use crate::database::Reason;

/// The namespace of extractions' ids; any fixed UUID of our own will do, but it must never change.
const EXTRACTION_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_6465_6d6f_0000_0001);
/// Their numbers are counted from the end, behind those of the strangers of the last day.
const NUMBERS_BEFORE: usize = 12;
const NUMBERS_PER_AREA_CODE: usize = 100;
const DESK: &str = "front-desk";
/// Where the day of the party goes in what they write.
const DAY: &str = "{day}";

struct Inquiry {
    days_ago: i64,
    minute: i64,
    /// How far ahead the party is, from the day of the message.
    days_ahead: i64,
    /// With a subject it is an e-mail, else a text message.
    letter: Option<(&'static str, &'static str)>,
    text: &'static str,
    /// What we have answered. Those that are answered are closed.
    answer: Option<&'static str>,
    facts: &'static [Found],
}

struct Found {
    field: FactField,
    value: Said,
    quote: &'static str,
    evidence: &'static str,
    percent: u8,
    decision: Option<Decision>,
}

/// A value in its field's schema.
enum Said {
    Day,
    Party(u16, u16),
    Text(&'static str),
    Name(&'static str, &'static str),
    Budget(i64),
}

#[derive(Clone, Copy)]
enum Decision {
    Accept,
    Reject,
}

impl Found {
    const fn stated(field: FactField, value: Said, quote: &'static str, percent: u8) -> Self {
        Self {
            field,
            value,
            quote,
            evidence: "stated",
            percent,
            decision: None,
        }
    }

    const fn inferred(field: FactField, value: Said, quote: &'static str, percent: u8) -> Self {
        Self {
            evidence: "inferred",
            ..Self::stated(field, value, quote, percent)
        }
    }

    const fn decided(mut self, decision: Decision) -> Self {
        self.decision = Some(decision);
        self
    }
}

const INQUIRIES: [Inquiry; 6] = [
    Inquiry {
        days_ago: 13,
        minute: 10 * 60 + 12,
        days_ahead: 24,
        letter: Some(("priya.raman@example.org", "A fortieth birthday")),
        text: "Hello,\n\nwe are planning a fortieth birthday on {day}: 18 adults and 4 kids. Two of us are vegetarian. We \
            would like to stay at about $1,800.\n\nPriya Raman",
        answer: Some(
            "Hello Priya,\n\nwith pleasure! The day is free, and tofu with vegetables is on the menu for the two of you. You \
             find our offer attached.\n\nSee you soon",
        ),
        facts: &[
            Found::stated(FactField::Date, Said::Day, DAY, 95),
            Found::stated(
                FactField::Party,
                Said::Party(18, 4),
                "18 adults and 4 kids",
                97,
            ),
            Found::stated(
                FactField::Diet,
                Said::Text("vegetarian"),
                "Two of us are vegetarian",
                93,
            ),
            Found::inferred(
                FactField::Budget,
                Said::Budget(180_000),
                "stay at about $1,800",
                66,
            )
            .decided(Decision::Accept),
            Found::stated(
                FactField::Name,
                Said::Name("Priya", "Raman"),
                "Priya Raman",
                88,
            ),
        ],
    },
    Inquiry {
        days_ago: 9,
        minute: 18 * 60 + 40,
        days_ahead: 11,
        letter: None,
        text: "hey is {day} still free? we'd be 12 or so, and one of us can't have shellfish. not more than 900 pls",
        answer: Some(
            "It is free, and we cook without shellfish for everybody then. Shall we hold it for a day?",
        ),
        facts: &[
            Found::stated(FactField::Date, Said::Day, DAY, 91),
            Found::inferred(FactField::Party, Said::Party(12, 0), "we'd be 12 or so", 58)
                .decided(Decision::Accept),
            Found::stated(
                FactField::Diet,
                Said::Text("shellfish_allergy"),
                "one of us can't have shellfish",
                90,
            ),
            Found::inferred(
                FactField::Budget,
                Said::Budget(900),
                "not more than 900",
                41,
            )
            .decided(Decision::Reject),
        ],
    },
    Inquiry {
        days_ago: 6,
        minute: 9 * 60 + 5,
        days_ahead: 30,
        letter: Some(("dana.whitlock@example.com", "Lunch for our team")),
        text: "Good morning,\n\nwe would like to have you at our office on {day} for about 25 people. Some eat halal, nobody \
            drinks. What would that cost?\n\nDana Whitlock\nWhitlock & Daughters",
        answer: Some(
            "Good morning Dana,\n\nfor 25 it comes to our regular price per guest, and our beef and chicken are halal on \
             request. I send the offer today.",
        ),
        facts: &[
            Found::stated(FactField::Date, Said::Day, DAY, 94),
            Found::stated(FactField::Party, Said::Party(25, 0), "about 25 people", 82),
            Found::stated(FactField::Diet, Said::Text("halal"), "Some eat halal", 89),
            Found::stated(
                FactField::Name,
                Said::Name("Dana", "Whitlock"),
                "Dana Whitlock",
                90,
            ),
        ],
    },
    Inquiry {
        days_ago: 4,
        minute: 20 * 60 + 15,
        days_ahead: 17,
        letter: None,
        text: "Hi, Marcus here. Could you cook for ten of us on {day}? My sister won't touch pork and my dad has a thing with \
            eggs",
        answer: None,
        facts: &[
            Found::stated(FactField::Name, Said::Name("Marcus", ""), "Marcus here", 84),
            Found::stated(FactField::Party, Said::Party(10, 0), "ten of us", 86),
            Found::stated(FactField::Date, Said::Day, DAY, 92),
            Found::stated(
                FactField::Diet,
                Said::Text("no_pork"),
                "My sister won't touch pork",
                87,
            ),
            Found::inferred(
                FactField::Diet,
                Said::Text("egg_allergy"),
                "my dad has a thing with eggs",
                54,
            ),
        ],
    },
    Inquiry {
        days_ago: 3,
        minute: 12 * 60 + 50,
        days_ahead: 12,
        letter: None,
        text: "We are 9 grown-ups and a bunch of little ones, {day}. The garden is at my mother's, 14 Alder Court. Is $1000 \
            enough?",
        answer: None,
        facts: &[
            Found::inferred(
                FactField::Party,
                Said::Party(9, 4),
                "9 grown-ups and a bunch of little ones",
                48,
            ),
            Found::stated(FactField::Date, Said::Day, DAY, 93),
            Found::inferred(
                FactField::Address,
                Said::Text("14 Alder Court"),
                "my mother's, 14 Alder Court",
                63,
            ),
            Found::inferred(
                FactField::Budget,
                Said::Budget(100_000),
                "Is $1000 enough?",
                68,
            ),
        ],
    },
    Inquiry {
        days_ago: 2,
        minute: 16 * 60 + 20,
        days_ahead: 26,
        letter: Some(("tomas.lindgren@example.net", "Anniversary dinner")),
        text: "Hello,\n\nmy parents have been married for fifty years on {day}, and we are fourteen. My mother lives without \
            gluten. You reach me best in the evening.\n\nTomas",
        answer: None,
        facts: &[
            Found::stated(FactField::Date, Said::Day, DAY, 90),
            Found::stated(FactField::Party, Said::Party(14, 0), "we are fourteen", 81),
            Found::stated(
                FactField::Diet,
                Said::Text("gluten_free"),
                "My mother lives without gluten",
                88,
            ),
            Found::inferred(FactField::Name, Said::Name("Tomas", ""), "Tomas", 64),
        ],
    },
];

/// Every inquiry, what was read in it, and what came of it.
pub(super) fn plan(business: &'static Business, calendar: &Calendar) -> Vec<Deed> {
    let planned = INQUIRIES.iter().enumerate();
    planned
        .flat_map(|(number, inquiry)| inquiry.told(number, business, calendar).deeds)
        .collect()
}

impl Inquiry {
    fn told(&self, number: usize, business: &'static Business, calendar: &Calendar) -> Story {
        let mut story = Story::new(format!("inquiry-{number}"));
        let at = calendar.moment(-self.days_ago, self.minute);
        let day = calendar.date(self.days_ahead - self.days_ago);
        let written = format!("{} {}", day.month(), day.day());
        let mut body = json!({ "content": self.text.replace(DAY, &written) });
        match self.letter {
            Some((from, subject)) => {
                body["channel"] = "email".into();
                body["from"] = from.into();
                body["subject"] = subject.into();
            }
            None => {
                let numbers = business.area_codes.len() * NUMBERS_PER_AREA_CODE;
                body["channel"] = "sms".into();
                body["from"] = phone(business, numbers - NUMBERS_BEFORE - number).into();
            }
        }
        let (thread, asked) = (thread(number), format!("inquiry-message-{number}"));
        let yields = [
            ("/thread_id", thread.as_str()),
            ("/message_id", asked.as_str()),
        ];
        story.then_naming(at, "receive-message", body, &yields);
        let found = |found: &Found| {
            json!({
                "field": found.field,
                "value": found.value.written(&day.to_string()),
                "quote": found.quote.replace(DAY, &written),
                "message_id": reference(&asked),
                "evidence": found.evidence,
                "confidence_percent": found.percent,
            })
        };
        let name = format!("{}:{number}", business.slug);
        let looked = json!({
            "thread_id": reference(&thread),
            "extraction_id": Uuid::new_v5(&EXTRACTION_NAMESPACE, name.as_bytes()),
            "engine": { "kind": "rules", "model": FACTS_EDITION, "settings_version": 0 },
            "found": self.facts.iter().map(found).collect::<Vec<_>>(),
        });
        let looked_at = at + Duration::seconds(4);
        story.then(looked_at, "finish-fact-extraction", looked);
        if let Some(answer) = self.answer {
            answered(&mut story, number, at + Duration::minutes(23), answer);
        }
        story
    }
}

/// What we answer, that it arrives, and that the thread is done with.
fn answered(story: &mut Story, number: usize, at: time::OffsetDateTime, text: &str) {
    let (thread, answer) = (
        reference(&thread(number)),
        format!("inquiry-answer-{number}"),
    );
    let said = json!({
        "thread_id": thread, "content": text, "sender_type": "human", "sender_id": DESK,
    });
    story.then_naming(at, "send-message", said, &[("/message_id", &answer)]);
    let sent = json!({ "thread_id": thread, "message_id": reference(&answer), "status": "sent" });
    story.then(at + Duration::seconds(2), "record-message-status", sent);
    let id = json!({ "thread_id": thread });
    story.then(at + Duration::minutes(1), "mark-thread-read", id.clone());
    story.then(at + Duration::minutes(2), "close-thread", id);
}

fn thread(number: usize) -> String {
    format!("inquiry-thread-{number}")
}

impl Said {
    /// As JSON text.
    fn written(&self, day: &str) -> String {
        let value = match self {
            Self::Day => day.into(),
            Self::Party(adults, kids) => json!({ "adults": adults, "kids": kids }),
            Self::Text(text) => (*text).into(),
            Self::Name(first, "") => json!({ "first": first }),
            Self::Name(first, last) => json!({ "first": first, "last": last }),
            Self::Budget(minor) => json!({ "amount_minor": minor, "currency": "USD" }),
        };
        value.to_string()
    }
}

/// What a person has said to the facts that waited for one. `known` are ids by the names of the history.
pub(super) async fn judge(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    known: &HashMap<String, Value>,
    calendar: &Calendar,
) -> Result<(), Reason> {
    for (number, inquiry) in INQUIRIES.iter().enumerate() {
        let decisions = inquiry
            .facts
            .iter()
            .filter_map(|found| Some((found.field, found.decision?)));
        let decisions: Vec<(FactField, Decision)> = decisions.collect();
        let Some(thread_id) = known.get(&thread(number)).and_then(Value::as_str) else {
            continue;
        };
        if decisions.is_empty() {
            continue;
        }
        let stream = (FactSheet::TYPE, thread_id);
        let mut sheet = FactSheet::default();
        for event in dispatcher.store.read_stream(tenant_id, stream, 0).await? {
            sheet.apply(event.decode()?);
        }
        let at = calendar.moment(-inquiry.days_ago, inquiry.minute + 15);
        for (field, decision) in decisions {
            let mut facts = sheet.facts.iter();
            let waits =
                facts.find(|fact| fact.field == field && fact.standing == FactStanding::Review);
            let Some(fact) = waits else { continue };
            let name = match decision {
                Decision::Accept => "accept-fact",
                Decision::Reject => "reject-fact",
            };
            let body = json!({ "thread_id": thread_id, "fact_id": fact.fact_id });
            let key = format!("demo:fact:{number}:{}", field.as_str());
            let principal = Principal::system(tenant_id.clone());
            dispatcher
                .dispatch(&request(principal, &key, name, body, at))
                .await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_rests_on_words_that_were_written_and_only_weak_ones_are_judged() {
        for inquiry in &INQUIRIES {
            for found in inquiry.facts {
                assert!(inquiry.text.contains(found.quote), "{}", found.quote);
                let is_weak = found.percent < domain::facts::SURE_FROM_PERCENT;
                assert!(is_weak || found.decision.is_none(), "{}", found.quote);
            }
        }
    }
}
