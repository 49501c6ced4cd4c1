//! The demo's time: everything is counted from the moment of the first fill, in the business's own time zone, so that
//! the stories end today whenever that is.

use domain::slots::Slot;
use domain::zones::{self, TimeZoneName};
use time::{Date, Duration, OffsetDateTime};

const MINUTES_AN_HOUR: i64 = 60;

/// Days are counted from that of the first fill: -1 is the day before.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    time_zone: TimeZoneName,
    /// The moment of the first fill. Nothing has happened after it.
    pub anchor: OffsetDateTime,
    today: Date,
}

impl Calendar {
    pub(super) fn new(time_zone: TimeZoneName, anchor: OffsetDateTime) -> Self {
        let today = zones::local_date(&time_zone, anchor);
        Self {
            time_zone,
            anchor,
            today,
        }
    }

    pub(super) fn date(&self, day: i64) -> Date {
        self.today.saturating_add(Duration::days(day))
    }

    /// The day of `instant`.
    pub(super) fn day_of(&self, instant: OffsetDateTime) -> i64 {
        (zones::local_date(&self.time_zone, instant) - self.today).whole_days()
    }

    /// A local time of a day, as an instant.
    pub(super) fn moment(&self, day: i64, minute_of_day: i64) -> OffsetDateTime {
        let (hour, minute) = (
            minute_of_day / MINUTES_AN_HOUR,
            minute_of_day % MINUTES_AN_HOUR,
        );
        let date = self.date(day);
        let starts_at = Slot::parse(&format!("{hour:02}:{minute:02}"))
            .and_then(|slot| zones::starts_at(&self.time_zone, date, slot));
        // No business of ours is awake in the hour that a clock change skips; if one were, UTC would do.
        starts_at
            .unwrap_or_else(|_| date.midnight().assume_utc() + Duration::minutes(minute_of_day))
    }

    pub(super) fn has_been(&self, instant: OffsetDateTime) -> bool {
        instant <= self.anchor
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn calendar() -> Calendar {
        let time_zone = TimeZoneName::parse("America/Los_Angeles").unwrap();
        Calendar::new(time_zone, datetime!(2026-11-21 02:00 UTC))
    }

    #[test]
    fn today_is_where_the_business_is() {
        assert_eq!(calendar().date(0), date!(2026 - 11 - 20));
        assert_eq!(calendar().day_of(datetime!(2026-11-19 07:59 UTC)), -2);
    }

    #[test]
    fn the_same_hour_is_another_instant_before_the_clocks_change() {
        assert_eq!(
            calendar().moment(-1, 18 * 60),
            datetime!(2026-11-20 02:00 UTC)
        );
        assert_eq!(
            calendar().moment(-30, 18 * 60),
            datetime!(2026-10-22 01:00 UTC)
        );
    }
}
