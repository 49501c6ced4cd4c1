//! `rotate-webhook-secret`, and the making of secrets: random, sealed at once, never part of an answer.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::ids::WebhookEndpointId;
use domain::sealed::Sealed;
use domain::webhook_endpoints::{WebhookEndpoint, WebhookEndpointCommand, secret_purpose};
use event_store::error::Error;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::endpoint_alone;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// Standard Webhooks asks for 24 to 64 random bytes.
const SECRET_BYTES: usize = 32;
/// What a secret begins with; the rest is base64.
const SECRET_PREFIX: &str = "whsec_";

/// # Rotate a webhook endpoint's secret
///
/// Makes a new secret; ask `webhook-secret` for it. For 24 hours everything is signed with the old one as well, so that
/// the receiver can change over in its own time. One that was on its way out already no longer signs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateWebhookSecret {
    pub endpoint_id: WebhookEndpointId,
}

#[derive(Serialize)]
pub struct RotationSummary {
    pub endpoint_id: String,
    /// Until when the old secret signs too.
    #[serde(with = "time::serde::rfc3339::option")]
    pub previous_until: Option<OffsetDateTime>,
}

impl Input for RotateWebhookSecret {
    fn wanted(&self, _: &Facts) -> Load {
        endpoint_alone(&self.endpoint_id)
    }
}

pub async fn rotate_webhook_secret(
    work: &mut Work,
    input: RotateWebhookSecret,
) -> Result<RotationSummary> {
    let mut endpoint = work
        .find::<WebhookEndpoint>(input.endpoint_id.as_str())
        .await?;
    let rotate = WebhookEndpointCommand::RotateSecret {
        secret: new_sealed(work, input.endpoint_id.as_str())?,
        now: work.ctx.now,
    };
    work.execute(&mut endpoint, rotate).await?;
    let previous = endpoint.state.previous_secret.as_ref();
    Ok(RotationSummary {
        previous_until: previous.map(|previous| previous.until),
        endpoint_id: endpoint.id,
    })
}

/// A new secret of this endpoint's.
pub(super) fn new_sealed(work: &Work, endpoint_id: &str) -> Result<Sealed> {
    let mut random = Zeroizing::new([0_u8; SECRET_BYTES]);
    getrandom::fill(random.as_mut())
        .map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    let plain = Zeroizing::new(format!(
        "{SECRET_PREFIX}{}",
        BASE64_STANDARD.encode(random.as_ref())
    ));
    work.keys()?
        .seal_secret(&secret_purpose(endpoint_id), &plain)
}
