//! Slots: the times of day at which a tenant's parties start, and the instants that they mean on a given date. Dates
//! are kept as `YYYY-MM-DD` in every event.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};

use crate::refusal::Refusal;
use crate::zones::{self, TimeZoneName};

time::serde::format_description!(pub iso_date, Date, "[year]-[month]-[day]");

/// The most slots a tenant offers on one day.
pub const MAX_SLOTS: usize = 12;
/// The most days in one range of dates.
pub const MAX_RANGE_DAYS: i64 = 366;
pub const MINUTES_A_DAY: u16 = 24 * 60;

/// A local time of day, `HH:MM`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Slot {
    minute_of_day: u16,
}

impl Slot {
    /// Reads `HH:MM` between `00:00` and `23:59`, two digits each.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = || Refusal::invalid("slot-invalid", "a slot is a time of day such as 18:00");
        let (hour, minute) = text.split_once(':').ok_or_else(refuse)?;
        let two_digits = |part: &str| {
            let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            plain
                .then(|| part.parse::<u16>().ok())
                .flatten()
                .ok_or_else(refuse)
        };
        let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
        if hour > 23 || minute > 59 {
            return Err(refuse());
        }
        Ok(Self {
            minute_of_day: hour * 60 + minute,
        })
    }

    pub fn minute_of_day(self) -> u16 {
        self.minute_of_day
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:02}:{:02}",
            self.minute_of_day / 60,
            self.minute_of_day % 60
        )
    }
}

impl TryFrom<String> for Slot {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> Self {
        slot.to_string()
    }
}

impl schemars::JsonSchema for Slot {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Slot".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" })
    }
}

/// A slot on a date, as instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotTime {
    pub slot: Slot,
    pub starts_at: OffsetDateTime,
    pub ends_at: OffsetDateTime,
}

/// Reads a calendar date, `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Result<Date, Refusal> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(text, format).map_err(|_| {
        Refusal::invalid(
            "date-invalid",
            "a date is a day of the calendar such as 2026-03-14",
        )
    })
}

/// Refuses a list of slots in which a party of `party_minutes` would still sit when the next one starts, the first slot
/// of the next day included.
pub fn check_no_overlap(slots: &[Slot], party_minutes: u16) -> Result<(), Refusal> {
    let mut starts: Vec<u32> = slots
        .iter()
        .map(|slot| u32::from(slot.minute_of_day))
        .collect();
    starts.sort_unstable();
    if let Some(first) = starts.first().copied() {
        starts.push(first + u32::from(MINUTES_A_DAY));
    }
    if starts
        .windows(2)
        .all(|pair| pair[1] - pair[0] >= u32::from(party_minutes))
    {
        return Ok(());
    }
    let detail =
        format!("slots must lie at least {party_minutes} minutes apart, the length of a party");
    Err(Refusal::invalid("slots-overlap", detail))
}

/// The slots that `date` really has: those that a clock change skips are left out, and so is one that would start
/// before the party of the slot before it is over.
pub fn slots_on(
    time_zone: &TimeZoneName,
    slots: &[Slot],
    party_minutes: u16,
    date: Date,
) -> Vec<SlotTime> {
    let mut sorted = slots.to_vec();
    sorted.sort_unstable();
    let length = Duration::minutes(i64::from(party_minutes));
    let mut open: Vec<SlotTime> = Vec::with_capacity(sorted.len() + 1);
    // The last party of the evening before may reach past a clock change at midnight.
    if let (Some(last), Some(day_before)) = (sorted.last(), date.previous_day())
        && let Ok(starts_at) = zones::starts_at(time_zone, day_before, *last)
    {
        open.push(SlotTime {
            slot: *last,
            starts_at,
            ends_at: starts_at + length,
        });
    }
    let evening_before = open.len();
    for slot in sorted {
        let Ok(starts_at) = zones::starts_at(time_zone, date, slot) else {
            continue;
        };
        if open.last().is_none_or(|before| before.ends_at <= starts_at) {
            open.push(SlotTime {
                slot,
                starts_at,
                ends_at: starts_at + length,
            });
        }
    }
    open.split_off(evening_before)
}

/// Days of the calendar from `from` to `to`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DateRange {
    #[serde(with = "iso_date")]
    pub from: Date,
    #[serde(with = "iso_date")]
    pub to: Date,
}

impl DateRange {
    pub fn new(from: Date, to: Date) -> Result<Self, Refusal> {
        if to < from {
            return Err(Refusal::invalid(
                "date-range-reversed",
                "a range of dates ends on or after its first day",
            ));
        }
        let range = Self { from, to };
        if range.day_count() > MAX_RANGE_DAYS {
            let detail = format!("a range of dates has at most {MAX_RANGE_DAYS} days");
            return Err(Refusal::invalid("date-range-too-long", detail));
        }
        Ok(range)
    }

