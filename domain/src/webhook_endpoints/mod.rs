//! Webhook endpoints: addresses of a tenant's own that hear of its events, each with its filter and its secrets.

pub mod bodies;
pub mod events;
pub mod messages;
pub mod reach;
pub mod rules;

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use self::events::WebhookEndpointEvent;
use self::messages::News;
use crate::effects::{Call, Effect};
use crate::ids::WebhookEndpointId;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// Handle: every endpoint of a tenant that was not deleted stands under one value.
pub const ENDPOINTS_SCOPE: &str = "webhook-endpoint";
/// The value of that handle.
pub const ALL_ENDPOINTS: &str = "all";
/// Endpoints of one tenant.
pub const MAX_ENDPOINTS: usize = 50;
/// Names of event types in one filter.
pub const MAX_EVENT_TYPES: usize = 200;
pub const MAX_DESCRIPTION_CHARS: usize = 200;
/// The filter that every event passes.
pub const EVERY_EVENT: &str = "*";
/// How long the secret before the newest still signs.
pub const SECRET_OVERLAP: Duration = Duration::hours(24);
/// The stretch of time that one replay may cover.
pub const LONGEST_REPLAY: Duration = Duration::days(90);
/// Messages a second that a replay queues at most.
pub const MAX_REPLAY_RATE: u32 = 200;
pub const DEFAULT_REPLAY_RATE: u32 = 20;
/// Replays of one endpoint that can still be cancelled: the newest.
pub const MAX_REMEMBERED_REPLAYS: usize = 100;

/// An endpoint as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    pub standing: EndpointStanding,
    pub url: String,
    /// Names of event types, or `*` alone.
    pub event_types: BTreeSet<String>,
    pub description: String,
    pub payload: PayloadStyle,
    #[serde(default)]
    pub handshake: Handshake,
    pub secret: Sealed,
    /// Signs beside the newest for a while after a rotation.
    pub previous_secret: Option<PreviousSecret>,
    /// Why it is disabled, if it is.
    pub disabled: Option<DisabledReason>,
    /// The newest replays that nobody has cancelled, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<String>,
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStanding {
    /// Never heard of.
    #[default]
    Unknown,
    Enabled,
    /// Hears of nothing until it is enabled again.
    Disabled,
    /// For good.
    Deleted,
}

/// How much of an event is sent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PayloadStyle {
    /// All of it but what is personal.
    #[default]
    Full,
    /// Only whose event it is; the receiver asks for the rest.
    Thin,
}

/// Whether an endpoint is asked before anything is sent to it (CloudEvents, HTTP 1.1 Web Hooks, section 4).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Handshake {
    #[default]
    None,
    /// It has to allow us by name: `OPTIONS` with `WebHook-Request-Origin`.
    Required,
}

impl Handshake {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// Somebody of the tenant's wanted it.
    ByHand,
    /// The endpoint answered 410 Gone.
    Gone,
    /// Nothing but failures for days.
    Failing,
}

/// A secret that is on its way out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviousSecret {
    pub secret: Sealed,
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
}

/// What an endpoint is to be; for a change, only what is given changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointChanges {
    pub url: Option<String>,
    pub event_types: Option<BTreeSet<String>>,
    pub description: Option<String>,
    pub payload: Option<PayloadStyle>,
    pub handshake: Option<Handshake>,
}

/// Past events that are to be sent again.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub replay_id: String,
    /// By when they were written down; from included, until excluded.
    pub from: OffsetDateTime,
    pub until: OffsetDateTime,
    pub messages_per_second: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WebhookEndpointCommand {
    Create {
        url: String,
        event_types: BTreeSet<String>,
        description: String,
        payload: PayloadStyle,
        handshake: Handshake,
        secret: Sealed,
    },
    Update(EndpointChanges),
    Enable,
    Disable(DisabledReason),
    RotateSecret {
        secret: Sealed,
        now: OffsetDateTime,
    },
    Ping,
    Replay {
        replay: Replay,
        now: OffsetDateTime,
    },
    CancelReplay {
        replay_id: String,
    },
    Delete,
}

/// What an endpoint's secrets are sealed for, under the tenant's ingest key.
pub fn secret_purpose(endpoint_id: &str) -> String {
    format!("webhook-endpoint/{endpoint_id}")
}

impl WebhookEndpoint {
    /// Whether it wants to hear of events of this type.
    pub fn wants(&self, event_type: &str) -> bool {
        self.standing == EndpointStanding::Enabled
            && (self.event_types.contains(EVERY_EVENT) || self.event_types.contains(event_type))
    }

