//! Keys and provider secrets of the demo's tenants: chosen once, kept in `demo.json`, and made true again at each start.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use commands::context::{Context, Mode};
use commands::dispatch::{Dispatcher, Request, Run};
use domain::ids::TenantId;
use event_store::error::Error;
use identity::accounts::Accounts;
use identity::keys;
use identity::new_keys::NewKey;
use identity::people::Rights;
use identity::plain_keys::PlainKey;
use identity::principals::{Principal, PrincipalKind};
use identity::roles::Role;
use identity::second_factors;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use super::manifest::{Admin, Entry};
use crate::database::Reason;
use crate::embedded::private_files;

pub(super) const STRIPE: &str = "stripe";
const SMTP: &str = "smtp";
pub(super) const TWILIO: &str = "twilio";
pub(super) const EMAIL: &str = "email";
const APP: &str = "app";
/// Random bytes of a provider's secret.
const SECRET_BYTES: usize = 24;
/// What the owner is called, of whom nothing more is invented.
const ADMIN_NAME: &str = "Demo Owner";
/// What the demo's agent says that it runs on.
const AGENT_MODEL: &str = "demo-agent";

/// New secrets for a tenant.
pub(super) fn choose(slug: &str, name: &str, tenant_id: &TenantId) -> Result<Entry, Reason> {
    let webhook_secret = format!("whsec_{}", random_text()?);
    Ok(Entry {
        slug: slug.to_owned(),
        name: name.to_owned(),
        tenant_id: tenant_id.to_string(),
        api_key: PlainKey::generate()?.expose().to_owned(),
        agent_key: PlainKey::generate()?.expose().to_owned(),
        admin: Admin::default(),
        stripe_secret_key: format!("sk_test_{}", random_text()?),
        webhook_secrets: BTreeMap::from([(STRIPE.to_owned(), webhook_secret)]),
    })
}

/// Adds the secrets that an entry of an earlier version lacks.
pub(super) fn complete(entry: &mut Entry) -> Result<(), Reason> {
    for provider in [TWILIO, EMAIL, APP] {
        if !entry.webhook_secrets.contains_key(provider) {
            let secret = match provider {
                TWILIO => random_text()?,
                _ => standard_secret()?,
            };
            entry.webhook_secrets.insert(provider.to_owned(), secret);
        }
    }
    if entry.admin.email.is_empty() {
        entry.admin = Admin {
            email: format!("admin@{}.test", entry.slug),
            password: random_text()?,
            totp_secret: second_factors::new_secret()?,
        };
    }
    Ok(())
}

/// A secret of Standard Webhooks.
fn standard_secret() -> Result<String, Reason> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| format!("no randomness: {error}"))?;
    Ok(format!("whsec_{}", BASE64_STANDARD.encode(bytes)))
}

/// The tenant's account at the sandbox's Twilio.
pub(super) fn twilio_account(entry: &Entry) -> String {
    let hex: String = Sha256::digest(&entry.tenant_id)
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("AC{hex}")
}

/// Makes the tenant's two keys valid. One that was revoked stays so, and the demo says so in its log.
pub(super) async fn register_keys(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    entry: &Entry,
) -> Result<(), Reason> {
    let owner = NewKey {
        kind: PrincipalKind::Service,
        label: "Demo, full rights".to_owned(),
        role: Role::Owner,
        permissions: None,
        model: None,
        expires_at: None,
        address_ranges: Vec::new(),
        requests_per_minute: Some(0),
        owner_id: None,
    };
    let agent = NewKey {
        kind: PrincipalKind::Agent,
        label: "Demo, AI agent".to_owned(),
        role: Role::AiAgent,
        model: Some(AGENT_MODEL.to_owned()),
        ..owner.clone()
    };
    for (plain, new) in [(&entry.api_key, owner), (&entry.agent_key, agent)] {
        let plain = PlainKey::parse(plain).map_err(Error::from)?;
        let key =
            keys::create_with(&dispatcher.store.pools.engine, tenant_id, &new, &plain).await?;
        if key.revoked_at.is_some() {
            tracing::warn!(
                tenant = entry.slug,
                key_id = key.key_id,
                "a key in demo.json is revoked; it stays so"
            );
        }
    }
    Ok(())
}

/// Makes the operator's key valid; it lies with the first tenant, as every key lies with one.
pub(super) async fn register_operator(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    key: &str,
) -> Result<(), Reason> {
    let new = NewKey {
        kind: PrincipalKind::Service,
        label: "Demo, operator of the installation".to_owned(),
        role: Role::Operator,
        permissions: None,
        model: None,
        expires_at: None,
        address_ranges: Vec::new(),
        requests_per_minute: Some(0),
        owner_id: None,
    };
    let plain = PlainKey::parse(key).map_err(Error::from)?;
    keys::create_with(&dispatcher.store.pools.engine, tenant_id, &new, &plain).await?;
    Ok(())
}

/// Makes the tenant's owner, enrolled already. Whoever is there keeps what they have chosen since.
pub(super) async fn register_admin(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    admin: &Admin,
    is_operator: IsOperator,
) -> Result<(), Reason> {
    let rights = Rights {
        is_operator: is_operator == IsOperator::Yes,
        ..Rights::of(Role::Owner)
    };
    let accounts = Accounts::new(dispatcher.store.clone());
    let secrets = (admin.password.as_str(), Some(admin.totp_secret.as_str()));
    accounts
        .enter(tenant_id, (&admin.email, ADMIN_NAME, rights), secrets)
        .await?;
    Ok(())
}

/// Whether somebody may steer the installation besides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IsOperator {
    Yes,
    No,
}

/// Points the tenant's providers at the sandbox. Saying so again changes nothing.
pub(super) async fn configure_providers(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    entry: &Entry,
    mail_server: SocketAddr,
) -> Result<(), Reason> {
    let stripe = json!({
        "provider": STRIPE,
        "secrets": {
            "secret_key": entry.stripe_secret_key,
            "webhook_secret": entry.webhook_secrets.get(STRIPE),
        },
    });
    let host = mail_server.ip().to_string();
    let smtp = json!({
        "provider": SMTP,
        "settings": { "host": host, "port": mail_server.port(), "tls": "none" },
    });
    let twilio = json!({
        "provider": TWILIO,
        "settings": { "account_sid": twilio_account(entry) },
        "secrets": { "auth_token": entry.webhook_secrets.get(TWILIO) },
    });
    let door = |provider: &str| {
        let secret = entry.webhook_secrets.get(provider);
        json!({ "provider": provider, "secrets": { "webhook_secret": secret } })
    };
    for body in [stripe, smtp, twilio, door(EMAIL), door(APP)] {
        dispatcher.dispatch(&configuring(tenant_id, body)).await?;
    }
    Ok(())
}

/// A new key each time: an old answer would stand for the settings of an earlier start.
fn configuring(tenant_id: &TenantId, body: Value) -> Request {
    let command_id = Uuid::now_v7().to_string();
    let ctx = Context {
        principal: Principal::system(tenant_id.clone()),
        now: OffsetDateTime::now_utc(),
        mode: Mode::Import,
        correlation_id: command_id.clone(),
        causation_id: command_id.clone(),
        command_id: command_id.clone(),
        if_match: None,
        source_address: None,
    };
    Request {
        ctx,
        name: "configure-provider".to_owned(),
        body,
        key: Some(command_id),
        run: Run::Real,
    }
}

fn random_text() -> Result<String, Reason> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| format!("no randomness: {error}"))?;
    Ok(private_files::hex(&bytes))
}
