//! Whatever the moment of the first fill, the history is whole, in order, and rich enough to look at.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::zones::TimeZoneName;
use serde_json::Value;
use time::macros::datetime;

use super::*;
use crate::demo::businesses::{FIRE_AND_RICE, SEA_AND_SMOKE};
use crate::demo::deeds::resolve;

/// One in each season, one just after midnight, one while clocks change.
const ANCHORS: [OffsetDateTime; 4] = [
    datetime!(2026-11-21 02:18 UTC),
    datetime!(2027-01-01 08:01 UTC),
    datetime!(2027-03-14 10:30 UTC),
    datetime!(2027-07-04 19:00 UTC),
];

fn planned(business: &'static Business, anchor: OffsetDateTime) -> Vec<Deed> {
    let time_zone = TimeZoneName::parse(business.time_zone).unwrap();
    plan(business, &Calendar::new(time_zone, anchor)).unwrap()
}

#[test]
fn the_same_moment_has_the_same_history() {
    for anchor in ANCHORS {
        let (one, other) = (
            planned(&FIRE_AND_RICE, anchor),
            planned(&FIRE_AND_RICE, anchor),
        );
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
}

#[test]
fn nothing_has_happened_after_the_first_fill_and_no_key_comes_twice() {
    for anchor in ANCHORS {
        let deeds = planned(&FIRE_AND_RICE, anchor);
        let keys: HashSet<_> = deeds.iter().map(|deed| &deed.key).collect();
        assert_eq!(keys.len(), deeds.len());
        assert!(deeds.iter().all(|deed| deed.at <= anchor));
    }
}

#[test]
fn nobody_is_spoken_of_before_they_are_known() {
    for business in [&FIRE_AND_RICE, &SEA_AND_SMOKE] {
        for anchor in ANCHORS {
            let mut known = HashMap::new();
            for deed in planned(business, anchor) {
                resolve(&deed.body, &known).unwrap_or_else(|name| panic!("{}: {name}", deed.key));
                known.extend(
                    deed.yields
                        .iter()
                        .map(|(_, name)| (name.clone(), Value::Null)),
                );
            }
        }
    }
}

#[test]
fn both_businesses_have_as_much_history_as_they_are_said_to() {
    for anchor in ANCHORS {
        let count = |business, command: &str| {
            planned(business, anchor)
                .iter()
                .filter(|deed| deed.command == command)
                .count()
        };
        let bookings = count(&FIRE_AND_RICE, "create-booking");
        assert!(
            (180..=260).contains(&bookings),
            "{anchor}: {bookings} bookings"
        );
        let few = count(&SEA_AND_SMOKE, "create-booking");
        assert!((6..=20).contains(&few), "{anchor}: {few} bookings");
    }
}

#[test]
fn somebody_is_always_still_to_pay() {
    for anchor in ANCHORS {
        let deeds = planned(&FIRE_AND_RICE, anchor);
        let by_checkout = |deed: &&Deed| deed.body["payment_preference"] == "stripe_checkout";
        let held = deeds
            .iter()
            .filter(by_checkout)
            .filter(|deed| anchor - deed.at < Duration::hours(24));
        let unpaid = held.filter(|made| {
            let booking = reference(&made.yields[0].1);
            !deeds
                .iter()
                .any(|deed| deed.body["booking_id"] == booking.as_str())
        });
        assert!(unpaid.count() >= 2, "{anchor}");
    }
}

#[test]
fn everything_that_can_become_of_a_booking_does() {
    for anchor in ANCHORS {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for deed in planned(&FIRE_AND_RICE, anchor) {
            *counts.entry(deed.command).or_default() += 1;
        }
        for command in [
            "add-thread-note",
            "assign-chef",
            "assign-thread",
            "cancel-booking",
            "close-thread",
            "complete-booking",
            "confirm-booking",
            "create-lead",
            "expire-booking",
            "mark-no-show",
            "mark-paid",
            "receive-message",
            "record-checkout-payment",
            "record-message-status",
            "record-payment",
            "reschedule-booking",
            "send-message",
            "settle-refund",
            "snooze-thread",
            "update-booking",
            "update-consent",
        ] {
            assert!(
                counts.contains_key(command),
                "{anchor}: no {command} in {counts:?}"
            );
        }
    }
}
