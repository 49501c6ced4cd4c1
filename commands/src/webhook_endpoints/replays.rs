//! `replay-webhooks`: past events sent to an endpoint again. The order is an event; a job that survives restarts carries
//! it out at its own pace.

use domain::ids::WebhookEndpointId;
use domain::refusal::{Problems, Refusal};
use domain::webhook_endpoints::{
    DEFAULT_REPLAY_RATE, Replay, WebhookEndpoint, WebhookEndpointCommand,
};
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::endpoint_alone;
use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Work};

/// The commands of this file.
pub fn commands() -> Vec<Command> {
    vec![
        command!(
            "replay-webhooks",
            replay_webhooks,
            ReplayWebhooks,
            Permission::WebhooksWrite,
            Risk::Bulk
        ),
        command!(
            "cancel-webhook-replay",
            cancel_webhook_replay,
            CancelWebhookReplay,
            Permission::WebhooksWrite,
            Risk::Write
        ),
    ]
}

/// # Send past events again
///
/// Every event that was written down in that time and that the endpoint wants is sent again, under the `webhook-id` that
/// it had before. `webhook-replay-preview` counts them first; `webhook-replays` shows how far it is;
/// `cancel-webhook-replay` ends it, and so does disabling the endpoint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWebhooks {
    pub endpoint_id: WebhookEndpointId,
    /// From this time on (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub from: String,
    /// Before this time; now unless given. At most 90 days after `from`.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    pub until: Option<String>,
    /// How fast to queue them: 1 to 200, 20 unless given.
    #[serde(default)]
    pub messages_per_second: Option<u32>,
}

/// # Cancel a replay of webhooks
///
/// Nothing more is queued. What has been queued already is still sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelWebhookReplay {
    pub endpoint_id: WebhookEndpointId,
    /// As `replay-webhooks` answered it.
    pub replay_id: String,
}

#[derive(Serialize)]
pub struct ReplaySummary {
    pub endpoint_id: String,
    pub replay_id: String,
}

impl Input for ReplayWebhooks {
    fn wanted(&self, _: &Facts) -> Load {
        endpoint_alone(&self.endpoint_id)
    }
}

impl Input for CancelWebhookReplay {
    fn wanted(&self, _: &Facts) -> Load {
        endpoint_alone(&self.endpoint_id)
    }
}

pub async fn cancel_webhook_replay(
    work: &mut Work,
    input: CancelWebhookReplay,
) -> Result<ReplaySummary> {
    let mut endpoint = work
        .find::<WebhookEndpoint>(input.endpoint_id.as_str())
        .await?;
    let cancel = WebhookEndpointCommand::CancelReplay {
        replay_id: input.replay_id.clone(),
    };
    work.execute(&mut endpoint, cancel).await?;
    Ok(ReplaySummary {
        endpoint_id: endpoint.id,
        replay_id: input.replay_id,
    })
}

pub async fn replay_webhooks(work: &mut Work, input: ReplayWebhooks) -> Result<ReplaySummary> {
    let now = work.ctx.now;
    let mut endpoint = work
        .find::<WebhookEndpoint>(input.endpoint_id.as_str())
        .await?;
    let mut problems = Problems::default();
    let from = problems.check("/from", parse_time(&input.from));
    let until = match &input.until {
        Some(until) => problems.check("/until", parse_time(until)),
        None => Some(now),
    };
    problems.finish()?;
    let replay_id = work.new_id();
    let replay = Replay {
        replay_id: replay_id.clone(),
        from: from.unwrap_or(now),
        until: until.unwrap_or(now),
        messages_per_second: input.messages_per_second.unwrap_or(DEFAULT_REPLAY_RATE),
    };
    work.execute(
        &mut endpoint,
        WebhookEndpointCommand::Replay { replay, now },
    )
    .await?;
    Ok(ReplaySummary {
        endpoint_id: endpoint.id,
        replay_id,
    })
}

fn parse_time(text: &str) -> std::result::Result<OffsetDateTime, Refusal> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| Refusal::invalid("time-invalid", "a time such as 2026-05-01T12:00:00Z"))
}
