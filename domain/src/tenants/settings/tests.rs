//! Settings that work together and settings that do not.

use super::*;
use time::macros::datetime;

fn settings() -> Settings {
    let area = |zone: &str, postcodes: &[&str]| ZoneArea {
        zone: ServiceZone::parse(zone).unwrap(),
        postcodes: postcodes.iter().map(|text| (*text).to_owned()).collect(),
    };
    Settings {
        slots: ["12:00", "18:00"]
            .map(|text| Slot::parse(text).unwrap())
            .to_vec(),
        zones: vec![
            area("san francisco", &["941*", "SW1A 1AA"]),
            area("mission", &["94110"]),
        ],
        refund_policy: vec![
            RefundRule {
                hours_before: 72,
                percent: 100,
            },
            RefundRule {
                hours_before: 24,
                percent: 50,
            },
        ],
        ..Settings::default()
    }
}

#[test]
fn the_most_exact_postcode_decides_the_zone() {
    let zone_of = |text: &str| {
        settings()
            .zone_of_address(text)
            .map(|zone| zone.as_str().to_owned())
    };
    assert_eq!(
        zone_of("12 Valencia St, San Francisco, CA 94110").as_deref(),
        Some("mission")
    );
    assert_eq!(
        zone_of("12 Valencia St, San Francisco, CA 94110-1234, USA").as_deref(),
        Some("mission")
    );
    assert_eq!(
        zone_of("94110 Elm Road, San Francisco, CA 94114").as_deref(),
        Some("san francisco")
    );
    assert_eq!(
        zone_of("10 Downing St, London sw1a 1aa").as_deref(),
        Some("san francisco")
    );
    assert_eq!(zone_of("1 Broadway, Oakland, CA 94607"), None);
}

#[test]
fn the_refund_is_what_the_notice_still_earns() {
    let starts_at = datetime!(2026-03-14 18:00 UTC);
    let percent = |at| settings().refund_percent(starts_at, at);
    assert_eq!(percent(datetime!(2026-03-11 18:00 UTC)), 100);
    assert_eq!(percent(datetime!(2026-03-11 18:00:01 UTC)), 50);
    assert_eq!(percent(datetime!(2026-03-13 18:00 UTC)), 50);
    assert_eq!(percent(datetime!(2026-03-14 17:00 UTC)), 0);
    assert_eq!(percent(datetime!(2026-03-15 17:00 UTC)), 0);
}

#[test]
fn settings_that_cannot_work_are_refused_all_at_once() {
    let mut wrong = settings();
    wrong.slots.push(Slot::parse("19:00").unwrap());
    wrong.hold_hours = 25;
    wrong.refund_policy[0].percent = 101;
    wrong.zones[1].zone = wrong.zones[0].zone.clone();
    wrong.zones[1].postcodes.push("9*4".to_owned());
    wrong.senders.email_from = Some("nobody".to_owned());
    wrong.webhook_alias = Some("My Tenant".to_owned());
    let refusal = wrong.check().unwrap_err();
    let pointers: Vec<_> = refusal
        .errors
        .iter()
        .map(|error| error.pointer.as_str())
        .collect();
    assert_eq!(
        pointers,
        [
            "/slots",
            "/hold_hours",
            "/zones/1/zone",
            "/zones/1/postcodes/1",
            "/refund_policy/0/percent",
            "/senders/email_from",
            "/webhook_alias",
        ]
    );
}

#[test]
fn a_time_that_is_no_slot_is_told_apart_from_one_that_the_clock_skips() {
    let mut settings = settings();
    settings.slots.push(Slot::parse("02:30").unwrap());
    let code = |date, slot: &str| {
        settings
            .slot_on(date, Slot::parse(slot).unwrap())
            .unwrap_err()
            .code
    };
    assert_eq!(
        code(time::macros::date!(2026 - 03 - 14), "17:00"),
        "slot-unknown"
    );
    assert_eq!(
        code(time::macros::date!(2026 - 03 - 08), "02:30"),
        "slot-does-not-exist"
    );
}