    /// The sealed secrets that sign at this time, the newest first.
    pub fn secrets(&self, now: OffsetDateTime) -> Vec<&Sealed> {
        let previous = self.previous_secret.iter();
        let live = previous.filter(|previous| previous.until > now);
        std::iter::once(&self.secret)
            .chain(live.map(|previous| &previous.secret))
            .collect()
    }

    /// Refuses an endpoint that never was, or is no more.
    pub fn require(&self) -> Result<&Self, Refusal> {
        match self.standing {
            EndpointStanding::Unknown | EndpointStanding::Deleted => Err(Refusal::not_found(
                "webhook-endpoint-not-found",
                "there is no such webhook endpoint",
            )),
            EndpointStanding::Enabled | EndpointStanding::Disabled => Ok(self),
        }
    }
}

impl Aggregate for WebhookEndpoint {
    const TYPE: &'static str = "webhook-endpoint";
    type Command = WebhookEndpointCommand;
    type Event = WebhookEndpointEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: WebhookEndpointCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: WebhookEndpointEvent) {
        match event {
            WebhookEndpointEvent::WebhookEndpointCreated {
                url,
                event_types,
                description,
                payload,
                handshake,
                secret,
            } => {
                *self = Self {
                    standing: EndpointStanding::Enabled,
                    url,
                    event_types,
                    description,
                    payload,
                    handshake,
                    secret,
                    ..Self::default()
                };
            }
            WebhookEndpointEvent::WebhookEndpointMoved { url } => self.url = url,
            WebhookEndpointEvent::WebhookEndpointSubscriptionChanged {
                event_types,
                payload,
            } => {
                self.event_types = event_types;
                self.payload = payload;
            }
            WebhookEndpointEvent::WebhookHandshakeChanged { handshake } => {
                self.handshake = handshake;
            }
            WebhookEndpointEvent::WebhookEndpointDescribed { description } => {
                self.description = description;
            }
            WebhookEndpointEvent::WebhookEndpointEnabled {} => {
                self.standing = EndpointStanding::Enabled;
                self.disabled = None;
            }
            WebhookEndpointEvent::WebhookEndpointDisabled { reason } => {
                self.standing = EndpointStanding::Disabled;
                self.disabled = Some(reason);
            }
            WebhookEndpointEvent::WebhookSecretRotated {
                secret,
                previous_until,
            } => {
                let secret = std::mem::replace(&mut self.secret, secret);
                self.previous_secret = Some(PreviousSecret {
                    secret,
                    until: previous_until,
                });
            }
            WebhookEndpointEvent::WebhookEndpointPinged {} => {}
            WebhookEndpointEvent::WebhookReplayOrdered { replay_id, .. } => {
                let surplus = (self.replays.len() + 1).saturating_sub(MAX_REMEMBERED_REPLAYS);
                self.replays.drain(..surplus);
                self.replays.push(replay_id);
            }
            WebhookEndpointEvent::WebhookReplayCancelled { replay_id } => {
                self.replays.retain(|known| *known != replay_id);
            }
            WebhookEndpointEvent::WebhookEndpointDeleted {} => {
                self.standing = EndpointStanding::Deleted;
                self.secret = Sealed::default();
                self.previous_secret = None;
            }
        }
    }
}

impl Noun for WebhookEndpoint {
    fn claims(&self, _id: &str, event: &WebhookEndpointEvent) -> ClaimChanges {
        match event {
            WebhookEndpointEvent::WebhookEndpointCreated { .. } => ClaimChanges {
                handles: vec![Key::new(ENDPOINTS_SCOPE, ALL_ENDPOINTS)],
                ..ClaimChanges::default()
            },
            WebhookEndpointEvent::WebhookEndpointDeleted {} => ClaimChanges {
                drop_handles: vec![ENDPOINTS_SCOPE],
                ..ClaimChanges::default()
            },
            _ => ClaimChanges::default(),
        }
    }

    fn effects(&self, id: &str, event: &WebhookEndpointEvent) -> Vec<Effect> {
        match event {
            WebhookEndpointEvent::WebhookEndpointPinged {} => vec![Effect {
                name: "ping-webhook-endpoint",
                call: Call::SendWebhook {
                    endpoint_id: WebhookEndpointId::new(id),
                    news: News::Ping,
                },
                due: None,
                order_key: None,
                expires_at: None,
            }],
            _ => Vec::new(),
        }
    }
}
