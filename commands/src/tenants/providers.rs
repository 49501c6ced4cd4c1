//! `configure-provider`: how the tenant reaches a provider; secrets are sealed at once and never shown again.

use std::collections::BTreeMap;

use domain::refusal::Refusal;
use domain::sealed::Pii;
use domain::tenants::price_book::escape;
use domain::tenants::{Tenant, TenantCommand};
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{secret_purpose, whole_tenant};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// The largest settings of one provider, as JSON text.
const MAX_PROVIDER_SETTINGS_BYTES: usize = 16 * 1024;
/// The longest secret of a provider.
const MAX_SECRET_BYTES: usize = 8 * 1024;
/// The provider that says who somebody is.
const SIGN_IN: &str = "openid";

/// # Configure a provider
///
/// How the tenant reaches a provider. Settings are replaced whole; secrets are kept encrypted and never shown again,
/// those that are not given stay, and `null` forgets one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigureProvider {
    /// `stripe`, `twilio`, `ringcentral`, `whatsapp`, `resend`, `smtp`, `email`, `openai`, `anthropic`, `openid` or `app`; each
    /// has a page in docs/providers with its settings and secrets. Who comes in by `openid` is for whoever may also invite
    /// people to say.
    pub provider: String,
    /// Everything that is not secret. `"sends": false` keeps a provider from being chosen to send.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// Secrets by name: `secret_key`, `webhook_secret`, `password`, … While one is being rolled, the one before it is
    /// still good under its name with `_previous`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Option<Pii<String>>>,
}

#[derive(Serialize)]
pub struct ProviderSummary {
    pub tenant_id: String,
    pub provider: String,
    /// The names of the secrets that are known now.
    pub secrets: Vec<String>,
}

impl Input for ConfigureProvider {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

pub async fn configure_provider(
    work: &mut Work,
    input: ConfigureProvider,
) -> Result<ProviderSummary> {
    if input.provider == SIGN_IN {
        work.ctx.principal.require(Permission::PeopleWrite)?;
    }
    let tenant_id = work.ctx.tenant_id().to_string();
    let mut tenant = work.find::<Tenant>(&tenant_id).await?;
    let keys = work.keys()?;
    let ConfigureProvider {
        provider,
        settings,
        secrets,
    } = input;
    if Value::Object(settings.clone()).to_string().len() > MAX_PROVIDER_SETTINGS_BYTES {
        let detail = format!("at most {MAX_PROVIDER_SETTINGS_BYTES} bytes as JSON");
        return Err(Refusal::field("/settings", "settings-too-large", detail).into());
    }
    let mut sealed = BTreeMap::new();
    for (name, secret) in secrets {
        let plain = secret.as_ref().map(|secret| secret.expose().as_str());
        if plain.is_some_and(|plain| plain.is_empty() || plain.len() > MAX_SECRET_BYTES) {
            let pointer = format!("/secrets/{}", escape(&name));
            let detail = format!("a secret has 1 to {MAX_SECRET_BYTES} bytes");
            return Err(Refusal::field(&pointer, "secret-invalid", detail).into());
        }
        let known = tenant
            .state
            .providers
            .get(&provider)
            .and_then(|known| known.secrets.get(&name));
        let purpose = secret_purpose(&provider, &name);
        let opened = known.and_then(|known| keys.open_secret(&purpose, known));
        // The same secret again is no change.
        if plain.is_some() && opened.as_ref().map(|opened| opened.as_str()) == plain {
            continue;
        }
        sealed.insert(
            name,
            plain
                .map(|plain| keys.seal_secret(&purpose, plain))
                .transpose()?,
        );
    }
    let configure = TenantCommand::ConfigureProvider {
        provider: provider.clone(),
        settings,
        secrets: sealed,
    };
    work.execute(&mut tenant, configure).await?;
    let configured = tenant.state.providers.get(&provider);
    let secrets = configured
        .map(|configured| configured.secrets.keys().cloned().collect())
        .unwrap_or_default();
    Ok(ProviderSummary {
        tenant_id,
        provider,
        secrets,
    })
}
