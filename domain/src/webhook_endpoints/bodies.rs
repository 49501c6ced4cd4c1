//! What an endpoint is told: CloudEvents 1.0 in JSON (<https://cloudevents.io>), with everything personal left out.
//! Whoever may see it asks a query for it.

use serde_json::{Map, Value, json};

use super::PayloadStyle;

/// The longest body, in bytes; a longer one is sent thin.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// The media type of a body.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// What every sealed field begins with.
const ENVELOPE_PREFIX: &str = "v1:";
/// Parts of an envelope that colons divide: version, event type, field, ciphertext.
const ENVELOPE_PARTS: usize = 4;
/// Fields that are sealed under the tenant's own key, whose envelopes look like any base64.
const SECRET_FIELDS: [&str; 3] = ["secret", "secrets", "sealed_recipient"];

/// An event as its body needs it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub tenant_id: &'a str,
    pub aggregate_type: &'a str,
    pub aggregate_id: &'a str,
    pub sequence: i64,
    pub event_type: &'a str,
    pub event_version: &'a str,
    /// RFC 3339.
    pub occurred_at: &'a str,
    pub correlation_id: &'a str,
    pub causation_id: &'a str,
}

/// The body of an event; `payload` is as it lies in the log, `{"<event type>": {…}}`.
pub fn of_event(told: &Told<'_>, payload: &Value, style: PayloadStyle) -> String {
    let whole = match style {
        PayloadStyle::Full => {
            let fields = payload.get(told.event_type).unwrap_or(&Value::Null);
            body(told, impersonal(fields).unwrap_or(Value::Null)).to_string()
        }
        PayloadStyle::Thin => String::new(),
    };
    match (1..=MAX_BODY_BYTES).contains(&whole.len()) {
        true => whole,
        false => body(told, Value::Null).to_string(),
    }
}

/// The body of a test.
pub fn of_ping(tenant_id: &str, endpoint_id: &str, webhook_id: &str, time: &str) -> String {
    json!({
        "specversion": "1.0",
        "id": webhook_id,
        "source": source(tenant_id),
        "type": "WebhookEndpointPinged",
        "subject": format!("webhook-endpoint/{endpoint_id}"),
        "time": time,
        "datacontenttype": "application/json",
        "data": { "aggregate_type": "webhook-endpoint", "aggregate_id": endpoint_id },
    })
    .to_string()
}

fn body(told: &Told<'_>, fields: Value) -> Value {
    let mut data = Map::new();
    data.insert("aggregate_type".to_owned(), told.aggregate_type.into());
    data.insert("aggregate_id".to_owned(), told.aggregate_id.into());
    data.insert("sequence".to_owned(), told.sequence.into());
    if !fields.is_null() {
        data.insert("payload".to_owned(), fields);
    }
    let subject = format!("{}/{}", told.aggregate_type, told.aggregate_id);
    json!({
        "specversion": "1.0",
        "id": format!("{subject}/{}", told.sequence),
        "source": source(told.tenant_id),
        "type": told.event_type,
        "subject": subject,
        "time": told.occurred_at,
        "datacontenttype": "application/json",
        "eventversion": told.event_version,
        "correlationid": told.correlation_id,
        "causationid": told.causation_id,
        "data": data,
    })
}

fn source(tenant_id: &str) -> String {
    format!("/tenants/{tenant_id}")
}

/// The value without anything sealed; `None` when nothing is left of it.
fn impersonal(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if is_envelope(text) => None,
        Value::Array(items) => Some(items.iter().filter_map(impersonal).collect()),
        Value::Object(fields) => {
            let kept = fields
                .iter()
                .filter(|(name, _)| !SECRET_FIELDS.contains(&name.as_str()))
                .filter_map(|(name, value)| Some((name.clone(), impersonal(value)?)));
            Some(Value::Object(kept.collect()))
        }
        other => Some(other.clone()),
    }
}

fn is_envelope(text: &str) -> bool {
    text.starts_with(ENVELOPE_PREFIX) && text.splitn(ENVELOPE_PARTS, ':').count() == ENVELOPE_PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: Told<'_> = Told {
        tenant_id: "t",
        aggregate_type: "chef",
        aggregate_id: "c",
        sequence: 3,
        event_type: "ChefAdded",
        event_version: "1",
        occurred_at: "2026-03-14T18:00:00Z",
        correlation_id: "x",
        causation_id: "y",
    };

    fn data(payload: &Value, style: PayloadStyle) -> Value {
        let text = of_event(&TOLD, payload, style);
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["specversion"], "1.0");
        assert_eq!(body["id"], "chef/c/3");
        body["data"].clone()
    }

    #[test]
    fn what_is_sealed_is_left_out_and_all_else_is_told() {
        let payload = json!({ "ChefAdded": {
            "name": "v1:ChefAdded:name:AXQ=", "zones": ["central"], "secrets": { "key": "AXQ=" }, "sealed_recipient": "AXQ=",
            "parts": [{ "note": "v1:ChefAdded:note:AXQ=", "at": "18:00" }],
        } });
        assert_eq!(
            data(&payload, PayloadStyle::Full)["payload"],
            json!({ "zones": ["central"], "parts": [{ "at": "18:00" }] })
        );
    }

    #[test]
    fn a_thin_body_and_one_that_would_be_too_long_tell_only_whose_event_it_is() {
        let thin = json!({ "aggregate_type": "chef", "aggregate_id": "c", "sequence": 3 });
        let long = json!({ "ChefAdded": { "zones": "z".repeat(MAX_BODY_BYTES) } });
        assert_eq!(data(&json!({}), PayloadStyle::Thin), thin);
        assert_eq!(data(&long, PayloadStyle::Full), thin);
    }
}
