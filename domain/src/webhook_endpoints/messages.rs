//! What one webhook is about, and the ids that follow from it: the receiver's, which never changes however often it is
//! sent, and the outbox's.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The namespace of webhooks' ids; any fixed UUID of our own will do, but it must never change.
const WEBHOOK_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_7765_6268_6f6f_6b01);

/// What a webhook's target begins with; the endpoint's id follows, so that each endpoint is a destination of its own.
pub const TARGET_PREFIX: &str = "webhook:";

/// What a webhook tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum News {
    /// One event of the tenant's log.
    Event {
        aggregate_type: String,
        aggregate_id: String,
        sequence: i64,
    },
    /// A test, which tells nothing.
    Ping,
}

/// The destination that is one endpoint.
pub fn target(endpoint_id: &str) -> String {
    format!("{TARGET_PREFIX}{endpoint_id}")
}

/// The id that the receiver sees of an event, `msg_` and 32 hexadecimal digits: the same for every attempt and replay.
pub fn webhook_id(
    tenant_id: &str,
    endpoint_id: &str,
    (aggregate_type, aggregate_id, sequence): (&str, &str, i64),
) -> String {
    let name = format!("{tenant_id}\n{endpoint_id}\n{aggregate_type}\n{aggregate_id}\n{sequence}");
    let id = Uuid::new_v5(&WEBHOOK_NAMESPACE, name.as_bytes());
    format!("msg_{}", id.simple())
}

/// The outbox's id of an event's first sending, or of its sending by one replay. It follows from what is sent, so nothing
/// is queued twice.
pub fn message_id(webhook_id: &str, replay_id: Option<&str>) -> String {
    let name = match replay_id {
        None => webhook_id.to_owned(),
        Some(replay_id) => format!("{webhook_id}\n{replay_id}"),
    };
    Uuid::new_v5(&WEBHOOK_NAMESPACE, name.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_sees_one_id_whatever_is_sent_again() {
        let of = |endpoint: &str, sequence| webhook_id("t", endpoint, ("booking", "b", sequence));
        assert_eq!(of("e", 1), of("e", 1));
        assert_ne!(of("e", 1), of("e", 2));
        assert_ne!(of("e", 1), of("f", 1));
        let id = of("e", 1);
        assert_eq!(id.len(), 36);
        assert_eq!(message_id(&id, None), message_id(&id, None));
        assert_ne!(message_id(&id, None), message_id(&id, Some("r1")));
        assert_ne!(message_id(&id, Some("r1")), message_id(&id, Some("r2")));
    }
}
