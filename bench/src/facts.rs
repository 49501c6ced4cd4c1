//! How well rules find facts in conversations: of what they find in labelled ones the share that is right (precision), the
//! share of what is there that they find (recall), and whether every quote stands in its message.

use domain::booking_talk::facts::{Spoken, SpokenBy, extract};
use domain::slots::parse_date;
use domain::tenants::settings::{Settings, ZoneArea};
use domain::values::ServiceZone;
use serde::Deserialize;
use serde_json::Value;

use crate::Result;
use crate::report::Row;

/// Conversations with what is to be found in them, made up for this; `>` begins what the business says.
const LABELLED: &str = include_str!("../data/facts.json");
/// What is promised: a wrong fact is worse than none.
const PRECISION_FLOOR: f64 = 0.9;
const RECALL_FLOOR: f64 = 0.75;

#[derive(Deserialize)]
struct Labelled {
    today: String,
    postcodes: Vec<String>,
    conversations: Vec<Conversation>,
}

#[derive(Deserialize)]
struct Conversation {
    said: Vec<String>,
    expects: Vec<(String, Value)>,
}

/// Facts that were found rightly, wrongly, and not at all, and quotes that stand nowhere.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    right: f64,
    wrong: f64,
    missed: f64,
    unquoted: f64,
}

/// The rows of the score.
pub fn rows() -> Result<Vec<Row>> {
    let score = score()?;
    let found = score.right + score.wrong;
    let shares = [
        ("precision", score.right / found.max(1.0), PRECISION_FLOOR),
        (
            "recall",
            score.right / (score.right + score.missed).max(1.0),
            RECALL_FLOOR,
        ),
        ("quotes", 1.0 - score.unquoted / found.max(1.0), 1.0),
    ];
    let rows = shares.into_iter().map(|(what, share, floor)| {
        let ours = (share * 1_000.0).round() / 1_000.0;
        Row {
            name: format!("rules: {what} of facts"),
            unit: "share",
            ours,
            other: 1.0,
            ratio: ours,
            target: Some(floor),
            holds: share >= floor,
            note: "the labels of bench/data/facts.json".to_owned(),
        }
    });
    Ok(rows.collect())
}

fn score() -> Result<Score> {
    let labelled: Labelled = serde_json::from_str(LABELLED)?;
    let today = parse_date(&labelled.today)?;
    let settings = Settings {
        zones: vec![ZoneArea {
            zone: ServiceZone::parse("central")?,
            postcodes: labelled.postcodes,
        }],
        ..Settings::default()
    };
    let mut score = Score::default();
    for conversation in &labelled.conversations {
        let spoken: Vec<Spoken> = conversation
            .said
            .iter()
            .enumerate()
            .map(|(index, line)| Spoken {
                message_id: index.to_string(),
                by: match line.starts_with('>') {
                    true => SpokenBy::Us,
                    false => SpokenBy::Customer,
                },
                text: line.trim_start_matches("> ").to_owned(),
                day: today,
            })
            .collect();
        let found = extract(&spoken, &settings);
        let mut expected = conversation.expects.clone();
        for fact in &found {
            let read = (fact.field.as_str().to_owned(), fact.value.clone());
            match expected.iter().position(|label| *label == read) {
                Some(index) => {
                    expected.remove(index);
                    score.right += 1.0;
                }
                None => score.wrong += 1.0,
            }
            let message = spoken
                .iter()
                .find(|said| said.message_id == fact.message_id);
            let is_quoted = message.is_some_and(|said| said.text.contains(&fact.quote));
            score.unquoted += if is_quoted { 0.0 } else { 1.0 };
        }
        score.missed += expected.iter().map(|_| 1.0).sum::<f64>();
    }
    Ok(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_find_as_much_as_is_promised() {
        for row in rows().unwrap() {
            assert!(row.holds, "{}: {}", row.name, row.ours);
        }
    }
}
