//! The scenes of `retries` about journeys.

use serde_json::json;
use tests::client::Client;
use tests::given::text;
use tests::retrying::Call;

use crate::retry_scenes::{Scene, scene};

async fn define(owner: &Client, name: &str) {
    let definition = format!(
        "journey: {name}\nversion: 1\ntrigger: {{ event: BookingCompleted }}\nsteps: [ {{ tag: seen }} ]\n"
    );
    owner
        .accepted("define-journey", json!({ "definition": definition }))
        .await;
}

/// What is wrong with a definition.
const WRITTEN: &str = "line, column and what would be right are named; the words are the author's";
const FULL: &str = "a limit of what one business or person holds; a person decides what goes";
const NOBODY: &str = "there is nothing by that id";

/// Codes of journeys that no retry cures, with why.
pub const NO_RETRY: &[(&str, &str)] = &[
    ("answer-unknown", WRITTEN),
    ("answers-invalid", WRITTEN),
    ("arm-invalid", WRITTEN),
    ("arms-invalid", WRITTEN),
    ("definition-too-long", WRITTEN),
    ("endpoint-invalid", WRITTEN),
    ("event-unknown", WRITTEN),
    ("journey-invalid", WRITTEN),
    ("key-missing", WRITTEN),
    ("key-unknown", WRITTEN),
    ("list-expected", WRITTEN),
    ("map-expected", WRITTEN),
    ("otherwise-not-last", WRITTEN),
    ("percent-invalid", WRITTEN),
    ("shares-not-hundred", WRITTEN),
    ("step-invalid", WRITTEN),
    ("step-unknown", WRITTEN),
    ("steps-missing", WRITTEN),
    ("steps-too-deep", WRITTEN),
    ("steps-too-many", WRITTEN),
    ("text-expected", WRITTEN),
    ("version-invalid", WRITTEN),
    ("wait-invalid", WRITTEN),
    ("journey-limit-reached", FULL),
    ("journey-not-found", NOBODY),
    ("journey-run-limit-reached", FULL),
    ("journey-run-not-found", NOBODY),
    ("journey-version-limit-reached", FULL),
    (
        "journey-version-taken",
        "the number stands in the definition, whose words are the author's; the answer names the next one",
    ),
];

/// Codes of journeys that a retry cures.
pub fn journeys() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "journey-not-enabled",
            scene!(|stage| {
                let name = stage.name("way");
                define(stage.owner, &name).await;
                let customer_id = stage.customer("Ada").await;
                Call::new(
                    "start-journey",
                    json!({ "journey": name, "customer_id": customer_id }),
                )
            }),
        ),
        (
            "journey-version-not-found",
            scene!(|stage| {
                let name = stage.name("way");
                define(stage.owner, &name).await;
                Call::new("enable-journey", json!({ "journey": name, "version": 7 }))
            }),
        ),
        (
            "journey-run-open",
            scene!(|stage| {
                let name = stage.name("way");
                let definition = format!(
                    "journey: {name}\nversion: 1\ntrigger: {{ event: BookingCompleted }}\nsteps: [ {{ wait: {{ for: 9d }} }} ]\n"
                );
                let body = json!({ "definition": definition });
                stage.owner.accepted("define-journey", body).await;
                let body = json!({ "journey": name });
                stage.owner.accepted("enable-journey", body).await;
                let customer_id = stage.customer("Ada").await;
                let body = json!({ "journey": name, "customer_id": customer_id });
                stage.owner.accepted("start-journey", body.clone()).await;
                Call::new("start-journey", body)
            }),
        ),
        (
            "booking-of-another-customer",
            scene!(|stage| {
                let name = stage.name("way");
                define(stage.owner, &name).await;
                let body = json!({ "journey": name });
                stage.owner.accepted("enable-journey", body).await;
                let booking_id = stage.booked(stage.order()).await;
                let booking = stage.owner.item(&format!("booking?id={booking_id}")).await;
                assert!(!text(&booking, "customer_id").is_empty());
                let customer_id = stage.customer("Bea").await;
                Call::new(
                    "start-journey",
                    json!({ "journey": name, "customer_id": customer_id, "booking_id": booking_id }),
                )
            }),
        ),
    ]
}
