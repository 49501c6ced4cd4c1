//! Events are for ever: a sample of every version of every event that was ever written lies in schema/events, and is read
//! by today's program. A new event without a sample fails here.

use std::collections::BTreeMap;

use cqrs_es::{Aggregate, DomainEvent};
use domain::access::Access;
use domain::approvals::Approval;
use domain::assistant_runs::AssistantRun;
use domain::bookings::Booking;
use domain::bulk_runs::BulkRun;
use domain::chefs::Chef;
use domain::conversations::Conversation;
use domain::customers::Customer;
use domain::evolution::{self, FIRST_VERSION, UPCASTERS, current_version};
use domain::facts::FactSheet;
use domain::ids::TenantId;
use domain::imports::Import;
use domain::journey_runs::JourneyRun;
use domain::journeys::Journey;
use domain::operations::Operation;
use domain::payments::Payment;
use domain::templates::Template;
use domain::tenants::Tenant;
use domain::views::View;
use domain::webhook_endpoints::PayloadStyle;
use domain::webhook_endpoints::WebhookEndpoint;
use domain::webhook_endpoints::bodies::{self, Told};
use event_store::recorded::{Payload, Recorded};
use event_store::upcast::Upcasters;
use serde::Deserialize;
use serde_json::Value;
use server::operations::events::states;
use tests::sources;
use time::OffsetDateTime;

/// The event that each stream begins with; all others are applied behind it.
const FIRST_EVENTS: &[&str] = &[
    "AccessRefused",
    "AssistantRunStarted",
    "TenantCreated",
    "LeadCreated",
    "ChefAdded",
    "OperationBegun",
    "BookingCreated",
    "FactsRequested",
    "ThreadOpened",
    "PaymentReceived",
    "TemplateDrafted",
    "ViewSaved",
    "ImportOpened",
    "JourneyDefined",
    "JourneyRunBegan",
    "WebhookEndpointCreated",
    "ApprovalProposed",
    "BulkRunStarted",
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

/// A sample as it would lie in the log.
fn recorded(sample: &Sample) -> Recorded {
    let at = OffsetDateTime::UNIX_EPOCH;
    Recorded {
        position: 1,
        tenant_id: TenantId::new("tenant".to_owned()),
        aggregate_type: sample.aggregate_type.clone(),
        aggregate_id: "one".to_owned(),
        sequence: 1,
        event_type: sample.event_type.clone(),
        event_version: sample.event_version.clone(),
        payload: Payload(sample.payload.to_string()),
        metadata: Payload("{}".to_owned()),
        occurred_at: at,
        recorded_at: at,
        command_id: String::new(),
        correlation_id: String::new(),
        causation_id: String::new(),
        actor: String::new(),
    }
}

/// Reads a sample as its noun's event, and lets the noun live through it.
fn read<A: Aggregate>(path: &str, sample: &Sample, first: &Sample) {
    let decode = |sample: &Sample| -> A::Event {
        recorded(sample)
            .decode()
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
            Access::TYPE => read::<Access>(path, sample, first),
            Operation::TYPE => read::<Operation>(path, sample, first),
            Conversation::TYPE => read::<Conversation>(path, sample, first),
            AssistantRun::TYPE => read::<AssistantRun>(path, sample, first),
            FactSheet::TYPE => read::<FactSheet>(path, sample, first),
            Journey::TYPE => read::<Journey>(path, sample, first),
            JourneyRun::TYPE => read::<JourneyRun>(path, sample, first),
            Booking::TYPE => read::<Booking>(path, sample, first),
            Payment::TYPE => read::<Payment>(path, sample, first),
            Template::TYPE => read::<Template>(path, sample, first),
            View::TYPE => read::<View>(path, sample, first),
            BulkRun::TYPE => read::<BulkRun>(path, sample, first),
            Import::TYPE => read::<Import>(path, sample, first),
            Approval::TYPE => read::<Approval>(path, sample, first),
            WebhookEndpoint::TYPE => read::<WebhookEndpoint>(path, sample, first),
            other => panic!("{path}: nobody reads the events of {other}"),
        }
    }
}

#[test]
fn every_event_of_the_domain_has_a_sample_of_every_version() {
    let mut missing = Vec::new();
    for (aggregate_type, event_types) in evolution::known_events() {
        assert!(
            event_types.len() > 2,
            "{aggregate_type} has only {event_types:?}"
        );
        for event_type in event_types {
            let current = current_version(UPCASTERS, aggregate_type, event_type);
            for version in FIRST_VERSION..=current {
                let path = format!("schema/events/{aggregate_type}/{event_type}.v{version}.json");
                if !sources::root().join(&path).is_file() {
                    missing.push(path);
                }
            }
        }
    }
    assert!(missing.is_empty(), "add {missing:?}");
}

#[test]
fn every_sample_ever_kept_passes_the_check_of_a_start() {
    for (path, sample) in samples() {
        let (kind, name) = (&sample.aggregate_type, &sample.event_type);
        let why = Upcasters::domain().why_unreadable(kind, name, &sample.event_version);
        assert_eq!(why, None, "{path}");
    }
}

#[test]
fn operators_can_look_at_and_import_every_kind_of_event() {
    for (path, sample) in samples() {
        let event = recorded(&sample);
        states::check(&event).unwrap_or_else(|refusal| panic!("{path}: {}", refusal.detail));
        if FIRST_EVENTS.contains(&sample.event_type.as_str()) {
            states::fold(&[event]).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}

#[test]
fn no_event_tells_an_endpoint_anything_sealed() {
    // What the samples have sealed, as its base64 shows in any of them.
    const SEALED: &str = "c2VhbGVkLWJ5LXRoZS12YXVsdA";
    let mut sealed = 0;
    for (path, sample) in samples() {
        sealed += usize::from(sample.payload.to_string().contains(SEALED));
        let told = Told {
            tenant_id: "tenant",
            aggregate_type: &sample.aggregate_type,
            aggregate_id: "one",
            sequence: 1,
            event_type: &sample.event_type,
            event_version: &sample.event_version,
            occurred_at: "2026-03-14T18:00:00Z",
            correlation_id: "",
            causation_id: "",
        };
        let body = bodies::of_event(&told, &sample.payload, PayloadStyle::Full);
        assert!(!body.contains(SEALED), "{path}: {body}");
    }
    assert!(sealed > 5, "only {sealed} samples hold anything sealed");
}
