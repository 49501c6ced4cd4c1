//! The scenes of `retries` in which one field is wrong, and its message says what would be right.

use serde_json::json;
use tests::retrying::Call;

use crate::retry_scenes::{Scene, scene};

/// Codes of fields that a retry cures.
pub fn fields() -> Vec<(&'static str, Scene)> {
    [words_and_places(), values_and_times()]
        .into_iter()
        .flatten()
        .collect()
}

fn words_and_places() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "slot-unknown",
            scene!(|stage| {
                let mut order = stage.order();
                order["booking"]["slot"] = "18:30".into();
                Call::new("create-booking", order)
            }),
        ),
        (
            "zone-unknown",
            scene!(|stage| {
                let mut order = stage.order();
                order["booking"]["zone"] = "nowhere".into();
                Call::new("create-booking", order)
            }),
        ),
        (
            "zone-not-derivable",
            scene!(|stage| {
                let mut order = stage.order();
                order["booking"]["address"] = "1 Elsewhere Road, 10001".into();
                Call::new("create-booking", order)
            }),
        ),
        (
            "text-too-long",
            scene!(|stage| {
                let mut order = stage.order();
                order["booking"]["notes"] = "a".repeat(20_000).into();
                Call::new("create-booking", order)
            }),
        ),
        (
            "text-empty",
            scene!(|stage| {
                let body = json!({ "customer_id": stage.customer("Fay").await, "text": " " });
                Call::new("add-note", body)
            }),
        ),
        (
            "text-has-control-characters",
            scene!(|stage| {
                let body = json!({ "customer_id": stage.customer("Gus").await, "text": "a\u{7}b" });
                Call::new("add-note", body)
            }),
        ),
        (
            "email-invalid",
            scene!(|_stage| {
                Call::new(
                    "create-lead",
                    json!({ "source": "web", "first_name": "Hal", "email": "hal@home@example.test" }),
                )
            }),
        ),
    ]
}

fn values_and_times() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "phone-invalid",
            scene!(|_stage| {
                Call::new(
                    "create-lead",
                    json!({ "source": "web", "first_name": "Ida", "phone": "12345" }),
                )
            }),
        ),
        (
            "field-unknown",
            scene!(|stage| {
                let body = json!({ "customer_id": stage.customer("Kit").await, "tag": "new", "colour": "red" });
                Call::new("tag-customer", body)
            }),
        ),
        (
            "value-not-allowed",
            scene!(|_stage| {
                let body = json!({ "source": "smoke signals", "first_name": "Lea", "email": "lea@example.test" });
                Call::new("create-lead", body)
            }),
        ),
        (
            "time-invalid",
            scene!(|_stage| {
                let body = json!({ "amount_minor": 100, "received_at": "lately" });
                Call::new("record-payment", body)
            }),
        ),
    ]
}
