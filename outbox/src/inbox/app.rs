//! What tenants' own programs may tell us, and which command it becomes. The list is closed: any other type is kept and
//! acknowledged, and changes nothing.

use event_store::error::Error;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Asked;
use crate::Result;

/// The provider's name in records that such a webhook leads to, where it names none itself.
const PROVIDER: &str = "app";
/// Types of events, and the commands that their data is the body of.
const TYPES: [(&str, &str); 4] = [
    ("lead.created", "create-lead"),
    ("message.received", "receive-message"),
    ("message.status", "record-message-status"),
    ("payment.received", "record-payment"),
];

/// The body of a Standard Webhook, or of a CloudEvent, which name alike what is read of them.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Map<String, Value>,
}

/// The command that a type stands for.
pub fn command_for(kind: &str) -> Option<&'static str> {
    let mut types = TYPES.iter();
    types
        .find(|(known, _)| *known == kind)
        .map(|(_, command)| *command)
}

/// The type that a body names, if it is one of ours at all.
pub fn type_of(body: &[u8]) -> Option<String> {
    let envelope: Envelope = serde_json::from_slice(body).ok()?;
    Some(envelope.kind)
}

/// The command for a body; `key` tells this webhook apart, for records that need an id of their own.
pub(super) fn of_app(body: &[u8], key: &str) -> Result<Vec<Asked>> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(Error::from)?;
    let Some(name) = command_for(&envelope.kind) else {
        return Ok(Vec::new());
    };
    let mut data = envelope.data;
    if name == "receive-message" {
        data.entry("provider").or_insert_with(|| PROVIDER.into());
        data.entry("provider_message_id")
            .or_insert_with(|| key.into());
    }
    Ok(vec![Asked::new(name, Value::Object(data))])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of_app;

    #[test]
    fn a_known_type_becomes_its_command_and_another_none() {
        let body = json!({ "type": "message.received", "timestamp": "2026-03-14T18:00:00Z",
            "data": { "channel": "sms", "from": "+15551230001", "content": "Hi" } });
        let asked = of_app(body.to_string().as_bytes(), "w1").unwrap();
        assert_eq!(asked[0].name, "receive-message");
        assert_eq!(asked[0].body["provider_message_id"], "w1");
        let other = json!({ "type": "tenant.deleted", "data": {} });
        assert!(
            of_app(other.to_string().as_bytes(), "w1")
                .unwrap()
                .is_empty()
        );
        assert!(of_app(b"[]", "w1").is_err());
    }
}
