//! Commands about webhook endpoints: add, change, enable, disable, rotate the secret, test, send again, delete.

mod replays;
mod secrets;

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use domain::ids::WebhookEndpointId;
use domain::refusal::{Problems, Refusal};
use domain::webhook_endpoints::{
    ALL_ENDPOINTS, DisabledReason, ENDPOINTS_SCOPE, EndpointChanges, EndpointStanding, Handshake,
    MAX_ENDPOINTS, PayloadStyle, WebhookEndpoint, WebhookEndpointCommand,
};
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::secrets::RotateWebhookSecret;
use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Work};

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    const WRITE: Permission = Permission::WebhooksWrite;
    let mut all = vec![
        command!(
            "create-webhook-endpoint",
            create_webhook_endpoint,
            CreateWebhookEndpoint,
            WRITE,
            Risk::Outward
        ),
        command!(
            "update-webhook-endpoint",
            update_webhook_endpoint,
            UpdateWebhookEndpoint,
            WRITE,
            Risk::Outward
        ),
        command!(
            "enable-webhook-endpoint",
            enable_webhook_endpoint,
            EnableWebhookEndpoint,
            WRITE,
            Risk::Outward
        ),
        command!(
            "disable-webhook-endpoint",
            disable_webhook_endpoint,
            DisableWebhookEndpoint,
            WRITE,
            Risk::Write
        ),
        command!(
            "rotate-webhook-secret",
            secrets::rotate_webhook_secret,
            RotateWebhookSecret,
            WRITE,
            Risk::Key
        ),
        command!(
            "ping-webhook-endpoint",
            ping_webhook_endpoint,
            PingWebhookEndpoint,
            WRITE,
            Risk::Outward
        ),
        command!(
            "delete-webhook-endpoint",
            delete_webhook_endpoint,
            DeleteWebhookEndpoint,
            WRITE,
            Risk::Destructive
        ),
        command!(
            "disable-failing-webhook-endpoint",
            disable_failing_webhook_endpoint,
            DisableFailingWebhookEndpoint,
            WRITE,
            Risk::Write,
            internal
        ),
    ];
    all.extend(replays::commands());
    all
}

/// # Add a webhook endpoint
///
/// An address of your own that hears of events from now on: a signed POST for each. The secret that signs is made here;
/// ask `webhook-secret` for it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhookEndpoint {
    /// Where to send to: https, a public address, no user and no fragment. At most 2,000 bytes.
    pub url: String,
    /// Names of events, such as `BookingCreated`, or `*` alone for all.
    pub event_types: BTreeSet<String>,
    /// What it is for. At most 200 characters.
    #[serde(default)]
    pub description: String,
    /// `full`: all of an event but what is personal; `thin`: only whose event it is.
    #[serde(default)]
    pub payload: PayloadStyle,
    /// `required`: nothing is sent before the address has answered `OPTIONS` with `WebHook-Allowed-Origin`.
    #[serde(default)]
    pub handshake: Handshake,
}

/// # Change a webhook endpoint
///
/// Only what is given changes, for everything that is sent from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhookEndpoint {
    pub endpoint_id: WebhookEndpointId,
    /// Where to send to: https, a public address, no user and no fragment. At most 2,000 bytes.
    #[serde(default)]
    pub url: Option<String>,
    /// All that it hears of from now on: names of events, or `*` alone.
    #[serde(default)]
    pub event_types: Option<BTreeSet<String>>,
    /// What it is for. At most 200 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// How much of an event is sent.
    #[serde(default)]
    pub payload: Option<PayloadStyle>,
    /// Whether the address is asked before anything is sent to it.
    #[serde(default)]
    pub handshake: Option<Handshake>,
}

/// Declares a command that names an endpoint and nothing else.
macro_rules! of_one {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            pub endpoint_id: WebhookEndpointId,
        }

        impl Input for $name {
            fn wanted(&self, _: &Facts) -> Load {
                endpoint_alone(&self.endpoint_id)
            }
        }
    )*};
}

of_one! {
    /// # Enable a webhook endpoint
    ///
    /// It hears of what happens from now on; for what happened meanwhile send `replay-webhooks`.
    EnableWebhookEndpoint,
    /// # Disable a webhook endpoint
    ///
    /// Nothing is sent to it until it is enabled again, not even what waits already.
    DisableWebhookEndpoint,
    /// # Test a webhook endpoint
    ///
    /// Sends a `WebhookEndpointPinged`, whether it is enabled or not; see `webhook-deliveries` for what came of it.
    PingWebhookEndpoint,
    /// # Delete a webhook endpoint
    ///
    /// For good, with its secrets; what waits for it is not sent.
    DeleteWebhookEndpoint,
}

/// # Disable a webhook endpoint that fails
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableFailingWebhookEndpoint {
    pub endpoint_id: WebhookEndpointId,
    pub reason: DisabledReason,
}

