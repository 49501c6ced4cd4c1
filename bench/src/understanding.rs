//! How well the rules of the booking conversation understand: labelled conversations, and of what they read in them the
//! share that is right (precision) and the share of what is there that they read (recall).

use domain::booking_talk::draft::Draft;
use domain::booking_talk::intents;
use domain::booking_talk::{KnownPerson, Talk, understand};
use domain::slots::{Slot, parse_date};
use domain::tenants::settings::{Settings, ZoneArea};
use domain::values::ServiceZone;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Result;
use crate::report::Row;

/// Conversations with what is said in them, made up for this.
const LABELLED: &str = include_str!("../data/booking_talk.json");
/// What is promised: a wrong reading is worse than none, for a missing one is asked for.
const PRECISION_FLOOR: f64 = 0.9;
const RECALL_FLOOR: f64 = 0.75;

#[derive(Deserialize)]
struct Labelled {
    today: String,
    slots: Vec<String>,
    postcodes: Vec<String>,
    conversations: Vec<Conversation>,
    intents: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Conversation {
    said: Vec<String>,
    expects: Map<String, Value>,
}

#[derive(Deserialize)]
struct Wanted {
    said: String,
    expects: String,
}

/// What was read rightly, wrongly, and not at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    right: f64,
    wrong: f64,
    missed: f64,
}

impl Score {
    pub fn precision(self) -> f64 {
        self.right / (self.right + self.wrong).max(1.0)
    }

    pub fn recall(self) -> f64 {
        self.right / (self.right + self.missed).max(1.0)
    }

    fn note(&mut self, read: Option<&Value>, labelled: Option<&Value>) {
        match (read, labelled) {
            (Some(read), Some(label)) if read == label => self.right += 1.0,
            (Some(_), Some(_)) => {
                self.wrong += 1.0;
                self.missed += 1.0;
            }
            (Some(_), None) => self.wrong += 1.0,
            (None, Some(_)) => self.missed += 1.0,
            (None, None) => {}
        }
    }
}

/// The rows of both scores: of what a booking needs, and of what messages want.
pub fn rows() -> Result<Vec<Row>> {
    let (slots, intents) = score()?;
    Ok([("details", slots), ("intents", intents)]
        .into_iter()
        .flat_map(|(what, score)| {
            [
                (
                    format!("rules: precision of {what}"),
                    score.precision(),
                    PRECISION_FLOOR,
                ),
                (
                    format!("rules: recall of {what}"),
                    score.recall(),
                    RECALL_FLOOR,
                ),
            ]
        })
        .map(|(name, share, floor)| Row {
            name,
            unit: "share",
            ours: (share * 1_000.0).round() / 1_000.0,
            other: 1.0,
            ratio: (share * 1_000.0).round() / 1_000.0,
            target: Some(floor),
            holds: share >= floor,
            note: "the labels of bench/data/booking_talk.json".to_owned(),
        })
        .collect())
}

/// The scores of details and of intents.
pub fn score() -> Result<(Score, Score)> {
    let labelled: Labelled = serde_json::from_str(LABELLED)?;
    let today = parse_date(&labelled.today)?;
    let settings = Settings {
        slots: labelled
            .slots
            .iter()
            .map(|slot| Slot::parse(slot))
            .collect::<std::result::Result<_, _>>()?,
        zones: vec![ZoneArea {
            zone: ServiceZone::parse("central")?,
            postcodes: labelled.postcodes,
        }],
        ..Settings::default()
    };
    let mut details = Score::default();
    for conversation in &labelled.conversations {
        let talk = Talk {
            business: "",
            settings: &settings,
            price_book: None,
            today,
            heard: &conversation.said,
            draft: Draft::default(),
            known: KnownPerson::default(),
            results: &[],
        };
        let read = serde_json::to_value(understand(&talk).0)?;
        for name in [
            "date",
            "slot",
            "adults",
            "kids",
            "address",
            "postcode",
            "first_name",
            "last_name",
            "email",
            "phone",
        ] {
            let read = read.get(name).filter(|value| !value.is_null());
            details.note(read, conversation.expects.get(name));
        }
    }
    let mut wants = Score::default();
    for wanted in &labelled.intents {
        let read = intents::of(&wanted.said).map(|intent| snake_case(&format!("{intent:?}")));
        let read = read.map(Value::String);
        wants.note(read.as_ref(), Some(&Value::String(wanted.expects.clone())));
    }
    Ok((details, wants))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_understand_as_much_as_is_promised() {
        for row in rows().unwrap() {
            assert!(row.holds, "{}: {}", row.name, row.ours);
        }
    }
}
