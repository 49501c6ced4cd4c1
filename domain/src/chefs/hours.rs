//! A chef's weekly working hours, in the tenant's local time.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Date;

use crate::refusal::{Problems, Refusal};
use crate::slots::{MINUTES_A_DAY, Slot};

/// The most stretches of work on one day.
pub const MAX_STRETCHES_A_DAY: usize = 6;

/// A day of the week.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<time::Weekday> for Weekday {
    fn from(weekday: time::Weekday) -> Self {
        match weekday {
            time::Weekday::Monday => Self::Monday,
            time::Weekday::Tuesday => Self::Tuesday,
            time::Weekday::Wednesday => Self::Wednesday,
            time::Weekday::Thursday => Self::Thursday,
            time::Weekday::Friday => Self::Friday,
            time::Weekday::Saturday => Self::Saturday,
            time::Weekday::Sunday => Self::Sunday,
        }
    }
}

/// One stretch of work. It runs past midnight when `to` is not after `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    pub from: Slot,
    pub to: Slot,
}

impl Stretch {
    fn minutes(self) -> (u32, u32) {
        let (from, to) = (
            u32::from(self.from.minute_of_day()),
            u32::from(self.to.minute_of_day()),
        );
        (
            from,
            if to > from {
                to
            } else {
                to + u32::from(MINUTES_A_DAY)
            },
        )
    }

    fn covers(self, start: u32, end: u32) -> bool {
        let (from, to) = self.minutes();
        from <= start && end <= to
    }
}

/// What a chef works in a week; a day that is not listed is free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct WeeklyHours(BTreeMap<Weekday, Vec<Stretch>>);

impl WeeklyHours {
    /// Refuses stretches of one day that overlap, all at once.
    pub fn new(days: BTreeMap<Weekday, Vec<Stretch>>) -> Result<Self, Refusal> {
        let hours = Self(days);
        hours.check()?;
        Ok(hours)
    }

    /// The same check for hours that came in through a schema.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut problems = Problems::default();
        for (weekday, stretches) in &self.0 {
            let pointer = format!("/{}", format!("{weekday:?}").to_lowercase());
            if stretches.len() > MAX_STRETCHES_A_DAY {
                problems.add(
                    &pointer,
                    "list-too-long",
                    format!("at most {MAX_STRETCHES_A_DAY} stretches"),
                );
            }
            let mut spans: Vec<_> = stretches.iter().map(|stretch| stretch.minutes()).collect();
            spans.sort_unstable();
            if spans.windows(2).any(|pair| pair[1].0 < pair[0].1) {
                problems.add(
                    &pointer,
                    "hours-overlap",
                    "stretches of one day must not overlap",
                );
            }
        }
        problems.finish()
    }

    /// Whether a party of `party_minutes` that starts at `slot` on `date` lies within one stretch, of that day or of
    /// the evening before.
    pub fn cover(&self, date: Date, slot: Slot, party_minutes: u16) -> bool {
        let start = u32::from(slot.minute_of_day());
        let end = start + u32::from(party_minutes);
        let of = |date: Date| self.0.get(&date.weekday().into()).into_iter().flatten();
        let day = u32::from(MINUTES_A_DAY);
        let past_midnight = date
            .previous_day()
            .is_some_and(|before| of(before).any(|stretch| stretch.covers(start + day, end + day)));
        past_midnight || of(date).any(|stretch| stretch.covers(start, end))
    }

    /// Stretches by day.
    pub fn days(&self) -> &BTreeMap<Weekday, Vec<Stretch>> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn slot(text: &str) -> Slot {
        Slot::parse(text).unwrap()
    }

    fn hours(days: &[(Weekday, &[(&str, &str)])]) -> Result<WeeklyHours, Refusal> {
        let stretch = |(from, to): &(&str, &str)| Stretch {
            from: slot(from),
            to: slot(to),
        };
        WeeklyHours::new(
            days.iter()
                .map(|(day, spans)| (*day, spans.iter().map(stretch).collect()))
                .collect(),
        )
    }

    #[test]
    fn a_party_must_end_before_work_does() {
        let hours = hours(&[(Weekday::Saturday, &[("12:00", "20:00")])]).unwrap();
        let saturday = date!(2026 - 03 - 14);
        assert!(hours.cover(saturday, slot("18:00"), 120));
        assert!(!hours.cover(saturday, slot("18:30"), 120));
        assert!(!hours.cover(date!(2026 - 03 - 15), slot("18:00"), 120));
    }

    #[test]
    fn work_may_run_past_midnight() {
        let hours = hours(&[(Weekday::Friday, &[("17:00", "02:00")])]).unwrap();
        assert!(hours.cover(date!(2026 - 03 - 13), slot("23:00"), 120));
        assert!(hours.cover(date!(2026 - 03 - 14), slot("00:00"), 120));
        assert!(!hours.cover(date!(2026 - 03 - 14), slot("01:00"), 120));
    }

    #[test]
    fn until_midnight_is_written_as_midnight() {
        let hours = hours(&[(Weekday::Friday, &[("17:00", "00:00")])]).unwrap();
        assert!(hours.cover(date!(2026 - 03 - 13), slot("22:00"), 120));
    }

    #[test]
    fn overlapping_stretches_are_refused_by_day() {
        let refusal =
            hours(&[(Weekday::Monday, &[("10:00", "14:00"), ("13:00", "18:00")])]).unwrap_err();
        assert_eq!(refusal.errors[0].pointer, "/monday");
    }

    #[test]
    fn hours_travel_by_the_name_of_the_day() {
        let hours = hours(&[(Weekday::Sunday, &[("10:00", "14:00")])]).unwrap();
        assert_eq!(
            serde_json::to_string(&hours).unwrap(),
            r#"{"sunday":[{"from":"10:00","to":"14:00"}]}"#
        );
    }
}