    pub fn contains(&self, date: Date) -> bool {
        self.from <= date && date <= self.to
    }

    pub fn day_count(&self) -> i64 {
        (self.to - self.from).whole_days() + 1
    }

    pub fn days(self) -> impl Iterator<Item = Date> {
        std::iter::successors(Some(self.from), |date| date.next_day())
            .take_while(move |date| *date <= self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn slots(texts: &[&str]) -> Vec<Slot> {
        texts
            .iter()
            .map(|text| Slot::parse(text).unwrap())
            .collect()
    }

    #[test]
    fn a_slot_is_two_digits_colon_two_digits() {
        assert_eq!(Slot::parse("18:00").unwrap().to_string(), "18:00");
        for text in [
            "",
            "1800",
            "6:00",
            "24:00",
            "18:60",
            "18:0",
            "+1:00",
            "18:00:00",
            "١٨:٠٠",
        ] {
            assert_eq!(
                Slot::parse(text).unwrap_err().code,
                "slot-invalid",
                "{text:?}"
            );
        }
    }

    #[test]
    fn slots_and_dates_travel_as_text() {
        assert_eq!(
            serde_json::to_string(&slots(&["18:00"])).unwrap(),
            "[\"18:00\"]"
        );
        let range = DateRange::new(date!(2026 - 03 - 14), date!(2026 - 03 - 15)).unwrap();
        assert_eq!(
            serde_json::to_string(&range).unwrap(),
            r#"{"from":"2026-03-14","to":"2026-03-15"}"#
        );
    }

    #[test]
    fn a_date_must_stand_in_the_calendar() {
        assert_eq!(parse_date("2028-02-29").unwrap(), date!(2028 - 02 - 29));
        for text in ["2026-02-29", "2026-13-01", "14.03.2026", "2026-3-14", ""] {
            assert_eq!(
                parse_date(text).unwrap_err().code,
                "date-invalid",
                "{text:?}"
            );
        }
    }

    #[test]
    fn slots_closer_than_a_party_overlap() {
        check_no_overlap(&slots(&["12:00", "15:00", "18:00", "21:00"]), 120).unwrap();
        check_no_overlap(&slots(&["18:00", "16:00"]), 120).unwrap();
        assert_eq!(
            check_no_overlap(&slots(&["12:00", "13:30"]), 120)
                .unwrap_err()
                .code,
            "slots-overlap"
        );
        assert_eq!(
            check_no_overlap(&slots(&["18:00", "18:00"]), 60)
                .unwrap_err()
                .code,
            "slots-overlap"
        );
    }

    #[test]
    fn the_last_party_of_a_day_must_not_meet_the_first_of_the_next() {
        assert_eq!(
            check_no_overlap(&slots(&["00:30", "23:00"]), 120)
                .unwrap_err()
                .code,
            "slots-overlap"
        );
    }

    #[test]
    fn a_slot_means_an_instant_in_the_tenants_zone() {
        let zone = TimeZoneName::parse("America/Los_Angeles").unwrap();
        let day = slots_on(
            &zone,
            &slots(&["21:00", "18:00"]),
            120,
            date!(2026 - 03 - 14),
        );
        assert_eq!(day[0].starts_at, datetime!(2026-03-15 01:00 UTC));
        assert_eq!(day[1].ends_at, datetime!(2026-03-15 06:00 UTC));
    }

    #[test]
    fn a_clock_change_takes_out_the_slots_it_skips_or_crowds() {
        let zone = TimeZoneName::parse("America/Los_Angeles").unwrap();
        let day = slots_on(
            &zone,
            &slots(&["01:00", "02:30", "03:00", "05:00"]),
            90,
            date!(2026 - 03 - 08),
        );
        // 02:30 does not exist, and 03:00 comes one hour after 01:00.
        assert_eq!(
            day.iter()
                .map(|open| open.slot.to_string())
                .collect::<Vec<_>>(),
            ["01:00", "05:00"]
        );
    }

    #[test]
    fn a_range_of_dates_counts_both_ends() {
        let range = DateRange::new(date!(2026 - 02 - 27), date!(2026 - 03 - 01)).unwrap();
        assert_eq!(range.day_count(), 3);
        assert_eq!(range.days().count(), 3);
        assert!(range.contains(date!(2026 - 02 - 28)));
        assert_eq!(
            DateRange::new(range.to, range.from).unwrap_err().code,
            "date-range-reversed"
        );
    }
}
