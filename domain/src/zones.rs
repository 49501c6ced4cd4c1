//! Time zones: the only file that knows the zone database (jiff, bundled with the program, so that every machine agrees
//! on when 18:00 is). The rest of the product holds UTC instants and calendar dates of `time`.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime};

use crate::refusal::Refusal;
use crate::slots::Slot;

/// The zone of a tenant or customer that names none.
pub const DEFAULT_TIME_ZONE: &str = "America/Los_Angeles";

/// An IANA time zone name that the database knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TimeZoneName(#[schemars(length(min = 1, max = 64))] String);

impl TimeZoneName {
    pub fn parse(name: &str) -> Result<Self, Refusal> {
        let known = TimeZone::get(name).ok();
        let canonical = known.as_ref().and_then(|zone| zone.iana_name());
        canonical
            .map(|name| Self(name.to_owned()))
            .ok_or_else(|| unknown_zone(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn zone(&self) -> Result<TimeZone, Refusal> {
        TimeZone::get(&self.0).map_err(|_| unknown_zone(&self.0))
    }
}

impl Default for TimeZoneName {
    fn default() -> Self {
        Self(DEFAULT_TIME_ZONE.to_owned())
    }
}

/// The instant (UTC) at which `slot` begins on `date`. A time that a clock change skips is refused
/// (`slot-does-not-exist`); of a time that comes twice, the first is meant.
pub fn starts_at(
    time_zone: &TimeZoneName,
    date: Date,
    slot: Slot,
) -> Result<OffsetDateTime, Refusal> {
    let out_of_range =
        || Refusal::invalid("date-invalid", "the date lies outside the calendar we keep");
    let year = i16::try_from(date.year()).map_err(|_| out_of_range())?;
    let month = i8::try_from(u8::from(date.month())).map_err(|_| out_of_range())?;
    let day = i8::try_from(date.day()).map_err(|_| out_of_range())?;
    let hour = i8::try_from(slot.minute_of_day() / 60).map_err(|_| out_of_range())?;
    let minute = i8::try_from(slot.minute_of_day() % 60).map_err(|_| out_of_range())?;
    let local =
        civil::DateTime::new(year, month, day, hour, minute, 0, 0).map_err(|_| out_of_range())?;
    let ambiguous = time_zone.zone()?.to_ambiguous_timestamp(local);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        let detail = format!(
            "{date} has no {slot} in {}: clocks go forward over it",
            time_zone.as_str()
        );
        return Err(Refusal::invalid("slot-does-not-exist", detail));
    }
    let instant = ambiguous.earlier().map_err(|_| out_of_range())?;
    OffsetDateTime::from_unix_timestamp(instant.as_second()).map_err(|_| out_of_range())
}

/// The calendar date of `instant` where `time_zone` holds.
pub fn local_date(time_zone: &TimeZoneName, instant: OffsetDateTime) -> Date {
    let local = local_time(time_zone, instant);
    let month = u8::try_from(local.month())
        .ok()
        .and_then(|month| Month::try_from(month).ok());
    let day = u8::try_from(local.day()).ok();
    let date = month.zip(day).and_then(|(month, day)| {
        Date::from_calendar_date(i32::from(local.year()), month, day).ok()
    });
    date.unwrap_or_else(|| instant.date())
}

/// The local time of day of `instant`, to the minute.
pub fn local_slot(time_zone: &TimeZoneName, instant: OffsetDateTime) -> Slot {
    let local = local_time(time_zone, instant);
    Slot::parse(&local.strftime("%H:%M").to_string()).unwrap_or_default()
}

/// `Saturday, 14 March 2026 at 18:00 PDT`, as letters to people write it.
pub fn format_instant(time_zone: &TimeZoneName, instant: OffsetDateTime) -> String {
    let zone = time_zone.zone().unwrap_or(TimeZone::UTC);
    timestamp(instant)
        .to_zoned(zone)
        .strftime("%A, %-d %B %Y at %H:%M %Z")
        .to_string()
}

fn local_time(time_zone: &TimeZoneName, instant: OffsetDateTime) -> civil::DateTime {
    time_zone
        .zone()
        .unwrap_or(TimeZone::UTC)
        .to_datetime(timestamp(instant))
}

/// Both libraries cover the same years, but for the last moments of the year 9999.
fn timestamp(instant: OffsetDateTime) -> Timestamp {
    Timestamp::from_second(instant.unix_timestamp()).unwrap_or(Timestamp::MAX)
}

fn unknown_zone(name: &str) -> Refusal {
    let detail =
        format!("{name:?} is not a time zone of the IANA database, such as {DEFAULT_TIME_ZONE}");
    Refusal::invalid("time-zone-unknown", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::{date, datetime};

    /// Zones of both hemispheres, with half-hour and midnight changes, and with a calendar day skipped.
    const ZONES: [&str; 16] = [
        "America/Los_Angeles",
        "America/New_York",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Havana",
        "America/Santiago",
        "Europe/Berlin",
        "Europe/London",
        "Europe/Lisbon",
        "Asia/Beirut",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "Pacific/Apia",
    ];

    fn zone(name: &str) -> TimeZoneName {
        TimeZoneName::parse(name).unwrap()
    }

    /// Every clock change of `name` between 2011 and 2033.
    fn changes(name: &str) -> Vec<OffsetDateTime> {
        let end: Timestamp = "2033-01-01T00:00:00Z".parse().unwrap();
        let start: Timestamp = "2011-01-01T00:00:00Z".parse().unwrap();
        TimeZone::get(name)
            .unwrap()
            .following(start)
            .take_while(|change| change.timestamp() < end)
            .map(|change| {
                OffsetDateTime::from_unix_timestamp(change.timestamp().as_second()).unwrap()
            })
            .collect()
    }

    #[test]
    fn every_instant_around_every_clock_change_comes_back_as_itself_or_its_first_twin() {
        let mut checked = 0;
        for name in ZONES {
            let zone = zone(name);
            for change in changes(name) {
                for minutes in (-180..=180).step_by(5).chain([-61, -31, -1, 1, 29, 59]) {
                    let instant = change + Duration::minutes(minutes);
                    let (date, slot) = (local_date(&zone, instant), local_slot(&zone, instant));
                    let found = starts_at(&zone, date, slot).unwrap();
                    assert_eq!(
                        (local_date(&zone, found), local_slot(&zone, found)),
                        (date, slot),
                        "{name} {instant}"
                    );
                    assert!(
                        found <= instant,
                        "{name}: {date} {slot} must mean its first occurrence"
                    );
                    if found < instant {
                        assert!(
                            found < change && change <= instant,
                            "{name}: only a clock change repeats a time"
                        );
                    }
                    checked += 1;
                }
            }
        }
        assert!(checked > 20_000, "{checked}");
    }

    #[test]
    fn exactly_the_local_times_that_no_instant_has_are_refused() {
        for name in ZONES {
            let zone = zone(name);
            for change in changes(name) {
                // Walk the local clock over the change: what the instants show exists, all between does not.
                let (before, after) = (change - Duration::minutes(1), change);
                let wall = |instant| (local_date(&zone, instant), local_slot(&zone, instant));
                let (last, first) = (wall(before), wall(after));
                let mut walk = next_minute(last);
                while walk < first {
                    let refusal = starts_at(&zone, walk.0, walk.1).unwrap_err();
                    assert_eq!(refusal.code, "slot-does-not-exist", "{name} {walk:?}");
                    walk = next_minute(walk);
                }
                assert!(starts_at(&zone, first.0, first.1).is_ok());
            }
        }
    }

    fn next_minute((date, slot): (Date, Slot)) -> (Date, Slot) {
        match slot.minute_of_day() {
            1439 => (date.next_day().unwrap(), Slot::default()),
            minute => {
                let next = minute + 1;
                (
                    date,
                    Slot::parse(&format!("{:02}:{:02}", next / 60, next % 60)).unwrap(),
                )
            }
        }
    }

    #[test]
    fn a_day_has_one_local_date_at_every_instant() {
        let zone = zone("Pacific/Auckland");
        assert_eq!(
            local_date(&zone, datetime!(2026-03-14 10:59 UTC)),
            date!(2026 - 03 - 14)
        );
        assert_eq!(
            local_date(&zone, datetime!(2026-03-14 11:00 UTC)),
            date!(2026 - 03 - 15)
        );
    }

    #[test]
    fn an_instant_reads_as_people_write_it() {
        let text = format_instant(
            &zone("America/Los_Angeles"),
            datetime!(2026-03-15 01:00 UTC),
        );
        assert_eq!(text, "Saturday, 14 March 2026 at 18:00 PDT");
    }

    #[test]
    fn an_unknown_zone_is_refused_and_a_known_one_is_spelt_as_the_database_does() {
        assert_eq!(
            TimeZoneName::parse("Mars/Olympus").unwrap_err().code,
            "time-zone-unknown"
        );
        assert_eq!(
            TimeZoneName::parse("america/los_angeles").unwrap().as_str(),
            "America/Los_Angeles"
        );
    }
}
