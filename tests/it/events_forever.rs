//! Events are for ever: a sample of every version of every event that was ever written lies in schema/events, and is read
//! by today's program. A new event without a sample fails here.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::{Aggregate, DomainEvent};
use domain::bookings::Booking;
use domain::chefs::Chef;
use domain::customers::Customer;
use domain::payments::Payment;
use domain::tenants::Tenant;
use serde::Deserialize;
use serde_json::Value;
use tests::sources;

/// The event that each stream begins with; all others are applied behind it.
const FIRST_EVENTS: &[&str] = &[
    "TenantCreated",
    "LeadCreated",
    "ChefAdded",
    "BookingCreated",
    "PaymentReceived",
];

/// `schema/events/<aggregate type>/<event type>.v<version>.json`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    aggregate_type: String,
    event_type: String,
    event_version: String,
    payload: Value,
}

fn samples() -> BTreeMap<String, Sample> {
    let files = sources::with_ending(".json")
        .into_iter()
        .filter(|file| file.path.starts_with("schema/events/"));
    let read = |file: sources::Source| {
        let sample: Sample = serde_json::from_str(&file.text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let path = format!(
            "schema/events/{}/{}.v{}.json",
            sample.aggregate_type, sample.event_type, sample.event_version
        );
        assert_eq!(
            file.path, path,
            "a sample lies where its type and version say"
        );
        (path, sample)
    };
    files.map(read).collect()
}

/// Reads a sample as its noun's event, and lets the noun live through it.
fn read<A: Aggregate>(path: &str, sample: &Sample, first: &Sample) {
    let decode = |sample: &Sample| -> A::Event {
        serde_json::from_value(sample.payload.clone())
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let event = decode(sample);
    assert_eq!(event.event_type(), sample.event_type, "{path}");
    if event.event_version() == sample.event_version {
        assert_eq!(
            serde_json::to_value(&event).unwrap(),
            sample.payload,
            "{path} is written otherwise today"
        );
    }
    let mut aggregate = A::default();
    if sample.event_type != first.event_type {
        aggregate.apply(decode(first));
    }
    aggregate.apply(event);
    let state = serde_json::to_value(&aggregate).unwrap();
    let again: A = serde_json::from_value(state.clone()).unwrap();
    assert_eq!(
        serde_json::to_value(&again).unwrap(),
        state,
        "{path}: the state does not come back as it went"
    );
}

#[test]
fn every_sample_ever_kept_is_read_today() {
    let samples = samples();
    for (path, sample) in &samples {
        let ours = |other: &&Sample| {
            other.aggregate_type == sample.aggregate_type
                && FIRST_EVENTS.contains(&other.event_type.as_str())
        };
        let first = samples
            .values()
            .find(ours)
            .expect("each kind of stream has a first event");
        match sample.aggregate_type.as_str() {
            Tenant::TYPE => read::<Tenant>(path, sample, first),
            Customer::TYPE => read::<Customer>(path, sample, first),
            Chef::TYPE => read::<Chef>(path, sample, first),
            Booking::TYPE => read::<Booking>(path, sample, first),
            Payment::TYPE => read::<Payment>(path, sample, first),
            other => panic!("{path}: nobody reads the events of {other}"),
        }
    }
}

#[test]
fn every_event_of_the_domain_has_a_sample() {
    let domain = sources::rust()
        .into_iter()
        .filter(|source| source.folder() == "domain");
    let mut types = BTreeSet::new();
    for source in domain.filter(|source| source.text.contains("fn event_type(")) {
        let (_, names) = source.text.split_once("fn event_type(").unwrap();
        let names = names.split("fn event_version(").next().unwrap_or_default();
        types.extend(
            names
                .split("=> \"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned),
        );
    }
    assert!(types.len() > 45, "the scan has found only {types:?}");
    let sampled: BTreeSet<String> = samples()
        .into_values()
        .map(|sample| sample.event_type)
        .collect();
    let missing: Vec<&String> = types.difference(&sampled).collect();
    assert!(
        missing.is_empty(),
        "add a sample to schema/events for {missing:?}"
    );
}
