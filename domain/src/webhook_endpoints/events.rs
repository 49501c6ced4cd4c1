//! What can happen to a webhook endpoint.

use std::collections::BTreeSet;

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{DisabledReason, Handshake, PayloadStyle, WebhookEndpoint};
use crate::evolution;
use crate::sealed::Sealed;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WebhookEndpointEvent {
    WebhookEndpointCreated {
        url: String,
        event_types: BTreeSet<String>,
        #[serde(default)]
        description: String,
        #[serde(default)]
        payload: PayloadStyle,
        #[serde(default, skip_serializing_if = "Handshake::is_none")]
        handshake: Handshake,
        secret: Sealed,
    },
    WebhookEndpointMoved {
        url: String,
    },
    /// All that it hears of from now on, and how much of it.
    WebhookEndpointSubscriptionChanged {
        event_types: BTreeSet<String>,
        payload: PayloadStyle,
    },
    WebhookEndpointDescribed {
        description: String,
    },
    /// Whether it is asked from now on before anything is sent to it.
    WebhookHandshakeChanged {
        handshake: Handshake,
    },
    WebhookEndpointEnabled {},
    WebhookEndpointDisabled {
        reason: DisabledReason,
    },
    /// The secret before it signs as well until then; one before that no longer does.
    WebhookSecretRotated {
        secret: Sealed,
        #[serde(with = "time::serde::rfc3339")]
        previous_until: OffsetDateTime,
    },
    WebhookEndpointPinged {},
    /// Events that were written down in that time are sent again.
    WebhookReplayOrdered {
        replay_id: String,
        #[serde(with = "time::serde::rfc3339")]
        from: OffsetDateTime,
        #[serde(with = "time::serde::rfc3339")]
        until: OffsetDateTime,
        messages_per_second: u32,
    },
    /// What it has not queued yet is not sent.
    WebhookReplayCancelled {
        replay_id: String,
    },
    WebhookEndpointDeleted {},
}

impl DomainEvent for WebhookEndpointEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::WebhookEndpointCreated { .. } => "WebhookEndpointCreated",
            Self::WebhookEndpointMoved { .. } => "WebhookEndpointMoved",
            Self::WebhookEndpointSubscriptionChanged { .. } => "WebhookEndpointSubscriptionChanged",
            Self::WebhookEndpointDescribed { .. } => "WebhookEndpointDescribed",
            Self::WebhookHandshakeChanged { .. } => "WebhookHandshakeChanged",
            Self::WebhookEndpointEnabled {} => "WebhookEndpointEnabled",
            Self::WebhookEndpointDisabled { .. } => "WebhookEndpointDisabled",
            Self::WebhookSecretRotated { .. } => "WebhookSecretRotated",
            Self::WebhookEndpointPinged {} => "WebhookEndpointPinged",
            Self::WebhookReplayOrdered { .. } => "WebhookReplayOrdered",
            Self::WebhookReplayCancelled { .. } => "WebhookReplayCancelled",
            Self::WebhookEndpointDeleted {} => "WebhookEndpointDeleted",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(WebhookEndpoint::TYPE, &self.event_type())
    }
}
