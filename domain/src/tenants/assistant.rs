//! How a tenant's assistant works: which model it asks, what that is told beforehand, how much it may use, and when it may
//! answer by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::chefs::hours::WeeklyHours;
use crate::refusal::Problems;
use crate::values::bounded_text;
use crate::zones::{TimeZoneName, local_date, local_slot};

pub const MAX_INSTRUCTIONS_CHARS: usize = 8_000;
pub const MAX_MODEL_CHARS: usize = 100;
pub const MAX_LANGUAGE_CHARS: usize = 35;
/// The most rounds of asking a model and using its tools.
pub const MAX_ROUNDS: u32 = 12;
pub const MAX_OUTPUT_TOKENS: u32 = 4_096;
/// The most tokens of one run, over all of its attempts.
pub const MAX_RUN_TOKENS: u64 = 500_000;
/// The highest temperature, in hundredths.
pub const MAX_TEMPERATURE_PERCENT: u16 = 200;

/// A tenant's assistant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Assistant {
    /// Counts the changes.
    pub version: u32,
    /// Instead of the provider's usual one.
    pub model: Option<String>,
    /// In hundredths: 20 is a temperature of 0.2.
    pub temperature_percent: Option<u16>,
    pub max_output_tokens: u32,
    pub max_rounds: u32,
    pub max_tokens: u64,
    /// What the tenant tells the model beside our own rules.
    pub instructions: Option<String>,
    /// A BCP 47 tag; that of the customer where none is set. Rules speak English.
    pub language: Option<String>,
    pub answers: AnswersWhen,
    /// When people of the tenant's are there, by its own clock.
    pub hours: WeeklyHours,
    /// US cents for a million tokens, where the model's price is not known to us.
    pub input_price_cents: Option<u32>,
    pub output_price_cents: Option<u32>,
}

/// When the assistant answers by itself in threads that are `auto`; else it suggests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswersWhen {
    #[default]
    Always,
    /// Only while nobody is there.
    OffHours,
}

impl Default for Assistant {
    fn default() -> Self {
        Self {
            version: 0,
            model: None,
            temperature_percent: None,
            max_output_tokens: 600,
            max_rounds: 6,
            max_tokens: 60_000,
            instructions: None,
            language: None,
            answers: AnswersWhen::default(),
            hours: WeeklyHours::default(),
            input_price_cents: None,
            output_price_cents: None,
        }
    }
}

impl Assistant {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it may answer by itself at this moment.
    pub fn may_answer(&self, time_zone: &TimeZoneName, now: OffsetDateTime) -> bool {
        let (date, slot) = (local_date(time_zone, now), local_slot(time_zone, now));
        match self.answers {
            AnswersWhen::Always => true,
            AnswersWhen::OffHours => !self.hours.cover(date, slot, 1),
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let at = |field: &str| format!("/assistant/{field}");
        let texts = [
            ("model", &self.model, MAX_MODEL_CHARS),
            ("instructions", &self.instructions, MAX_INSTRUCTIONS_CHARS),
            ("language", &self.language, MAX_LANGUAGE_CHARS),
        ];
        for (field, text, max_chars) in texts {
            if let Some(text) = text {
                problems.check(&at(field), bounded_text(text, max_chars));
            }
        }
        let numbers = [
            (
                "temperature_percent",
                u64::from(self.temperature_percent.unwrap_or(0)),
                (0, u64::from(MAX_TEMPERATURE_PERCENT)),
            ),
            (
                "max_output_tokens",
                u64::from(self.max_output_tokens),
                (16, u64::from(MAX_OUTPUT_TOKENS)),
            ),
            (
                "max_rounds",
                u64::from(self.max_rounds),
                (1, u64::from(MAX_ROUNDS)),
            ),
            ("max_tokens", self.max_tokens, (100, MAX_RUN_TOKENS)),
        ];
        for (field, number, (least, most)) in numbers {
            if !(least..=most).contains(&number) {
                let message = format!("between {least} and {most}");
                problems.add(&at(field), "number-out-of-range", message);
            }
        }
        problems.check(&at("hours"), self.hours.check());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use time::macros::datetime;

    use super::*;
    use crate::chefs::hours::{Stretch, Weekday};
    use crate::slots::Slot;

    #[test]
    fn off_hours_are_those_in_which_nobody_is_there() {
        let stretch = Stretch {
            from: Slot::parse("09:00").unwrap(),
            to: Slot::parse("17:00").unwrap(),
        };
        let days = BTreeMap::from([(Weekday::Monday, vec![stretch])]);
        let assistant = Assistant {
            answers: AnswersWhen::OffHours,
            hours: WeeklyHours::new(days).unwrap(),
            ..Assistant::default()
        };
        let time_zone = TimeZoneName::parse("America/Los_Angeles").unwrap();
        // A Monday in winter: eight hours behind UTC.
        assert!(!assistant.may_answer(&time_zone, datetime!(2026-01-05 18:00 UTC)));
        assert!(assistant.may_answer(&time_zone, datetime!(2026-01-05 16:00 UTC)));
        assert!(assistant.may_answer(&time_zone, datetime!(2026-01-06 18:00 UTC)));
        assert!(Assistant::default().may_answer(&time_zone, datetime!(2026-01-05 18:00 UTC)));
    }
}
