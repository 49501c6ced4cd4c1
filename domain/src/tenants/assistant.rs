//! How a tenant's assistant works: which model it asks, what that is told beforehand, how much it may use, and when it may
//! answer by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::chefs::hours::WeeklyHours;
use crate::refusal::Problems;
use crate::slots::Slot;
use crate::values::bounded_text;
use crate::zones::{TimeZoneName, local_date, local_slot, starts_at};

pub const MAX_INSTRUCTIONS_CHARS: usize = 8_000;
pub const MAX_MODEL_CHARS: usize = 100;
pub const MAX_LANGUAGE_CHARS: usize = 35;
/// The most rounds of asking a model and using its tools.
pub const MAX_ROUNDS: u32 = 12;
pub const MAX_OUTPUT_TOKENS: u32 = 4_096;
/// The most tokens of one run, over all of its attempts.
pub const MAX_RUN_TOKENS: u64 = 500_000;
/// The largest budget of a day.
pub const MAX_DAY_TOKENS: u64 = 1_000_000_000;
pub const MAX_DAY_CENTS: u32 = 10_000_000;
/// Budgets of a day, as they are counted.
pub const DAY_TOKENS: &str = "assistant-tokens-per-day";
pub const DAY_MICROS: &str = "assistant-micros-per-day";
const MICROS_A_CENT: u64 = 10_000;
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
    /// Of all runs of one day by the tenant's calendar; a run that has begun a call ends it.
    pub max_tokens_per_day: Option<u64>,
    /// US cents of the same.
    pub max_cents_per_day: Option<u32>,
    /// Who looks for facts when a conversation is closed.
    pub facts: FactsBy,
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

/// Who looks for facts about the customer in a conversation that is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactsBy {
    /// The tenant's language model, or rules where there is none.
    #[default]
    Model,
    /// Rules of ours, which cost nothing.
    Rules,
    /// Nobody, unless somebody asks for it.
    Off,
}

/// What the assistant has used of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsedToday {
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub cost_micros: u64,
}

/// The moment at which the day of `now` began for the tenant, which its budget is counted from.
pub fn day_began(time_zone: &TimeZoneName, now: OffsetDateTime) -> OffsetDateTime {
    let day = local_date(time_zone, now);
    // Where clocks go forward over midnight, the day begins an hour later.
    starts_at(time_zone, day, Slot::default()).unwrap_or_else(|_| day.midnight().assume_utc())
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
            max_tokens_per_day: None,
            max_cents_per_day: None,
            facts: FactsBy::default(),
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

    /// Millionths of a US dollar that a day may cost; `None` without a limit.
    pub fn max_micros_per_day(&self) -> Option<u64> {
        let cents = self.max_cents_per_day.map(u64::from);
        cents.map(|cents| cents.saturating_mul(MICROS_A_CENT))
    }

    /// Whether nothing more may be asked of a model today.
    pub fn is_used_up(&self, used: UsedToday) -> bool {
        let is_reached = |allowed: Option<u64>, used: u64| allowed.is_some_and(|most| used >= most);
        is_reached(self.max_tokens_per_day, used.tokens)
            || is_reached(self.max_micros_per_day(), used.cost_micros)
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
            (
                "max_tokens_per_day",
                self.max_tokens_per_day.unwrap_or(0),
                (0, MAX_DAY_TOKENS),
            ),
            (
                "max_cents_per_day",
                u64::from(self.max_cents_per_day.unwrap_or(0)),
                (0, u64::from(MAX_DAY_CENTS)),
            ),
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

    #[test]
    fn a_day_is_used_up_by_tokens_or_by_money_and_begins_where_the_business_is() {
        let used = UsedToday {
            tokens: 1_000,
            cost_micros: 20_000,
        };
        assert!(!Assistant::default().is_used_up(used));
        for (tokens, cents, is_used_up) in [
            (Some(1_001), Some(3), false),
            (Some(1_000), None, true),
            (None, Some(2), true),
            (Some(0), None, true),
        ] {
            let assistant = Assistant {
                max_tokens_per_day: tokens,
                max_cents_per_day: cents,
                ..Assistant::default()
            };
            assert_eq!(
                assistant.is_used_up(used),
                is_used_up,
                "{tokens:?} {cents:?}"
            );
        }
        let time_zone = TimeZoneName::parse("America/Los_Angeles").unwrap();
        let began = day_began(&time_zone, datetime!(2026-01-06 07:59 UTC));
        assert_eq!(began, datetime!(2026-01-05 08:00 UTC));
    }
}