#[derive(Serialize)]
pub struct WebhookEndpointSummary {
    pub endpoint_id: String,
    pub standing: EndpointStanding,
}

impl Input for CreateWebhookEndpoint {
    fn wanted(&self, _: &Facts) -> Load {
        Load {
            handles: vec![(ENDPOINTS_SCOPE, ALL_ENDPOINTS.to_owned())],
            ..Load::default()
        }
    }
}

impl Input for UpdateWebhookEndpoint {
    fn wanted(&self, _: &Facts) -> Load {
        endpoint_alone(&self.endpoint_id)
    }
}

impl Input for DisableFailingWebhookEndpoint {
    fn wanted(&self, _: &Facts) -> Load {
        endpoint_alone(&self.endpoint_id)
    }
}

pub async fn create_webhook_endpoint(
    work: &mut Work,
    input: CreateWebhookEndpoint,
) -> Result<WebhookEndpointSummary> {
    work.tenant().require()?;
    let mut problems = Problems::default();
    let url = problems.check("/url", work.webhook_reach.parse_url(&input.url));
    problems.finish()?;
    if work.wanted_handles(ENDPOINTS_SCOPE, ALL_ENDPOINTS).len() >= MAX_ENDPOINTS {
        let detail =
            format!("a tenant has at most {MAX_ENDPOINTS} webhook endpoints; delete one first");
        return Err(Refusal::conflict("webhook-endpoint-limit-reached", detail).into());
    }
    let endpoint_id = work.new_id();
    let create = WebhookEndpointCommand::Create {
        url: url.unwrap_or_default(),
        event_types: input.event_types,
        description: input.description.trim().to_owned(),
        payload: input.payload,
        handshake: input.handshake,
        secret: secrets::new_sealed(work, &endpoint_id)?,
    };
    let mut endpoint = work.create::<WebhookEndpoint>(&endpoint_id);
    work.execute(&mut endpoint, create).await?;
    Ok(WebhookEndpointSummary {
        endpoint_id,
        standing: endpoint.state.standing,
    })
}

pub async fn update_webhook_endpoint(
    work: &mut Work,
    input: UpdateWebhookEndpoint,
) -> Result<WebhookEndpointSummary> {
    let mut problems = Problems::default();
    let url = input.url.as_deref();
    let url = url.and_then(|url| problems.check("/url", work.webhook_reach.parse_url(url)));
    problems.finish()?;
    let changes = EndpointChanges {
        url,
        event_types: input.event_types,
        description: input.description.map(|text| text.trim().to_owned()),
        payload: input.payload,
        handshake: input.handshake,
    };
    let change = WebhookEndpointCommand::Update(changes);
    decide(work, &input.endpoint_id, change).await
}

pub async fn enable_webhook_endpoint(
    work: &mut Work,
    input: EnableWebhookEndpoint,
) -> Result<WebhookEndpointSummary> {
    decide(work, &input.endpoint_id, WebhookEndpointCommand::Enable).await
}

pub async fn disable_webhook_endpoint(
    work: &mut Work,
    input: DisableWebhookEndpoint,
) -> Result<WebhookEndpointSummary> {
    let by_hand = WebhookEndpointCommand::Disable(DisabledReason::ByHand);
    decide(work, &input.endpoint_id, by_hand).await
}

pub async fn ping_webhook_endpoint(
    work: &mut Work,
    input: PingWebhookEndpoint,
) -> Result<WebhookEndpointSummary> {
    decide(work, &input.endpoint_id, WebhookEndpointCommand::Ping).await
}

pub async fn delete_webhook_endpoint(
    work: &mut Work,
    input: DeleteWebhookEndpoint,
) -> Result<WebhookEndpointSummary> {
    decide(work, &input.endpoint_id, WebhookEndpointCommand::Delete).await
}

pub async fn disable_failing_webhook_endpoint(
    work: &mut Work,
    input: DisableFailingWebhookEndpoint,
) -> Result<WebhookEndpointSummary> {
    let disable = WebhookEndpointCommand::Disable(input.reason);
    decide(work, &input.endpoint_id, disable).await
}

async fn decide(
    work: &mut Work,
    endpoint_id: &WebhookEndpointId,
    command: WebhookEndpointCommand,
) -> Result<WebhookEndpointSummary> {
    let mut endpoint = work.find::<WebhookEndpoint>(endpoint_id.as_str()).await?;
    work.execute(&mut endpoint, command).await?;
    Ok(WebhookEndpointSummary {
        endpoint_id: endpoint.id,
        standing: endpoint.state.standing,
    })
}

fn endpoint_alone(endpoint_id: &WebhookEndpointId) -> Load {
    Load {
        streams: vec![(WebhookEndpoint::TYPE, endpoint_id.to_string(), 0)],
        ..Load::default()
    }
}
